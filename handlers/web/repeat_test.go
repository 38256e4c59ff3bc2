package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// repeatLog returns a log behind Repeats, and a function for the lines written since its last call.
func repeatLog() (*slog.Logger, *Repeats, func() []string) {
	var b logBuffer
	h := NewRepeats(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return slog.New(h), h, func() []string {
		return strings.Split(strings.TrimSuffix(b.take(), "\n"), "\n")
	}
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(want) == 0 {
		want = []string{""}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("logged\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// An outage with 500 errors a second for half a minute yields one line in ten seconds; after it,
// the first line of another is written at once.
func TestRepeatsAreOneLineInTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := repeatLog()
		outage := func(seconds int) {
			for i := range seconds * 500 {
				log.Error("scan", "err", fmt.Errorf("read tcp 127.0.0.1:%d: refused", 30000+i))
				time.Sleep(2 * time.Millisecond)
			}
		}
		log.Error("scan", "err", errors.New("read tcp 127.0.0.1:1: refused"))
		synctest.Wait()
		wantLines(t, lines(), `level=ERROR msg=scan err="read tcp 127.0.0.1:1: refused"`)
		outage(25)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		counted, written := 0, lines()
		for _, line := range written {
			_, text, _ := strings.Cut(line, "repeats=")
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Errorf("a line without a count: %s", line)
			}
			counted += n
		}
		if counted != 12500 || len(written) != 3 {
			t.Errorf("counted %d of 12500 in %d lines, want three", counted, len(written))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		wantLines(t, lines())
		log.Error("scan", "err", errors.New("read tcp 127.0.0.1:2: refused"))
		wantLines(t, lines(), `level=ERROR msg=scan err="read tcp 127.0.0.1:2: refused"`)
		time.Sleep(time.Minute) // until its timer ends
	})
}

func TestRepeatsTellKindsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := repeatLog()
		for i := range 3 {
			log.Info("request", "status", 200)
			log.Warn("refused", "path", "/a", "request_id", fmt.Sprint("abc", i))
			log.Warn("refused", "path", "/b")
			log.Error("refused", "path", "/a")
			log.With("path", "/a").Warn("refused")
			log.WithGroup("g").Warn("refused", "path", "/a")
		}
		got := lines()
		if len(got) != 3+4 {
			t.Errorf("%d lines, want those of information and the first of four kinds:\n%s", len(got), strings.Join(got, "\n"))
		}
		h.Close()
		got = lines()
		if text := strings.Join(got, "\n"); len(got) != 4 || strings.Count(text, "repeats=2") != 3 ||
			strings.Count(text, "repeats=5") != 1 {
			t.Errorf("a close writes\n%s", text)
		}
		h.Close()
		wantLines(t, lines())
	})
}

// The most frequent network is named, however many others there are.
func TestRepeatsNameTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, lines := repeatLog()
		for i := range 4000 {
			network := fmt.Sprintf("10.%d.%d.0/24", i/250, i%250)
			if i%8 == 0 {
				network = "203.0.113.0/24"
			}
			log.Warn("refused", NetworkKey, network)
		}
		lines()
		time.Sleep(repeatTime)
		synctest.Wait()
		wantLines(t, lines(), "level=WARN msg=refused network=203.0.113.0/24 repeats=3999")
		time.Sleep(time.Minute)
	})
}

// Errors that all differ fill neither the memory nor the log.
func TestRepeatsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, lines := repeatLog()
		for i := range 10000 {
			log.Error("failed", "err", strings.Repeat("x", i%5000))
		}
		h.shared.mu.Lock()
		n := len(h.shared.kinds)
		h.shared.mu.Unlock()
		if n > maxRepeats+1 {
			t.Errorf("%d kinds are kept", n)
		}
		if n := len(lines()); n > maxRepeats+1 {
			t.Errorf("%d lines were written", n)
		}
		time.Sleep(time.Minute)
	})
}

// Rejected calls are counted, with the caller's network and not the address; a successful call
// keeps its own line.
func TestRefusedCallsAreCounted(t *testing.T) {
	log, h, lines := repeatLog()
	s := newSite(t, func(o *Options) { o.Log, o.Limits.AddressPerMinute = log, 3 })
	s.Register(
		Route{Method: "GET", Path: "/x", Access: Public, Handler: ok},
		Route{Method: "POST", Path: "/callback/x", Access: Callback, Handler: func(*Context) error {
			return errCrossSite
		}, OnError: wordless},
	)
	for range 50 {
		s.ask("GET", "/x", "")
		s.ask("GET", "/nowhere", "", func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:1" })
		s.ask("POST", "/callback/x", "")
	}
	h.Close()
	text := strings.Join(lines(), "\n")
	for want, times := range map[string]int{
		"level=INFO msg=request ":          3,
		"msg=\"request refused\"":          6,
		"path=/x status=429":               2,
		"path=unknown status=404":          2,
		"path=/callback/x status=403":      2,
		"network=192.0.2.0/24 repeats=46":  1,
		"network=192.0.2.0/24 repeats=49":  1,
		"network=2001:db8::/64 repeats=49": 1,
		"192.0.2.1":                        0,
	} {
		if got := strings.Count(text, want); got != times {
			t.Errorf("%q %d times, want %d:\n%s", want, got, times, text)
		}
	}
}

// A caller who hangs up is not a failure of ours.
func TestHangingUpIsNoError(t *testing.T) {
	for name, fail := range map[string]Handler{
		"before the answer": func(c *Context) error { return errors.New("driver: bad connection") },
		"in a download": func(c *Context) error {
			return c.Download("a.txt", "text/plain; charset=utf-8", func(w io.Writer) error {
				_, _ = w.Write([]byte("half"))
				return errors.New("broken pipe")
			})
		},
	} {
		for _, hangsUp := range []bool{true, false} {
			s := newSite(t, nil)
			s.Register(Route{Method: "GET", Path: "/x", Access: Public, Time: -1, Handler: func(c *Context) error { return fail(c) }})
			ctx, cancel := context.WithCancel(t.Context())
			if hangsUp {
				cancel()
			}
			func() {
				defer func() { _ = recover() }() // a partial response is cut
				s.ask("GET", "/x", "", func(r *http.Request) { *r = *r.WithContext(ctx) })
			}()
			cancel()
			if got := strings.Contains(s.log.String(), "level=ERROR"); got == hangsUp {
				t.Errorf("%s, hangs up %v: an error is logged %v:\n%s", name, hangsUp, got, s.log)
			}
		}
	}
}
