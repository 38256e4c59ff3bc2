package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
)

// residentSort is a column with the index that keeps the residents of a community in
// its order.
type residentSort struct{ column, index string }

// residentSorts are what residents of one community can be sorted by.
var residentSorts = map[string]residentSort{
	"name":     {"name_key", "resident_name_key"},
	"sex":      {"sex", "resident_sex"},
	"identity": {"identity_rank", "resident_identity"},
}

// identityRank is an identity's place among them: an owner stands first.
func identityRank(i core.Identity) int { return slices.Index(core.Identities(), i) }

// sorted reports that the filter's sort holds: an index has one community, and
// keywords and houses have indexes of their own.
func (f ResidentFilter) sorted(scope core.Scope) bool {
	_, known := residentSorts[strings.TrimPrefix(f.Sort, "-")]
	_, one := scope.One()
	return known && one && core.Clean(f.Keyword) == "" && f.House == 0
}

// sortedResidentIDs is the query for the ids of one page in the order of a column,
// one more than it holds. A cursor that is no resident of the community starts
// from the beginning.
func (s *Store) sortedResidentIDs(ctx context.Context, community core.ID, f ResidentFilter) (string, []any, error) {
	name, descending := strings.CutPrefix(f.Sort, "-")
	sort := residentSorts[name]
	column := sort.column
	cursor, backwards := f.Page.Before, false
	if cursor == 0 && f.Page.After != 0 {
		cursor, backwards = f.Page.After, true
	}
	sign, order := ">", ""
	if descending != backwards {
		sign, order = "<", " DESC"
	}
	where, args := f.where()
	args = append([]any{int64(community)}, args...)
	if cursor != 0 {
		var keys []string
		if err := s.db.All(
			ctx, &keys, "SELECT "+column+" FROM resident WHERE id = ? AND community_id = ?", int64(cursor),
			int64(community),
		); err != nil {
			return "", nil, err
		}
		for _, key := range keys {
			// The first half is implied, and lets the index begin at the cursor.
			where += " AND t." + column + " " + sign + "= ? AND (t." + column + " " + sign + " ? OR t.id " + sign + " ?)"
			args = append(args, key, key, int64(cursor))
		}
	}
	return "SELECT t.id FROM resident t" + s.db.Dialect().ForceIndex(sort.index) + " WHERE t.community_id = ?" + where +
		" ORDER BY t." + column + order + ", t.id" + order + " LIMIT ?", append(args, f.Page.Limit+1), nil
}
