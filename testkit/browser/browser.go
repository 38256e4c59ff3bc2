// Package browser opens windows of a headless Chromium for tests, each with a profile
// of its own and no traffic but the test's.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tongxing/testkit"
)

// Size is a window's size in CSS pixels.
type Size struct{ Width, Height int }

// The two sizes the pages are made for.
var (
	Desktop = Size{1280, 800}
	Phone   = Size{390, 844}
)

// Limit bounds a whole journey, so that a page that never comes fails the test.
const Limit = 5 * time.Minute

// Open gives a window of its own, for chromedp.Run, in the process's browser of that
// size: nothing that another test did in it, cookies and storage too, is there. It
// goes away with the test.
func Open(t testing.TB, size Size) context.Context {
	t.Helper()
	browser, err := running.open(testkit.Chromium(t), size)
	if err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	ctx, stop := context.WithTimeout(ctx, Limit)
	t.Cleanup(stop)
	// A window is never narrower than 500 pixels; what is in it can be.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.Width), int64(size.Height))); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	return ctx
}

// Main runs a package's tests and ends the browsers that they opened:
//
//	func TestMain(m *testing.M) { browser.Main(m) }
//
// Chromium itself crashes now and then on a busy machine. Tests that failed while that
// happened say nothing: the package runs once more.
func Main(m *testing.M) {
	code := m.Run()
	if crashed := running.close(); code != 0 && crashed && os.Getenv(again) == "" {
		fmt.Println("testkit/browser: a browser crashed; the package's tests run once more")
		code = runAgain()
	}
	os.Exit(code)
}

// again is set in the environment of a second run.
const again = "TONGXING_TEST_AGAIN"

// runAgain runs the test program as it was run, and gives its exit code.
func runAgain() int {
	program := exec.Command(os.Args[0], os.Args[1:]...)
	program.Env = append(os.Environ(), again+"=1")
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	if err := program.Run(); err != nil {
		fmt.Println("testkit/browser:", err)
		return 1
	}
	return 0
}

// fleet is a browser of each size: one takes longer to start than most tests run.
type fleet struct {
	mu      sync.Mutex
	started map[Size]context.Context
	all     []context.Context
	ends    []context.CancelFunc
}

var running = fleet{started: map[Size]context.Context{}}

func (f *fleet) open(program string, size Size) (context.Context, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx := f.started[size]; ctx != nil && alive(ctx) {
		return ctx, nil
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options(program, size)...)
	ctx, endBrowser := chromedp.NewContext(allocator)
	f.ends = append(f.ends, endBrowser, end)
	if err := chromedp.Do(ctx); err != nil {
		return nil, err
	}
	f.started[size], f.all = ctx, append(f.all, ctx)
	return ctx, nil
}

// alive is false of a browser that a page, or the lack of memory, ended.
func alive(ctx context.Context) bool {
	select {
	case <-chromedp.FromContext(ctx).Browser.LostConnection:
		return false
	default:
		return true
	}
}

// close ends the browsers, and tells whether one had ended by itself.
func (f *fleet) close() (crashed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ctx := range f.all {
		crashed = crashed || !alive(ctx)
	}
	for _, end := range f.ends {
		end()
	}
	return crashed
}

// options start Debian's Chromium without a sandbox, which containers do not
// allow, and without calls to its maker.
func options(program string, size Size) []chromedp.ExecAllocatorOption {
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	return append(options,
		chromedp.ExecPath(program),
		chromedp.WindowSize(size.Width, size.Height),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("no-proxy-server", true),
	)
}
