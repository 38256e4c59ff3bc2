package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tongxing/core"
)

// Event is one message of a live stream. It has no id: the browser would store it, and it would
// reveal what the page does not.
type Event struct {
	Name string // "" = "message"
	Data string // any text: JSON, or a part of a page
}

// text encodes the event as the HTML standard defines; line breaks in the data cannot end it early.
func (e Event) text() []byte {
	var b bytes.Buffer
	line := strings.NewReplacer("\r", "", "\n", "")
	if e.Name != "" {
		fmt.Fprintf(&b, "event: %s\n", line.Replace(e.Name))
	}
	for part := range strings.Lines(strings.ReplaceAll(e.Data, "\r", "") + "\n") {
		fmt.Fprintf(&b, "data: %s\n", strings.TrimSuffix(part, "\n"))
	}
	b.WriteByte('\n')
	return b.Bytes()
}

const (
	heartbeatEvery = 15 * time.Second
	eventWait      = 10 * time.Second // for one write
	streamsEach    = 8                // live streams of one person in all their sessions, or of a stranger's address
	maxStreams     = 4000             // on the whole server
	streamLife     = 30 * time.Minute // then the browser reconnects
	callerEvery    = 3 * time.Second  // interval between checks of a stream's caller
	wholeLookEvery = 10               // every tenth check reads the session itself
)

// Events opens a live stream and runs feed until its context ends or sending fails: the browser
// left, the caller lost access, the server stops, or the stream is old. The route's Time must be
// negative.
func (c *Context) Events(feed func(ctx context.Context, send func(Event) error) error) error {
	release, err := c.app.streams.enter(c.streamOwner())
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithTimeout(c.Ctx(), streamLife)
	defer cancel()
	stop := context.AfterFunc(c.app.streams.closed, cancel)
	defer stop()
	s := &eventStream{w: c.w, control: http.NewResponseController(c.w), cancel: cancel}
	s.begin()
	go s.heartbeat(ctx)
	go c.watchCaller(ctx, cancel)
	// The response has begun, so an error of feed can only be logged.
	if err := feed(ctx, s.send); err != nil && ctx.Err() == nil {
		c.app.o.Log.Warn("live stream ended", "path", c.route.Path, "request_id", c.RequestID(), "err", err)
	}
	s.end()
	return nil
}

func (c *Context) streamOwner() string {
	if c.SignedIn() {
		return c.caller()
	}
	return addressKey(c.state.addr)
}

// watchCaller ends a stream whose caller signed out, was disabled, or may no longer call its route.
// If a check fails the stream continues until the next.
//
// Most checks cost only a read of the caller's stamp in the cache and, for a guard or an observer,
// one query; the full check is made when the stamp has changed, and periodically in case the cache
// lost a change.
func (c *Context) watchCaller(ctx context.Context, end context.CancelFunc) {
	if !c.SignedIn() {
		return
	}
	watch := *c
	watch.r = c.r.WithContext(ctx)
	stamp := watch.stamp()
	tick := time.NewTicker(c.app.streams.callerEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := watch.stamp()
		if watch.gone(now != stamp || n%wholeLookEvery == 0) {
			end()
			return
		}
		stamp = now
	}
}

func (c *Context) stamp() string {
	return c.app.sessions.stamp(c.Ctx(), c.who.Session.Kind, c.who.Session.Subject)
}

// gone reports whether the caller may no longer call this route, or sees other communities than
// when the stream began. The full check starts at the session.
func (c *Context) gone(whole bool) bool {
	before := c.Scope().Communities()
	if whole {
		who := c.who
		c.who = Who{}
		if err := c.identify(); err != nil {
			c.who = who
			return false
		}
		if !c.SignedIn() {
			return true
		}
	}
	if err := c.app.admit(c); err != nil {
		code := core.CodeOf(err)
		return code == core.CodeUnauthenticated || code == core.CodeForbidden
	}
	return !slices.Equal(before, c.Scope().Communities())
}

type eventStream struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	cancel  context.CancelFunc
	ended   bool
}

func (s *eventStream) begin() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer events
	_ = s.control.SetReadDeadline(time.Time{})
	s.w.WriteHeader(http.StatusOK)
	_ = s.write([]byte("retry: 2000\n: begin\n\n")) // if the browser has left, the context ends
}

func (s *eventStream) send(e Event) error { return s.write(e.text()) }

func (s *eventStream) write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return context.Canceled
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(eventWait)) // a test recorder has no deadline
	if _, err := s.w.Write(p); err != nil {
		s.cancel()
		return err
	}
	if err := s.control.Flush(); err != nil {
		s.cancel()
		return err
	}
	return nil
}

// heartbeat keeps proxies from closing a quiet connection, and detects dead ones.
func (s *eventStream) heartbeat(ctx context.Context) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.write([]byte(": beat\n\n")) != nil {
				return
			}
		}
	}
}

// end waits until no heartbeat can write to the response after the handler returns.
func (s *eventStream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// streams limits the number of live streams.
type streams struct {
	mu     sync.Mutex
	byKey  map[string]int
	total  int
	closed context.Context
	close  context.CancelFunc

	callerEvery time.Duration
}

func newStreams() *streams {
	s := &streams{byKey: map[string]int{}, callerEvery: callerEvery}
	s.closed, s.close = context.WithCancel(context.Background())
	return s
}

func (s *streams) enter(key string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Err() != nil {
		return nil, core.Conflict("服务正在重启，请稍候")
	}
	wide := WideNetwork(key)
	if s.byKey[key] >= streamsEach || s.total >= maxStreams || wide != "" && s.byKey[wide] >= WideTimes*streamsEach {
		return nil, TooMany(10 * time.Second)
	}
	s.count(key, 1)
	s.count(wide, 1)
	s.total++
	return func() { s.leave(key) }, nil
}

func (s *streams) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	s.count(key, -1)
	s.count(WideNetwork(key), -1)
}

// count adds n to the streams of a key; "" is not counted.
func (s *streams) count(key string, n int) {
	if key == "" {
		return
	}
	if s.byKey[key] += n; s.byKey[key] == 0 {
		delete(s.byKey, key)
	}
}
