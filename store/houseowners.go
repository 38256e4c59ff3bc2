package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// effectiveOwners is the value of owners_review that is in effect for house h of community c: the house's own, or that
// of the nearest node above it which has one, or the community's.
const effectiveOwners = `COALESCE(
	h.owners_review,
	(
		SELECT n.owners_review
		FROM building_node n
		WHERE n.community_id = h.community_id
			AND n.owners_review IS NOT NULL
			AND n.path = SUBSTR(h.path, 1, LENGTH(n.path))
		ORDER BY n.level DESC
		LIMIT 1
	),
	c.owners_review,
	0
)`

// OwnersReview reports whether the certified owners of a house may decide applications for it
// (是否允许业主审核所属房间住户的申请). The caller has the house from its own record, or has read it.
func (s *Store) OwnersReview(ctx context.Context, house core.ID) (bool, error) {
	var allowed bool
	query := "SELECT " + effectiveOwners + " FROM house h JOIN community c ON c.id = h.community_id WHERE h.id = ?"
	err := s.db.Get(ctx, &allowed, query, int64(house))
	return allowed, database.Wrap("owners' review", database.NotFoundIfNoRows(err, noHouse))
}
