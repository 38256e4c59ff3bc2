package store

import (
	"reflect"
	"sync"
	"testing"

	"tongxing/core"
)

func TestPassRuleRoundTrip(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		want := core.PassRule{
			Counting: core.CountHousehold, PeriodDays: 2, Exits: 1, Hours: []core.HourRange{{From: 360, To: 1320}, {From: 1380, To: 60}},
			RecordID: true, RecordTemp: true, FeverTenths: 375, ReaderQR: true,
		}
		before, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil {
			t.Fatal(err)
		}
		change := before
		change.PassRule = want
		if err := s.UpdatePassRule(t.Context(), readerAdmin, everywhere, change); err != nil {
			t.Fatal(err)
		}
		got, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil || !reflect.DeepEqual(got.PassRule, want) || !got.Updated.After(before.Updated) || got.CommunityName != "翠湖花园" {
			t.Errorf("read back %+v, %v", got, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'passrule.update' AND before_text <> after_text"); n != 1 {
			t.Errorf("%d audit rows, want 1", n)
		}
	})
}

func TestPassRuleRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		good := core.DefaultPassRule()
		bad := good
		bad.PeriodDays = 31
		update := func(scope core.Scope, community core.ID, r core.PassRule) error {
			return s.UpdatePassRule(t.Context(), core.System, scope, PassRule{PassRule: r, Community: community})
		}
		wantField(t, update(everywhere, ours, bad), "period_days")
		wantCode(t, update(core.ScopeOf(ours), theirs, good), core.CodeNotFound)
		wantCode(t, update(everywhere, 12345, good), core.CodeNotFound)
		for _, community := range []core.ID{ours, theirs} {
			if r, err := s.PassRule(t.Context(), everywhere, community); err != nil || !reflect.DeepEqual(r.PassRule, defaultPassRule()) {
				t.Errorf("after refusals: %+v, %v", r, err)
			}
		}
	})
}

// Of admins who save what they read at the same time, one wins and the others
// are told.
func TestPassRuleHasOneWinner(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		before, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 6)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				r := before
				r.Exits = i + 1
				errs[i] = s.UpdatePassRule(t.Context(), core.System, everywhere, r)
			})
		}
		wait.Wait()
		winner := 0
		for i, err := range errs {
			if err == nil {
				winner += i + 1
			} else {
				wantCode(t, err, core.CodeConflict)
			}
		}
		r, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil || !r.Updated.After(before.Updated) || r.Exits != winner {
			t.Errorf("rule %+v, %v; winner %d", r, err, winner)
		}
	})
}
