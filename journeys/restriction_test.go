package journeys

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tongxing/testkit/browser"
)

// opensRestriction opens the form, and chooses the first community: the form is drawn again, in place.
func (b *tab) opensRestriction() {
	b.t.Helper()
	b.await("the way to the form", `location.assign("/console/restriction/new") || true`)
	b.choosesCommunity("/console/restriction/new")
	b.await("its houses", settled+` && new URL(location).searchParams.has("community") && !document.querySelector(".tx-wrong") && `+
		`document.querySelector("#f-community").value === new URL(location).searchParams.get("community")`)
}

// choosesCommunity chooses the first community of the first field of the form at a path.
func (b *tab) choosesCommunity(path string) {
	b.t.Helper()
	// In one go: the page before may be a list with a filter of that name, which is posted too.
	b.await("the communities", `(() => {
		const field = document.querySelector("main form[method=post] #f-community");
		if (location.pathname !== "`+path+`" || document.readyState !== "complete" || !field || field.options.length < 2) return false;
		field.focus(); field.selectedIndex = 1;
		field.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})()`)
}

// Enter in the field that finds houses finds them; in any other it saves.
func TestRestrictingHousesByEnter(t *testing.T) {
	b := openConsole(t, startDemo(t), browser.Desktop)
	b.opensRestriction()
	b.types("#f-q", "1单元102"+kb.Enter)
	b.await("the houses that were found", `document.querySelector("#f-q").value === "1单元102" && !document.querySelector(".tx-wrong") &&
		document.querySelectorAll("input[name=houses]").length > 0 && `+
		`[...document.querySelectorAll("input[name=houses]")].every(i => i.closest("label").innerText.includes("1单元102"))`)
	b.click("input[name=houses]")
	b.chooses("#f-exits", "2")
	b.types("#f-reason", "社区通知"+kb.Enter)
	b.await("the question", `document.querySelector("dialog[open] h2").innerText.endsWith("？")`)
	b.click("dialog .btn-danger")
	b.await(
		"the list with the house",
		`document.readyState === "complete" && document.querySelector("main tbody") && document.body.innerText.includes("已限制 1 套房屋的出入")`,
	)
}

// The tree of the form shows the houses of a unit and ticks them all, in place: the page, the input
// and the keyboard focus stay.
func TestRestrictingHousesByTree(t *testing.T) {
	b := openConsole(t, startDemo(t), browser.Desktop)
	b.opensRestriction()
	b.types("#f-reason", "电梯停用")
	b.chooses("#f-exits", "-1")
	b.run(`window.stays = true`)
	const row = `#restriction-tree > ul > li:nth-child(3)`                   // after all of them, and the first building
	if err := chromedp.Do(b.ctx, browser.Press(row+` button`)); err != nil { // with the mouse, which leaves the focus there
		t.Fatal(err)
	}
	b.await("its houses", `document.querySelectorAll("input[name=houses]").length > 60 && document.activeElement.closest("`+row+`")`)
	b.click(row + ` ul li:first-child .btn`)
	b.await(
		"the unit's, ticked",
		settled+` && document.querySelectorAll("input[name=houses]:checked").length === 60 && `+
			`document.querySelector("[data-ticked]").innerText === "60"`,
	)
	b.click("input[name=houses]")
	b.await("one fewer", `document.querySelector("[data-ticked]").innerText === "59"`)
	b.picture("restriction-tree")
	b.await("the same page", `window.stays && location.pathname.endsWith("/new") && document.querySelector("#f-reason").value === "电梯停用"`)
	b.click(`#restriction-foot .btn-primary`)
	b.await("the number, to be typed", `document.querySelector("dialog[open] .btn-danger").disabled`)
	b.types("dialog [name=typed]", "59")
	b.click("dialog .btn-danger")
	b.await("the list with the houses", `document.readyState === "complete" && document.body.innerText.includes("已限制 59 套房屋的出入")`)

	// A confirmation is asked for before houses that are restricted already are restricted again.
	b.opensRestriction()
	b.click(row + ` .btn`)
	b.await("what will be replaced", settled+` && document.querySelector("#pick").innerText.includes("有 59 套已限制出入")`)
	b.types("#f-reason", "全楼停用")
	b.chooses("#f-exits", "-1")
	b.click(`#restriction-foot .btn-primary`)
	b.await("the question", `document.querySelector("dialog[open]").innerText.includes("其中 59 套已有限制")`)
	b.types("dialog [name=typed]", "120")
	b.click("dialog .btn-danger")
	b.await("both units", `document.readyState === "complete" && document.body.innerText.includes("已限制 120 套房屋的出入")`)
}

// The matches of a pasted list are in view, and loading that page again shows the empty form, since
// a browser would otherwise ask whether to send the list again.
func TestRestrictingHousesByList(t *testing.T) {
	b := openConsole(t, startDemo(t), browser.Phone)
	b.opensRestriction()
	b.click(".tx-fold summary")
	b.types("#f-pasted", "3-1-101")
	b.click(`button[value="paste"]`)
	b.await(
		"the result in view",
		`document.readyState === "complete" && (top => top > 0 && top < innerHeight / `+
			`2)(document.querySelector("#matches").getBoundingClientRect().top)`,
	)
	b.picture("restriction-list")
	b.run(`location.reload()`)
	b.await(
		"the empty form",
		`document.readyState === "complete" && document.querySelector("#pick") && !document.querySelector("#matches") && `+
			`location.pathname.endsWith("/new")`,
	)
}
