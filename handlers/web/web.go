// Package web is what all surfaces share: the route table and access checks, errors, forms,
// sessions, limits, and the chain of middleware every request passes through.
//
// Handlers use a Context of ours and never the router, so that the router can be replaced in one
// file (echo.go). A handler binds, checks, calls the store once, and renders or redirects; an error
// it returns is turned into a page, JSON or a reader's response in one place (errors.go).
package web

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tongxing/core"
	"tongxing/store"
)

// Options configure an App. Store and Cache are required; every other field may be zero.
type Options struct {
	Store *store.Store
	Cache Cache // for session shadows and used captchas

	// PublicURL is the URL at which users and WeChat reach the program, without a path. https makes
	// cookies Secure and turns on HSTS. nil = plain http, any host.
	PublicURL *url.URL
	// TrustedProxies are the networks whose X-Forwarded-For is trusted.
	TrustedProxies []netip.Prefix

	BodyBytes   int64         // maximum request body; 0 = 64 KiB
	RequestTime time.Duration // a request's deadline; 0 = 15 s
	ExportTime  time.Duration // maximum duration of an export; 0 = 10 min
	Limits      Limits
	Console     core.SessionLife // 0 = 2 hours idle, 24 hours at most
	Phone       core.SessionLife // 0 = 30 days idle, 180 days at most
	// ConsoleIdle is called at each use and replaces Console.Idle; nil = Console.Idle.
	ConsoleIdle func(ctx context.Context) time.Duration

	Demo      bool // if false, DemoOnly routes do not exist
	Log       *slog.Logger
	Registry  *prometheus.Registry // nil = a new one
	ErrorPage func(c *Context, p ErrorPage) error
	Checks    []Check // for /readyz, besides the database
}

// Limits are maximum requests per minute; 0 = the default in brackets.
type Limits struct {
	AddressPerMinute int // per address, not signed in [600]
	AccountPerMinute int // per signed-in account or WeChat user [300]
}

// App holds the route table and the middleware in front of it.
type App struct {
	o        Options
	routes   []Route
	router   *router
	sessions *Sessions
	browsers core.Signer // signs the cookies of known browsers
	searches cipher.AEAD // seals personal text in URLs
	metrics  *metrics
	unread   *unread
	outer    *http.CrossOriginProtection
	address  *addressLimiter
	account  *limiter
	streams  *streams
	checks   []*sharedCheck
	exports  exports
	handler  http.Handler
}

// New returns an App whose only routes are /healthz, /readyz and /robots.txt.
func New(o Options) *App {
	o.setDefaults()
	a := &App{
		o:       o,
		metrics: newMetrics(o.Registry),
		unread:  newUnread(o.Registry),
		address: newAddressLimiter(o.Limits.AddressPerMinute),
		account: newLimiter(o.Limits.AccountPerMinute),
		streams: newStreams(),
		exports: exports{each: map[string]int{}},
	}
	if o.Store != nil {
		a.browsers, a.searches = o.Store.Signer("browser"), o.Store.Box("search")
	}
	for _, check := range append([]Check{{Name: "database", Run: o.Store.Ping}}, o.Checks...) {
		a.checks = append(a.checks, &sharedCheck{Check: check})
	}
	a.sessions = NewSessions(o.Store, o.Cache, o.Log)
	a.router = newRouter(a)
	a.outer = newCrossOrigin(o.PublicURL)
	a.handler = a.chain()
	a.Register(a.health()...)
	return a
}

