package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// ticked is how many of the matrix's boxes of a group's readers are ticked.
const ticked = `document.querySelectorAll(".tx-permissions tbody:first-of-type input[name=on]:checked").length`

// A kind of pass is cleared for a group with one tick, after a question with the numbers, and taken back by the message, at a desk and
// on a phone.
func TestGroupsPermissionsAreChangedAndTakenBack(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, startDemo(t), size)
			b.opensPermissions()
			b.await("all boxes", ticked+` === 8`)
			b.picture("reader-permission-" + name)
			b.click(".tx-permissions .tx-group td:nth-of-type(4) [data-all]")
			b.await("the boxes of the group's readers follow", ticked+` === 6`)
			b.click(".tx-permissions tbody tr:nth-child(2) td:nth-of-type(1) input")
			b.await("the group's box shows that they differ",
				`document.querySelector(".tx-permissions .tx-group td:nth-of-type(1) [data-all]").indeterminate`)
			b.click(".tx-form-foot .btn-primary")
			b.await("the numbers", `document.querySelector("dialog[open]")?.innerText.includes("修改 2 台读头的权限？") && `+
				`document.querySelector("dialog[open]").innerText.includes("其中 2 台会拒绝")`)
			b.picture("reader-permission-asked-" + name)
			b.click("dialog .btn-danger")
			b.await("changed", `document.readyState === "complete" && `+
				`document.body.innerText.includes("已修改 2 台读头的权限") && `+ticked+` === 5`)
			b.picture("reader-permission-done-" + name)
			b.click(".tx-flash-undo button")
			b.await("what will be back", `document.querySelector("dialog[open]")?.innerText.includes("服务范围恢复为原来的")`)
			b.click("dialog .tx-form-foot button")
			b.await("the batch's page", `/^.console.batch.[0-9]+$/.test(location.pathname) && document.body.innerText.includes("已撤销")`)
			b.picture("reader-permission-undone-" + name)
			b.opensPermissions()
			b.await("as before", ticked+` === 8`)
		})
	}
}

// opensPermissions opens the matrix of the first community.
func (b *tab) opensPermissions() {
	b.t.Helper()
	const path = "/console/reader/permission"
	b.await("the way to the matrix", `location.assign("`+path+`") || true`)
	b.await("the communities", `(() => {
		const field = document.querySelector("main .tx-asked select[name=community]");
		if (location.pathname !== "`+path+`" || document.readyState !== "complete" || !field || field.options.length < 2) return false;
		field.selectedIndex = 1;
		field.form.requestSubmit();
		return true;
	})()`)
	b.await("the matrix", `document.readyState === "complete" && document.querySelector(".tx-permissions")`)
}
