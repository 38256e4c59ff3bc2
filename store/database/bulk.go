package database

import (
	"context"
	"strings"

	"tongxing/core"
)

const (
	maxRows = 128 // of one INSERT
	fewRows = 8   // are always one
)

// partRows returns how many of some rows the next statement has.
func partRows(rows int) int {
	n := maxRows
	if rows <= fewRows {
		n = rows
	}
	for n > rows {
		n /= 2
	}
	return n
}

// InsertRows inserts rows, with comma-separated columns, in as few statements as possible. A verb
// other than "INSERT INTO " comes from the dialect. The sizes of parts are powers of two, except of the last few rows, so that a
// table needs only a handful of prepared statements, whatever the counts.
func InsertRows(tx *Tx, verb, table, columns string, rows [][]any) error {
	_, err := InsertedRows(tx, verb, table, columns, rows)
	return err
}

// InsertedRows is InsertRows, and returns how many were inserted: a verb may leave out those that are there.
func InsertedRows(tx *Tx, verb, table, columns string, rows [][]any) (inserted int, err error) {
	row := "(" + Placeholders(strings.Count(columns, ",")+1) + ")"
	for len(rows) > 0 {
		n := partRows(len(rows))
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		query := verb + table + " (" + columns + ") VALUES " + row + strings.Repeat(", "+row, n-1)
		done, err := tx.Exec(query, args...)
		if err != nil {
			return inserted, err
		}
		rows, inserted = rows[n:], inserted+int(done)
	}
	return inserted, nil
}

// DeleteRows deletes rows by the columns of their primary key, in as few statements as InsertRows.
func DeleteRows(tx *Tx, table, columns string, keys [][]any) error {
	key := "(" + Placeholders(strings.Count(columns, ",")+1) + ")"
	for len(keys) > 0 {
		n := partRows(len(keys))
		args := make([]any, 0, n*len(keys[0]))
		for _, k := range keys[:n] {
			args = append(args, k...)
		}
		among := tx.db.dialect.AmongKeys(key + strings.Repeat(", "+key, n-1))
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE ("+columns+") IN "+among, args...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// InsertInto is the plain verb of InsertRows.
const InsertInto = "INSERT INTO "

// EachPart calls do with parts of items, at most maxRows each, for IN lists.
func EachPart[T any](items []T, do func(part []T) error) error {
	for len(items) > 0 {
		n := min(maxRows, len(items))
		if err := do(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// AppendIDs appends ids to other arguments.
func AppendIDs[T ~int64](args []any, ids []T) []any {
	for _, id := range ids {
		args = append(args, int64(id))
	}
	return args
}

// CountsBy runs a query of the columns id and n with ids within its IN list.
func (db *DB) CountsBy(ctx context.Context, before string, ids []core.ID, after string) (map[core.ID]int, error) {
	counts := map[core.ID]int{}
	if len(ids) == 0 {
		return counts, nil
	}
	var rows []struct {
		ID core.ID `db:"id"`
		N  int     `db:"n"`
	}
	err := db.All(ctx, &rows, before+Placeholders(len(ids))+after, IDArgs(ids)...)
	for _, row := range rows {
		counts[row.ID] = row.N
	}
	return counts, err
}
