package store

import (
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// Page is core.Page, which handlers name with the filters of this package.
type Page = core.Page

// The orders of lists by id.
var (
	oldestFirst = database.PageOrder{ID: "id"}
	newestFirst = database.PageOrder{ID: "id", Desc: true}
)

// maxUnion bounds the communities listed side by side; more go through IN.
const maxUnion = 30

// firstOf continues SELECT columns FROM table with the first rows of several queries
// of ids, each of which has the same order " ORDER BY id … LIMIT ?" as the whole, for
// which one more argument follows theirs. Whole rows are read of those alone that
// come out.
func firstOf(ids []string, order string) string {
	parts := make([]string, len(ids))
	for i, query := range ids {
		parts[i] = fmt.Sprintf("SELECT id FROM (%s) c%d", query, i)
	}
	by := strings.TrimSuffix(order, " LIMIT ?")
	return " JOIN (SELECT id FROM (" + strings.Join(parts, " UNION ALL ") + ") u" + order + ") shown USING (id)" + by
}
