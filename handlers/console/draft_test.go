package console

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
)

// expelled is a browser of the account whose session was ended from elsewhere while a
// form was open in it.
func (d *readerDesk) expelled(t *testing.T, login string, permissions ...core.Permission) (*readerClerk, core.ID) {
	t.Helper()
	id := d.account(t, login, permissions...)
	b := d.visitor()
	page := b.open(t, "/console/session")
	b.post(t, "/console/session", b.signInForm(t, page, login, firstPassword), http.StatusSeeOther)
	b.open(t, web.PasswordPage)
	b.post(t, web.PasswordPage, url.Values{"old": {firstPassword}, "password": {ownPassword}, "again": {ownPassword}}, http.StatusSeeOther)
	b.open(t, observerPath+"/new")
	if err := d.store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	if err := d.store.EnableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	return b, id
}

// signInAgain signs somebody in on the page that the browser was sent to, and gives
// where they are sent next.
func (b *readerClerk) signInAgain(t *testing.T, to, login, password string) string {
	t.Helper()
	page := b.open(t, to)
	if !strings.Contains(page.Find("main").Text(), "刚才填写的内容已经保留") {
		t.Errorf("the sign-in says %q", page.Find("main").Text())
	}
	_, to = b.post(t, "/console/session", b.signInForm(t, page, login, password), http.StatusSeeOther)
	return to
}

// resume follows a draft back into its form.
func (b *readerClerk) resume(t *testing.T) *goquery.Document {
	t.Helper()
	page := b.open(t, web.DraftPage)
	form := url.Values{}
	page.Find("form[data-resume] input").Each(func(_ int, s *goquery.Selection) {
		if name := s.AttrOr("name", ""); name != web.CSRFField {
			form.Add(name, s.AttrOr("value", ""))
		}
	})
	page, _ = b.post(t, page.Find("form[data-resume]").AttrOr("action", ""), form, http.StatusUnprocessableEntity)
	return page
}

// Somebody's session ends while they fill a form in: nothing is done, and after
// signing in they find it as it was, and save it.
func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	d := newReaderDesk(t)
	b, _ := d.expelled(t, "typist", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	typed := url.Values{"name": {hostileText[:20]}, "capacity": {"街道"}, "phone": {"13800138000"}, "communities": {d.mine.Community.String()}, "password": {"not to be kept"}}
	_, to := b.post(t, observerPath, typed, http.StatusSeeOther)
	if next := b.signInAgain(t, to, "typist", ownPassword); next != web.DraftPage {
		t.Fatalf("sent to %s", next)
	}
	page := b.open(t, web.DraftPage)
	if page.Find(`input[name="password"]`).Length() != 0 {
		t.Error("a password was kept")
	}
	page = b.resume(t)
	if inputValue(page, "name") != hostileText[:20] || inputValue(page, "phone") != "13800138000" || page.Find(`input[name="communities"][checked]`).Length() != 1 {
		t.Error("what was typed is not in the form")
	}
	if alert := page.Find(`main [role="alert"]`).Text(); !strings.Contains(alert, "还没有保存") {
		t.Errorf("said %q", alert)
	}
	b.csrf = inputValue(page, web.CSRFField)
	typed.Del("password")
	_, to = b.post(t, observerPath, typed, http.StatusSeeOther)
	if factOf(b.get(t, to, http.StatusOK), "姓名") != hostileText[:20] {
		t.Error("not saved as it was typed")
	}
}

// A draft is its writer's: another account in the same browser does not get it, nor
// does the same account in another browser.
func TestADraftIsItsWritersAlone(t *testing.T) {
	d := newReaderDesk(t)
	d.account(t, "colleague", core.PermObserverView, core.PermObserverEdit)
	b, _ := d.expelled(t, "writer", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	_, to := b.post(t, observerPath, url.Values{"name": {"赵警官"}}, http.StatusSeeOther)
	b.signInAgain(t, to, "colleague", firstPassword)
	b.open(t, web.PasswordPage)
	b.post(t, web.PasswordPage, url.Values{"old": {firstPassword}, "password": {ownPassword}, "again": {ownPassword}}, http.StatusSeeOther)
	nothing := func(b *readerClerk) {
		t.Helper()
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+web.DraftPage, http.NoBody)
		if _, to := b.do(t, request, http.StatusSeeOther); to != "/console" {
			t.Errorf("sent to %s", to)
		}
	}
	nothing(b)
	elsewhere := d.visitor()
	elsewhere.post(t, "/console/session", elsewhere.signInForm(t, elsewhere.open(t, "/console/session"), "writer", ownPassword), http.StatusSeeOther)
	nothing(elsewhere)
}

// Only the form of a session that was is kept: not a stranger's, nor one without the
// session's form token, nor a button's.
func TestStrangersLeaveNoDraft(t *testing.T) {
	d := newReaderDesk(t)
	b, _ := d.expelled(t, "leaver", core.PermReaderView, core.PermObserverView, core.PermObserverEdit)
	site, _ := url.Parse(d.address)
	refused := func(what string, b *readerClerk, path string) {
		t.Helper()
		b.post(t, path, url.Values{"name": {"赵警官"}}, http.StatusUnauthorized)
		for _, cookie := range b.client.Jar.Cookies(site) {
			if cookie.Name == "tx_draft" {
				t.Errorf("%s: a draft is kept", what)
			}
		}
	}
	stranger := d.visitor()
	stranger.open(t, "/console/session")
	refused("a stranger", stranger, observerPath)
	jar, _ := cookiejar.New(nil) // never fails
	jar.SetCookies(site, []*http.Cookie{{Name: "tx_console", Value: strings.Repeat("A", 43)}})
	stranger.client.Jar = jar
	refused("a made-up session", stranger, observerPath)
	refused("a button", b, observerPath+"/"+d.mine.Observer.String()+"/remove")
	b.csrf = stranger.csrf
	refused("a wrong form token", b, observerPath)
}
