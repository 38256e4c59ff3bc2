package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

func TestFindResidents(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses, theirs := newHouses(t, s, mine, 2), newHouses(t, s, other, 1)[0]
		zhang := newResident(t, s, mine, houses[0], "张三", "13800138001")
		feng := newResident(t, s, mine, houses[1], "张三丰", "13800138002")
		gone := newResident(t, s, mine, houses[1], "李四", "13800138003")
		stranger := newResident(t, s, other, theirs, "张三", "13800138009")
		if err := s.MoveOut(t.Context(), core.System, everywhere, gone); err != nil {
			t.Fatal(err)
		}
		home := residentOf(t, s, zhang)
		pick := home.pick()
		if pick.Text() != "张三 · 138****8001 · "+home.HouseLabel || pick.CommunityName != "翠湖花园" || pick.MovedOut {
			t.Errorf("a pick reads %q of %q", pick.Text(), pick.CommunityName)
		}
		left := residentOf(t, s, gone)
		for _, c := range []struct {
			scope     core.Scope
			community core.ID
			text      string
			want      []core.ID
		}{
			{everywhere, 0, "张", []core.ID{stranger, feng, zhang}},
			{everywhere, mine, "张三", []core.ID{zhang, feng}}, // that very name first
			{core.ScopeOf(mine), 0, "张三", []core.ID{zhang, feng}},
			{core.ScopeOf(mine), 0, "8009", nil},
			{everywhere, 0, "8009", []core.ID{stranger}},
			{core.ScopeOf(mine), mine, " " + home.HouseLabel + " ", []core.ID{zhang}},
			{core.ScopeOf(mine), mine, "13800138002", []core.ID{feng}},
			{core.ScopeOf(mine), 0, pick.Text(), []core.ID{zhang}},
			{core.ScopeOf(other), 0, pick.Text(), nil},
			{core.ScopeOf(mine), 0, strings.Replace(pick.Text(), "8001", "8002", 1), nil},
			{core.ScopeOf(mine), 0, "李四", []core.ID{gone}}, // moved out, and nobody else
			{core.ScopeOf(mine), 0, left.pick().Text(), []core.ID{gone}},
			{core.ScopeOf(mine), 0, " ", nil},
			{core.ScopeOf(), 0, "张", nil},
			{everywhere, 0, hostile, nil},
		} {
			found, more, err := s.FindResidents(t.Context(), c.scope, c.community, c.text)
			if err != nil || more {
				t.Fatalf("%q: %v %v", c.text, more, err)
			}
			if ids := database.IDsOf(found, func(p core.ResidentPick) core.ID { return p.Resident }); !slices.Equal(ids, c.want) {
				t.Errorf("%v %q: %v, want %v", c.scope, c.text, ids, c.want)
			}
		}
		_, _, err := s.FindResidents(t.Context(), core.ScopeOf(mine), other, "张")
		wantCode(t, err, core.CodeNotFound)

		if got, err := s.PersonPick(t.Context(), core.ScopeOf(mine), mine, home.Person); err != nil || got != pick {
			t.Errorf("the person is %+v: %v", got, err)
		}
		_, err = s.PersonPick(t.Context(), core.ScopeOf(other), other, home.Person)
		wantCode(t, err, core.CodeNotFound)
	})
}

// A frequent name fills the picker, and says that there are more.
func TestFindResidentsOfMany(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		first := newResident(t, s, community, house, "王伟", "13800130000")
		for i := range core.ResidentPicks {
			newResident(t, s, community, house, fmt.Sprintf("王伟%c", 'a'+i), fmt.Sprintf("138001301%02d", i))
		}
		found, more, err := s.FindResidents(t.Context(), everywhere, community, "王伟")
		if err != nil || !more || len(found) != core.ResidentPicks || found[0].Resident != first {
			t.Errorf("%d found, more %v, %v", len(found), more, err)
		}
		if one, ok := core.OnePerson("王伟", found); !ok || one != found[0].Person {
			t.Error("the one of that very name is not meant")
		}
	})
}
