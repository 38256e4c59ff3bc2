package account

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestSignInRefuses(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "careful", core.PermReaderView)
	b := d.Visitor()
	page := b.Open(t, "/console/session")

	good := b.SignInForm(t, page, "careful", desk.FirstPassword)
	wrong := url.Values{"login": good["login"], "password": good["password"], "captcha": {"00000"}, "captcha_id": good["captcha_id"]}
	page, _ = b.Post(t, "/console/session", wrong, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "captcha")
	if desk.InputValue(page, "login") != "careful" || desk.InputValue(page, "password") != "" || desk.InputValue(page, "captcha") != "" {
		t.Error("the form does not come back as it should")
	}
	if id := desk.InputValue(page, "captcha_id"); id == "" || id == good.Get("captcha_id") {
		t.Error("no fresh captcha")
	}
	page, _ = b.Post(t, "/console/session", good, http.StatusUnprocessableEntity) // used up
	desk.WrongField(t, page, "captcha")

	page, _ = b.Post(t, "/console/session", b.SignInForm(t, page, "careful", "wrong"), http.StatusUnprocessableEntity)
	if !strings.Contains(page.Find(`[role="alert"]`).Text(), "账号或密码不正确") {
		t.Errorf("said %q", page.Find(`[role="alert"]`).Text())
	}
	form := b.SignInForm(t, page, desk.Hostile, "wrong")
	page, _ = b.Post(t, "/console/session", form, http.StatusUnprocessableEntity)
	if desk.InputValue(page, "login") != desk.Hostile || page.Find("img[src=x]").Length() != 0 {
		t.Error("the page believed what was typed")
	}
	for range 4 {
		page, _ = b.Post(t, "/console/session", b.SignInForm(t, page, "careful", "wrong"), http.StatusUnprocessableEntity)
	}
	page, _ = b.Post(t, "/console/session", b.SignInForm(t, page, "careful", desk.FirstPassword), http.StatusTooManyRequests)
	if !strings.Contains(page.Find(`[role="alert"]`).Text(), "秒后再试") {
		t.Errorf("said %q", page.Find(`[role="alert"]`).Text())
	}
	b.CSRF = ""
	b.Post(t, "/console/session", b.SignInForm(t, page, "careful", desk.FirstPassword), http.StatusForbidden)
}

// While the cache is down, sign-in still works, so that an administrator can find out what is
// wrong.
func TestSignInWithoutTheCache(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "watchful", core.PermReaderView)
	b := d.Visitor()
	if note := b.Open(t, "/console/session").Find("main").Text(); strings.Contains(note, cacheDown) {
		t.Error("the cache is called down")
	}
	d.Redis.Close()
	page := b.Open(t, "/console/session")
	if !strings.Contains(page.Find("main").Text(), cacheDown) {
		t.Errorf("not said: %q", page.Find("main").Text())
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+page.Find("main img").AttrOr("src", ""), http.NoBody)
	response, err := b.Client.Do(request)
	if err != nil || response.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("the picture: %v", err)
	}
	response.Body.Close()
	form := b.SignInForm(t, page, "watchful", "wrong")
	page, _ = b.Post(t, "/console/session", form, http.StatusUnprocessableEntity)
	form.Set("password", desk.FirstPassword)
	again, _ := b.Post(t, "/console/session", form, http.StatusUnprocessableEntity)
	desk.WrongField(t, again, "captcha") // the same picture twice
	b.Post(t, "/console/session", b.SignInForm(t, page, "watchful", desk.FirstPassword), http.StatusSeeOther)
	b.Open(t, web.PasswordPage)
	change := url.Values{"old": {desk.FirstPassword}, "password": {desk.OwnPassword}, "again": {desk.OwnPassword}}
	b.Post(t, web.PasswordPage, change, http.StatusSeeOther)
	b.Open(t, frame.MePath)
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "follower", core.PermReaderView)
	b := d.Visitor()
	page := b.Open(t, "/console/session?next="+url.QueryEscape("//evil.example/x"))
	form := b.SignInForm(t, page, "follower", desk.FirstPassword)
	form.Set("next", "https://evil.example")
	if _, to := b.Post(t, "/console/session", form, http.StatusSeeOther); to != "/console" {
		t.Errorf("sent to %s", to)
	}
}

