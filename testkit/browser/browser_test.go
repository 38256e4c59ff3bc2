package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

func TestOpen(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><h1>通行</h1>"))
	}))
	defer site.Close()
	ctx := browser.Open(t, browser.Phone)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL)); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Text("h1"))
	if err != nil || got != "通行" {
		t.Errorf("heading %q, %v", got, err)
	}
}
