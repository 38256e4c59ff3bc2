//go:build linux

package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// These tests run the program in separate processes, on a real MariaDB and Redis, and talk to it as
// readers do. What must hold whatever fails: a token opens one door at most, and none without its
// record.

// few returns the smaller size in -short mode.
func few(many, few int) int {
	if testing.Short() {
		return few
	}
	return many
}

// Of fifty simultaneous scans of a token at different doors and two servers, exactly one opens.
func TestTwoServersOpenOnceForEachToken(t *testing.T) {
	const scans = 50
	tokens := few(200, 20)
	s := newSite(t, estate.Plan{Houses: tokens / 4, Members: 4, Doors: scans, DoorsOut: true})
	servers := []*process{s.start(), s.start()}
	texts := s.issue(tokens)
	var mu sync.Mutex
	opened := make([]int, tokens)
	for i, text := range texts {
		var wg sync.WaitGroup
		for n, door := range s.Doors {
			wg.Go(func() {
				open, err := scan(s.client, servers[n%2], door, text)
				if err != nil {
					t.Errorf("token %d, door %d: %v", i, n, err)
				}
				if open {
					mu.Lock()
					opened[i]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	for i, n := range opened {
		if n != 1 {
			t.Errorf("token %d opened %d doors", i, n)
		}
	}
	records := released(t, s.Store, s.Community)
	for i, text := range texts {
		if n := records[digestOf(t, text)]; n != 1 {
			t.Errorf("token %d has %d releases on record", i, n)
		}
	}
}

// A household with one exit left and eight members at eight doors of two servers at once gets one
// exit.
func TestTwoServersCountAHouseholdOnce(t *testing.T) {
	const members = 8
	houses := few(20, 4)
	s := newSite(t, estate.Plan{Houses: houses, Members: members, Doors: members, DoorsOut: true,
		Rule: core.PassRule{Counting: core.CountHousehold, PeriodDays: 1, Exits: 1, FeverTenths: 373, ReaderQR: true}})
	servers := []*process{s.start(), s.start()}
	texts := s.issue(houses * members)
	for h := range houses {
		opened := make([]bool, members)
		var wg sync.WaitGroup
		for m := range members {
			wg.Go(func() {
				var err error
				if opened[m], err = scan(s.client, servers[m%2], s.Doors[m], texts[h*members+m]); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, open := range opened {
			if open {
				n++
			}
		}
		if n != 1 {
			t.Errorf("household %d: %d exits of one", h, n)
		}
	}
}

// A server killed in the middle of a storm of scans does not break any token's single use; the
// other goes on, and it starts again.
func TestKilledServer(t *testing.T) {
	tokens := few(400, 80)
	s := newSite(t, estate.Plan{Houses: tokens/4 + 1, Members: 4, Doors: 10, DoorsOut: true})
	doomed, other := s.start(), s.start()
	texts := s.issue(tokens)
	first := &storm{client: s.client, workers: 32, after: tokens, do: doomed.Kill}
	first.rage(aim(texts, s.Doors[:5], doomed, other))
	if first.silent == 0 {
		t.Error("nobody noticed the kill")
	}
	first.holds(t, released(t, s.Store, s.Community), texts)

	again := s.start()
	second := &storm{client: s.client, workers: 32}
	second.rage(aim(texts, s.Doors[5:], again, other))
	for text, n := range first.opened {
		second.opened[text] += n
	}
	second.holds(t, released(t, s.Store, s.Community), texts)
	s.awaitOpen(again, tokens)
}

// Without Redis there are refusals; a Redis that lost everything refuses too, and never releases a
// second time.
func TestRedisFlushedStoppedAndBack(t *testing.T) {
	tokens := few(300, 60)
	for _, c := range []struct {
		name string
		fail func(s *site)
		back func(s *site) error
	}{
		{"flushed", (*site).flush, func(*site) error { return nil }},
		{"stopped", func(s *site) { s.redis.Stop() }, func(s *site) error { return s.redis.Start() }},
		{"restarted", func(s *site) {
			s.redis.Stop()
			if err := s.redis.Start(); err != nil {
				s.t.Error(err)
			}
		}, func(*site) error { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, estate.Plan{Houses: tokens/4 + 1, Members: 4, Doors: 5, DoorsOut: true})
			servers := []*process{s.start(), s.start()}
			texts := s.issue(tokens)
			storm := &storm{client: s.client, workers: 16, after: tokens, do: func() { c.fail(s) }}
			storm.rage(aim(texts, s.Doors, servers...))
			if storm.silent > 0 {
				t.Errorf("%d readers got no answer", storm.silent)
			}
			if len(storm.opened) == 0 || len(storm.opened) == tokens {
				t.Errorf("%d of %d opened: the failure did not come in the middle", len(storm.opened), tokens)
			}
			storm.holds(t, released(t, s.Store, s.Community), texts)
			if err := c.back(s); err != nil {
				t.Fatal(err)
			}
			for _, p := range servers {
				s.awaitOpen(p, tokens)
			}
		})
	}
}

func (s *site) flush() {
	c, err := cache.Open(cache.Options{URL: s.redis.URL()})
	if err == nil {
		defer c.Close()
		err = c.FlushAll(s.t.Context()).Err()
	}
	if err != nil {
		s.t.Error(err)
	}
}

// A database that is killed in the middle and comes back: refusals meanwhile, nothing doubled
// afterwards.
func TestDatabaseKilledAndBack(t *testing.T) {
	tokens := few(300, 60)
	s := newSite(t, estate.Plan{Houses: tokens/4 + 1, Members: 4, Doors: 8, DoorsOut: true})
	servers := []*process{s.start(), s.start()}
	texts := s.issue(tokens)
	first := &storm{client: s.client, workers: 16, after: tokens, do: s.maria.Kill}
	first.rage(aim(texts, s.Doors[:4], servers...))
	if first.silent > 0 {
		t.Errorf("%d readers got no answer", first.silent)
	}
	if first.refused == 0 || len(first.opened) == tokens {
		t.Errorf("%d of %d opened: the failure did not come in the middle", len(first.opened), tokens)
	}
	if err := s.maria.Start(); err != nil {
		t.Fatal(err)
	}
	for _, p := range servers {
		s.awaitOpen(p, tokens)
	}
	first.holds(t, released(t, s.Store, s.Community), texts)
	second := &storm{client: s.client, workers: 16}
	second.rage(aim(texts, s.Doors[4:], servers...))
	for text, n := range first.opened {
		second.opened[text] += n
	}
	second.holds(t, released(t, s.Store, s.Community), texts)
}

// A server that is told to stop answers every scan that it decides: nobody is left at a closed door
// with a used token.
func TestStopFinishesScansInFlight(t *testing.T) {
	tokens := few(400, 80)
	s := newSite(t, estate.Plan{Houses: tokens / 4, Members: 4, Doors: 2, DoorsOut: true})
	p := s.start()
	texts := s.issue(tokens)
	storm := &storm{client: s.client, workers: 32, after: tokens / 4, do: p.Stop}
	storm.rage(aim(texts, s.Doors[:1], p))
	select {
	case <-p.Ended():
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop")
	}
	if p.Err() != nil {
		t.Errorf("the server ended badly: %v\n%s", p.Err(), p.Log())
	}
	if storm.silent == 0 {
		t.Error("the storm was over before the stop")
	}
	records := released(t, s.Store, s.Community)
	storm.holds(t, records, texts)
	if len(records) != len(storm.opened) {
		t.Errorf("%d released on record, %d doors opened", len(records), len(storm.opened))
	}
}

// The embedded pair loses its cache with the process, but nothing from the database that was
// answered.
func TestKilledEmbeddedServer(t *testing.T) {
	tokens := few(200, 40)
	e := newEmbedded(t, tokens)
	p := e.start()
	texts := make([]string, tokens)
	for i := range texts {
		texts[i] = e.token(p, i)
	}
	first := &storm{client: e.client, workers: 16, after: 2 * tokens, do: p.Kill}
	first.rage(aim(texts, e.Doors[:4], p))
	if first.silent == 0 || len(first.opened) == 0 {
		t.Errorf("%d without an answer, %d opened: the kill did not come in the middle", first.silent, len(first.opened))
	}

	p = e.start()
	second := &storm{client: e.client, workers: 16}
	second.rage(aim(texts, e.Doors[4:], p))
	if len(second.opened) > 0 || second.silent > 0 {
		t.Errorf("%d old tokens open after the restart, %d without an answer", len(second.opened), second.silent)
	}
	if open, err := scan(e.client, p, e.Doors[0], e.token(p, 0)); !open || err != nil {
		t.Errorf("a new token does not open: %v", err)
	}
	p.Kill()
	s := e.open()
	defer s.Close()
	first.holds(t, released(t, s, e.Community), texts)
}

// embedded is a community in a data folder, with a phone for each resident.
type embedded struct {
	*estate.Estate
	t        *testing.T
	dir      string
	sessions []string
	client   *http.Client
}

func newEmbedded(t *testing.T, people int) *embedded {
	t.Helper()
	e := &embedded{t: t, dir: t.TempDir(), client: newClient(t)}
	s := e.open()
	defer s.Close()
	e.Estate = estate.New(t, s, estate.Plan{Houses: people / 4, Members: 4, Doors: 8, DoorsOut: true})
	for i, who := range e.Residents {
		user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: fmt.Sprint("open-", i)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.BindPhone(t.Context(), user.ID, who.Phone, who.Name); err != nil {
			t.Fatal(err)
		}
		token, _, err := s.StartSession(t.Context(), store.NewSession{
			Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		e.sessions = append(e.sessions, token)
	}
	return e
}

func (e *embedded) open() *store.Store {
	e.t.Helper()
	s, err := store.Open(e.t.Context(), store.Options{SQLitePath: filepath.Join(e.dir, "tongxing.db"), Keys: estate.Keys()})
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

func (e *embedded) start() *process {
	e.t.Helper()
	return startProcess(e.t, "TONGXING_DATA_DIR="+e.dir)
}

// token requests a token from a resident's phone.
func (e *embedded) token(p *process, i int) string {
	e.t.Helper()
	return e.code(p, e.sessions[i], e.Residents[i].Pass)
}
