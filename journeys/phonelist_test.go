package journeys

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/testkit/browser"
)

// cards returns what is wrong with a list at the width of a phone: it has cards, the first begins within 300
// pixels of the top, a card is at most 88 high and repeats no label, and with a link the whole of it
// opens the thing; the buttons above are whole.
const cards = `(() => {
	const lines = [], list = [...document.querySelectorAll(".tx-list tbody")].find((b) => !b.closest(".tx-charts"));
	if (!list || document.querySelector(".tx-list.tx-open-filters")) return [];
	if (!list.closest(".tx-cards")) lines.push("no cards");
	for (const button of document.querySelectorAll(".tx-heading .btn"))
		if (button.scrollWidth > button.clientWidth || button.getBoundingClientRect().right > innerWidth)
			lines.push("a button is cut off: " + button.innerText);
	const rows = [...list.rows];
	const top = rows[0].getBoundingClientRect().top + scrollY;
	if (top > 300) lines.push("the first card begins at " + Math.round(top));
	for (const row of rows) {
		const at = row.getBoundingClientRect();
		if (at.height > 88 || at.height < 44) lines.push("a card is " + Math.round(at.height) + " high: " + row.innerText);
		const labels = [...row.cells].map((c) => getComputedStyle(c, "::before").content).filter((c) => c !== "none");
		if (new Set(labels).size < labels.length) lines.push("labels repeated: " + labels);
		const link = row.querySelector("td:first-child a, .tx-tick + td a");
		row.scrollIntoView({ block: "center", behavior: "instant" });
		const now = row.getBoundingClientRect();
		const hit = document.elementFromPoint(now.left + now.width / 2, now.bottom - 14);
		if (link && !link.contains(hit)) lines.push("a press on the card does not open it: " + row.innerText);
	}
	return lines.slice(0, 3);
})()`

// consoleLists returns the addresses of all lists of the console, from the features that have one.
func consoleLists() []string {
	var paths []string
	for _, f := range core.Features {
		path := f.Path
		if path == "" {
			path = f.Stem
		}
		if f.List != "" || f.Own || f.Path != "" || f.Stem == "batch" { // 批量操作 needs no permission of its own
			paths = append(paths, path)
		}
		for _, page := range f.Pages {
			paths = append(paths, page.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// listsWithoutRows are the lists that have nothing in the demonstration, with the reason.
var listsWithoutRows = map[string]string{
	"audit/view":        "nobody has looked at a number yet",
	"doorcommand":       "no door of the demonstration takes orders",
	"import":            "nothing is being imported",
	"openclient":        "nobody is given the open interface by default",
	"reader/quarantine": "every device that calls is registered",
	"wechatfile":        "WeChat asks for a file only of a public address",
}

// hasRows reports whether the open page has a list, whose element is named, with rows. A list without any fails the test, for
// nothing about it is looked at.
func hasRows(t *testing.T, b *tab, path, list string) bool {
	t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("`+list+` tbody tr:not(.tx-charts tr)") ?
		"rows" : document.querySelector(".tx-list-card") ? "no rows" : "no list"`))
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	reason, none := listsWithoutRows[path]
	switch {
	case found == "no rows" && !none:
		t.Errorf("%s has no rows: nobody looks at it", path)
	case found == "rows" && none:
		t.Errorf("%s has rows, though %s: strike it from the lists without", path, reason)
	}
	return found == "rows"
}

// Every list is usable on a phone: cards of two lines near the top, which open as a whole; filters and
// bulk acts behind a button each.
func TestListsOnAPhone(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Phone)
	origin, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	lists := 0
	for _, path := range consoleLists() {
		b.open(origin + "/console/" + path)
		b.await("the page", `document.readyState === "complete"`)
		if !hasRows(t, b, path, ".tx-list") {
			continue
		}
		lists++
		b.picture("list-" + strings.ReplaceAll(path, "/", "-"))
		bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](cards))
		if err != nil || len(bad) > 0 {
			t.Errorf("%s as cards: %v %v", path, bad, err)
		}
	}
	if lists < 10 {
		t.Errorf("only %d lists: not looking in the right place", lists)
	}

	b.open(origin + "/console/resident")
	b.await("the house on the card", `(() => {
		const row = document.querySelector("tbody tr:nth-child(2)");
		const house = row?.querySelector(".tx-house")?.getBoundingClientRect();
		return house?.width > 40 && house.bottom <= row.getBoundingClientRect().bottom })()`)
	shown := func(selector string) string {
		return "document.querySelector(" + "`" + selector + "`" + ").getClientRects().length > 0"
	}
	b.await("folded", "!("+shown("#list-filters")+") && !("+shown(".tx-bulk")+") && !("+shown(".tx-tick input")+")")
	b.click(`[data-list-fold="filters"]`)
	b.await("the filters", shown("#list-filters")+` && document.activeElement.closest("#list-filters") !== null`)
	b.click(`[data-list-fold="ticks"]`)
	b.await("the bulk bar", shown(".tx-bulk")+" && "+shown("tbody .tx-tick input"))
	b.click("tbody tr:nth-child(2) .tx-tick input")
	b.await("ticked", `document.querySelector("[data-bulk-count]").textContent === "已选 1 项"`)
	b.picture("list-resident-picking")
	b.click(`[data-list-fold="ticks"]`)
	b.await("nothing is ticked unseen", `document.querySelectorAll("tbody .tx-tick input:checked").length === 0`)
	b.run(`document.querySelector("tbody tr:nth-child(3)").scrollIntoView({ block: "center", behavior: "instant" })`)
	b.await("the resident", `(() => { const at = document.querySelector("tbody tr:nth-child(3)")?.getBoundingClientRect();
		if (at) document.elementFromPoint(at.left + 200, at.bottom - 14).click();
		return /^\/console\/resident\/[0-9]+$/.test(location.pathname) })()`)
}
