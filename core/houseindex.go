package core

import (
	"slices"
	"strings"
)

// HouseIndex finds the houses of one community however they are written: 3号楼 is 3栋, 501室 is 501. It learns the
// houses that are added to it.
type HouseIndex struct {
	nodes  map[string]string // the name of a node by its key
	houses map[string]HouseRef
}

// HouseRef is a house of an index.
type HouseRef struct {
	ID    ID       // 0 = it is not in the register yet
	Names []string // one per level
	Label string
}

// NewHouseIndex returns an index without houses.
func NewHouseIndex() *HouseIndex {
	return &HouseIndex{nodes: map[string]string{}, houses: map[string]HouseRef{}}
}

// Put adds a house by the names of its levels, as Community.NodeNames returns them.
func (x *HouseIndex) Put(id ID, names []string) HouseRef {
	key := ""
	for _, name := range names[:len(names)-1] {
		key += LevelKey(name) + "\x00"
		if _, known := x.nodes[key]; !known {
			x.nodes[key] = name
		}
	}
	ref := HouseRef{ID: id, Names: names, Label: HouseLabel(names)}
	x.houses[key+LevelKey(names[len(names)-1])] = ref
	return ref
}

// Find returns the house of names as Community.NodeNames returns them. known reports whether the index has it; if
// not, its Names are those that it would have, each node as the index writes it.
func (x *HouseIndex) Find(names []string) (ref HouseRef, known bool) {
	key, spelled := "", make([]string, len(names))
	for i, name := range names[:len(names)-1] {
		key += LevelKey(name) + "\x00"
		spelled[i] = name
		if there, ok := x.nodes[key]; ok {
			spelled[i] = there
		}
	}
	last := len(names) - 1
	spelled[last] = names[last]
	if ref, known = x.houses[key+LevelKey(names[last])]; known {
		return ref, true
	}
	return HouseRef{Names: spelled, Label: HouseLabel(spelled)}, false
}

// levelsKey returns the names of a house's levels, as Community.NodeNames returns them, in the form in which an index compares
// them.
func levelsKey(names []string) string {
	key := LevelKey(names[0])
	for _, name := range names[1:] {
		key += "\x00" + LevelKey(name)
	}
	return key
}

// SameLevels reports whether two houses are the same, however the names of their levels are written.
func SameLevels(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool { return LevelKey(x) == LevelKey(y) })
}

// levelWords are what follows the number of a building, a unit, a floor or a room.
var levelWords = []string{"号楼", "栋", "幢", "座", "楼", "单元", "层", "室", "号", "房"}

// LevelHas reports whether the name of a node or a door number has what somebody typed to find it: 3栋 and 13栋 have 3号楼.
func LevelHas(name, typed string) bool {
	return strings.Contains(strings.ToLower(inFigures(name)), LevelKey(typed))
}

// LevelKey returns the name of a node or a door number in the form in which they are compared: a number without the
// word behind it, 三栋 and 3号楼 as 3; other names as they are.
func LevelKey(name string) string {
	plain := strings.ToLower(inFigures(Clean(name)))
	for _, word := range levelWords {
		if bare, ok := strings.CutSuffix(plain, word); ok && bare != "" && isBare(bare) {
			plain = bare
			break
		}
	}
	if allDigits(plain) {
		if plain = strings.TrimLeft(plain, "0"); plain == "" {
			plain = "0"
		}
	}
	return plain
}
