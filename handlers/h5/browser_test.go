package h5

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/testkit/browser"
	"tongxing/testkit/estate"
)

func TestMain(m *testing.M) { browser.Main(m) }

// screen opens a browser signed in as p, with the pages' assets, and returns its context and the
// site's URL.
func (p *phone) screen(size browser.Size) (ctx context.Context, address string) {
	p.t.Helper()
	pages, err := parsedPages()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := pages.CheckAssets(); err != nil {
		if os.Getenv("CI") == "true" {
			p.t.Fatal(err)
		}
		p.t.Skip(err) // `make test` builds them first
	}
	site, err := url.Parse(p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", pages.AssetHandler())
	mux.Handle("/", p.line.to(through(p.client.Jar, site)))
	server := httptest.NewServer(mux)
	p.line.hangUp = server.CloseClientConnections
	p.t.Cleanup(server.Close)
	p.t.Cleanup(server.CloseClientConnections)
	ctx = browser.Open(p.t, size)
	return ctx, server.URL
}

// wire is the connection between a screen and the site.
type wire struct {
	dead, busy, deaf, away atomic.Bool
	hangUp                 func()
}

// cut ends the connection, or restores it.
func (l *wire) cut(dead bool) {
	if l.dead.Store(dead); dead {
		l.hangUp()
	}
}

// to answers nothing while the connection is cut, and posted forms with 503 while the site is busy; while it
// is deaf, the answers to posted forms are lost. While the site is away, a proxy answers in its place.
func (l *wire) to(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case l.dead.Load():
			panic(http.ErrAbortHandler)
		case l.away.Load():
			w.WriteHeader(http.StatusBadGateway)
		case l.deaf.Load() && r.Method == http.MethodPost:
			site.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case l.busy.Load() && r.Method == http.MethodPost:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			site.ServeHTTP(w, r)
		}
	})
}

// through forwards requests to the site with the cookies of jar.
func through(jar http.CookieJar, site *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", site.Scheme, site.Host
		for _, cookie := range jar.Cookies(site) {
			out.AddCookie(cookie)
		}
		answer, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		buffer := make([]byte, 32<<10)
		for {
			n, err := answer.Body.Read(buffer)
			_, _ = w.Write(buffer[:n]) // if the browser has left, the context ends
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				return
			}
		}
	})
}

func (p *phone) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// await waits until expression is true on the page, across navigation too.
func (p *phone) await(ctx context.Context, expression string) {
	p.t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		var yes bool
		if yes, err = chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); yes && err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	words, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	p.t.Fatalf("never true: %s (%v); the page says:\n%s", expression, err, words)
}

// camera replaces a phone's camera, and a browser's barcode detector: it sees the content of
// window.shown.
const camera = `window.BarcodeDetector = class {
	static async getSupportedFormats() { return ["qr_code"] }
	async detect(video) { return video.videoWidth && window.shown ? [{ rawValue: window.shown }] : [] }
};
navigator.mediaDevices.getUserMedia = async (asked) => {
	window.asked = asked.video.facingMode;
	if (window.denied) throw new DOMException("no", "NotAllowedError");
	const canvas = document.createElement("canvas");
	setInterval(() => canvas.getContext("2d").fillRect(0, 0, Math.random() * 9, 9), 30);
	const stream = canvas.captureStream(20);
	window.track = stream.getTracks()[0];
	return stream;
}`

