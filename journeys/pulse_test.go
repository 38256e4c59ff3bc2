package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// The bell of an open page follows what is read on another, once a minute and when one comes back to it.
func TestAnOpenPageStaysCurrent(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	b.await("something unread", `document.readyState === "complete" && document.querySelector(".tx-bell .tx-count")`)
	// Elsewhere all is read, and a minute passes; again for what the demo tells of meanwhile.
	b.await("nothing unread", `(async () => {
		const bell = document.querySelector(".tx-bell");
		if (!bell.querySelector(".tx-count")) return true;
		const read = new URLSearchParams(new FormData(bell.querySelector("form"), bell.querySelector("button[name=last]")));
		await fetch("/console/notice", {method: "POST", redirect: "manual", body: read});
		const now = Date.now; Date.now = () => now() + 61000;
		document.dispatchEvent(new Event("visibilitychange"));
	})()`)
	b.click(".tx-bell summary")
	b.await("what was told", `document.querySelector(".tx-bell[open] .tx-menu-item")`)
}
