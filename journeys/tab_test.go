package journeys

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
	"tongxing/wechat/simulator"
)

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
	script := `new Promise(done => { const end = Date.now() + 2000;
		const look = async () => { let ok = false; try { ok = await (` + expression + `) } catch {}
		if (ok) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 50) }; look() })`
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		var ok bool
		if ok, err = browser.Look(b.ctx, script); ok && err == nil {
			return
		}
	}
	b.inVain(fmt.Sprintf("%s (%v)", what, err))
}

// inVain fails the test with what the page says instead; a page that a question of the browser's own covers says nothing.
func (b *tab) inVain(what string) {
	b.t.Helper()
	b.picture("failed")
	ctx, stop := context.WithTimeout(b.ctx, 10*time.Second)
	defer stop()
	words, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	if err != nil {
		words = err.Error()
	}
	b.t.Fatalf("waited in vain for %s; the page says:\n%s", what, words)
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
	var shot []byte
	var err error
	for range 3 { // of a window that another covers a picture may never come
		ctx, stop := context.WithTimeout(b.ctx, 20*time.Second)
		shot, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if stop(); err == nil {
			return shot
		}
	}
	b.t.Fatal(err)
	return nil
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

// eventually is await for what takes minutes.
func (b *tab) eventually(what, expression string) {
	b.t.Helper()
	script := `new Promise(done => setTimeout(() => { let ok = false; try { ok = Boolean(` + expression + `) } catch {} done(ok) }, 1000))`
	for deadline := time.Now().Add(4 * time.Minute); time.Now().Before(deadline); {
		if ok, err := browser.Look(b.ctx, script); ok && err == nil {
			return
		}
	}
	b.inVain(what)
}