func TestSetupByTheOneTimeLink(t *testing.T) {
	d := newDesk(t)
	b, other := d.Visitor(), d.Visitor()
	token, needed, err := d.Store.CreateFirstAdminToken(t.Context())
	if err != nil || !needed {
		t.Fatalf("needed %v: %v", needed, err)
	}
	b.Get(t, "/console/setup?token=wrong", http.StatusNotFound)
	b.Get(t, "/console/setup", http.StatusNotFound)
	for range 2 { // reloaded, or in a second tab
		b.Open(t, "/console/setup?token="+token)
	}
	other.Open(t, "/console/setup?token="+token)
	form := url.Values{"token": {token}, "login": {"root"}, "name": {"管理员"}, "password": {desk.OwnPassword}, "again": {"another"}}
	page, _ := b.Post(t, "/console/setup", form, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "again")
	if desk.InputValue(page, "token") != token || desk.InputValue(page, "name") != "管理员" {
		t.Error("what was typed is lost")
	}
	address := page.Find("form").AttrOr("action", "")
	b.Open(t, address) // reload the page of the rejected form
	form.Set("again", desk.OwnPassword)
	if _, to := b.Post(t, address, form, http.StatusSeeOther); to != "/console" {
		t.Errorf("the new admin is sent to %s", to)
	}
	b.Get(t, frame.AccountPath, http.StatusOK) // signed in
	// Sent twice, gone back to, reloaded, or opened in another tab: there is an admin.
	again := func(b *desk.Clerk, signedIn bool) string {
		t.Helper()
		if _, to := b.Post(t, address, form, http.StatusSeeOther); to != "/console/session" {
			t.Errorf("the form again leads to %s", to)
		}
		if to := b.Sent(t, "/console/setup?token="+token); to != "/console/session" {
			t.Errorf("the link again leads to %s", to)
		}
		to := "/console/session"
		if signedIn && b.Sent(t, to) == "/console" {
			to = frame.AccountPath
		}
		page = b.Get(t, to, http.StatusOK)
		words := page.Find(".tx-flash").Text()
		if !strings.Contains(words, "管理员已添加") {
			t.Error("it does not say that there is an admin")
		}
		return words
	}
	if words := again(b, true); strings.Contains(words, "请登录") || page.Find("[name=password]").Length() > 0 {
		t.Errorf("who is signed in is told %q", words)
	}
	again(other, false)
	other.Open(t, "/console/session")
	other.Get(t, frame.AccountPath, http.StatusSeeOther) // not signed in by a used link
	form = other.SignInForm(t, page, "root", desk.OwnPassword)
	if _, to := other.Post(t, "/console/session", form, http.StatusSeeOther); to != "/console" {
		t.Errorf("sent to %s", to)
	}
	other.Get(t, frame.AccountPath, http.StatusOK)
}

func sessionSamples() map[string]any {
	form := signInFields(templates.Form{})
	form.Sections[0].Fields = append(
		form.Sections[0].Fields, templates.Field{Kind: templates.Hidden, Name: "captcha_id"},
		templates.Field{Kind: templates.Hidden, Name: "next"},
	)
	wrong := form
	wrong.Error = "账号或密码不正确"
	return map[string]any{
		"console/session/draft": draftPage{
			Shell: desk.SampleShell("接着填写"), Action: frame.ObserverPath,
			Kept: []templates.Fact{{Label: "name", Value: "王岚"}},
		},
		"console/session/new": signPage{
			Shell: templates.Shell{Title: "登录", CSRF: "t"}, Form: form, Picture: "/console/captcha/x",
			Next: "/console",
		},
		"console/session/new#wrong": signPage{
			Shell: templates.Shell{Title: "登录", CSRF: "t"}, Form: wrong, Picture: "/console/captcha/x",
			Next: "/console",
		},
		"console/session/password":       centrePage{Shell: templates.Shell{Title: "添加第一位管理员", CSRF: "t"}, Form: setupFields("x")},
		"console/session/password#reset": centrePage{Shell: templates.Shell{Title: "修改密码", Note: "首次登录", CSRF: "t"}, Form: resetFields(1)},
	}
}

func TestSessionPages(t *testing.T) { templates.CheckAll(t, "console/session/", sessionSamples()) }

func accountSamples() map[string]any {
	by := core.Account{ID: 1, Name: "管理员", Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: core.Everywhere}
	clerk := core.Account{
		ID: 2, Login: "clerk", Name: desk.Hostile, Role: core.RoleClerk,
		Permissions: []core.Permission{core.PermReaderView}, Scope: core.ScopeOf(5), Created: time.Unix(1e9, 0),
	}
	gone := clerk
	gone.Disabled = time.Unix(1e9, 0)
	names := map[core.ID]string{5: "翠湖花园"}
	communities := []core.Community{{ID: 5, Name: "翠湖花园"}}
	list := accountListOf(accountListing{
		Query: url.Values{}, Accounts: []core.Account{by, clerk, gone}, More: true, Names: names,
	})
	list.Shell = desk.SampleShell("账号")
	none := accountListOf(accountListing{Query: url.Values{}, Names: names})
	none.Shell = desk.SampleShell("账号")
	show := accountShowOf(clerk, names, templates.Badge{Tone: templates.Good, Text: "已开启"})
	show.Shell, show.Log = desk.SampleShell(clerk.Name), accountLog(2)
	show.Detail.Menu = accountMenu(clerk, true, "x")
	signIns := show
	signIns.Detail.NewTabs(accountSignInsTab, "", "权限", accountSignInsTab, "登录")
	signIns.Sessions = []sessionLine{{
		Session: core.Session{ID: 9, Addr: "1.2.3.4", Created: time.Unix(1e9, 0), Seen: time.Unix(1e9, 0)}, Browser: "Firefox",
	}}
	gone.Permissions = nil
	quiet := accountShowOf(gone, names, templates.Badge{})
	quiet.Shell = desk.SampleShell(gone.Name)
	return map[string]any{
		"console/account/list":         list,
		"console/account/list#none":    none,
		"console/account/show":         show,
		"console/account/show#signins": signIns,
		"console/account/show#quiet":   quiet,
		"console/account/form": accountFormPage{
			Shell: desk.SampleShell("添加账号"), Form: accountFields(by, core.Account{}, communities),
		},
		"console/account/form#edit":  accountFormPage{Shell: desk.SampleShell("修改账号"), Form: accountFields(by, clerk, communities)},
		"console/account/form#reset": accountFormPage{Shell: desk.SampleShell("重置密码"), Form: resetFields(2)},
	}
}

func TestAccountPages(t *testing.T) { templates.CheckAll(t, "console/account/", accountSamples()) }
