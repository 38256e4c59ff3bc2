package h5

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// silent is a browser that allows sound after a tap on the page only, and notes what it would play.
const silent = `window.heard = [];
window.AudioContext = class extends EventTarget {
	state = "suspended";
	currentTime = 1;
	destination = {};
	async resume() { this.state = "running"; this.dispatchEvent(new Event("statechange")); }
	createOscillator() {
		const voice = { frequency: {}, connect: (next) => next, stop() {}, start: (at) => window.heard.push([voice.frequency.value, at]) };
		return voice;
	}
	createGain() { return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (next) => next }; }
};`

// Where the browser allows no sound yet, the verdict sounds at the first tap: once, one high tone or two
// low ones.
func TestTheVerdictSoundsAtTheFirstTap(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373}})
	w.allowUrgent(t, true)
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	p.get("/h5/guard/"+w.Post.String(), http.StatusOK)
	ctx, address := p.screen(browser.Phone)
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: silent})
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	p.must(err)
	p.await(ctx, `(() => { const form = document.querySelector("[data-scan]");
		form.elements.text.value = "`+issued.Text+`"; form.requestSubmit(); return true })()`)
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("不可放行") && document.documentElement.classList.contains("js")`)
	p.await(ctx, `window.heard.length === 0`)
	p.picture(ctx, "guard-urgent")
	p.await(ctx, `(document.querySelector(".p-chips button").click(),
		window.heard.map(([pitch]) => pitch).join() === "311,233" && window.heard[1][1] > window.heard[0][1])`)
	p.await(ctx, `document.getElementById("f-reason").value === "就医急诊"`)
	p.await(ctx, `(() => { document.querySelector(".p-chips button").click(); return true })()`)
	p.await(ctx, `window.heard.length === 2`) // a second tap repeats nothing
	p.await(ctx, `(() => { document.querySelector('[value="urgent"]').click(); return true })()`)
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("已紧急放行")`)
	p.picture(ctx, "guard-urgent-done")
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	p.await(ctx, `document.querySelector("#records")?.innerText.includes("紧急放行")`)
	p.picture(ctx, "guard-urgent-records")
}
