package journeys

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/gate"
	"tongxing/testkit/browser"
)

// A newcomer follows the tour: the phone, the code, the door, the code again,
// and the pages of those who watch.
func TestTour(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	guard, observer := newTab(t, browser.Phone), newTab(t, browser.Phone)
	guard.open(on(t, address, "li-weidong", "/h5/guard"))
	guard.await("the guard's live records", `document.querySelector("[data-live-state]")?.dataset.liveState === "on"`)
	observer.open(on(t, address, "zhou-min", "/h5/observer"))
	observer.await("the observer's records", `document.querySelector("#records li")`)
	admin := newTab(t, browser.Desktop)

	visitor := newTab(t, browser.Desktop)
	visitor.open(address + "/demo")
	visitor.picture("tour")
	visitor.open(on(t, address, "chen-jianguo", "/demo/stand/chen-jianguo"))
	visitor.click(".mini a.open")
	visitor.await(
		"the question whose phone it is",
		"(() => { const yes = "+inPhone+"(`.tx-confirm button:not([disabled])`); yes?.click(); return Boolean(yes) })()",
	)
	visitor.await("the code", inPhone+"(`[data-qr] img`)?.complete")
	visitor.picture("stand-code")
	visitor.click("[data-door]:nth-of-type(1) [data-hold]")
	visitor.await("the open door", `document.querySelector("[data-door]").dataset.state === "open"`)
	visitor.picture("stand-open")
	visitor.click("[data-door]:nth-of-type(2) [data-again]")
	visitor.await("the refusal", `document.querySelectorAll("[data-door]")[1].dataset.state === "shut"`)
	if words := visitor.text("[data-door]:nth-of-type(2) .says"); !strings.Contains(words, "已使用") {
		t.Errorf("the second door says %q", words)
	}
	visitor.await("the passage on the resident's phone", inPhone+"(`.p-passed`)")
	visitor.picture("stand-refused")

	guard.await("the passage at the guard's", `document.querySelector("#records").innerText.includes("陈建国")`)
	guard.picture("guard")
	observer.await(
		"the passage at the observer's",
		`document.querySelector("#records").innerText.includes("陈**") || document.querySelector("#records").innerText.includes("陈*")`,
	)
	if words := observer.text("#records"); strings.Contains(words, "陈建国") {
		t.Error("the observer sees a whole name")
	}
	observer.picture("observer")
	admin.open(address + "/demo")
	admin.await("the steps that are done", `[...document.querySelectorAll("[data-step]")].slice(0, 3).every((s) => "done" in s.dataset)`)
	// stay in this tab
	admin.await("the tour", `document.querySelectorAll("form[target]").forEach(f => f.removeAttribute("target")) || true`)
	admin.click(`form[action="/demo/admin?next=/console/accessrecord"] button`)
	admin.await("the record in the console", `location.pathname === "/console/accessrecord" && document.body.innerText.includes("陈建国")`)
	admin.picture("console-records")
}

// What a resident's screen shows is read by a QR library and presented to both
// families of readers.
func TestCodeOnTheScreenOpensBothKindsOfDoor(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	phone := newTab(t, browser.Phone)
	phone.open(on(t, address, "wang-xiulan", "/sim/phone/wang-xiulan?tab=mini&view=launch%3Fapp%3D"+demoMini))
	phone.await(
		"the question whose phone it is",
		"(() => { const yes = "+inPhone+"(`.tx-confirm button:not([disabled])`); yes?.click(); return Boolean(yes) })()",
	)
	phone.await("the code", inPhone+"(`[data-qr] img`)?.complete")
	pass, err := chromedp.Run(phone.ctx, chromedp.Evaluate[string](inPhone+"(`[data-qr]`).ownerDocument.location.pathname"))
	if err != nil {
		t.Fatal(err)
	}
	for door := range 2 {
		// A tab of its own: the one before reloads itself when its code is used.
		screen := &tab{t: t, ctx: phone.another()}
		screen.open(on(t, address, "wang-xiulan", pass))
		screen.await("the code", `document.querySelector("[data-qr] img")?.complete`)
		screen.picture("pass")
		code := decodeQR(t, screen.shot())
		first, second := hold(t, address, door, code), hold(t, address, 1-door, code)
		if !first.Opened || second.Opened {
			t.Errorf(
				"door %d: opened %v (%s), then the other opened %v (%s)", door, first.Opened, first.Response,
				second.Opened, second.Response,
			)
		}
	}
	// A guard's phone scans with WeChat's own scanner.
	screen := &tab{t: t, ctx: phone.another()}
	screen.open(on(t, address, "wang-xiulan", pass))
	screen.await("the code", `document.querySelector("[data-qr] img")?.complete`)
	code := decodeQR(t, screen.shot())
	guard := newTab(t, browser.Phone)
	guard.open(on(t, address, "li-weidong", "/h5/guard"))
	guard.click(`[data-scan-open="ready"]`)
	guard.await(
		"the camera",
		`(document.querySelector("dialog input").value = "`+code+`") && document.querySelector("dialog button").click() === undefined`,
	)
	guard.await("what WeChat saw", `document.querySelector(".p-look .p-holder h2")?.innerText.includes("王秀兰")`)
	guard.picture("guard-look")
}

