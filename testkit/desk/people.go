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

// Boss may edit accounts, and holds everything in one community.
func (d *Desk) Boss(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
}

// Auditor may see the log of one community, and take it away.
func (d *Desk) Auditor(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermAuditView, core.PermAuditExport)
}

// Expelled is a browser of the account whose session was ended from elsewhere while a
// form was open in it.
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

// SignInAgain signs somebody in on the page that the browser was sent to, and gives
// where they are sent next.
func (b *Clerk) SignInAgain(t *testing.T, to, login, password string) string {
	t.Helper()
	page := b.Open(t, to)
	if !strings.Contains(page.Find("main").Text(), "刚才填写的内容已经保留") {
		t.Errorf("the sign-in says %q", page.Find("main").Text())
	}
	_, to = b.Post(t, "/console/session", b.SignInForm(t, page, login, password), http.StatusSeeOther)
	return to
}

// Resume follows a draft back into its form.
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

// SignedIn is a browser in which a fresh account has signed in with a password of
// its own.
func (d *Desk) SignedIn(t *testing.T, login string) (b *Clerk, id core.ID) {
	t.Helper()
	id = d.Account(t, login, core.PermReaderView)
	b = d.Visitor()
	page := b.Open(t, "/console/session")
	b.Post(t, "/console/session", b.SignInForm(t, page, login, FirstPassword), http.StatusSeeOther)
	b.Open(t, web.PasswordPage)
	b.Post(t, web.PasswordPage, url.Values{"old": {FirstPassword}, "password": {OwnPassword}, "again": {OwnPassword}}, http.StatusSeeOther)
	b.Open(t, frame.MePath)
	return b, id
}

// SignInAgain is another browser that gives the account's own password.
func (d *Desk) SignInAgain(t *testing.T, login string) (*Clerk, *goquery.Document) {
	t.Helper()
	b := d.Visitor()
	page := b.Open(t, "/console/session")
	form := b.SignInForm(t, page, login, OwnPassword)
	form.Set("next", frame.MePath)
	page, _ = b.Post(t, "/console/session", form, http.StatusOK)
	return b, page
}

// Registrar is a browser of an account that may do everything with its community.
func (d *Desk) Registrar(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.Permissions()...)
}

// OnlyViews is one that may look at everything and change nothing.
func (d *Desk) OnlyViews(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(
		t, core.ScopeOf(d.Mine.Community), core.PermCommunityView, core.PermHouseView, core.PermResidentView,
		core.PermPassRuleView, core.PermReaderView,
	)
}

// Manager is a browser of a clerk who may edit the readers of Mine.
func (d *Desk) Manager(t *testing.T) *Clerk {
	t.Helper()
	return d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView, core.PermReaderEdit)
}

// FirstPassword is what an account begins with, OwnPassword what its owner chose.
const FirstPassword, OwnPassword = "correct-horse-7", "battery-staple-8"

// SignInForm is the filled form of a sign-in page, its picture read.
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

// Account makes an account with FirstPassword.
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
