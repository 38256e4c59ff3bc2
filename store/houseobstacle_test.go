package store

import (
	"slices"
	"testing"

	"tongxing/core"
)

// What prevents deleting a house is counted by what it is, and so for the node above it; without obstacles
// a node goes with its houses.
func TestObstaclesOfHousesAndNodes(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		node, err := s.BuildingNode(t.Context(), everywhere, w.other)
		if err != nil {
			t.Fatal(err)
		}
		house, err := s.House(t.Context(), everywhere, w.houses[2])
		if err != nil {
			t.Fatal(err)
		}
		if err := s.MoveOut(t.Context(), core.System, everywhere, w.twin); err != nil {
			t.Fatal(err)
		}
		held, err := s.HouseObstacles(t.Context(), house)
		want := []string{"1 名住户", "1 名已迁出的住户", "1 套正被限制出入"}
		if err != nil || !slices.Equal(core.ObstacleTexts(held), want) {
			t.Errorf("in the way of a house: %v, %v", core.ObstacleTexts(held), err)
		}
		below, houses, err := s.NodeObstacles(t.Context(), node)
		want[0] = "2 名住户"
		if err != nil || houses != 3 || !slices.Equal(core.ObstacleTexts(below), want) {
			t.Errorf("in the way of a node: %v of %d houses, %v", core.ObstacleTexts(below), houses, err)
		}
		wantCode(t, s.RemoveNode(t.Context(), core.System, everywhere, node), core.CodeConflict)
		level, err := s.HouseLevel(t.Context(), w.community, w.other)
		if err != nil {
			t.Fatal(err)
		}
		empty := level.Nodes[1] // 1号楼2单元
		wantCode(t, s.RemoveNode(t.Context(), core.System, core.Scope{}, empty), core.CodeNotFound)
		if err := s.RemoveNode(t.Context(), core.System, everywhere, empty); err != nil {
			t.Fatal(err)
		}
		if got := w.labels(); got != "1号楼1单元101 1号楼1单元103 1栋1单元101 1栋1单元102" && got != "1栋1单元101 1号楼1单元101 1栋1单元102 1号楼1单元103" {
			t.Errorf("left: %s", got)
		}
		wantCode(t, s.RemoveNode(t.Context(), core.System, everywhere, empty), core.CodeNotFound)
	})
}
