package gate

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
)

// A hint tells watchers that a community has new access records, which they read from SQL. Hints
// may be lost or duplicated: watchers also poll now and then.

// hintEvery bounds how often hints are sent for one community.
const hintEvery = 100 * time.Millisecond

func hintChannel(community core.ID) string { return "live:" + community.String() }

// liveHints publishes hints outside the scan's own path, combining many scans into one hint.
type liveHints struct {
	redis redis.UniversalClient
	log   *slog.Logger
	mu    sync.Mutex
	dirty map[core.ID]bool
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}
}

func newLiveHints(r redis.UniversalClient, log *slog.Logger) *liveHints {
	l := &liveHints{
		redis: r, log: log, dirty: map[core.ID]bool{}, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		done: make(chan struct{}),
	}
	go l.loop()
	return l
}

func (l *liveHints) hint(community core.ID) {
	l.mu.Lock()
	l.dirty[community] = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *liveHints) close() {
	close(l.stop)
	<-l.done
}

func (l *liveHints) loop() {
	defer close(l.done)
	for {
		select {
		case <-l.stop:
			return
		case <-l.wake:
		}
		l.publish()
		pause := time.NewTimer(hintEvery)
		select {
		case <-pause.C:
		case <-l.stop:
			pause.Stop()
			return
		}
	}
}

func (l *liveHints) publish() {
	l.mu.Lock()
	dirty := l.dirty
	l.dirty = map[core.ID]bool{}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for community := range dirty {
		if err := l.redis.Publish(ctx, hintChannel(community), "1").Err(); err != nil {
			l.log.Warn("publish a live hint", "err", err)
			return
		}
	}
}
