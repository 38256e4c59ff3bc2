package database

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Worker writes for one goroutine that writes continuously: the scans, or a long import. On MySQL it holds its own connection
// with prepared statements; on SQLite it uses the single writer that all share.
type Worker struct {
	db   *DB
	conn *heldConn // opened at first use; nil on SQLite
}

// NewWorker returns a worker, whose goroutine closes it before the database.
func (db *DB) NewWorker() *Worker { return &Worker{db: db} }

// Beside reports whether the worker can write while others do.
func (w *Worker) Beside() bool { return w.db.group == nil }

// Close returns the worker's connection up.
func (w *Worker) Close() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

// errUnwritten marks the failure of an act that had written nothing yet.
type errUnwritten struct{ error }

func (e errUnwritten) Unwrap() error { return e.error }

// Unwritten marks the error of a Worker's act that had written nothing yet, so that the act can be
// repeated on a new connection if this one turns out to be dead.
func Unwritten(err error) error { return errUnwritten{err} }

// Write runs act, named by op, in one transaction, once: a lost race is the caller's concern. A failing
// transaction is rolled back; a connection that cannot be rolled back is closed, which makes the
// server undo everything. If a connection turns out to be dead before anything was written, as
// after a server restart, act is run once more on a new one.
func (w *Worker) Write(ctx context.Context, op string, act func(tx *Tx) error) error {
	if w.db.beforeCommit != nil {
		act = w.db.endedBy(op, act)
	}
	return w.write(ctx, act)
}

func (w *Worker) write(ctx context.Context, act func(tx *Tx) error) error {
	if w.db.group != nil {
		return w.db.group.do(ctx, act)
	}
	for {
		fresh := w.conn == nil || time.Since(w.conn.since) > heldTime
		if fresh {
			w.Close()
			conn, err := w.db.holdConn(ctx)
			if err != nil {
				return err
			}
			w.conn = conn
		}
		err := w.transact(ctx, act)
		var unwritten errUnwritten
		if err == nil || fresh || !errors.As(err, &unwritten) || !IsGone(err) || ctx.Err() != nil {
			return err
		}
	}
}

// Act is DB.Write on the worker's connection: for long work of many acts alike, whose statements are parsed once.
func (w *Worker) Act(ctx context.Context, op string, act func(tx *Tx) error) error {
	run := func(ctx context.Context, act func(tx *Tx) error) error {
		return w.write(ctx, func(tx *Tx) error {
			if w.conn != nil {
				if err := w.conn.conn.PingContext(ctx); err != nil {
					return Unwritten(err)
				}
			}
			return act(tx)
		})
	}
	return w.db.writeBy(ctx, run, op, act)
}

// transact leaves no transaction open, even after a panic.
func (w *Worker) transact(ctx context.Context, act func(tx *Tx) error) (err error) {
	done, free := false, w.conn.bind(ctx)
	defer func() {
		undone := done || !IsGone(err) && w.conn.rollback(ctx) == nil
		if open := free(); !undone || !open {
			w.Close()
		}
	}()
	if err := cmp.Or(ctx.Err(), w.conn.begin(ctx)); err != nil {
		return Unwritten(err)
	}
	if err := act(&Tx{ctx: ctx, db: w.db, run: w.conn, now: w.db.now()}); err != nil {
		return err
	}
	err = w.conn.commit(ctx)
	done = err == nil
	return err
}
