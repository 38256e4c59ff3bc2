package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// The office approves from the list what the register bears out, and lets a channel send again that is stopped.
func TestOfficeApprovesAndResumes(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	b.await("the inbox", `location.assign("/console/review") || true`)
	b.await("the applicant of whom the register knows", `(() => {
		const row = [...document.querySelectorAll("tbody tr")].find((row) => row.innerText.includes("手机号与登记一致"));
		row?.querySelector(".tx-tick input").click();
		return Boolean(row) })()`)
	b.picture("review-ticked")
	b.click(`button[formaction*="/console/review/approve"]`)
	b.click(`dialog[open] .tx-form-foot button`)
	b.await("approved", `document.readyState === "complete" && document.body.innerText.includes("已通过")`)
	b.picture("review-approved")

	b.await("the channels", `location.assign("/console/message/channel") || true`)
	b.await("the stop", `document.body.innerText.includes("demo-template-of-last-year")`)
	b.picture("channel-stopped")
	b.click(`button[formaction*="last-year"], form[action*="last-year"] button`)
	b.click(`dialog[open] .tx-form-foot button`)
	b.await("resumed", `document.readyState === "complete" && document.body.innerText.includes("已恢复")`)
	b.await("no button is left", `!document.querySelector('[formaction*="last-year"], [action*="last-year"]')`)
}
