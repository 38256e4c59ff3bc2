package gate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/cache"
	"tongxing/core"
)

// embeddedGate returns a gate on the embedded Redis, without a store. The scan tests cover claims
// on a real Redis.
func embeddedGate(t *testing.T) *Gate {
	t.Helper()
	c, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := New(Options{Redis: c})
	g.signer = core.NewSigner([]byte("sixteen or more bytes"), "gate")
	t.Cleanup(func() {
		g.Close()
		c.Close()
	})
	return g
}

// claimAs claims a token under a name and returns the state.
func claimAs(t *testing.T, g *Gate, c *claim, name string) string {
	t.Helper()
	c.name, c.asked = name, time.Now()
	var replies claimed
	_, err := g.redis.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
		replies.ask(t.Context(), p, c)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	switch err := g.read(c, &replies); {
	case err == errInFlight:
		return "wait"
	case err != nil:
		t.Fatal(err)
	}
	return string(c.state)
}

func issuedClaim(t *testing.T, g *Gate, asker string) *claim {
	t.Helper()
	issued, err := g.Issue(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	return claimOf(issued.Text, asker)
}

// The client sends a command again if the connection breaks while it is sent. The claim that Redis
// received the first time must not block the second.
func TestAClaimHeardTwiceIsOneClaim(t *testing.T) {
	g := embeddedGate(t)
	c := issuedClaim(t, g, "r1")
	for range 2 {
		if state := claimAs(t, g, c, "r1/1"); state != string(core.TokenLive) {
			t.Errorf("the same claim: %s, want live", state)
		}
	}
	if state := claimAs(t, g, c, "r1/2"); state != "wait" {
		t.Errorf("another of the same reader: %s, want wait", state)
	}
	other := *c
	other.asker = "r2"
	if state := claimAs(t, g, &other, "r2/3"); state != string(core.TokenBusy) {
		t.Errorf("another reader's: %s, want busy", state)
	}
}

// A repeat that waited too long is answered "busy". If the first request was decided in the
// meantime, that decision stays the stored answer.
func TestBusyDoesNotTakeTheDecisionsPlace(t *testing.T) {
	g := embeddedGate(t)
	first := issuedClaim(t, g, "r1")
	if state := claimAs(t, g, first, "r1/1"); state != string(core.TokenLive) {
		t.Fatal(state)
	}
	late := *first
	late.name, late.held = "r1/2", false
	busy := answer{Decision: core.Decision{Reason: core.ReasonTokenBusy}}
	opened := answer{Decision: core.Decision{Allowed: true, Reason: core.ReasonAllowed}}
	for _, order := range []string{"busy first", "busy last"} {
		if order == "busy first" {
			g.settle(t.Context(), &late, busy)
		}
		g.settle(t.Context(), first, opened)
		if order == "busy last" {
			g.settle(t.Context(), &late, busy)
		}
		again := &claim{shard: first.shard, digest: first.digest, asker: "r1"}
		claimAs(t, g, again, "r1/3")
		if again.stored == nil || !again.stored.Decision.Allowed {
			t.Errorf("%s: a repeat hears %+v; want it opened", order, again.stored)
		}
	}
}

// Pages of one server share one subscription, which ends with the last of them.
func TestWatchersShareOneSubscription(t *testing.T) {
	g := embeddedGate(t)
	subscribed := func(want int64) {
		t.Helper()
		deadline := time.Now().Add(10 * time.Second)
		for {
			n, err := g.redis.PubSubNumSub(t.Context(), hintChannel(1), hintChannel(2)).Result()
			if err != nil {
				t.Fatal(err)
			}
			if n[hintChannel(1)] == want && n[hintChannel(2)] == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("subscriptions %v, want %d each", n, want)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	watches := make([]<-chan struct{}, 20)
	contexts := make([]context.CancelFunc, len(watches))
	for i := range watches {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		watches[i], contexts[i] = g.Watch(ctx, 1, 2), cancel
	}
	subscribed(1)
	awaitHeard(t, g, hintChannel(1), hintChannel(2))
	late, stop := context.WithCancel(t.Context())
	defer stop()
	watches, contexts = append(watches, g.Watch(late, 1, 2)), append(contexts, stop)
	for i, watch := range watches {
		select {
		case <-watch: // hints before the subscription were missed: everybody checks once
		default:
			t.Errorf("watcher %d was not told to look", i)
		}
	}
	g.live.hint(1)
	for i, watch := range watches {
		select {
		case <-watch:
		case <-time.After(10 * time.Second):
			t.Fatalf("watcher %d heard nothing", i)
		}
	}
	for _, cancel := range contexts[:20] {
		cancel()
	}
	g.live.hint(2)
	select {
	case <-watches[20]:
	case <-time.After(10 * time.Second):
		t.Fatal("the last watcher heard nothing")
	}
	contexts[20]()
	subscribed(0)
}

// awaitHeard waits until subscriptions are in effect and announced.
func awaitHeard(t *testing.T, g *Gate, channels ...string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		g.watchers.mu.Lock()
		all := true
		for _, channel := range channels {
			all = all && g.watchers.heard[channel]
		}
		g.watchers.mu.Unlock()
		if all {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no subscription came into effect")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
