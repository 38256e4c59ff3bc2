package store

import (
	"testing"

	"tongxing/core"
)

// The nearest value decides: the house's, its unit's, its building's, the community's; nobody having said, owners may
// not.
func TestOwnersReviewIsInherited(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := newCommunity(t, s, "翠湖花园")
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, id, [][]string{
			{"1", "1", "101"}, {"1", "2", "101"}, {"2", "1", "101"},
		})
		if err != nil {
			t.Fatal(err)
		}
		other := newHouses(t, s, newCommunity(t, s, "碧海湾"), 1)[0]
		yes, no := true, false
		set := func(at OwnersReviewChange) {
			t.Helper()
			at.Community = id
			if err := s.UpdateOwnersReview(t.Context(), core.System, everywhere, at); err != nil {
				t.Fatal(err)
			}
		}
		tree, err := s.BuildingTree(t.Context(), everywhere, id)
		if err != nil {
			t.Fatal(err)
		}
		one, two := tree[0].ID, tree[0].Children[1].ID
		want := func(after string, allowed ...bool) {
			t.Helper()
			for i, house := range append(houses, other) {
				if got, err := s.OwnersReview(t.Context(), house); err != nil || got != allowed[i] {
					t.Errorf("%s: house %d is %v, %v", after, i, got, err)
				}
			}
		}
		want("nothing said", false, false, false, false)
		set(OwnersReviewChange{Allowed: &yes})
		want("the community on", true, true, true, false)
		set(OwnersReviewChange{Node: one, Allowed: &no})
		want("1栋 off", false, false, true, false)
		set(OwnersReviewChange{Node: two, Allowed: &yes})
		want("1栋2单元 on", false, true, true, false)
		set(OwnersReviewChange{House: houses[1], Allowed: &no})
		want("its house off", false, false, true, false)
		set(OwnersReviewChange{House: houses[1], Allowed: &no})
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'house.owners_review'"); n != 4 {
			t.Errorf("%d lines of the log, want 4", n)
		}
		set(OwnersReviewChange{House: houses[1]})
		want("its house as its unit", false, true, true, false)
		all, err := s.OwnersReviews(t.Context(), everywhere, id)
		if err != nil || !all.Community || len(all.Nodes) != 2 || all.Nodes[one] || !all.Nodes[two] {
			t.Errorf("all: %+v, %v", all, err)
		}
		elsewhere := OwnersReviewChange{Community: id, House: other, Allowed: &yes}
		wantCode(t, s.UpdateOwnersReview(t.Context(), core.System, everywhere, elsewhere), core.CodeNotFound)
		wantCode(t, s.UpdateOwnersReview(t.Context(), core.System, core.Scope{}, OwnersReviewChange{Community: id}), core.CodeNotFound)
		_, err = s.OwnersReview(t.Context(), 1)
		wantCode(t, err, core.CodeNotFound)
	})
}

// A building of which somebody has said whether its owners review stays with that, when the adding of its houses is taken back: a
// list that is imported once more finds it. Deleted by hand it goes.
func TestWhatIsSaidOfABuildingOutlivesAnUndo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		add := func() core.Batch {
			t.Helper()
			batch, err := s.CreateMissingHouses(t.Context(), batchBy, everywhere, community, [][]string{
				{"9栋", "1单元", "101"}, {"8栋", "1单元", "101"},
			})
			if err != nil {
				t.Fatal(err)
			}
			return batch
		}
		batch, yes := add(), true
		tree := func() []*TreeNode {
			t.Helper()
			tree, err := s.BuildingTree(t.Context(), everywhere, community)
			if err != nil {
				t.Fatal(err)
			}
			return tree
		}
		nine := tree()[1]
		if err := s.UpdateOwnersReview(t.Context(), core.System, everywhere, OwnersReviewChange{
			Community: community, Node: nine.ID, Allowed: &yes,
		}); err != nil {
			t.Fatal(err)
		}
		if b, err := s.UndoBatch(t.Context(), batchBy, everywhere, batch.ID); err != nil || b.Undone != 2 {
			t.Fatalf("undone: %+v, %v", b, err)
		}
		if left := tree(); len(left) != 1 || left[0].ID != nine.ID {
			t.Errorf("left: %+v", left)
		}
		add()
		house, err := s.HouseByText(t.Context(), everywhere, community, "9栋1单元101")
		if err != nil {
			t.Fatal(err)
		}
		if allowed, err := s.OwnersReview(t.Context(), house.ID); err != nil || !allowed {
			t.Errorf("added once more: %v, %v", allowed, err)
		}
		if err := s.RemoveNode(t.Context(), core.System, everywhere, nine.BuildingNode); err != nil {
			t.Fatal(err)
		}
		if left := tree(); len(left) != 1 {
			t.Errorf("after deleting it: %+v", left)
		}
	})
}
