package store

import (
	"slices"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

func labelsOf(list []HouseRow) []string {
	labels := make([]string, len(list))
	for i, h := range list {
		labels[i] = h.Label
	}
	return labels
}

func TestHousesBuildTheirTree(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, id, [][]string{
			{"10", "1", "101"}, {"2栋", "1", "1001"}, {"2", "1单元", "201"}, {"2", "2", "201"},
		})
		if err != nil {
			t.Fatal(err)
		}
		// A second act finds the nodes of the first.
		if _, err := s.CreateHouses(t.Context(), core.System, everywhere, id, [][]string{{"2", "2", "202"}}); err != nil {
			t.Fatal(err)
		}
		newResident(t, s, id, houses[1], "张三", "13800138000")
		tree, err := s.HouseTree(t.Context(), everywhere, id)
		if err != nil || len(tree) != 2 {
			t.Fatalf("tree of %d tops, %v", len(tree), err)
		}
		two := tree[0]
		if two.Name != "2栋" || two.Houses != 4 || two.Residents != 1 || len(two.Children) != 2 || two.Children[0].Houses != 2 ||
			tree[1].Name != "10栋" {
			t.Errorf("2栋 is %+v, then %s", two, tree[1].Name)
		}
		list, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: id, Page: Page{Limit: 9}})
		want := []string{"2栋1单元201", "2栋1单元1001", "2栋2单元201", "2栋2单元202", "10栋1单元101"}
		if err != nil || !slices.Equal(labelsOf(list), want) {
			t.Errorf("houses %v, %v; want %v", labelsOf(list), err, want)
		}
		under, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: id, Node: two.Children[1].ID, Page: Page{Limit: 9}})
		if err != nil || !slices.Equal(labelsOf(under), want[2:4]) {
			t.Errorf("under 2栋2单元: %v, %v", labelsOf(under), err)
		}
		h, err := s.House(t.Context(), everywhere, houses[3])
		if err != nil || h.Path != two.Children[1].Path || h.Node != two.Children[1].ID || h.Name != "201" {
			t.Errorf("house %+v, %v", h, err)
		}
	})
}

func TestHousesPageBothWays(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, id, 7)
		page := func(p Page) ([]core.ID, bool) {
			t.Helper()
			p.Limit = 3
			list, more, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: id, Page: p})
			if err != nil {
				t.Fatal(err)
			}
			return database.IDsOf(list, func(h HouseRow) core.ID { return h.ID }), more
		}
		for _, c := range []struct {
			page Page
			want []core.ID
			more bool
		}{
			{Page{}, houses[0:3], true},
			{Page{Next: houses[2]}, houses[3:6], true},
			{Page{Next: houses[5]}, houses[6:7], false},
			{Page{Prev: houses[6]}, houses[3:6], true},
			{Page{Prev: houses[3]}, houses[0:3], false},
			{Page{Next: 12345}, nil, false}, // no such cursor
		} {
			if got, more := page(c.page); !slices.Equal(got, c.want) || more != c.more {
				t.Errorf("%+v: %v, %v; want %v, %v", c.page, got, more, c.want, c.more)
			}
		}
	})
}

func TestHousesAreAllOrNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		newHouses(t, s, id, 1) // 1栋1单元101
		for name, paths := range map[string][][]string{
			"exists":       {{"9", "9", "9"}, {"1", "1", "101"}},
			"twice":        {{"9", "9", "9"}, {"9栋", "9", "9"}},
			"a level less": {{"9", "9", "9"}, {"9", "9"}},
			"empty name":   {{"9", "9", "9"}, {"9", " ", "9"}},
		} {
			if _, err := s.CreateHouses(t.Context(), core.System, everywhere, id, paths); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM house"); n != 1 {
			t.Errorf("%d houses after refusals, want 1", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM building_node"); n != 2 {
			t.Errorf("%d nodes after refusals, want 2", n)
		}
	})
}

