package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// A resident applies for an exit slip on the phone with a picture, the office approves it at the desk, and the guard, at the width of a
// phone, scans it, compares the picture, lets a part of the things out, and then finds it for the rest; the resident sees each.
func TestThingsAreCarriedOut(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	mover := newTab(t, browser.Phone)
	mover.open(on(t, address, "huang-zhiming", "/h5/exitslip"))
	mover.click(`a[href="/h5/exitslip/new"]`)
	mover.types("#f-item_1", "三角钢琴")
	mover.types("#f-item_2", "餐椅")
	mover.types("#f-plate", "京A54321")
	mover.await("a picture of the first", `(input => {
		const canvas = Object.assign(document.createElement("canvas"), {width: 640, height: 480}), chosen = new DataTransfer()
		canvas.getContext("2d").fillRect(160, 120, 320, 240)
		const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), c => c.charCodeAt(0))
		chosen.items.add(new File([bytes], "piano.png", {type: "image/png"}))
		input.files = chosen.files
		return input.dispatchEvent(new Event("change", {bubbles: true})) && input.files.length === 1
	})(document.querySelector("[name=photo_1]"))`)
	mover.run(dates + `({"#f-planned": 0}), document.querySelector("#f-clock").value = "23:59"`) // late in the evening, it is tomorrow's
	mover.picture("exitslip-form")
	mover.click(`.tx-form-foot .btn-primary`)
	mover.await("what was sent", `document.body.innerText.includes("等待审核") && document.querySelectorAll(".tx-items li").length === 2`)
	mover.picture("exitslip-waiting")

	desk := openConsole(t, address, browser.Desktop)
	origin, err := chromedp.Run(desk.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	desk.open(origin + "/console/exitslip?state=waiting")
	desk.await("the application", `[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("三角钢琴")).
		querySelector(".tx-name a").click() || true`)
	desk.await("its page", `document.querySelector("[data-decide=approve]")`)
	desk.picture("exitslip-review")
	desk.click(`[data-decide=approve]`)
	desk.says("会告诉申请人")

	mover.open(on(t, address, "huang-zhiming", "/h5/exitslip"))
	mover.click(".p-card-link")
	mover.await("the code", `document.querySelector(".p-qr-frame img")?.complete`)
	code := decodeQR(t, mover.shot())

	guard := newTab(t, browser.Phone)
	release := func(item, says string) {
		t.Helper()
		guard.await("the items", `document.querySelector(".tx-items input[value='`+item+`']")?.click() || `+
			`document.querySelector(".tx-items input[value='`+item+`']")?.checked`)
		guard.await("the temperature, if it is asked for",
			`(t => { if (t) t.value = "36.5"; return true })(document.querySelector("[name=temp]"))`)
		guard.picture("exitslip-look-" + item)
		guard.click(`button[value="release"]`)
		guard.await("released", `document.querySelector(".p-verdict")?.innerText.includes("`+says+`")`)
		guard.picture("exitslip-released-" + item)
	}
	guard.scans(address, code)
	guard.await("the picture", `document.querySelector(".tx-items img")?.naturalWidth > 0`)
	release("2", "还有 1 项没有出门")
	mover.open(on(t, address, "huang-zhiming", "/h5/exitslip"))
	mover.await("a part has left", `document.querySelector(".p-card-link")?.innerText.includes("部分放行")`)
	mover.click(".p-card-link")
	mover.await(
		"the code for the rest",
		`document.querySelector(".p-qr-frame img") && document.querySelectorAll(".tx-item-left").length === 1`,
	)
	mover.picture("exitslip-partial")
	guard.open(on(t, address, "li-weidong", "/h5/guard"))
	guard.click(`a[href$="/search"]`)
	guard.types("#f-q", "三角钢琴")
	guard.click(`.p-search button`)
	guard.click(`.p-found button`)
	release("1", "三角钢琴 1 件")
	mover.open(on(t, address, "huang-zhiming", "/h5/exitslip"))
	mover.await("all has left", `document.querySelector(".p-card-link")?.innerText.includes("已放行")`)
	desk.open(origin + "/console/exitslip?state=left")
	desk.await("the slip that is used", `[...document.querySelectorAll("tbody tr")].some(r => r.innerText.includes("三角钢琴"))`)
}
