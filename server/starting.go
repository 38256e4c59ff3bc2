package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// starting answers on the program's port until the program can: alive, but not ready. Monitoring
// can then tell a server that waits for its database from one that is down, and readers, which get
// no valid answer, keep their doors shut.
type starting struct{ then atomic.Pointer[http.Handler] }

// become passes all further requests to the program.
func (s *starting) become(h http.Handler) { s.then.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *starting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.then.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.URL.Path {
	case "/healthz":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`) // fails only if the caller is gone
	case "/readyz":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"database":"starting"}`)
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "系统正在启动，请稍后再试", http.StatusServiceUnavailable)
	}
}
