package web

import (
	"context"
	"net/http"
	"time"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// Check is one thing that must work before requests make sense.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// health are the routes that watchers call: /healthz says that the process is
// alive, /readyz that it can serve.
func (a *App) health() []Route {
	return []Route{
		{Method: http.MethodGet, Path: healthPath, Access: Public, Handler: a.alive},
		{Method: http.MethodGet, Path: readyPath, Access: Public, Handler: a.ready, Time: 3 * time.Second},
	}
}

func (a *App) alive(c *Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// ready names what does not work, never why: that is in the log.
func (a *App) ready(c *Context) error {
	status, result := http.StatusOK, map[string]string{}
	checks := append([]Check{{"database", a.o.Store.Ping}}, a.o.Checks...)
	for _, check := range checks {
		result[check.Name] = "ok"
		if err := check.Run(c.Ctx()); err != nil {
			a.o.Log.Warn("not ready", "check", check.Name, "err", err)
			status, result[check.Name] = http.StatusServiceUnavailable, "failed"
		}
	}
	return c.JSON(status, result)
}
