package door

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
)

const (
	// renewEvery is how long a change can stay unknown here if its announcement was lost. A scan
	// reads the reader's row and its secret again, so outdated entries open nothing in the
	// meantime.
	renewEvery = time.Minute
	// limitedRenew is how long a new reader that shares an address with someone guessing secrets
	// can be refused, if its announcement was lost.
	limitedRenew = 5 * time.Second
	renewPause   = 200 * time.Millisecond
	renewTime    = 5 * time.Second
	// strangersAtOnce limits concurrent database lookups of secrets: those not in memory are nearly
	// always invalid.
	strangersAtOnce = 4
	maxAddrs        = 10000
)

// Guesses at secrets allowed per address. A secret has 130 bits and cannot be guessed; the limit
// protects the database.
const (
	guessRate  = rate.Limit(2)
	guessBurst = 60
)

var errLimited = errors.New("door: too many calls")

// directory finds readers by their secrets. All readers are in memory, so that a call waits neither
// for a busy database nor because of others behind the same address. It limits how often a reader
// may call, and how often an address may try invalid secrets.
type directory struct {
	store *store.Store
	gate  *gate.Gate
	log   *slog.Logger
	limit rate.Limit

	mu      sync.Mutex
	known   map[store.ReaderKey]*entry
	addrs   map[string]*guesses
	changes int       // so far; a lookup overtaken by a change is repeated
	renewed time.Time // when known was last read

	lookups  chan struct{} // slots for database lookups
	wake     chan struct{}
	announce chan struct{}
	stop     context.CancelFunc
	done     sync.WaitGroup
}

type entry struct {
	reader core.Reader
	calls  *rate.Limiter
}

type guesses struct {
	limiter *rate.Limiter
	last    time.Time
}

// newDirectory loads the readers and follows their changes until close.
func newDirectory(s *store.Store, g *gate.Gate, log *slog.Logger, limit rate.Limit) *directory {
	ctx, stop := context.WithCancel(context.Background())
	d := &directory{
		store: s, gate: g, log: log, limit: limit, known: map[store.ReaderKey]*entry{}, addrs: map[string]*guesses{},
		lookups: make(chan struct{}, strangersAtOnce), wake: make(chan struct{}, 1), announce: make(chan struct{}, 1), stop: stop,
	}
	s.OnReaderChange(d.changed)
	d.renew(ctx)
	announced := g.WatchReaders(ctx)
	d.done.Go(func() { d.follow(ctx, announced) })
	d.done.Go(func() { d.tell(ctx) })
	return d
}

func (d *directory) close() {
	d.stop()
	d.done.Wait()
}

// changed forgets a reader changed on this server, before the change is reported as done: its old
// secret is invalid from that moment.
func (d *directory) changed(reader core.ID) {
	d.mu.Lock()
	d.changes++
	maps.DeleteFunc(d.known, func(_ store.ReaderKey, e *entry) bool { return e.reader.ID == reader })
	d.mu.Unlock()
	nudge(d.wake)
	nudge(d.announce)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// tell announces changes to the other servers, in the background: an unreachable Redis must not
// delay the change itself.
func (d *directory) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.announce:
		}
		if err := d.gate.ReadersChanged(ctx); err != nil {
			d.log.Warn("announce a reader's change", "err", err)
		}
	}
}

// follow reloads the readers whenever they may have changed, and periodically.
func (d *directory) follow(ctx context.Context, announced <-chan struct{}) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-announced:
		case <-d.wake:
		case <-tick.C:
		}
		d.renew(ctx)
		pause := time.NewTimer(renewPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

// renew reloads all readers. If that fails, the known ones stay.
func (d *directory) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, renewTime)
	defer cancel()
	for {
		d.mu.Lock()
		changes := d.changes
		d.mu.Unlock()
		readers, err := d.store.KeyedReaders(ctx)
		if err != nil {
			if !errors.Is(ctx.Err(), context.Canceled) {
				d.log.Warn("read the readers", "err", err)
			}
			return
		}
		if d.take(readers, changes) {
			return
		}
	}
}

// take replaces the known readers, unless they changed while being read.
func (d *directory) take(readers map[store.ReaderKey]core.Reader, changes int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes != changes {
		return false
	}
	known := make(map[store.ReaderKey]*entry, len(readers))
	for key, reader := range readers {
		e, ok := d.known[key]
		if !ok {
			e = d.newEntry()
		}
		e.reader = reader
		known[key] = e
	}
	d.known, d.renewed = known, time.Now()
	return true
}

func (d *directory) newEntry() *entry {
	return &entry{calls: rate.NewLimiter(d.limit, burstOf(d.limit))}
}

