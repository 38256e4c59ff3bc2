package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests by route and status.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tongxing_http_requests_total", Help: "Requests by route and status.",
		}, []string{"method", "path", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tongxing_http_request_seconds", Help: "Time to answer by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"path"}),
	}
	r.MustRegister(m.requests, m.seconds)
	return m
}

func (m *metrics) request(method string, state *requestState, took time.Duration) {
	path := "unknown" // never the URL: arbitrary paths would create labels without bound
	if state.route != nil {
		path, method = state.route.Path, state.route.Method
	} else if !knownMethod(method) {
		method = "other"
	}
	m.requests.WithLabelValues(method, path, strconv.Itoa(state.writer.status)).Inc()
	m.seconds.WithLabelValues(path).Observe(took.Seconds())
}

func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return true
	}
	return false
}

// Registry returns the registry for metrics of features.
func (a *App) Registry() *prometheus.Registry { return a.o.Registry }

// Metrics returns the handler for Prometheus, to be served on a loopback listener.
func (a *App) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.o.Registry, promhttp.HandlerOpts{}))
	return mux
}
