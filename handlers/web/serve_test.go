package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// start serves the site on a free port until the test ends or stop is called, which returns the
// result of Serve.
func (s *site) start() (base string, stop func() error) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, s.App, ServeOptions{Shutdown: 10 * time.Second}) }()
	ended := false
	stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-done
	}
	s.t.Cleanup(func() { _ = stop() })
	return "http://" + l.Addr().String(), stop
}

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	s := newSite(t, nil)
	began, finish := make(chan struct{}), make(chan struct{})
	s.Register(Route{Method: "GET", Path: "/slow", Access: Public, Handler: func(c *Context) error {
		close(began)
		<-finish
		return ok(c)
	}})
	base, stop := s.start()
	answer := make(chan error, 1)
	go func() {
		response, err := http.Get(base + "/slow")
		if err == nil {
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				err = errors.New(response.Status)
			}
		}
		answer <- err
	}()
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	<-s.streams.closed.Done() // the shutdown has begun
	close(finish)
	if err := <-answer; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestEvents(t *testing.T) {
	s := newSite(t, nil)
	left := make(chan struct{}, 10)
	s.Register(Route{Method: "GET", Path: "/events", Access: Public, Time: -1, Handler: func(c *Context) error {
		return c.Events(func(ctx context.Context, send func(Event) error) error {
			defer func() { left <- struct{}{} }()
			if err := send(Event{Name: "passage", Data: "one\ntwo"}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	}})
	base, stop := s.start()
	request, _ := http.NewRequest("GET", base+"/events", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("type %s", response.Header.Get("Content-Type"))
	}
	reader := bufio.NewReader(response.Body)
	var text strings.Builder
	for !strings.HasSuffix(text.String(), "two\n\n") {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatalf("stream ended after %q: %v", text.String(), err)
		}
		text.WriteString(line)
	}
	if !strings.HasSuffix(text.String(), "event: passage\ndata: one\ndata: two\n\n") {
		t.Errorf("stream %q", text.String())
	}
	if err := stop(); err != nil { // a stream does not hold up a shutdown
		t.Errorf("Serve: %v", err)
	}
	<-left
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("the stream did not end well: %v", err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStreams()
	var releases []func()
	for range streamsEach {
		release, err := s.enter("a")
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if _, err := s.enter("a"); StatusOf(err) != http.StatusTooManyRequests {
		t.Errorf("one too many: %v", err)
	}
	if _, err := s.enter("b"); err != nil {
		t.Errorf("another's: %v", err)
	}
	releases[0]()
	if _, err := s.enter("a"); err != nil {
		t.Errorf("after one left: %v", err)
	}
}

func TestEventTextCannotBreakOut(t *testing.T) {
	text := string(Event{Name: "a\r\nb", Data: "x\n\nevent: y\r\n"}.text())
	if strings.Contains(text, "\nevent: y") || strings.Count(text, "\n\n") != 1 || strings.Contains(text, "\r") {
		t.Errorf("%q", text)
	}
}

func TestDownload(t *testing.T) {
	s := newSite(t, nil)
	s.Register(
		Route{Method: "GET", Path: "/file", Access: Public, Time: -1, Handler: func(c *Context) error {
			return c.Download("出入记录.xlsx", "application/octet-stream", func(w io.Writer) error {
				_, err := io.WriteString(w, "content")
				return err
			})
		}},
		Route{Method: "GET", Path: "/early", Access: Public, Time: -1, Handler: func(c *Context) error {
			return c.Download("a", "application/octet-stream", func(io.Writer) error { return errors.New("no") })
		}},
		Route{Method: "GET", Path: "/late", Access: Public, Time: -1, Handler: func(c *Context) error {
			return c.Download("a", "application/octet-stream", func(w io.Writer) error {
				fmt.Fprint(w, "half")
				return errors.New("no")
			})
		}})
	base, _ := s.start()
	get := func(path string) (*http.Response, string, error) {
		response, err := http.Get(base + path)
		if err != nil {
			return nil, "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response, string(body), err
	}
	response, body, err := get("/file")
	if err != nil || body != "content" {
		t.Fatalf("%q %v", body, err)
	}
	if d := response.Header.Get("Content-Disposition"); !strings.Contains(d, "filename*=UTF-8''%E5%87%BA") {
		t.Errorf("disposition %s", d)
	}
	if response, _, err := get("/early"); err != nil || response.StatusCode != http.StatusInternalServerError ||
		response.Header.Get("Content-Disposition") != "" {
		t.Errorf("failed before it began: %v", err)
	}
	if _, body, err := get("/late"); err == nil {
		t.Errorf("half a file looks whole: %q", body)
	}
}
