package store

import (
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

func houseOf(t *testing.T, s *Store, id core.ID) core.House {
	t.Helper()
	h, err := s.House(t.Context(), everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHouseChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		ids := newHouses(t, s, community, 2)
		scope := core.ScopeOf(community)
		if names, err := s.HouseNames(t.Context(), houseOf(t, s, ids[0])); err != nil ||
			!slices.Equal(names, []string{"1栋", "1单元", "101"}) {
			t.Errorf("names %q, %v", names, err)
		}
		_, err := s.UpdateHouse(t.Context(), core.System, scope, ids[0], HouseChange{Names: []string{"2", "1", "<b>9"}, ArrearsFen: 128050})
		if err != nil {
			t.Fatal(err)
		}
		if h := houseOf(t, s, ids[0]); h.Label != "2栋1单元<b>9" || h.ArrearsFen != 128050 {
			t.Errorf("changed to %+v", h)
		}
		owing, _, err := s.Houses(t.Context(), scope, HouseFilter{Community: community, Arrears: true, Page: Page{Limit: 5}})
		if err != nil || len(owing) != 1 || owing[0].ID != ids[0] {
			t.Errorf("%d owe, %v", len(owing), err)
		}
		if n := countRows(
			t, s,
			`SELECT COUNT(*) FROM audit_log WHERE action = 'house.update' AND before_text LIKE '%1栋1单元101%'
				AND after_text LIKE '%1,280.50%'`,
		); n != 1 {
			t.Errorf("%d lines of the audit log", n)
		}
		// The other keeps its building; moving it too takes the building away.
		for _, step := range []struct {
			change HouseChange
			code   core.Code
			trees  string
		}{
			{HouseChange{Names: []string{"2", "1", "<b>9"}}, core.CodeConflict, "1栋 2栋"},
			{HouseChange{Names: []string{"2", "1"}}, core.CodeInvalid, "1栋 2栋"},
			{HouseChange{Names: []string{"2", "1", "8"}}, "", "2栋"},
		} {
			if _, err := s.UpdateHouse(t.Context(), core.System, scope, ids[1], step.change); (err == nil) != (step.code == "") ||
				err != nil && core.CodeOf(err) != step.code {
				t.Errorf("%q: %v", step.change.Names, err)
			}
			tree, err := s.HouseTree(t.Context(), scope, community)
			var names []string
			for _, node := range tree {
				names = append(names, node.Name)
			}
			if err != nil || strings.Join(names, " ") != step.trees {
				t.Errorf("%q: buildings %q, %v", step.change.Names, names, err)
			}
		}
		if _, err := s.UpdateHouse(
			t.Context(), core.System, core.ScopeOf(community+1), ids[0],
			HouseChange{Names: []string{"3", "1", "1"}},
		); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
	})
}

func TestHouseIsDeletedWhenNothingHangsOnIt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		ids := newHouses(t, s, community, 4)
		scope := core.ScopeOf(community)
		resident := newResident(t, s, community, ids[0], "张三", "13800138000")
		recordOf(t, s, ResidentRow{Resident: core.Resident{ID: 1, Community: community, House: ids[1], Name: "访客"}})
		if _, err := s.CreateRestrictions(
			t.Context(), core.System, scope,
			RestrictionChange{Community: community, Houses: ids[2:3], Restriction: core.Restriction{Exits: -1, Reason: "隔离"}},
		); err != nil {
			t.Fatal(err)
		}
		for i, words := range []string{"住户", "出入记录", "限制"} {
			if err := s.RemoveHouse(t.Context(), core.System, scope, ids[i]); core.CodeOf(err) != core.CodeConflict ||
				!strings.Contains(core.MessageOf(err), words) {
				t.Errorf("with %s: %v", words, err)
			}
		}
		if err := s.RemoveHouse(t.Context(), core.System, core.ScopeOf(community+1), ids[3]); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
		if err := s.RemoveHouse(t.Context(), core.System, scope, ids[3]); err != nil {
			t.Error(err)
		}
		if err := s.RemoveResidents(t.Context(), core.System, scope, []core.ID{resident}); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveHouse(t.Context(), core.System, scope, ids[0]); err != nil {
			t.Errorf("without its resident: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM house"); n != 2 {
			t.Errorf("%d houses left", n)
		}
	})
}

// What is planned is what is made, and making it again makes nothing.
func TestMissingHousesAreAddedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		newHouses(t, s, community, 2)
		scope := core.ScopeOf(community)
		paths, err := core.HouseGrid{Above: []string{"1", "1"}, Floors: "1", Rooms: "1-4"}.Paths()
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.PlanHouses(t.Context(), scope, community, paths)
		if err != nil || plan.Total != 4 || plan.First != "1栋1单元101" || plan.Last != "1栋1单元104" || !slices.Equal(
			plan.Known, []string{"1栋1单元101", "1栋1单元102"},
		) {
			t.Errorf("planned %+v, %v", plan, err)
		}
		for _, want := range []int{2, 0} {
			if batch, err := s.CreateMissingHouses(t.Context(), core.System, scope, community, paths); err != nil || batch.Size != want {
				t.Errorf("added %d, want %d, %v", batch.Size, want, err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM house"); n != 4 {
			t.Errorf("%d houses", n)
		}
		if _, err := s.CreateMissingHouses(t.Context(), core.System, core.ScopeOf(community+1), community, paths); !core.IsNotFound(err) {
			t.Errorf("into another community: %v", err)
		}
	})
}

func TestHouseExportIsAudited(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		newHouses(t, s, community, 3)
		var labels []string
		err := s.ExportHouses(t.Context(), core.System, core.ScopeOf(community),
			HouseFilter{Community: community}, func(names []string, h HouseRow) error {
				if labels = append(labels, h.Label); !slices.Equal(names[:2], []string{"1栋", "1单元"}) {
					t.Errorf("%s stands at %q", h.Label, names)
				}
				return nil
			})
		if err != nil || !slices.Equal(labels, []string{"1栋1单元101", "1栋1单元102", "1栋1单元103"}) {
			t.Errorf("%q, %v", labels, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'house.export'"); n != 1 {
			t.Errorf("%d lines of the audit log", n)
		}
	})
}

// A house that visitors applied for, or whose owners may decide, is kept when those that were added with it are taken back.
func TestUndoKeepsHousesThatAreUsed(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		c, err := s.Community(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		for _, door := range []string{"901", "902", "903"} {
			text += "\n9|1|" + door
		}
		imp := writeList(t, s, readList(t, s, c.ID, listOf("栋|单元|房间"+text)), core.DefaultImportChoices())
		houses, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Keyword: "9栋", Page: Page{Limit: 9}})
		if err != nil || len(houses) != 3 {
			t.Fatal(len(houses), err)
		}
		v := w.application()
		v.House = houses[0].ID
		w.mustApply(0, v)
		yes := true
		if err := s.UpdateOwnersReview(t.Context(), core.System, everywhere, OwnersReviewChange{
			Community: c.ID, House: houses[1].ID, Allowed: &yes,
		}); err != nil {
			t.Fatal(err)
		}
		undoList(t, s, imp)
		left, _, err := s.Houses(t.Context(), everywhere, HouseFilter{Keyword: "9栋", Page: Page{Limit: 9}})
		if err != nil || len(left) != 2 || left[0].ID != houses[0].ID || left[1].ID != houses[1].ID {
			t.Errorf("%d houses are left, %v", len(left), err)
		}
	})
}
