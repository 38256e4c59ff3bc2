// Package door is where readers call: it takes a request in the words of the
// reader's own protocol, has the gate decide, and answers in the same words.
//
// Whatever goes wrong, the answer is the one that keeps the door shut: status 200
// with the refusing bytes of the family, never a redirect, a compressed body or a
// page. A reader is known by the secret in its URL alone; what it says of itself
// must agree. Where readers speak plain HTTP, keep them on a network of their
// own: whoever can answer a vguang reader in our place can open its door.
//
// Nothing here logs what was shown or the URL it came to.
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

// budget bounds one call: readers give up after two seconds.
const budget = 1800 * time.Millisecond

// Outcome is what became of a call, for metrics.
type Outcome string

const (
	Scanned   Outcome = "scanned"   // the gate decided; its own figures say what
	Heartbeat Outcome = "heartbeat" // a sign of life
	Malformed Outcome = "malformed" // nothing a reader of this family sends, or too long
	Unknown   Outcome = "unknown"   // no such secret, or another device on it
	Limited   Outcome = "limited"   // too many calls
	Failed    Outcome = "failed"    // database gone, time out, panic
)

// Options make a Door.
type Options struct {
	Store *store.Store
	Gate  *gate.Gate
	Log   *slog.Logger                           // nil = discard
	Seen  func(protocol string, outcome Outcome) // told of every call; nil = nobody

	// PerReader bounds the calls of one reader a second, on this server; 0 = 200.
	// A busy turnstile makes five.
	PerReader rate.Limit
}

// Door serves every reader. Close it after the HTTP server and before the gate
// and the store.
type Door struct {
	store    *store.Store
	log      *slog.Logger
	seen     func(protocol string, outcome Outcome)
	scan     scanner
	known    *directory
	presence *store.ReaderPresence
	budget   time.Duration
	flying   sync.WaitGroup // scans whose caller may have given up
}

// New makes a Door.
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
		store: o.Store, log: o.Log, seen: o.Seen, scan: o.Gate.Call, budget: budget,
		known: newDirectory(o.Store, o.Gate, o.Log, o.PerReader), presence: store.NewReaderPresence(o.Store),
	}
}

// Close waits for scans in flight and writes the last signs of life.
func (d *Door) Close() {
	d.flying.Wait()
	d.known.close()
	d.presence.Close()
}

// prefix begins every path that readers call.
const prefix = "/door/"

// Routes are the readers' URLs. Installers set one that ends in the secret; some
// devices put a path of their own behind it, such as /qa/mcardsea.php, which says
// nothing.
func (d *Door) Routes() []web.Route {
	var routes []web.Route
	add := func(f gate.Protocol, path string, handler web.Handler) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			routes = append(routes, web.Route{
				Method: method, Path: prefix + path, Access: web.Device, Handler: handler,
				Body: gate.MaxReaderRequest, OnError: d.refuse(f),
			})
		}
	}
	for _, f := range gate.Protocols() {
		add(f, f.Name+"/:secret", d.serve(f))
		add(f, f.Name+"/:secret/*", d.serve(f))
	}
	add(gate.Protocols()[0], "*", d.stray)
	return routes
}

// stray answers what came to no reader's address, in the words of the more
// dangerous family.
func (d *Door) stray(c *web.Context) error {
	d.seen("", Unknown)
	f := gate.Protocols()[0]
	return reply(c, f, f.Answer(core.Reader{}, gate.Message{}, false, c.Now()))
}

// refuse answers what never came to the handler, or out of it.
func (d *Door) refuse(f gate.Protocol) func(c *web.Context, err error) error {
	return func(c *web.Context, _ error) error {
		d.seen(f.Name, Malformed)
		return reply(c, f, f.Answer(core.Reader{}, gate.Message{}, false, c.Now()))
	}
}
