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

// Check is a dependency that must work before the server is ready.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
	// Every limits how often it runs: between runs, and during one, all callers share a result. 0 =
	// runs at each call.
	Every time.Duration
}

// checkTime is the timeout of a shared Check.
const checkTime = 2 * time.Second

// sharedCheck runs a Check once for all concurrent callers, and not too often.
type sharedCheck struct {
	Check
	mu      sync.Mutex
	ran     time.Time
	err     error
	running chan struct{} // closed when the run ends; nil = not running
}

// run returns the result of the check, which may be up to Every old.
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

// once runs the check for all waiting callers: one of them leaving does not cancel it.
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

// health returns the routes for monitors: /healthz reports that the process is alive, /readyz that
// it can serve. It also has /robots.txt for search engines.
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

// ready names the checks that failed, never why: that is in the log. They run concurrently, so that
// one that hangs does not hide the others.
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

// robots tells search engines to index nothing.
func robots(c *Context) error {
	return c.Bytes(http.StatusOK, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n"))
}
