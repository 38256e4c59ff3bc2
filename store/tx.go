package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// attempts bounds how often an act that lost a race for locks is tried again.
const attempts = 8

// errRace says that an optimistic act found its rows changed by another; the
// act is tried again from the start.
var errRace = errors.New("store: changed by another")

// Tx is one transaction in progress. It carries the act's moment, so that all
// it writes bears the same time.
type Tx struct {
	ctx context.Context
	s   *Store
	run runner
	now time.Time
}

// runner is a transaction of a pool, or the SQLite writer's own connection.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// write runs one business act in one transaction and commits it, or rolls it
// back on an error or a panic. An act that lost a race for locks is run again:
// act must have no effect but through tx, and must set what it returns anew.
func (s *Store) write(ctx context.Context, op string, act func(tx *Tx) error) error {
	var err error
	for range attempts {
		if s.group != nil {
			err = s.group.do(ctx, act)
		} else {
			err = s.transact(ctx, act)
		}
		if !isRetryable(err) && !errors.Is(err, errRace) {
			break
		}
		if ctx.Err() != nil {
			break
		}
	}
	return wrap(op, err)
}

func (s *Store) transact(ctx context.Context, act func(tx *Tx) error) (err error) {
	tx, err := s.writes.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_ = tx.Rollback() // the act's own error says more
		}
	}()
	if err := act(&Tx{ctx: ctx, s: s, run: tx, now: s.now()}); err != nil {
		return err
	}
	done = true
	return tx.Commit()
}

// wrap puts the operation in front of an error that carries no code; those that
// do are for people and pass as they are.
func wrap(op string, err error) error {
	var coded *core.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return fmt.Errorf("store: %s: %w", op, err)
}

// exec runs a statement and gives the number of rows it found (MySQL is told to
// count found rows, as SQLite does).
func (t *Tx) exec(query string, args ...any) (int64, error) {
	result, err := t.run.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one runs a statement that must find exactly one row; otherwise it gives missing.
func (t *Tx) one(missing error, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return missing
	}
	return nil
}

// get reads one row into dest; an absent row is sql.ErrNoRows.
func (t *Tx) get(dest any, query string, args ...any) error {
	return t.run.GetContext(t.ctx, dest, query, args...)
}

// all reads every row into dest, a pointer to a slice.
func (t *Tx) all(dest any, query string, args ...any) error {
	return t.run.SelectContext(t.ctx, dest, query, args...)
}

// newID makes an id bearing the act's moment.
func (t *Tx) newID() core.ID { return t.s.ids.make(t.now) }

func (t *Tx) nowMS() int64 { return t.now.UnixMilli() }

// get reads one row outside any transaction.
func (s *Store) get(ctx context.Context, dest any, query string, args ...any) error {
	return s.reads.GetContext(ctx, dest, query, args...)
}

// all reads rows outside any transaction.
func (s *Store) all(ctx context.Context, dest any, query string, args ...any) error {
	return s.reads.SelectContext(ctx, dest, query, args...)
}

// absent turns "no rows" into a not-found error with a sentence for people.
func absent(err error, message string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return core.NotFound(message)
	}
	return err
}

// marks gives n question marks, comma separated: ?,?,?
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// idArgs turns ids into arguments for marks.
func idArgs(ids []core.ID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = int64(id)
	}
	return args
}

// millis reads an instant column; NULL is the zero time.
type millis struct{ time.Time }

// Scan implements sql.Scanner.
func (m *millis) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		m.Time = time.Time{}
	case int64:
		m.Time = time.UnixMilli(v).UTC()
	case []byte:
		n, err := strconv.ParseInt(string(v), 10, 64)
		m.Time = time.UnixMilli(n).UTC()
		return err
	default:
		return fmt.Errorf("store: an instant column holds %T", v)
	}
	return nil
}

// unchanged refuses an edit that was made on another state than the row, locked by
// now, has: shown is when the row had last been changed as it was shown, zero where
// nothing was.
func unchanged(shown, updated time.Time) error {
	if !shown.IsZero() && shown.UnixMilli() != updated.UnixMilli() {
		return core.Stale()
	}
	return nil
}

// after is the updated_at of a row's next state: now, but never the same as before,
// however quick the acts and wherever the clock goes. Only what changes something that
// the row's form shows comes here; a sign of life, a bound WeChat or a new secret leave
// updated_at as it is.
func (t *Tx) after(updated time.Time) int64 { return max(t.nowMS(), updated.UnixMilli()+1) }

// raised is after in SQL, for a row that was not read: its two arguments are nowMS.
const raised = "updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at + 1 END"

// nullMS gives an instant as a column value, nil for the zero time.
func nullMS(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// flag gives a bool as a column value.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
