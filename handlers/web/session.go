package web

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// Sessions finds the session of a token. SQL is authoritative; a copy in this process's memory, the
// shadow, saves most requests the query.
//
// A shadow contains the stamp that its subject had in the cache when it was made. A change of the
// subject (disabled, password, permissions, sessions ended) sets a new stamp, which invalidates all
// its shadows on every server at once. A subject without a stamp has no shadows: if the cache loses
// a stamp, requests query SQL once and make a new one. If the cache falls back to an older stamp (a
// replica took over before receiving the change) or could not be reached, shadows outlive the
// change by shadowLife at most. Without the cache every request queries SQL.
type Sessions struct {
	store *store.Store
	cache Cache
	log   *slog.Logger
	over  *limiter // lookups of tokens that turned out to be over, by token
	kept  shadows
}

const (
	shadowLife = 30 * time.Second
	// A stamp must outlive every shadow made before it.
	stampLife = 10 * time.Minute
	// The minimum interval between updates of a session's last use.
	seenEvery = time.Minute
	// How often per minute a token that is over is looked up.
	overPerMinute = 60
)

// NewSessions returns the sessions of a store and subscribes to its changes.
func NewSessions(s *store.Store, cache Cache, log *slog.Logger) *Sessions {
	sessions := &Sessions{store: s, cache: cache, log: log, over: newLimiter(overPerMinute)}
	if s != nil {
		s.OnSubjectChange(sessions.forget)
	}
	return sessions
}

// Find returns the caller of a token of the given kind. A token that is unknown, expired or of
// another kind is Unauthenticated. One that no server made costs no query, however often it is
// sent; one that is over costs few, at the expense of nobody else. A zero life leaves the session's
// end as it is.
func (s *Sessions) Find(ctx context.Context, kind core.SessionKind, token string, life core.SessionLife) (Who, error) {
	if !s.store.IsSessionToken(token) {
		return Who{}, errNotSignedIn
	}
	key := shadowKeyOf(token)
	now := s.store.Now()
	found, ok := s.shadowed(ctx, key, now)
	if !ok && s.over.spent(string(key[:]), now) {
		return Who{}, core.Unauthenticated("登录已失效，请重新登录")
	}
	if !ok {
		var err error
		if found, err = s.look(ctx, token); err != nil {
			if core.CodeOf(err) == core.CodeUnauthenticated {
				s.over.take(string(key[:]), now)
			}
			return Who{}, err
		}
		if life != (core.SessionLife{}) {
			s.seen(ctx, &found.Session, life)
			if found.Stamp != "" {
				s.kept.keep(key, found, now) // without seen, the next use must reach SQL to count as one
			}
		}
	}
	if found.Session.Kind != kind || !found.Session.Live(now) {
		if !ok {
			s.over.take(string(key[:]), now) // without the cache every call would read it again
		}
		return Who{}, core.Unauthenticated("登录已过期，请重新登录")
	}
	who := Who{Session: found.Session, Account: found.Account, User: found.User}
	if kind == core.SessionStaff {
		who.Staff.ID = found.Session.Subject
	}
	return who, nil
}

func roleGone(err error) error {
	if core.IsNotFound(err) {
		return core.Unauthenticated("登录已失效，请重新登录")
	}
	return err
}

// look reads the session from SQL. The stamp is read first: a change in between leaves a shadow
// that is invalid from the start, never a stale one.
func (s *Sessions) look(ctx context.Context, token string) (shadow, error) {
	session, err := s.store.SessionByToken(ctx, token)
	if err != nil {
		return shadow{}, err
	}
	found := shadow{Stamp: s.stamp(ctx, session.Kind, session.Subject)}
	// Read again after the stamp; the first read only told whose session it is.
	if found.Session, err = s.store.SessionByToken(ctx, token); err != nil {
		return shadow{}, err
	}
	err = s.lookSubject(ctx, &found)
	return found, err
}

