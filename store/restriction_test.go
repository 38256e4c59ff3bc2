package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

func TestRestrictions(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 5)
		today := core.DayOf(testNow, testZone)
		set := func(r core.Restriction, houses ...core.ID) {
			t.Helper()
			change := RestrictionChange{Community: community, Houses: houses, Restriction: r, Announced: houses}
			if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, change); err != nil {
				t.Fatal(err)
			}
		}
		set(core.Restriction{Exits: -1, Reason: "隔离"}, houses[3], houses[1], houses[3])
		set(core.Restriction{Exits: 2, Reason: "居家", LastDay: today}, houses[3], houses[0])

		list := func(f RestrictionFilter) []RestrictedHouse {
			t.Helper()
			f.Community = community
			if f.Page.Limit == 0 {
				f.Page.Limit = 9
			}
			list, _, err := s.Restrictions(t.Context(), everywhere, f)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		idsOf := func(list []RestrictedHouse) []core.ID {
			return database.IDsOf(list, func(r RestrictedHouse) core.ID { return r.House })
		}
		all := list(RestrictionFilter{})
		if !slices.Equal(idsOf(all), []core.ID{houses[0], houses[1], houses[3]}) {
			t.Fatalf("restricted %+v", all)
		}
		if r := all[2]; r.Exits != 2 || r.Reason != "居家" || r.LastDay != today || r.Label != "1栋1单元104" || !r.Since.Equal(testNow) {
			t.Errorf("the later restriction holds: %+v", r)
		}
		if got := idsOf(list(RestrictionFilter{Keyword: "隔离"})); !slices.Equal(got, houses[1:2]) {
			t.Errorf("by reason: %v", got)
		}
		if got := idsOf(list(RestrictionFilter{Page: Page{Next: houses[0], Limit: 1}})); !slices.Equal(got, houses[1:2]) {
			t.Errorf("second page: %v", got)
		}
		rows, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: community, Page: Page{Limit: 9}})
		if err != nil || rows[1].Restriction == nil || rows[1].Restriction.Exits != -1 || rows[2].Restriction != nil {
			t.Errorf("in the list of houses: %+v, %v", rows, err)
		}

		if _, err := s.LiftRestriction(t.Context(), core.System, everywhere, houses[1]); err != nil {
			t.Fatal(err)
		}
		_, err = s.LiftRestriction(t.Context(), core.System, everywhere, houses[1])
		wantCode(t, err, core.CodeConflict)
		if got := idsOf(list(RestrictionFilter{})); !slices.Equal(got, []core.ID{houses[0], houses[3]}) {
			t.Errorf("after lifting: %v", got)
		}
		// Two acts of two houses, of which the second replaced one restriction, and a lifting.
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'restriction.%'"); n != 4 {
			t.Errorf("%d audit rows, want 4", n)
		}
	})
}

func TestRestrictionsRefuse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house, far := newHouses(t, s, ours, 1)[0], newHouses(t, s, theirs, 1)[0]
		good := core.Restriction{Exits: 1, Reason: "隔离"}
		set := func(scope core.Scope, houses []core.ID, change func(*core.Restriction)) error {
			r := good
			if change != nil {
				change(&r)
			}
			_, err := s.CreateRestrictions(
				t.Context(), core.System, scope, RestrictionChange{Community: ours, Houses: houses, Restriction: r},
			)
			return err
		}
		one := []core.ID{house}
		wantField(t, set(everywhere, nil, nil), "houses")
		many := make([]core.ID, MaxRestriction+1)
		for i := range many {
			many[i] = core.ID(i + 1)
		}
		wantField(t, set(everywhere, many, nil), "houses")
		wantField(t, set(everywhere, one, func(r *core.Restriction) { r.Exits = -2 }), "exits")
		wantField(t, set(everywhere, one, func(r *core.Restriction) { r.Exits = 1000 }), "exits")
		wantField(t, set(everywhere, one, func(r *core.Restriction) { r.Reason = " " }), "reason")
		wantField(t, set(everywhere, one, func(r *core.Restriction) { r.LastDay = core.DayOf(testNow, testZone) - 1 }), "last_day")
		wantCode(t, set(everywhere, []core.ID{house, far}, nil), core.CodeNotFound)
		wantCode(t, set(core.ScopeOf(theirs), one, nil), core.CodeNotFound)
		if n := countRows(t, s, "SELECT COUNT(*) FROM house_restriction"); n != 0 {
			t.Errorf("refusals left %d rows", n)
		}
		if err := set(everywhere, one, nil); err != nil {
			t.Fatal(err)
		}
		_, err := s.LiftRestriction(t.Context(), core.System, core.ScopeOf(theirs), house)
		wantCode(t, err, core.CodeNotFound)
		_, _, err = s.Restrictions(t.Context(), core.ScopeOf(theirs), RestrictionFilter{Community: ours, Page: Page{Limit: 9}})
		wantCode(t, err, core.CodeNotFound)
	})
}

