package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net"
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
	// socket is closed when the context of a transaction ends, so that its statements need not be watched one by one: a third of
	// their time. nil = there is none to close.
	socket net.Conn
	bound  bool // to the context of a transaction
}

func (db *DB) holdConn(ctx context.Context) (*heldConn, error) {
	var socket net.Conn
	conn, err := db.workers.Connx(context.WithValue(ctx, dialedKey{}, &socket))
	if err != nil {
		return nil, err
	}
	c := &heldConn{
		conn: conn, stmts: map[string]*sqlx.Stmt{}, begun: db.dialect.begin(),
		since: time.Now(), watch: db.dialect != dialectSQLite, socket: socket,
	}
	if hold := db.dialect.hold(); hold != "" {
		if _, err := conn.ExecContext(ctx, hold); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// dialedKey is the key of a context under which dial notes the connection that it made.
type dialedKey struct{}

// dial is the driver's own, and tells who asks for it.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if into, ok := ctx.Value(dialedKey{}).(*net.Conn); ok && err == nil {
		*into = conn
	}
	return conn, err
}

// bind lets the end of ctx end what runs, by closing the connection, until free is called; free reports whether it is open.
func (c *heldConn) bind(ctx context.Context) (free func() bool) {
	if c.socket == nil {
		return func() bool { return true }
	}
	c.bound = true
	stop := context.AfterFunc(ctx, func() { _ = c.socket.Close() })
	return func() bool {
		c.bound = false
		return stop()
	}
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
	if c.watch && !c.bound {
		return ctx
	}
	return context.Background()
}

// cause returns why a statement failed: that its context has ended, not that the connection was closed for it.
func (c *heldConn) cause(ctx context.Context, err error) error {
	if c.bound && ctx.Err() != nil && IsGone(err) {
		return ctx.Err()
	}
	return err
}

// ExecContext implements runner.
func (c *heldConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, done, err := c.prepare(c.within(ctx), query)
	if err != nil {
		return nil, c.cause(ctx, err)
	}
	defer done()
	result, err := stmt.ExecContext(c.within(ctx), args...)
	return result, c.cause(ctx, err)
}

// GetContext implements runner.
func (c *heldConn) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	stmt, done, err := c.prepare(c.within(ctx), query)
	if err != nil {
		return c.cause(ctx, err)
	}
	defer done()
	return c.cause(ctx, stmt.GetContext(c.within(ctx), dest, args...))
}

// SelectContext implements runner.
func (c *heldConn) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	stmt, done, err := c.prepare(c.within(ctx), query)
	if err != nil {
		return c.cause(ctx, err)
	}
	defer done()
	return c.cause(ctx, stmt.SelectContext(c.within(ctx), dest, args...))
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
