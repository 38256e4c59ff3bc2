package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// Sessions finds who a token belongs to. The truth is in SQL; a shadow of it in
// the cache spares most requests the look.
//
// A shadow bears the stamp its subject had when the shadow was made. A change of
// the subject (disabled, password, permissions, sessions ended) gives it a new
// stamp, so that every shadow of it, on every server, is void at once. A subject
// without a stamp has no shadows: when the cache loses a stamp, requests look at
// SQL once and make another. Where the cache goes back to an older stamp (a replica
// took over before it heard of the change) or could not be told, shadows outlive the
// change, by shadowLife at most. Without the cache every request looks at SQL.
type Sessions struct {
	store *store.Store
	cache Cache
	log   *slog.Logger
}

const (
	shadowLife = 30 * time.Second
	// A stamp outlives every shadow made before it.
	stampLife = 10 * time.Minute
	// Seen is written at most this often.
	seenEvery = time.Minute
)

// NewSessions makes the sessions of a store, and listens to its changes.
func NewSessions(s *store.Store, cache Cache, log *slog.Logger) *Sessions {
	sessions := &Sessions{store: s, cache: cache, log: log}
	if s != nil {
		s.OnSubjectChange(sessions.forget)
	}
	return sessions
}

// shadow is a found session as the cache keeps it.
type shadow struct {
	Stamp   string
	Session core.Session
	Account core.Account    // of an account's session
	User    core.WechatUser // of a WeChat user's
}

// Find gives the caller that a token of the kind belongs to. A token that is
// unknown, ended or of another kind is unauthenticated.
func (s *Sessions) Find(ctx context.Context, kind core.SessionKind, token string, life core.SessionLife) (Who, error) {
	if !store.TokenForm(token) {
		return Who{}, core.Unauthenticated("请先登录")
	}
	key := shadowKey(token)
	now := s.store.Now()
	found, ok := s.shadowed(ctx, key)
	if !ok {
		var err error
		if found, err = s.look(ctx, token, life); err != nil {
			return Who{}, err
		}
		s.keep(ctx, key, found)
	}
	if found.Session.Kind != kind || !found.Session.Live(now) {
		return Who{}, core.Unauthenticated("登录已过期，请重新登录")
	}
	return Who{Session: found.Session, Account: found.Account, User: found.User}, nil
}

func roleGone(err error) error {
	if core.IsNotFound(err) {
		return core.Unauthenticated("登录已失效，请重新登录")
	}
	return err
}

// look reads SQL. The stamp is read before it: a change in between leaves a
// shadow that is void from the start, never one that is stale.
func (s *Sessions) look(ctx context.Context, token string, life core.SessionLife) (shadow, error) {
	session, err := s.store.SessionByToken(ctx, token)
	if err != nil {
		return shadow{}, err
	}
	found := shadow{Stamp: s.stamp(ctx, session.Kind, session.Subject)}
	// Read again behind the stamp; the first look only told whose it is.
	if found.Session, err = s.store.SessionByToken(ctx, token); err != nil {
		return shadow{}, err
	}
	if err := s.lookSubject(ctx, &found); err != nil {
		return shadow{}, err
	}
	s.seen(ctx, &found.Session, life)
	return found, nil
}

// lookSubject reads whose the session is.
func (s *Sessions) lookSubject(ctx context.Context, found *shadow) (err error) {
	session := found.Session
	if session.Kind == core.SessionWechat {
		found.User, err = s.store.WechatUser(ctx, session.Subject)
		return roleGone(err)
	}
	if found.Account, err = s.store.Account(ctx, core.Everywhere, session.Subject); err != nil {
		return roleGone(err)
	}
	if !found.Account.Disabled.IsZero() || found.Account.Generation != session.Generation {
		return core.Unauthenticated("登录已失效，请重新登录")
	}
	return nil
}

// seen notes that the session is in use. Failing to is no reason to refuse.
func (s *Sessions) seen(ctx context.Context, session *core.Session, life core.SessionLife) {
	now := s.store.Now()
	if !session.Live(now) || now.Sub(session.Seen) < seenEvery {
		return
	}
	session.Seen, session.Expires = now, life.Expiry(session.Created, now)
	if err := s.store.TouchSession(ctx, *session); err != nil {
		s.log.Warn("note a session's use", "err", err)
	}
}

func (s *Sessions) shadowed(ctx context.Context, key string) (shadow, bool) {
	text, ok, err := s.cache.Get(ctx, key)
	if err != nil || !ok {
		return shadow{}, false
	}
	var found shadow
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		// Our own, as its signature says, and yet not readable: a mistake in the program,
		// or another version of it beside this one.
		s.log.Warn("read a session's shadow", "err", err)
		return shadow{}, false
	}
	stamp, ok, err := s.cache.Get(ctx, stampKey(found.Session.Kind, found.Session.Subject))
	return found, err == nil && ok && stamp == found.Stamp
}

func (s *Sessions) keep(ctx context.Context, key string, found shadow) {
	if found.Stamp == "" {
		return
	}
	text, err := json.Marshal(found)
	if err == nil {
		err = s.cache.Set(ctx, key, string(text), shadowLife)
	}
	if err != nil && ctx.Err() == nil {
		// Without a shadow the next request looks again: no error of this one.
		s.log.Debug("keep a session's shadow", "err", err)
	}
}

