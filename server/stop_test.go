package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// An open live page must not keep the program from stopping: nor in the demo, where the simulator
// is in front of the product.
func TestALivePageDoesNotHoldUpTheEnd(t *testing.T) {
	t.Setenv("TONGXING_HTTP_SHUTDOWN_TIMEOUT", "30s")
	address, stop := runDemo(t, seededCopy(t))
	browser := phoneBrowser(t, strings.TrimPrefix(address, "http://"))
	// On the persona's own host the simulator knows the user, and asks nothing.
	page, err := browser.Get(on(t, address, "li-weidong", "/h5/session/guard"))
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	stream, err := browser.Get(page.Request.URL.String() + "/events")
	if err != nil || stream.StatusCode != http.StatusOK || stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(page.Request.URL.Path, stream, err)
	}
	defer stream.Body.Close()
	began := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

// phoneBrowser keeps cookies and resolves every host to the program's address.
func phoneBrowser(t *testing.T, address string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

// A data folder has one server at a time; the next may use it as soon as the first has ended.
func TestASecondServerLeavesTheDataAlone(t *testing.T) {
	data := seededCopy(t)
	_, stop := runDemo(t, data)
	t.Setenv("TONGXING_DATA_DIR", data)
	t.Setenv("TONGXING_HTTP_ADDR", "127.0.0.1:0")
	t.Setenv("TONGXING_HTTP_METRICS_ADDR", "off")
	var said strings.Builder
	if code := run(t.Context(), []string{"--demo"}, io.Discard, &said); code == 0 || !strings.Contains(said.String(), "正被另一个通行程序使用") {
		t.Errorf("a second server ended with %d: %s", code, said.String())
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, stop := runDemo(t, data); stop() != nil {
		t.Error("the folder is still held")
	}
}
