package gate_test

import (
	"fmt"
	"sync"
	"testing"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// crowd shows n passes at once in scans ways each, through two servers, and returns how often each was let through.
func crowd(t *testing.T, servers []*rig, n, scans int, show func(server *rig, pass, scan int) bool) []int {
	t.Helper()
	through := make([]int, n)
	var mu sync.Mutex
	for pass := range n {
		var wg sync.WaitGroup
		for scan := range scans {
			wg.Go(func() {
				if show(servers[scan%2], pass, scan) {
					mu.Lock()
					through[pass]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	return through
}

// TestManyScansOfEachKind does for the other kinds of pass that readers take what TestManyScansOfOneTokenOpenOnce does for
// residents'. The tests of server/ do it with two hundred codes.
func TestManyScansOfEachKind(t *testing.T) {
	const n, doors = 40, 50
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		t.Run(string(core.PassDedicated), func(t *testing.T) {
			e := estate.New(t, r.store, estate.Plan{Doors: doors, DoorsOut: true, Kinds: []core.PassKind{core.PassDedicated}})
			texts := make([]string, n)
			for i, m := range e.Members(n) {
				texts[i] = r.issue(t, m.Pass)
			}
			for i, times := range crowd(t, servers, n, doors, func(s *rig, pass, door int) bool {
				return s.show(t, e.Doors[door], texts[pass])
			}) {
				if times != 1 {
					t.Errorf("code %d opened %d doors", i, times)
				}
			}
			if records := r.records(t, e.Community); allowed(records) != n || len(records) != n*doors {
				t.Errorf("%d records, %d released", len(records), allowed(records))
			}
		})
		t.Run(string(core.PassVisitor), func(t *testing.T) {
			e := estate.New(t, r.store, estate.Plan{Houses: n / 4, Members: 4, Doors: 1})
			var in []estate.Door
			for i := range doors {
				in = append(in, e.AddDoor(core.Reader{
					Name: fmt.Sprint("入口", i), Protocol: core.ProtocolVguang, Direction: core.In, Kinds: []core.PassKind{core.PassVisitor},
				}))
			}
			visitors := e.Visitors(n)
			// Two codes of one pass live at once, as when Redis has forgotten the first.
			texts := make([][2]string, n)
			for i, v := range visitors {
				for code := range texts[i] {
					texts[i][code] = r.issue(t, v.Pass)
					token, _ := gate.ParseToken(texts[i][code])
					if err := r.redis.Del(t.Context(), "qr:{"+token.Shard()+"}:p:"+v.Pass.String()).Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, times := range crowd(t, servers, n, doors, func(s *rig, pass, door int) bool {
				return s.show(t, in[door], texts[pass][door/2%2])
			}) {
				if times != 1 {
					t.Errorf("visitor %d was let in %d times", i, times)
				}
			}
			if records := r.records(t, e.Community); allowed(records) != n || len(records) != n*doors {
				t.Errorf("%d records, %d released", len(records), allowed(records))
			}
			for seen := 1; seen > 0; {
				var err error
				if seen, err = r.store.TellOfArrivals(t.Context(), 2*n); err != nil {
					t.Fatal(err)
				}
			}
			told, _, err := r.store.Messages(
				t.Context(), core.ScopeOf(e.Community), core.MessageFilter{Kind: core.MessageVisitor}, store.Page{Limit: 2 * n},
			)
			if err != nil || len(told) != n {
				t.Errorf("hosts were told %d times, %v", len(told), err)
			}
		})
	})
}

// Of fifty guards who let out the things of one slip at once, by two servers, each lets out what no other does: two hundred slips.
func TestManyGuardsAtEachSlip(t *testing.T) {
	const n, guards = 200, 50
	eachRig(t, func(t *testing.T, r *rig) {
		servers := []*rig{r, r.again()}
		e := estate.New(t, r.store, estate.Plan{Houses: n, Members: 1})
		slips := e.Slips(n)
		left := make([][3]int, n) // how often each thing was let out
		var mu sync.Mutex
		crowd(t, servers, n, guards, func(s *rig, pass, guard int) bool {
			items := [][]int{{1}, {2}, {3}, {1, 2}, {2, 3}}[guard%5]
			got := s.Release(t.Context(), gate.Passage{
				Post: e.Post, Guard: e.Guard, GuardName: "李师傅", FormKey: fmt.Sprint(pass, " ", guard), Pass: slips[pass].Pass,
				Direction: core.Out, Items: items, ItemWords: "物品",
			})
			if got.Decision.Allowed {
				mu.Lock()
				defer mu.Unlock()
				for _, item := range items {
					left[pass][item-1]++
				}
			}
			return got.Decision.Allowed
		})
		for i, slip := range slips {
			after, err := r.store.ExitSlip(t.Context(), core.Everywhere, slip.ID)
			if err != nil || left[i] != [3]int{1, 1, 1} || after.Gone() != 3 {
				t.Errorf("of slip %d the things left %v times, %d are gone, %v", i, left[i], after.Gone(), err)
			}
		}
	})
}
