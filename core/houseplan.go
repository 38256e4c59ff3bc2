package core

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// HouseState is what the plan of a building shows of a house.
type HouseState string

const (
	HouseRestricted  HouseState = "restricted"  // a restriction is in force
	HouseArrears     HouseState = "arrears"     // it owes
	HouseEmpty       HouseState = "empty"       // nobody is registered
	HouseUncertified HouseState = "uncertified" // somebody is not certified
)

// HouseStates returns every state, the most pressing first.
func HouseStates() []HouseState {
	return []HouseState{HouseRestricted, HouseArrears, HouseUncertified, HouseEmpty}
}

// Label returns the state in Chinese.
func (s HouseState) Label() string {
	switch s {
	case HouseRestricted:
		return "限制"
	case HouseArrears:
		return "欠费"
	case HouseEmpty:
		return "无住户"
	case HouseUncertified:
		return "未认证"
	}
	return ""
}

// Letter returns the one character that stands for the state.
func (s HouseState) Letter() string {
	switch s {
	case HouseRestricted:
		return "限"
	case HouseArrears:
		return "欠"
	case HouseEmpty:
		return "空"
	case HouseUncertified:
		return "未"
	}
	return ""
}

// PlanHouse is a house on the plan of its building.
type PlanHouse struct {
	ID          ID
	Node        ID     // the unit, or the building itself
	Name        string // the door number
	Label       string
	Residents   int
	Uncertified int
	ArrearsFen  int64
	Restriction *Restriction // nil: none
}

// States returns the house's states on a day, the most pressing first; none if nothing needs attention.
func (h PlanHouse) States(day Day) []HouseState {
	var states []HouseState
	if h.Restriction.Holds(day) && h.Restriction.Exits != 0 { // not to count takes nothing away
		states = append(states, HouseRestricted)
	}
	if h.ArrearsFen > 0 {
		states = append(states, HouseArrears)
	}
	switch {
	case h.Residents == 0:
		states = append(states, HouseEmpty)
	case h.Uncertified > 0:
		states = append(states, HouseUncertified)
	}
	return states
}

// BuildingPlan is a building by floors and rooms.
type BuildingPlan struct {
	Units  []PlanUnit
	Floors []PlanFloor // the top one first
	Others []PlanHouse // whose door number does not tell the floor
}

// PlanUnit is the rooms of one unit, on whichever floors they are.
type PlanUnit struct {
	Node  ID
	Rooms []string
}

// PlanFloor is a floor with a place for each room of each unit; nil where there is no such house.
type PlanFloor struct {
	Name   string
	Houses []*PlanHouse // of all units, one unit after the other
}

// doorPatterns read the floor and the room out of a door number: 501, 1203A, 5-1.
var doorPatterns = []*regexp.Regexp{
	regexp.MustCompile(`^(\D*)(\d+)[-－—](\d+)(\D*)$`),
	regexp.MustCompile(`^(\D*?)(-?\d+)(\d\d)(\D*)$`),
}

// doorPlace returns the floor and the room of a door number; ok reports whether it tells them.
func doorPlace(name string) (floor int, room string, ok bool) {
	for _, pattern := range doorPatterns {
		if parts := pattern.FindStringSubmatch(name); parts != nil {
			floor, err := strconv.Atoi(parts[2])
			return floor, parts[1] + parts[3] + parts[4], err == nil && floor != 0
		}
	}
	return 0, "", false
}

// PlanOf arranges the houses of a building. units are its units in order; houses of none of them are in
// a unit of their own. The houses are in the order of their labels.
func PlanOf(units []ID, houses []PlanHouse) BuildingPlan {
	places := map[planPlace]*PlanHouse{}
	rooms := map[ID][]string{}
	var plan BuildingPlan
	var floors []int
	for i, h := range houses {
		floor, room, ok := doorPlace(h.Name)
		at := planPlace{h.Node, floor, room}
		if !ok || places[at] != nil {
			plan.Others = append(plan.Others, h)
			continue
		}
		places[at] = &houses[i]
		if !slices.Contains(rooms[h.Node], room) {
			rooms[h.Node] = append(rooms[h.Node], room)
		}
		if !slices.Contains(floors, floor) {
			floors = append(floors, floor)
		}
		if !slices.Contains(units, h.Node) {
			units = append(slices.Clone(units), h.Node)
		}
	}
	for _, unit := range units {
		if len(rooms[unit]) == 0 {
			continue
		}
		slices.SortFunc(rooms[unit], func(a, b string) int { return strings.Compare(SortKey(a, 64), SortKey(b, 64)) })
		plan.Units = append(plan.Units, PlanUnit{unit, rooms[unit]})
	}
	slices.SortFunc(floors, func(a, b int) int { return cmp.Compare(b, a) })
	for _, floor := range floors {
		plan.Floors = append(plan.Floors, plan.floor(floor, places))
	}
	return plan
}

// planPlace is a place on a plan.
type planPlace struct {
	unit  ID
	floor int
	room  string
}

func (p BuildingPlan) floor(n int, places map[planPlace]*PlanHouse) PlanFloor {
	floor := PlanFloor{Name: strconv.Itoa(n) + " 层"}
	for _, unit := range p.Units {
		for _, room := range unit.Rooms {
			floor.Houses = append(floor.Houses, places[planPlace{unit.Node, n, room}])
		}
	}
	return floor
}
