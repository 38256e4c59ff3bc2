package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"time"

	"tongxing/core"
	"tongxing/secret"
)

// requestState is what the chain knows about a request before its route is matched.
type requestState struct {
	id     string
	addr   netip.Addr
	route  *Route // nil until matched
	writer *answerWriter
}

type stateKey struct{}

func stateOf(ctx context.Context) *requestState {
	state, _ := ctx.Value(stateKey{}).(*requestState)
	return state
}

// answerWriter records the status and size of a response.
type answerWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) began() bool { return w.status != 0 }

// observe assigns the request id, records metrics and the access log, and turns a panic into a 500.
func (a *App) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		state := &requestState{addr: clientAddr(r, a.o.TrustedProxies), writer: &answerWriter{ResponseWriter: w}}
		state.id = a.requestID(r)
		w.Header().Set("X-Request-Id", state.id)
		r = r.WithContext(context.WithValue(r.Context(), stateKey{}, state))
		defer a.finish(r, state, begin)
		next.ServeHTTP(state.writer, r)
	})
}

// finish runs after the response, or after a panic.
func (a *App) finish(r *http.Request, state *requestState, begin time.Time) {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		a.o.Log.Error("panic", "request_id", state.id, "panic", p, "stack", string(debug.Stack()))
		if !state.writer.began() {
			a.failPanic(r, state)
			p = nil
		} else {
			p = http.ErrAbortHandler // a partial response must not look complete
		}
	}
	a.metrics.request(r.Method, state, time.Since(begin))
	a.logRequest(r, state, time.Since(begin))
	if p != nil {
		panic(p)
	}
}

func (a *App) failPanic(r *http.Request, state *requestState) {
	route := Route{Method: r.Method, Path: "unknown", Access: Public}
	if state.route != nil {
		route = *state.route
	}
	c := a.newContext(route, state.writer, r, func(string) string { return "" })
	a.fail(c, &core.Error{Code: core.CodeInternal, Message: "系统繁忙，请稍后再试"})
}

// logRequest writes the access log: the route's template, never the URL, which may contain names
// and secrets. Calls by readers and monitors appear in the metrics only. A rejected call is a
// warning with the caller's network, which Repeats counts.
func (a *App) logRequest(r *http.Request, state *requestState, took time.Duration) {
	level, message, path := slog.LevelInfo, "request", "unknown"
	if state.route != nil {
		path = state.route.Path
		if state.route.Access.kind == accessDevice || path == healthPath || path == readyPath {
			level = slog.LevelDebug
		}
	}
	attrs := []slog.Attr{slog.String("method", r.Method), slog.String("path", path), slog.Int("status", state.writer.status)}
	if state.refused() && level != slog.LevelDebug {
		level, message = slog.LevelWarn, "request refused"
		attrs = append(attrs, slog.String(NetworkKey, subnet(state.addr)))
	} else {
		attrs = append(attrs, slog.Int64("bytes", state.writer.bytes), slog.Duration("took", took))
	}
	a.o.Log.LogAttrs(r.Context(), level, message, append(attrs, slog.String("request_id", state.id))...)
}

// refused reports whether the response is one that a single caller can cause in any number: too
// many calls, no such page, or a failed authentication.
func (s *requestState) refused() bool {
	return s.writer.status == http.StatusTooManyRequests ||
		s.writer.status >= 400 && s.writer.status < 500 && (s.route == nil || s.route.Access.machine())
}

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// requestID returns the id set by a trusted proxy, or a new one.
func (a *App) requestID(r *http.Request) string {
	if given := r.Header.Get("X-Request-Id"); given != "" && trusted(peerAddr(r), a.o.TrustedProxies) && requestIDForm.MatchString(given) {
		return given
	}
	return secret.Hex(8)
}
