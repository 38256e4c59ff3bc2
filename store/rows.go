package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
)

// rowsMost bounds the rows of one INSERT.
const rowsMost = 128

// insertRows inserts rows, columns comma separated, as few statements as do. A
// verb other than "INSERT INTO " comes from the dialect. Part sizes are powers of two, so
// that a table needs a handful of prepared statements, whatever the counts.
func insertRows(tx *Tx, verb, table, columns string, rows [][]any) error {
	row := "(" + marks(strings.Count(columns, ",")+1) + ")"
	for len(rows) > 0 {
		n := rowsMost
		for n > len(rows) {
			n /= 2
		}
		var args []any
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		query := verb + table + " (" + columns + ") VALUES " + row + strings.Repeat(", "+row, n-1)
		if _, err := tx.exec(query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

const insertInto = "INSERT INTO "

// eachPart calls do with parts of items, at most rowsMost each, for IN lists.
func eachPart[T any](items []T, do func(part []T) error) error {
	for len(items) > 0 {
		n := min(rowsMost, len(items))
		if err := do(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// withIDs puts ids behind other arguments.
func withIDs[T ~int64](args []any, ids []T) []any {
	for _, id := range ids {
		args = append(args, int64(id))
	}
	return args
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

// countsBy runs a query of the columns id and n with ids within its IN list.
func (s *Store) countsBy(ctx context.Context, before string, ids []core.ID, after string) (map[core.ID]int, error) {
	counts := map[core.ID]int{}
	if len(ids) == 0 {
		return counts, nil
	}
	var rows []struct {
		ID core.ID `db:"id"`
		N  int     `db:"n"`
	}
	err := s.all(ctx, &rows, before+marks(len(ids))+after, idArgs(ids)...)
	for _, row := range rows {
		counts[row.ID] = row.N
	}
	return counts, err
}

func rowIDs[T any](rows []T, id func(T) core.ID) []core.ID {
	ids := make([]core.ID, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	return ids
}
