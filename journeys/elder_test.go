package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// An elder without a phone is registered and certified at the desk; the guard, at the width of a
// phone, finds them by name, lets them out, and is refused once the house is kept in.
func TestElderWithoutAPhone(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	desk := openConsole(t, address, browser.Desktop)
	origin, err := chromedp.Run(desk.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	desk.open(origin + "/console/house")
	desk.await("a house", `document.querySelector("tbody a[href^='/console/house/']").click() || true`)
	desk.await("its page", `/^\/console\/house\/[0-9]+$/.test(location.pathname)`)
	desk.click(`main a[href*="/console/resident/new"]`)
	desk.types("#f-name", "欧阳桂兰")
	desk.await("family", `document.querySelector("input[name=identity][value=family]").click() || true`)
	desk.picture("elder-form")
	desk.click(`.tx-form-foot .btn-primary`)
	desk.await("registered", `document.body.innerText.includes("无手机") && document.body.innerText.includes("未认证")`)
	desk.click(`a[href$="/certify"]`)
	desk.await("the documents", `document.querySelector("input[name=how][value=household]").click() || true`)
	desk.picture("elder-certify")
	desk.click(`.tx-form-foot .btn-primary`)
	desk.await("certified", `document.body.innerText.includes("户口簿，") && document.body.innerText.includes("可用")`)
	desk.picture("elder-shown")

	guard := newTab(t, browser.Phone)
	guard.open(on(t, address, "li-weidong", "/h5/guard"))
	release := func() {
		t.Helper()
		guard.click(`a[href$="/search"]`)
		guard.types("#f-q", "欧阳桂兰")
		guard.click(`.p-search button`)
		guard.await("the elder", `document.querySelector(".p-found")?.innerText.includes("无手机")`)
		guard.picture("elder-found")
		guard.click(`.p-found button`)
		guard.await("whose pass it is", `document.querySelector(".p-holder")?.innerText.includes("欧阳桂兰")`)
		guard.await("the temperature, if it is asked for",
			`(t => { if (t) t.value = "36.5"; return true })(document.querySelector("[name=temp]"))`)
		guard.await("the ID number, if it is asked for",
			`(n => { if (n) n.value = "11010519491231002X"; return true })(document.querySelector("[name=idno]"))`)
		guard.click(`button[value="release"]`)
	}
	release()
	guard.await("released", `document.querySelector(".p-verdict")?.innerText.includes("已放行")`)
	guard.picture("elder-released")

	desk.click(`a[href$="/withdraw"]`)
	desk.types("#f-reason", "户口簿不是本人的")
	desk.click(`.tx-form-foot .btn-primary`)
	desk.await("withdrawn", `document.body.innerText.includes("未认证")`)
	guard.open(on(t, address, "li-weidong", "/h5/guard"))
	guard.click(`a[href$="/search"]`)
	guard.types("#f-q", "欧阳桂兰")
	guard.click(`.p-search button`)
	guard.await("no pass", `(e => e?.innerText.includes("未认证") && !e.querySelector("button"))(document.querySelector(".p-found"))`)
}
