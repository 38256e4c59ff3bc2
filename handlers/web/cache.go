package web

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Cache keeps small values for a short while. What it says may be missing at any
// time; what it says is true while it is there.
type Cache interface {
	// Get gives a value; ok is false where there is none.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set keeps a value for a while.
	Set(ctx context.Context, key, value string, life time.Duration) error
	// Add keeps a value where there is none: of several adders, one does.
	Add(ctx context.Context, key, value string, life time.Duration) (added bool, err error)
	// Take gives a value and removes it: of several takers, one gets it.
	Take(ctx context.Context, key string) (value string, ok bool, err error)
}

// RedisCache keeps values in Redis.
func RedisCache(r redis.UniversalClient) Cache { return redisCache{r} }

type redisCache struct{ r redis.UniversalClient }

func (c redisCache) Get(ctx context.Context, key string) (string, bool, error) {
	return found(c.r.Get(ctx, key).Result())
}

func (c redisCache) Set(ctx context.Context, key, value string, life time.Duration) error {
	return c.r.Set(ctx, key, value, life).Err()
}

func (c redisCache) Add(ctx context.Context, key, value string, life time.Duration) (bool, error) {
	return c.r.SetNX(ctx, key, value, life).Result()
}

func (c redisCache) Take(ctx context.Context, key string) (string, bool, error) {
	return found(c.r.GetDel(ctx, key).Result())
}

func found(value string, err error) (string, bool, error) {
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}
