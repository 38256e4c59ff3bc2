package console

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const firstPassword, ownPassword = "correct-horse-7", "battery-staple-8"

// visitor is a browser in which nobody has signed in.
func (d *readerDesk) visitor() *readerClerk {
	jar, _ := cookiejar.New(nil) // never fails
	return &readerClerk{d: d, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// open gets a page with a form and takes its token.
func (b *readerClerk) open(t *testing.T, path string) *goquery.Document {
	t.Helper()
	page := b.get(t, path, http.StatusOK)
	b.csrf, _ = page.Find(`form input[name="csrf"]`).First().Attr("value")
	return page
}

// signInForm is the filled form of a sign-in page, its picture read.
func (b *readerClerk) signInForm(t *testing.T, page *goquery.Document, login, password string) url.Values {
	t.Helper()
	id, _ := page.Find(`input[name="captcha_id"]`).Attr("value")
	answer, ok, err := b.d.console.Cache.Get(t.Context(), "captcha:"+id)
	if err != nil || !ok {
		t.Fatalf("no captcha on the page: %v", err)
	}
	next, _ := page.Find(`input[name="next"]`).Attr("value")
	return url.Values{"login": {login}, "password": {password}, "captcha": {strings.ToLower(answer)}, "captcha_id": {id}, "next": {next}}
}

func (d *readerDesk) account(t *testing.T, login string, permissions ...core.Permission) core.ID {
	t.Helper()
	id, err := d.store.CreateAccount(t.Context(), core.SystemGranter,
		core.Account{Login: login, Name: "小" + login, Role: core.RoleClerk, Permissions: permissions, Scope: core.ScopeOf(d.mine.Community)}, firstPassword)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestSignInFromTheFirstPasswordOn(t *testing.T) {
	d := newReaderDesk(t)
	d.account(t, "newcomer", core.PermReaderView)
	b := d.visitor()

	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+readerPath+"?q=a", http.NoBody)
	_, to := b.do(t, request, http.StatusSeeOther)
	page := b.open(t, to)
	src, _ := page.Find("main img").Attr("src")
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+src, http.NoBody)
	response, err := b.client.Do(request)
	if err != nil || response.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("the captcha's picture: %v", err)
	}
	response.Body.Close()

	_, to = b.post(t, "/console/session", b.signInForm(t, page, "Newcomer", firstPassword), http.StatusSeeOther)
	if to != readerPath+"?q=a" {
		t.Errorf("after signing in sent to %s", to)
	}
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+to, http.NoBody)
	if _, to = b.do(t, request, http.StatusSeeOther); to != web.PasswordPage {
		t.Fatalf("with a first password sent to %s", to)
	}
	b.open(t, to)
	change := func(old, password, again string, status int) *goquery.Document {
		page, _ := b.post(t, web.PasswordPage, url.Values{"old": {old}, "password": {password}, "again": {again}}, status)
		return page
	}
	wrongField(t, change("wrong", ownPassword, ownPassword, http.StatusUnprocessableEntity), "old")
	wrongField(t, change(firstPassword, ownPassword, ownPassword+"x", http.StatusUnprocessableEntity), "again")
	wrongField(t, change(firstPassword, "short", "short", http.StatusUnprocessableEntity), "password")
	change(firstPassword, ownPassword, ownPassword, http.StatusSeeOther)

	home := b.open(t, readerPath)
	if !strings.Contains(home.Find("main").Text(), "密码已修改") {
		t.Error("the success is not told")
	}
	if home.Find(`nav a[href="/console/account"]`).Length() != 0 || home.Find(`nav a[href="`+readerPath+`"]`).Length() == 0 {
		t.Error("the menu does not fit the permissions")
	}
	b.post(t, web.SignOutPath, nil, http.StatusSeeOther)
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+readerPath, http.NoBody)
	b.do(t, request, http.StatusSeeOther)
}

