package console

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/testkit/desk"
)

// If a session ends while its user fills in a form, nothing is done, and after sign-in they find
// the form unchanged, and save it.
func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	d := newDesk(t)
	b, _ := d.Expelled(t, "typist", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	typed := url.Values{
		"name": {desk.Hostile[:20]}, "capacity": {"街道"}, "phone": {"13800138000"},
		"communities": {d.Mine.Community.String()}, "password": {"not to be kept"},
	}
	_, to := b.Post(t, frame.ObserverPath, typed, http.StatusSeeOther)
	if next := b.SignInAgain(t, to, "typist", desk.OwnPassword); next != web.DraftPage {
		t.Fatalf("sent to %s", next)
	}
	page := b.Open(t, web.DraftPage)
	if page.Find(`input[name="password"]`).Length() != 0 {
		t.Error("a password was kept")
	}
	page = b.Resume(t)
	if desk.InputValue(page, "name") != desk.Hostile[:20] || desk.InputValue(page, "phone") != "13800138000" ||
		page.Find(`input[name="communities"][checked]`).Length() != 1 {
		t.Error("what was typed is not in the form")
	}
	if alert := page.Find(`main [role="alert"]`).Text(); !strings.Contains(alert, "还没有保存") {
		t.Errorf("said %q", alert)
	}
	b.CSRF = desk.InputValue(page, web.CSRFField)
	typed.Del("password")
	_, to = b.Post(t, frame.ObserverPath, typed, http.StatusSeeOther)
	if desk.Fact(b.Get(t, to, http.StatusOK), "姓名") != desk.Hostile[:20] {
		t.Error("not saved as it was typed")
	}
}

// A draft belongs to its writer: neither another account in the same browser gets it, nor the same
// account in another browser.
func TestADraftIsItsWritersAlone(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "colleague", core.PermObserverView, core.PermObserverEdit)
	b, _ := d.Expelled(t, "writer", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	_, to := b.Post(t, frame.ObserverPath, url.Values{"name": {"赵警官"}}, http.StatusSeeOther)
	b.SignInAgain(t, to, "colleague", desk.FirstPassword)
	b.Open(t, web.PasswordPage)
	b.Post(
		t, web.PasswordPage,
		url.Values{"old": {desk.FirstPassword}, "password": {desk.OwnPassword}, "again": {desk.OwnPassword}},
		http.StatusSeeOther,
	)
	nothing := func(b *desk.Clerk) {
		t.Helper()
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+web.DraftPage, http.NoBody)
		if _, to := b.Do(t, request, http.StatusSeeOther); to != "/console" {
			t.Errorf("sent to %s", to)
		}
	}
	nothing(b)
	elsewhere := d.Visitor()
	elsewhere.Post(
		t, "/console/session",
		elsewhere.SignInForm(t, elsewhere.Open(t, "/console/session"), "writer", desk.OwnPassword),
		http.StatusSeeOther,
	)
	nothing(elsewhere)
}

// Only forms of a former session are kept: not those of strangers, those without the session's CSRF
// token, or those of a single button.
func TestStrangersLeaveNoDraft(t *testing.T) {
	d := newDesk(t)
	b, _ := d.Expelled(t, "leaver", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	site, _ := url.Parse(d.Address)
	refused := func(what string, b *desk.Clerk, path string) {
		t.Helper()
		b.Post(t, path, url.Values{"name": {"赵警官"}}, http.StatusUnauthorized)
		for _, cookie := range b.Client.Jar.Cookies(site) {
			if cookie.Name == "tx_draft" {
				t.Errorf("%s: a draft is kept", what)
			}
		}
	}
	stranger := d.Visitor()
	stranger.Open(t, "/console/session")
	refused("a stranger", stranger, frame.ObserverPath)
	jar, _ := cookiejar.New(nil) // never fails
	jar.SetCookies(site, []*http.Cookie{{Name: "tx_console", Value: strings.Repeat("A", 43)}})
	stranger.Client.Jar = jar
	refused("a made-up session", stranger, frame.ObserverPath)
	refused("a button", b, frame.ObserverPath+"/"+d.Mine.Observer.String()+"/remove")
	b.CSRF = stranger.CSRF
	refused("a wrong form token", b, frame.ObserverPath)
}
