package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit"
	"tongxing/testkit/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

func TestOpen(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("seen"); err == nil && r.URL.Path == "/" {
			t.Error("a window has another's cookies")
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><h1>通行</h1>"))
	}))
	defer site.Close()
	for _, size := range []browser.Size{browser.Phone, browser.Desktop, browser.Phone} {
		ctx := browser.Open(t, size)
		if err := chromedp.Do(ctx, chromedp.Navigate(site.URL)); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("h1").innerText + " " + innerWidth`))
		if want := fmt.Sprint("通行 ", size.Width); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

// An element is clicked once it is at rest and not covered, and exactly once.
func TestPress(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><style>
			button { position: absolute; top: 9000px; animation: slide 600ms linear forwards }
			@keyframes slide { to { transform: translate(200px, 300px) } }
			div { position: fixed; inset: 0 }</style>
			<button onclick="this.dataset.times = 1 + Number(this.dataset.times || 0)">开门</button><div></div>
			<script>setTimeout(() => document.querySelector("div").remove(), 900)</script>`))
	}))
	defer site.Close()
	ctx := browser.Open(t, browser.Phone)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL), browser.Press("button")); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("button").dataset.times + " " + `+
		`(document.querySelector("div") === null)`))
	if err != nil || got != "1 true" {
		t.Errorf("pressed %q, %v", got, err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("data:text/html,<a href='about:blank'>x</a>"), browser.Press("a")); err != nil {
		t.Error(err)
	}
}

// If the page moves between aiming and clicking, the click hits nothing else.
func TestPressMissesHarmlessly(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><style>
			* { position: absolute; margin: 0; width: 80px; height: 40px }
			html, body { width: auto; height: auto }</style>
			<input type="checkbox"><button onclick="this.dataset.times = 1 + Number(this.dataset.times || 0)">开门</button>
			<script>
				// Aimed at, the button gives its place to the box under it.
				const button = document.querySelector("button"), look = document.elementFromPoint.bind(document);
				document.elementFromPoint = (x, y) => {
					const hit = look(x, y);
					button.style.top = "200px";
					return hit;
				};
			</script>`))
	}))
	defer site.Close()
	ctx := browser.Open(t, browser.Phone)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL), browser.Press("button")); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("button").dataset.times + " " + `+
		`document.querySelector("input").checked`))
	if err != nil || got != "1 false" {
		t.Errorf("pressed %q, %v", got, err)
	}
}

// A package whose browser crashed runs once more; one that fails by itself does not.
func TestACrashIsTriedAgain(t *testing.T) {
	testkit.Chromium(t)
	for _, c := range []struct {
		what string
		ends int
	}{{"crash", 0}, {"fail", 1}} {
		program := exec.Command(os.Args[0], "-test.run=^TestHelper$", "-test.v")
		program.Env = append(os.Environ(), "TONGXING_TEST_HELPER="+c.what)
		said, _ := program.CombinedOutput()
		if code := program.ProcessState.ExitCode(); code != c.ends ||
			strings.Contains(string(said), "run once more") != (c.what == "crash") {
			t.Errorf("%s: ended with %d: %s", c.what, code, said)
		}
	}
}

// TestHelper is what the test above runs.
func TestHelper(t *testing.T) {
	what := os.Getenv("TONGXING_TEST_HELPER")
	if what == "" || os.Getenv("TONGXING_TEST_AGAIN") != "" {
		return
	}
	ctx := browser.Open(t, browser.Phone)
	if what == "crash" {
		if err := chromedp.FromContext(ctx).Browser.Process().Kill(); err != nil {
			t.Fatal(err)
		}
		<-chromedp.FromContext(ctx).Browser.LostConnection
	}
	t.Error("as it would be in the middle of a journey")
}
