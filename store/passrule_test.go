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
		if err := s.UpdatePassRule(t.Context(), readerAdmin, everywhere, community, want, 1); err != nil {
			t.Fatal(err)
		}
		got, err := s.PassRule(t.Context(), everywhere, community)
		if err != nil || !reflect.DeepEqual(got.PassRule, want) || got.Version != 2 || got.CommunityName != "翠湖花园" {
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
		wantField(t, s.UpdatePassRule(t.Context(), core.System, everywhere, ours, bad, 1), "period_days")
		wantCode(t, s.UpdatePassRule(t.Context(), core.System, core.ScopeOf(ours), theirs, good, 1), core.CodeNotFound)
		wantCode(t, s.UpdatePassRule(t.Context(), core.System, everywhere, 12345, good, 1), core.CodeNotFound)
		for _, community := range []core.ID{ours, theirs} {
			if r, err := s.PassRule(t.Context(), everywhere, community); err != nil || r.Version != 1 {
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
		errs := make([]error, 6)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				r := core.DefaultPassRule()
				r.Exits = i + 1
				errs[i] = s.UpdatePassRule(t.Context(), core.System, everywhere, community, r, 1)
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
		if err != nil || r.Version != 2 || r.Exits != winner {
			t.Errorf("rule %+v, %v; winner %d", r, err, winner)
		}
	})
}
