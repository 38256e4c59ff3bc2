package core

import (
	"fmt"
	"slices"
	"testing"
)

func TestPlanOfABuilding(t *testing.T) {
	var houses []PlanHouse
	for floor := 1; floor <= 12; floor++ {
		for unit := range 6 {
			for room := 1; room <= 12; room++ {
				if floor == 12 && room > 2 {
					continue // a penthouse
				}
				houses = append(houses, PlanHouse{ID: ID(len(houses) + 1), Node: ID(unit + 10), Name: fmt.Sprintf("%d%02d", floor, room)})
			}
		}
	}
	houses = append(houses, PlanHouse{ID: 9001, Node: 10, Name: "车库"}, PlanHouse{ID: 9002, Node: 10, Name: "0501"})
	plan := PlanOf([]ID{10, 11, 12, 13, 14, 15, 16}, houses)
	if len(plan.Units) != 6 || len(plan.Floors) != 12 || plan.Floors[0].Name != "12 层" || plan.Floors[11].Name != "1 层" {
		t.Fatalf("%d units, %d floors", len(plan.Units), len(plan.Floors))
	}
	seen := 0
	for _, floor := range plan.Floors {
		if len(floor.Houses) != 72 {
			t.Errorf("%s has %d places", floor.Name, len(floor.Houses))
		}
		for _, h := range floor.Houses {
			if h != nil {
				seen++
			}
		}
	}
	if want := len(houses) - 2; seen != want || len(plan.Others) != 2 {
		t.Errorf("%d of %d houses on the plan, %d beside it", seen, want, len(plan.Others))
	}
	if top := plan.Floors[0].Houses[:12]; top[0] == nil || top[0].Name != "1201" || top[1] == nil || top[2] != nil {
		t.Error("the top floor is not where it should be")
	}
}

func TestDoorNumbersTellFloorAndRoom(t *testing.T) {
	for name, want := range map[string]struct {
		floor int
		room  string
		ok    bool
	}{
		"501": {5, "01", true}, "0501": {5, "01", true}, "1203": {12, "03", true}, "1203A": {12, "03A", true}, "5-1": {5, "1", true},
		"-101": {-1, "01", true}, "A501": {5, "A01", true}, "7号": {}, "": {}, "车库": {}, "12": {}, "001": {0, "01", false},
	} {
		floor, room, ok := doorPlace(name)
		if ok != want.ok || ok && (floor != want.floor || room != want.room) {
			t.Errorf("%q: floor %d, room %q, %v", name, floor, room, ok)
		}
	}
}

func TestStatesOfAHouse(t *testing.T) {
	day := Day(20261128)
	for _, c := range []struct {
		house PlanHouse
		want  []HouseState
	}{
		{PlanHouse{}, []HouseState{HouseEmpty}},
		{PlanHouse{Residents: 2}, nil},
		{PlanHouse{Residents: 2, Uncertified: 1}, []HouseState{HouseUncertified}},
		{PlanHouse{Residents: 1, Restriction: &Restriction{Exits: -1, LastDay: day}}, []HouseState{HouseRestricted}},
		{PlanHouse{Residents: 1, Restriction: &Restriction{Exits: -1, LastDay: day - 1}}, nil},
		{PlanHouse{ArrearsFen: 1, Residents: 1}, []HouseState{HouseArrears}},
		{PlanHouse{ArrearsFen: 1, Restriction: &Restriction{Exits: 1}}, []HouseState{HouseRestricted, HouseArrears, HouseEmpty}},
		{PlanHouse{Restriction: &Restriction{Exits: -1}}, []HouseState{HouseRestricted, HouseEmpty}},
		{PlanHouse{Residents: 1, Restriction: &Restriction{}}, nil},
	} {
		if got := c.house.States(day); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.house, got, c.want)
		}
	}
}
