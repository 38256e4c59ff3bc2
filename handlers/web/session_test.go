package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

func whoami(c *Context) error {
	return c.JSON(http.StatusOK, map[string]string{"account": c.Account().Login, "user": c.User().ID.String()})
}

func consoleRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/console/me", Access: SignedIn, Handler: whoami},
		{Method: "GET", Path: "/console/records", Access: Need(core.PermAccessRecordView), Handler: whoami},
		{Method: "GET", Path: "/console/accounts", Access: Need(core.PermAccountEdit), Handler: whoami},
		{Method: "GET", Path: "/console/pulse", Access: SignedIn, Handler: whoami, ByItself: true},
		{Method: "GET", Path: PasswordPage, Access: SignedIn, Handler: whoami},
	}
}

func TestAccess(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	cookie := with(s.signedIn(s.account("viewer")))
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	s.want(s.ask("GET", "/console/records", "", cookie), http.StatusOK)
	s.want(s.ask("GET", "/console/accounts", "", cookie), http.StatusForbidden)
	nobody := s.ask("GET", "/console/me?a=1", "")
	s.want(nobody, http.StatusSeeOther)
	if to := nobody.Header().Get("Location"); to != "/console/session?next=%2Fconsole%2Fme%3Fa%3D1" {
		t.Errorf("sent to %s", to)
	}
	s.want(s.ask("GET", "/console/me", "", with(&http.Cookie{Name: "tx_console", Value: "nonsense"})), http.StatusSeeOther)
}

func TestAFirstPasswordIsChangedBeforeAnythingElse(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	id, err := s.store.CreateAccount(t.Context(), core.SystemGranter,
		core.Account{
			Login: "fresh", Name: "新人", Role: core.RoleAdmin, Permissions: core.Permissions(),
			Scope: core.Everywhere,
		}, firstPassword)
	if err != nil {
		t.Fatal(err)
	}
	cookie := with(s.signedIn(id))
	w := s.ask("GET", "/console/accounts", "", cookie)
	s.want(w, http.StatusSeeOther)
	if w.Header().Get("Location") != PasswordPage {
		t.Errorf("sent to %s", w.Header().Get("Location"))
	}
	s.want(s.ask("GET", PasswordPage, "", cookie), http.StatusOK)
}

// otherServer returns a second App on the same store and cache.
func (s *site) otherServer() *site {
	other := &site{t: s.t, now: s.now, log: s.log, store: s.store}
	other.App = New(Options{Store: s.store, Cache: s.o.Cache})
	other.Register(consoleRoutes()...)
	return other
}

func TestADisabledAccountIsOutAtOnceOnEveryServer(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	other := s.otherServer()
	id := s.account("leaver")
	cookie := with(s.signedIn(id))
	for range 2 { // the second time from the shadow
		s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
		other.want(other.ask("GET", "/console/me", "", cookie), http.StatusOK)
	}
	if err := s.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)
	other.want(other.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)
	if err := s.store.EnableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	other.want(other.ask("GET", "/console/me", "", cookie), http.StatusSeeOther) // an old session does not become valid again
}

func TestAChangeOfPermissionsHoldsAtOnce(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	other := s.otherServer()
	id := s.account("clerk", core.PermAccessRecordView)
	cookie := with(s.signedIn(id))
	other.want(other.ask("GET", "/console/records", "", cookie), http.StatusOK)
	account, err := s.store.Account(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	account.Permissions = []core.Permission{core.PermReaderView}
	if _, err := s.store.UpdateAccount(t.Context(), core.SystemGranter, account); err != nil {
		t.Fatal(err)
	}
	other.want(other.ask("GET", "/console/records", "", cookie), http.StatusForbidden)
	other.want(other.ask("GET", "/console/me", "", cookie), http.StatusOK)
}

// brokenCache fails while its flag is set.
type brokenCache struct {
	Cache
	mu     sync.Mutex
	broken bool
}

func (b *brokenCache) fails() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("cache is down")
	}
	return nil
}

func (b *brokenCache) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

func (b *brokenCache) Add(ctx context.Context, key, value string, life time.Duration) (bool, error) {
	if err := b.fails(); err != nil {
		return false, err
	}
	return b.Cache.Add(ctx, key, value, life)
}

func (b *brokenCache) Get(ctx context.Context, key string) (string, bool, error) {
	if err := b.fails(); err != nil {
		return "", false, err
	}
	return b.Cache.Get(ctx, key)
}

