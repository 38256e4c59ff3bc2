package wechat

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A callback is remembered for as long as its signature is valid; otherwise somebody who
// intercepted it could send it again.
const replayLife = 2*callbackWindow + time.Minute

// handlingLife is how long a callback that is being handled keeps its repeats away: less than the five seconds after
// which WeChat sends it again. If a server is killed in between, that repeat is handled as if new.
const handlingLife = 4500 * time.Millisecond

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
		first, err := b.replays.First(ctx, key, handlingLife)
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
			return
		}
		for _, key := range keys {
			b.replays.Keep(context.WithoutCancel(ctx), key, replayLife)
		}
	}, nil
}

// ReplayStore remembers recent callbacks.
type ReplayStore interface {
	// First reports whether key is new, and remembers it for life.
	First(ctx context.Context, key string, life time.Duration) (bool, error)
	// Keep remembers key for life from now on.
	Keep(ctx context.Context, key string, life time.Duration)
	// Forget makes key new again.
	Forget(ctx context.Context, key string)
}

// noReplays is a ReplayStore that is always down: no callback is read.
type noReplays struct{}

func (noReplays) First(context.Context, string, time.Duration) (bool, error) {
	return false, errNoStore
}
func (noReplays) Keep(context.Context, string, time.Duration) {}
func (noReplays) Forget(context.Context, string)              {}

type redisReplays struct{ redis redis.UniversalClient }

// NewRedisReplays returns a ReplayStore shared by all servers of one Redis.
func NewRedisReplays(r redis.UniversalClient) ReplayStore { return redisReplays{r} }

func (r redisReplays) First(ctx context.Context, key string, life time.Duration) (bool, error) {
	return r.redis.SetNX(ctx, key, "1", life).Result()
}

func (r redisReplays) Keep(ctx context.Context, key string, life time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = r.redis.Set(ctx, key, "1", life).Err() // if it goes, a repeat of this event is handled again
}

func (r redisReplays) Forget(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = r.redis.Del(ctx, key).Err() // if it stays, repeats of this event are lost
}
