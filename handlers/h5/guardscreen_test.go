package h5

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// A guard lets thirty people out one after another: a scan, a press on 放行, and the scanner is open
// again by itself. Nobody is counted twice or left out.
func TestGuardScansThirtyInARow(t *testing.T) {
	const people = 30
	w := newSite(t, estate.Plan{Houses: 15, Members: 2})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: camera})
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String()+"?scan=1")))
	for _, r := range w.Residents[:people] {
		issued, err := w.gate.Issue(t.Context(), r.Pass)
		p.must(err)
		text, err := json.Marshal(issued.Text)
		p.must(err)
		// The scanner is open without a press.
		p.await(ctx, fmt.Sprintf(`document.querySelector("[data-scan-video]")?.videoWidth > 0 && (window.shown = %s, true)`, text))
		p.await(ctx, fmt.Sprintf(`document.querySelector(".p-holder h2")?.innerText === %q &&
			(document.querySelector('[name="act"][value="release"]').click(), true)`, r.Name))
	}
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("已放行") || document.querySelector("[data-scan]") !== null`)
	records, _, err := w.store.AccessRecords(t.Context(), core.ScopeOf(w.Community), core.RecordFilter{}, store.Page{Limit: 99})
	p.must(err)
	seen := map[core.ID]int{}
	for _, rec := range records {
		if !rec.Allowed || !rec.Counted || rec.Via != core.ViaGuard {
			t.Errorf("record %+v", rec)
		}
		seen[rec.Person]++
	}
	if len(records) != people || len(seen) != people {
		t.Errorf("%d records of %d people", len(records), len(seen))
	}
}

// Back from a decision is the scanner: not the browser's question whether to send the form again.
func TestBackFromADecisionIsTheScanner(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	p.must(err)
	p.await(ctx, `document.querySelector("[data-scan-open]")?.dataset.scanOpen === "ready"`)
	p.run(ctx, `(() => { const form = document.querySelector("[data-scan]");
		form.elements.text.value = "`+issued.Text+`"; form.requestSubmit() })()`)
	p.await(ctx, `document.querySelector('[name="act"][value="release"]') !== null && document.readyState === "complete"`)
	p.run(ctx, `document.querySelector('[name="act"][value="release"]').click()`)
	p.await(ctx, `document.querySelector(".p-verdict")?.innerText.includes("已放行") && document.readyState === "complete"`)
	p.run(ctx, `history.back()`)
	p.await(ctx, `document.querySelector("[data-scan]") !== null && location.pathname === "/h5/guard/`+w.Post.String()+`"`)
	p.must(chromedp.Do(ctx, chromedp.Reload()))
	p.await(ctx, `document.readyState === "complete" && document.querySelectorAll("#records li").length === 1`)
}

// The scanner is large and at the thumb; the field is folded on phones and has the focus on desks.
func TestScannerIsAtTheThumb(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	for range 25 {
		w.gate.Scan(t.Context(), w.Doors[0].ID, "6901234567892")
	}
	ctx, address := p.screen(small)
	for _, theme := range []string{"light", "dark"} {
		p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
		p.await(ctx, fmt.Sprintf(`(document.documentElement.dataset.bsTheme = %q, true) && (() => {
			const at = document.querySelector("[data-scan-open]").getBoundingClientRect();
			return at.height >= 72 && at.width >= innerWidth * 0.9 && at.bottom <= innerHeight && at.bottom > innerHeight - 40 &&
				!document.querySelector("[data-scan-manual]").open && document.documentElement.scrollWidth <= innerWidth })()`, theme))
		p.picture(ctx, "guard-"+theme)
	}
	p.must(chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	p.await(ctx, `document.activeElement.id === "f-text"`)
}

// A button does what its word says: a pass that the rules refuse has no 放行, and recording the
// refusal never releases, even if the rules allow it by then.
func TestRefusedPassHasNoRelease(t *testing.T) {
	w := newSite(t, estate.Plan{Rule: core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: -1, FeverTenths: 373}})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	pass := url.Values{"pass": {w.Residents[0].Pass.String()}}
	seen := p.post(p.get(post, http.StatusOK), post+"/look", pass, http.StatusOK)
	if seen.Find(`[value="release"], [name="reason"]`).Length() != 0 || seen.Find(`[value="record"]`).Length() != 1 {
		t.Errorf("a refused pass can be released: %s", seen.Find("main").Text())
	}
	w.SetRule(estate.Open)
	form := url.Values{
		"pass": pass["pass"], "key": {seen.Find(`[name="key"]`).AttrOr("value", "")}, "direction": {"out"}, "act": {"record"},
	}
	if done := p.post(seen, post+"/release", form, http.StatusOK); !strings.Contains(done.Text(), "未放行") {
		t.Errorf("recording the refusal released: %s", done.Find("main").Text())
	}
	// 本岗 and 全小区.
	w.gate.Scan(t.Context(), w.Doors[0].ID, "6901234567892")
	all := p.get(post, http.StatusOK).Find(".p-records li").Length()
	if own := p.get(post+"?records=post", http.StatusOK).Find(".p-records li").Length(); all != 2 || own != 1 {
		t.Errorf("%d records of the community, %d of the post", all, own)
	}
	if next := p.get(post, http.StatusOK).Find(".p-records li").Length(); next != 1 { // after the next scan
		t.Errorf("本岗 is forgotten: %d records", next)
	}
	p.get(post+"?records=all", http.StatusOK)
	if next := p.get(post, http.StatusOK).Find(".p-records li").Length(); next != 2 {
		t.Errorf("全小区 is forgotten: %d records", next)
	}
}
