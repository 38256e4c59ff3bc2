package store

import (
	"testing"

	"tongxing/core"
)

// The steps of the set-up and the restrictions that end soon are counted by community, within the scope.
func TestGuideFacts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "云栖")
		houses := newHouses(t, s, mine, 3)
		f, err := s.GuideFacts(t.Context(), everywhere, mine, 7)
		if err != nil || f.Community != mine || f.Houses != 3 || f.Residents+f.Readers+f.Posts+f.Guards != 0 || f.RuleSet {
			t.Errorf("%+v, %v", f, err)
		}
		if f.RuleOpens {
			t.Error("readers open in a new community")
		}
		rule, err := s.PassRule(t.Context(), everywhere, mine)
		rule.ReaderQR = true
		if err == nil {
			err = s.UpdatePassRule(t.Context(), core.System, everywhere, rule)
		}
		if err != nil {
			t.Fatal(err)
		}
		if f, err := s.GuideFacts(t.Context(), everywhere, mine, 7); err != nil || !f.RuleSet || !f.RuleOpens {
			t.Errorf("%+v, %v", f, err)
		}
		if f, err := s.GuideFacts(t.Context(), everywhere, other, 7); err != nil || f.RuleSet || f.Houses != 0 {
			t.Errorf("the other: %+v, %v", f, err)
		}
		if _, err := s.GuideFacts(t.Context(), core.ScopeOf(other), mine, 7); !core.IsNotFound(err) {
			t.Errorf("outside the scope: %v", err)
		}

		today := core.DayOf(testNow, testZone)
		for i, last := range []core.Day{today + core.RestrictionDueDays - 1, today + core.RestrictionDueDays, today - 1} {
			change := RestrictionChange{
				Community: mine, Houses: houses[i : i+1], Restriction: core.Restriction{Exits: 1, Reason: "隔离", LastDay: last},
			}
			if last < today { // nobody may set one that is over: it was set before
				change.Restriction.LastDay = today
			}
			if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, change); err != nil {
				t.Fatal(err)
			}
		}
		counts, err := s.RestrictionsDue(t.Context(), everywhere)
		if err != nil || len(counts) != 1 || counts[0] != (RestrictionCount{mine, 2}) {
			t.Errorf("%+v, %v", counts, err)
		}
		soon := RestrictionFilter{Community: mine, Due: core.RestrictionSoon, Page: Page{Limit: 9}}
		rows, _, err := s.Restrictions(t.Context(), everywhere, soon)
		if err != nil || len(rows) != counts[0].N {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		if counts, err := s.RestrictionsDue(t.Context(), core.ScopeOf(other)); err != nil || len(counts) != 0 {
			t.Errorf("outside the scope: %+v, %v", counts, err)
		}
	})
}