// lookSubject reads the subject of a session.
func (s *Sessions) lookSubject(ctx context.Context, found *shadow) (err error) {
	session := found.Session
	if session.Kind == core.SessionWechat {
		found.User, err = s.store.WechatUser(ctx, session.Subject)
		return roleGone(err)
	}
	if session.Kind == core.SessionStaff { // nothing of them is cached
		_, err = s.store.StaffAtWork(ctx, session.Subject)
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

// seen records that the session is in use. A failure does not fail the request.
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

// shadowed returns the shadow of a token if its subject has not changed since.
func (s *Sessions) shadowed(ctx context.Context, key shadowKey, now time.Time) (shadow, bool) {
	found, ok := s.kept.find(key, now)
	if !ok {
		return shadow{}, false
	}
	stamp, ok, err := s.cache.Get(ctx, stampKey(found.Session.Kind, found.Session.Subject))
	return found, err == nil && ok && stamp == found.Stamp
}

// stamp returns the subject's stamp, creating one if there is none; "" if the cache is unavailable.
func (s *Sessions) stamp(ctx context.Context, kind core.SessionKind, subject core.ID) string {
	key := stampKey(kind, subject)
	for range 2 { // the second time it exists, made by a concurrent request
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

// forget invalidates all shadows of a subject. If the cache is unavailable, they expire soon.
func (s *Sessions) forget(ctx context.Context, kind core.SessionKind, subject core.ID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.cache.Set(ctx, stampKey(kind, subject), newSecret(), stampLife); err != nil {
		s.log.Warn("void the shadows of ended sessions", "err", err)
	}
}

func stampKey(kind core.SessionKind, subject core.ID) string {
	return "session-stamp:" + string(kind) + ":" + subject.String()
}

// identify finds the caller. An anonymous caller is an error only on routes that require one.
func (c *Context) identify() error {
	if c.surface == "" {
		return nil
	}
	err := c.identifyHere()
	// Reviewers and guards come from WeChat, or from WeWork.
	if here := c.surface; err == nil && (here == SurfaceReview || here == SurfaceGuard) && !c.SignedIn() {
		c.surface = SurfaceStaff
		if err = c.identifyHere(); !c.SignedIn() {
			c.surface = here
		}
	}
	return err
}

// identifyHere finds who is signed in at the context's surface.
func (c *Context) identifyHere() error {
	token := c.token()
	if token == "" {
		return nil
	}
	life := core.SessionLife{}
	if !c.route.ByItself {
		life = c.app.life(c.Ctx(), c.surface)
	}
	who, err := c.app.sessions.Find(c.Ctx(), c.surface.kind(), token, life)
	if core.CodeOf(err) == core.CodeUnauthenticated {
		return nil // anonymous; admit rejects it if required
	}
	if who.Session.ByLink && (c.api || c.surface != SurfaceResident) {
		return nil // such a session only shows passes and counts as anonymous elsewhere
	}
	c.who = who
	return err
}

// token returns the bearer token of the API, otherwise the surface's cookie.
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

// Life returns how long a surface's sessions last.
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

// StartSession signs a WeChat user in at a surface of this browser: it sets a new token in the
// surface's cookie, replacing any other.
func (c *Context) StartSession(surface Surface, user core.ID) error {
	token, session, err := c.newSession(surface, store.NewSession{Subject: user})
	if err != nil {
		return err
	}
	c.SetSessionCookie(surface, token, session)
	return nil
}

// StartLinkSession signs in a resident who opened a link of the mini-program. Anybody can forward
// such a link, so the session only permits showing that resident's passes.
func (c *Context) StartLinkSession(user core.ID) error {
	token, session, err := c.newSession(SurfaceResident, store.NewSession{Subject: user, ByLink: true})
	if err != nil {
		return err
	}
	c.SetSessionCookie(SurfaceResident, token, session)
	return nil
}

// UserAt returns the session of the WeChat user signed in at a surface of this browser; the zero
// session if there is none.
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

// NewToken starts a session without a cookie and returns the bearer token of the API.
func (c *Context) NewToken(user core.ID) (token string, session core.Session, err error) {
	return c.newSession(SurfaceResident, store.NewSession{Subject: user})
}

func (c *Context) newSession(surface Surface, n store.NewSession) (string, core.Session, error) {
	n.Kind, n.Addr, n.Agent, n.Life = surface.kind(), c.Addr(), c.r.UserAgent(), c.app.life(c.Ctx(), surface)
	return c.app.o.Store.StartSession(c.Ctx(), n)
}

// SetSessionCookie sends the cookie of a session that the store has created.
func (c *Context) SetSessionCookie(surface Surface, token string, session core.Session) {
	c.setCookie(c.app.cookieName(string(surface)), token, int(c.app.life(c.Ctx(), surface).MaxLife/time.Second))
	c.who = Who{Session: session}
	c.rememberBrowser(session)
}

// ConsoleLife returns how long console sessions last.
func (c *Context) ConsoleLife() core.SessionLife { return c.app.life(c.Ctx(), SurfaceConsole) }

// EndSession signs the caller out: the token is invalid at once, everywhere.
func (c *Context) EndSession() error {
	session := c.who.Session
	c.setCookie(c.app.cookieName(string(c.surface)), "", -1)
	c.who = Who{}
	if session.ID == 0 {
		return nil
	}
	return c.app.o.Store.EndSession(c.Ctx(), session.ID)
}
