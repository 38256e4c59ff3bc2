package journeys

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	readers "tongxing/gate/simulator"
	"tongxing/testkit/browser"
)

// factJS is a script's expression for the value of a fact.
func factJS(label string) string {
	return "[...document.querySelectorAll('.tx-facts > div')].find(f => f.querySelector('dt').innerText === '" + label +
		"').querySelector('dd code').innerText"
}

// reads returns what a script's expression is.
func (b *tab) reads(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

// An installer with a phone sees what the device sends while it is tried; a guard at a desk sees it on the wall. A page that nobody
// looks at asks for nothing, and is current again when somebody does.
func TestADoorIsTriedBeforeTheWall(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	phone := o.desk("manager", browser.Phone)
	o.open(phone, "/console/reader", o.communities[0])
	phone.await("the readers", `document.querySelector("tbody tr .tx-name a")`)
	reader := phone.reads(`new URL(document.querySelector("tbody tr .tx-name a").href).pathname`)
	name := phone.reads(`document.querySelector("tbody tr .tx-name a").innerText`)
	o.open(phone, reader+"?tab=install")
	phone.click(`form[action*="/secret"] button`)
	phone.await("the whole address", factJS("完整地址")+`.includes("/door/") && !document.querySelector('form[action*="/secret"]')`)
	address := phone.reads(factJS("完整地址"))
	serial := phone.reads(factJS("设备号"))
	_, path, _ := strings.Cut(address, "/door/")
	family, _, _ := strings.Cut(path, "/")
	device := readers.Device{Family: family, Address: o.address + "/door/" + path, Serial: serial}
	show := func(text string) {
		t.Helper()
		if answer, err := device.Show(t.Context(), text); err != nil || answer.Opened {
			t.Fatalf("opened %v, %v", answer.Opened, err)
		}
	}

	wall := o.desk("manager", browser.Desktop)
	o.open(wall, "/console/reader/wall", o.communities[0])
	const connected = `document.querySelector('[data-live-state="on"]')`
	wall.await("the stream of the wall", connected)
	o.open(phone, reader+"?tab=calls")
	phone.await("the stream of the requests", connected)
	phone.picture("reader-calls-none")
	tile := `[...document.querySelectorAll(".tx-tile")].find(t => t.querySelector(".tx-name a").innerText === "` + name + `").innerText`
	row := `[...document.querySelectorAll("#calls li")].filter(l => l.innerText.includes("不像本系统的码"))`

	show("6901234567892")
	wall.await("the refusal on the wall", tile+`.includes("拒绝 1 次")`)
	phone.await("the request", row+`.length === 1 && !document.querySelector("#calls").innerText.includes("6901234")`)
	wall.picture("reader-wall")
	phone.picture("reader-calls")

	seen := func(hidden string) string {
		return `Object.defineProperty(document, "hidden", {value: ` + hidden + `, configurable: true}) && ` +
			`document.dispatchEvent(new Event("visibilitychange"))`
	}
	phone.run(seen("true"))
	show("6901234567908")
	wall.await("the second refusal on the wall", tile+`.includes("拒绝 2 次")`)
	if n := phone.reads(`String(` + row + `.length)`); n != "1" {
		t.Errorf("a page that nobody sees follows: %s rows", n)
	}
	phone.run(seen("false"))
	phone.await("what came meanwhile", row+`.length === 2`)
	show("6901234567915")
	phone.await("what comes now", row+`.length === 3`)

	o.open(phone, "/console/reader/wall", o.communities[0])
	phone.await("the wall on a phone", `document.querySelectorAll(".tx-tile").length > 1 && document.documentElement.scrollWidth <= 390`)
	phone.picture("reader-wall-phone")
	o.open(wall, "/console/reader/figure", o.communities[0])
	wall.await("the figures", `document.querySelectorAll(".tx-figures a").length > 6`)
	wall.picture("reader-figure")
	o.isRefused(o.desk("neighbour", browser.Desktop), reader+"?tab=calls", "页面不存在")
}
