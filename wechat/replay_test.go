package wechat

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// replayStores runs test on each kind of store, with its clock.
func replayStores(t *testing.T, test func(t *testing.T, store ReplayStore, clock *clock, pass func(time.Duration))) {
	t.Run("memory", func(t *testing.T) {
		clock := newClock()
		test(t, NewMemoryReplays(clock.Now), clock, clock.Add)
	})
	t.Run("Redis", func(t *testing.T) {
		clock := newClock()
		server, client := newRedis(t)
		test(t, NewRedisReplays(client), clock, func(d time.Duration) { clock.Add(d); server.FastForward(d) })
	})
}

// TestReplays: an event is handled once, for as long as its signature is valid; one that was not
// handled may come again.
func TestReplays(t *testing.T) {
	replayStores(t, func(t *testing.T, store ReplayStore, clock *clock, pass func(time.Duration)) {
		a := account(t, OfficialOptions{AESKey: callbackKey, Replays: store}, clock.Now)
		read := func(message string) (Event, func(bool), error) {
			return a.ReadCallback(t.Context(), newCall(t, clock.Now(), callbackKey, message).request())
		}
		first := newCall(t, clock.Now().Add(callbackWindow), callbackKey, textMessage(1))
		event, done, err := a.ReadCallback(t.Context(), first.request())
		if err != nil {
			t.Fatal(err)
		}
		if again, undone, err := read(textMessage(1)); !errors.Is(err, ErrReplayed) || !reflect.DeepEqual(again,
			event) || undone != nil {
			t.Errorf("while it is handled: %+v, %v", again, err)
		}
		done(false)
		if event, _, err = read(textMessage(1)); err != nil || event.ID != "1" {
			t.Fatalf("one that was not handled: %v", err)
		}
		// The server that handles it is killed: WeChat's next attempt comes after five seconds.
		pass(5 * time.Second)
		if _, done, err = read(textMessage(1)); err != nil {
			t.Fatalf("one whose server was killed: %v", err)
		}
		done(true)
		pass(2*callbackWindow - 6*time.Second) // the very first's last moment
		if _, _, err := a.ReadCallback(t.Context(), first.request()); !errors.Is(err, ErrReplayed) {
			t.Errorf("the same bytes, while their signature is good: %v", err)
		}
		pass(2 * time.Second)
		if _, _, err := a.ReadCallback(t.Context(), first.request()); !errors.Is(err, ErrStale) {
			t.Errorf("the same bytes, later: %v", err)
		}
	})
}

// TestSignatureOfAnother: in plain mode a signature does not cover the body, so it is valid for one
// event; a forged body does not harm the event it names, and an event that failed may come again
// with the same signature.
func TestSignatureOfAnother(t *testing.T) {
	replayStores(t, func(t *testing.T, store ReplayStore, clock *clock, pass func(time.Duration)) {
		a := account(t, OfficialOptions{Replays: store}, clock.Now)
		heard := newCall(t, clock.Now(), "", textMessage(1))
		read := func(c call, message string) (Event, func(bool), error) {
			c.body = message
			return a.ReadCallback(t.Context(), c.request())
		}
		_, done, err := read(heard, textMessage(1))
		if err != nil {
			t.Fatal(err)
		}
		done(false)
		if _, done, err = read(heard, textMessage(1)); err != nil {
			t.Fatalf("one that was not handled: %v", err)
		}
		done(true)
		pass(callbackWindow) // the signature's last moment
		for _, forged := range []string{textMessage(2), eventMessage("SCAN", "bind_x")} {
			if event, done, err := read(heard, forged); !errors.Is(err, ErrSignature) || errors.Is(err,
				ErrReplayed) || done != nil ||
				!reflect.DeepEqual(event, Event{}) {
				t.Errorf("a forged one: %+v, %v", event, err)
			}
		}
		if _, _, err := read(heard, textMessage(1)); !errors.Is(err, ErrReplayed) {
			t.Errorf("the same bytes again: %v", err)
		}
		next := newCall(t, clock.Now(), "", "")
		if _, _, err := read(next, textMessage(2)); err != nil {
			t.Errorf("the genuine one after the forged: %v", err)
		}
	})
}

