package store

import (
	"slices"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

const hostile = `x'); DROP TABLE community; -- <script>alert(1)</script> % _ ! \`

func TestCommunityStartsWithItsRule(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		rule, err := s.PassRule(t.Context(), everywhere, id)
		if err != nil {
			t.Fatal(err)
		}
		if rule.Counting != core.CountPerson || rule.PeriodDays != 1 || rule.Exits != 0 || rule.ReaderQR || rule.FeverTenths != 373 ||
			rule.Hours != nil {
			t.Errorf("a new community's rule is %+v", rule.PassRule)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'community.create'"); n != 1 {
			t.Errorf("%d audit rows, want 1", n)
		}
	})
}

func TestCommunityTextIsKeptLiterally(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		text := core.Clean(hostile[:40])
		id, err := s.CreateCommunity(t.Context(), core.System, core.Community{
			Name: text, Address: hostile, Phone: "0755-8888 转 8", Levels: []string{"<b>", "';--"},
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Community(t.Context(), everywhere, id)
		if err != nil || c.Name != text || c.Address != hostile || !slices.Equal(c.Levels, []string{"<b>", "';--"}) {
			t.Errorf("read back %+v, %v", c, err)
		}
		for keyword, want := range map[string]int{"DROP": 1, "%": 0, "'": 1, "": 1, "nothing": 0} {
			list, more, err := s.CommunityRows(t.Context(), everywhere, CommunityFilter{Keyword: keyword, Page: Page{Limit: 5}})
			if err != nil || more || len(list) != want {
				t.Errorf("search %q: %d rows, %v, %v; want %d", keyword, len(list), more, err, want)
			}
		}
	})
}

func TestCommunityNamesAreUnique(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		newCommunity(t, s, "翠湖花园")
		other := newCommunity(t, s, "海棠苑")
		_, err := s.CreateCommunity(t.Context(), core.System, core.Community{Name: " 翠湖花园 ", Levels: []string{"栋"}})
		wantField(t, err, "name")
		wantField(
			t,
			discard(s.UpdateCommunity(t.Context(), core.System, everywhere,
				core.Community{ID: other, Name: "翠湖花园", Levels: core.DefaultLevels()},
			)),
			"name",
		)
		if n := countRows(t, s, "SELECT COUNT(*) FROM pass_rule"); n != 2 {
			t.Errorf("%d rules for 2 communities", n)
		}
	})
}

func TestCommunityLevels(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		change := func(levels ...string) error {
			return discard(s.UpdateCommunity(t.Context(), core.System, everywhere, core.Community{ID: id, Name: "翠湖花园", Levels: levels}))
		}
		if err := change("区", "号"); err != nil {
			t.Errorf("fewer levels without houses: %v", err)
		}
		if _, err := s.CreateHouses(t.Context(), core.System, everywhere, id, [][]string{{"1", "8"}}); err != nil {
			t.Fatal(err)
		}
		wantField(t, change("区", "栋", "号"), "levels")
		if err := change("苑", "号"); err != nil {
			t.Errorf("rename a level: %v", err)
		}
	})
}

func TestCommunityScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		scope := core.ScopeOf(ours)
		_, err := s.Community(t.Context(), scope, theirs)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.PassRule(t.Context(), scope, theirs)
		wantCode(t, err, core.CodeNotFound)
		wantCode(
			t,
			discard(s.UpdateCommunity(t.Context(), core.System, scope,
				core.Community{ID: theirs, Name: "改", Levels: core.DefaultLevels()},
			)),
			core.CodeNotFound,
		)
		_, err = s.CreateCommunity(
			t.Context(), core.Actor{Kind: core.ActorAccount, ID: 7},
			core.Community{Name: "新", Levels: core.DefaultLevels()},
		)
		wantCode(t, err, core.CodeForbidden)
		_, err = s.CreateHouses(t.Context(), core.System, scope, theirs, [][]string{{"1", "1", "1"}})
		wantCode(t, err, core.CodeNotFound)
		list, err := s.Communities(t.Context(), scope)
		if err != nil || len(list) != 1 || list[0].ID != ours {
			t.Errorf("in scope %v, %v", list, err)
		}
		if list, err := s.Communities(t.Context(), core.Scope{}); err != nil || len(list) != 0 {
			t.Errorf("in an empty scope %v, %v", list, err)
		}
	})
}

func TestCommunityPages(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		var all []core.ID
		for _, name := range []string{"一", "二", "三", "四", "五"} {
			all = append(all, newCommunity(t, s, name))
		}
		newHouses(t, s, all[2], 4)
		page := func(p Page) ([]core.ID, bool) {
			t.Helper()
			p.Limit = 2
			list, more, err := s.CommunityRows(t.Context(), everywhere, CommunityFilter{Page: p})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range list {
				if (row.ID == all[2]) != (row.Houses == 4) {
					t.Errorf("%s has %d houses", row.Name, row.Houses)
				}
			}
			return database.IDsOf(list, func(r CommunityRow) core.ID { return r.ID }), more
		}
		for _, c := range []struct {
			page Page
			want []core.ID
			more bool
		}{
			{Page{}, all[0:2], true},
			{Page{Next: all[1]}, all[2:4], true},
			{Page{Next: all[3]}, all[4:5], false},
			{Page{Prev: all[4]}, all[2:4], true},
			{Page{Prev: all[2]}, all[0:2], false},
		} {
			if got, more := page(c.page); !slices.Equal(got, c.want) || more != c.more {
				t.Errorf("%+v: %v, %v; want %v, %v", c.page, got, more, c.want, c.more)
			}
		}
	})
}
