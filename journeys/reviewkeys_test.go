package journeys

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// pressOne presses 1 on the page of an application, so long after the page was loaded, in milliseconds, and returns whether that
// decides it.
func (b *tab) pressOne(after int, held bool) bool {
	b.t.Helper()
	b.await("an application", `document.readyState === "complete" && document.querySelector("[data-detail]") &&
		performance.getEntriesByType("navigation")[0].loadEventEnd > 0 && document.querySelector("[data-decide=approve]")`)
	decides, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
		const event = new KeyboardEvent("keydown", { key: "1", repeat: %v, bubbles: true, cancelable: true });
		const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd;
		Object.defineProperty(event, "timeStamp", { value: loaded + %d });
		document.body.dispatchEvent(event);
		return document.querySelector("[data-decide=approve]").form.dataset.sent === "1";
	})()`, held, after)))
	if err != nil {
		b.t.Fatal(err)
	}
	return decides
}

// The key that approves an application does nothing on the one that opens next until that has been on the screen for a moment
// without a press: neither the second of two quick presses, nor a key that is held down.
func TestOnePressDecidesOneApplication(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	b := openConsole(t, address, browser.Desktop)
	b.open(address + "/console/review")
	b.await("two applications", `document.querySelectorAll("tbody tr").length >= 2`)
	b.run(`document.querySelector("tbody td a[href]").click()`)
	for _, c := range []struct {
		after   int
		held    bool
		decides bool
	}{{300, false, false}, {900, false, false}, {1_500, false, false}, {3_500, true, false}, {5_000, false, true}} {
		if got := b.pressOne(c.after, c.held); got != c.decides {
			t.Fatalf("pressed after %d ms, held down %v: decides %v", c.after, c.held, got)
		}
	}
	b.says("已审核")
	if b.pressOne(400, false) {
		t.Error("the next application was decided, too")
	}
}
