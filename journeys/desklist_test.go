package journeys

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// dense returns what is wrong with a list at 1280 × 800: the first row begins within 300 pixels of the
// top, rows are 40 high so that 12 fit, headings have at most four characters (two of Latin are one), numbers are at the right,
// the filters take one line, and nothing scrolls sideways.
const dense = `(() => {
	const lines = [], list = document.querySelector(".tx-list-card");
	const rows = [...list.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect());
	if (rows[0].top > 300) lines.push("the first row begins at " + Math.round(rows[0].top));
	for (const row of rows) if (row.height > 41) lines.push("a row is " + Math.round(row.height) + " high");
	const fit = rows.filter((row) => row.bottom <= innerHeight).length;
	if (rows.length >= 12 && fit < 12) lines.push(fit + " rows fit");
	for (const head of list.querySelectorAll("th:not(:has(.visually-hidden))"))
		if (head.innerText.trim().replace(/[\x20-\x7e]{1,2}/g, "x").length > 4) lines.push("a heading is long: " + head.innerText.trim());
	for (const cell of list.querySelectorAll("td.tx-number"))
		if (getComputedStyle(cell).textAlign !== "right") lines.push("a number is not at the right");
	const bar = list.querySelector(":scope > .tx-filters");
	if (bar && !bar.querySelector("details[open]") && bar.offsetHeight > 60) lines.push("the toolbar is " + bar.offsetHeight + " high");
	if (document.documentElement.scrollWidth > innerWidth) lines.push("the page scrolls sideways");
	if (!document.querySelector(".tx-heading .tx-total")) lines.push("no total beside the heading");
	return [...new Set(lines)].slice(0, 5);
})()`

// bulkInPlace ticks the first row, and returns what is wrong with the bar of what can be done with it: it takes
// exactly the toolbar's place, hides no row, and leaves it when nothing is ticked.
const bulkInPlace = `(() => {
	const lines = [], list = document.querySelector(".tx-list-card"), box = list.querySelector("tbody .tx-tick input");
	if (!box) return lines;
	const bar = list.querySelector(":scope > .tx-filters") ?? list.querySelector(".tx-list-tools"), place = bar.getBoundingClientRect();
	const first = list.querySelector("tbody tr").getBoundingClientRect().top;
	box.click();
	const bulk = list.querySelector(".tx-bulk").getBoundingClientRect();
	if (bulk.height === 0 || Math.abs(bulk.top - place.top) > 1 || bulk.bottom > place.bottom + 1)
		lines.push("the bar is from " + bulk.top + " to " + bulk.bottom + ", the toolbar from " + place.top + " to " + place.bottom);
	if (list.querySelector("tbody tr").getBoundingClientRect().top !== first) lines.push("the rows moved");
	for (const button of list.querySelectorAll(".tx-bulk .btn"))
		if (button.getBoundingClientRect().right > bulk.right || button.getBoundingClientRect().bottom > bulk.bottom)
			lines.push("outside the bar: " + button.innerText);
	box.click();
	if (list.querySelector(".tx-bulk").getBoundingClientRect().height !== 0) lines.push("the bar stays");
	const search = bar.querySelector("input[type=search], select")?.getBoundingClientRect();
	if (search && !bar.contains(document.elementFromPoint(search.left + 5, search.top + 5))) lines.push("the filters do not come back");
	return lines;
})()`

// Every list is dense on a desk, and its rows are reached by keys.
func TestListsOnADesk(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	origin, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1280, 800)); err != nil {
		t.Fatal(err)
	}
	lists := 0
	look := func(path string) {
		b.open(origin + "/console/" + path)
		b.await("the page", `document.readyState === "complete"`)
		if !hasRows(t, b, path, ".tx-list-card") {
			return
		}
		lists++
		b.picture("desk-" + strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(path))
		for _, rule := range []string{dense, bulkInPlace} {
			if bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](rule)); err != nil || len(bad) > 0 {
				t.Errorf("%s: %v %v", path, bad, err)
			}
		}
	}
	for _, path := range consoleLists() {
		look(path)
	}
	// With a tree beside them, which there is of one community, lists have less room.
	b.open(origin + "/console/community")
	b.await("the communities", `!!document.querySelector("a[href*='house?community=']")`)
	one, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`new URL(document.querySelector("a[href*='house?community=']").href).searchParams.get("community")`))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"resident", "house"} {
		before := lists
		if look(path + "?community=" + one); lists == before {
			t.Errorf("%s of one community has no rows", path)
		}
	}
	if lists < 10 {
		t.Errorf("only %d lists: not looking in the right place", lists)
	}

	key := func(name string) {
		b.run(`document.activeElement.dispatchEvent(
			new KeyboardEvent("keydown", { key: "` + name + `", bubbles: true, cancelable: true }))`)
	}
	b.open(origin + "/console/resident")
	b.await("the list", `document.readyState === "complete" && document.querySelectorAll("tbody tr").length > 2`)
	for _, name := range []string{"j", "j", "x"} {
		key(name)
	}
	b.await("the bulk bar in place of the toolbar", `(() => { const bar = document.querySelector(".tx-bulk").getBoundingClientRect();
		const search = document.querySelector("#list-filters input[type=search]").getBoundingClientRect();
		return bar.height > 0 && document.elementFromPoint(search.left + 5, search.top + 5).closest(".tx-bulk") !== null &&
			document.querySelector("[data-bulk-count]").textContent === "已选 1 项" })()`)
	key("Escape")
	b.await("nothing is ticked", `document.querySelectorAll("tbody .tx-tick input:checked").length === 0`)
	b.run(`document.activeElement.click()`)
	b.await("the second resident", `/^\/console\/resident\/[0-9]+$/.test(location.pathname) &&
		!document.querySelector("[data-neighbours]").hidden`)
	b.run(`window.first = location.pathname`)
	b.click(`[data-neighbour="1"]`)
	b.await("the next of the list", `window.first === undefined && /^\/console\/resident\/[0-9]+$/.test(location.pathname) &&
		document.readyState === "complete"`)
	key("Escape")
	b.await("back in the list", `location.pathname === "/console/resident" && document.readyState === "complete" &&
		document.querySelector("[data-density-switch]").hasAttribute("aria-pressed")`)

	b.click("[data-density-switch]")
	b.await("compact rows", `document.querySelector("tbody tr").offsetHeight <= 33`)
	b.open(origin + "/console/reader")
	b.await("remembered", `document.readyState === "complete" && document.querySelector("tbody tr")?.offsetHeight <= 33`)
}