func (b *brokenCache) Set(ctx context.Context, key, value string, life time.Duration) error {
	if err := b.fails(); err != nil {
		return err
	}
	return b.Cache.Set(ctx, key, value, life)
}

func TestWithoutTheCacheSQLDecides(t *testing.T) {
	var b *brokenCache
	s := newSite(t, func(o *Options) {
		b = &brokenCache{Cache: o.Cache}
		o.Cache = b
	})
	s.Register(consoleRoutes()...)
	id := s.account("steady")
	cookie := with(s.signedIn(id))
	b.set(true)
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	if err := s.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)
}

func TestSessionsEndByThemselves(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	id := s.account("idler")
	cookie := with(s.signedIn(id))
	for range 5 { // in use: does not expire
		s.pass(90 * time.Minute)
		s.forget(id)
		s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	}
	s.pass(121 * time.Minute) // idle
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)

	cookie = with(s.signedIn(id))
	for range 4 { // an open page asks by itself, before and after a person does
		s.pass(30 * time.Minute)
		s.forget(id)
		s.want(s.ask("GET", "/console/pulse", "", cookie), http.StatusOK)
		s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
		s.want(s.ask("GET", "/console/pulse", "", cookie), http.StatusOK)
	}
	for range 3 {
		s.pass(30 * time.Minute)
		s.forget(id)
		s.want(s.ask("GET", "/console/pulse", "", cookie), http.StatusOK)
	}
	s.pass(31 * time.Minute)
	s.forget(id)
	s.want(s.ask("GET", "/console/pulse", "", cookie), http.StatusSeeOther)

	cookie = with(s.signedIn(id))
	for range 23 {
		s.pass(time.Hour)
		s.forget(id)
		s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	}
	s.pass(61 * time.Minute) // a day in total
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)
}

// forget invalidates the shadows of an account.
func (s *site) forget(id core.ID) { s.sessions.forget(s.t.Context(), core.SessionAccount, id) }

func TestSigningOutEndsTheSession(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	s.Register(Route{Method: "GET", Path: "/console/bye", Access: SignedIn, Handler: func(c *Context) error {
		if err := c.EndSession(); err != nil {
			return err
		}
		return ok(c)
	}})
	id := s.account("goer")
	kept, left := with(s.signedIn(id)), with(s.signedIn(id))
	s.want(s.ask("GET", "/console/me", "", left), http.StatusOK)
	s.want(s.ask("GET", "/console/bye", "", left), http.StatusOK)
	s.want(s.ask("GET", "/console/me", "", left), http.StatusSeeOther)
	s.want(s.ask("GET", "/console/me", "", kept), http.StatusOK)
}

func TestSurfacesAreApart(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	s.Register(
		Route{Method: "GET", Path: "/h5/pass", Access: WechatUser, Handler: whoami},
		Route{Method: "GET", Path: "/h5/resident", Access: Resident, Handler: whoami},
		Route{Method: "GET", Path: "/h5/guard", Access: Guard, Handler: whoami},
		Route{Method: "GET", Path: "/h5/observer", Access: Observer, Handler: whoami},
		Route{Method: "GET", Path: "/api/v1/me", Access: WechatUser, Handler: whoami},
	)
	user := s.wechatUser("open-1")
	token, _ := s.session(core.SessionWechat, user)
	resident := with(&http.Cookie{Name: "tx_resident", Value: token})
	s.want(s.ask("GET", "/h5/pass", "", resident), http.StatusOK)
	s.want(s.ask("GET", "/h5/resident", "", resident), http.StatusForbidden) // no verified phone number
	s.want(s.ask("GET", "/h5/guard", "", resident), http.StatusSeeOther)     // another surface
	s.want(s.ask("GET", "/h5/guard", "", with(&http.Cookie{Name: "tx_guard", Value: token})), http.StatusForbidden)
	s.want(s.ask("GET", "/h5/observer", "", with(&http.Cookie{Name: "tx_observer", Value: token})), http.StatusForbidden)
	s.want(s.ask("GET", "/console/me", "", with(&http.Cookie{Name: "tx_console", Value: token})), http.StatusSeeOther) // another kind
	s.want(s.ask("GET", "/api/v1/me", "", resident), http.StatusUnauthorized)                                          // no cookies there
	s.want(s.ask("GET", "/api/v1/me", "", header("Authorization", "Bearer "+token)), http.StatusOK)
	consoleToken := s.signedIn(s.account("admin1")).Value
	s.want(s.ask("GET", "/api/v1/me", "", header("Authorization", "Bearer "+consoleToken)), http.StatusUnauthorized)
}
