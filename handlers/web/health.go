package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
	robotsPath = "/robots.txt"
)

// Check is one thing that must work before requests make sense.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
	// Every bounds how often it is run: in between, and while it runs, all callers hear
	// the same. 0 = at each call.
	Every time.Duration
}

// checkTime bounds one run of a Check that callers share.
const checkTime = 2 * time.Second

// sharedCheck is a Check that is run for all callers at once, and not too often.
type sharedCheck struct {
	Check
	mu      sync.Mutex
	ran     time.Time
	err     error
	running chan struct{} // closed when the run is over; nil = none runs
}

// run returns what the check came to: just now, or a moment ago.
func (s *sharedCheck) run(ctx context.Context) error {
	if s.Every == 0 {
		return s.Run(ctx)
	}
	s.mu.Lock()
	if s.running == nil && (s.ran.IsZero() || time.Since(s.ran) >= s.Every) {
		s.running = make(chan struct{})
		go s.once(context.WithoutCancel(ctx))
	}
	running := s.running
	s.mu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// once runs the check for everybody who waits: one caller's leaving does not end it.
func (s *sharedCheck) once(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	err := s.Run(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.ran = err, time.Now()
	close(s.running)
	s.running = nil
}

// health are the routes that watchers call: /healthz says that the process is
// alive, /readyz that it can serve. Search engines ask for /robots.txt.
func (a *App) health() []Route {
	return []Route{
		{Method: http.MethodGet, Path: healthPath, Access: Public, Handler: a.alive},
		{Method: http.MethodGet, Path: readyPath, Access: Public, Handler: a.ready, Time: 3 * time.Second},
		{Method: http.MethodGet, Path: robotsPath, Access: Public, Handler: robots},
	}
}

func (a *App) alive(c *Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// ready names what does not work, never why: that is in the log. The checks run at
// once, so that one that hangs hides no other.
func (a *App) ready(c *Context) error {
	errs := make([]error, len(a.checks))
	var running sync.WaitGroup
	for i, check := range a.checks {
		running.Go(func() { errs[i] = check.run(c.Ctx()) })
	}
	running.Wait()
	status, result := http.StatusOK, map[string]string{}
	for i, check := range a.checks {
		result[check.Name] = "ok"
		if errs[i] != nil {
			a.o.Log.Warn("not ready", "check", check.Name, "err", errs[i])
			status, result[check.Name] = http.StatusServiceUnavailable, "failed"
		}
	}
	return c.JSON(status, result)
}

// robots tells search engines to stay away: nothing here is for strangers.
func robots(c *Context) error {
	return c.Bytes(http.StatusOK, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n"))
}
