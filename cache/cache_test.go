package cache

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/testkit"
)

func TestEmbeddedExpiresInRealTime(t *testing.T) {
	c, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := c.Set(ctx, "k", "v", 1500*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); c.Get(ctx, "k").Err() != redis.Nil; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("a key outlived its time")
		}
	}
}

func TestEmbeddedWantsItsPassword(t *testing.T) {
	c, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	other := redis.NewClient(&redis.Options{Addr: c.embedded.server.Addr()})
	defer other.Close()
	if err := other.Ping(context.Background()).Err(); err == nil {
		t.Fatal("the embedded cache answered a stranger")
	}
}

func TestAPasswordOfItsOwnSetting(t *testing.T) {
	for _, o := range []Options{{URL: "redis://127.0.0.1:1/0", Password: "61#Kd"}, {URL: "redis://:61%23Kd@127.0.0.1:1/0"}} {
		c, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.UniversalClient.(*redis.Client).Options().Password; got != "61#Kd" {
			t.Errorf("%+v: password %q", o, got)
		}
	}
}

// A Redis that answers but stores nothing is detected: out of memory, or a replica.
func TestCheckWrite(t *testing.T) {
	server := testkit.OwnRedis(t)
	c, err := Open(Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	state := func(name string, works bool) {
		t.Helper()
		if err := c.Check(ctx); err != nil {
			t.Errorf("%s: no sign of life: %v", name, err)
		}
		if err := c.CheckWrite(ctx); (err == nil) != works {
			t.Errorf("%s: %v", name, err)
		}
	}
	state("empty", true)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.ConfigSet(ctx, "maxmemory-policy", "noeviction").Err())
	must(c.ConfigSet(ctx, "maxmemory", "1").Err())
	state("out of memory", false)
	must(c.ConfigSet(ctx, "maxmemory", "0").Err())
	state("with memory again", true)
	must(c.ReplicaOf(ctx, "127.0.0.1", "1").Err())
	must(c.ConfigSet(ctx, "replica-serve-stale-data", "yes").Err())
	state("a replica", false)
}

func TestOpenRefusesTwoKinds(t *testing.T) {
	for _, o := range []Options{{URL: "redis://x", Addrs: []string{"y"}}, {URL: "http://x"}} {
		if _, err := Open(o); err == nil {
			t.Errorf("Open(%+v) did not refuse", o)
		}
	}
}
