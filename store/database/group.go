package database

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxGroup bounds the acts of one commit: enough to share the cost of the disk's fsync, few enough
// to keep the first from waiting long.
const maxGroup = 64

// groupTime bounds one group's transaction, so that a stuck disk is an error instead of silence.
const groupTime = 20 * time.Second

// ErrClosed is returned for a write after Close.
var ErrClosed = errors.New("store: closed")

// groupWriter is SQLite's single writer. Acts wait in a queue; it takes all that wait, runs each
// inside a savepoint of one transaction, and commits once. A failing act is rolled back to its own
// savepoint without affecting the others. Every act is answered only after the commit that contains
// it is on disk.
type groupWriter struct {
	db   *DB
	acts *Batcher[*groupAct]
	conn *heldConn // opened at first use
}

type groupAct struct {
	ctx    context.Context
	run    func(tx *Tx) error
	err    error
	panics any
	done   chan struct{}
}

func newGroupWriter(db *DB) *groupWriter {
	g := &groupWriter{db: db}
	g.acts = NewBatcher(maxGroup, g.commit, func() {
		if g.conn != nil {
			g.conn.close()
		}
	})
	return g
}

// do queues an act and waits until it is committed or rejected. A caller that gives up while its
// act is queued withdraws it; once started, the act is waited for, so that its outcome is always
// known.
func (g *groupWriter) do(ctx context.Context, run func(tx *Tx) error) error {
	act := &groupAct{ctx: ctx, run: run, done: make(chan struct{})}
	if err := g.acts.Send(ctx, act); err != nil {
		return err
	}
	<-act.done
	if act.panics != nil {
		panic(act.panics)
	}
	return act.err
}

func (g *groupWriter) close() { g.acts.Close() }

func (g *groupWriter) commit(acts []*groupAct) {
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	if err := g.runAll(ctx, acts); err != nil {
		for _, act := range acts {
			if act.err == nil {
				act.err = err
			}
		}
	}
	for _, act := range acts {
		close(act.done)
	}
}

func (g *groupWriter) runAll(ctx context.Context, acts []*groupAct) error {
	conn, err := g.connection(ctx)
	if err != nil {
		return err
	}
	if err := conn.begin(ctx); err != nil {
		return err
	}
	if err := g.runEach(conn, acts); err != nil {
		_ = conn.rollback(ctx)
		return err
	}
	if err := conn.commit(ctx); err != nil {
		_ = conn.rollback(ctx)
		return err
	}
	return nil
}

func (g *groupWriter) runEach(conn *heldConn, acts []*groupAct) error {
	now := g.db.now()
	for _, act := range acts {
		if act.err = act.ctx.Err(); act.err != nil {
			continue
		}
		t := &Tx{
			ctx: context.Background(), db: g.db, run: conn, now: now,
			others: func() bool { return len(acts) > 1 || g.acts.Waiting() > 0 },
		}
		// A lone act needs no savepoint: the transaction is its own.
		if len(acts) == 1 {
			if act.err = act.call(t); act.err != nil {
				return act.err
			}
			continue
		}
		if err := act.within(t); err != nil {
			return err
		}
	}
	return nil
}

// connection returns the writer's connection, opening it at first use.
func (g *groupWriter) connection(ctx context.Context) (*heldConn, error) {
	if g.conn == nil {
		conn, err := g.db.holdConn(ctx)
		if err != nil {
			return nil, err
		}
		g.conn = conn
	}
	return g.conn, nil
}

// within runs the act inside a savepoint. The error it returns is one that ends the whole group.
func (a *groupAct) within(t *Tx) error {
	if _, err := t.Exec("SAVEPOINT act"); err != nil {
		return err
	}
	a.err = a.call(t)
	if a.err != nil || a.panics != nil {
		if _, err := t.Exec("ROLLBACK TO act"); err != nil {
			return err
		}
	}
	_, err := t.Exec("RELEASE act")
	return err
}

func (a *groupAct) call(t *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			a.panics = p
			err = fmt.Errorf("store: panic in a transaction: %v", p)
		}
	}()
	return a.run(t)
}
