package journeys

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// ownersPhone is the number of the owner's persona.
const ownersPhone = "19900000013"

// scans presents a code to the guard, and waits for what it is.
func (b *tab) scans(address, code string) {
	b.t.Helper()
	b.open(on(b.t, address, "li-weidong", "/h5/guard"))
	b.await("the scanner", `document.querySelector('[data-scan-open="ready"]')`)
	// Pages of decisions stay, to be pictured.
	b.await("连续扫码 off", `(on => { if (on.checked) on.click(); return !on.checked })(document.querySelector("[data-scan-on]"))`)
	b.click(`[data-scan-open="ready"]`)
	b.await("the camera", `(document.querySelector("dialog input").value = "`+code+`") && `+
		`document.querySelector("dialog button").click() === undefined`)
	b.await("whose it is", `document.querySelector(".p-look .p-holder h2")`)
}

// releases decides for the holder of the scanned code, with a temperature if it is asked for.
func (b *tab) releases(picture string) {
	b.t.Helper()
	b.await("the temperature, if it is asked for", `(t => { if (t) t.value = "36.5"; return true })(document.querySelector("[name=temp]"))`)
	b.picture(picture + "-look")
	b.click(`button[value="release"]`)
	b.await("released", `document.readyState === "complete" && document.querySelector(".p-verdict").innerText.includes("已放行")`)
	b.picture(picture + "-released")
}

// showsCode waits for the code of the visitor's page, and reads it from the screen.
func (b *tab) showsCode() string {
	b.t.Helper()
	b.await("the code", `document.querySelector("[data-qr] img")?.complete && `+
		`document.querySelector("[data-code]").dataset.code === "live"`)
	return decodeQR(b.t, b.shot())
}

