package store

import (
	"context"

	"tongxing/core"
)

// ResidentCounts counts the residents who live in the communities in scope, and
// those of them who are certified. An index holds all that it reads.
func (s *Store) ResidentCounts(ctx context.Context, scope core.Scope) (residents, certified int, err error) {
	where, args := scopeWhere(scope, "community_id")
	var row struct {
		Residents int `db:"residents"`
		Certified int `db:"certified"`
	}
	err = s.get(ctx, &row, "SELECT COUNT(*) AS residents, COUNT(certified_at) AS certified FROM resident WHERE moved_out_at IS NULL AND "+where, args...)
	return row.Residents, row.Certified, wrap("count residents", err)
}
