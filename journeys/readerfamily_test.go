package journeys

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/gate/simulator"
	"tongxing/testkit/browser"
)

// An installer adds a reader of each family that asks over HTTP on a phone, types what the page says into the device, and sees on the
// same page what has happened. Of a family that needs the broker, which is off, the page says so.
func TestInstallerAddsAReaderOfEachFamily(t *testing.T) {
	t.Parallel()
	b := openConsole(t, startDemo(t), browser.Phone)
	for _, p := range core.ReaderProtocols() {
		b.addsReader(p.Name)
		if p.Connected {
			b.says("没有启用 MQTT")
			b.picture("reader-family-" + p.Name)
			continue
		}
		b.await("nothing has happened", `document.querySelector("#install").innerText.includes("还没有收到消息")`)
		b.click(`form[action*="/secret"] .btn`)
		b.await("its address", `document.querySelector("#install").innerText.includes("/door/") && `+
			`!document.querySelector("#install").innerText.includes("••")`)
		address, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
			`document.querySelector("#install").innerText.match(/http:\/\/\S+\/door\/\S+/)[0]`))
		if err != nil {
			t.Fatal(err)
		}
		d := simulator.Device{Family: p.Name, Address: address, Serial: serialOf(p.Name), Out: true}
		if _, beats, err := d.Beat(t.Context()); err != nil || beats != p.Beats {
			t.Fatalf("%s: a heartbeat: %v, %v", p.Name, beats, err)
		}
		if answer, err := d.Show(t.Context(), "6901234567892"); err != nil || answer.Opened || answer.Text == "" {
			t.Fatalf("%s: a code of a shop: %+v, %v", p.Name, answer, err)
		}
		b.await("what has happened", `(() => {
			if (document.readyState !== "complete" || !document.querySelector("#install")) return false;
			const facts = [...document.querySelectorAll("#install dl div")].map((fact) => fact.innerText.replace(/\s+/g, " "));
			if (facts.some((f) => f.startsWith("连上服务器 今天")) && facts.some((f) => f.startsWith("拒绝 今天"))) return true;
			location.assign(location.pathname.replace(/\/secret$/, "") + "?tab=install");
			return false;
		})()`)
		b.picture("reader-family-" + p.Name)
	}
}

func serialOf(family string) string { return strings.ToUpper(family[:2]) + "000001" }

// addsReader adds a reader of a family, and leads to what its installer types into it.
func (b *tab) addsReader(family string) {
	b.t.Helper()
	const path = "/console/reader/new"
	b.await("the form", `location.assign("`+path+`") || true`)
	b.choosesCommunity(path)
	b.await("the form of the community", `document.querySelector("input[name=scope_nodes]")`)
	b.types("#f-name", "西门出口"+family)
	b.types("#f-gate", "西门")
	b.types("#f-serial", serialOf(family))
	b.click(`input[name=protocol][value=` + family + `]`)
	b.click(".tx-form-foot .btn-primary")
	b.await("the reader", `document.readyState === "complete" && document.querySelector("#install") && `+
		`document.body.innerText.includes("读头已添加")`)
}
