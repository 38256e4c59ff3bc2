package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// dates is a script that fills in days from today on, by the field's selector.
const dates = `(fields => Object.entries(fields).forEach(([selector, days]) => {
	const field = document.querySelector(selector);
	field.value = new Date(Date.now() + days * 864e5).toLocaleDateString("sv", {timeZone: "Asia/Shanghai"});
	field.dispatchEvent(new Event("change", {bubbles: true})) }))`

// Settings are scheduled for some days of next week, found on the home page, and cancelled, at a desk and on a phone.
func TestSettingsAreScheduled(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			b := openConsole(t, startDemo(t), size)
			b.await("the settings", `location.assign("/console/passrule") || true`)
			b.await("a community", `document.readyState === "complete" && location.pathname === "/console/passrule" && `+
				`(location.assign("/console/passrule?community=" + `+
				`[...document.querySelector("#f-community").options].at(1).value) || true)`)
			b.await("its settings", `document.readyState === "complete" && document.querySelector("#f-from_day")`)
			b.chooses("#f-exits", "2")
			b.run(dates + `({"#f-from_day": 5, "#f-until_day": 7})`)
			b.picture("ruleplan-form-" + name)
			b.click(`#rule button[type=submit], #rule .btn-primary`)
			b.await("the days", `document.querySelector("dialog[open]").innerText.includes("0 点生效")`)
			b.picture("ruleplan-asked-" + name)
			b.click("dialog .tx-form-foot button")
			b.says("已安排，")
			b.says("待生效")
			b.picture("ruleplan-listed-" + name)
			b.await("the home page", `location.assign("/console") || true`)
			b.await("its card", `location.pathname === "/console" && document.readyState === "complete" && `+
				`document.querySelector("section[aria-labelledby=plans-title]").innerText.includes("0 点生效")`)
			b.picture("ruleplan-home-" + name)
			b.click("section[aria-labelledby=plans-title] a")
			b.says("待生效")
			b.click("section[aria-labelledby=plans-title] form button")
			b.await("how many it concerns", `document.querySelector("dialog[open]")?.innerText.includes("名住户")`)
			b.click("dialog .tx-form-foot button")
			b.says("已取消")
			b.await("nothing waits", `!document.querySelector("section[aria-labelledby=plans-title]")`)
			b.picture("ruleplan-cancelled-" + name)
		})
	}
}
