package journeys

import (
	"net/url"
	"testing"

	"tongxing/demo"
	"tongxing/testkit/browser"
)

// An admin binds WeChat to the account, signs out, and signs in again by a scan.
func TestConsoleSignInWithWechat(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	desk, phone := newTab(t, browser.Desktop), newTab(t, browser.Phone)
	// scan opens the desk's QR code on the phone, and picks the digits.
	scan := func() {
		t.Helper()
		link, err := url.Parse(desk.text("main code"))
		if err != nil {
			t.Fatal(err)
		}
		code := desk.text(".tx-login-code")
		phone.open(on(t, address, "zhou-min", link.Path))
		phone.await("the question", `document.querySelectorAll("button[name=code]").length === 4`)
		phone.picture("wechat-login-phone")
		phone.click(`button[value="` + code + `"]`)
		phone.await("the answer", `document.body.innerText.includes("已确认")`)
	}
	desk.open(address + "/demo")
	// stay in this tab
	desk.await("the tour", `document.querySelectorAll("form[target]").forEach(f => f.removeAttribute("target")) || true`)
	desk.click(`form[action^="/demo/admin"] button`)
	desk.await("the console", `location.pathname.startsWith("/console")`)
	desk.open(address + "/console/me")
	desk.click(`a[href="/console/me/wechat/new"]`)
	desk.types("#f-password", "wrong-password")
	desk.click(".tx-form-foot .btn-primary")
	desk.await("a wrong password", `document.querySelector(".tx-wrong .tx-error").innerText.includes("密码不正确")`)
	desk.types("#f-password", demo.AdminPassword)
	desk.click(".tx-form-foot .btn-primary")
	desk.await("the QR to bind", `document.querySelector(".tx-login-code")`)
	desk.picture("wechat-bind")
	scan()
	desk.await("the binding", `location.pathname === "/console/me" && document.querySelector('form[action$="/wechat/off"]')`)
	desk.picture("me-bound")

	desk.click(".tx-menu:has(.tx-account) summary")
	desk.click(".tx-menu:has(.tx-account) .tx-menu-panel form button")
	desk.await("the sign-in", `document.querySelector('a[href^="/console/session/wechat"]')`)
	desk.picture("sign-in")
	desk.click(`a[href^="/console/session/wechat"]`)
	desk.await("the QR to sign in", `document.querySelector(".tx-login-code")`)
	desk.picture("wechat-sign-in")
	scan()
	desk.await("the console again", `location.pathname === "/console" && document.querySelector(".tx-account")`)
}
