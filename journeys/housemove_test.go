package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// A building that was typed twice is merged into the other after a preview, and taken apart again, at a desk and on a
// phone.
func TestBuildingsAreMergedAndTakenApart(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, startDemo(t), size)
			b.await("the communities", `location.assign("/console/community") || true`)
			b.click(`a[href*="/console/house?community="]`)
			b.await("its houses", `location.pathname === "/console/house" && document.readyState === "complete"`)
			b.await("the tree", `location.assign("/console/house/tree" + location.search) || true`)
			b.await("its nodes", `location.pathname === "/console/house/tree" && `+
				`document.querySelectorAll(".tx-tree > ul > li").length > 2`)
			b.run(`sessionStorage.nodes = document.querySelectorAll(".tx-tree > ul > li").length`)
			b.run(`location.assign("/console/house/tree" + document.querySelectorAll(".tx-tree > ul > li > a")[0].search)`)
			b.await("the building is chosen", `document.readyState === "complete" && document.querySelector(".tx-tree summary")`)
			b.click(".tx-tree .tx-tree-row summary")
			b.picture("house-merge-tree-" + name)
			b.click(`.tx-tree a[href$="act=merge"]`)
			b.await("the form", `document.readyState === "complete" && document.querySelector("#f-into")`)
			b.run(`sessionStorage.into = document.querySelector("#f-into").options[1].value`)
			b.run(`document.querySelector("#f-into").value = sessionStorage.into`)
			b.picture("house-merge-form-" + name)
			b.click(".tx-form-foot .btn-primary")
			b.await("the preview", `document.querySelector("form.tx-confirm").innerText.includes("套门牌相同，合成一套")`)
			b.picture("house-merge-preview-" + name)
			b.run(`sessionStorage.typed = document.querySelector("[data-typed]").dataset.typed`)
			b.run(`document.querySelector("[name=typed]").value = sessionStorage.typed`)
			b.types("[name=typed]", " ")
			b.click("form.tx-confirm .tx-form-foot button:not([name=edit_again])")
			b.await("merged", `document.readyState === "complete" && document.body.innerText.includes("已合并到")`)
			b.picture("house-merge-done-" + name)
			b.click(".tx-flash-undo button")
			b.await("what will be back", `document.querySelector("dialog[open]").innerText.includes("分开为合并前的楼栋和房屋")`)
			b.click("dialog .tx-form-foot button")
			b.await("the batch's page", `location.pathname.startsWith("/console/batch/") && document.body.innerText.includes("已撤销")`)
			b.picture("house-merge-undone-" + name)
			b.await("the communities", `location.assign("/console/community") || true`)
			b.click(`a[href*="/console/house?community="]`)
			b.await("its houses", `location.pathname === "/console/house" && document.readyState === "complete"`)
			b.await("the tree", `location.assign("/console/house/tree" + location.search) || true`)
			b.await("as before", `location.pathname === "/console/house/tree" && `+
				`String(document.querySelectorAll(".tx-tree > ul > li").length) === sessionStorage.nodes`)
		})
	}
}
