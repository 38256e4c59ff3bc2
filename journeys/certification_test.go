package journeys

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// owner is the persona who keeps a house on the phone.
const owner = "huang-zhiming"

// passerby is the persona whom the register does not have.
const passerby = "zhao-qiang"

// A stranger who probes on the phone gets one answer, word for word but for what they chose themselves: for the name of the owner
// of a house, for a name that nobody has, and for another house.
func (b *tab) probes(address, place, label, lives string) {
	b.t.Helper()
	const answer = `[...document.querySelectorAll("main *, header *")].filter(e => !e.children.length).map(e => e.innerText?.trim()).
		filter(text => text && !/[0-9]/.test(text)).join("|")` // addresses and times have figures, and are the stranger's own
	var first string
	for i, probe := range []struct{ label, name string }{{label, lives}, {label, "欧阳无此人"}, {"", lives}} {
		b.picks(on(b.t, address, passerby, "/h5/certification/new"), place, probe.label)
		b.applies(probe.name, "family")
		b.await("that it waits", `document.querySelector("main")?.innerText.includes("待审核")`)
		text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](answer))
		if err != nil {
			b.t.Fatal(err)
		}
		text = strings.ReplaceAll(text, probe.name, "")
		if i == 0 {
			first = text
			b.picture("certification-probed")
		}
		if text != first || strings.Contains(text, lives) {
			b.t.Errorf("probe %d is answered %q, the first %q", i, text, first)
		}
	}
}

// A newcomer is certified on the phone in each of the three ways: at once, since the owner has added her under that name and
// number; by the owner, after he had removed her; and by the office, for another house, with pictures.
func TestResidentIsCertifiedOnThePhone(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	home, phone := newTab(t, browser.Phone), newTab(t, browser.Phone)
	phone.verifies(on(t, address, newcomer, "/sim/phone/"+newcomer))

	stranger := newTab(t, browser.Phone)
	stranger.verifies(on(t, address, passerby, "/sim/phone/"+passerby))

	const approved = `document.querySelector("main").innerText.includes("已通过") || (location.reload(), false)`
	household := on(t, address, owner, "/h5/household")
	home.open(household)
	label := home.text("main section h2")
	place := home.text("main section h2 + p")
	stranger.probes(address, place, label, "黄志明")
	home.click(`main a[href^="/h5/household/new"]`)
	home.types(`input[name="name"]`, "孙丽娟")
	home.click(`input[name="identity"][value="family"]`)
	home.types(`input[name="phone"]`, "19900000010")
	home.click(".tx-form .btn-primary:not(.visually-hidden)")
	home.await("who was added", `document.querySelector(".tx-flash")?.innerText.includes("已添加孙丽娟")`)
	home.picture("household-added")

	// By match.
	phone.picks(on(t, address, newcomer, "/h5/certification/new"), place, label)
	phone.applies("孙丽娟", "family")
	phone.await("the outcome", `document.querySelector("main").innerText.includes("已通过")`)
	phone.picture("certified-by-match")

	// By the owner.
	home.open(household)
	const hers = `[...document.querySelectorAll(".p-records li")].find(li => li.innerText.includes("孙丽娟"))`
	home.await("that she is certified", hers+`.innerText.includes("已认证")`)
	home.run(hers + `.querySelector("a.btn").click()`)
	home.click(".tx-confirm .tx-form-foot button")
	home.await("the removal's message", `document.querySelector(".tx-flash") && !(`+hers+`)`)
	phone.picks(on(t, address, newcomer, "/h5/certification/new"), place, label)
	phone.applies("孙丽娟", "family")
	phone.await("that it waits", `document.querySelector("main").innerText.includes("待审核")`)
	phone.picture("certified-waits")
	home.open(household)
	home.await("the application", hers+`?.querySelector("a")`)
	home.run(hers + `.querySelector("a").click()`)
	home.click(`button[name="approve"]`)
	home.await("the decision", `document.readyState === "complete" && document.querySelector(".tx-flash, [role=status]") && `+
		`!document.querySelector('button[name="approve"]')`)
	phone.eventually("the outcome", approved)

	// By the office, with pictures.
	phone.picks(on(t, address, newcomer, "/h5/certification/new"), place, "")
	phone.sendsPictures()
	phone.applies("孙丽娟", "tenant")
	phone.await("that it waits", `document.querySelector("main").innerText.includes("待审核")`)
	house, err := chromedp.Run(phone.ctx, chromedp.Evaluate[string](
		`[...document.querySelectorAll("main dt")].find(dt => dt.innerText.trim() === "房屋").nextElementSibling.innerText.trim()`))
	if err != nil {
		t.Fatal(err)
	}
	desk := newTab(t, browser.Desktop)
	desk.open(address + "/demo")
	desk.await("the tour", `document.querySelectorAll("form[target]").forEach(f => f.removeAttribute("target")) || true`)
	desk.click(`form[action^="/demo/admin"] button`)
	desk.await("the console", `location.pathname.startsWith("/console")`)
	desk.open(address + "/console/certification")
	newest := fmt.Sprintf(
		`[...document.querySelectorAll("tbody tr")].find(r => ["孙丽娟", "待审核", %q].every(w => r.innerText.includes(w)))`, house,
	)
	desk.await("the newest application", newest+`?.querySelector("a")`)
	desk.run(newest + `.querySelector("a").click()`)
	desk.await("its pictures", `document.querySelectorAll("main img").length === 2`)
	desk.picture("certified-by-office")
	desk.click(`[data-decide="approve"]`)
	desk.await("the decision", `document.querySelector(".tx-flash")?.innerText.includes("通过")`)
	phone.eventually("the outcome", approved)
	phone.open(on(t, address, newcomer, "/h5/certification"))
	phone.picture("certified-addresses")
}

