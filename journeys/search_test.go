package journeys

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tongxing/testkit/browser"
)

const (
	inBox   = `document.readyState === "complete" && document.activeElement.matches(".tx-find input[name=text]")`
	chosen  = `document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))`
	shown   = `!document.querySelector(".tx-find-panel").hidden && document.querySelectorAll(".tx-find-panel .tx-find-hit").length`
	noWords = `location.search === "" && !location.hash`
)

// The box is found, asked, moved through and left by keys alone; what is typed is in no address.
func TestSearchByKeyboard(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Desktop)
	b.await("the page", `document.readyState === "complete" && document.querySelector(".tx-find input[role=combobox]")`)
	b.keys("/")
	b.await("the box", inBox+` && document.activeElement.value === ""`)
	b.keys("建国")
	b.await("people by a given name", shown+` > 1 && document.querySelector(".tx-find-panel").innerText.includes("住户")`)
	b.picture("search-hits")
	if axe, err := os.ReadFile(axeFile); err == nil {
		lines, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](string(axe)+";\n"+check, chromedp.EvalAwaitPromise))
		if err != nil || len(lines) > 0 {
			t.Errorf("the open answer: %v %s", err, strings.Join(lines, "\n"))
		}
	}
	b.keys(kb.ArrowDown)
	b.await("the first hit", chosen+`.querySelector("a").pathname.startsWith("/console/resident/")`)
	b.keys(kb.ArrowRight)
	b.await("its first act", chosen+`.querySelector(".tx-find-act")`)
	b.keys(kb.ArrowLeft + kb.ArrowDown + kb.ArrowUp)
	b.await("the hit again", chosen+`.querySelector("a").pathname.startsWith("/console/resident/")`)
	b.keys(kb.Enter)
	b.await("the resident", `/^\/console\/resident\/\d+$/.test(location.pathname) && `+noWords)

	ctrlK := chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.await("its scripts", `document.readyState === "complete" && document.querySelector(".tx-find input[role=combobox]")`)
	if err := chromedp.Do(b.ctx, ctrlK); err != nil {
		t.Fatal(err)
	}
	b.await("what was opened last", inBox+" && "+shown+` > 0 && document.querySelector(".tx-find-panel").innerText.includes("最近")`)
	b.keys(kb.Escape)
	b.await("the answer closed", inBox+` && document.querySelector(".tx-find-panel").hidden`)
	b.keys("txzsz")
	b.await("a page by its initials", shown+` && document.querySelector(".tx-find-panel").innerText.includes("通行证设置")`)
	b.keys(kb.ArrowDown + kb.Enter)
	b.await("the page", `location.pathname === "/console/passrule"`)

	b.await("its scripts", `document.readyState === "complete" && document.querySelector(".tx-find input[role=combobox]")`)
	b.keys("/")
	b.await("the box", inBox)
	b.keys("绝无此人" + kb.Enter)
	b.await("the page of the answer", `location.pathname === "/console/search" && `+noWords+
		` && document.querySelector("main input[name=text]").value === "绝无此人" && document.querySelector("main .tx-find-none")`)
	b.picture("search-none")
}

// On a phone the box is a page, which answers while one types.
func TestSearchOnAPhone(t *testing.T) {
	t.Parallel()
	b := openConsole(t, showDemo(t), browser.Phone)
	b.click(".tx-find-link")
	b.await("the page", `location.pathname === "/console/search" && document.querySelector("main input[role=combobox]")`)
	b.types("main input[name=text]", "1栋1单元101")
	b.await("the house and its people", `document.querySelectorAll("main .tx-find-group").length > 1`)
	b.picture("search-phone")
	b.click(`main .tx-find-main a[href^="/console/house/"]`)
	b.await("the house", `/^\/console\/house\/\d+$/.test(location.pathname) && `+noWords)
}
