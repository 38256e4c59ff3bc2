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
	desk, phone := openConsole(t, address, browser.Desktop), newTab(t, browser.Phone)
	desk.open(address + "/console/me")
	desk.click(`a[href="/console/me/wechat/new"]`)
	desk.types("#f-password", "wrong-password")
	desk.click(".tx-form-foot .btn-primary")
	desk.await("a wrong password", `document.querySelector(".tx-wrong .tx-error").innerText.includes("密码不正确")`)
	bindsOwnWechat(t, address, desk, phone)
	desk.picture("me-bound")

	desk.click(".tx-menu:has(.tx-account) summary")
	desk.click(".tx-menu:has(.tx-account) .tx-menu-panel form button")
	desk.await("the sign-in", `document.querySelector('a[href^="/console/session/wechat"]')`)
	desk.picture("sign-in")
	desk.click(`a[href^="/console/session/wechat"]`)
	desk.await("the QR to sign in", `document.querySelector(".tx-login-code")`)
	desk.picture("wechat-sign-in")
	scansLogin(t, address, desk, phone)
	desk.await("the console again", `location.pathname === "/console" && document.querySelector(".tx-account")`)
}

// bindsOwnWechat binds the inspector's WeChat to the account at the desk, whose page asks for the password.
func bindsOwnWechat(t *testing.T, address string, desk, phone *tab) {
	t.Helper()
	desk.types("#f-password", demo.AdminPassword)
	desk.click(".tx-form-foot .btn-primary")
	desk.await("the QR to bind", `document.querySelector(".tx-login-code")`)
	desk.picture("wechat-bind")
	scansLogin(t, address, desk, phone)
	desk.await("the binding", `location.pathname === "/console/me" && document.querySelector('form[action$="/wechat/off"]')`)
}

// scansLogin opens the desk's QR code on the inspector's phone, and picks the digits.
func scansLogin(t *testing.T, address string, desk, phone *tab) {
	t.Helper()
	link, err := url.Parse(desk.text("main code"))
	if err != nil {
		t.Fatal(err)
	}
	code := desk.text(".tx-login-code")
	phone.open(on(t, address, inspector, link.Path))
	phone.await("the question", `document.querySelectorAll("button[name=code]").length === 4`)
	phone.picture("wechat-login-phone")
	phone.click(`button[value="` + code + `"]`)
	phone.await("the answer", `document.body.innerText.includes("已确认")`)
}
