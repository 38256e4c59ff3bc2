package h5

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

// Ten refusals at the post are an alert, which comes to the open page of the guard by itself.
func TestAlertsReachTheGuard(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	at := "/h5/guard/" + w.Post.String()
	if page := p.get(at+"/alerts", http.StatusOK); !strings.Contains(page.Find("main").Text(), "没有未处理的告警") {
		t.Errorf("before: %s", page.Find("main").Text())
	}
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+at)))
	p.await(ctx, `document.querySelector("[data-live-state]")?.dataset.liveState === "on" && !document.querySelector(".p-alerts")`)
	var records []core.AccessRecord
	for i := range core.AccessAlertRefusalsAt {
		records = append(records, core.AccessRecord{
			Community: w.Community, At: w.store.Now().Add(-time.Duration(i) * time.Second), Via: core.ViaGuard, Post: w.Post, Gate: "东门岗",
			Direction: core.Out, Reason: core.ReasonGuard,
		})
	}
	p.must(w.store.ImportAccessRecords(t.Context(), records))
	p.must(w.store.RaiseAccessAlerts(t.Context()))
	p.await(ctx, `document.querySelector(".p-alerts")?.innerText.includes("1")`)
	p.picture(ctx, "guard-alert")
	p.run(ctx, `document.querySelector(".p-alerts a").click()`)
	p.await(ctx, `document.querySelector("#alerts")?.innerText.includes("一分钟内拒绝 10 次")`)
}
