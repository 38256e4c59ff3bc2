package store

import (
	"context"
	"fmt"
	"slices"

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
func readPage[T any](ctx context.Context, s *Store, q listQuery, p Page) (rows []T, more bool, err error) {
	if p.Limit == 0 {
		p.Limit = pageLimit
	}
	var keys []any
	if q.order.Key != "" && !p.First() {
		cursor := q.scope
		cursor.And("id = ?", int64(p.Cursor()))
		query := "SELECT " + q.order.Key + " FROM " + q.table + " WHERE " + cursor.Text()
		var found []string
		if err := s.db.All(ctx, &found, query, cursor.Args()...); err != nil {
			return nil, false, err
		}
		keys = database.Keys(found)
	}
	where := q.scope.With(q.filter)
	bounds, values := q.order.Bounds(p, keys...)
	query := "SELECT " + q.columns + " FROM " + q.table + " WHERE " + where.Text() + bounds + q.order.Clause(p)
	if err := s.db.All(ctx, &rows, query, append(where.Args(values...), p.Limit+1)...); err != nil {
		return nil, false, err
	}
	rows, more = core.CutPage(p, rows)
	return rows, more, s.countList(ctx, p, listEnd{len(rows), more}, "FROM "+q.table+" WHERE "+where.Text(), where.Args())
}

// listEnd is how a page of a list ended.
type listEnd struct {
	rows int
	more bool
}

// countList sets the total of a list if the page asks for it. from is the list's query without its
// columns, order and page. A first page that is the only one needs no query, and neither does a list that
// was too long to be counted a moment ago.
func (s *Store) countList(ctx context.Context, p Page, end listEnd, from string, args []any) error {
	switch {
	case p.Total == nil:
		return nil
	case p.First() && !end.more:
		*p.Total = end.rows
		return nil
	}
	query := "SELECT COUNT(*) FROM (SELECT 1 AS one " + from + " LIMIT ?) counted"
	args = append(slices.Clone(args), core.MaxTotal+1)
	key := fmt.Sprint(query, args)
	if kept, ok := s.counted.get(key, s.Now()); ok {
		*p.Total = kept.n
		return nil
	}
	err := s.db.Get(ctx, p.Total, query, args...)
	if err == nil && *p.Total > core.MaxTotal {
		s.counted.keep(key, counted{n: *p.Total}, s.Now())
	}
	return err
}

// uncounted is countList for a list that would have to be read whole to be counted.
func uncounted(p Page, end listEnd) {
	switch {
	case p.Total == nil:
	case p.First() && !end.more:
		*p.Total = end.rows
	default:
		*p.Total = -1
	}
}

// countTimeline is countList for a Timeline; counts reports whether that takes no search.
func (s *Store) countTimeline(ctx context.Context, l database.Timeline, p Page, end listEnd, counts bool) error {
	if !counts || l.Scope.Empty() {
		uncounted(p, end)
		return nil
	}
	where := l.Where()
	return s.countList(ctx, p, end, "FROM "+l.From()+" WHERE "+where.Text(), where.Args())
}
