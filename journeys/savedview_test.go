package journeys

import (
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