func (o *Options) setDefaults() {
	if o.BodyBytes == 0 {
		o.BodyBytes = 64 << 10
	}
	if o.RequestTime == 0 {
		o.RequestTime = 15 * time.Second
	}
	if o.ExportTime == 0 {
		o.ExportTime = exportTime
	}
	if o.Limits.AddressPerMinute == 0 {
		o.Limits.AddressPerMinute = 600
	}
	if o.Limits.AccountPerMinute == 0 {
		o.Limits.AccountPerMinute = 300
	}
	if o.Console == (core.SessionLife{}) {
		o.Console = core.SessionLife{Idle: 2 * time.Hour, MaxLife: 24 * time.Hour}
	}
	if o.Phone == (core.SessionLife{}) {
		o.Phone = core.SessionLife{Idle: 30 * 24 * time.Hour, MaxLife: 180 * 24 * time.Hour}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
}

// Handler handles one request; an error it returns is rendered by the App.
type Handler func(c *Context) error

// Route is one method and path, who may call it, and its handler.
type Route struct {
	Method  string
	Path    string // /console/reader/:id
	Access  Access
	Handler Handler

	// Body is the maximum request body in bytes; 0 = the App's.
	Body int64
	// Time is the deadline; 0 = the App's, negative = none (streams, exports).
	Time time.Duration
	// PerMinute limits calls to this route by one address, or by one caller who is signed in or
	// whose browser is known; 0 = no limit of its own.
	PerMinute int
	// EachPerMinute limits calls to this route by one signed-in caller; 0 = no limit of its own.
	// Phones of one network share an address, so limits on people must count by person.
	EachPerMinute int
	// Level is how much the act of a POST can hurt: see Level.
	Level Level
	// Reads marks a POST that changes nothing: its parameters are personal, and would be visible in
	// a URL.
	Reads bool
	// ByItself marks a GET that an open page repeats without anybody's doing: it does not count as
	// use of the session, which would otherwise never end while a page is open.
	ByItself bool
	// Draft keeps a form whose sender's session has expired: see draft.go. The handler must bind
	// the form before it does anything else.
	Draft bool
	// OnError replaces the App's error page or JSON: a reader's response.
	OnError func(c *Context, err error) error
}

// Level is how much an act can hurt, and so what is asked before it.
type Level int

// The levels. A route declares the highest that its act can have.
const (
	Harmless Level = iota // nothing is asked
	Asks                  // a question with its numbers, and a way back
	Types                 // also the name or the number is typed, if many are affected or there is no way back
)

// Name returns the route as the golden route table prints it.
func (r Route) Name() string {
	name := r.Method + " " + r.Path + " " + r.Access.String()
	if r.Level != Harmless {
		name += fmt.Sprintf(" level-%d", r.Level)
	}
	return name
}

// Register adds routes. It panics if one has no Access or Handler, or is already registered: that
// is a bug, found by its first test.
func (a *App) Register(routes ...Route) {
	for _, r := range routes {
		if err := a.register(r); err != nil {
			panic(fmt.Sprintf("web: %s %s: %v", r.Method, r.Path, err))
		}
	}
}

func (a *App) register(r Route) error {
	switch {
	case r.Access.kind == accessNone:
		return errors.New("a route must say who may call it")
	case r.Handler == nil || r.Method == "" || !strings.HasPrefix(r.Path, "/"):
		return errors.New("a route needs a method, a path and a handler")
	case slices.ContainsFunc(a.routes, func(o Route) bool { return o.Method == r.Method && o.Path == r.Path }):
		return errors.New("registered twice")
	}
	if r.Access.kind == accessDemo && !a.o.Demo {
		return nil
	}
	a.routes = append(a.routes, r)
	a.router.add(r)
	return nil
}

// Routes returns the route table, sorted by path and method.
func (a *App) Routes() []Route {
	sorted := slices.Clone(a.routes)
	slices.SortFunc(sorted, func(x, y Route) int {
		return strings.Compare(x.Path+" "+x.Method, y.Path+" "+y.Method)
	})
	return sorted
}

// Sessions returns the App's sessions.
func (a *App) Sessions() *Sessions { return a.sessions }

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// chain is the middleware every request passes through, outermost first. Checks that depend on the
// route (limits, session, access, CSRF token, body, deadline) are in serve.
func (a *App) chain() http.Handler {
	return a.observe( // request id, access log, metrics; a panic becomes a 500
		a.secure( // security headers
			a.refuseCrossSite( // browsers that report another site as the origin
				a.router)))
}

// Close ends the live streams, so that a shutdown need not wait for them.
func (a *App) Close() { a.streams.close() }
