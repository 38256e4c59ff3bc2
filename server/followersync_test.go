package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const fansApp = "wx00000000000000f1"

// fansSite is a store with an official account, which is the simulator's.
type fansSite struct {
	t        testing.TB
	store    *store.Store
	sim      *simulator.Simulator
	official *wechat.OfficialAccount
	// before is called before each call of the platform; false = it has answered.
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	calls  sync.Map // by path: *atomic.Int64
}

func newFansSite(t testing.TB, crowd int) *fansSite {
	t.Helper()
	s := &fansSite{t: t, store: estate.Store(t, store.Options{SQLitePath: estate.SQLite(t)})}
	now := time.Now() // the crowd began to follow thirty days before it
	s.sim = simulator.New(simulator.Options{Now: func() time.Time { return now }, Seed: simulator.Seed{
		Apps: []simulator.App{{
			AppID: fansApp, Secret: strings.Repeat("s", 32), Type: simulator.OfficialAccount, Name: "物业", Crowd: crowd,
		}},
		People: []simulator.Person{
			{Key: "zhou", UnionID: "union-of-zhou", Follows: []string{fansApp}}, {Key: "li", Follows: []string{fansApp}},
		},
	}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := s.calls.LoadOrStore(callOf(r), &atomic.Int64{})
		n.(*atomic.Int64).Add(1)
		if before := s.before.Load(); before == nil || (*before)(w, r) {
			s.sim.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	redis := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { redis.Close() })
	client := wechat.New(wechat.Options{APIBase: server.URL, LoopbackOnly: true, Tokens: wechat.NewRedisTokens(redis)})
	var err error
	if s.official, err = client.OfficialAccount(wechat.OfficialOptions{
		AppID: fansApp, Secret: strings.Repeat("s", 32), Token: "token123",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "物业", AppID: fansApp, Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// callOf returns the platform's path of a call, which has its host before it.
func callOf(r *http.Request) string {
	return r.URL.Path[max(strings.Index(r.URL.Path, "/cgi-bin/"), 0):]
}

// server returns a server of its own name.
func (s *fansSite) server(name string) *followerSyncer {
	return &followerSyncer{
		name: name, store: s.store, log: hygiene.Logger(s.t), poll: followerPoll,
		official: func(string) *wechat.OfficialAccount { return s.official },
	}
}

func (s *fansSite) run(y *followerSyncer) core.FollowerSync {
	s.t.Helper()
	if err := y.runAll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return s.state()
}

func (s *fansSite) state() core.FollowerSync {
	s.t.Helper()
	state, err := s.store.FollowerSync(s.t.Context(), core.Everywhere, fansApp)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

func (s *fansSite) ask() {
	s.t.Helper()
	if err := s.store.AskFollowerSync(s.t.Context(), core.System, core.Everywhere, fansApp); err != nil {
		s.t.Fatal(err)
	}
}

// count returns how many follow, or have left.
func (s *fansSite) count(left bool) int {
	s.t.Helper()
	n := 0
	filter := store.FollowerFilter{AppID: fansApp, Left: left, Page: store.Page{Limit: 1, Total: &n}}
	if _, _, err := s.store.Followers(s.t.Context(), core.Everywhere, filter); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *fansSite) called(path string) int64 {
	n, ok := s.calls.Load(path)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

// on lets the platform behave otherwise; nil = as it is.
func (s *fansSite) on(before func(w http.ResponseWriter, r *http.Request) bool) {
	if before == nil {
		s.before.Store(nil)
		return
	}
	s.before.Store(&before)
}

const (
	fansList  = "/cgi-bin/user/get"
	fansInfo  = "/cgi-bin/user/info/batchget"
	fansTotal = 2 // the people of the seed
)

// An account is synced as soon as it is there, in two pages of the list; a second sync changes nothing; who left
// in between, without a callback, has left after it.
func TestFollowersOfAnAccount(t *testing.T) {
	s := newFansSite(t, 10_050)
	state := s.run(s.server("a"))
	if state.Problem != "" || state.Run != 0 || state.Added != 10_050+fansTotal || state.Met != state.Total {
		t.Fatalf("%+v", state)
	}
	if n := s.called(fansInfo); n > 103 {
		t.Errorf("%d calls for details", n)
	}
	s.ask()
	if state = s.run(s.server("b")); state.Added != 0 || state.Changed != 0 || state.Removed != 0 || state.Problem != "" {
		t.Errorf("again: %+v", state)
	}
	if err := s.sim.Unfollow("li", fansApp); err != nil {
		t.Fatal(err)
	}
	s.ask()
	if state = s.run(s.server("a")); state.Removed != 1 || s.count(true) != 1 {
		t.Errorf("one left: %+v", state)
	}
}

// A sync that is stopped, whose server is killed, or whose token is refused half way, goes on where it was: nobody is
// asked about twice. Two servers are never both at it.
func TestFollowerSyncGoesOn(t *testing.T) {
	s := newFansSite(t, 950)
	y := s.server("a")
	n := 0
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if callOf(r) == fansInfo {
			if n++; n == 3 {
				if err := s.store.StopFollowerSync(context.WithoutCancel(r.Context()), core.System, core.Everywhere, fansApp); err != nil {
					t.Error(err)
				}
			}
		}
		return true
	})
	state := s.run(y)
	if !state.Stopped || state.Met != 200 || state.Problem != "" {
		t.Fatalf("stopped: %+v", state)
	}
	if state = s.run(s.server("b")); !state.Stopped || state.Met != 200 {
		t.Errorf("it goes on by itself: %+v", state)
	}
	s.ask()
	n = 0
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if callOf(r) == fansInfo {
			if n++; n == 2 {
				kill()
			}
		}
		return true
	})
	if err := y.runAll(ctx); err != nil {
		t.Fatal(err)
	}
	if state = s.state(); state.Running || state.Met < 300 || state.Met > 400 {
		t.Fatalf("killed: %+v", state)
	}
	n = 0
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if callOf(r) != fansInfo && !strings.Contains(callOf(r), "token") {
			return true
		}
		if n++; n < 2 {
			return true
		}
		fmt.Fprint(w, `{"errcode":40125,"errmsg":"invalid appsecret"}`)
		return false
	})
	if state = s.run(s.server("c")); !strings.Contains(state.Problem, "AppSecret") || state.Run == 0 || s.count(true) != 0 {
		t.Fatalf("refused: %+v", state)
	}
	s.on(nil)
	s.ask()
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if err := s.server(fmt.Sprint("s", i)).runAll(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if state = s.state(); state.Problem != "" || state.Run != 0 || state.Added != 950+fansTotal || s.count(false) != 950+fansTotal {
		t.Errorf("at last: %+v", state)
	}
	if calls := s.called(fansInfo); calls > 16 {
		t.Errorf("%d calls for details", calls)
	}
}

// A list that names a wrong next_openid, leaves people out, or does not end lets nobody appear as having left.
func TestFollowerListIsWrong(t *testing.T) {
	page := func(openIDs ...string) string {
		return fmt.Sprintf(`{"total":252,"count":%d,"data":{"openid":["%s"]},"next_openid":"oNobody"}`,
			len(openIDs), strings.Join(openIDs, `","`))
	}
	for name, answer := range map[string]func(zhou, after string) string{
		"a gap": func(zhou, after string) string {
			if after == "" {
				return page(zhou)
			}
			return `{"total":252,"count":0}`
		},
		"circles": func(zhou, _ string) string { return page(zhou) },
		"nobody":  func(_, _ string) string { return `{"total":0,"count":0}` },
	} {
		t.Run(name, func(t *testing.T) {
			s := newFansSite(t, 250)
			s.run(s.server("a"))
			s.on(func(w http.ResponseWriter, r *http.Request) bool {
				if callOf(r) != fansList {
					return true
				}
				_, _ = io.WriteString(w, answer(s.sim.OpenID("zhou", fansApp), r.URL.Query().Get("next_openid")))
				return false
			})
			s.ask()
			state := s.run(s.server("a"))
			if left := s.count(true); left != 0 || (state.Problem == "") != (name == "nobody") {
				t.Errorf("%d left, %+v", left, state)
			}
			s.on(nil)
			s.ask()
			if state := s.run(s.server("a")); state.Problem != "" || state.Run != 0 || s.count(false) != 252 {
				t.Errorf("at last: %+v", state)
			}
		})
	}
}

// Somebody at the cursor, or on the page, who is gone when WeChat is asked has left; the others are there.
func TestFollowerLeavesDuringASync(t *testing.T) {
	s := newFansSite(t, 150)
	once := sync.OnceFunc(func() {
		if err := s.sim.Unfollow("zhou", fansApp); err != nil {
			t.Error(err)
		}
		who := core.WechatIdentity{AppID: fansApp, OpenID: s.sim.OpenID("zhou", fansApp)}
		if err := s.store.UpdateFollowed(context.WithoutCancel(t.Context()), who, false); err != nil {
			t.Error(err)
		}
	})
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if callOf(r) == fansInfo {
			once()
		}
		return true
	})
	if state := s.run(s.server("a")); state.Problem != "" || s.count(false) != 151 || s.count(true) != 1 {
		t.Errorf("%+v, %d follow", state, s.count(false))
	}
}

// A callback's follower gets details within seconds, and so does one whom somebody changed.
func TestFollowerIsAskedAbout(t *testing.T) {
	s := newFansSite(t, 0)
	s.run(s.server("a"))
	if err := s.sim.Unfollow("zhou", fansApp); err != nil {
		t.Fatal(err)
	}
	who := core.WechatIdentity{AppID: fansApp, OpenID: s.sim.OpenID("zhou", fansApp)}
	for _, follows := range []bool{false, true} {
		if err := s.store.UpdateFollowed(t.Context(), who, follows); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sim.Follow("zhou", fansApp); err != nil {
		t.Fatal(err)
	}
	s.run(s.server("a"))
	list, _, err := s.store.Followers(t.Context(), core.Everywhere, store.FollowerFilter{AppID: fansApp})
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, f := range list {
		if f.OpenID == who.OpenID && (f.UnionID != "union-of-zhou" || f.Source == "" || f.Since.After(time.Now().Add(time.Minute))) {
			t.Errorf("%+v", f)
		}
	}
	if n := s.called(fansInfo); n != 2 {
		t.Errorf("%d calls for details", n)
	}
}