// stamp returns the subject's stamp, and makes one where there is none; "" where the
// cache could not be asked.
func (s *Sessions) stamp(ctx context.Context, kind core.SessionKind, subject core.ID) string {
	key := stampKey(kind, subject)
	for range 2 { // the second time it is there, made by somebody at the same moment
		if stamp, ok, err := s.cache.Get(ctx, key); err != nil {
			return ""
		} else if ok {
			return stamp
		}
		fresh := newSecret()
		if added, err := s.cache.Add(ctx, key, fresh, stampLife); err != nil {
			return ""
		} else if added {
			return fresh
		}
	}
	return ""
}

// forget voids every shadow of a subject. Where the cache cannot be told, the
// shadows die with their short lives.
func (s *Sessions) forget(ctx context.Context, kind core.SessionKind, subject core.ID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.cache.Set(ctx, stampKey(kind, subject), newSecret(), stampLife); err != nil {
		s.log.Warn("void the shadows of ended sessions", "err", err)
	}
}

func shadowKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "session:" + hex.EncodeToString(sum[:])
}

func stampKey(kind core.SessionKind, subject core.ID) string {
	return "session-stamp:" + string(kind) + ":" + subject.String()
}

// identify finds who calls. Only a route that needs somebody fails for want of one.
func (c *Context) identify() error {
	if c.surface == "" {
		return nil
	}
	token := c.token()
	if token == "" {
		return nil
	}
	who, err := c.app.sessions.Find(c.Ctx(), c.surface.kind(), token, c.app.life(c.Ctx(), c.surface))
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return nil // nobody; admit says so where it matters
	}
	if who.Session.ByLink && (c.api || c.surface != SurfaceResident) {
		return nil // such a session shows passes and is nobody elsewhere
	}
	c.who = who
	return err
}

// token is the bearer token of the API, the surface's cookie elsewhere.
func (c *Context) token() string {
	if c.api {
		token, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return ""
		}
		return token
	}
	cookie, err := c.r.Cookie(c.app.cookieName(string(c.surface)))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Life is how long a surface's sessions last.
func (a *App) life(ctx context.Context, surface Surface) core.SessionLife {
	if surface != SurfaceConsole {
		return a.o.Phone
	}
	life := a.o.Console
	if a.o.ConsoleIdle != nil {
		life.Idle = a.o.ConsoleIdle(ctx)
	}
	return life
}

// StartSession signs a WeChat user in at a surface of this browser: a new token in
// the surface's cookie, whatever was there before.
func (c *Context) StartSession(surface Surface, user core.ID) error {
	token, session, err := c.newSession(surface, store.NewSession{Subject: user})
	if err != nil {
		return err
	}
	c.SetSessionCookie(surface, token, session)
	return nil
}

// StartLinkSession signs a resident in who came by a link of the mini-program. Anybody
// can send such a link, so that the session proves nothing but whose passes to show.
func (c *Context) StartLinkSession(user core.ID) error {
	token, session, err := c.newSession(SurfaceResident, store.NewSession{Subject: user, ByLink: true})
	if err != nil {
		return err
	}
	c.SetSessionCookie(SurfaceResident, token, session)
	return nil
}

// UserAt returns the session of the WeChat user who is signed in at a surface of this
// browser; the zero session for nobody.
func (c *Context) UserAt(surface Surface) (core.Session, error) {
	cookie, err := c.r.Cookie(c.app.cookieName(string(surface)))
	if err != nil {
		return core.Session{}, nil
	}
	who, err := c.app.sessions.Find(c.Ctx(), surface.kind(), cookie.Value, c.app.life(c.Ctx(), surface))
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return core.Session{}, nil
	}
	return who.Session, err
}

// NewToken signs a WeChat user in without a cookie and gives the bearer token of
// the API.
func (c *Context) NewToken(user core.ID) (token string, session core.Session, err error) {
	return c.newSession(SurfaceResident, store.NewSession{Subject: user})
}

func (c *Context) newSession(surface Surface, n store.NewSession) (string, core.Session, error) {
	n.Kind, n.Addr, n.Agent, n.Life = surface.kind(), c.Addr(), c.r.UserAgent(), c.app.life(c.Ctx(), surface)
	return c.app.o.Store.StartSession(c.Ctx(), n)
}

// SetSessionCookie hands a session that the store began to the browser.
func (c *Context) SetSessionCookie(surface Surface, token string, session core.Session) {
	c.setCookie(c.app.cookieName(string(surface)), token, int(c.app.life(c.Ctx(), surface).Most/time.Second))
	c.who = Who{Session: session}
	c.rememberBrowser(session)
}

// ConsoleLife is how long console sessions last.
func (c *Context) ConsoleLife() core.SessionLife { return c.app.life(c.Ctx(), SurfaceConsole) }

// EndSession signs the caller out, at once and everywhere this token is known.
func (c *Context) EndSession() error {
	session := c.who.Session
	c.setCookie(c.app.cookieName(string(c.surface)), "", -1)
	c.who = Who{}
	if session.ID == 0 {
		return nil
	}
	return c.app.o.Store.EndSession(c.Ctx(), session.ID)
}
