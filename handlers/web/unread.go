package web

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// unread counts the requests that the HTTP server rejects by itself: HTTP/1.1 without a Host, other
// malformed ones, and headers that are too long or cut short. They reach no route, and so neither the
// log nor the other metrics.
type unread struct {
	total prometheus.Counter
	mu    sync.Mutex
	began map[net.Conn]bool // connections on which a request began that no handler has got
}

func newUnread(r *prometheus.Registry) *unread {
	u := &unread{began: map[net.Conn]bool{}, total: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tongxing_http_unread_requests_total",
		Help: "Requests rejected before any route: without Host, malformed, too long or cut short.",
	})}
	r.MustRegister(u.total)
	return u
}

type connKey struct{}

// watch has a server report its connections.
func (u *unread) watch(server *http.Server) {
	next := server.Handler
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	server.ConnState = u.changed
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			u.handled(c)
		}
		next.ServeHTTP(w, r)
	})
}

func (u *unread) handled(c net.Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.began, c)
}

// changed follows a connection. It becomes active when a request was read, also one that is then
// rejected, after which it is closed.
func (u *unread) changed(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch state {
	case http.StateActive:
		u.began[c] = true
	case http.StateClosed:
		if u.began[c] {
			u.total.Inc()
		}
		delete(u.began, c)
	case http.StateHijacked:
		delete(u.began, c)
	}
}
