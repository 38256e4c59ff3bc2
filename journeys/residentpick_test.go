package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// A resident is suggested while the name is typed, and the address of the records keeps the choice,
// through another filter too, until another name is typed or the field is emptied.
func TestRecordsOfAResident(t *testing.T) {
	b := openConsole(t, startDemo(t), browser.Desktop)
	address, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	// The address names somebody, and the page has loaded with its scripts.
	const meant = `document.readyState === "complete" && new URLSearchParams(location.search).get("person")`
	b.open(address + "/console/accessrecord")
	b.await("more filters", `document.querySelector("#f-who").closest("details").open = true`)
	b.types("#f-who", "陈建国")
	b.await("the suggestion", `[...document.querySelectorAll("#f-who-list option")].some(o => o.value.startsWith("陈建国 · "))`)
	b.await("an address as it was", `location.search === ""`)
	b.click(".tx-filter-buttons button")
	b.await(
		"the person in the address",
		meant+` && !location.search.includes("who=") && document.querySelector("#f-who").value.startsWith("陈建国 · ")`,
	)
	b.await("another filter", `(document.querySelector("#f-direction").value = "out")`)
	b.click(".tx-filter-buttons button")
	b.await("both filters", meant+` && location.search.includes("direction=out") && !location.search.includes("who=")`)
	b.await(
		"the field emptied",
		`(() => { const f = document.querySelector("#f-who"); f.value = ""; f.dispatchEvent(new Event("input", { `+
			`bubbles: true })); return true })()`,
	)
	b.click(".tx-filter-buttons button")
	b.await("everybody's records", `!location.search.includes("person=") && location.search.includes("direction=out")`)
	// Several people live in a house: they are offered, though only the list was requested.
	b.await("more filters again", `document.querySelector("#f-who").closest("details").open = true`)
	b.types("#f-who", "1栋1单元101")
	b.click(".tx-filter-buttons button")
	b.await("the choices", `document.querySelectorAll(".tx-offers a").length > 1`)
	b.click(".tx-offers a")
	b.await("the chosen one", meant+` && document.querySelector("#f-who").value.includes("1栋1单元101")`)
}
