package web

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
)

// Cache keeps small values for a short time. A value may disappear at any time; a value that is
// present is correct.
type Cache interface {
	// Get returns the value of a key; ok is false if there is none.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set stores a value for the given time.
	Set(ctx context.Context, key, value string, life time.Duration) error
	// Add stores a value unless the key has one: of several concurrent callers, one succeeds.
	Add(ctx context.Context, key, value string, life time.Duration) (added bool, err error)
	// Take returns the value of a key and removes it: of several concurrent callers, one gets it.
	Take(ctx context.Context, key string) (value string, ok bool, err error)
}

// RedisCache stores values in Redis. Each value carries its expiry and a MAC over key, expiry and
// content, made with a secret that Redis does not have: a person with write access to Redis can
// neither forge values, nor move them to another key, nor extend their life. A value that fails the
// check is logged and counts as missing. log may be nil.
func RedisCache(r redis.UniversalClient, s *store.Store, log *slog.Logger) Cache {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &redisCache{r: r, signer: s.Signer("cache"), now: s.Now, log: log}
}

type redisCache struct {
	r      redis.UniversalClient
	signer core.Signer
	now    func() time.Time
	log    *slog.Logger
	warned atomic.Int64 // Unix seconds of the last warning about a forged value
}

func (c *redisCache) Get(ctx context.Context, key string) (string, bool, error) {
	return c.found(key)(c.r.Get(ctx, key).Result())
}

func (c *redisCache) Set(ctx context.Context, key, value string, life time.Duration) error {
	return c.r.Set(ctx, key, c.sign(key, value, life), life).Err()
}

func (c *redisCache) Add(ctx context.Context, key, value string, life time.Duration) (bool, error) {
	return c.r.SetNX(ctx, key, c.sign(key, value, life), life).Result()
}

func (c *redisCache) Take(ctx context.Context, key string) (string, bool, error) {
	return c.found(key)(c.r.GetDel(ctx, key).Result())
}

// found returns a function that converts Redis's reply for key to a value.
func (c *redisCache) found(key string) func(text string, err error) (string, bool, error) {
	return func(text string, err error) (string, bool, error) {
		switch {
		case errors.Is(err, redis.Nil):
			return "", false, nil
		case err != nil:
			return "", false, err
		}
		value, ok := c.open(key, text)
		return value, ok, nil
	}
}

// sign returns value as it is stored in Redis: its expiry in Unix milliseconds, the MAC, the value.
func (c *redisCache) sign(key, value string, life time.Duration) string {
	end := strconv.FormatInt(c.now().Add(life).UnixMilli(), 36)
	return end + "." + c.signer.Sum(key, end, value) + "." + value
}

func (c *redisCache) open(key, text string) (value string, ok bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) != 3 || !c.signer.Valid(parts[1], key, parts[0], parts[2]) {
		c.warn(key)
		return "", false
	}
	end, err := strconv.ParseInt(parts[0], 36, 64)
	return parts[2], err == nil && c.now().UnixMilli() < end
}

// warn logs at most once in ten seconds, and only the kind of the key: the rest of it may be the
// digest of a user's token.
func (c *redisCache) warn(key string) {
	now, last := time.Now().Unix(), c.warned.Load()
	if now-last < 10 || !c.warned.CompareAndSwap(last, now) {
		return
	}
	kind, _, _ := strings.Cut(key, ":")
	c.log.Warn("a value in Redis is not this program's: another keys.mac, or somebody else writes there", "kind", kind)
}
