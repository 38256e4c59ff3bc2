package wechat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A callback is remembered for as long as its signature is valid; otherwise somebody who
// intercepted it could send it again.
const replayLife = 2*callbackWindow + time.Minute

// errReused is returned for a signature that came with another event before. In plain mode it does
// not cover the body: an eavesdropper could put any content under it.
var errReused = fmt.Errorf("%w: it belongs to another event", ErrSignature)

// once lets an event through the first time. keys are the event's own and, in plain mode, its
// signature's. A repeat of the event, which comes with its own signature, is ErrReplayed.
func (b *Inbox) once(ctx context.Context, keys []string) (func(bool), error) {
	taken := 0
	forget := func() {
		for _, key := range keys[:taken] {
			b.replays.Forget(context.WithoutCancel(ctx), key)
		}
	}
	for i, key := range keys {
		first, err := b.replays.First(ctx, key, replayLife)
		switch {
		case err != nil:
			forget()
			return nil, fmt.Errorf("wechat: remember a callback: %w", err)
		case !first && i == 0:
			return nil, ErrReplayed
		case !first:
			forget()
			return nil, errReused
		}
		taken++
	}
	return func(handled bool) {
		if !handled {
			forget()
		}
	}, nil
}

// ReplayStore remembers recent callbacks.
type ReplayStore interface {
	// First reports whether key is new, and remembers it for life.
	First(ctx context.Context, key string, life time.Duration) (bool, error)
	// Forget makes key new again.
	Forget(ctx context.Context, key string)
}

type memoryReplays struct {
	mu   sync.Mutex
	now  func() time.Time
	seen map[string]time.Time
}

// NewMemoryReplays returns a ReplayStore for one process.
func NewMemoryReplays(now func() time.Time) ReplayStore {
	return &memoryReplays{now: now, seen: map[string]time.Time{}}
}

func (m *memoryReplays) First(_ context.Context, key string, life time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for k, until := range m.seen {
		if !now.Before(until) {
			delete(m.seen, k)
		}
	}
	if _, ok := m.seen[key]; ok {
		return false, nil
	}
	m.seen[key] = now.Add(life)
	return true, nil
}

func (m *memoryReplays) Forget(_ context.Context, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, key)
}

type redisReplays struct{ redis redis.UniversalClient }

// NewRedisReplays returns a ReplayStore shared by all servers of one Redis.
func NewRedisReplays(r redis.UniversalClient) ReplayStore { return redisReplays{r} }

func (r redisReplays) First(ctx context.Context, key string, life time.Duration) (bool, error) {
	return r.redis.SetNX(ctx, key, "1", life).Result()
}

func (r redisReplays) Forget(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = r.redis.Del(ctx, key).Err() // if it stays, repeats of this event are lost
}