// TestEventKeys: what is the same event, and what only looks like it.
func TestEventKeys(t *testing.T) {
	base := Event{FromUser: "o1", Created: 1, Type: "event", Name: "SCAN", Key: "a"}
	same := base
	same.Ticket, same.ToUser = "t", "gh_2"
	if base.key("wx1") != same.key("wx1") {
		t.Error("one event has two keys")
	}
	seen := map[string]Event{}
	for _, e := range []Event{
		base,
		{FromUser: "o2", Created: 1, Name: "SCAN", Key: "a"}, {FromUser: "o1", Created: 2, Name: "SCAN", Key: "a"},
		{FromUser: "o1", Created: 1, Name: "CLICK", Key: "a"}, {FromUser: "o1", Created: 1, Name: "SCAN", Key: "b"},
		{FromUser: "o1", Created: 1, Name: "TEMPLATESENDJOBFINISH", JobID: "1"},
		{FromUser: "o1", Created: 1, Name: "TEMPLATESENDJOBFINISH", JobID: "2"},
		{FromUser: "o1", Created: 1, Type: "text", ID: "1"}, {FromUser: "o1", Created: 1, Type: "text", ID: "2"},
	} {
		if twin, ok := seen[e.key("wx1")]; ok {
			t.Errorf("%+v and %+v are one", e, twin)
		}
		seen[e.key("wx1")] = e
		if e.key("wx1") == e.key("wx2") {
			t.Error("two accounts share a key")
		}
	}
}

// TestAtOnce: of several concurrent copies of one event, one is handled.
func TestAtOnce(t *testing.T) {
	replayStores(t, func(t *testing.T, store ReplayStore, clock *clock, _ func(time.Duration)) {
		one := account(t, OfficialOptions{AESKey: callbackKey, Replays: store}, clock.Now)
		two := account(t, OfficialOptions{AESKey: callbackKey, Replays: store}, clock.Now)
		var mu sync.Mutex
		handled, replayed := 0, 0
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range 16 {
			a, r := one, newCall(t, clock.Now(), callbackKey, eventMessage("subscribe", "qrscene_x")).request()
			if i%2 == 1 {
				a = two
			}
			all.Go(func() {
				<-start
				_, _, err := a.ReadCallback(t.Context(), r)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					handled++
				case errors.Is(err, ErrReplayed):
					replayed++
				default:
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if handled != 1 || replayed != 15 {
			t.Errorf("%d handled, %d replayed", handled, replayed)
		}
	})
}

// TestReplayStoreDown: without its store nothing is handled, and nothing is mistaken for a repeat.
func TestReplayStoreDown(t *testing.T) {
	clock := newClock()
	server, client := newRedis(t)
	a := account(t, OfficialOptions{AESKey: callbackKey, Replays: NewRedisReplays(client)}, clock.Now)
	server.Close()
	_, done, err := a.ReadCallback(t.Context(), newCall(t, clock.Now(), callbackKey, textMessage(1)).request())
	if err == nil || errors.Is(err, ErrReplayed) || errors.Is(err, ErrMalformed) || done != nil {
		t.Errorf("got %v", err)
	}
}

// halfReplays fails once, for a signature's key.
type halfReplays struct {
	ReplayStore
	failed bool
}

func (h *halfReplays) First(ctx context.Context, key string, life time.Duration) (bool, error) {
	if strings.HasPrefix(key, "wechat:nonce:") && !h.failed {
		h.failed = true
		return false, errors.New("down")
	}
	return h.ReplayStore.First(ctx, key, life)
}

// TestReplayStoreFailsHalfway: an event that was only partly remembered may come again.
func TestReplayStoreFailsHalfway(t *testing.T) {
	clock := newClock()
	a := account(t, OfficialOptions{Replays: &halfReplays{ReplayStore: NewMemoryReplays(clock.Now)}}, clock.Now)
	c := newCall(t, clock.Now(), "", textMessage(1))
	if _, _, err := a.ReadCallback(t.Context(), c.request()); err == nil || errors.Is(err, ErrReplayed) ||
		errors.Is(err, ErrSignature) {
		t.Errorf("got %v", err)
	}
	if _, _, err := a.ReadCallback(t.Context(), c.request()); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
}

// TestForgetAfterCallerLeft: the platform has hung up; the event may come again
// all the same.
func TestForgetAfterCallerLeft(t *testing.T) {
	clock := newClock()
	_, client := newRedis(t)
	a := account(t, OfficialOptions{AESKey: callbackKey, Replays: NewRedisReplays(client)}, clock.Now)
	ctx, leave := context.WithCancel(t.Context())
	_, done, err := a.ReadCallback(ctx, newCall(t, clock.Now(), callbackKey, textMessage(1)).request())
	if err != nil {
		t.Fatal(err)
	}
	leave()
	done(false)
	if _, _, err := a.ReadCallback(t.Context(), newCall(t, clock.Now(), callbackKey, textMessage(1)).request()); err != nil {
		t.Error(err)
	}
}
