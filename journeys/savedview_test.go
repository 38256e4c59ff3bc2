package journeys

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// A list is filtered, the filter saved as a view, and the view opened again; the audit log is
// checked in the background, and the page updates by itself.
func TestViewsAndJobsInABrowser(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	for name, size := range map[string]browser.Size{"reader.create": browser.Desktop, "account.create": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, address, size)
			origin, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.origin`))
			if err != nil {
				t.Fatal(err)
			}
			b.open(origin + "/console/audit?after=1&act=" + name)
			b.click(".tx-views summary")
			b.types("#view-name", "只看 "+name)
			b.picture("views-" + name)
			b.click(".tx-views form button")
			b.await(
				"the view in use",
				`location.search === "?act=`+name+`" && document.querySelector(".tx-views summary").innerText.includes("只看 `+name+`")`,
			)
			b.open(origin + "/console/audit")
			b.click(".tx-views summary")
			b.await(
				"the view as a link",
				`[...document.querySelectorAll(".tx-views a")].find(a => a.innerText.includes("只看 `+name+`")).click() || true`,
			)
			b.await("its filter", `document.querySelector("#f-act").value === "`+name+`"`)
			b.await("no sideways scrolling", `document.documentElement.scrollWidth <= innerWidth`)
			b.click(".tx-views summary")
			b.click(`.tx-views a[href*="savedview"]`)
			b.await("the page of views", `document.querySelector("tbody form")`)
			b.picture("savedview-" + name)

			b.open(origin + "/console/audit")
			b.click(`form[action="/console/audit/verify"] button`)
			b.await("the job's page", `location.pathname.startsWith("/console/job/")`)
			b.await(
				"its end, without a reload",
				`document.querySelector("#job").innerText.includes("完好") && !document.querySelector("#job").hasAttribute("hx-get")`,
			)
			b.picture("job-" + name)
			b.open(origin + "/console/job")
			b.await("the list of jobs", `document.querySelector("tbody").innerText.includes("已完成")`)
			b.picture("jobs-" + name)
		})
	}
}

// covered returns what of a list's toolbar lies below something else, leaves the window, or is too narrow for its words.
const covered = `[...document.querySelectorAll(
		".tx-list-card :is(.tx-filters, .tx-list-tools) :is(button, summary, select, input[type=search])")]
	.filter(part => part.checkVisibility() && !part.closest(".tx-menu-panel") && part.offsetWidth).filter(part => {
		const box = part.getBoundingClientRect(), y = box.top + box.height / 2;
		return [box.left + 2, box.right - 2].some(x => !part.contains(document.elementFromPoint(x, y))) ||
			part.matches("button") && part.scrollWidth > part.clientWidth;
	}).map(part => part.innerText || part.name)`

// The name of a view that is open takes no room of the filters, which give way: on desks, with the tree beside the list.
func TestNamedViewCoversNothing(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	b := openConsole(t, address, browser.Desktop)
	b.open(address + "/console/community")
	b.await("the communities", `!!document.querySelector("a[href*='house?community=']")`)
	b.run(`location.href = "/console/resident?certified=yes&" +
		new URL(document.querySelector("a[href*='house?community=']").href).searchParams.toString()`)
	b.click(".tx-beside .tx-views summary")
	b.types("#view-name", "认证住户的长名字视图")
	b.click(".tx-views form button")
	b.await("the view in use", `document.querySelector(".tx-views summary").innerText.includes("认证住户")`)
	for _, width := range []int64{1920, 1366, 1280} {
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 800)); err != nil {
			t.Fatal(err)
		}
		b.picture(fmt.Sprint("named-view-", width))
		if bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](covered)); err != nil || len(bad) > 0 {
			t.Errorf("at %d: %q %v", width, bad, err)
		}
	}
}
