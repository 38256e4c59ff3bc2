// Package cache opens the Redis that holds what lives minutes: QR tokens, claims,
// sessions' shadows, live hints. It is a real Redis (single, Sentinel or
// Cluster), or one inside this process for the single-machine default. Nothing in
// it is the only truth of anything that must not be lost.
package cache

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Options say which Redis. All empty is the embedded one.
type Options struct {
	URL          string   // redis://[:password@]host:port/db, or rediss:// for TLS
	MasterName   string   // Sentinel: the master's name; Addrs are the sentinels
	Addrs        []string // Sentinel or Cluster addresses
	Password     string   // of the Redis servers; a URL may carry it in its place
	SentinelPass string
}

// Cache is an open connection pool, and the embedded server where there is one.
type Cache struct {
	redis.UniversalClient
	embedded *embedded
}

// Time-outs are short: a reader gives up after two seconds, and a refusal now
// is better than an answer nobody hears.
const (
	dialTime = time.Second
	callTime = 800 * time.Millisecond
)

// Open connects. It does not wait for the server to answer: /readyz tells.
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

// Name says which cache is in use, for the about page and the log.
func (c *Cache) Name() string {
	if c.embedded != nil {
		return "内置缓存"
	}
	return "Redis"
}

// Close ends the pool, and the embedded server. Closing again only says that it was.
func (c *Cache) Close() error {
	err := c.UniversalClient.Close()
	if c.embedded != nil {
		c.embedded.close()
	}
	return err
}

// embedded is a Redis in this process: loopback, with a password nobody else has.
type embedded struct {
	server *miniredis.Miniredis
	stop   chan struct{}
	done   chan struct{}
	ending sync.Once
}

func openEmbedded() (*Cache, error) {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	password := hex.EncodeToString(secret[:])
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

// tick moves the embedded server's times to live, which do not move by
// themselves, by the time that truly went by.
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
			now := time.Now() // monotonic: a corrected wall clock ends no token early
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

// CheckWrite reports whether the cache keeps what is written: a replica that only
// reads, or one whose memory is full, answers every question and refuses every door.
func (c *Cache) CheckWrite(ctx context.Context) error {
	if err := c.Set(ctx, "ready:probe", "1", time.Minute).Err(); err != nil {
		return fmt.Errorf("cache: try a write: %w", err)
	}
	return nil
}

// Check asks the cache for a sign of life.
func (c *Cache) Check(ctx context.Context) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
