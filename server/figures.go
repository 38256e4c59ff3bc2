package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tongxing/gate"
	"tongxing/handlers/door"
)

// figures are the program's own metrics, in addition to those of requests.
type figures struct {
	scans   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	calls   *prometheus.CounterVec
}

// newFigures registers the figures; unreadable returns the number of sealed values that could not
// be decrypted.
func newFigures(r *prometheus.Registry, unreadable func() int64) *figures {
	f := &figures{
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tongxing_scans_total", Help: "Attempts to pass, by way, door and the rule that decided. Repeats have reason repeat.",
		}, []string{"via", "door", "reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tongxing_scan_seconds", Help: "Time from the token to the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2},
		}, []string{"via"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tongxing_reader_calls_total", Help: "Calls of readers, by protocol and what became of them.",
		}, []string{"protocol", "outcome"}),
	}
	r.MustRegister(f.scans, f.seconds, f.calls, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tongxing_unreadable_values_total",
		Help: "Sealed values that did not decrypt when people asked for them. More than 0: a key is wrong.",
	}, func() float64 { return float64(unreadable()) }))
	return f
}

func (f *figures) scan(s gate.Seen) {
	reason := string(s.Reason)
	if s.Repeat {
		reason = "repeat"
	}
	door := ""
	if s.Reader != 0 {
		door = s.Reader.String()
	}
	f.scans.WithLabelValues(string(s.Via), door, reason).Inc()
	f.seconds.WithLabelValues(string(s.Via)).Observe(s.Took.Seconds())
}

func (f *figures) call(protocol string, outcome door.Outcome) {
	f.calls.WithLabelValues(protocol, string(outcome)).Inc()
}