// held is what a door of the demo answers to one scan.
type held struct {
	Opened   bool   `json:"opened"`
	Words    string `json:"words"`
	Response string `json:"response"`
}

// hold draws a code again, as a phone's screen would show it, and holds it to a door of the tour.
func hold(t *testing.T, address string, door int, code string) held {
	t.Helper()
	picture, err := gate.QRPNG(code, 400)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, address+"/demo/door/"+doors(t, address)[door], bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "image/png")
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var h held
	if err := json.NewDecoder(response.Body).Decode(&h); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	return h
}

var doorID = regexp.MustCompile(`data-door="(\d+)"`)

// doors returns the ids of the tour's doors.
func doors(t *testing.T, address string) []string {
	t.Helper()
	response, err := http.Get(address + "/demo/stand/chen-jianguo")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, found := range doorID.FindAllSubmatch(page, -1) {
		ids = append(ids, string(found[1]))
	}
	if len(ids) != 2 {
		t.Fatalf("%d doors in the tour", len(ids))
	}
	return ids
}

// A newcomer follows the step 请朋友来: the host invites, the friend's phone opens the link, the door opens once, and both phones say
// so; the tour knows that it is done.
func TestTourInvitesAFriend(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	b := newTab(t, browser.Desktop)
	b.open(address + "/demo")
	b.await("the way there", `document.querySelector("a[href$='/demo/guest']").removeAttribute("target") === undefined`)
	b.click(`a[href$="/demo/guest"]`)
	const host, friend = `document.querySelector("#host").contentDocument`, `document.querySelector("#phone").contentDocument`
	b.await("the form on the host's phone", host+`.querySelector("#f-name")`)
	b.click("[data-send]")
	b.await("that there is no link", `document.querySelector("[data-sent]").innerText.includes("还没有链接")`)
	b.picture("guest")
	b.await("the name", host+`.readyState === "complete" && (`+host+`.querySelector("#f-name").value = "林小满")`)
	b.run(host + `.querySelector(".tx-form-foot .btn-primary").click()`)
	b.await("the link", host+`.querySelector("#visit-link")`)
	b.click("[data-send]")
	b.await("the friend's code", friend+`.querySelector("[data-qr] img")?.complete`)
	b.picture("guest-code")
	b.click("[data-hold]")
	b.await("the open door", `document.querySelector("[data-door]").dataset.state === "open"`)
	b.await("what the friend reads", friend+`.querySelector(".p-verdict")?.innerText.includes("已进门")`)
	b.await("what the host reads", host+`.querySelector("main")?.innerText.includes("已访问")`)
	b.picture("guest-in")
	b.click("[data-door]:nth-of-type(2) [data-again]")
	b.await("the refusal", `document.querySelectorAll("[data-door]")[1].dataset.state === "shut"`)
	b.open(address + "/demo")
	b.await("that the step is done", `"done" in document.querySelector("a[href$='/demo/guest']").closest("[data-step]").dataset`)
	b.picture("tour-after-guest")
	phone := newTab(t, browser.Phone)
	phone.open(on(t, address, owner, "/demo/guest"))
	phone.await("the form", host+`.querySelector("#f-name")`)
	phone.picture("guest-phone")
	courier := newTab(t, browser.Desktop)
	courier.open(on(t, address, "xu-jianjun", "/demo/stand/xu-jianjun"))
	courier.click(".mini a.open")
	courier.await(
		"the question whose phone it is",
		"(() => { const yes = "+inPhone+"(`.tx-confirm button:not([disabled])`); yes?.click(); return Boolean(yes) })()",
	)
	courier.await("the code", inPhone+"(`[data-qr] img`)?.complete")
	courier.click("[data-door]:nth-of-type(1) [data-hold]")
	courier.await("the open door", `document.querySelector("[data-door]").dataset.state === "open"`)
	courier.picture("courier")
}