func TestSignInRefuses(t *testing.T) {
	d := newReaderDesk(t)
	d.account(t, "careful", core.PermReaderView)
	b := d.visitor()
	page := b.open(t, "/console/session")

	good := b.signInForm(t, page, "careful", firstPassword)
	wrong := url.Values{"login": good["login"], "password": good["password"], "captcha": {"00000"}, "captcha_id": good["captcha_id"]}
	page, _ = b.post(t, "/console/session", wrong, http.StatusUnprocessableEntity)
	wrongField(t, page, "captcha")
	if inputValue(page, "login") != "careful" || inputValue(page, "password") != "" || inputValue(page, "captcha") != "" {
		t.Error("the form does not come back as it should")
	}
	if id := inputValue(page, "captcha_id"); id == "" || id == good.Get("captcha_id") {
		t.Error("no fresh captcha")
	}
	page, _ = b.post(t, "/console/session", good, http.StatusUnprocessableEntity) // used up
	wrongField(t, page, "captcha")

	page, _ = b.post(t, "/console/session", b.signInForm(t, page, "careful", "wrong"), http.StatusUnprocessableEntity)
	if !strings.Contains(page.Find(`[role="alert"]`).Text(), "登录名或密码不正确") {
		t.Errorf("said %q", page.Find(`[role="alert"]`).Text())
	}
	form := b.signInForm(t, page, hostileText, "wrong")
	page, _ = b.post(t, "/console/session", form, http.StatusUnprocessableEntity)
	if inputValue(page, "login") != hostileText || page.Find("img[src=x]").Length() != 0 {
		t.Error("the page believed what was typed")
	}
	for range 4 {
		page, _ = b.post(t, "/console/session", b.signInForm(t, page, "careful", "wrong"), http.StatusUnprocessableEntity)
	}
	page, _ = b.post(t, "/console/session", b.signInForm(t, page, "careful", firstPassword), http.StatusTooManyRequests)
	if !strings.Contains(page.Find(`[role="alert"]`).Text(), "秒后再试") {
		t.Errorf("said %q", page.Find(`[role="alert"]`).Text())
	}
	b.csrf = ""
	b.post(t, "/console/session", b.signInForm(t, page, "careful", firstPassword), http.StatusForbidden)
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	d := newReaderDesk(t)
	d.account(t, "follower", core.PermReaderView)
	b := d.visitor()
	page := b.open(t, "/console/session?next="+url.QueryEscape("//evil.example/x"))
	form := b.signInForm(t, page, "follower", firstPassword)
	form.Set("next", "https://evil.example")
	if _, to := b.post(t, "/console/session", form, http.StatusSeeOther); to != "/console" {
		t.Errorf("sent to %s", to)
	}
}

func TestSetupByTheOneTimeLink(t *testing.T) {
	d := newReaderDesk(t)
	b := d.visitor()
	token, needed, err := d.store.CreateFirstAdminToken(t.Context())
	if err != nil || !needed {
		t.Fatalf("needed %v: %v", needed, err)
	}
	b.get(t, "/console/setup?token=wrong", http.StatusNotFound)
	b.get(t, "/console/setup", http.StatusNotFound)
	b.open(t, "/console/setup?token="+token)
	form := url.Values{"token": {token}, "login": {"root"}, "name": {"管理员"}, "password": {ownPassword}, "again": {"another"}}
	page, _ := b.post(t, "/console/setup", form, http.StatusUnprocessableEntity)
	wrongField(t, page, "again")
	if inputValue(page, "token") != token || inputValue(page, "name") != "管理员" {
		t.Error("what was typed is lost")
	}
	form.Set("again", ownPassword)
	b.post(t, "/console/setup", form, http.StatusSeeOther)
	b.post(t, "/console/setup", form, http.StatusNotFound)
	b.get(t, "/console/setup?token="+token, http.StatusNotFound)
	page = b.open(t, "/console/session")
	if _, to := b.post(t, "/console/session", b.signInForm(t, page, "root", ownPassword), http.StatusSeeOther); to != "/console" {
		t.Errorf("sent to %s", to)
	}
	b.get(t, accountPath, http.StatusOK)
}

