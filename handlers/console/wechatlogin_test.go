package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

// wechatOf binds a WeChat user of their own to an account.
func (d *readerDesk) wechatOf(t *testing.T, account core.ID) core.Actor {
	t.Helper()
	user, err := d.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: account.String()})
	if err != nil {
		t.Fatal(err)
	}
	return core.Actor{Kind: core.ActorWechat, ID: user.ID}
}

// shown is the token and digits of the QR that a browser shows, as a phone reads
// them.
func (b *readerClerk) shown(t *testing.T, code string) (token string) {
	t.Helper()
	u, err := url.Parse(b.d.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(u) {
		if strings.HasSuffix(cookie.Name, "wechat-login") {
			token, _, _ = strings.Cut(cookie.Value, ".")
		}
	}
	if token == "" || len(code) != 2 {
		t.Fatalf("no QR, or digits %q", code)
	}
	return token
}

func TestSignInWithWechat(t *testing.T) {
	d := newReaderDesk(t)
	d.console.QR = &standIn{}
	b, id := d.signedIn(t, "scanner")
	owner := d.wechatOf(t, id)

	b.open(t, wechatBindPath+"/new")
	page, _ := b.post(t, wechatBindPath, url.Values{"password": {"wrong"}}, http.StatusUnprocessableEntity)
	wrongField(t, page, "password")
	if page.Find(".tx-login-code").Length() != 0 || inputValue(page, "password") != "" {
		t.Error("a wrong password gets a QR, or comes back")
	}
	page, _ = b.post(t, wechatBindPath, url.Values{"password": {ownPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	token := b.shown(t, code)
	if err := d.store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	if _, to := b.watch(t, wechatBindPath); to != mePath {
		t.Errorf("after the binding sent to %s", to)
	}
	if me := b.open(t, mePath); me.Find(`form[action="`+wechatBindPath+`/off"]`).Length() != 1 {
		t.Error("the page does not know of the binding")
	}

	other := d.visitor()
	if other.open(t, "/console/session").Find(`a[href^="`+wechatSignInPath+`"]`).Length() != 1 {
		t.Error("the sign-in does not offer WeChat")
	}
	page = other.open(t, wechatSignInPath+"?next="+mePath)
	other.csrf = page.Find(`meta[name="csrf-token"]`).AttrOr("content", other.csrf)
	code = page.Find(".tx-login-code").Text()
	token = other.shown(t, code)
	state := func() string { return other.get(t, wechatSignInPath+"/state?next="+mePath, http.StatusOK).Text() }
	if words := state(); !strings.Contains(words, "等待扫码") {
		t.Errorf("before the scan: %s", words)
	}
	finish := func(b *readerClerk) string {
		b.csrf = b.open(t, "/console/session").Find(`input[name="csrf"]`).AttrOr("value", "")
		_, to := b.post(t, wechatSignInPath, url.Values{"next": {mePath}}, http.StatusSeeOther)
		return to
	}
	if to := finish(other); !strings.HasPrefix(to, wechatSignInPath) {
		t.Errorf("finished before the yes: %s", to)
	}
	if err := d.store.ApproveWechatLogin(t.Context(), owner, token, code); err != nil {
		t.Fatal(err)
	}
	if words := state(); !strings.Contains(words, "已确认") {
		t.Errorf("after the yes: %s", words)
	}
	if to := finish(d.visitor()); !strings.HasPrefix(to, wechatSignInPath) {
		t.Errorf("another browser got in: %s", to)
	}
	if to := finish(other); to != mePath {
		t.Errorf("sent to %s", to)
	}
	other.open(t, mePath)
	asks, _ := other.post(t, wechatBindPath+"/off", nil, http.StatusOK)
	if asks.Find("form.tx-confirm").Length() != 1 {
		t.Error("unbinding is not asked about")
	}
	other.post(t, wechatBindPath+"/off", url.Values{"confirmed": {"1"}}, http.StatusSeeOther)
	if a, err := d.store.Account(t.Context(), core.Everywhere, id); err != nil || a.User != 0 {
		t.Errorf("still bound: %v", err)
	}
}

// An admin takes WeChat off somebody's account, after being asked: its owner is out,
// and signs in by password.
func TestWechatIsTakenOffAnAccount(t *testing.T) {
	d := newReaderDesk(t)
	d.console.QR = &standIn{}
	b, id := d.signedIn(t, "lostphone")
	owner := d.wechatOf(t, id)
	b.open(t, wechatBindPath+"/new")
	page, _ := b.post(t, wechatBindPath, url.Values{"password": {ownPassword}}, http.StatusOK)
	code := page.Find(".tx-login-code").Text()
	if err := d.store.ApproveWechatLogin(t.Context(), owner, b.shown(t, code), code); err != nil {
		t.Fatal(err)
	}
	boss, off := d.boss(t), accountURL(id)+"/wechat/off"
	if show := boss.get(t, accountURL(id), http.StatusOK); factOf(show, "微信") != "已绑定" || show.Find(`[formaction="`+off+`"]`).Length() != 1 {
		t.Errorf("the account's page says %q", factOf(show, "微信"))
	}
	asks, _ := boss.post(t, off, nil, http.StatusOK)
	if !strings.Contains(asks.Find("form.tx-confirm").Text(), "lostphone") {
		t.Error("the question does not say whose")
	}
	boss.post(t, off, confirmedForm(), http.StatusSeeOther)
	if show := boss.get(t, accountURL(id), http.StatusOK); factOf(show, "微信") != "未绑定" || show.Find(`[formaction="`+off+`"]`).Length() != 0 {
		t.Errorf("afterwards the account's page says %q", factOf(show, "微信"))
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.address+mePath, http.NoBody)
	if _, to := b.do(t, request, http.StatusSeeOther); !strings.HasPrefix(to, "/console/session") {
		t.Errorf("its owner is sent to %s", to)
	}
}

func TestWechatLoginPages(t *testing.T) {
	shell := templates.Shell{Title: "微信扫码登录", CSRF: "x"}
	h := &Console{}
	templates.CheckAll(t, "console/wechatlogin/", map[string]any{
		"console/wechatlogin/sign":         wechatLoginPage{Shell: shell, Image: "data:image/svg+xml;base64,AA==", Code: "42", Link: hostileText, State: wechatLoginState{Ask: "/x", Words: "等待扫码", Tone: templates.Info}, Back: "/y"},
		"console/wechatlogin/sign#yes":     wechatLoginPage{Shell: shell, State: wechatLoginState{Finish: wechatSignInPath, CSRF: "x", Next: hostileText, Tone: templates.Good}},
		"console/wechatlogin/bind":         wechatLoginPage{Shell: shell, Code: "42", State: h.bindState(core.WechatLoginWaiting), Link: "/x"},
		"console/wechatlogin/bind#refused": wechatLoginPage{Shell: shell, State: h.bindState(core.WechatLoginRefused)},
	})
}
