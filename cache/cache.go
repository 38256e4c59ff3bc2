// Package cache opens the Redis that holds what lives for minutes: QR tokens, claims, cached
// sessions, live hints. It is a real Redis (single, Sentinel or Cluster), or one inside this
// process, the default for a single machine. Nothing that must not be lost is kept only here.
package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Options select the Redis. If all are empty, it is the embedded one.
type Options struct {
	URL          string   // redis://[:password@]host:port/db, or rediss:// for TLS
	MasterName   string   // Sentinel: the master's name; Addrs are the sentinels
	Addrs        []string // Sentinel or Cluster addresses
	Password     string   // of the Redis servers; a URL may include it instead
	SentinelPass string
}

// Cache is an open connection pool, and the embedded server if there is one.
type Cache struct {
	redis.UniversalClient
	embedded *embedded
}

// Timeouts are short: a reader gives up after two seconds, and a prompt refusal is better than an
// answer nobody receives.
const (
	dialTime = time.Second
	callTime = 800 * time.Millisecond
)

// Open connects. It does not wait until the server responds: see /readyz.
func Open(o Options) (*Cache, error) {
	switch {
	case o.URL != "" && len(o.Addrs) > 0:
		return nil, errors.New("cache: name a URL or addresses, not both")
	case o.URL != "":
		return openURL(o.URL, o.Password)
	case len(o.Addrs) > 0:
		return &Cache{UniversalClient: redis.NewUniversalClient(&redis.UniversalOptions{
			Addrs: o.Addrs, MasterName: o.MasterName, IsClusterMode: o.MasterName == "", Password: o.Password,
			SentinelPassword: o.SentinelPass,
			DialTimeout:      dialTime, ReadTimeout: callTime, WriteTimeout: callTime, MaxRetries: 1,
		})}, nil
	}
	return openEmbedded()
}

func openURL(url, password string) (*Cache, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("cache: the Redis URL cannot be read; want redis://[:password@]host:port/db")
	}
	if password != "" {
		o.Password = password
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.MaxRetries = dialTime, callTime, callTime, 1
	return &Cache{UniversalClient: redis.NewClient(o)}, nil
}

// Name describes which cache is in use, for the about page and the log.
func (c *Cache) Name() string {
	if c.embedded != nil {
		return "内置缓存"
	}
	return "Redis"
}

// Close closes the pool and the embedded server. It may be called again.
func (c *Cache) Close() error {
	err := c.UniversalClient.Close()
	if c.embedded != nil {
		c.embedded.close()
	}
	return err
}

// embedded is a Redis in this process: loopback only, with a random password.
type embedded struct {
	server *miniredis.Miniredis
	stop   chan struct{}
	done   chan struct{}
	ending sync.Once
}

func openEmbedded() (*Cache, error) {
	password := rand.Text()
	e := &embedded{server: miniredis.NewMiniRedis(), stop: make(chan struct{}), done: make(chan struct{})}
	e.server.RequireAuth(password)
	if err := e.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("cache: start the embedded cache: %w", err)
	}
	go e.tick()
	client := redis.NewClient(&redis.Options{
		Addr: e.server.Addr(), Password: password, DialTimeout: dialTime, ReadTimeout: callTime, WriteTimeout: callTime, MaxRetries: 1,
		PoolSize: 64,
	})
	return &Cache{UniversalClient: client, embedded: e}, nil
}

// tick advances the embedded server's TTLs, which do not advance by themselves, by the elapsed real
// time.
func (e *embedded) tick() {
	defer close(e.done)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-e.stop:
			return
		case <-ticker.C:
			now := time.Now() // monotonic: adjusting the wall clock expires no token early
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (e *embedded) close() {
	e.ending.Do(func() {
		close(e.stop)
		<-e.done
		e.server.Close()
	})
}

// CheckWrite returns an error unless the cache accepts writes: a read-only replica, or one whose
// memory is full, would answer every query and refuse every door.
func (c *Cache) CheckWrite(ctx context.Context) error {
	if err := c.Set(ctx, "ready:probe", "1", time.Minute).Err(); err != nil {
		return fmt.Errorf("cache: try a write: %w", err)
	}
	return nil
}

// Check pings the cache.
func (c *Cache) Check(ctx context.Context) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
