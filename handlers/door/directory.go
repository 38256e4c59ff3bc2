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
	// renewEvery bounds how long a change is unknown here whose announcement got lost.
	// A scan reads the reader's row anew, and its secret with it: what is old opens
	// nothing in the meantime.
	renewEvery = time.Minute
	// limitedRenew bounds how long a new reader beside somebody who guesses is refused,
	// where its announcement got lost.
	limitedRenew = 5 * time.Second
	renewPause   = 200 * time.Millisecond
	renewTime    = 5 * time.Second
	// strangersAtOnce bounds the secrets that are looked up in the database at once: what
	// is not in memory is nearly always nobody's.
	strangersAtOnce = 4
	maxAddrs        = 10000
)

// Guesses at secrets that one address may make. A secret has 130 bits, so nobody
// guesses it: the limit spares the database.
const (
	guessRate  = rate.Limit(2)
	guessBurst = 60
)

var errLimited = errors.New("door: too many calls")

// directory finds readers by their secrets. It has all of them in memory, so that a
// reader waits for nobody: neither for a database that others keep busy, nor for what
// somebody behind the same address does. It bounds how often a reader may call, and
// how often an address may name a secret that is nobody's.
type directory struct {
	store *store.Store
	gate  *gate.Gate
	log   *slog.Logger
	limit rate.Limit

	mu      sync.Mutex
	known   map[store.ReaderKey]*entry
	addrs   map[string]*guesses
	changes int       // so far; a look that a change overtook is made again
	renewed time.Time // when known was last read

	lookups  chan struct{} // room for strangers
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

// newDirectory reads the readers and goes on following their changes until close.
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

// changed forgets a reader that was changed on this server, before the one who
// changed it hears that it is done: its old secret ends here and now.
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

// tell announces changes to the other servers, away from those who made them: a Redis
// that is gone must not hold them up.
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

// follow reads the readers anew whenever they may have changed, and now and then.
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

// renew reads all readers. Where that fails, those known before stay.
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

// take replaces what is known, unless it changed while it was read.
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

// find returns the reader of a secret: not found where there is none, errLimited
// where it calls too often, or where it is not known here and its address named too
// many that are nobody's.
func (d *directory) find(ctx context.Context, protocol, secret, addr string) (core.Reader, error) {
	now := time.Now() // of limits and of keeping: not the store's clock, which tests set
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
		return r, nil // it may be old by now; the scan will know
	}
	e, ok := d.known[key]
	if !ok {
		e = d.newEntry()
		d.known[key] = e
	}
	e.reader = r
	return r, e.allow(now)
}

// miss charges the address for a secret that is nobody's.
func (d *directory) miss(addr string, now time.Time) (core.Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.guess(addr, now) {
		return core.Reader{}, errLimited
	}
	return core.Reader{}, core.NotFound("门禁读头不存在")
}

// recall returns a reader that is known. One that is not may be looked up, unless the
// address guessed too much.
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

// lookUp asks the database for a secret that is not known here.
func (d *directory) lookUp(ctx context.Context, key store.ReaderKey) (core.Reader, error) {
	select {
	case d.lookups <- struct{}{}:
		defer func() { <-d.lookups }()
	case <-ctx.Done():
		return core.Reader{}, errLimited
	}
	return d.store.ReaderByKey(ctx, key)
}

// forget drops a key that turned out to be nobody's any more.
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

// burstOf is five seconds' worth of calls: a reader that lost its network sends
// what it kept.
func burstOf(limit rate.Limit) int { return int(min(limit*5, 1e6)) }

// spent reports whether an address, or a network, has no guess left.
func (d *directory) spent(addr string, now time.Time) bool {
	g, ok := d.addrs[addr]
	return ok && g.limiter.TokensAt(now) < 1
}

// guess counts a secret that is nobody's, and reports whether the address, and the /48
// around it, may have one more.
func (d *directory) guess(addr string, now time.Time) bool {
	if !d.charge(addr, 1, now) {
		return false
	}
	wide := web.WideNetwork(addr)
	return wide == "" || d.charge(wide, web.WideTimes, now)
}

// charge takes one guess of an address, or of a network that may have times as many.
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

// dropQuiet drops the addresses that have been quiet for long enough to have their
// guesses back; where that is not enough, all.
func (d *directory) dropQuiet(now time.Time) {
	maps.DeleteFunc(d.addrs, func(_ string, g *guesses) bool {
		return now.Sub(g.last) > time.Duration(guessBurst/guessRate)*time.Second
	})
	if len(d.addrs) >= maxAddrs {
		clear(d.addrs)
	}
}
