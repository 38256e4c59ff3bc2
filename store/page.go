package store

import (
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
)

// Page asks for a part of a list by key: the records before (older than) or
// after (newer than) an id. Both 0 is the newest.
type Page struct {
	Before, After core.ID
	Limit         int
}

// byID ends a query that has a WHERE with this page's bounds, by the column id,
// the oldest first: After is the next page, Before the one before. One row more
// than the page holds is asked for.
func (p Page) byID(query string, args []any) (string, []any) {
	order := " ORDER BY id LIMIT ?"
	switch {
	case p.After != 0:
		query, args = query+" AND id > ?", append(args, int64(p.After))
	case p.Before != 0:
		query, args = query+" AND id < ?", append(args, int64(p.Before))
		order = " ORDER BY id DESC LIMIT ?"
	}
	return query + order, append(args, p.Limit+1)
}

// cutPage cuts the row too many off an oldest-first page and tells whether there
// was one; a page read backwards is turned round.
func cutPage[T any](rows []T, p Page) (page []T, more bool) {
	if more = len(rows) > p.Limit; more {
		rows = rows[:p.Limit]
	}
	if p.After == 0 && p.Before != 0 {
		slices.Reverse(rows)
	}
	return rows, more
}

// unionMost bounds the communities listed side by side; more go through IN.
const unionMost = 30

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
