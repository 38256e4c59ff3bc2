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
		want = []string{"2 名住户", want[1], want[2], "1 台门禁读头"}
		if err != nil || houses != 3 || !slices.Equal(core.ObstacleTexts(below), want) {
			t.Errorf("in the way of a node: %v of %d houses, %v", core.ObstacleTexts(below), houses, err)
		}
		wantCode(t, s.RemoveNode(t.Context(), core.System, everywhere, node), core.CodeConflict)
		level, err := s.HouseLevel(t.Context(), HouseLevelFilter{Community: w.community, Node: w.other})
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

// A node that a reader serves is not deleted, neither by hand nor with the last of its houses when their adding is undone.
func TestANodeThatAReaderServesStays(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		c := newCommunity(t, s, "翠湖花园")
		batch, err := s.CreateMissingHouses(t.Context(), batchBy, everywhere, c, [][]string{{"9栋", "1单元", "101"}})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := s.BuildingTree(t.Context(), everywhere, c)
		if err != nil {
			t.Fatal(err)
		}
		reader := aReader(c, "V1")
		reader.ScopeNodes = []core.ID{tree[0].ID}
		if _, _, err = s.CreateReader(t.Context(), core.System, everywhere, reader); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveNode(t.Context(), core.System, everywhere, tree[0].BuildingNode), core.CodeConflict)
		if b, err := s.UndoBatch(t.Context(), batchBy, everywhere, batch.ID); err != nil || b.Undone != b.Size {
			t.Errorf("undone: %+v, %v", b, err)
		}
		after, err := s.BuildingTree(t.Context(), everywhere, c)
		if err != nil || len(after) != 1 || after[0].ID != tree[0].ID || len(after[0].Children) != 0 {
			t.Errorf("left: %+v, %v", after, err)
		}
	})
}

// Houses that were generated are not taken back while somebody waits to be certified in them.
func TestAHouseThatIsAppliedForStays(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newReviewWorld(t, s)
		batch, err := s.CreateMissingHouses(t.Context(), batchBy, everywhere, w.community, [][]string{{"9栋", "1单元", "101"}})
		if err != nil {
			t.Fatal(err)
		}
		house, err := s.HouseByText(t.Context(), everywhere, w.community, "9-1-101")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.tries(s, w.user.ID, house.ID, "王小明"); err != nil {
			t.Fatal(err)
		}
		kept, _, err := s.PlanUndo(t.Context(), everywhere, batch.ID)
		if err != nil || len(kept) != 1 || kept[0].Why != core.BatchApplied {
			t.Errorf("kept: %+v, %v", kept, err)
		}
	})
}
