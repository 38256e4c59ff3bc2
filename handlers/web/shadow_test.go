package web

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// signedInKinds returns callers of every kind whose session the cache may hold.
func (s *site) signedInKinds() map[string]struct {
	path string
	edit func(r *http.Request)
} {
	s.t.Helper()
	s.Register(consoleRoutes()...)
	s.Register(Route{Method: "GET", Path: "/h5/me", Access: WechatUser, Handler: whoami})
	s.Register(Route{Method: "GET", Path: "/h5/own", Access: Resident, Handler: whoami})
	plain, bound := s.account("plain"), s.account("bound")
	s.bindWechat(bound)
	stranger, resident := s.wechatUser("stranger"), s.wechatUser("resident")
	if _, err := s.store.BindPhone(s.t.Context(), resident, "13800000001", ""); err != nil {
		s.t.Fatal(err)
	}
	wechat := func(user core.ID) func(r *http.Request) {
		token, _ := s.session(core.SessionWechat, user)
		return with(&http.Cookie{Name: "tx_resident", Value: token})
	}
	return map[string]struct {
		path string
		edit func(r *http.Request)
	}{
		"an account without WeChat": {"/console/me", with(s.signedIn(plain))},
		"an account with WeChat":    {"/console/me", with(s.signedIn(bound))},
		"a WeChat user":             {"/h5/me", wechat(stranger)},
		"a resident":                {"/h5/own", wechat(resident)},
	}
}

