package cache

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
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

func TestOpenRefusesTwoKinds(t *testing.T) {
	for _, o := range []Options{{URL: "redis://x", Addrs: []string{"y"}}, {URL: "http://x"}} {
		if _, err := Open(o); err == nil {
			t.Errorf("Open(%+v) did not refuse", o)
		}
	}
}
