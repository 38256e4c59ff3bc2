package store

import (
	"testing"

	"tongxing/core"
)

// A plan tells nothing of houses that are not the community's: it refuses them, as the act does.
func TestPlanRestrictionsOfForeignHouses(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "江南名邸")
		own, foreign := newHouses(t, s, mine, 2), newHouses(t, s, theirs, 1)
		for _, houses := range [][]core.ID{foreign, {own[0], foreign[0]}, {own[0], 1}} {
			change := RestrictionChange{Community: mine, Houses: houses, Restriction: core.Restriction{Exits: -1, Reason: "装修"}}
			if plan, err := s.PlanRestrictions(t.Context(), core.ScopeOf(mine), change); !core.IsNotFound(err) {
				t.Errorf("%v: %+v, %v", houses, plan, err)
			}
		}
	})
}
