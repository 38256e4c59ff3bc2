package h5

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
)

// lookoutOf is the set of records that a lookout watches.
type lookoutOf struct {
	scope  core.Scope
	filter core.RecordFilter
}

func (l lookoutOf) key() string { return fmt.Sprintf("%v %+v", l.scope, l.filter) }

// lookouts share reads between live pages: a thousand pages that follow the same records cost the
// database as much as one.
type lookouts struct {
	store *store.Store
	gate  *gate.Gate
	log   *slog.Logger
	mu    sync.Mutex
	byKey map[string]*lookout
}

// lookout reads on behalf of one set of pages.
type lookout struct {
	pages map[chan []core.AccessRecord]bool
	wake  chan struct{} // a page joined
	end   context.CancelFunc
}

// join follows records. Every read started after that is sent, replacing the previous one if not
// yet received; leave must be called at the end.
func (l *lookouts) join(of lookoutOf) (looks <-chan []core.AccessRecord, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, page := of.key(), make(chan []core.AccessRecord, 1)
	o := l.byKey[key]
	if o == nil {
		ctx, end := context.WithCancel(context.Background())
		o = &lookout{pages: map[chan []core.AccessRecord]bool{}, wake: make(chan struct{}, 1), end: end}
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

func (l *lookouts) leave(key string, o *lookout, page chan []core.AccessRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(o.pages, page)
	if len(o.pages) == 0 {
		o.end()
		delete(l.byKey, key)
	}
}

func (l *lookouts) look(ctx context.Context, of lookoutOf, o *lookout) {
	hints := l.gate.Watch(ctx, of.scope.Communities()...)
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
		newest, _, err := l.store.AccessRecords(ctx, of.scope, of.filter, store.Page{Limit: maxFollow})
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
func (l *lookouts) present(o *lookout) []chan []core.AccessRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	pages := make([]chan []core.AccessRecord, 0, len(o.pages))
	for page := range o.pages {
		pages = append(pages, page)
	}
	return pages
}

// hand sends the newest read to a page, replacing one that it has not received yet. Only one
// lookout sends to a page's channel, so there is room.
func hand(page chan []core.AccessRecord, newest []core.AccessRecord) {
	select {
	case <-page:
	default:
	}
	page <- newest
}