// picks goes down to a house of a community, level by level; without a label, to the last of each level.
func (b *tab) picks(address, community, label string) {
	b.t.Helper()
	b.open(address)
	for rest, named := label, community; ; named = "" {
		const places = `[...document.querySelectorAll("a.p-card-link")].map(a => a.innerText.trim())`
		b.await("the next level",
			`document.readyState === "complete" && (document.querySelector('input[name="name"]') || `+places+`.length)`)
		if b.count(`input[name="name"]`) == 1 {
			return
		}
		names, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](places))
		if err != nil {
			b.t.Fatal(err)
		}
		at := slices.IndexFunc(names, func(name string) bool {
			return name == named || named == "" && rest != "" && strings.HasPrefix(rest, name)
		})
		switch {
		case at >= 0 && named == "":
			rest = strings.TrimPrefix(rest, names[at])
		case at < 0 && named == "" && label == "":
			at = len(names) - 1
		case at < 0:
			b.t.Fatalf("%q leads neither to %q nor %q", names, named, rest)
		}
		before := b.text(".p-h2") + names[0] + names[len(names)-1]
		b.run(fmt.Sprintf(`document.querySelectorAll("a.p-card-link")[%d].click()`, at))
		b.await("the level below", `document.readyState === "complete" && (document.querySelector('input[name="name"]') || `+
			`document.querySelector(".p-h2").innerText + `+places+`.at(0) + `+places+fmt.Sprintf(`.at(-1) !== %q)`, before))
	}
}

// applies fills in the form and sends it.
func (b *tab) applies(name, identity string) {
	b.t.Helper()
	b.sets(`input[name="name"]`, name)
	b.click(`input[name="identity"][value="` + identity + `"]`)
	b.picture("certification-form")
	b.click(".tx-form-foot .btn-primary")
}

// sendsPictures chooses files as a person does: two pictures, one of them as large as a camera makes them; then one that is no
// picture, and one that is too large, each of which is refused in words, and nothing of the others is lost.
func (b *tab) sendsPictures() {
	b.t.Helper()
	b.types(`input[name="name"]`, "孙丽")
	const drawn = `async (name, width, height) => {
		const canvas = document.createElement("canvas"); canvas.width = width; canvas.height = height;
		const pen = canvas.getContext("2d"), noise = pen.createImageData(width, height);
		for (let i = 0; i < noise.data.length; i++) noise.data[i] = (i * 2654435761) >>> (i % 13);
		pen.putImageData(noise, 0, 0);
		return new File([await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.95))], name, {type: "image/jpeg"}) }`
	const choose = `files => { const list = new DataTransfer(); files.forEach(f => list.items.add(f));
		const field = document.querySelector("#f-photo"); field.files = list.files;
		field.dispatchEvent(new Event("change", {bubbles: true})); return true }`
	for _, sent := range []struct{ what, files, want string }{
		{
			"two pictures", `[await (` + drawn + `)("a.jpg", 640, 480), await (` + drawn + `)("b.jpg", 3600, 2700)]`,
			`document.querySelectorAll(".p-photos img").length === 2 &&
				[...document.querySelectorAll(".p-photos img")].every(i => i.naturalWidth > 0)`,
		},
		{
			"no picture", `[new File(["这不是照片"], "c.jpg", {type: "image/jpeg"})]`,
			`document.querySelector("#f-photo-error").innerText.includes("图片") && document.querySelectorAll(".p-photos img").length === 2`,
		},
		{
			"too large a file", `[new File([new Uint8Array(13 * 1024 * 1024)], "d.jpg", {type: "image/jpeg"})]`,
			`document.querySelector("#f-photo-error").innerText.trim() !== "" && !document.querySelector("form[data-sent]") && ` +
				`document.querySelectorAll(".p-photos img").length === 2`,
		},
	} {
		script := `(async () => (` + choose + `)(` + sent.files + `))()`
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); err != nil {
			b.t.Fatalf("%s: %v", sent.what, err)
		}
		b.await(sent.what, sent.want)
		b.picture("certification-" + strings.ReplaceAll(sent.what, " ", "-"))
	}
	b.await("what was typed", `document.querySelector('input[name="name"]').value === "孙丽"`)
}
