package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// ResidentCounts counts the residents who live in the communities in scope, and how many of them
// are certified. It reads only an index.
func (s *Store) ResidentCounts(ctx context.Context, scope core.Scope) (residents, certified int, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Residents int `db:"residents"`
		Certified int `db:"certified"`
	}
	err = s.db.Get(
		ctx, &row,
		"SELECT COUNT(*) AS residents, COUNT(certified_at) AS certified FROM resident WHERE moved_out_at IS NULL AND "+where,
		args...,
	)
	return row.Residents, row.Certified, database.Wrap("count residents", err)
}
