package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// Houses are found by what core.SearchText says of their labels, on both databases, whatever was done
// to the labels before.
func TestSearchHousesFindsWhatAComparisonFinds(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		labels := map[core.ID]string{}
		of := map[core.ID]core.ID{}
		var communities []core.ID
		for i := range 3 {
			c := newCommunity(t, s, fmt.Sprintf("小区%d", i))
			communities = append(communities, c)
			places := [][]string{
				{"3栋", "2单元", "501"}, {"3栋", "2单元", "1501"}, {"13栋", "2单元", "501"}, {"三栋", "1单元", "601"},
				{"东区3栋", "1单元", "501"}, {"西区3栋", "1单元", "商铺12"}, {"A座", "1单元", "1203"}, {"别墅", "区", "8"},
			}
			ids, err := s.CreateHouses(t.Context(), core.System, everywhere, c, places)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				house, err := s.House(t.Context(), everywhere, id)
				if err != nil {
					t.Fatal(err)
				}
				labels[id], of[id] = house.Label, c
			}
		}
		for id, label := range labels { // one is renamed, one removed
			house, err := s.House(t.Context(), everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case of[id] == communities[0] && label == "东区3栋1单元501":
				names := []string{"南区9栋", "1单元", "502"}
				change := HouseChange{Names: names, Updated: house.Updated}
				if _, err := s.UpdateHouse(t.Context(), core.System, everywhere, id, change); err != nil {
					t.Fatal(err)
				}
				labels[id] = "南区9栋1单元502"
			case of[id] == communities[0] && label == "西区3栋1单元商铺12":
				if err := s.RemoveHouse(t.Context(), core.System, everywhere, id); err != nil {
					t.Fatal(err)
				}
				delete(labels, id)
			}
		}
		for _, scope := range []core.Scope{everywhere, core.ScopeOf(communities[0]), core.ScopeOf(communities[1:]...), core.ScopeOf()} {
			for _, text := range []string{
				"501", "2-501", "3-2-501", "3栋2单元501", "三栋二单元501", "3栋", "三栋", "13栋", "东区", "西区", "南区", "商铺", "区商",
				"东区501", "南区9-1-502", "三号楼", "3号楼501", "1203", "A座1203", "a座1203", "8", "9999", "建国", "zjg", "12",
			} {
				said := core.ReadSearch(text)
				var want []core.ID
				for id, label := range labels {
					if scope.Has(of[id]) && said.HouseIn(label) {
						want = append(want, id)
					}
				}
				found, more, err := s.SearchHouses(t.Context(), scope, said)
				if err != nil || len(found) != min(len(want), core.SearchHits) || more != (len(want) > core.SearchHits) {
					t.Errorf("%q in %d communities: %d houses, more %t, want %d: %v",
						text, len(scope.Communities()), len(found), more, len(want), err)
				}
				for _, h := range found {
					if !slices.Contains(want, h.ID) {
						t.Errorf("%q found %s", text, h.Label)
					}
				}
			}
		}
	})
}

// What the search box finds, the lists of houses and of residents find by the same words, in one community and over all.
func TestListsFindWhatTheSearchBoxFinds(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		c := newCommunity(t, s, "翠湖花园")
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, c, [][]string{
			{"3栋", "2单元", "1502"}, {"13栋", "2单元", "1502"}, {"4栋", "2单元", "1502"}, {"5栋", "1单元", "101"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, house := range houses {
			newResident(t, s, c, house, "何建国", fmt.Sprintf("1380013876%d", i))
		}
		for _, scope := range []core.Scope{core.ScopeOf(c), everywhere} {
			for text, want := range map[string]int{
				"3栋1502": 1, "三号楼1502": 1, "3-2-1502": 1, "三号楼": 1, "4号楼": 1, "38762": 1, "9栋1502": 0,
			} {
				people, _, err := s.Residents(t.Context(), scope, ResidentFilter{Keyword: text, Page: Page{Limit: 10}})
				if err != nil || len(people) != want {
					t.Errorf("%q: %d residents, want %d: %v", text, len(people), want, err)
				}
				if strings.Contains(text, "1502") {
					rows, _, err := s.Houses(t.Context(), scope, HouseFilter{Keyword: text, Page: Page{Limit: 10}})
					if err != nil || len(rows) != want {
						t.Errorf("%q: %d houses, want %d: %v", text, len(rows), want, err)
					}
				}
			}
		}
	})
}

