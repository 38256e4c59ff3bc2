// Package browser opens a headless Chromium for tests, with a profile of its own
// and no traffic but the test's.
package browser

import (
	"context"
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
const Limit = 3 * time.Minute

// Open starts a browser and returns the context for chromedp.Run. Browser and
// profile go away with the test.
func Open(t testing.TB, size Size) context.Context {
	t.Helper()
	allocator, end := chromedp.NewExecAllocator(context.Background(), Options(t, size)...)
	t.Cleanup(end)
	ctx, endTab := chromedp.NewContext(allocator)
	t.Cleanup(endTab)
	ctx, stop := context.WithTimeout(ctx, Limit)
	t.Cleanup(stop)
	return ctx
}

// Options start Debian's Chromium without a sandbox, which containers do not
// allow, and without calls to its maker.
func Options(t testing.TB, size Size) []chromedp.ExecAllocatorOption {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	return append(options,
		chromedp.ExecPath(testkit.Chromium(t)),
		chromedp.UserDataDir(t.TempDir()),
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
