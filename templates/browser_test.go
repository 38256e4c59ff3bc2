package templates_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"tongxing/demo/components"
	"tongxing/handlers/console"
	"tongxing/templates"
	"tongxing/testkit/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

// site serves the component pages with the CSP of the real program, and records submitted forms.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []url.Values
	codes  int
	events chan string
	gaveUp chan struct{} // closed when the browser aborts the list of slowState
}

// slowState is a filter value whose list never arrives.
const slowState = "off"

func newSite(t *testing.T) *site {
	t.Helper()
	r, err := templates.New(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.CheckAssets(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err) // `make test` builds them first
	}
	s := &site{events: make(chan string), gaveUp: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", r.AssetHandler())
	mux.HandleFunc("POST /console/reader/disable", func(w http.ResponseWriter, req *http.Request) {
		_ = req.ParseForm() // a malformed form is empty: the test notices
		if req.PostForm.Has("confirmed") {
			s.take(w, req)
			return
		}
		n := len(req.PostForm["id"])
		show(w, r, "console/confirm/show", templates.ConfirmPage{Confirm: templates.Confirm{
			Title: fmt.Sprintf("停用 %d 台读头？", n), Text: "这些门的扫码都会被拒绝。", Action: req.URL.Path,
			Keep: req.PostForm, Submit: "停用读头", Cancel: "/console/dev/components", Danger: true,
		}})
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, req *http.Request) {
		_ = req.ParseForm() // as above
		s.take(w, req)
	})
	mux.HandleFunc("GET /code.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>`)
	})
	mux.HandleFunc("GET /h5/dev/live", s.live)
	mux.HandleFunc("GET /console/", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Query().Get("state") == slowState {
			<-req.Context().Done()
			close(s.gaveUp)
			return
		}
		shell := templates.Shell{Nav: console.Menu("reader")}
		show(w, r, "console/dev/components", components.New(shell, req.URL.Query(), time.Now()))
	})
	mux.HandleFunc("GET /console/menu", func(w http.ResponseWriter, req *http.Request) {
		show(w, r, "console/error/show", templates.ConsoleProblem{
			Shell:   templates.Shell{Title: "菜单", Nav: components.LongMenu(req.URL.Query().Get("at"))},
			Problem: templates.NewProblem(http.StatusNotFound, ""),
		})
	})
	mux.HandleFunc("POST "+components.SuggestPath, func(w http.ResponseWriter, req *http.Request) {
		_ = req.ParseForm() // a malformed form is empty: the test notices
		if err := r.RenderBlock(
			w, "console/dev/components", "sample-options",
			components.Suggestions(req.PostForm.Has("who"), req.PostFormValue("house")+req.PostFormValue("who")),
		); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /h5/", func(w http.ResponseWriter, req *http.Request) {
		page := components.NewPhone(templates.Phone{}, time.Now())
		s.mu.Lock()
		s.codes++
		page.QR.Image = "/code.svg"
		page.QR.Alt = fmt.Sprintf("第 %d 个码", s.codes)
		page.QR.Left = 1 + 600*(s.codes/2) // the first expires soon
		page.Rows = page.Rows[:min(s.codes, len(page.Rows))]
		s.mu.Unlock()
		show(w, r, "h5/dev/components", page)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	return s
}

// take keeps a posted form and leads back to its URL.
func (s *site) take(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.posts = append(s.posts, req.PostForm)
	s.mu.Unlock()
	http.Redirect(w, req, req.URL.Path, http.StatusSeeOther)
}

func show(w http.ResponseWriter, r *templates.Renderer, name string, page any) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := r.Render(w, name, page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *site) live(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case name := <-s.events:
			fmt.Fprintf(w, "event: %s\ndata: x\n\n", name)
			_ = http.NewResponseController(w).Flush()
		case <-req.Context().Done():
			return
		}
	}
}

func (s *site) last() url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.posts) == 0 {
		return nil
	}
	return s.posts[len(s.posts)-1]
}

