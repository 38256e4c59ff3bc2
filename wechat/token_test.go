package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func newRedis(t *testing.T) (*miniredis.Miniredis, redis.UniversalClient) {
	t.Helper()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	return server, client
}

// TestSingleFlight: many calls that find no token fetch one.
func TestSingleFlight(t *testing.T) {
	p := newPlatform(t)
	a := p.official(Options{})
	together(t, 50, func() error { return send(t, a) })
	p.wantAsked(tokenPath, 1)
	p.wantAsked(sendPath, 50)
}

// TestOneFlight: callers that come while a token is being fetched wait for that one, even if no
// store can tell that another has the lock.
func TestOneFlight(t *testing.T) {
	p := newPlatform(t)
	p.held = make(chan struct{})
	a := p.official(Options{Tokens: brokenTokens{}}).app
	first := a.client.join(t.Context(), a.accessToken(), "")
	for range 50 {
		if a.client.join(t.Context(), a.accessToken(), "") != first {
			t.Fatal("two flights for one token")
		}
	}
	close(p.held)
	<-first.done
	if first.value != tokenName(testSecret, 1) || first.err != nil {
		t.Errorf("%s, %v", first.value, first.err)
	}
	p.wantAsked(tokenPath, 1)
	if next := a.client.join(t.Context(), a.accessToken(), ""); next == first {
		t.Error("a flight that landed takes more on")
	} else {
		<-next.done
	}
}

// TestFlightOfAnother: a flight started before a token was rejected may return that very token; it
// is not taken for a new one.
func TestFlightOfAnother(t *testing.T) {
	p := newPlatform(t)
	landed := &flight{done: make(chan struct{}), value: "refused"}
	close(landed.done)
	looks := 0
	var a app
	a = p.official(Options{Tokens: onGet{brokenTokens{}, func() {
		if looks++; looks == 2 {
			a.client.mu.Lock()
			delete(a.client.flights, a.accessToken().key)
			a.client.mu.Unlock()
		}
	}}}).app
	a.client.flights[a.accessToken().key] = landed
	if token, err := a.token(t.Context(), "refused"); err != nil || token != tokenName(testSecret, 1) {
		t.Errorf("%s, %v", token, err)
	}
}

// onGet calls back on every Get.
type onGet struct {
	TokenStore
	call func()
}

func (o onGet) Get(ctx context.Context, key string) (string, bool, error) {
	o.call()
	return o.TokenStore.Get(ctx, key)
}

// brokenTokens fails at once.
type brokenTokens struct{}

var errBroken = errors.New("the store is broken")

func (brokenTokens) Get(context.Context, string) (string, bool, error) { return "", false, errBroken }

func (brokenTokens) Set(context.Context, string, string, time.Duration) error { return errBroken }

func (brokenTokens) Lock(context.Context, string, time.Duration) (func(), bool, error) {
	return nil, false, errBroken
}

// TestFirstCallerLeaves: callers waiting for a token are not affected if the first one gives up.
func TestFirstCallerLeaves(t *testing.T) {
	p := newPlatform(t)
	p.held = make(chan struct{})
	a := p.official(Options{})
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := a.SendTemplate(ctx, TemplateMessage{To: "o1", Template: "t1", Fields: one})
		first <- err
	}()
	poll(t, func() bool { return len(p.requests(tokenPath)) == 1 })
	second := make(chan error)
	go func() { second <- send(t, a) }()
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	close(p.held)
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
	p.wantAsked(tokenPath, 1)
}

// poll waits until so returns true.
func poll(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

// TestServersShareTokens: two servers on one Redis fetch one token, in turn or concurrently.
func TestServersShareTokens(t *testing.T) {
	p := newPlatform(t)
	_, client := newRedis(t)
	one, two := p.official(Options{Tokens: NewRedisTokens(client)}), p.official(Options{Tokens: NewRedisTokens(client)})
	turn := make(chan *OfficialAccount, 40)
	for range 20 {
		turn <- one
		turn <- two
	}
	together(t, 40, func() error { return send(t, <-turn) })
	p.wantAsked(tokenPath, 1)
	for _, a := range p.requests(sendPath) {
		if a.token != tokenName(testSecret, 1) {
			t.Errorf("a call with %s", a.token)
		}
	}
}

// TestSecretsNeverShare: a new secret of one account, or the same secret of another, does not find
// the old one's token.
func TestSecretsNeverShare(t *testing.T) {
	p := newPlatform(t)
	server, client := newRedis(t)
	c := p.client(Options{Tokens: NewRedisTokens(client)})
	for _, a := range []OfficialOptions{
		{AppID: testApp, Secret: "secret-a"}, {AppID: testApp, Secret: "secret-b"},
		{AppID: "wx3", Secret: "secret-a"},
	} {
		account, err := c.OfficialAccount(a)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := send(t, account); err != nil {
				t.Error(err)
			}
		}
	}
	p.wantAsked(tokenPath, 3)
	for i, a := range p.requests(sendPath) {
		secret := []string{"secret-a", "secret-b", "secret-a"}[i/2]
		if a.token != tokenName(secret, i/2+1) {
			t.Errorf("call %d with %s", i, a.token)
		}
	}
	for _, key := range server.Keys() {
		if strings.Contains(key, "secret") {
			t.Errorf("a key tells the secret: %s", key)
		}
	}
}

