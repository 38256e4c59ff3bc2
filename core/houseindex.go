package core

import (
	"slices"
	"strconv"
	"strings"
)

// HouseIndex finds the houses of one community however they are written: 3号楼 is 3栋, 501室 is 501. It learns the
// houses that are added to it.
type HouseIndex struct {
	community Community
	nodes     map[string]string // the name of a node by its key; of several, that of the first
	houses    map[string]HouseRef
	// Of a key that several nodes or houses of the register have, all of them: 1栋 and 1号楼. Find does not change it.
	nodeTwins  map[string][]string
	houseTwins map[string][]HouseRef
}

// HouseRef is a house of an index.
type HouseRef struct {
	ID    ID       // 0 = it is not in the register yet
	Names []string // one per level
	Label string
}

// NewHouseIndex returns an index of a community without houses.
func NewHouseIndex(c Community) *HouseIndex {
	return &HouseIndex{
		community: c, nodes: map[string]string{}, houses: map[string]HouseRef{},
		nodeTwins: map[string][]string{}, houseTwins: map[string][]HouseRef{},
	}
}

// Put adds a house by the names of its levels, as Community.NodeNames returns them.
func (x *HouseIndex) Put(id ID, names []string) HouseRef {
	key := ""
	for _, name := range names[:len(names)-1] {
		key += LevelKey(name) + "\x00"
		switch first, known := x.nodes[key]; {
		case !known:
			x.nodes[key] = name
		case first != name && !slices.Contains(x.nodeTwins[key], name):
			x.nodeTwins[key] = append(x.nodeTwins[key], name)
		}
	}
	key += LevelKey(names[len(names)-1])
	ref := HouseRef{ID: id, Names: names, Label: HouseLabel(names)}
	if first, known := x.houses[key]; known && first.ID != 0 && first.ID != id {
		if x.houseTwins[key] == nil {
			x.houseTwins[key] = []HouseRef{first}
		}
		x.houseTwins[key] = append(x.houseTwins[key], ref)
		return ref
	}
	x.houses[key] = ref
	return ref
}

// Find returns the house of names as Community.NodeNames returns them. known reports whether the index has it; if
// not, its Names are those that it would have, each node as the index writes it. Of several it is the one that is written so;
// another spelling may mean any of them, which is an error, with the first.
func (x *HouseIndex) Find(names []string) (ref HouseRef, known bool, err error) {
	if ref, known, err = x.find(names); !known {
		if door := x.community.doorOf(names); door != names[len(names)-1] {
			names = append(slices.Clone(names[:len(names)-1]), door)
			ref, known, err = x.find(names)
		}
	}
	return ref, known, err
}

func (x *HouseIndex) find(names []string) (ref HouseRef, known bool, err error) {
	key, spelled := "", make([]string, len(names))
	for i, name := range names[:len(names)-1] {
		key += LevelKey(name) + "\x00"
		spelled[i] = name
		if there, ok := x.nodes[key]; ok && !slices.Contains(x.nodeTwins[key], name) {
			spelled[i] = there
		}
	}
	last := len(names) - 1
	spelled[last] = names[last]
	key += LevelKey(names[last])
	if ref, known = x.houses[key]; known {
		if twins := x.houseTwins[key]; twins != nil {
			ref, err = writtenSo(twins, names)
		}
		return ref, true, err
	}
	return HouseRef{Names: spelled, Label: HouseLabel(spelled)}, false, nil
}

// writtenSo returns which of several houses of one key names write, level by level as they are.
func writtenSo(twins []HouseRef, names []string) (HouseRef, error) {
	left := twins
	for i, name := range names {
		var so []HouseRef
		for _, ref := range left {
			if ref.Names[i] == name {
				so = append(so, ref)
			}
		}
		if len(so) > 0 {
			left = so
		}
	}
	if len(left) == 1 {
		return left[0], nil
	}
	labels := make([]string, len(left))
	for i, ref := range left {
		labels[i] = ref.Label
	}
	slices.Sort(labels)
	return left[0], Conflict("登记里有 " + strconv.Itoa(len(left)) + " 套：" + strings.Join(labels, "、") + "，看不出是哪一套；请先合并")
}

// TellApart compares a row with others of its list by the one of several houses that it writes.
func (x *HouseIndex) TellApart(row *ImportRow) {
	if twins := x.houseTwins[row.house]; twins != nil {
		if ref, err := writtenSo(twins, row.names); err == nil {
			row.house += "\x00" + ref.Label
		}
	}
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
var levelWords = []string{"#楼", "号楼", "号栋", "栋", "幢", "座", "楼", "单元", "门", "层", "室", "号", "房", "#"}

// LevelHas reports whether the name of a node or a door number has what somebody typed to find it: 3栋 and 13栋 have 3号楼.
func LevelHas(name, typed string) bool {
	return strings.Contains(strings.ToLower(inFigures(name)), LevelKey(typed))
}

// LevelKey returns the name of a node or a door number in the form in which they are compared: a number without the
// word behind it, 三栋, 第3栋, 3 栋 and 3号楼 as 3; other names as they are.
func LevelKey(name string) string {
	if allDigits(name) { // most door numbers
		return withoutZeros(name)
	}
	plain := strings.ToLower(inFigures(strings.ReplaceAll(Clean(name), " ", "")))
	if counted, ok := strings.CutPrefix(plain, "第"); ok && counted != "" && counted[0] >= '0' && counted[0] <= '9' {
		plain = counted
	}
	for _, word := range levelWords {
		if bare, ok := strings.CutSuffix(plain, word); ok && bare != "" && isBare(bare) {
			plain = bare
			break
		}
	}
	if allDigits(plain) {
		return withoutZeros(plain)
	}
	return plain
}

func withoutZeros(number string) string {
	if plain := strings.TrimLeft(number, "0"); plain != "" {
		return plain
	}
	return "0"
}
