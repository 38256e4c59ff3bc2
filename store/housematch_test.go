package store

import (
	"slices"
	"testing"

	"tongxing/core"
)

// Every search understands the ways of writing a house that a pasted list may use.
func TestHouseIsFoundInOtherWords(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		made, err := s.CreateHouses(t.Context(), readerAdmin, everywhere, community, [][]string{
			{"1", "1", "101"}, {"1", "11", "101"}, {"11", "1", "101"}, {"1", "1", "1101"},
		})
		if err != nil || len(made) != 4 {
			t.Fatal(made, err)
		}
		house, err := s.HouseByText(t.Context(), everywhere, community, "1-1-101")
		if err != nil || house.Label != "1栋1单元101" {
			t.Fatalf("%+v, %v", house, err)
		}
		newHouses(t, s, other, 1)
		id, err := s.CreateResident(t.Context(), readerAdmin, everywhere, core.Resident{
			Community: community, House: house.ID, Name: "何建国", Identity: core.Owner, Phone: "13800138000",
		})
		if err != nil {
			t.Fatal(err)
		}
		who := residentOf(t, s, id)
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{{
			Community: community, At: s.Now(), Person: who.Person, House: house.ID, Name: who.Name,
			Direction: core.Out, Via: core.ViaReader,
		}}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"1-1-101", "01-01-0101", "1－1－101", "1栋1单元101室", "1栋1单元101", " 1-1-101号 ", "一栋一单元101"} {
			list, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: community, Keyword: text, Page: Page{Limit: 9}})
			if err != nil || len(list) == 0 || !slices.ContainsFunc(list, func(h HouseRow) bool { return h.ID == house.ID }) {
				t.Errorf("houses of %q: %+v, %v", text, list, err)
			}
			for _, scope := range []core.Scope{everywhere, core.ScopeOf(community), core.ScopeOf(community, other)} {
				found, _, err := s.Residents(t.Context(), scope, ResidentFilter{Keyword: text, Page: Page{Limit: 9}})
				if err != nil || len(found) != 1 || found[0].ID != id {
					t.Errorf("residents of %q: %+v, %v", text, found, err)
				}
				records, _, err := s.AccessRecords(t.Context(), scope, core.RecordFilter{Keyword: text}, Page{Limit: 9})
				if err != nil || len(records) != 1 {
					t.Errorf("records of %q: %d, %v", text, len(records), err)
				}
			}
		}
		for text, code := range map[string]core.Code{
			"9-9-101": core.CodeNotFound, "张三": core.CodeNotFound, "": core.CodeNotFound,
			"1-101": core.CodeInvalid, "101室": core.CodeInvalid, "101": core.CodeInvalid, "海棠苑1-1-101": core.CodeNotFound,
			"翠湖花园": core.CodeNotFound, "翠湖花园9-9-101": core.CodeNotFound,
		} {
			if _, err := s.HouseByText(t.Context(), everywhere, community, text); core.CodeOf(err) != code {
				t.Errorf("%q: %v", text, err)
			}
		}
		if _, err := s.HouseByText(t.Context(), core.ScopeOf(other), community, "1-1-101"); !core.IsNotFound(err) {
			t.Errorf("a foreign house: %v", err)
		}
		// An address is found as the pages print it, with the community's name or a part of it before the house.
		for _, text := range []string{"翠湖花园1栋1单元101", "翠湖花园 1栋1单元101", "翠湖 1-1-101", "翠湖一栋一单元101"} {
			if found, err := s.HouseByText(t.Context(), everywhere, community, text); err != nil || found.ID != house.ID {
				t.Errorf("%q: %+v, %v", text, found, err)
			}
			for _, scope := range []core.Scope{everywhere, core.ScopeOf(community), core.ScopeOf(other, community)} {
				hits, _, err := s.SearchHouses(t.Context(), scope, core.ReadSearch(text))
				if err != nil || len(hits) == 0 || hits[0].ID != house.ID {
					t.Errorf("the search box, %q: %+v, %v", text, hits, err)
				}
				people, _, err := s.SearchResidents(t.Context(), scope, core.ReadSearch(text))
				if err != nil || len(people) != 1 || people[0].ID != id {
					t.Errorf("the search box, people of %q: %+v, %v", text, people, err)
				}
				list, _, err := s.Houses(t.Context(), scope, HouseFilter{Keyword: text, Page: Page{Limit: 9}})
				if err != nil || len(list) == 0 || list[0].ID != house.ID { // 11栋1单元101 contains it
					t.Errorf("houses of %q: %+v, %v", text, list, err)
				}
				residents, _, err := s.Residents(t.Context(), scope, ResidentFilter{Keyword: text, Page: Page{Limit: 9}})
				if err != nil || len(residents) != 1 || residents[0].ID != id {
					t.Errorf("residents of %q: %+v, %v", text, residents, err)
				}
			}
			if hits, _, err := s.SearchHouses(t.Context(), core.ScopeOf(other), core.ReadSearch(text)); err != nil || len(hits) > 0 {
				t.Errorf("of another community, %q: %+v, %v", text, hits, err)
			}
		}
		// A house that is labelled with numerals is found by its label.
		numbered, err := s.CreateHouses(t.Context(), readerAdmin, everywhere, other, [][]string{{"三栋", "二单元", "501"}})
		if err != nil {
			t.Fatal(err)
		}
		if house, err := s.HouseByText(t.Context(), everywhere, other, "三栋二单元501室"); err != nil || house.ID != numbered[0] {
			t.Errorf("%+v, %v", house, err)
		}
		list, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Community: community, Keyword: "9-9-999", Page: Page{Limit: 9}})
		if err != nil || len(list) != 0 {
			t.Errorf("no house: %+v, %v", list, err)
		}
	})
}

// Any two neighbouring characters of a name find its resident and their records, in one community and
// in all; one character finds family names.
func TestNamesAreSearchedInside(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		for i, at := range []core.ID{community, other} {
			phone := []string{"13800138000", "13900139000"}[i]
			id, err := s.CreateResident(t.Context(), readerAdmin, everywhere, core.Resident{
				Community: at, House: newHouses(t, s, at, 1)[0], Name: "何建国", Identity: core.Owner,
				Phone: phone,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{{
				Community: at, At: s.Now(), Person: residentOf(t, s, id).Person, Name: "何建国",
				Direction: core.Out, Via: core.ViaReader,
			}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			scope core.Scope
			f     core.ID
			text  string
			want  int
		}{
			{everywhere, community, "建国", 1}, {core.ScopeOf(community), 0, "国", 0}, {everywhere, 0, "建国", 2},
			{core.ScopeOf(community, other), 0, "建国", 2}, {everywhere, 0, "何建", 2}, {everywhere, community, "%", 0},
			{everywhere, 0, "何", 2}, {everywhere, 0, "hjg", 2}, {everywhere, 0, "jg", 2}, {everywhere, 0, "hg", 0},
		} {
			found, _, err := s.Residents(t.Context(), c.scope, ResidentFilter{Community: c.f, Keyword: c.text, Page: Page{Limit: 9}})
			if err != nil || len(found) != c.want {
				t.Errorf("%+v: %d residents, %v", c, len(found), err)
			}
			records, _, err := s.AccessRecords(t.Context(), c.scope, core.RecordFilter{Community: c.f, Keyword: c.text}, Page{Limit: 9})
			if err != nil || len(records) != c.want {
				t.Errorf("%+v: %d records, %v", c, len(records), err)
			}
		}
	})
}