// A phone number, an ID number and the last four or five characters of either find their residents,
// within the scope; other digits find nobody.
func TestSearchResidentsByNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		for _, c := range []core.ID{mine, other} {
			house := newHouses(t, s, c, 1)[0]
			if _, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
				Community: c, House: house, Name: "何建国", Identity: core.Owner, Phone: "13800138765", IDNumber: "11010519491231002X",
			}); err != nil {
				t.Fatal(err)
			}
			newResident(t, s, c, house, "何建军", "13900148765") // the same last four
			newResident(t, s, c, house, "陈港生", "+85291230987")
			newResident(t, s, c, house, "林台生", "+886912340876")
		}
		for text, want := range map[string]int{
			"13800138765": 1, "138 0013 8765": 1, "8765": 2, "38765": 1, "48765": 1, "58765": 0, "002X": 1, "002x": 1, "1002X": 1,
			"31002x": 1, "138765": 1,
			"238765":       0,
			"+85291230987": 1, "91230987": 1, "9123 0987": 1, "91230988": 0, "0912340876": 1, "0912-340-876": 1, "912340876": 1,
			"11010519491231002X": 1, "11010519491231002x": 1, "4321": 0, "13800138766": 0, "765": 0,
		} {
			for _, scope := range []core.Scope{core.ScopeOf(mine), everywhere, core.ScopeOf()} {
				want := want
				switch {
				case scope.Whole():
					want *= 2
				case scope.Empty():
					want = 0
				}
				found, _, err := s.SearchResidents(t.Context(), scope, core.ReadSearch(text))
				if err != nil || len(found) != want {
					t.Errorf("%q, everywhere %t: %d residents, want %d: %v", text, scope.Whole(), len(found), want, err)
				}
				list, _, err := s.Residents(t.Context(), scope, ResidentFilter{Keyword: text, Page: Page{Limit: 9}})
				if err != nil || len(list) != want {
					t.Errorf("the list by %q, everywhere %t: %d residents, want %d: %v", text, scope.Whole(), len(list), want, err)
				}
			}
		}
	})
}

// The newest records of a person are found, whether few or many have the name, those who moved out
// too, and none of another community.
func TestSearchRecords(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		pass := func(c, resident core.ID, ago time.Duration) core.ID {
			t.Helper()
			r := residentOf(t, s, resident)
			record := core.AccessRecord{
				Community: c, At: s.Now().Add(-ago), Person: r.Person, Resident: r.ID, Name: r.Name, Direction: core.Out,
				Via: core.ViaReader,
			}
			batch := []core.AccessRecord{record}
			if err := s.ImportAccessRecords(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			return batch[0].ID
		}
		houses := newHouses(t, s, mine, 1)
		var people []core.Resident
		for i := range searchedPeople + 10 {
			people = append(people, core.Resident{
				House: houses[0], Name: "何建国", Identity: core.Owner, Phone: fmt.Sprintf("1380013%04d", i),
			})
		}
		many, err := s.CreateResidents(t.Context(), core.System, everywhere, mine, people)
		if err != nil {
			t.Fatal(err)
		}
		rare := newResident(t, s, mine, houses[0], "欧阳锋", "13900000001")
		outside := newResident(t, s, other, newHouses(t, s, other, 1)[0], "何建国", "13900000002")
		latest := pass(mine, many[0], time.Minute) // the first registered: not among those looked at one by one
		older := pass(mine, many[len(many)-1], time.Hour)
		var of []core.ID
		for i := range core.SearchHits + 2 {
			of = append(of, pass(mine, rare, time.Duration(i+2)*time.Hour))
		}
		pass(other, outside, time.Second)
		if err := s.MoveOut(t.Context(), core.System, everywhere, rare); err != nil {
			t.Fatal(err)
		}
		check := func(text string, scope core.Scope, wantMore bool, want ...core.ID) {
			t.Helper()
			found, more, err := s.SearchRecords(t.Context(), scope, core.ReadSearch(text))
			var ids []core.ID
			for _, r := range found {
				ids = append(ids, r.ID)
			}
			if err != nil || !slices.Equal(ids, want) || more != wantMore {
				t.Errorf("%q: %v, more %t, want %v: %v", text, ids, more, want, err)
			}
		}
		check("建国", core.ScopeOf(mine), false, latest, older)
		check("何", core.ScopeOf(mine), false, latest, older)
		check("欧阳", core.ScopeOf(mine), true, of[:core.SearchHits]...)
		check("13900000001", core.ScopeOf(mine), true, of[:core.SearchHits]...)
		check("欧阳", core.ScopeOf(other), false)
		check("慕容", everywhere, false)
		check("欧阳", core.ScopeOf(), false)
	})
}

