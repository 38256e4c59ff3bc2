package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What Go's server rejects by itself is counted, and nothing else is.
func TestRequestsThatReachNoRouteAreCounted(t *testing.T) {
	s := newSite(t, nil)
	s.Register(Route{Method: "GET", Path: "/x", Access: Public, Handler: func(c *Context) error { return c.NoContent() }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, s.App, ServeOptions{}) }()
	send := func(text string, want ...int) {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		for _, status := range want {
			response, err := http.ReadResponse(answers, nil)
			if err != nil || response.StatusCode != status {
				t.Fatalf("%q: %v, %v", text, response, err)
			}
			response.Body.Close()
		}
	}
	counted := func(want int) {
		t.Helper()
		line := fmt.Sprintf("\ntongxing_http_unread_requests_total %d\n", want)
		for until := time.Now().Add(10 * time.Second); ; runtime.Gosched() { // the connection ends after its answer
			w := httptest.NewRecorder()
			s.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", http.NoBody))
			if strings.Contains(w.Body.String(), line) {
				return
			}
			if time.Now().After(until) {
				t.Fatalf("never%s", line)
			}
		}
	}
	good := "GET /x HTTP/1.1\r\nHost: example.com\r\n\r\n"
	for i, bad := range []string{"GET /x HTTP/1.1\r\n\r\n", good + "GET /x HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"} {
		if i == 1 {
			send(bad, http.StatusNoContent, http.StatusBadRequest)
		} else {
			send(bad, http.StatusBadRequest)
		}
		counted(i + 1)
	}
	send(good+good, http.StatusNoContent, http.StatusNoContent)
	send("GET /x HTTP/1.0\r\n\r\n", http.StatusNoContent)
	end()
	if err := <-ended; err != nil { // all connections are over
		t.Fatal(err)
	}
	counted(3)
	remembered := func() int {
		s.unread.mu.Lock()
		defer s.unread.mu.Unlock()
		return len(s.unread.began)
	}
	for until := time.Now().Add(10 * time.Second); remembered() != 0; runtime.Gosched() { // a connection ends after its server
		if time.Now().After(until) {
			t.Fatalf("%d connections are remembered", remembered())
		}
	}
}
