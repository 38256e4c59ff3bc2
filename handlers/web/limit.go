package web

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiterMost bounds the callers a limiter remembers; the one longest unseen is
// forgotten first.
const limiterMost = 20_000

// limiter bounds calls a minute, by caller.
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

// check takes one call of key at the moment now, or says how long to wait.
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

// of finds a caller's limit. A minute's worth may come at once.
func (l *limiter) of(key string) *rate.Limiter {
	if e, ok := l.byKey[key]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*limited).limit
	}
	if l.recent.Len() >= limiterMost {
		oldest := l.recent.Back()
		delete(l.byKey, oldest.Value.(*limited).key)
		l.recent.Remove(oldest)
	}
	limit := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	l.byKey[key] = l.recent.PushFront(&limited{key: key, limit: limit})
	return limit
}
