package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/testkit/desk"
)

func TestSignInFromTheFirstPasswordOn(t *testing.T) {
	d := newDesk(t)
	d.Account(t, "newcomer", core.PermReaderView)
	b := d.Visitor()

	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.ReaderPath+"?q=a", http.NoBody)
	_, to := b.Do(t, request, http.StatusSeeOther)
	page := b.Open(t, to)
	src, _ := page.Find("main img").Attr("src")
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+src, http.NoBody)
	response, err := b.Client.Do(request)
	if err != nil || response.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("the captcha's picture: %v", err)
	}
	response.Body.Close()

	_, to = b.Post(t, "/console/session", b.SignInForm(t, page, "Newcomer", desk.FirstPassword), http.StatusSeeOther)
	if to != frame.ReaderPath+"?q=a" {
		t.Errorf("after signing in sent to %s", to)
	}
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+to, http.NoBody)
	if _, to = b.Do(t, request, http.StatusSeeOther); to != web.PasswordPage {
		t.Fatalf("with a first password sent to %s", to)
	}
	b.Open(t, to)
	change := func(old, password, again string, status int) *goquery.Document {
		page, _ := b.Post(t, web.PasswordPage, url.Values{"old": {old}, "password": {password}, "again": {again}}, status)
		return page
	}
	desk.WrongField(t, change("wrong", desk.OwnPassword, desk.OwnPassword, http.StatusUnprocessableEntity), "old")
	desk.WrongField(t, change(desk.FirstPassword, desk.OwnPassword, desk.OwnPassword+"x", http.StatusUnprocessableEntity), "again")
	desk.WrongField(t, change(desk.FirstPassword, "short", "short", http.StatusUnprocessableEntity), "password")
	change(desk.FirstPassword, desk.OwnPassword, desk.OwnPassword, http.StatusSeeOther)

	home := b.Open(t, frame.ReaderPath)
	if !strings.Contains(home.Find("main").Text(), "密码已修改") {
		t.Error("the success is not told")
	}
	if home.Find(`nav a[href="/console/account"]`).Length() != 0 || home.Find(`nav a[href="`+frame.ReaderPath+`"]`).Length() == 0 {
		t.Error("the menu does not fit the permissions")
	}
	b.Post(t, web.SignOutPath, nil, http.StatusSeeOther)
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.ReaderPath, http.NoBody)
	b.Do(t, request, http.StatusSeeOther)
}

func TestAnEndedSessionGoesToTheSignIn(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	sessions, _, err := d.Store.Accounts(t.Context(), core.Everywhere, desk.AccountFilterOf("文员"))
	if err != nil || len(sessions) != 1 {
		t.Fatalf("accounts: %v", err)
	}
	if err := d.Store.DisableAccount(t.Context(), core.SystemGranter, sessions[0].ID); err != nil {
		t.Fatal(err)
	}
	button := frame.ReaderURL(d.Mine.Doors[0].ID) + "/disable"
	page, _ := b.Post(t, button, nil, http.StatusUnauthorized)
	if page.Find(`main a[href="/console/session"]`).Length() == 0 {
		t.Error("the page does not lead to the sign-in")
	}
	for referer, want := range map[string]string{
		d.Address + frame.ReaderPath + "/new?community=1": "/console/session?next=%2Fconsole%2Freader%2Fnew%3Fcommunity%3D1",
		"https://elsewhere.example" + frame.ReaderPath:    "/console/session",
		d.Address + "//elsewhere.example":                 "/console/session",
	} {
		sent := b.Form(t, button, nil)
		sent.Header.Set("Referer", referer)
		page, _ := b.Do(t, sent, http.StatusUnauthorized)
		if to := page.Find(`main a[href^="/console/session"]`).AttrOr("href", ""); to != want {
			t.Errorf("from %s the sign-in is %q, want %q", referer, to, want)
		}
		if !strings.Contains(page.Find("main").Text(), "没有保存") {
			t.Error("the page does not say that nothing was saved")
		}
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.ReaderPath, http.NoBody)
	request.Header.Set("HX-Request", "true")
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.Header.Get("HX-Redirect") != "/console/session" {
		t.Errorf("htmx is sent to %q", response.Header.Get("HX-Redirect"))
	}
}