// open opens a window. At the end of the test, exceptions in the page's scripts, CSP violations and
// failed loads are errors.
func open(t *testing.T, size browser.Size) context.Context {
	t.Helper()
	ctx := browser.Open(t, size)
	listen, stop := context.WithCancel(ctx)
	messages := chromedp.Console(listen)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == chromedp.ConsoleError {
				t.Errorf("%s (%s)", m, m.URL)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	return ctx
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		if err := chromedp.Do(ctx, step); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// until waits until expression is true on the page, across navigation too.
func until(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, stop := context.WithTimeout(ctx, 10*time.Second)
		defer stop()
		for {
			yes, err := chromedp.Evaluate[bool](expression)(ctx, target)
			if yes && err == nil {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("never true: %s (%v)", expression, err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

const (
	theme = `document.documentElement.dataset.bsTheme`
	fits  = `document.documentElement.scrollWidth <= innerWidth`
	// Links of a newly loaded part are plain links until htmx has processed them, 20 ms later: a
	// click before that loads the whole page.
	settled = `document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added") === null`
)

func TestConsoleInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"))
	before := ask[string](t, ctx, theme)
	do(t, ctx, browser.Press("[data-theme-switch]"))
	after := ask[string](t, ctx, theme)
	if before == after || !ask[bool](t, ctx, fits) {
		t.Errorf("theme %q, then %q", before, after)
	}
	do(t, ctx,
		// A filter replaces only the table, and leaves no empty parameters in the URL.
		chromedp.Evaluate[chromedp.Void](`window.stays = true`),
		// Without an event, or the choice itself would submit, and the button abort that.
		chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-state").value = "on"`),
		browser.Press(".tx-filter-buttons button"),
		until(`location.search === "?state=on" && window.stays && `+settled),
		browser.Press("thead .tx-sort"),
		until(
			`location.search.includes("sort=name") && window.stays && document.querySelector('th[aria-sort="ascending"]') !== null && `+
				settled,
		),
		// Ticking.
		until(`document.querySelector("#bulk button").disabled`),
		browser.Press(`input[name="id"]`),
		until(`document.querySelector("[data-bulk-count]").textContent === "已选 1 项"`),
		browser.Press("[data-tick-all]"),
		until(`document.querySelector("[data-bulk-count]").textContent === "已选 4 项"`),
		// The dialog describes the effect; "no" changes nothing.
		browser.Press("#bulk [data-ask]"),
		until(`document.querySelector("dialog[open] h2").textContent === "停用 4 台读头？"`),
		until(`document.activeElement.matches("dialog [data-cancel]")`),
		browser.Press(`dialog [data-cancel]`),
		until(`document.querySelector("dialog") === null`),
		// So it is with Enter, which must not press the opener too once that has the focus again.
		chromedp.Evaluate[chromedp.Void](`{
			window.asked = 0;
			const opener = document.querySelector("#bulk [data-ask]");
			opener.addEventListener("click", () => window.asked++);
			opener.focus();
		}`),
		chromedp.KeyEvent("\r"),
		until(`document.activeElement.matches("dialog[open] [data-cancel]")`),
		chromedp.KeyEvent("\r"),
		until(`document.querySelector("dialog") === null && document.activeElement.matches("#bulk [data-ask]")`),
		until(`window.asked === 1`),
	)
	if s.last() != nil {
		t.Errorf("sent %v though the answer was no", s.last())
	}
	do(t, ctx,
		// The other form of the page has unsaved changes: ignore them.
		chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-form="guarded"]').dataset.sent = "1"`),
		browser.Press("#bulk [data-ask]"),
		browser.Press(`dialog .btn-danger`),
		until(`location.pathname === "/console/reader/disable"`),
	)
	if sent := s.last(); len(sent["id"]) != 4 || sent.Get("confirmed") != "1" {
		t.Errorf("sent %v", sent)
	}
	if got := ask[string](t, ctx, theme); got != after {
		t.Errorf("theme %q on the next page, want %q", got, after)
	}
}

// Only the current group is open, and what was opened besides, from page to page.
func TestMenuInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	const open = `[...document.querySelectorAll("aside details[open]")].map((g) => g.dataset.navGroup).join(" ")`
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"), until(`document.readyState === "complete"`))
	if got := ask[string](t, ctx, open); got != "access" {
		t.Errorf("open: %q, want the page's own group alone", got)
	}
	// What was opened stays open on the next page; what was closed does not come back.
	// The page has a form with unsaved changes, about which the browser would ask.
	const sent = `document.querySelectorAll('[data-form="guarded"]').forEach((f) => { f.dataset.sent = "1"; })`
	leave := chromedp.Evaluate[chromedp.Void](sent)
	next := chromedp.Navigate(s.URL + "/console/dev/components")
	do(t, ctx, browser.Press(`aside [data-nav-group="account"] summary`),
		until(open+` === "access account"`),
		leave, next, until(open+` === "access account"`),
		browser.Press(`aside [data-nav-group="account"] summary`), until(open+` === "access"`),
		leave, next, until(`document.readyState === "complete"`))
	if got := ask[string](t, ctx, open); got != "access" {
		t.Errorf("open after closing: %q", got)
	}
	// A menu of 56 lines is no taller than a desk's screen, below the brand.
	if lines := ask[int](t, ctx, `document.querySelectorAll("[data-menu-sample] li").length`); lines != 56 {
		t.Errorf("the sample has %d lines", lines)
	}
	if height := ask[float64](t, ctx, `document.querySelector("[data-menu-sample]").offsetHeight`); height > 800-56 {
		t.Errorf("the sample is %.0f px tall", height)
	}
}

// A filter whose list has not arrived yet is aborted when a heading is pressed: its response would
// replace the later one.
func TestListShowsWhatWasAskedLast(t *testing.T) {
	s, ctx := newSite(t), browser.Open(t, browser.Desktop) // not open: htmx logs aborted requests as errors
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"),
		chromedp.Evaluate[chromedp.Void](
			`{ const f = document.querySelector("#f-state"); f.value = "`+slowState+
				`"; f.dispatchEvent(new Event("change", { bubbles: true })); }`,
		),
		until(`document.querySelector(".htmx-request") !== null`),
		browser.Press("thead .tx-sort"),
		until(`location.search.includes("sort=name") && `+settled))
	select {
	case <-s.gaveUp:
	case <-time.After(10 * time.Second):
		t.Error("the first answer is still waited for")
	}
}

func TestFormInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"))
	if focused := ask[string](t, ctx, `document.activeElement.id`); focused != "f-name" {
		t.Errorf("focus on %q, want the first wrong field", focused)
	}
	do(t, ctx,
		// Leaving with changes asks; staying keeps them.
		chromedp.SendKeys("#f-remark", "新内容"),
		// By script: on a slow machine the page may still move under the mouse.
		chromedp.Evaluate[chromedp.Void](`document.querySelector("a[data-leave]").click()`),
		until(`document.querySelector("dialog[open]") !== null`),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('dialog button[value="no"]').click()`),
		until(`document.querySelector("#f-remark").value === "新内容"`),
		// So does the menu.
		browser.Press(`aside nav a[href="/console/guardpost"]`),
		until(`document.querySelector("dialog[open]")?.innerText.includes("未保存")`),
		browser.Press(`dialog button[value="no"]`),
		until(`document.querySelector("dialog") === null && document.querySelector("#f-remark").value === "新内容"`),
		// Two clicks submit once.
		chromedp.Evaluate[chromedp.Void](`{ const b = document.querySelector(".tx-form .tx-form-foot button"); b.click(); b.click(); }`),
		until(`document.readyState === "complete" && document.querySelector("#f-remark")?.value === ""`),
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.posts) != 1 || s.posts[0].Get("remark") != "新内容" {
		t.Errorf("sent %v", s.posts)
	}
}

func TestNarrowConsole(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Phone)
	do(t, ctx,
		chromedp.Navigate(s.URL+"/console/dev/components"),
		until(`getComputedStyle(document.querySelector(".tx-side")).visibility === "hidden"`),
		browser.Press("[data-menu-open]"),
		until(`getComputedStyle(document.querySelector(".tx-side")).visibility === "visible" && `+
			`document.querySelector(".tx-side").contains(document.activeElement)`),
		chromedp.KeyEvent("\x1b"),
		until(`getComputedStyle(document.querySelector(".tx-side")).visibility === "hidden" && `+
			`document.activeElement.matches("[data-menu-open]")`),
	)
	if !ask[bool](t, ctx, fits) {
		t.Error("the page is wider than the phone")
	}
}

func TestPhonePageRenewsItself(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Phone)
	do(t, ctx,
		chromedp.Navigate(s.URL+"/h5/dev/components"),
		until(`document.querySelector("[data-qr] img").alt === "第 2 个码"`),
		until(`document.querySelector("[data-live-state]").dataset.liveState === "on"`),
	)
	if !ask[bool](t, ctx, fits) {
		t.Error("the page is wider than the phone")
	}
	select {
	case s.events <- "passage":
	case <-time.After(10 * time.Second):
		t.Fatal("nobody listens to the stream")
	}
	do(t, ctx, until(`document.querySelector("#rows").children.length === 3`))
	if alt := ask[string](t, ctx, `document.querySelector("[data-qr] img").alt`); alt != "第 2 个码" {
		t.Errorf("the code became %q, though only the rows were hinted at", alt)
	}
}

// Controls are not printed.
func TestPrintLeavesButtonsOut(t *testing.T) {
	s := newSite(t)
	ctx := open(t, browser.Desktop)
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	if shown := ask[[]string](
		t, ctx,
		`[...document.querySelectorAll(".btn, .tx-pager, .tx-filters")].filter(e => e.checkVisibility()).map(e => e.textContent.trim())`,
	); len(shown) > 0 {
		t.Errorf("printed: %q", shown)
	}
	if !ask[bool](t, ctx, `document.querySelector(".tx-table tbody tr").checkVisibility()`) {
		t.Error("the list is not printed")
	}
}

// A picker offers choices while typing, and typing over a choice clears its id.
func TestPickersInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"),
		chromedp.SendKeys("#f-house-1-house", "3栋"), until(`document.querySelectorAll("#f-house-1-house-list option").length === 1`),
		chromedp.SendKeys("#f-who-1-who", "李"), until(`document.querySelectorAll("#f-who-1-who-list option").length === 2`))
	const id = `document.querySelector("#f-who-2-who").form.elements.person.value`
	if got := ask[string](t, ctx, id); got == "" {
		t.Error("the chosen person has no id")
	}
	do(t, ctx, chromedp.SendKeys("#f-who-2-who", "x"), until(id+` === ""`))
}