func TestGuardScansInABrowser(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	post := address + "/h5/guard/" + w.Post.String()
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	p.must(err)
	seen := fmt.Sprintf(`document.querySelector(".p-look .p-holder h2")?.textContent === %q`, w.Residents[0].Name)

	// A hand scanner types even if nothing has focus.
	p.must(chromedp.Do(ctx, chromedp.Navigate(post)))
	p.await(ctx, `document.querySelector("[data-live-state]").dataset.liveState === "on"`)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](`(document.activeElement.blur(), true)`))
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.KeyEvent(issued.Text+"\r")))
	p.await(ctx, seen)

	_, err = chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: camera})
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.Navigate(post)))
	p.await(ctx, `document.querySelector("[data-scan-open]").dataset.scanOpen === "ready"`)
	press := `document.querySelector("[data-scan-open]").click(), true`
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("(window.denied = true, "+press+")"))
	p.must(err)
	p.await(ctx, `!document.querySelector("[data-scan-trouble]").hidden && document.querySelector("[data-scan-video]").hidden`)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("(window.denied = false, "+press+")"))
	p.must(err)
	p.await(
		ctx,
		`document.querySelector("[data-scan-video]").videoWidth > 0 && window.asked === "environment" && `+
			`document.querySelector("[data-scan-trouble]").hidden`,
	)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("("+press+")"))
	p.must(err)
	p.await(ctx, `window.track.readyState === "ended" && document.querySelector("[data-scan-video]").hidden`)
	text, err := json.Marshal(issued.Text)
	p.must(err)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("(window.shown = "+string(text)+", "+press+")"))
	p.must(err)
	p.await(ctx, seen)
}

// The lamp of a live page stays lit when the records beside it are redrawn.
func TestLampOutlivesWhatItIsBeside(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address := p.screen(browser.Phone)
	p.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/guard/"+w.Post.String())))
	lit := `document.querySelector("[data-live-state]").dataset.liveState === "on"`
	p.await(ctx, lit)
	issued, err := w.gate.Issue(t.Context(), w.Residents[0].Pass)
	p.must(err)
	w.gate.Scan(t.Context(), w.Doors[0].ID, issued.Text)
	p.await(ctx, fmt.Sprintf(`document.querySelector("#records").innerText.includes(%q) && `, w.Residents[0].Name)+lit)
}

// The essentials are on a phone's first screen, and nothing is wider than a narrow one.
func TestPagesFitPhones(t *testing.T) {
	w := newSite(t, estate.Plan{})
	resident := w.resident(t, w.Residents[0])
	ctx, address := resident.screen(browser.Phone)
	pass := address + "/h5/pass/" + w.Residents[0].Pass.String()
	resident.must(chromedp.Do(ctx, chromedp.Navigate(pass)))
	resident.await(
		ctx,
		`(() => { const at = document.querySelector("[data-qr-refresh] button").getBoundingClientRect(); return `+
			`at.height >= 44 && at.bottom <= innerHeight })()`,
	)
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(document.documentElement.dataset.bsTheme = "dark", true)`))
	resident.must(err)
	resident.await(
		ctx,
		`getComputedStyle(document.querySelector(".p-qr-frame")).backgroundColor === "rgb(255, 255, 255)" && `+
			`getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)"`,
	)
	resident.must(chromedp.Do(ctx, chromedp.EmulateViewport(360, 640)))
	resident.await(ctx, `innerWidth === 360 && document.documentElement.scrollWidth <= innerWidth`)

	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	ctx, address = guard.screen(browser.Size{Width: 360, Height: 640})
	post := address + "/h5/guard/" + w.Post.String()
	for _, path := range []string{"", "/search?q=" + url.QueryEscape(w.Residents[0].Name)} {
		guard.must(chromedp.Do(ctx, chromedp.Navigate(post+path)))
		guard.await(ctx, `document.readyState === "complete" && document.documentElement.scrollWidth <= innerWidth`)
	}
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](`(document.querySelector('[name="pass"]').form.requestSubmit(), true)`))
	guard.must(err)
	// Release and refuse are reachable without scrolling, and large.
	guard.await(ctx, `document.querySelector(".p-look") !== null && document.documentElement.scrollWidth <= innerWidth &&
		[...document.querySelectorAll('[name="act"]')].filter(b => { const at = b.getBoundingClientRect(); return `+
		`at.height >= 56 && at.bottom <= innerHeight }).length === 2`)
}
