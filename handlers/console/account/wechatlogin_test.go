package account

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func TestSignInWithWechat(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b, id := d.SignedIn(t, "scanner")
	owner := d.WechatOf(t, id)

	b.Open(t, wechatBindPath+"/new")
	page, _ := b.Post(t, wechatBindPath, url.Values{"password": {"wrong"}}, http.StatusUnprocessableEntity)
	desk.WrongField(t, page, "password")
	if page.Find(".tx-login-code").Length() != 0 || desk.InputValue(page, "password") != "" {
		t.Error("a wrong password gets a QR, or comes back")
	}
	page, _ = b.Post(t, wechatBindPath, url.Values{"password": {desk.OwnPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	token := b.Shown(t, code)
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	if _, to := b.Watch(t, wechatBindPath); to != frame.MePath {
		t.Errorf("after the binding sent to %s", to)
	}
	if me := b.Open(t, frame.MePath); me.Find(`form[action="`+wechatBindPath+`/off"]`).Length() != 1 {
		t.Error("the page does not know of the binding")
	}

	other := d.Visitor()
	if other.Open(t, "/console/session").Find(`a[href^="`+wechatSignInPath+`"]`).Length() != 1 {
		t.Error("the sign-in does not offer WeChat")
	}
	page = other.Open(t, wechatSignInPath+"?next="+frame.MePath)
	other.CSRF = page.Find(`meta[name="csrf-token"]`).AttrOr("content", other.CSRF)
	code = page.Find(".tx-login-code").Text()
	token = other.Shown(t, code)
	state := func() string { return other.Get(t, wechatSignInPath+"/state?next="+frame.MePath, http.StatusOK).Text() }
	if words := state(); !strings.Contains(words, "等待扫码") {
		t.Errorf("before the scan: %s", words)
	}
	finish := func(b *desk.Clerk) string {
		b.CSRF = b.Open(t, "/console/session").Find(`input[name="csrf"]`).AttrOr("value", "")
		_, to := b.Post(t, wechatSignInPath, url.Values{"next": {frame.MePath}}, http.StatusSeeOther)
		return to
	}
	if to := finish(other); !strings.HasPrefix(to, wechatSignInPath) {
		t.Errorf("finished before the yes: %s", to)
	}
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	if words := state(); !strings.Contains(words, "已确认") {
		t.Errorf("after the yes: %s", words)
	}
	if to := finish(d.Visitor()); !strings.HasPrefix(to, wechatSignInPath) {
		t.Errorf("another browser got in: %s", to)
	}
	if to := finish(other); to != frame.MePath {
		t.Errorf("sent to %s", to)
	}
	other.Open(t, frame.MePath)
	asks, _ := other.Post(t, wechatBindPath+"/off", nil, http.StatusOK)
	if asks.Find("form.tx-confirm").Length() != 1 {
		t.Error("unbinding is not asked about")
	}
	other.Post(t, wechatBindPath+"/off", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if a, err := d.Store.Account(t.Context(), core.Everywhere, id); err != nil || a.User != 0 {
		t.Errorf("still bound: %v", err)
	}
}

// The page of a QR code may be reloaded, gone back to and opened in a second tab: all show the same
// code, and any of them can finish.
func TestWechatQRSurvivesTabs(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b, id := d.SignedIn(t, "tabs")
	owner := d.WechatOf(t, id)
	b.Open(t, wechatBindPath+"/new")
	page, _ := b.Post(t, wechatBindPath, url.Values{"password": {desk.OwnPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	token := b.Shown(t, code)
	if again := b.Get(t, wechatBindPath, http.StatusOK); again.Find(".tx-login-code").Text() != code || b.Shown(t, code) != token {
		t.Error("loaded again, the page shows another QR to bind")
	}
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	if _, to := b.Watch(t, wechatBindPath); to != frame.MePath {
		t.Errorf("bound, and sent to %q", to)
	}

	visitor := d.Visitor()
	first := visitor.Open(t, wechatSignInPath+"?next="+frame.MePath)
	code = first.Find(".tx-login-code").Text()
	token = visitor.Shown(t, code)
	second := visitor.Open(t, wechatSignInPath)
	if second.Find(".tx-login-code").Text() != code || visitor.Shown(t, code) != token {
		t.Fatal("the second tab shows another QR")
	}
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	asks := func(page *goquery.Document) string { return page.Find("#wechat-state").AttrOr("hx-get", "") }
	for _, page := range []*goquery.Document{first, second} {
		if part := visitor.Get(t, asks(page), http.StatusOK); part.Find("form[data-finish]").Length() != 1 {
			t.Errorf("a tab does not hear of the yes: %s", part.Text())
		}
	}
	if late := visitor.Open(t, wechatSignInPath); late.Find("form[data-finish]").Length() != 1 {
		t.Error("loaded again after the yes, the page does not finish")
	}
	for range 2 { // each tab
		if _, to := visitor.Post(t, wechatSignInPath, url.Values{"next": {frame.MePath}}, http.StatusSeeOther); to != frame.MePath {
			t.Fatalf("sent to %s", to)
		}
		visitor.Open(t, frame.MePath)
	}
	if status, to := visitor.Watch(t, asks(second)); status != http.StatusNoContent || to != "/console" {
		t.Errorf("the other tab, signed in by the first: %d to %q", status, to)
	}
	stranger := d.Visitor()
	stranger.Open(t, wechatSignInPath)
	if part := stranger.Get(t, asks(first), http.StatusOK); !strings.Contains(part.Text(), "已失效") {
		t.Errorf("a page of another QR: %s", part.Text())
	}
}

// An admin unbinds an account's WeChat after a confirmation: its owner is signed out, and signs in
// by password.
func TestWechatIsTakenOffAnAccount(t *testing.T) {
	d := newDesk(t)
	d.Frame.Wechat = &desk.Wechat{}
	b, id := d.SignedIn(t, "lostphone")
	owner := d.WechatOf(t, id)
	b.Open(t, wechatBindPath+"/new")
	page, _ := b.Post(t, wechatBindPath, url.Values{"password": {desk.OwnPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	if err := d.Store.ApproveWechatLogin(t.Context(), owner, b.Shown(t, code), code); err != nil {
		t.Fatal(err)
	}
	boss, off := d.Boss(t), frame.AccountURL(id)+"/wechat/off"
	if show := boss.Get(t, frame.AccountURL(id), http.StatusOK); desk.Fact(show, "微信") != "已绑定" ||
		show.Find(`[formaction="`+off+`"]`).Length() != 1 {
		t.Errorf("the account's page says %q", desk.Fact(show, "微信"))
	}
	asks, _ := boss.Post(t, off, nil, http.StatusOK)
	if !strings.Contains(asks.Find("form.tx-confirm").Text(), "lostphone") {
		t.Error("the question does not say whose")
	}
	boss.Post(t, off, desk.ConfirmedForm(), http.StatusSeeOther)
	if show := boss.Get(t, frame.AccountURL(id), http.StatusOK); desk.Fact(show, "微信") != "未绑定" ||
		show.Find(`[formaction="`+off+`"]`).Length() != 0 {
		t.Errorf("afterwards the account's page says %q", desk.Fact(show, "微信"))
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+frame.MePath, http.NoBody)
	if _, to := b.Do(t, request, http.StatusSeeOther); !strings.HasPrefix(to, "/console/session") {
		t.Errorf("its owner is sent to %s", to)
	}
}

func TestWechatLoginPages(t *testing.T) {
	shell := templates.Shell{Title: "微信扫码登录", CSRF: "x"}
	p := &Pages{}
	templates.CheckAll(t, "console/wechatlogin/", map[string]any{
		"console/wechatlogin/sign": wechatLoginPage{
			Shell: shell, Image: "data:image/svg+xml;base64,AA==", Code: "42", Link: desk.Hostile,
			State: wechatLoginState{Ask: "/x", Words: "等待扫码", Tone: templates.Info}, Back: "/y",
		},
		"console/wechatlogin/sign#yes": wechatLoginPage{
			Shell: shell,
			State: wechatLoginState{Finish: wechatSignInPath, CSRF: "x", Next: desk.Hostile, Tone: templates.Good},
		},
		"console/wechatlogin/bind": wechatLoginPage{
			Shell: shell, Code: "42", State: p.bindState(core.WechatLoginWaiting, ""), Link: "/x",
		},
		"console/wechatlogin/bind#refused": wechatLoginPage{Shell: shell, State: p.bindState(core.WechatLoginRefused, "")},
	})
}
