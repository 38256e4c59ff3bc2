package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/gate"
	"tongxing/testkit"
	"tongxing/testkit/browser"
	"tongxing/wechat/simulator"
)

func TestMain(m *testing.M) { browser.Main(m) }

var printedURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// seeded is the data of a demo that was started once, for every test to start from a copy:
// generating an estate takes half a minute under the race detector.
var seeded testkit.Prepared

// seededCopy returns a new folder with a demo's data.
func seededCopy(t *testing.T) string {
	t.Helper()
	return seeded.Copy(t, func(dir string) error {
		_, stop := runDemo(t, dir)
		return stop()
	})
}

// startDemo runs the real program's demo and returns its address.
func startDemo(t *testing.T) string {
	t.Helper()
	address, stop := runDemo(t, seededCopy(t))
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// showDemo is startDemo for a test with a browser; it skips the test before starting anything if
// there is no browser.
func showDemo(t *testing.T) string {
	t.Helper()
	testkit.Chromium(t)
	return startDemo(t)
}

// runDemo runs the demo on the data of a folder; stop ends it, and fails if it, or the test, went
// wrong.
func runDemo(t *testing.T, data string) (address string, stop func() error) {
	t.Helper()
	line, stop := runProgram(t, data, "--demo")
	if address = printedURL.FindString(line); address == "" {
		t.Fatalf("no address in %q", line)
	}
	return address, stop
}

// settingsFile returns a file of settings for the data of a folder: parallel tests share the environment.
func settingsFile(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tongxing.yaml")
	text := fmt.Sprintf("data: {dir: %q}\nhttp: {addr: '127.0.0.1:0', metrics_addr: 'off'}\nlog: {level: warn}\n", data)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runProgram runs the program on the data of a folder and returns what it prints; stop is as in runDemo.
func runProgram(t *testing.T, data string, args ...string) (printedLine string, stop func() error) {
	t.Helper()
	settings := settingsFile(t, data)
	ctx, cancel := context.WithCancel(context.Background())
	printed, write := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- run(ctx, append(args, "--config", settings), write, &log)
		write.Close()
	}()
	stop = func() error {
		cancel()
		if code := <-ended; code != 0 || t.Failed() {
			return fmt.Errorf("the program ended with %d:\n%s", code, log.String())
		}
		return nil
	}
	line := make([]byte, 4096)
	n, err := printed.Read(line)
	if err != nil {
		t.Fatalf("the program printed nothing: %v\n%s", err, log.String())
	}
	go io.Copy(io.Discard, printed)
	return string(line[:n]), stop
}

// on returns the address of a path on a persona's own host.
func on(t *testing.T, address, persona, path string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + persona + ".localhost:" + u.Port() + path
}

// tab is one browser tab of one person.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func newTab(t *testing.T, size browser.Size) *tab {
	t.Helper()
	return &tab{t: t, ctx: browser.Open(t, size)}
}

// another opens a second tab of the same browser.
func (b *tab) another() context.Context {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	return ctx
}

func (b *tab) open(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

// inPhone finds an element in the page or in any of its frames, at any depth.
const inPhone = `(selector => { const look = page => { const found = page && page.querySelector(selector); if (found) return found;
	for (const frame of page ? page.querySelectorAll("iframe") : []) { const inner = look(frame.contentDocument); if ` +
	`(inner) return inner } return null };
	return look(document) })`

// await waits until a script's expression is true. A script interrupted by a navigation is
// evaluated again on the next page.
func (b *tab) await(what, expression string) {
	b.t.Helper()
	script := `new Promise(done => { const end = Date.now() + 2000; const look = () => { let ok = false; try { ok = ` + expression +
		` } catch {}
		if (ok) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 50) }; look() })`
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		var ok bool
		if ok, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); ok && err == nil {
			return
		}
	}
	b.picture("failed")
	words, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	b.t.Fatalf("waited in vain for %s (%v); the page says:\n%s", what, err, words)
}

// settled is true once htmx has processed what it fetched: until then its links and buttons load
// the whole page, as they do without scripts.
const settled = `document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added") === null`

// click clicks an element, in any of the page's frames.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.await(selector, settled+" && "+inPhone+"(`"+selector+"`)")
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](inPhone+"(`"+selector+"`).click(), true")); err != nil {
		b.t.Fatalf("click %s: %v", selector, err)
	}
}

// text returns the text of an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	b.await(selector, inPhone+"(`"+selector+"`)")
	words, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](inPhone+"(`"+selector+"`).innerText"))
	if err != nil {
		b.t.Fatalf("read %s: %v", selector, err)
	}
	return words
}

// shot takes a screenshot.
func (b *tab) shot() []byte {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	return shot
}

// picture saves a screenshot to the folder named by TONGXING_SCREENSHOTS, if set.
func (b *tab) picture(name string) {
	b.t.Helper()
	if folder := os.Getenv("TONGXING_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), b.shot(), 0o600); err != nil {
			b.t.Error(err)
		}
	}
}

// decodeQR finds the code in a screenshot.
func decodeQR(t *testing.T, shot []byte) string {
	t.Helper()
	text, err := simulator.ReadQR(shot)
	if err != nil {
		t.Fatalf("no QR code in the screenshot: %v", err)
	}
	return text
}

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