// A resident invites a visitor on the phone and may forward the card; the visitor opens the link without WeChat and shows the
// code; the guard scans it and lets the visitor in; the resident is told, and sees the visit.
func TestVisitorIsInvited(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	host := newTab(t, browser.Phone)
	host.open(on(t, address, owner, "/h5/visitorpass"))
	host.picture("visitor-list")
	host.click(`a[href="/h5/visitorpass/new"]`)
	host.click(".tx-form-foot .btn-primary")
	host.await("the name is missing", `document.querySelector("#f-name").matches(":invalid, .is-invalid")`)
	host.types("#f-name", "林小满")
	host.types("#f-plate", "京A66888")
	host.picture("visitor-form")
	host.click(".tx-form-foot .btn-primary")
	host.await("the link", `document.querySelector("#visit-link")`)
	host.await("the card", `document.documentElement.dataset.wxCard && !document.querySelector("[data-card]").hidden`)
	host.picture("visitor-invited")
	link, err := chromedp.Run(host.ctx, chromedp.Evaluate[string](`document.querySelector("#visit-link").value`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(host.ctx, chromedp.Evaluate[string](`document.documentElement.dataset.wxCard`))
	if err != nil {
		t.Fatal(err)
	}
	var card struct{ Title, Desc, Link, ImgURL string }
	if err := json.Unmarshal([]byte(text), &card); err != nil || card.Link != link || card.Title == "" || card.Desc == "" {
		t.Errorf("the card is %s, %v", text, err)
	}
	guest := newTab(t, browser.Phone)
	guest.open(card.ImgURL)
	guest.await("the card's picture", `document.images[0]?.naturalWidth === 300`)
	guest.open(link)
	code := guest.showsCode()
	guest.picture("visitor-code")
	wide := newTab(t, browser.Desktop)
	wide.open(link)
	wide.await("the visitor's page on a desk", `document.querySelector(".p-verdict")`)
	wide.picture("visitor-code-wide")

	guard := newTab(t, browser.Phone)
	code = guest.newer(code)
	guard.scans(address, code)
	guard.await("the visitor", `document.querySelector(".p-holder h2").innerText.includes("林小满")`)
	guard.releases("visitor-in")

	guest.open(link)
	guest.await("that they are in", `document.querySelector(".p-verdict").innerText.includes("已进门")`)
	guest.picture("visitor-inside")
	host.open(on(t, address, owner, "/h5/visitorpass"))
	host.await("the visit", `[...document.querySelectorAll(".p-card-link")].some(a => a.innerText.includes("林小满") && `+
		`a.innerText.includes("已访问"))`)
	host.picture("visitor-made")
	messages := on(t, address, owner, "/h5/message")
	host.open(messages) // a server tells within a second
	host.await("that the host is told", `(await (await fetch(location.href)).text()).includes("的访客已从 南门岗亭 进门")`)
	host.open(messages)
	host.await("the message", `document.querySelector("main").innerText.includes("的访客已从 南门岗亭 进门")`)
	host.picture("visitor-told")
}

// newer returns the code that the page shows now: another tab of the same pass may have asked for one since.
func (b *tab) newer(than string) string {
	b.t.Helper()
	b.open("about:blank")
	if err := chromedp.Do(b.ctx, chromedp.NavigateBack()); err != nil {
		b.t.Fatal(err)
	}
	code := b.showsCode()
	if code == than {
		b.t.Error("the same code again")
	}
	return code
}

// poster has the desk hang a poster at the guards' gate, and returns where its code leads.
func poster(t *testing.T, address string) string {
	t.Helper()
	desk := openConsole(t, address, browser.Desktop)
	desk.await("the posters", `location.assign("/console/visitorrule/poster") || true`)
	desk.await("a community", `document.readyState === "complete" && location.pathname === "/console/visitorrule/poster" && `+
		`(location.assign("/console/visitorrule/poster?community=" + `+
		`[...document.querySelector("#f-community").options].at(1).value) || true)`)
	desk.await("the form", `document.readyState === "complete" && document.querySelector("#f-post")?.options.length > 1`)
	desk.run(`document.querySelector("#f-post").selectedIndex = 1`)
	desk.click(".tx-form .btn-primary:not(.visually-hidden)")
	desk.await("the poster", `document.querySelector(".tx-notice-code img")?.complete || document.querySelector(".tx-members a")?.click()`)
	desk.picture("poster")
	return decodeQR(t, desk.shot())
}

// proves has a code sent to the number in the form, and enters it: nothing that was typed is lost.
func (b *tab) proves() {
	b.t.Helper()
	b.click(`button[value="code"]`)
	b.await("the code by text message", `document.readyState === "complete" && document.body.innerText.includes("验证码是")`)
	code, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText.match(/验证码是 (\d+)/)[1]`))
	if err != nil {
		b.t.Fatal(err)
	}
	b.types("#f-code", code)
}

// visits applies at a poster, for the last house of the last building.
func (b *tab) visits(at, name, phone string) {
	b.t.Helper()
	b.picks(at, "", "")
	b.sets("#f-name", name)
	b.sets("#f-phone", phone)
}

// decides opens a visitor's application in the console.
func (b *tab) decides(name string) {
	b.t.Helper()
	b.await("the list", `location.assign("/console/visitorpass?state=waiting") || true`)
	b.await("the application", `location.pathname === "/console/visitorpass" && [...document.querySelectorAll("tbody tr")].`+
		`find(r => r.innerText.includes("`+name+`")).querySelector(".tx-name a").click() === undefined`)
	b.await("its page", `document.querySelector("[data-decide=approve]")`)
}

// decided is true once the page says what has become of an application; the form's help says how the applicant learns of it, too.
const decided = `document.readyState === "complete" && document.querySelector(".tx-flash.tx-good")?.innerText.includes(` +
	`"对方打开申请时的页面就能看到")`

// A visitor scans the poster of a gate without WeChat and fills in the form: what is wrong is said, and nothing is lost. The office
// approves it at the desk, and the visitor has the code; another is rejected on a phone, and reads why.
func TestVisitorAppliesAtThePoster(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	at := poster(t, address)
	guest := newTab(t, browser.Phone)
	guest.open(at)
	guest.await("the buildings", `document.querySelector(".p-card-link")`)
	guest.picture("poster-pick")
	guest.visits(at, "周小川", "1990000")
	guest.types("#f-reason", "探望父母")
	guest.picture("poster-form")
	guest.click(".tx-form-foot .btn-primary")
	guest.await("what is wrong", `document.readyState === "complete" && document.querySelector("#f-phone").closest(".tx-wrong")`)
	guest.picture("poster-wrong")
	guest.await("what was typed", `["#f-name", "#f-reason", "#f-phone"].map(f => document.querySelector(f).value).join() === `+
		`"周小川,探望父母,1990000"`)
	guest.sets("#f-phone", "19900000061")
	guest.proves()
	guest.picture("poster-proven")
	guest.click(".tx-form-foot .btn-primary")
	guest.await("that it waits", `document.querySelector(".p-verdict")?.innerText.includes("等待审核")`)
	guest.picture("poster-waits")

	desk := openConsole(t, address, browser.Desktop)
	desk.decides("周小川")
	desk.picture("poster-review")
	desk.click(`[data-decide=approve]`)
	desk.await("what was decided", decided)
	desk.picture("poster-reviewed")
	guest.run(`location.reload()`)
	guest.showsCode()
	guest.picture("poster-code")

	other := newTab(t, browser.Phone)
	other.visits(at, "吴一帆", "19900000062")
	other.proves()
	other.click(".tx-form-foot .btn-primary")
	other.await("that it waits", `document.querySelector(".p-verdict")?.innerText.includes("等待审核")`)
	phone := openConsole(t, address, browser.Phone)
	phone.decides("吴一帆")
	phone.picture("poster-review-phone")
	phone.click(`[data-decide=reject]`)
	phone.await("what was decided", decided)
	phone.picture("poster-rejected-phone")
	other.run(`location.reload()`)
	other.await("why", `document.querySelector(".p-verdict").innerText.includes("已拒绝") && !document.querySelector("[data-qr]")`)
	other.picture("poster-refused")
}

// A visitor asks a resident for an appointment by the number: one is accepted on the resident's phone, another declined for a usual
// reason, and each visitor sees what became of it.
func TestVisitorMakesAnAppointment(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	at := poster(t, address)
	books := func(name, phone string) *tab {
		t.Helper()
		guest := newTab(t, browser.Phone)
		guest.open(at)
		guest.click(`a[href$="book=yes"]`)
		guest.types("#f-host", ownersPhone)
		guest.types("#f-name", name)
		guest.types("#f-phone", phone)
		guest.proves()
		guest.picture("appointment-form")
		guest.click(".tx-form-foot .btn-primary")
		guest.await("that it waits", `document.querySelector(".p-verdict")?.innerText.includes("等住户处理")`)
		guest.picture("appointment-waits")
		return guest
	}
	host := newTab(t, browser.Phone)
	answers := func(name string) {
		t.Helper()
		host.open(on(t, address, owner, "/h5/visitorpass"))
		host.await("who asks", `[...document.querySelectorAll(".p-card-link")].find(a => a.innerText.includes("`+name+`")).`+
			`click() === undefined`)
		host.await("the question", `document.querySelector("[name=approve]")`)
	}
	accepted := books("何晓东", "19900000063")
	answers("何晓东")
	host.picture("appointment-question")
	host.click("[name=approve]")
	host.says("已通过何晓东的来访")
	host.picture("appointment-accepted")
	accepted.run(`location.reload()`)
	accepted.await("from when", `document.querySelector(".p-verdict").innerText.includes("起可进门")`)
	accepted.showsCode()
	accepted.picture("appointment-code")

	declined := books("苏小雅", "19900000064")
	answers("苏小雅")
	host.click(".p-refuse summary")
	host.picture("appointment-reasons")
	host.click("[name=preset]")
	host.says("已拒绝苏小雅的来访")
	host.picture("appointment-declined")
	declined.run(`location.reload()`)
	declined.await("the refusal", `document.querySelector(".p-verdict").innerText.includes("已拒绝") && `+
		`!document.querySelector("[data-qr]")`)
	declined.picture("appointment-refused")
}

// The office adds an institution and a member with a picture; the member verifies the number on the phone, finds the pass and shows
// its code; the guard sees the face.
func TestMemberOfAnInstitution(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	desk := openConsole(t, address, browser.Desktop)
	desk.await("the form", `location.assign("/console/institution/new") || true`)
	desk.types("#f-name", "洁美保洁")
	desk.await("the communities", `(boxes => { if (boxes.length && !boxes[0].checked) boxes[0].click(); return boxes.length })`+
		`(document.querySelectorAll("input[name=communities]"))`)
	desk.picture("institution-form")
	desk.click(".tx-form-foot .btn-primary")
	desk.says("还没有成员")
	desk.picture("institution")
	desk.click(`main a[href*="/console/institution/member/new"], header a[href*="/console/institution/member/new"]`)
	desk.types("#f-name", "赵强")
	desk.types("#f-phone", "19900000006")
	desk.picture("member-form")
	desk.click(".tx-form-foot .btn-primary")
	desk.await("the member", `/\/member\/\d+$/.test(location.pathname)`)
	desk.picture("member")
	desk.click(`a[href$="/photo"]`)
	desk.click(`input[name=which][value=face]`)
	desk.await("the picture", `(async () => {
		const canvas = document.createElement("canvas"); canvas.width = 480; canvas.height = 480;
		const pen = canvas.getContext("2d");
		pen.fillStyle = "#cfe3dd"; pen.fillRect(0, 0, 480, 480);
		pen.fillStyle = "#e9c3a2"; pen.beginPath(); pen.arc(240, 200, 120, 0, 7); pen.fill();
		pen.fillStyle = "#3b5b92"; pen.fillRect(90, 330, 300, 150);
		const list = new DataTransfer();
		list.items.add(new File([await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.9))], "face.jpg", {type: "image/jpeg"}));
		const field = document.querySelector("input[type=file]"); field.files = list.files;
		field.dispatchEvent(new Event("change", {bubbles: true}));
		return true })()`)
	desk.picture("member-photo")
	desk.click(".tx-form-foot .btn-primary")
	desk.await("the picture that is kept", `document.readyState === "complete" && `+
		`document.querySelector(".tx-evidence img").naturalWidth > 0`)
	desk.picture("member-with-photo")

	phone := newTab(t, browser.Phone)
	phone.verifies(on(t, address, passerby, "/sim/phone/"+passerby))
	phone.open(on(t, address, passerby, "/h5/pass"))
	phone.picture("member-passes")
	phone.await("the pass", `document.querySelector("[data-qr]") || document.querySelector(".p-list a")?.click()`)
	code := phone.showsCode()
	phone.picture("member-code")
	guard := newTab(t, browser.Phone)
	guard.scans(address, code)
	guard.await("the face", `document.querySelector(".p-face")?.naturalWidth > 0`)
	guard.releases("member")
	desk.await("the passages", `location.search.includes("passages") || (location.assign(location.pathname + "?tab=passages"), false)`)
	desk.says("南门岗亭")
	desk.picture("member-passed")
	at, err := chromedp.Run(desk.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		t.Fatal(err)
	}
	small := openConsole(t, address, browser.Phone)
	small.await("the member on a phone", `location.assign("`+at+`") || true`)
	small.await("the picture", `document.readyState === "complete" && document.querySelector(".tx-evidence img").naturalWidth > 0`)
	small.picture("member-phone")
}