// TestEarlyRefresh: a token is replaced five minutes before it expires, in both stores.
func TestEarlyRefresh(t *testing.T) {
	for _, kind := range []string{"memory", "Redis"} {
		t.Run(kind, func(t *testing.T) {
			p, clock := newPlatform(t), newClock()
			server, client := newRedis(t)
			o, pass := Options{Now: clock.Now}, clock.Add
			if kind == "Redis" {
				o.Tokens, pass = NewRedisTokens(client), server.FastForward
			}
			a := p.official(o)
			for _, step := range []struct {
				after   time.Duration
				fetched int
			}{{0, 1}, {2*time.Hour - 5*time.Minute - time.Second, 1}, {time.Second, 2}} {
				pass(step.after)
				if err := send(t, a); err != nil {
					t.Error(err)
				}
				p.wantAsked(tokenPath, step.fetched)
			}
		})
	}
	for seconds, want := range map[int]time.Duration{
		7200: 6900 * time.Second, 301: time.Second, 300: 150 * time.Second, 1: 500 * time.Millisecond,
	} {
		if got := tokenLife(seconds); got != want {
			t.Errorf("tokenLife(%d) = %s, want %s", seconds, got, want)
		}
	}
}

// TestStoreDown: a token store that is down costs a fetch, but does not fail the call.
func TestStoreDown(t *testing.T) {
	p := newPlatform(t)
	server, client := newRedis(t)
	a := p.official(Options{Tokens: NewRedisTokens(client)})
	if err := send(t, a); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := send(t, a); err != nil {
		t.Errorf("without Redis: %v", err)
	}
	p.wantAsked(tokenPath, 2)
}

// TestStoreSlow: nor does one that does not respond.
func TestStoreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := app{client: New(Options{Tokens: deafTokens{}}), id: testApp, secret: testSecret}
		if _, ok := a.client.kept(t.Context(), "k", ""); ok {
			t.Error("a deaf store has a token")
		}
		if _, _, err := a.client.lock(t.Context(), "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// deafTokens never responds.
type deafTokens struct{}

func (deafTokens) Get(ctx context.Context, _ string) (string, bool, error) {
	<-ctx.Done()
	return "", false, ctx.Err()
}

func (deafTokens) Set(ctx context.Context, _, _ string, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

func (deafTokens) Lock(ctx context.Context, _ string, _ time.Duration) (func(), bool, error) {
	<-ctx.Done()
	return nil, false, ctx.Err()
}

// TestLockHolderDies: a server that took the lock and died delays nobody for longer than the lock
// lives.
func TestLockHolderDies(t *testing.T) {
	p := newPlatform(t)
	server, client := newRedis(t)
	tokens := &refusedLocks{TokenStore: NewRedisTokens(client)}
	a := p.official(Options{Tokens: tokens})
	if _, ok, err := tokens.Lock(t.Context(), a.app.accessToken().key+":lock", lockLife); !ok || err != nil {
		t.Fatal(ok, err)
	}
	sent := make(chan error)
	go func() { sent <- send(t, a) }()
	poll(t, func() bool { return tokens.n.Load() >= 2 })
	p.wantAsked(tokenPath, 0)
	server.FastForward(lockLife)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	p.wantAsked(tokenPath, 1)
	if lockLife <= callTime || flightTime <= lockLife {
		t.Error("a lock must outlive a call, and a waiting flight a lock")
	}
}

// refusedLocks counts how often the lock was already taken.
type refusedLocks struct {
	TokenStore
	n atomic.Int64
}

func (r *refusedLocks) Lock(ctx context.Context, key string, life time.Duration) (func(), bool, error) {
	unlock, ok, err := r.TokenStore.Lock(ctx, key, life)
	if !ok {
		r.n.Add(1)
	}
	return unlock, ok, err
}

// TestTokenStores: what both stores promise.
func TestTokenStores(t *testing.T) {
	clock := newClock()
	server, client := newRedis(t)
	for name, store := range map[string]TokenStore{"memory": NewMemoryTokens(clock.Now), "Redis": NewRedisTokens(client)} {
		ctx := t.Context()
		if _, ok, err := store.Get(ctx, "k"); ok || err != nil {
			t.Errorf("%s: %v %v", name, ok, err)
		}
		unlock, ok, err := store.Lock(ctx, "l", time.Minute)
		if !ok || err != nil {
			t.Fatalf("%s: %v %v", name, ok, err)
		}
		if _, ok, _ := store.Lock(ctx, "l", time.Minute); ok {
			t.Errorf("%s: two have the lock", name)
		}
		unlock()
		old, ok, _ := store.Lock(ctx, "l", time.Minute)
		if !ok {
			t.Fatalf("%s: the lock is not given back", name)
		}
		clock.Add(time.Minute)
		server.FastForward(time.Minute)
		if _, ok, _ := store.Lock(ctx, "l", time.Minute); !ok {
			t.Errorf("%s: a lock does not run out", name)
		}
		old() // of a lock that expired and now belongs to another
		if _, ok, _ := store.Lock(ctx, "l", time.Minute); ok {
			t.Errorf("%s: somebody gave another's lock back", name)
		}
	}
}

func TestTokenAnswers(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"access_token":""}`, `{"access_token":"x"}`, `{"access_token":"x","expires_in":-1}`,
		`{"access_token":7}`,
	} {
		p := newPlatform(t)
		p.says(tokenPath, text)
		if err := send(t, p.official(Options{})); err == nil {
			t.Errorf("%s is taken for a token", text)
		}
		p.wantAsked(sendPath, 0)
	}
	p := newPlatform(t)
	if err := send(t, p.official(Options{})); err != nil {
		t.Error(err)
	}
	want := map[string]any{"grant_type": "client_credential", "appid": testApp, "secret": testSecret, "force_refresh": false}
	if got := p.requests(tokenPath)[0].body; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked for a token with %v", got)
	}
}