// A restriction is not replaced unless the form announced it; setting the same once
// more, as a form sent twice does, is no replacing.
func TestRestrictionsAreNotReplacedUnannounced(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 3)
		set := func(houses []core.ID, exits int, announced ...core.ID) error {
			_, err := s.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
				Community: community, Houses: houses, Restriction: core.Restriction{Exits: exits, Reason: "居家"}, Announced: announced,
			})
			return err
		}
		for range 2 {
			if err := set(houses[:1], 2); err != nil {
				t.Fatal(err)
			}
		}
		for _, announced := range [][]core.ID{nil, houses[1:]} {
			if err := set(houses, -1, announced...); !core.IsReplaces(err) {
				t.Errorf("with %v announced: %v", announced, err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM house_restriction WHERE exits <> 2"); n != 0 {
			t.Errorf("a refusal set %d restrictions", n)
		}
		if err := set(houses, -1, houses[0]); err != nil {
			t.Error(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM house_restriction WHERE exits = -1"); n != 3 {
			t.Errorf("%d restrictions, want 3", n)
		}
	})
}

// Clerks who restrict and lift the same houses at once: each act is done whole or refused, and the log
// tells every one that was done, each with what it found.
func TestRestrictionsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 4)
		const clerks, rounds = 4, 6
		var all sync.WaitGroup
		var mu sync.Mutex
		created, lifted := 0, 0
		for clerk := range clerks {
			all.Go(func() {
				for round := range rounds {
					reason := fmt.Sprintf("第 %d 人第 %d 次", clerk, round)
					order := slices.Clone(houses)
					if clerk%2 == 1 {
						slices.Reverse(order)
					}
					_, err := s.CreateRestrictions(t.Context(), core.System, everywhere, RestrictionChange{
						Community: community, Houses: order, Announced: order,
						Restriction: core.Restriction{Exits: clerk + 1, Reason: reason},
					})
					if err != nil {
						t.Errorf("restrict: %v", err)
						continue
					}
					mu.Lock()
					created++
					mu.Unlock()
					for _, house := range order[:2] {
						_, err := s.LiftRestriction(t.Context(), core.System, everywhere, house)
						if err != nil && !core.IsConflict(err) {
							t.Errorf("lift: %v", err)
						}
						if err == nil {
							mu.Lock()
							lifted++
							mu.Unlock()
						}
					}
				}
			})
		}
		all.Wait()
		s.followRestrictions(t, community, created, lifted)
	})
}

// followRestrictions plays the log of restrictions of a community and compares its end with the
// houses.
func (s *Store) followRestrictions(t *testing.T, community core.ID, created, lifted int) {
	t.Helper()
	lines, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Community: community}, Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(lines) // oldest first
	now := map[string]restrictionAudit{}
	acts := map[string]int{}
	reasons := map[string]bool{}
	for _, line := range lines {
		if !strings.HasPrefix(line.Action, "restriction.") {
			continue
		}
		var before, after restrictionAudit
		mustDecode(t, line.Before, &before)
		mustDecode(t, line.After, &after)
		acts[line.Action]++
		reasons[after.Reason] = true
		for _, label := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(before.Houses, after.Houses)))) {
			if was := now[label]; was.Exits != before.Exits || was.Reason != before.Reason {
				t.Fatalf("%s of %s says that there was %+v; there was %+v", line.Action, label, before, was)
			}
		}
		for _, label := range before.Houses {
			delete(now, label)
		}
		for _, label := range after.Houses {
			now[label] = after
		}
	}
	delete(reasons, "")
	if len(reasons) != created || acts["restriction.lift"] != lifted {
		t.Errorf("%d acts of %d and %d of %d liftings are in the log", len(reasons), created, acts["restriction.lift"], lifted)
	}
	list, _, err := s.Restrictions(t.Context(), everywhere, RestrictionFilter{Community: community, Page: Page{Limit: 100}})
	if err != nil || len(list) != len(now) {
		t.Errorf("%d houses are restricted, %d by the log; %v", len(list), len(now), err)
	}
	for _, r := range list {
		if now[r.Label].Reason != r.Reason || now[r.Label].Exits != r.Exits {
			t.Errorf("%s: %+v, by the log %+v", r.Label, r.Restriction, now[r.Label])
		}
	}
}

func mustDecode(t *testing.T, text string, into *restrictionAudit) {
	t.Helper()
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
