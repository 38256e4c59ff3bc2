package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// groupMost bounds the acts of one commit: enough to share the price of the
// disk's fsync, few enough to keep the first from waiting long.
const groupMost = 64

// groupTime bounds one group's transaction, so that a stuck disk is an error
// rather than silence.
const groupTime = 20 * time.Second

// errClosed is a write after Close.
var errClosed = errors.New("store: closed")

// groupWriter is SQLite's one writer. Acts wait in a queue; it takes all that
// wait, runs each inside a savepoint of one transaction, and commits once. An
// act that fails is rolled back to its savepoint alone and the others stand.
// Every act is answered only after the commit that holds it is on the disk.
type groupWriter struct {
	s     *Store
	queue chan *groupAct
	conn  *writerConn  // opened at first use
	mu    sync.RWMutex // guards closed against a send on the queue
	ended bool
	done  chan struct{}
}

type groupAct struct {
	ctx    context.Context
	run    func(tx *Tx) error
	err    error
	panics any
	done   chan struct{}
}

func newGroupWriter(s *Store) *groupWriter {
	g := &groupWriter{
		s:     s,
		queue: make(chan *groupAct, 4*groupMost),
		done:  make(chan struct{}),
	}
	go g.loop()
	return g
}

// do queues an act and waits until it is committed or refused. A caller that
// gives up while its act waits in the queue takes it back; once begun, the act
// is waited for, so that its outcome is always known.
func (g *groupWriter) do(ctx context.Context, run func(tx *Tx) error) error {
	act := &groupAct{ctx: ctx, run: run, done: make(chan struct{})}
	if err := g.send(ctx, act); err != nil {
		return err
	}
	<-act.done
	if act.panics != nil {
		panic(act.panics)
	}
	return act.err
}

func (g *groupWriter) send(ctx context.Context, act *groupAct) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.ended {
		return errClosed
	}
	select {
	case g.queue <- act:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *groupWriter) close() {
	g.mu.Lock()
	if g.ended {
		g.mu.Unlock()
		return
	}
	g.ended = true
	close(g.queue)
	g.mu.Unlock()
	<-g.done
}

func (g *groupWriter) loop() {
	defer close(g.done)
	defer func() {
		if g.conn != nil {
			g.conn.close()
		}
	}()
	for first := range g.queue {
		acts := []*groupAct{first}
	drain:
		for len(acts) < groupMost {
			select {
			case act, ok := <-g.queue:
				if !ok {
					break drain
				}
				acts = append(acts, act)
			default:
				break drain
			}
		}
		g.commit(acts)
	}
}

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
	if err := conn.begin(); err != nil {
		return err
	}
	if err := g.runEach(conn, acts); err != nil {
		conn.rollback()
		return err
	}
	if err := conn.commit(); err != nil {
		conn.rollback()
		return err
	}
	return nil
}

func (g *groupWriter) runEach(conn *writerConn, acts []*groupAct) error {
	now := g.s.now()
	for _, act := range acts {
		if act.err = act.ctx.Err(); act.err != nil {
			continue
		}
		t := &Tx{ctx: context.Background(), s: g.s, run: conn, now: now}
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

// connection gives the writer's connection, opening it at first use.
func (g *groupWriter) connection(ctx context.Context) (*writerConn, error) {
	if g.conn == nil {
		conn, err := g.s.writes.Connx(ctx)
		if err != nil {
			return nil, err
		}
		g.conn = &writerConn{conn: conn, stmts: map[string]*sqlx.Stmt{}}
	}
	return g.conn, nil
}

// within runs the act inside a savepoint. The error it gives is one that ends
// the whole group.
func (a *groupAct) within(t *Tx) error {
	if _, err := t.exec("SAVEPOINT act"); err != nil {
		return err
	}
	a.err = a.call(t)
	if a.err != nil || a.panics != nil {
		if _, err := t.exec("ROLLBACK TO act"); err != nil {
			return err
		}
	}
	_, err := t.exec("RELEASE act")
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

// statementsMost bounds the cache of prepared statements; past it statements
// are prepared for the one use.
const statementsMost = 512

// writerConn is the writer's connection with its prepared statements. Only the
// writer's goroutine uses it. Statements run without a context: on a local file
// there is nothing to cancel, and watching one costs more than they do.
type writerConn struct {
	conn  *sqlx.Conn
	stmts map[string]*sqlx.Stmt
}

func (c *writerConn) begin() error  { return c.plain("BEGIN IMMEDIATE") }
func (c *writerConn) commit() error { return c.plain("COMMIT") }
func (c *writerConn) rollback()     { _ = c.plain("ROLLBACK") } // fails only where none is open

func (c *writerConn) plain(query string) error {
	_, err := c.ExecContext(context.Background(), query)
	return err
}

// prepare gives the statement of a query; done is called after its use, and
// closes one that the cache has no room for.
func (c *writerConn) prepare(query string) (stmt *sqlx.Stmt, done func(), err error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, func() {}, nil
	}
	stmt, err = c.conn.PreparexContext(context.Background(), query)
	if err != nil {
		return nil, nil, err
	}
	if len(c.stmts) < statementsMost {
		c.stmts[query] = stmt
		return stmt, func() {}, nil
	}
	return stmt, func() { _ = stmt.Close() }, nil
}

func (c *writerConn) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	stmt, done, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	defer done()
	return stmt.Exec(args...)
}

func (c *writerConn) GetContext(_ context.Context, dest any, query string, args ...any) error {
	stmt, done, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer done()
	return stmt.Get(dest, args...)
}

func (c *writerConn) SelectContext(_ context.Context, dest any, query string, args ...any) error {
	stmt, done, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer done()
	return stmt.Select(dest, args...)
}

func (c *writerConn) close() {
	for _, stmt := range c.stmts {
		_ = stmt.Close()
	}
	_ = c.conn.Close()
}
