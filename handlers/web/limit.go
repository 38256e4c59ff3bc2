package web

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimiter is the maximum number of callers a limiter remembers; the least recent is forgotten
// first.
const maxLimiter = 20_000

// limiter limits the calls per minute of each caller.
type limiter struct {
	perMinute int
	mu        sync.Mutex
	byKey     map[string]*list.Element
	recent    list.List // of *limited, most recent first
}

type limited struct {
	key   string
	limit *rate.Limiter
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, byKey: map[string]*list.Element{}}
}

// Limit limits acts that only some calls of a route perform, by signed-in caller.
type Limit struct{ calls *limiter }

// NewLimit returns a limit of perMinute acts for each caller.
func NewLimit(perMinute int) *Limit { return &Limit{newLimiter(perMinute)} }

// Take counts one act of the caller, or returns how long to wait.
func (l *Limit) Take(c *Context) error { return l.calls.check(c.caller(), c.Now()) }

// check counts one call of key at now, or returns how long to wait.
func (l *limiter) check(key string, now time.Time) error {
	if wait := l.take(key, now); wait > 0 {
		return TooMany(wait)
	}
	return nil
}

func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.of(key).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// spent reports whether a caller has no calls left; it counts none.
func (l *limiter) spent(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.byKey[key]
	return ok && e.Value.(*limited).limit.TokensAt(now) < 1
}

// of returns the limit of a caller. The calls of a whole minute may come in one burst.
func (l *limiter) of(key string) *rate.Limiter {
	if e, ok := l.byKey[key]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*limited).limit
	}
	if l.recent.Len() >= maxLimiter {
		oldest := l.recent.Back()
		delete(l.byKey, oldest.Value.(*limited).key)
		l.recent.Remove(oldest)
	}
	limit := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	l.byKey[key] = l.recent.PushFront(&limited{key: key, limit: limit})
	return limit
}

// addressLimiter limits callers known only by their address.
type addressLimiter struct{ each, wide *limiter }

func newAddressLimiter(perMinute int) *addressLimiter {
	return &addressLimiter{each: newLimiter(perMinute), wide: newLimiter(WideTimes * perMinute)}
}

// check counts one call of an address, or returns how long to wait.
func (l *addressLimiter) check(addr netip.Addr, now time.Time) error {
	if err := l.each.check(addressKey(addr), now); err != nil {
		return err
	}
	if wide := wideKey(addr); wide != "" {
		return l.wide.check(wide, now)
	}
	return nil
}

// checkCall counts one call: of a signed-in caller by identity, of a known browser by its account,
// and otherwise by address. An address is shared, and no stranger behind it may block the others.
func (l *addressLimiter) checkCall(c *Context) error {
	if c.SignedIn() {
		return l.each.check(c.caller(), c.Now())
	}
	if known := c.KnownBrowser(); known.Account != 0 {
		return l.each.check("known "+known.Account.String(), c.Now())
	}
	return l.check(c.state.addr, c.Now())
}

// Misses limits how often an address may send what turns out to be wrong, such as a code. What is
// right is not counted: any number of people may share an address.
type Misses struct{ calls *addressLimiter }

// NewMisses returns a limit of perMinute misses for each address.
func NewMisses(perMinute int) *Misses { return &Misses{newAddressLimiter(perMinute)} }

// Spent reports whether the caller's address has no misses left.
func (m *Misses) Spent(c *Context) bool {
	now := c.Now()
	return m.calls.each.spent(addressKey(c.state.addr), now) || m.calls.wide.spent(wideKey(c.state.addr), now)
}

// Add counts a miss.
func (m *Misses) Add(c *Context) { _ = m.calls.check(c.state.addr, c.Now()) } // the next call asks Spent

// caller returns the key of a signed-in caller.
func (c *Context) caller() string {
	return string(c.who.Session.Kind) + c.who.Session.Subject.String()
}