// Of an account the last ten things opened are kept, each once, the latest first; two that open at
// once both count, and other accounts see nothing of it.
func TestRecentViews(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		open := func(account core.ID, stem string, id core.ID) {
			t.Helper()
			if err := s.Opened(t.Context(), account, RecentView{stem, id}); err != nil {
				t.Error(err)
			}
		}
		for id := core.ID(1); id <= 12; id++ {
			open(1, "resident", id)
		}
		open(1, "house", 3)
		open(1, "resident", 5)
		open(1, "resident", 5)
		views, err := s.RecentViews(t.Context(), 1)
		var got []string
		for _, v := range views {
			got = append(got, v.Stem+fmt.Sprint(int64(v.Subject)))
		}
		want := []string{
			"resident5", "house3", "resident12", "resident11", "resident10", "resident9", "resident8", "resident7",
			"resident6", "resident4",
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, want %v: %v", got, want, err)
		}
		var all sync.WaitGroup
		for id := core.ID(1); id <= 4; id++ {
			all.Go(func() {
				open(2, "resident", id)
				open(2, "resident", 9)
			})
		}
		all.Wait()
		if views, err := s.RecentViews(t.Context(), 2); err != nil || len(views) != 5 {
			t.Errorf("%v, %v", views, err)
		}
		if views, err := s.RecentViews(t.Context(), 3); err != nil || len(views) != 0 {
			t.Errorf("%v, %v", views, err)
		}
	})
}

// The lists of staff find pinyin initials, too.
func TestStaffByInitials(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		c := newCommunity(t, s, "翠湖花园")
		guard, err := s.CreateGuard(t.Context(), core.System, everywhere, core.Guard{Community: c, Name: "赵铁柱", Phone: "13800138001"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateObserver(t.Context(), core.System, everywhere, core.Observer{
			Name: "钱多多", Capacity: "街道", Phone: "13800138002", Communities: []core.ID{c},
		}); err != nil {
			t.Fatal(err)
		}
		guards := func(text string) int {
			t.Helper()
			list, _, err := s.Guards(t.Context(), everywhere, GuardFilter{Keyword: text})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		g, err := s.Guard(t.Context(), everywhere, guard)
		if err != nil || guards("ztz") != 1 || guards("tz") != 1 || guards("铁柱") != 1 || guards("zz") != 0 {
			t.Errorf("%d %d %d %d: %v", guards("ztz"), guards("tz"), guards("铁柱"), guards("zz"), err)
		}
		g.Name, g.Phone = "孙悟空", ""
		if _, err := s.UpdateGuard(t.Context(), core.System, everywhere, g); err != nil {
			t.Fatal(err)
		}
		if guards("ztz") != 0 || guards("swk") != 1 {
			t.Error("a renamed guard is found by the old initials")
		}
		observers, _, err := s.Observers(t.Context(), everywhere, ObserverFilter{Keyword: "qdd"})
		if err != nil || len(observers) != 1 {
			t.Errorf("%d observers: %v", len(observers), err)
		}
	})
}
