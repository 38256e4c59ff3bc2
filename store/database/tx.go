package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"tongxing/core"
)

// attempts bounds how often an act that lost a race for locks is retried.
const attempts = 8

// ErrRace is returned by an optimistic act whose rows were changed by another; the act is retried
// from the start.
var ErrRace = errors.New("store: changed by another")

// Tx is one transaction in progress. It carries the act's time, so that everything it writes has
// the same timestamp.
type Tx struct {
	ctx context.Context
	db  *DB
	run runner
	now time.Time

	others func() bool // acts that wait for the commit; nil = unknown
	after  afterCommit
}

// afterCommit is what a transaction leads to once it has committed.
type afterCommit struct {
	wakes   []string             // workers to wake
	changed map[string][]core.ID // things that are not what they were, by their kind
}

// runner is a transaction of a pool, or the SQLite writer's own connection.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// Write runs one business act in one transaction and commits it, or rolls it back on an error or a
// panic. An act that lost a race for locks is run again: act must have no effect except through tx,
// and must set everything it returns on every run.
func (db *DB) Write(ctx context.Context, op string, act func(tx *Tx) error) error {
	run := db.transact
	if db.group != nil {
		run = db.group.do
	}
	return db.writeBy(ctx, run, op, act)
}

// writeBy is Write by a way to run an act once.
func (db *DB) writeBy(
	ctx context.Context, run func(ctx context.Context, act func(tx *Tx) error) error, op string, act func(tx *Tx) error,
) error {
	if db.beforeCommit != nil {
		act = db.endedBy(op, act)
	}
	var err error
	var after afterCommit
	act = followed(act, &after)
	for range attempts {
		err = run(ctx, act)
		if !IsRetryable(err) && !errors.Is(err, ErrRace) {
			break
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err == nil {
		db.wakers.wake(after.wakes)
		db.tell(ctx, after.changed)
	}
	return Wrap(op, err)
}

// endedBy returns act followed by beforeCommit.
func (db *DB) endedBy(op string, act func(tx *Tx) error) func(tx *Tx) error {
	return func(tx *Tx) error {
		if err := act(tx); err != nil {
			return err
		}
		return db.beforeCommit(op)
	}
}

func (db *DB) transact(ctx context.Context, act func(tx *Tx) error) (err error) {
	tx, err := db.writes.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_ = tx.Rollback() // the act's own error is more useful
		}
	}()
	if err := act(&Tx{ctx: ctx, db: db, run: tx, now: db.now()}); err != nil {
		return err
	}
	done = true
	return tx.Commit()
}

// Wrap prefixes the operation to an error without a code; errors with one are for people and pass
// unchanged.
func Wrap(op string, err error) error {
	var coded *core.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return fmt.Errorf("store: %s: %w", op, err)
}

// Exec runs a statement and returns the number of rows it matched (MySQL is configured to count
// matched rows, as SQLite does).
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	t.db.tellQuery(query)
	result, err := t.run.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// ExecOne runs a statement that must match exactly one row; otherwise it returns missing.
func (t *Tx) ExecOne(missing error, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return missing
	}
	return nil
}

// Get reads one row into dest; a missing row is sql.ErrNoRows.
func (t *Tx) Get(dest any, query string, args ...any) error {
	t.db.tellQuery(query)
	return t.run.GetContext(t.ctx, dest, query, args...)
}

// All reads every row into dest, a pointer to a slice.
func (t *Tx) All(dest any, query string, args ...any) error {
	t.db.tellQuery(query)
	return t.run.SelectContext(t.ctx, dest, query, args...)
}

// Awaited reports whether others wait for this transaction to end, so that an act that could go on should not. On MySQL,
// where that is not known, it is assumed.
func (t *Tx) Awaited() bool { return t.others == nil || t.others() }

// Context returns the context of the act's statements.
func (t *Tx) Context() context.Context { return t.ctx }

// Now returns the act's time.
func (t *Tx) Now() time.Time { return t.now }

// Keys returns the key ring for personal data.
func (t *Tx) Keys() Keyring { return t.db.keys }

// Dialect returns what differs in the SQL of this database.
func (t *Tx) Dialect() Dialect { return t.db.dialect }

// NewID returns an id carrying the act's time.
func (t *Tx) NewID() core.ID { return t.db.ids.make(t.now) }

// NowMS returns the act's time as a column value.
func (t *Tx) NowMS() int64 { return t.now.UnixMilli() }

// Get reads one row outside any transaction.
func (db *DB) Get(ctx context.Context, dest any, query string, args ...any) error {
	db.tellQuery(query)
	if statement := db.statement(ctx, query); statement != nil {
		return statement.GetContext(ctx, dest, args...)
	}
	return db.reads.GetContext(ctx, dest, query, args...)
}

// All reads rows outside any transaction.
func (db *DB) All(ctx context.Context, dest any, query string, args ...any) error {
	db.tellQuery(query)
	if statement := db.statement(ctx, query); statement != nil {
		return statement.SelectContext(ctx, dest, args...)
	}
	return db.reads.SelectContext(ctx, dest, query, args...)
}

// tellQuery tells a test what is about to run.
func (db *DB) tellQuery(query string) {
	if db.onQuery != nil {
		db.onQuery(query)
	}
}

// statement returns the kept statement of a read, nil if there is none.
func (db *DB) statement(ctx context.Context, query string) *sqlx.Stmt {
	if db.group == nil {
		return nil
	}
	return db.prepared.of(ctx, db.reads, query)
}

// NotFoundIfNoRows turns sql.ErrNoRows into a NotFound error with a message for people.
func NotFoundIfNoRows(err error, message string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return core.NotFound(message)
	}
	return err
}

// Placeholders returns n question marks, comma separated: ?,?,?
func Placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// IDArgs turns ids into arguments for Placeholders.
func IDArgs(ids []core.ID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = int64(id)
	}
	return args
}

// Millis reads an instant column; NULL is the zero time.
type Millis struct{ time.Time }

// Scan implements sql.Scanner.
func (m *Millis) Scan(v any) error {
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

// CheckUnchanged returns core.Stale if a row, locked by now, has changed since a form
// showed it: shown is its updated_at as the form had it, zero where no form was shown.
func CheckUnchanged(shown, updated time.Time) error {
	if !shown.IsZero() && shown.UnixMilli() != updated.UnixMilli() {
		return core.Stale()
	}
	return nil
}

// NextUpdated returns the updated_at of a row's next state: now, but never the same as before,
// however fast the acts and wherever the clock goes. Only changes to what the row's form shows use
// it; a sign of life, a bound WeChat or a new secret leave updated_at unchanged.
func (t *Tx) NextUpdated(updated time.Time) int64 { return max(t.NowMS(), updated.UnixMilli()+1) }

// RaiseUpdated is NextUpdated in SQL, for a row that was not read: its two arguments are NowMS.
const RaiseUpdated = "updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at + 1 END"

// NullMillis returns an instant as a column value, nil for the zero time.
func NullMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// BoolInt returns a bool as a column value.
func BoolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