func TestAnEndedSessionGoesToTheSignIn(t *testing.T) {
	d := newReaderDesk(t)
	b := d.manager(t)
	sessions, _, err := d.store.Accounts(t.Context(), core.Everywhere, accountFilterOf("文员"))
	if err != nil || len(sessions) != 1 {
		t.Fatalf("accounts: %v", err)
	}
	if err := d.store.DisableAccount(t.Context(), core.SystemGranter, sessions[0].ID); err != nil {
		t.Fatal(err)
	}
	button := readerURL(d.mine.Doors[0].ID) + "/disable"
	page, _ := b.post(t, button, nil, http.StatusUnauthorized)
	if page.Find(`main a[href="/console/session"]`).Length() == 0 {
		t.Error("the page does not lead to the sign-in")
	}
	for referer, want := range map[string]string{
		d.address + readerPath + "/new?community=1": "/console/session?next=%2Fconsole%2Freader%2Fnew%3Fcommunity%3D1",
		"https://elsewhere.example" + readerPath:    "/console/session",
		d.address + "//elsewhere.example":           "/console/session",
	} {
		sent := b.form(t, button, nil)
		sent.Header.Set("Referer", referer)
		page, _ := b.do(t, sent, http.StatusUnauthorized)
		if to := page.Find(`main a[href^="/console/session"]`).AttrOr("href", ""); to != want {
			t.Errorf("from %s the sign-in is %q, want %q", referer, to, want)
		}
		if !strings.Contains(page.Find("main").Text(), "没有保存") {
			t.Error("the page does not say that nothing was saved")
		}
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+readerPath, http.NoBody)
	request.Header.Set("HX-Request", "true")
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.Header.Get("HX-Redirect") != "/console/session" {
		t.Errorf("htmx is sent to %q", response.Header.Get("HX-Redirect"))
	}
}

func sessionSamples() map[string]any {
	form := signInFields(templates.Form{})
	form.Sections[0].Fields = append(form.Sections[0].Fields, templates.Field{Kind: templates.Hidden, Name: "captcha_id"}, templates.Field{Kind: templates.Hidden, Name: "next"})
	wrong := form
	wrong.Error = "登录名或密码不正确"
	return map[string]any{
		"console/session/draft":          draftPage{Shell: sampleShell("接着填写"), Action: observerPath, Kept: []templates.Fact{{Label: "name", Value: "王岚"}}},
		"console/session/new":            signPage{Shell: templates.Shell{Title: "登录", CSRF: "t"}, Form: form, Picture: "/console/captcha/x", Next: "/console"},
		"console/session/new#wrong":      signPage{Shell: templates.Shell{Title: "登录", CSRF: "t"}, Form: wrong, Picture: "/console/captcha/x", Next: "/console"},
		"console/session/password":       centrePage{Shell: templates.Shell{Title: "创建第一个管理员", CSRF: "t"}, Form: setupFields("x")},
		"console/session/password#reset": centrePage{Shell: templates.Shell{Title: "修改密码", Note: "首次登录", CSRF: "t"}, Form: resetFields(1)},
	}
}

func TestSessionPages(t *testing.T) { templates.CheckAll(t, "console/session/", sessionSamples()) }

func accountSamples() map[string]any {
	by := core.Account{ID: 1, Name: "管理员", Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: core.Everywhere}
	clerk := core.Account{ID: 2, Login: "clerk", Name: hostileText, Role: core.RoleClerk, Permissions: []core.Permission{core.PermReaderView}, Scope: core.ScopeOf(5), Created: time.Unix(1e9, 0)}
	gone := clerk
	gone.Disabled = time.Unix(1e9, 0)
	names := map[core.ID]string{5: "翠湖花园"}
	communities := []core.Community{{ID: 5, Name: "翠湖花园"}}
	list := accountListOf(accountListing{Query: url.Values{}, Accounts: []core.Account{by, clerk, gone}, More: true, Names: names, Edit: true})
	list.Shell = sampleShell("账号")
	none := accountListOf(accountListing{Query: url.Values{}, Names: names})
	none.Shell = sampleShell("账号")
	show := accountShowOf(clerk, names, []core.Session{{ID: 9, Addr: "1.2.3.4", Agent: "Firefox", Created: time.Unix(1e9, 0), Seen: time.Unix(1e9, 0)}}, true)
	show.Shell = sampleShell(clerk.Name)
	quiet := accountShowOf(gone, names, nil, false)
	quiet.Shell = sampleShell(gone.Name)
	return map[string]any{
		"console/account/list":       list,
		"console/account/list#none":  none,
		"console/account/show":       show,
		"console/account/show#quiet": quiet,
		"console/account/form":       accountFormPage{Shell: sampleShell("添加账号"), Form: accountFields(by, core.Account{}, communities)},
		"console/account/form#edit":  accountFormPage{Shell: sampleShell("修改账号"), Form: accountFields(by, clerk, communities)},
		"console/account/form#reset": accountFormPage{Shell: sampleShell("重置密码"), Form: resetFields(2)},
	}
}

func TestAccountPages(t *testing.T) { templates.CheckAll(t, "console/account/", accountSamples()) }
