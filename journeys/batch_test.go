package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// listed is how many restrictions the list shows, with the next page or without.
const listed = `document.querySelectorAll("#list-body tbody tr").length + (document.querySelector('a[rel="next"]') ? "+" : "")`

// The whole community is barred by mistake and taken back, at a desk and on a phone: the name is typed
// before, and afterwards all houses have what they had.
func TestWholeCommunityIsBarredAndTakenBack(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, startDemo(t), size)
			b.await("the restrictions", `location.assign("/console/restriction") || true`)
			b.await("before", `document.readyState === "complete" && location.pathname === "/console/restriction"`)
			b.run(`sessionStorage.before = ` + listed)
			b.opensRestriction()
			b.click("#f-whole")
			b.chooses("#f-exits", "-1")
			b.types("#f-reason", "误设")
			b.click(`#restriction-foot .btn-primary`)
			b.await("the numbers", `document.querySelector("dialog[open]").innerText.includes("名住户") && `+
				`document.querySelector("dialog[open] h2").innerText.includes("全部")`)
			b.picture("batch-asked-" + name)
			b.await("nothing by Enter", `document.querySelector("dialog .btn-danger").disabled`)
			b.run(`sessionStorage.name = document.querySelector("dialog [data-typed]").dataset.typed`)
			b.run(`document.querySelector("dialog [name=typed]").value = sessionStorage.name`)
			b.types("dialog [name=typed]", " ") // spaces do not count
			b.await("the button works", `!document.querySelector("dialog .btn-danger").disabled`)
			b.click("dialog .btn-danger")
			b.await("barred", `document.readyState === "complete" && document.body.innerText.includes("套房屋的出入，立即生效")`)
			b.picture("batch-done-" + name)
			b.click(".tx-flash-undo button")
			b.await("what will be back", `document.querySelector("dialog[open]").innerText.includes("恢复为设置前的状态")`)
			b.click("dialog .tx-form-foot button")
			b.await("the batch's page", `/^.console.batch.[0-9]+$/.test(location.pathname) && document.body.innerText.includes("已撤销")`)
			b.picture("batch-undone-" + name)
			b.await("the restrictions", `location.assign("/console/restriction") || true`)
			b.await("as before", `location.pathname === "/console/restriction" && document.readyState === "complete" && `+
				`sessionStorage.before === String(`+listed+`)`)
		})
	}
}

// Houses generated with the wrong building are taken back by the message, at a desk and on a phone.
func TestWrongHousesAreTakenBack(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, startDemo(t), size)
			b.await("the way to the form", `location.assign("/console/house/bulk") || true`)
			b.choosesCommunity("/console/house/bulk")
			for field, text := range map[string]string{"#f-above0": "88", "#f-above1": "1", "#f-floors": "1-2", "#f-rooms": "1-3"} {
				b.types(field, text)
			}
			b.click(".tx-form-foot .btn-primary")
			b.await("the preview", `document.querySelector("#plan-title")`)
			b.click(`form:has(input[name=confirmed]) .btn-primary`)
			b.await("generated", `document.readyState === "complete" && document.body.innerText.includes("已生成 6 套房屋")`)
			b.click(".tx-flash-undo button")
			b.await("what will go", `document.querySelector("dialog[open]").innerText.includes("删除这次生成的房屋")`)
			b.click("dialog .tx-form-foot button")
			b.await("gone", `location.pathname.startsWith("/console/batch/") && document.body.innerText.includes("已撤销 6 套房屋")`)
			b.picture("batch-houses-undone-" + name)
		})
	}
}
