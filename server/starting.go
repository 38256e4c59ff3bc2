package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// starting answers on the program's port until the program can: that it is alive and
// not ready. Watchers then tell a server that waits for its database from one that is
// gone, and readers, which get no answer of theirs, keep their doors shut.
type starting struct{ then atomic.Pointer[http.Handler] }

// become hands all further requests to the program.
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
		_, _ = io.WriteString(w, `{"status":"ok"}`) // the caller is gone, if it fails
	case "/readyz":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"database":"starting"}`)
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "系统正在启动，请稍后再试", http.StatusServiceUnavailable)
	}
}