// find returns the reader of a secret: NotFound if there is none, errLimited if the reader calls
// too often, or if it is not known here and its address has tried too many invalid secrets.
func (d *directory) find(ctx context.Context, protocol, secret, addr string) (core.Reader, error) {
	now := time.Now() // for limits and caching: not the store's clock, which tests set
	key, ok := store.ReaderKeyOf(protocol, secret)
	if !ok {
		return d.miss(addr, now)
	}
	r, changes, err := d.recall(key, addr, now)
	if r.ID != 0 || err != nil {
		return r, err
	}
	r, err = d.lookUp(ctx, key)
	if core.IsNotFound(err) {
		return d.miss(addr, now)
	}
	if err != nil {
		return core.Reader{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes != changes {
		return r, nil // it may be outdated; the scan checks
	}
	e, ok := d.known[key]
	if !ok {
		e = d.newEntry()
		d.known[key] = e
	}
	e.reader = r
	return r, e.allow(now)
}

// miss counts an invalid secret against the address.
func (d *directory) miss(addr string, now time.Time) (core.Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.guess(addr, now) {
		return core.Reader{}, errLimited
	}
	return core.Reader{}, core.NotFound("门禁读头不存在")
}

// recall returns a known reader. An unknown one may be looked up, unless the address has no guesses
// left.
func (d *directory) recall(key store.ReaderKey, addr string, now time.Time) (r core.Reader, changes int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.known[key]; ok {
		return e.reader, d.changes, e.allow(now)
	}
	if d.spent(addr, now) || d.spent(web.WideNetwork(addr), now) {
		if now.Sub(d.renewed) > limitedRenew {
			nudge(d.wake)
		}
		return core.Reader{}, d.changes, errLimited
	}
	return core.Reader{}, d.changes, nil
}

// peek returns the reader of a key as it is known here, without counting that as a call; ID 0 if it is unknown.
func (d *directory) peek(key store.ReaderKey) core.Reader {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, ok := d.known[key]; ok {
		return e.reader
	}
	return core.Reader{}
}

// allows counts a call of a known reader, and reports whether it may call; one that is not known here may.
func (d *directory) allows(key store.ReaderKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.known[key]
	return !ok || e.allow(time.Now()) == nil
}

// lookUp queries the database for a secret that is not known here.
func (d *directory) lookUp(ctx context.Context, key store.ReaderKey) (core.Reader, error) {
	select {
	case d.lookups <- struct{}{}:
		defer func() { <-d.lookups }()
	case <-ctx.Done():
		return core.Reader{}, errLimited
	}
	return d.store.ReaderByKey(ctx, key)
}

// forget removes a key that turned out to be invalid.
func (d *directory) forget(key store.ReaderKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, key)
}

func (e *entry) allow(now time.Time) error {
	if !e.calls.AllowN(now, 1) {
		return errLimited
	}
	return nil
}

// burstOf returns five seconds' worth of calls: after a network failure a reader sends its backlog.
func burstOf(limit rate.Limit) int { return int(min(limit*5, 1e6)) }

// spent reports whether an address, or its network, has no guesses left.
func (d *directory) spent(addr string, now time.Time) bool {
	g, ok := d.addrs[addr]
	return ok && g.limiter.TokensAt(now) < 1
}

// guess counts an invalid secret, and reports whether the address, and the /48 around it, had a
// guess left.
func (d *directory) guess(addr string, now time.Time) bool {
	if !d.charge(addr, 1, now) {
		return false
	}
	wide := web.WideNetwork(addr)
	return wide == "" || d.charge(wide, web.WideTimes, now)
}

// charge takes one guess of an address, or of a network that is allowed times as many.
func (d *directory) charge(addr string, times int, now time.Time) bool {
	g, ok := d.addrs[addr]
	if !ok {
		if len(d.addrs) >= maxAddrs {
			d.dropQuiet(now)
		}
		g = &guesses{limiter: rate.NewLimiter(rate.Limit(times)*guessRate, guessBurst*times)}
		d.addrs[addr] = g
	}
	g.last = now
	return g.limiter.AllowN(now, 1)
}

// dropQuiet removes the addresses whose guesses have been restored by time; if that is not enough,
// all of them.
func (d *directory) dropQuiet(now time.Time) {
	maps.DeleteFunc(d.addrs, func(_ string, g *guesses) bool {
		return now.Sub(g.last) > time.Duration(guessBurst/guessRate)*time.Second
	})
	if len(d.addrs) >= maxAddrs {
		clear(d.addrs)
	}
}
