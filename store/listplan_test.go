package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"tongxing/core"
)

// What pages ask of long tables for a few rows of them is found in an index: no table is read whole, whatever else is in it.
func TestListsReadFewRowsOfLongTables(t *testing.T) {
	o := testOptions()
	o.SQLitePath = filepath.Join(t.TempDir(), sqliteFile) // which knows nothing of how many rows there are, and chooses alike for all
	var count queryCount
	o.onQuery = count.add
	s := openStore(t, o)
	ctx, few := t.Context(), Page{Limit: 50, Total: new(int)}
	community := newCommunity(t, s, "翠湖花园")
	houses := newHouses(t, s, community, 3)
	if _, err := s.CreateRestrictions(ctx, core.System, everywhere, RestrictionChange{
		Community: community, Houses: houses, Restriction: core.Restriction{Exits: 1, Reason: "装修"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateVisitorBlocks(ctx, core.System, everywhere, community, []core.VisitorBlock{
		{Kind: core.BlockPhone, Value: "13700137001", Reason: "多次滋扰"},
	}); err != nil {
		t.Fatal(err)
	}
	waiting := ReviewFilter{Kinds: []core.ReviewKind{core.ReviewVisit}, State: core.ReviewWaiting, Asked: s.Now(), Oldest: true, Page: few}
	for name, c := range map[string]struct {
		list func(ctx context.Context, scope core.Scope) error
		long []string // tables that are not read whole, as the plan would have it
	}{
		"few restrictions": {func(ctx context.Context, scope core.Scope) error {
			_, _, err := s.restrictions(ctx, scope, RestrictionFilter{Page: few}, 3)
			return err
		}, []string{"SCAN h\n", "SCAN h USING"}},
		"many restrictions": {func(ctx context.Context, scope core.Scope) error {
			_, _, err := s.restrictions(ctx, scope, RestrictionFilter{Page: few}, 2)
			return err
		}, []string{"SCAN h\n", "SCAN h USING"}},
		"houses of a part of the label": {func(ctx context.Context, scope core.Scope) error {
			_, _, err := s.Houses(ctx, scope, HouseFilter{Keyword: "1栋", Page: Page{Limit: 2, Total: new(int)}})
			return err
		}, []string{"SEARCH h USING INDEX house_sort", "SEARCH h USING COVERING", "SCAN h USING", "SCAN h\n"}},
		"a number on a blacklist": {func(ctx context.Context, scope core.Scope) error {
			rows, err := s.blocksOfNumber(ctx, scope, "13700137001", 6)
			if len(rows) != 1 {
				t.Errorf("%d entries", len(rows))
			}
			return err
		}, []string{"SCAN visitor_block", "visitor_block_community"}},
		"what waits": {func(ctx context.Context, scope core.Scope) error {
			_, _, err := s.Reviews(ctx, scope, waiting)
			return err
		}, []string{"SCAN review"}},
		"how much waits": {func(ctx context.Context, scope core.Scope) error {
			_, err := s.CountReviews(ctx, scope, waiting)
			return err
		}, []string{"SCAN review", "USING INDEX review", "TEMP B-TREE"}},
		"members whose passes end": {func(ctx context.Context, scope core.Scope) error {
			_, err := s.CountMembers(ctx, scope, MemberFilter{State: core.MemberDue, Wholly: true, Today: 20_000})
			return err
		}, []string{"SCAN institution_member", "institution_member_institution"}},
	} {
		for _, scope := range []core.Scope{everywhere, core.ScopeOf(community), core.ScopeOf(community, community+1)} {
			ran := count.of(func() {
				if err := c.list(ctx, scope); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			for _, query := range ran {
				args := make([]any, strings.Count(query, "?"))
				for i := range args {
					args[i] = 1
				}
				plan := planOf(t, s, query, args...)
				for _, long := range c.long {
					if strings.Contains(plan, long) {
						t.Errorf("%s of %d: %s\n%s", name, len(scope.Communities()), query, plan)
					}
				}
			}
			if len(ran) == 0 {
				t.Errorf("%s asks nothing", name)
			}
		}
	}
}
