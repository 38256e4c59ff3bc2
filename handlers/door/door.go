// Package door serves the readers' calls: it parses a request of the reader's own protocol, has the
// gate decide, and replies in the same protocol.
//
// Whatever fails, the response keeps the door shut: status 200 with the refusal of the family,
// never a redirect, a compressed body or a page. A reader is identified by the secret in its URL
// alone; the serial it sends must agree. If readers speak plain HTTP, keep them on a network of
// their own: anybody who can reply to a vguang reader in our place can open its door.
//
// Nothing here logs the scanned text or the URL.
package door

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
)

// budget is the time for one call: readers give up after two seconds.
const budget = 1800 * time.Millisecond

// Outcome is the result of a call.
type Outcome = gate.CallOutcome

// The outcomes, for short.
const (
	Scanned   = gate.CallScanned
	Heartbeat = gate.CallHeartbeat
	Malformed = gate.CallMalformed
	Unknown   = gate.CallUnknown
	Limited   = gate.CallLimited
	Answered  = gate.CallAnswered
	Reported  = gate.CallReported
	Failed    = gate.CallFailed
)

// Options configure a Door.
type Options struct {
	Store *store.Store
	Gate  *gate.Gate
	Log   *slog.Logger                           // nil = discard
	Seen  func(protocol string, outcome Outcome) // called for every call; nil = none

	// PerReader limits the calls per second of one reader, on this server; 0 = 200. A busy
	// turnstile makes five.
	PerReader rate.Limit
}

// Door serves all readers. Close it after the HTTP server and before the gate and the store.
type Door struct {
	store    *store.Store
	log      *slog.Logger
	seen     func(protocol string, outcome Outcome)
	gate     *gate.Gate
	scan     scanner
	sessions sessions
	known    *directory
	presence *store.ReaderPresence
	budget   time.Duration
	flying   sync.WaitGroup // scans whose caller may have given up
}

// New returns a Door that follows the changes of readers until Close.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Seen == nil {
		o.Seen = func(string, Outcome) {}
	}
	if o.PerReader == 0 {
		o.PerReader = 200
	}
	return &Door{
		store: o.Store, gate: o.Gate, log: o.Log, seen: o.Seen, scan: o.Gate.Call, budget: budget,
		sessions: sessions{held: map[core.ID]*session{}},
		known:    newDirectory(o.Store, o.Gate, o.Log, o.PerReader), presence: store.NewReaderPresence(o.Store),
	}
}

// Close waits for scans in flight and writes the last heartbeats.
func (d *Door) Close() {
	d.flying.Wait()
	d.known.close()
	d.presence.Close()
}

// prefix starts every path that readers call.
const prefix = "/door/"

// Routes returns the readers' routes. Installers configure a URL that ends in the secret; some
// devices append a path of their own, such as /qa/mcardsea.php, which is ignored.
func (d *Door) Routes() []web.Route {
	var routes []web.Route
	add := func(f gate.Protocol, path string, handler web.Handler) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			routes = append(routes, web.Route{
				Method: method, Path: prefix + path, Access: web.Device, Handler: handler,
				Body: int64(f.MaxRequest), OnError: d.refuse(f),
			})
		}
	}
	for _, f := range gate.Protocols() {
		if f.Connected {
			continue
		}
		add(f, f.Name+"/:secret", d.serve(f))
		add(f, f.Name+"/:secret/*", d.serve(f))
	}
	add(gate.Protocols()[0], "*", d.stray)
	return routes
}

// stray answers calls outside any reader's URL, in the protocol of the more dangerous family.
func (d *Door) stray(c *web.Context) error {
	d.seen("", Unknown)
	f := gate.Protocols()[0]
	return reply(c, f, f.Refusal(core.Reader{}, gate.Message{}, c.Now()))
}

// refuse answers calls that failed before or in the handler.
func (d *Door) refuse(f gate.Protocol) func(c *web.Context, err error) error {
	return func(c *web.Context, _ error) error {
		d.seen(f.Name, Malformed)
		return reply(c, f, f.Refusal(core.Reader{}, gate.Message{}, c.Now()))
	}
}
