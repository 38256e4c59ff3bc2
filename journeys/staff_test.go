package journeys

import (
	"net/url"
	"strings"
	"testing"

	"tongxing/testkit/browser"
)

// workApp is the demo's company's app, as the simulator calls it.
const workApp = "ww0000000000de3001/1000002"

// Members of the company open its app in WeWork on the simulator's phones: they are signed in by it, see what is
// theirs to do, and let it tell their number; who is a guard by that number scans with WeWork's own scanner.
func TestStaffInWeWork(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	at := func(persona string) string {
		return on(t, address, persona, "/sim/phone/"+persona+"?app="+url.QueryEscape(workApp))
	}
	clerk := newTab(t, browser.Phone)
	clerk.open(at("he-yawen"))
	clerk.click("nav.menu a")
	clerk.await("the workbench", inPhone+"(`.p-top h1`)?.innerText === '何雅文'")
	if words := clerk.text("#main"); !strings.Contains(words, "客户服务部") || !strings.Contains(words, "翠湖花园") ||
		!strings.Contains(words, "待我审核") {
		t.Errorf("the workbench says %q", words)
	}
	clerk.picture("staff")
	clerk.click(`a[href="/h5/staff/record"]`)
	clerk.await("the records", inPhone+"(`.p-records li`)")
	clerk.picture("staff-record")
	clerk.click(".p-back")
	clerk.click(`a[href="/h5/review"]`)
	clerk.await("the reviews", inPhone+"(`.p-top h1`)?.innerText === '手机端审核'")
	clerk.click(".p-back")
	clerk.click("[data-large-switch]")
	clerk.await("large type", inPhone+"(`html[data-large]`)")
	clerk.picture("staff-large")

	guard := newTab(t, browser.Phone)
	guard.open(at("li-weidong"))
	guard.click("nav.menu a")
	guard.click(`form[action="/h5/staff/phone"] button`)
	guard.click(`button[name="persona"]`) // WeWork asks
	guard.await("the number", inPhone+"(`#main`)?.innerText.includes('手机号已保存')")
	if words := guard.text("#main"); !strings.Contains(words, "南门岗亭") || !strings.Contains(words, "199****0004") {
		t.Errorf("with a number: %q", words)
	}
	guard.picture("staff-phone")
	guard.click(`section[aria-labelledby="posts-title"] a[href^="/h5/guard/"]`)
	guard.await("the post", inPhone+"(`.p-top h1`)?.innerText.includes('岗亭')")
	guard.click(`[data-scan-open="ready"]`)
	guard.await("WeWork's scanner", `(() => { const box = `+inPhone+"(`dialog`); box.querySelector(`input`).value = `QNOTHING`; "+
		"box.querySelector(`button`).click(); return true })()")
	guard.await("what was scanned", inPhone+"(`.p-top h1`)?.innerText === '核对通行'")
	guard.picture("staff-guard")

	resident := newTab(t, browser.Phone)
	resident.open(on(t, address, "chen-jianguo", "/h5/staff"))
	resident.await("who is no member", inPhone+"(`main`)?.innerText.includes('不是这家企业的成员')")
}