func TestHousesInBulk(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, id, 301) // more than two statements' rows
		if slices.Contains(houses, 0) || countRows(t, s, "SELECT COUNT(*) FROM house") != 301 {
			t.Error("not every house was made")
		}
		list, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: id, Keyword: "单元40", Page: Page{Limit: 20}})
		if err != nil || len(list) != 2 { // 400, 401
			t.Errorf("search: %v, %v", labelsOf(list), err)
		}
	})
}

func TestHouseScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house := newHouses(t, s, theirs, 1)[0]
		scope := core.ScopeOf(ours)
		_, err := s.House(t.Context(), scope, house)
		wantCode(t, err, core.CodeNotFound)
		_, _, err = s.Houses(t.Context(), scope, HouseFilter{Community: theirs, Page: Page{Limit: 9}})
		wantCode(t, err, core.CodeNotFound)
		_, err = s.HouseTree(t.Context(), scope, theirs)
		wantCode(t, err, core.CodeNotFound)
	})
}

// The houses of several communities are listed one community after the other, to the end and back; a
// cursor outside the scope is followed by no rows.
func TestHousesOfSeveralCommunities(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs, far := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑"), newCommunity(t, s, "远山里")
		want := slices.Concat(newHouses(t, s, ours, 3), newHouses(t, s, theirs, 4))
		others := newHouses(t, s, far, 1)
		newResident(t, s, theirs, want[4], "张三", "13800138000")
		for _, community := range []core.ID{ours, theirs} {
			houses := want[:3]
			if community == theirs {
				houses = want[3:]
			}
			change := RestrictionChange{Community: community, Houses: houses, Restriction: core.Restriction{Exits: 1, Reason: "装修"}}
			if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, change); err != nil {
				t.Fatal(err)
			}
		}
		scope := core.ScopeOf(ours, theirs)
		houses := walked(t, 2, func(p Page) ([]core.ID, bool, error) {
			list, more, err := s.Houses(t.Context(), scope, HouseFilter{Page: p})
			for _, h := range list {
				if (h.Residents == 1) != (h.ID == want[4]) || h.Restriction == nil {
					t.Errorf("%s has %d residents, restriction %v", h.Label, h.Residents, h.Restriction)
				}
			}
			return database.IDsOf(list, func(h HouseRow) core.ID { return h.ID }), more, err
		})
		if !slices.Equal(houses, want) {
			t.Errorf("houses %v, want %v", houses, want)
		}
		for _, few := range []int{0, fewRestrictions} { // the same rows from either side
			restricted := walked(t, 2, func(p Page) ([]core.ID, bool, error) {
				total := 0
				p.Total = &total
				list, more, err := s.restrictions(t.Context(), scope, RestrictionFilter{Page: p}, few)
				if total != len(want) {
					t.Errorf("a total of %d, not %d", total, len(want))
				}
				return database.IDsOf(list, func(r RestrictedHouse) core.ID { return r.House }), more, err
			})
			if !slices.Equal(restricted, want) {
				t.Errorf("restricted %v, want %v", restricted, want)
			}
		}
		total := 0
		list, _, err := s.Houses(t.Context(), scope, HouseFilter{Keyword: "1-1-102", Page: Page{Limit: 1, Total: &total}})
		if err != nil || len(list) != 1 || total != 2 {
			t.Errorf("found %v of %d, %v", labelsOf(list), total, err)
		}
		list, _, err = s.Houses(t.Context(), scope, HouseFilter{Page: Page{Limit: 9, Next: others[0]}})
		if err != nil || len(list) != 0 {
			t.Errorf("behind a house outside the scope: %v, %v", labelsOf(list), err)
		}
		if _, _, err := s.Houses(t.Context(), scope, HouseFilter{Community: far}); !core.IsNotFound(err) {
			t.Errorf("a community outside the scope: %v", err)
		}
	})
}
