package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	// maxWorkers bounds the connections of workers: of a server, one for the scans and three
	// for a long job, and as many again while they are replaced.
	maxWorkers = 8
	// maxStatements bounds a connection's prepared statements.
	maxStatements = 512
	// heldTime bounds a connection's life, like the pool's: when a host name moves to another
	// server, connections to the old one must end.
	heldTime = 30 * time.Minute
)

// heldConn is a connection that one goroutine holds, with its prepared statements:
// SQLite's writer has one, and on MySQL the scans and long jobs. A statement prepared before
// costs a third of one that the database has to parse again.
type heldConn struct {
	conn  *sqlx.Conn
	stmts map[string]*sqlx.Stmt
	begun string // the statement that begins a transaction; "" = any
	since time.Time
	// watch cancels statements with their context. On a local file there is nothing to cancel, and
	// watching costs more than the statement.
	watch bool
}

func (db *DB) holdConn(ctx context.Context) (*heldConn, error) {
	conn, err := db.workers.Connx(ctx)
	if err != nil {
		return nil, err
	}
	c := &heldConn{
		conn: conn, stmts: map[string]*sqlx.Stmt{}, begun: db.dialect.begin(),
		since: time.Now(), watch: db.dialect != dialectSQLite,
	}
	if hold := db.dialect.hold(); hold != "" {
		if _, err := conn.ExecContext(ctx, hold); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// begin begins a transaction. If any statement does, even a read, each use of the connection must
// end with commit or rollback.
func (c *heldConn) begin(ctx context.Context) error {
	if c.begun == "" {
		return nil
	}
	return c.plain(ctx, c.begun)
}

func (c *heldConn) commit(ctx context.Context) error { return c.plain(ctx, "COMMIT") }

// rollback fails if no transaction is open, or if the connection is lost.
func (c *heldConn) rollback(ctx context.Context) error { return c.plain(ctx, "ROLLBACK") }

func (c *heldConn) plain(ctx context.Context, query string) error {
	_, err := c.ExecContext(ctx, query)
	return err
}

// prepare returns the statement of a query; done is called after its use, and closes one that does
// not fit the cache.
func (c *heldConn) prepare(ctx context.Context, query string) (stmt *sqlx.Stmt, done func(), err error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, func() {}, nil
	}
	stmt, err = c.conn.PreparexContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	if len(c.stmts) < maxStatements {
		c.stmts[query] = stmt
		return stmt, func() {}, nil
	}
	return stmt, func() { _ = stmt.Close() }, nil
}

func (c *heldConn) within(ctx context.Context) context.Context {
	if c.watch {
		return ctx
	}
	return context.Background()
}

// ExecContext implements runner.
func (c *heldConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = c.within(ctx)
	stmt, done, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	defer done()
	return stmt.ExecContext(ctx, args...)
}

// GetContext implements runner.
func (c *heldConn) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx = c.within(ctx)
	stmt, done, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer done()
	return stmt.GetContext(ctx, dest, args...)
}

// SelectContext implements runner.
func (c *heldConn) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx = c.within(ctx)
	stmt, done, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer done()
	return stmt.SelectContext(ctx, dest, args...)
}

// close ends the connection. It never returns to the pool, where its open transaction would become
// another caller's.
func (c *heldConn) close() {
	for _, stmt := range c.stmts {
		_ = stmt.Close()
	}
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.conn.Close()
}
