package store

import (
	"slices"
	"strconv"
	"testing"

	"tongxing/core"
)

// Residents of a community sort by their names' pinyin, also after a name was changed;
// those of one name stay apart from page to page.
func TestResidentsSortByPinyin(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		ids := map[string]core.ID{}
		for i, name := range []string{"张三", "曾国", "李四", "李思", "alice", "李思"} {
			ids[name] = newResident(t, s, community, house, name, "1380013800"+strconv.Itoa(i))
		}
		sorted := func(sort string) (names []string) {
			t.Helper()
			for page := (Page{Limit: 2}); ; {
				rows, more, err := s.Residents(t.Context(), everywhere, ResidentFilter{Community: community, Sort: sort, Page: page})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					names, page.Next = append(names, row.Name), row.ID
				}
				if !more {
					return names
				}
			}
		}
		if got, want := sorted("name"), []string{"alice", "李思", "李思", "李四", "曾国", "张三"}; !slices.Equal(got, want) {
			t.Errorf("sorted %q, want %q", got, want)
		}
		_, err := s.UpdateResident(t.Context(), core.System, everywhere, ids["李四"], ResidentChange{Name: "赵云", Identity: core.Owner})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sorted("-name"), []string{"赵云", "张三", "曾国", "李思", "李思", "alice"}; !slices.Equal(got, want) {
			t.Errorf("sorted down %q, want %q", got, want)
		}
	})
}

// An export goes on behind the last row of a part though that is deleted meanwhile.
func TestAnExportOutlivesTheRowThatItStandsOn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, exportRows+2)
		people := make([]core.Resident, exportRows+2)
		for i := range people {
			people[i] = core.Resident{House: houses[0], Name: "王五" + strconv.Itoa(10000+i), Identity: core.Family}
		}
		if _, err := s.CreateResidents(t.Context(), core.System, everywhere, community, people); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := s.ExportHouses(t.Context(), core.System, everywhere, HouseFilter{Community: community}, func(_ []string, h HouseRow) error {
			if n++; n == exportRows {
				return s.RemoveHouse(t.Context(), core.System, everywhere, h.ID)
			}
			return nil
		})
		if err != nil || n != len(houses) {
			t.Errorf("%d houses, want %d: %v", n, len(houses), err)
		}
		n = 0
		f := ResidentFilter{Community: community, Sort: "name"}
		err = s.ExportResidents(t.Context(), core.System, everywhere, f, ResidentExport{}, func(r ResidentRow) error {
			if n++; n == exportRows {
				return s.RemoveResidents(t.Context(), core.System, everywhere, []core.ID{r.ID})
			}
			return nil
		})
		if err != nil || n != len(people) {
			t.Errorf("%d residents, want %d: %v", n, len(people), err)
		}
	})
}

// By identity owners stand first, then their families, then tenants.
func TestResidentsSortByIdentity(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		for i, identity := range []core.Identity{core.Lodger, core.Family, core.Owner, core.Tenant, core.Family} {
			r := core.Resident{
				Community: community, House: house, Name: "王五", Identity: identity, Phone: "1380013800" + strconv.Itoa(i), Namesake: true,
			}
			if identity == core.Lodger {
				r.LeaseDay = core.DayOf(s.Now().AddDate(1, 0, 0), s.Zone())
			}
			if _, err := s.CreateResident(t.Context(), core.System, everywhere, r); err != nil {
				t.Fatal(err)
			}
		}
		var got []core.Identity
		for page := (Page{Limit: 2}); ; {
			rows, more, err := s.Residents(t.Context(), everywhere, ResidentFilter{Community: community, Sort: "identity", Page: page})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				got, page.Next = append(got, row.Identity), row.ID
			}
			if !more {
				break
			}
		}
		if want := []core.Identity{core.Owner, core.Family, core.Family, core.Tenant, core.Lodger}; !slices.Equal(got, want) {
			t.Errorf("sorted %v, want %v", got, want)
		}
	})
}
