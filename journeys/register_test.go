package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// openConsole signs the demonstration's administrator in.
func openConsole(t *testing.T, address string, size browser.Size) *tab {
	t.Helper()
	b := newTab(t, size)
	b.open(address + "/demo")
	b.await("the tour", `document.querySelectorAll("form[target]").forEach(f => f.removeAttribute("target")) || true`) // stay in this tab
	b.click(`form[action^="/demo/admin"] button`)
	b.await("the console", `location.pathname.startsWith("/console")`)
	return b
}

// types types text into an input, as a person would, once the page has loaded its scripts, which
// decide what Enter does.
func (b *tab) types(selector, text string) {
	b.t.Helper()
	// In one go: a choice before may have the form drawn again at any moment.
	b.await(selector, "document.readyState === 'complete' && (field => { field?.focus(); "+
		"return field && document.activeElement === field })(document.querySelector(`"+selector+"`))")
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(text)); err != nil {
		b.t.Fatalf("type %q: %v", text, err)
	}
}

// A community is created with its own levels, filled with houses, and browsed by its tree; back
// leads to the previous page.
func TestRegisterIsBuilt(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	address, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.origin`))
	if err != nil {
		t.Fatal(err)
	}
	b.open(address + "/console/community/new")
	b.types("#f-name", "青松里")
	b.click(`button[value="remove-1"]`)
	b.await("two levels", `document.querySelectorAll('input[name="levels"]').length === 2`)
	b.click(`button[value="add"]`)
	b.await(
		"the new level in hand",
		`document.querySelectorAll('input[name="levels"]').length === 3 && document.activeElement === `+
			`document.querySelectorAll('input[name="levels"]')[2]`,
	)
	b.types(`li:nth-child(3) > input[name="levels"]`, "室")
	b.await("nothing lost", `document.querySelector("#f-name").value === "青松里" && location.pathname.endsWith("/new")`)
	b.picture("community-levels")
	b.click(`.tx-form-foot .btn-primary`)
	b.await(
		"the community in the list",
		`[...document.querySelectorAll("tbody tr")].some(r => r.innerText.includes("青松里") && r.innerText.includes("栋 / 房间 / 室"))`,
	)

	b.await("its houses", `[...document.querySelectorAll("tbody a")].find(a => a.innerText === "青松里").click() || true`)
	b.click(`a[href*="/console/house/bulk"]`)
	b.types("#f-above0", "1-2")
	b.types("#f-above1", "A")
	b.types("#f-floors", "1-3")
	b.types("#f-rooms", "1-2")
	b.click(`.tx-form-foot .btn-primary`)
	b.await("the preview", `document.querySelector("#plan-title") && document.body.innerText.includes("生成 12 套房屋")`)
	b.picture("house-plan")
	b.click(`form[data-form="once"] .btn-primary`)
	b.await("the houses", `location.pathname === "/console/house" && document.querySelectorAll("tbody tr").length === 12`)
	b.await("the tree, under the page's own title",
		`document.querySelectorAll("#house-tree > ul > li").length === 3 && !document.title.includes("楼栋")`)
	b.await("a building", `[...document.querySelectorAll("#house-tree a")].find(a => a.innerText.includes("2栋")).click() || true`)
	b.await(
		"its houses alone",
		`location.search.includes("node=") && document.querySelectorAll("tbody tr").length === 6 && `+
			`document.querySelector('#house-tree [aria-current]')?.innerText.includes("2栋")`,
	)
	b.picture("house-tree")
	b.await("the way back", `history.back() || true`)
	b.await("all houses again", `!location.search.includes("node=") && document.querySelectorAll("tbody tr").length === 12`)

	b.open(address + "/console/resident/new")
	b.choosesCommunity("/console/resident/new")
	b.types("#f-house", "2单元1302")
	b.await(
		"houses to choose from",
		`(o => o.length > 0 && [...o].every(e => e.value.includes("2单元1302")))(document.querySelectorAll("#f-house-list option"))`,
	)
}

// The list of residents follows its filters, and so do its exports; residents who cannot be deleted
// are listed by name after the question.
func TestRegisterIsSearchedAndExported(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	b.await(
		"the residents",
		`[...document.querySelectorAll("nav a")].find(a => a.getAttribute("href") === "/console/resident").click() || true`,
	)
	b.await("the list", `location.pathname === "/console/resident" && document.querySelectorAll("tbody tr").length === 50`)
	b.types("#f-q", "湖畔区31号")
	b.await(
		"one house found while typing",
		`location.search.includes("q_=") && document.querySelectorAll("tbody tr").length > 0 && `+
			`[...document.querySelectorAll("tbody tr")].every(r => r.innerText.includes("湖畔区31号"))`,
	)
	b.await(
		"the export's filter",
		`new URL(document.querySelector("a.tx-export, .tx-export a").href).searchParams.get("q_") ===
			new URL(location).searchParams.get("q_")`,
	)
	b.await(
		"the whole export's filter",
		`new URL(document.querySelector('a[href*="/console/resident/export?"]').href).searchParams.get("q_") ===
			new URL(location).searchParams.get("q_")`,
	)
	b.await("somebody certified", `document.querySelector("tbody tr:has(.tx-good) input[form=bulk]").click() || true`)
	b.await("the tick counted", `document.querySelector("[data-bulk-count]").innerText.includes("1")`)
	b.click(`#bulk button[formaction*="/delete"]`)
	b.await(
		"why not, at once",
		`(text => text.includes("湖畔区31号") && text.includes("不能删除"))(document.querySelector("dialog[open]").innerText)`,
	)
	b.picture("resident-delete-refused")
	b.click("dialog [data-cancel]")
	b.await("the filtered list", `location.search.includes("q_=") && document.querySelector("tbody tr").innerText.includes("湖畔区31号")`)
}
