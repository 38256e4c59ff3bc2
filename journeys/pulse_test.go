package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// The bell of an open page follows what is read on another, once a minute and when one comes back to it.
func TestAnOpenPageStaysCurrent(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	b.await("something unread", `document.readyState === "complete" && document.querySelector(".tx-bell .tx-count")`)
	// Elsewhere all is read.
	b.await("all is read", `fetch("/console/notice", {method: "POST", redirect: "manual", body: new URLSearchParams(
		new FormData(document.querySelector(".tx-bell form"), document.querySelector(".tx-bell button[name=last]")))})`)
	b.await("as before", `document.querySelector(".tx-bell .tx-count")`)
	later := `{ const now = Date.now; Date.now = () => now() + 61000; document.dispatchEvent(new Event("visibilitychange")) }; true`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](later)); err != nil {
		t.Fatal(err)
	}
	b.await("nothing unread", `document.querySelector(".tx-bell") && !document.querySelector(".tx-bell .tx-count")`)
	b.click(".tx-bell summary")
	b.await("what was told", `document.querySelector(".tx-bell[open] .tx-menu-item")`)
}
