package web

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/gate"
)

// lookEvery limits how stale a live page may become if hints are lost.
const lookEvery = 5 * time.Second

// LookoutOf is what a lookout watches.
type LookoutOf struct {
	Scope  core.Scope
	Filter core.RecordFilter
}

func (l LookoutOf) key() string { return fmt.Sprintf("%v %+v", l.Scope, l.Filter) }

// Lookouts share reads between live pages: a thousand pages that follow the same costs the database
// as much as one.
type Lookouts[T any] struct {
	gate  *gate.Gate
	log   *slog.Logger
	read  func(ctx context.Context, of LookoutOf) (T, error)
	mu    sync.Mutex
	byKey map[string]*lookout[T]
}

// lookout reads on behalf of one set of pages.
type lookout[T any] struct {
	pages map[chan T]bool
	wake  chan struct{} // a page joined
	end   context.CancelFunc
}

// NewLookouts returns lookouts that read when there are access records, and every five seconds.
func NewLookouts[T any](g *gate.Gate, log *slog.Logger, read func(ctx context.Context, of LookoutOf) (T, error)) *Lookouts[T] {
	return &Lookouts[T]{gate: g, log: log, read: read, byKey: map[string]*lookout[T]{}}
}

// Join follows something. Every read started after that is sent, replacing the previous one if not
// yet received; leave must be called at the end.
func (l *Lookouts[T]) Join(of LookoutOf) (looks <-chan T, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, page := of.key(), make(chan T, 1)
	o := l.byKey[key]
	if o == nil {
		ctx, end := context.WithCancel(context.Background())
		o = &lookout[T]{pages: map[chan T]bool{}, wake: make(chan struct{}, 1), end: end}
		l.byKey[key] = o
		go l.look(ctx, of, o)
	}
	o.pages[page] = true
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return page, func() { l.leave(key, o, page) }
}

// Watched returns the number of things that are read: of however many pages.
func (l *Lookouts[T]) Watched() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byKey)
}

func (l *Lookouts[T]) leave(key string, o *lookout[T], page chan T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(o.pages, page)
	if len(o.pages) == 0 {
		o.end()
		delete(l.byKey, key)
	}
}

func (l *Lookouts[T]) look(ctx context.Context, of LookoutOf, o *lookout[T]) {
	hints := l.gate.Watch(ctx, of.Scope.Communities()...)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-hints:
		case <-tick.C:
		}
		pages := l.present(o)
		newest, err := l.read(ctx, of)
		if err != nil {
			if ctx.Err() == nil {
				l.log.Warn("look for live pages", "err", err) // the next read reports it
			}
			continue
		}
		for _, page := range pages {
			hand(page, newest)
		}
	}
}

// present returns the pages that joined before a read: for those that join during it, it may be
// older than what they were rendered with.
func (l *Lookouts[T]) present(o *lookout[T]) []chan T {
	l.mu.Lock()
	defer l.mu.Unlock()
	pages := make([]chan T, 0, len(o.pages))
	for page := range o.pages {
		pages = append(pages, page)
	}
	return pages
}

// hand sends the newest read to a page, replacing one that it has not received yet. Only one
// lookout sends to a page's channel, so there is room.
func hand[T any](page chan T, newest T) {
	select {
	case <-page:
	default:
	}
	page <- newest
}
