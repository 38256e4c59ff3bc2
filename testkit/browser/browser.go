// Package browser opens windows of a headless Chromium for tests, each with a profile of its own
// and no network traffic but the test's.
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

// The two window sizes the pages are designed for.
var (
	Desktop = Size{1280, 800}
	Phone   = Size{390, 844}
)

// Limit is the timeout of a whole test, so that a page that never loads fails it, and not the run.
const Limit = 10 * time.Minute

// Open returns a new window, for chromedp.Run, in the process's browser of that size, isolated from
// other tests including cookies and storage. It is closed with the test.
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
	// A window is never narrower than 500 pixels; its viewport can be.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(size.Width), int64(size.Height))); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	return ctx
}

// Main runs a package's tests and ends the browsers that they opened:
//
//	func TestMain(m *testing.M) { browser.Main(m) }
//
// Chromium occasionally crashes on a busy machine. Test failures during a crash mean nothing: the
// package runs once more.
func Main(m *testing.M) {
	code := m.Run()
	if crashed := running.close(); code != 0 && crashed && os.Getenv(again) == "" {
		fmt.Println("testkit/browser: a browser crashed; the package's tests run once more")
		code = runAgain()
	}
	os.Exit(code)
}

// again is set in the environment of the second run.
const again = "TONGXING_TEST_AGAIN"

// runAgain runs the test program again with the same arguments, and returns its exit code.
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

// fleet is a browser of each size, shared, since a browser takes longer to start than most tests
// run.
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

// alive reports whether a browser is still running: a page, or lack of memory, may have ended it.
func alive(ctx context.Context) bool {
	select {
	case <-chromedp.FromContext(ctx).Browser.LostConnection:
		return false
	default:
		return true
	}
}

// close ends the browsers, and reports whether one had crashed.
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

// options start Debian's Chromium without a sandbox, which containers do not allow, and without
// calls to its vendor.
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
