package main

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"tongxing/testkit/browser"
)

// Enter in the field that finds houses finds them; in any other it saves.
func TestRestrictingHousesByEnter(t *testing.T) {
	b := openConsole(t, startDemo(t), browser.Desktop)
	b.await("the way to the form", `location.assign("/console/restriction/new") || true`)
	b.types("#f-q", "1单元102"+kb.Enter)
	b.await("the houses that were found", `document.querySelector("#f-q").value === "1单元102" && !document.querySelector(".tx-wrong") &&
		document.querySelectorAll("input[name=houses]").length > 0 && [...document.querySelectorAll("input[name=houses]")].every(i => i.closest("label").innerText.includes("1单元102"))`)
	b.click("input[name=houses]")
	b.types("#f-reason", "社区通知"+kb.Enter)
	b.await("the list with the house", `document.readyState === "complete" && document.querySelector("main tbody") && document.body.innerText.includes("已限制 1 套房屋的出入")`)
}
