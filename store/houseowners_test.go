package store

import (
	"testing"

	"tongxing/core"
	"tongxing/store/database"
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
		set := func(query string, args ...any) {
			t.Helper()
			if err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error {
				return discard(tx.Exec(query, args...))
			}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(after string, allowed ...bool) {
			t.Helper()
			for i, house := range append(houses, other) {
				if got, err := s.OwnersReview(t.Context(), house); err != nil || got != allowed[i] {
					t.Errorf("%s: house %d is %v, %v", after, i, got, err)
				}
			}
		}
		want("nothing said", false, false, false, false)
		set("UPDATE community SET owners_review = 1 WHERE id = ?", int64(id))
		want("the community on", true, true, true, false)
		set("UPDATE building_node SET owners_review = 0 WHERE community_id = ? AND name = '1栋'", int64(id))
		want("1栋 off", false, false, true, false)
		set("UPDATE building_node SET owners_review = 1 WHERE community_id = ? AND name = '2单元'", int64(id))
		want("1栋2单元 on", false, true, true, false)
		set("UPDATE house SET owners_review = 0 WHERE id = ?", int64(houses[1]))
		want("its house off", false, false, true, false)
		_, err = s.OwnersReview(t.Context(), 1)
		wantCode(t, err, core.CodeNotFound)
	})
}
