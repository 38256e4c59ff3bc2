package gate_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/testkit/estate"
)

// Of many simultaneous scans of one token at different doors and servers, exactly one opens; every
// release has its record.
func TestManyScansOfOneTokenOpenOnce(t *testing.T) {
	const tokens, scans = 200, 50
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{Houses: 100, Members: 2, Doors: scans, DoorsOut: true})
		texts := make([]string, tokens)
		for i := range texts {
			texts[i] = r.issue(t, e.Residents[i].Pass)
		}
		opened := make([]int, tokens)
		var mu sync.Mutex
		for i, text := range texts {
			var wg sync.WaitGroup
			for n := range scans {
				wg.Go(func() {
					if servers[n%2].show(t, e.Doors[n], text) {
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
		records := r.records(t, e.Community)
		if allowed(records) != tokens || len(records) != tokens*scans {
			t.Errorf("%d records, %d released; want %d and %d", len(records), allowed(records), tokens*scans, tokens)
		}
	})
}

// A household with one exit left and eight members who scan at once gets one exit.
func TestHouseholdWithOneExitLeft(t *testing.T) {
	const members = 8
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{Houses: 20, Members: members, Doors: members, DoorsOut: true,
			Rule: core.PassRule{Counting: core.CountHousehold, PeriodDays: 1, Exits: 1, FeverTenths: 373, ReaderQR: true}})
		for h := range e.Houses {
			opened := make([]bool, members)
			var wg sync.WaitGroup
			for m := range members {
				text := r.issue(t, e.Residents[h*members+m].Pass)
				wg.Go(func() {
					opened[m] = servers[m%2].show(t, e.Doors[m], text)
				})
			}
			wg.Wait()
			n := 0
			for _, o := range opened {
				if o {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("household %d: %d exits of one", h, n)
			}
		}
	})
}

// Readers that send a read four times at once get one decision and one record.
func TestRepeatsInFlightGetOneAnswer(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{Houses: 20})
		for _, who := range e.Residents {
			text := r.issue(t, who.Pass)
			var wg sync.WaitGroup
			opened := make([]bool, 4)
			for i := range opened {
				wg.Go(func() {
					opened[i] = servers[i%2].Call(t.Context(), gate.Call{Reader: e.Doors[1].ID, Text: text, Burst: 3}).Decision.Allowed
				})
			}
			wg.Wait()
			for i, o := range opened {
				if !o {
					t.Fatalf("repeat %d was refused", i)
				}
			}
		}
		if records := r.records(t, e.Community); len(records) != len(e.Residents) {
			t.Errorf("%d records of %d scans", len(records), len(e.Residents))
		}
	})
}

// A guard's double tap sends one form twice. Both requests report the release, though the first
// took the last exit.
func TestAGuardsFormSentTwiceAtOnce(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{
			Houses: 20,
			Rule:   core.PassRule{Counting: core.CountPerson, PeriodDays: 1, Exits: 1, FeverTenths: 373},
		})
		for _, who := range e.Residents {
			form := gate.Passage{
				Post: e.Post, Guard: e.Guard, GuardName: "李师傅", FormKey: who.Pass.String(), Pass: who.Pass,
				Direction: core.Out,
			}
			var wg sync.WaitGroup
			opened := make([]core.Decision, 4)
			for i := range opened {
				wg.Go(func() { opened[i] = servers[i%2].Release(t.Context(), form).Decision })
			}
			wg.Wait()
			for i, d := range opened {
				if !d.Allowed {
					t.Fatalf("sending %d: %+v", i, d)
				}
			}
		}
		if n := allowed(r.records(t, e.Community)); n != len(e.Residents) {
			t.Errorf("%d releases of %d forms", n, len(e.Residents))
		}
	})
}

// A cache that keeps forgetting its claims (a lease that expired under a slow database, a failover
// to an older state) admits several transactions to one token at once. The database releases it
// once, counts it once, and all agree.
func TestAForgetfulCacheReleasesOnce(t *testing.T) {
	const scans = 12
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{
			Houses: 10, Doors: scans, DoorsOut: true,
			Rule: core.PassRule{Counting: core.CountHousehold, PeriodDays: 1, Exits: 5, FeverTenths: 373, ReaderQR: true},
		})
		for _, who := range e.Residents {
			text := r.issue(t, who.Pass)
			token, _ := gate.ParseToken(text)
			key := "qr:{" + token.Shard() + "}:"
			forgetting, stop := context.WithCancel(t.Context())
			var cache, doors sync.WaitGroup
			cache.Go(func() {
				for forgetting.Err() == nil {
					if err := errors.Join(
						r.redis.Del(t.Context(), key+"c:"+token.Digest()).Err(),
						r.redis.HDel(t.Context(), key+"t:"+token.Digest(), "used").Err(),
					); err != nil {
						t.Error(err)
						return
					}
				}
			})
			opened := make([]bool, scans)
			for i := range opened {
				doors.Go(func() { opened[i] = servers[i%2].show(t, e.Doors[i], text) })
			}
			doors.Wait()
			stop()
			cache.Wait()
			n := 0
			for _, o := range opened {
				if o {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%d doors opened for one token", n)
			}
		}
		if n := allowed(r.records(t, e.Community)); n != len(e.Residents) {
			t.Errorf("%d releases on record, want %d", n, len(e.Residents))
		}
		for _, who := range e.Residents {
			// Two members of each house went out once.
			if preview, err := r.store.Preview(t.Context(), who.Pass); err != nil || preview.Decision.Left != 3 {
				t.Fatalf("%+v, %v; want 3 exits left", preview.Decision, err)
			}
		}
	})
}
