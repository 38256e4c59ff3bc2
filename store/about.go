package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// AboutFigures count the content of a deployment.
type AboutFigures struct {
	Communities, Houses, Residents, Records int
}

// MaxAbout is the number at which counting access records stops: a page must not read a hundred
// million rows for one figure.
const MaxAbout = 1_000_000

// AboutFigures counts what is in scope; access records up to MaxAbout.
func (s *Store) AboutFigures(ctx context.Context, scope core.Scope) (AboutFigures, error) {
	var f AboutFigures
	for _, c := range []struct {
		n      *int
		from   string
		column string
		limit  int
	}{
		{&f.Communities, "community WHERE archived_at IS NULL AND ", "id", 0},
		{&f.Houses, "house WHERE ", "community_id", 0},
		{&f.Residents, "resident WHERE moved_out_at IS NULL AND ", "community_id", 0},
		{&f.Records, "access_record WHERE ", "community_id", MaxAbout},
	} {
		where, args := database.ScopeWhere(scope, c.column)
		query := "SELECT COUNT(*) FROM " + c.from + where
		if c.limit > 0 {
			query, args = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM "+c.from+where+" LIMIT ?) some", append(args, c.limit)
		}
		if err := s.db.Get(ctx, c.n, query, args...); err != nil {
			return AboutFigures{}, database.Wrap("count what there is", err)
		}
	}
	return f, nil
}
