package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
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
// one more than it holds. A cursor that is no resident of the community has
// nothing behind it.
func (s *Store) sortedResidentIDs(ctx context.Context, community core.ID, f ResidentFilter) (string, []any, error) {
	name, descending := strings.CutPrefix(f.Sort, "-")
	sort := residentSorts[name]
	order := database.PageOrder{Key: "t." + sort.column, ID: "t.id", Desc: descending}
	where, args := f.where()
	args = append([]any{int64(community)}, args...)
	if !f.Page.First() {
		var keys []string
		err := s.db.All(ctx, &keys, "SELECT "+sort.column+" FROM resident WHERE id = ? AND community_id = ?",
			int64(f.Page.Cursor()), int64(community))
		if err != nil {
			return "", nil, err
		}
		bounds, cursor := order.Bounds(f.Page, keys...)
		where, args = where+bounds, append(args, cursor...)
	}
	return "SELECT t.id FROM resident t" + s.db.Dialect().ForceIndex(sort.index) + " WHERE t.community_id = ?" + where +
		order.Clause(f.Page), append(args, f.Page.Limit+1), nil
}
