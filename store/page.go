package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// Page is core.Page, so that handlers can name it along with this package's filters.
type Page = core.Page

// pageLimit is the number of rows of a page whose filter has no limit.
const pageLimit = 50

// orderBy returns the order for a list's sort: "name" is by the column, "-name" by it descending,
// anything else by id, oldest first.
func orderBy(sort, column string) database.PageOrder {
	switch sort {
	case "name":
		return database.PageOrder{Key: column, ID: "id"}
	case "-name":
		return database.PageOrder{Key: column, ID: "id", Desc: true}
	}
	return database.OldestFirst
}

// yesNo returns "yes" or "no", as database.Where.Either takes it.
func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// listQuery is a list of rows of one table, in an order that pages by key.
type listQuery struct {
	columns, table string
	scope          database.Where // the rows that the caller may see
	filter         database.Where // those of them that are requested
	order          database.PageOrder
}

// readPage reads a page of a list. more reports whether there are further rows in the direction of
// paging. A list sorted by a column costs one query more than by id, and a cursor that is not a row
// of the scope is followed by no rows.
func readPage[T any](ctx context.Context, db *database.DB, q listQuery, p Page) (rows []T, more bool, err error) {
	if p.Limit == 0 {
		p.Limit = pageLimit
	}
	var keys []string
	if q.order.Key != "" && !p.First() {
		cursor := q.scope
		cursor.And("id = ?", int64(p.Cursor()))
		query := "SELECT " + q.order.Key + " FROM " + q.table + " WHERE " + cursor.Text()
		if err := db.All(ctx, &keys, query, cursor.Args()...); err != nil {
			return nil, false, err
		}
	}
	where := q.scope.With(q.filter)
	bounds, values := q.order.Bounds(p, keys...)
	query := "SELECT " + q.columns + " FROM " + q.table + " WHERE " + where.Text() + bounds + q.order.Clause(p)
	if err := db.All(ctx, &rows, query, append(where.Args(values...), p.Limit+1)...); err != nil {
		return nil, false, err
	}
	rows, more = core.CutPage(p, rows)
	return rows, more, nil
}
