package database

import (
	"slices"
	"strings"

	"tongxing/core"
)

// PageOrder is the order of a list that pages by key: by a column and then the id, or by
// the id alone. All columns are of the same index.
type PageOrder struct {
	Group string // a column of ids before Key, such as the community of rows of several; "" = none
	Key   string // the column, with its table's alias; "" = by the id alone
	ID    string // the id's column
	Desc  bool   // the greatest first
}

// The orders of lists by id.
var (
	OldestFirst = PageOrder{ID: "id"}
	NewestFirst = PageOrder{ID: "id", Desc: true}
)

// Clause returns the end of the query of one page: " ORDER BY … LIMIT ?", whose argument is the
// page's limit plus one row.
func (o PageOrder) Clause(p core.Page) string {
	direction := ""
	if o.Desc != p.Backwards() {
		direction = " DESC"
	}
	by := o.ID + direction
	if o.Key != "" {
		by = o.Key + direction + ", " + by
	}
	if o.Group != "" {
		by = o.Group + direction + ", " + by
	}
	return " ORDER BY " + by + " LIMIT ?"
}

// Bounds returns the condition, with " AND" in front, that a row lies behind the page's
// cursor in the direction of reading. key is the cursor's own value of Key, as text, after that
// of Group. At the beginning of the list there is none. Without the cursor's key, because its row
// was deleted or belongs to another list, no row lies behind it: the beginning would be shown as
// the rest.
func (o PageOrder) Bounds(p core.Page, key ...any) (string, []any) {
	cursor := p.Cursor()
	if cursor == 0 {
		return "", nil
	}
	if o.Key != "" && len(key) == 0 {
		return " AND 1 = 0", nil
	}
	sign := " > "
	if o.Desc != p.Backwards() {
		sign = " < "
	}
	if o.Key == "" {
		return " AND " + o.ID + sign + "?", []any{int64(cursor)}
	}
	// The first half is implied, and lets the index start at the cursor.
	behind := o.Key + strings.TrimSuffix(sign, " ") + "= ? AND (" + o.Key + sign + "? OR " + o.ID + sign + "?)"
	last := key[len(key)-1]
	args := []any{last, last, int64(cursor)}
	if o.Group == "" {
		return " AND " + behind, args
	}
	return " AND " + o.Group + strings.TrimSuffix(sign, " ") + "= ? AND (" + o.Group + sign + "? OR " + behind + ")",
		append([]any{key[0], key[0]}, args...)
}

// Query ends a query that has a WHERE with a page's bounds, order and limit.
func (o PageOrder) Query(p core.Page, query string, args []any) (string, []any) {
	bounds, values := o.Bounds(p)
	return query + bounds + o.Clause(p), append(slices.Concat(args, values), p.Limit+1)
}

// Keys returns the values of a column as Bounds takes them.
func Keys(column []string) []any {
	keys := make([]any, len(column))
	for i, key := range column {
		keys[i] = key
	}
	return keys
}
