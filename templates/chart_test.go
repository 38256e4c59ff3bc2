package templates_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/templates"
	"tongxing/testkit/browser"
)

// inked checks whether the chart's canvas shows anything.
const inked = `[...document.querySelectorAll("#chart-bars canvas")].some((c) => new ` +
	`Uint32Array(c.getContext("2d").getImageData(0, 0, c.width, c.height).data.buffer).some((p) => p !== 0))`

// drawnOut checks whether the bars have stopped growing.
const drawnOut = `(now => { const same = window.bars === now; window.bars = now; return same ` +
	`})(document.querySelector("#chart-bars canvas").toDataURL())`

func TestChartInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	do(t, ctx, chromedp.Navigate(s.URL+"/console/dev/components"), until(inked))
	const tableWidth = `document.querySelector("#chart-bars .tx-chart-table").clientWidth`
	if width := ask[int](t, ctx, tableWidth); width > 1 {
		t.Errorf("the table stands beside the chart, %d wide", width)
	}
	if n := ask[int](t, ctx, `document.querySelectorAll("#chart-bars .tx-chart-table a:not([tabindex='-1'])").length`); n != 0 {
		t.Errorf("%d links can be tabbed to and not seen", n)
	}
	do(t, ctx, until(drawnOut))
	shown := ask[string](t, ctx, `document.querySelector("#chart-bars canvas").toDataURL()`)
	do(t, ctx, browser.Press("[data-theme-switch]"), until(`document.querySelector("#chart-bars canvas").toDataURL() !== `+"`"+shown+"`"))
	do(t, ctx, browser.Press(`#chart-bars [data-chart-show="table"]`), until(tableWidth+" > 200"))
	if pressed := ask[string](
		t, ctx, `document.querySelector('#chart-bars [data-chart-show="table"]').getAttribute("aria-pressed")`,
	); pressed != "true" {
		t.Errorf("the button of the table says %q", pressed)
	}
	if drawn := ask[bool](t, ctx, `document.querySelector("#chart-bars [data-chart-canvas]").offsetParent !== null`); drawn {
		t.Error("the chart stands beside the table")
	}
	do(t, ctx, browser.Press(`#chart-bars [data-chart-show="chart"]`), until(tableWidth+" <= 1"))
	if !ask[bool](t, ctx, fits) {
		t.Error("the page must be scrolled sideways")
	}
}

// The figures are in the page's text, for browsers without scripts.
func TestChartIsATableFirst(t *testing.T) {
	html := page(t, t.Context(), newSite(t).URL+"/console/dev/components")
	if !strings.Contains(html, `data-value="240"`) || !strings.Contains(html, ">1,206<") {
		t.Error("the figures are not in the page's text")
	}
}

// page returns the HTML sent by the server, as a browser without scripts shows it.
func page(t *testing.T, ctx context.Context, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Limits on what a browser downloads, in bytes as transferred.
const (
	chartWeight = 200_000 // the chart bundle, which only pages with a chart load
	pageWeight  = 60_000  // everything else that a page loads on the first visit: together far below 500 KB
)

func TestWeight(t *testing.T) {
	s := newSite(t)
	html := page(t, t.Context(), s.URL+"/console/dev/components")
	chart := regexp.MustCompile(`/assets/chart-[^"]*\.js`).FindString(html)
	if n := weight(t, s.URL+chart); n < 10_000 || n > chartWeight {
		t.Errorf("%s weighs %d bytes, want at most %d", chart, n, chartWeight)
	}
	if regexp.MustCompile(`<script[^>]*chart-`).MatchString(html) {
		t.Error("the page's head loads the charts' script")
	}
	total, seen := 0, map[string]bool{chart: true}
	for _, name := range regexp.MustCompile(`/assets/[^"#]+`).FindAllString(html, -1) {
		if !seen[name] {
			seen[name] = true
			total += weight(t, s.URL+name)
		}
	}
	if len(seen) < 5 || total > pageWeight {
		t.Errorf("%d files weigh %d bytes, want at most %d", len(seen), total, pageWeight)
	}
}

// weight returns the transferred size of a file in bytes.
func weight(t *testing.T, address string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip") // set explicitly, so that the client does not unpack it
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	packed, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%s: %s, %q, %v", address, response.Status, response.Header.Get("Content-Encoding"), err)
	}
	return len(packed)
}

func TestChartCellText(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := (templates.ChartCell{N: n}).Text(); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
}