// bindWechat binds a WeChat user to an account, as its owner does by scanning a QR code.
func (s *site) bindWechat(account core.ID) {
	s.t.Helper()
	token, code, err := s.store.BeginWechatLogin(s.t.Context(), store.NewWechatLogin{Account: account, Browser: "b"})
	if err == nil {
		by := core.Actor{Kind: core.ActorWechat, ID: s.wechatUser("owner")}
		err = s.store.ApproveWechatLogin(s.t.Context(), by, token, code)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// A token that no server made is rejected without a query, and one that is over is not looked up
// without end; neither affects others at the same address.
func TestTokensOfNobodyAskSQLNothing(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	cookie := func(token string) func(r *http.Request) { return with(&http.Cookie{Name: "tx_console", Value: token}) }
	life := core.SessionLife{Idle: time.Hour, MaxLife: time.Hour}
	account := s.account("plain")
	live, _ := s.session(core.SessionAccount, account)
	over, session, err := s.store.StartSession(t.Context(), store.NewSession{Kind: core.SessionAccount, Subject: account, Life: life})
	if err == nil {
		_, err = s.store.PurgeSessions(t.Context(), session.Expires.Add(time.Millisecond))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.ResetPassword(t.Context(), core.SystemGranter, account, "correct horse"); err != nil {
		t.Fatal(err)
	}
	proven, _ := s.session(core.SessionAccount, account)
	for range overPerMinute {
		for _, token := range []string{over, live} { // of an earlier generation
			s.want(s.ask("GET", "/console/me", "", cookie(token)), http.StatusSeeOther)
		}
	}
	s.want(s.ask("GET", PasswordPage, "", cookie(proven)), http.StatusOK)
	forged := strings.Repeat("A", 43)
	if err := s.store.Close(); err != nil { // from now on every query fails
		t.Fatal(err)
	}
	for _, token := range []string{over, live, forged, forged + forged, over[:43] + forged, proven[:43], proven + "A"} {
		s.want(s.ask("GET", "/console/me", "", cookie(token)), http.StatusSeeOther)
	}
	s.want(s.ask("GET", PasswordPage, "", cookie(proven)), http.StatusOK)
}

// Without the cache nothing remembers that a session is over: its token is still not looked up
// without end.
func TestATokenThatIsOverIsLookedUpSeldomWithoutTheCache(t *testing.T) {
	broken := &brokenCache{}
	s := newSite(t, func(o *Options) { broken.Cache, o.Cache = o.Cache, broken })
	s.Register(consoleRoutes()...)
	token, session := s.session(core.SessionAccount, s.account("plain"))
	broken.set(true)
	ask := func() {
		s.want(s.ask("GET", "/console/me", "", with(&http.Cookie{Name: "tx_console", Value: token})), http.StatusSeeOther)
	}
	if err := s.store.EndSession(t.Context(), session.ID); err != nil {
		t.Fatal(err)
	}
	for range overPerMinute {
		ask()
	}
	if err := s.store.Close(); err != nil { // from now on every query fails
		t.Fatal(err)
	}
	ask()
}

func TestTheSecondRequestAsksSQLNothing(t *testing.T) {
	s := newSite(t, nil)
	callers := s.signedInKinds()
	first := map[string]string{}
	for name, c := range callers {
		w := s.ask("GET", c.path, "", c.edit)
		s.want(w, http.StatusOK)
		first[name] = w.Body.String()
	}
	if err := s.store.Close(); err != nil { // from now on every query fails
		t.Fatal(err)
	}
	for name, c := range callers {
		w := s.ask("GET", c.path, "", c.edit)
		if w.Code != http.StatusOK || w.Body.String() != first[name] {
			t.Errorf("%s: %d %s, with the database %s", name, w.Code, w.Body, first[name])
		}
	}
	s.pass(shadowLife)
	for name, c := range callers {
		if w := s.ask("GET", c.path, "", c.edit); w.Code < 500 {
			t.Errorf("%s is believed after the shadow's life: %d", name, w.Code)
		}
	}
}

func TestALostStampVoidsTheShadow(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	id := s.account("stamped")
	cookie := with(s.signedIn(id))
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusOK)
	// The account is disabled, and the cache loses its new stamp.
	if err := s.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	if n, err := s.redis.Del(t.Context(), stampKey(core.SessionAccount, id)).Result(); err != nil || n != 1 {
		t.Fatalf("%d stamps lost, %v", n, err)
	}
	s.want(s.ask("GET", "/console/me", "", cookie), http.StatusSeeOther)
}

// Write access to Redis must not allow anybody to sign in or restore a session.
func TestWhatOthersWriteToTheCacheIsNotBelieved(t *testing.T) {
	s := newSite(t, nil)
	s.Register(consoleRoutes()...)
	id := s.account("victim")
	key := stampKey(core.SessionAccount, id)
	cookie := s.signedIn(id)
	s.want(s.ask("GET", "/console/me", "", with(cookie)), http.StatusOK)
	stamp, err := s.redis.Get(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	content := stamp[strings.LastIndexByte(stamp, '.')+1:]
	for _, forged := range []string{content, "zzzzzzzz.." + content} {
		if err := s.redis.Set(t.Context(), key, forged, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		s.want(s.ask("GET", "/console/me", "", with(cookie)), http.StatusSeeOther)
	}
	if !strings.Contains(s.log.String(), "not this program's") {
		t.Errorf("the log: %s", s.log)
	}
	s.pass(shadowLife) // until then the genuine stamp, put back, would be believed
	if err := s.redis.Set(t.Context(), key, stamp, time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	s.want(s.ask("GET", "/console/me", "", with(cookie)), http.StatusSeeOther)
}

// Names and permissions stay in the process: Redis has neither.
func TestTheCacheHoldsNothingPersonal(t *testing.T) {
	s := newSite(t, nil)
	for _, c := range s.signedInKinds() {
		s.want(s.ask("GET", c.path, "", c.edit), http.StatusOK)
	}
	keys, err := s.redis.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "session-stamp:") {
			t.Errorf("Redis holds %s", key)
		}
	}
}

func TestShadowsEndWithTheirGeneration(t *testing.T) {
	var kept shadows
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first, second := shadowKeyOf("first"), shadowKeyOf("second")
	has := func(key shadowKey, at time.Duration, want bool) {
		t.Helper()
		if _, ok := kept.find(key, now.Add(at)); ok != want {
			t.Errorf("after %s: %t", at, ok)
		}
	}
	has(first, 0, false)
	kept.keep(first, shadow{}, now)
	kept.keep(second, shadow{}, now.Add(20*time.Second))
	has(first, shadowLife-1, true)
	has(first, shadowLife, false)
	has(first, -time.Second, false) // the clock was set back
	kept.keep(first, shadow{}, now.Add(shadowLife))
	has(first, shadowLife, true)
	has(second, shadowLife, true) // of the older generation
	kept.keep(first, shadow{}, now.Add(-time.Hour))
	if len(kept.young) != 1 {
		t.Errorf("a clock that was set back leaves %d in the generation", len(kept.young))
	}
	for i := range maxShadows + 1 {
		kept.keep(shadowKeyOf(strconv.Itoa(i)), shadow{}, now)
	}
	if n := len(kept.young) + len(kept.old); n > 2*maxShadows {
		t.Errorf("%d are kept", n)
	}
}

// A WeChat user's person is in the shadow: verifying a phone number takes effect at once.
func TestAVerifiedPhoneHoldsAtOnce(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/h5/own", Access: Resident, Handler: whoami})
	user := s.wechatUser("newcomer")
	token, _ := s.session(core.SessionWechat, user)
	cookie := with(&http.Cookie{Name: "tx_resident", Value: token})
	s.want(s.ask("GET", "/h5/own", "", cookie), http.StatusForbidden)
	if _, err := s.store.BindPhone(t.Context(), user, "13800000002", ""); err != nil {
		t.Fatal(err)
	}
	s.want(s.ask("GET", "/h5/own", "", cookie), http.StatusOK)
}
