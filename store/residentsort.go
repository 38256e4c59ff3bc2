package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// residentSort is a column with the index that has the residents of a community in its order.
type residentSort struct{ column, index string }

// residentSorts are what residents of one community can be sorted by.
var residentSorts = map[string]residentSort{
	"name":     {"name_key", "resident_name_key"},
	"sex":      {"sex", "resident_sex"},
	"identity": {"identity_rank", "resident_identity"},
}

// identityRank returns the place of an identity in the order of identities; owners are first.
func identityRank(i core.Identity) int { return slices.Index(core.Identities(), i) }

// sorted reports whether the filter's sort is used: an index is of one community, and keywords and
// houses have indexes of their own.
func (f ResidentFilter) sorted(scope core.Scope) bool {
	_, known := residentSorts[strings.TrimPrefix(f.Sort, "-")]
	_, one := scope.One()
	return known && one && core.Clean(f.Keyword) == "" && f.House == 0
}

// sortedResidentIDs returns the query for the ids of one page, and one more, in the order of a
// column, and for their values of it. A cursor that is not a resident of the community is followed by no rows.
func (s *Store) sortedResidentIDs(ctx context.Context, community core.ID, f ResidentFilter) (string, []any, error) {
	name, descending := strings.CutPrefix(f.Sort, "-")
	sort := residentSorts[name]
	order := database.PageOrder{Key: "t." + sort.column, ID: "t.id", Desc: descending}
	from := "resident t" + s.db.Dialect().ForceIndex(sort.index) + " WHERE t.community_id = ?"
	within := []any{int64(community)}
	if f.Node != 0 { // of a building there are few, to be sorted
		from, within = s.residentsUnder(f)
		f.Node = 0
	}
	where, args := f.where()
	args = append(within, args...)
	if !f.Page.First() {
		key := f.Page.Key
		if key == nil {
			var keys []string
			err := s.db.All(ctx, &keys, "SELECT "+sort.column+" FROM resident WHERE id = ? AND community_id = ?",
				int64(f.Page.Cursor()), int64(community))
			if err != nil {
				return "", nil, err
			}
			key = database.Keys(keys)
		}
		bounds, cursor := order.Bounds(f.Page, key...)
		where, args = where+bounds, append(args, cursor...)
	}
	return "SELECT t.id, t." + sort.column + " AS sort_value FROM " + from + where + order.Clause(f.Page),
		append(args, f.Page.Limit+1), nil
}
