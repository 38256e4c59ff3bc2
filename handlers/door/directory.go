package door

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tongxing/core"
	"tongxing/store"
)

const (
	// freshTime is how long a reader found by its secret is not looked up again. A
	// scan reads the reader's row anew: disabling one is immediate all the same, and
	// an old secret ends within this time.
	freshTime = time.Second
	// familiarTime is how long a reader that called is not refused for what others
	// behind its address do.
	familiarTime = 10 * time.Minute
	knownMost    = 10000
	addrsMost    = 10000
)

// Guesses at secrets that one address may make.
const (
	guessRate  = rate.Limit(2)
	guessBurst = 60
)

var errLimited = errors.New("door: too many calls")

// key is how a reader is called.
type key struct{ protocol, secret string }

// directory finds readers by their secrets, keeps the busy ones at hand, and
// bounds how often one may call and how often an address may guess.
type directory struct {
	store *store.Store
	limit rate.Limit
	mu    sync.Mutex
	known map[key]*entry
	addrs map[string]*guesses
}

type entry struct {
	reader core.Reader
	looked time.Time // when it was last read
	calls  *rate.Limiter
}

type guesses struct {
	limiter *rate.Limiter
	last    time.Time
}

func newDirectory(s *store.Store, limit rate.Limit) *directory {
	return &directory{store: s, limit: limit, known: map[key]*entry{}, addrs: map[string]*guesses{}}
}

// find gives the reader of a secret: not found where there is none, errLimited
// where it, or the address, calls too often.
func (d *directory) find(ctx context.Context, k key, addr string) (core.Reader, error) {
	now := time.Now() // of limits and of keeping: not the store's clock, which tests set
	r, fresh, err := d.recall(k, addr, now)
	if fresh || err != nil {
		return r, err
	}
	r, err = d.store.ReaderBySecret(ctx, k.protocol, k.secret)
	d.mu.Lock()
	defer d.mu.Unlock()
	if core.IsNotFound(err) {
		delete(d.known, k)
		d.guessed(addr, now)
	}
	if err != nil {
		return core.Reader{}, err
	}
	return r, d.keep(k, r, now)
}

// recall gives a reader that was found a moment ago. Otherwise it may be looked
// up, unless the address guessed too much and the secret is not one that called.
func (d *directory) recall(k key, addr string, now time.Time) (r core.Reader, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.known[k]
	switch {
	case ok && now.Sub(e.looked) < freshTime:
		return e.reader, true, e.allow(now)
	case ok && now.Sub(e.looked) < familiarTime:
		return core.Reader{}, false, nil
	}
	if g, ok := d.addrs[addr]; ok && g.limiter.TokensAt(now) < 1 {
		return core.Reader{}, false, errLimited
	}
	return core.Reader{}, false, nil
}

func (d *directory) keep(k key, r core.Reader, now time.Time) error {
	e, ok := d.known[k]
	if !ok {
		if len(d.known) >= knownMost {
			clear(d.known)
		}
		e = &entry{calls: rate.NewLimiter(d.limit, burstOf(d.limit))}
		d.known[k] = e
	}
	e.reader, e.looked = r, now
	return e.allow(now)
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

// guessed counts a secret that is nobody's.
func (d *directory) guessed(addr string, now time.Time) {
	g, ok := d.addrs[addr]
	if !ok {
		if len(d.addrs) >= addrsMost {
			d.forget(now)
		}
		g = &guesses{limiter: rate.NewLimiter(guessRate, guessBurst)}
		d.addrs[addr] = g
	}
	g.last = now
	g.limiter.AllowN(now, 1)
}

// forget drops the addresses that have been quiet for long enough to have their
// guesses back; where that is not enough, all.
func (d *directory) forget(now time.Time) {
	for addr, g := range d.addrs {
		if now.Sub(g.last) > time.Duration(guessBurst/guessRate)*time.Second {
			delete(d.addrs, addr)
		}
	}
	if len(d.addrs) >= addrsMost {
		clear(d.addrs)
	}
}
