package journeys

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
	"tongxing/testkit/pages"
)

// axeFile is the accessibility checker as installed by npm.
const axeFile = "../node_modules/axe-core/axe.min.js"

// check runs all of axe's rules in light mode, then the colour rules again in dark mode, and
// returns violations that are more than minor as readable lines.
const check = `(async () => {
	const lines = [];
	const look = async (mode, options) => {
		const {violations} = await axe.run(document, {resultTypes: ["violations"], iframes: false, ...options});
		for (const v of violations) if (v.impact !== "minor")
			for (const n of v.nodes.slice(0, 3)) lines.push(mode + ": " + v.id + " at " + n.target.join(" ") + ": " + ` +
	`(n.any[0] || n.all[0] || n.none[0] || {}).message);
	};
	await look("light", {});
	document.documentElement.dataset.bsTheme = "dark";
	for (const change of document.getAnimations()) change.finish(); // colours fade over
	await look("dark", {runOnly: ["color-contrast"]});
	return lines;
})()`

// jumps adds up the layout shifts of the page while it was drawn, as browsers measure them: a
// fraction of the window.
const jumps = `new Promise(done => {
	let sum = 0;
	const observer = new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value });
	observer.observe({type: "layout-shift", buffered: true});
	setTimeout(() => done(sum), 50); // they are told of a little later
})`

// maxJump is the largest layout shift: what browser makers call good.
const maxJump = 0.1

// Every page can be used with a keyboard, a screen reader and poor eyesight, and none must be
// scrolled sideways on a phone, or enlarged four times.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err) // run `make assets` to install it
	}
	address := showDemo(t)
	all, err := pages.Of(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Fatalf("only %d pages: not looking in the right place", len(all))
	}
	// Two browsers take turns at some pages of one person, because each spends much time waiting.
	const some = 20
	groups := make(chan []pages.Page, len(all))
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && to < from+some && all[to].Group.Name == all[from].Group.Name {
			to++
		}
		groups <- all[from:to]
		from = to
	}
	close(groups)
	var running sync.WaitGroup
	for range 2 {
		ctx := browser.Open(t, browser.Desktop)
		running.Go(func() {
			for group := range groups {
				checkGroup(t, ctx, checking{address: address, axe: string(axe), pages: group})
			}
		})
	}
	running.Wait()
}

// checking is a group of pages and the browser that checks them.
type checking struct {
	address string
	axe     string
	pages   []pages.Page
}

func checkGroup(t *testing.T, ctx context.Context, c checking) {
	if err := pages.Enter(ctx, c.address, c.pages[0].Group); err != nil {
		t.Error(err)
		return
	}
	for _, p := range c.pages {
		size := browser.Desktop
		if p.Group.Phone {
			size = browser.Phone
		}
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.Width), int64(size.Height))); err != nil {
			t.Error(err)
			return
		}
		if err := pages.Show(ctx, p); err != nil {
			t.Error(err)
			continue
		}
		if jump, err := chromedp.Run(ctx, chromedp.Evaluate[float64](jumps, chromedp.EvalAwaitPromise)); err != nil || jump > maxJump {
			t.Errorf("%s jumps by %.2f of the window: %v", p.Name, jump, err)
		}
		lines, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](c.axe+";\n"+check, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if len(lines) > 0 {
			t.Errorf("%s:\n  %s", p.Name, strings.Join(lines, "\n  "))
		}
		for what, size := range narrow {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.Width), int64(size.Height))); err != nil {
				t.Error(err)
				return
			}
			if wide, err := pages.TooWide(ctx); err != nil || len(wide) > 0 {
				t.Errorf("%s is too wide for %s: %v %v", p.Name, what, wide, err)
			}
		}
	}
}

// narrow are the windows in which no page may have to be scrolled sideways. A desk's window of 1280 by
// 1024 that is enlarged four times shows as much as the second:
// https://www.w3.org/WAI/WCAG22/Understanding/reflow.html
var narrow = map[string]browser.Size{
	"a phone":         browser.Phone,
	"400 % of a desk": {Width: 320, Height: 256},
}
