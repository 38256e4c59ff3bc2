package gate_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
	"tongxing/testkit"
	"tongxing/testkit/estate"
)

// rig is a gate with its store and its Redis.
type rig struct {
	*gate.Gate
	store *store.Store
	redis redis.UniversalClient
	clock *clock
	again func() *rig // another server on the same database and Redis
}

// clock is real time plus an offset set by a test.
type clock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.shift)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift += d
}

// eachRig runs a test on the embedded pair, and on MariaDB with a real Redis.
func eachRig(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		c, err := cache.Open(cache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		test(t, newRig(t, store.Options{SQLitePath: estate.SQLite(t)}, c))
	})
	t.Run("MariaDB and Redis", func(t *testing.T) {
		c, err := cache.Open(cache.Options{URL: testkit.Redis(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		test(t, newRig(t, store.Options{MySQLDSN: testkit.MariaDB(t)}, c))
	})
}

func newRig(t *testing.T, o store.Options, c redis.UniversalClient) *rig {
	t.Helper()
	r := &rig{redis: c, clock: &clock{}}
	o.Now = r.clock.now
	s := estate.Store(t, o)
	r.store, r.Gate = s, gate.New(gate.Options{Store: s, Redis: c})
	t.Cleanup(r.Gate.Close)
	r.again = func() *rig { return newRig(t, o, c) }
	return r
}

// issue returns a new token for a pass.
func (r *rig) issue(t *testing.T, pass core.ID) string {
	t.Helper()
	issued, err := r.Issue(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Text
}

// show scans, and reports whether the door opened. If the machine was too busy for cache and
// database to answer in time it scans again, as people do: the crowd tests are about who is let
// through.
func (r *rig) show(t *testing.T, door estate.Door, text string) bool {
	t.Helper()
	got := r.Scan(t.Context(), door.ID, text)
	for again := 0; got.Decision.Reason == core.ReasonUnavailable && again < 5; again++ {
		got = r.Scan(t.Context(), door.ID, text)
	}
	return got.Decision.Allowed
}

// records returns everything recorded in a community, newest first.
func (r *rig) records(t *testing.T, community core.ID) []core.AccessRecord {
	t.Helper()
	var all []core.AccessRecord
	err := r.store.EachAccessRecord(context.Background(), core.ScopeOf(community), core.RecordFilter{}, func(rec core.AccessRecord) error {
		all = append(all, rec)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func allowed(records []core.AccessRecord) (n int) {
	for _, r := range records {
		if r.Allowed {
			n++
		}
	}
	return n
}
