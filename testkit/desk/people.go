package desk

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// Boss may edit accounts, and has all permissions in one community.
func (d *Desk) Boss(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
}

// Auditor may view and export the audit log of one community.
func (d *Desk) Auditor(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAuditView, core.PermAuditExport)
}

// Expelled returns a browser whose session was ended from elsewhere while a form was open in it,
// and its account.
func (d *Desk) Expelled(t *testing.T, login string, permissions ...core.Permission) (*Clerk, core.ID) {
	t.Helper()
	id := d.Account(t, login, permissions...)
	b := d.Visitor()
	page := b.Open(t, "/console/session")
	b.Post(t, "/console/session", b.SignInForm(t, page, login, FirstPassword), http.StatusSeeOther)
	b.Open(t, web.PasswordPage)
	b.Post(t, web.PasswordPage, url.Values{"old": {FirstPassword}, "password": {OwnPassword}, "again": {OwnPassword}}, http.StatusSeeOther)
	b.Open(t, frame.ObserverPath+"/new")
	if err := d.Store.DisableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.EnableAccount(t.Context(), core.SystemGranter, id); err != nil {
		t.Fatal(err)
	}
	return b, id
}

// SignInAgain signs in on the page that the browser was redirected to, and returns the next
// redirect.
func (b *Clerk) SignInAgain(t *testing.T, to, login, password string) string {
	t.Helper()
	page := b.Open(t, to)
	if !strings.Contains(page.Find("main").Text(), "刚才填写的内容已经保留") {
		t.Errorf("the sign-in says %q", page.Find("main").Text())
	}
	_, to = b.Post(t, "/console/session", b.SignInForm(t, page, login, password), http.StatusSeeOther)
	return to
}

// Resume posts a draft back to its form.
func (b *Clerk) Resume(t *testing.T) *goquery.Document {
	t.Helper()
	page := b.Open(t, web.DraftPage)
	form := url.Values{}
	page.Find("form[data-resume] input").Each(func(_ int, s *goquery.Selection) {
		if name := s.AttrOr("name", ""); name != web.CSRFField {
			form.Add(name, s.AttrOr("value", ""))
		}
	})
	page, _ = b.Post(t, page.Find("form[data-resume]").AttrOr("action", ""), form, http.StatusUnprocessableEntity)
	return page
}

// Chief sees every community, and the audit log.
func (d *Desk) Chief(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.Everywhere, core.PermAuditView, core.PermReaderView)
}

// SignedIn returns a browser in which a new account has signed in with a password of its own.
func (d *Desk) SignedIn(t *testing.T, login string, permissions ...core.Permission) (b *Clerk, id core.ID) {
	t.Helper()
	id = d.Account(t, login, append([]core.Permission{core.PermReaderView}, permissions...)...)
	b = d.Visitor()
	page := b.Open(t, "/console/session")
	b.Post(t, "/console/session", b.SignInForm(t, page, login, FirstPassword), http.StatusSeeOther)
	b.Open(t, web.PasswordPage)
	b.Post(t, web.PasswordPage, url.Values{"old": {FirstPassword}, "password": {OwnPassword}, "again": {OwnPassword}}, http.StatusSeeOther)
	b.Open(t, frame.MePath)
	return b, id
}

// SignInAgain returns another browser signed in with the account's own password.
func (d *Desk) SignInAgain(t *testing.T, login string) (*Clerk, *goquery.Document) {
	t.Helper()
	b := d.Visitor()
	page := b.Open(t, "/console/session")
	form := b.SignInForm(t, page, login, OwnPassword)
	form.Set("next", frame.MePath)
	page, _ = b.Post(t, "/console/session", form, http.StatusOK)
	return b, page
}

// Registrar returns a browser of an account with all permissions for its community.
func (d *Desk) Registrar(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
}

// OnlyViews returns a browser of an account that may view everything and change nothing.
func (d *Desk) OnlyViews(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(
		t, core.ScopeOf(d.Mine.Community), core.PermCommunityView, core.PermHouseView, core.PermResidentView,
		core.PermPassRuleView, core.PermReaderView,
	)
}

// Manager returns a browser of an account that may edit the readers of Mine.
func (d *Desk) Manager(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermReaderEdit)
}

// FirstPassword is an account's initial password, OwnPassword the one its owner chose.
const FirstPassword, OwnPassword = "correct-horse-7", "battery-staple-8"

// SignInForm returns the filled form of a sign-in page, including the captcha's letters.
func (b *Clerk) SignInForm(t *testing.T, page *goquery.Document, login, password string) url.Values {
	t.Helper()
	id, _ := page.Find(`input[name="captcha_id"]`).Attr("value")
	if id == "" {
		t.Fatal("no captcha on the page")
	}
	answer := web.NewCaptchas(b.Desk.Store, b.Desk.Cache).Letters(id)
	next, _ := page.Find(`input[name="next"]`).Attr("value")
	return url.Values{"login": {login}, "password": {password}, "captcha": {strings.ToLower(answer)}, "captcha_id": {id}, "next": {next}}
}

// Account creates an account with FirstPassword.
func (d *Desk) Account(t *testing.T, login string, permissions ...core.Permission) core.ID {
	t.Helper()
	id, err := d.Store.CreateAccount(t.Context(), core.SystemGranter,
		core.Account{
			Login: login, Name: "小" + login, Role: core.RoleClerk, Permissions: permissions,
			Scope: core.ScopeOf(d.Mine.Community),
		}, FirstPassword)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
