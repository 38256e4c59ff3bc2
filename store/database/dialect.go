package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Dialect is all that differs between SQLite and MySQL or MariaDB.
type Dialect int

const (
	dialectSQLite Dialect = iota
	dialectMySQL
)

const (
	// rowLockTimeout bounds the wait for another's row. Transactions take
	// milliseconds: a row locked for longer is that of a server which lost its power
	// half way, and the others waiting in the same batch must still be answered.
	rowLockTimeout = time.Second
	// lockTimeout bounds the wait for a SQLite file that another process opens.
	lockTimeout = 5 * time.Second
)

func (d Dialect) name() string {
	if d == dialectSQLite {
		return "SQLite"
	}
	return "MySQL"
}

func (d Dialect) versionQuery() string {
	if d == dialectSQLite {
		return "SELECT sqlite_version()"
	}
	return "SELECT VERSION()"
}

// hold returns the statement that prepares a held connection for transactions; "" = nothing to do.
// On MySQL the first statement begins one implicitly: a separate BEGIN would be a round trip.
func (d Dialect) hold() string {
	if d == dialectSQLite {
		return ""
	}
	return "SET autocommit = 0"
}

// begin returns the statement that begins a writing transaction on a held connection; "" if its
// first statement does.
func (d Dialect) begin() string {
	if d == dialectSQLite {
		return "BEGIN IMMEDIATE"
	}
	return ""
}

// ForUpdate returns the end of a SELECT that locks what it reads. SQLite needs none: its write
// transactions hold the single write lock from BEGIN on.
func (d Dialect) ForUpdate() string {
	if d == dialectSQLite {
		return ""
	}
	return " FOR UPDATE"
}

// ForUpdateFree is ForUpdate that leaves out the rows that another transaction has locked, instead of waiting for it.
func (d Dialect) ForUpdateFree() string {
	if d == dialectSQLite {
		return ""
	}
	return " FOR UPDATE SKIP LOCKED"
}

// Locks reports whether rows are locked one by one. If they are not, no other writes while an act runs.
func (d Dialect) Locks() bool { return d != dialectSQLite }

// ForShare returns the end of a SELECT that keeps others from changing what it reads, but not from reading it likewise.
func (d Dialect) ForShare() string {
	if d == dialectSQLite {
		return ""
	}
	return " LOCK IN SHARE MODE"
}

// InsertIgnore returns the start of an INSERT that does nothing if a unique key is taken.
func (d Dialect) InsertIgnore() string {
	if d == dialectSQLite {
		return "INSERT OR IGNORE INTO "
	}
	return "INSERT IGNORE INTO "
}

// InsertOrEnd returns the start of an INSERT in an act that ends if a row is refused. SQLite then need not keep what it
// would take to undo this statement alone.
func (d Dialect) InsertOrEnd() string {
	if d == dialectSQLite {
		return "INSERT OR FAIL INTO "
	}
	return InsertInto
}

// ForceIndex returns a hint to follow a table's name (and alias) in a list of one community that
// pages by id. MariaDB finds the community in the index but then walks it from its end, not from
// the cursor, so that deep pages get slower and slower; told to use the index, it starts at the
// cursor. SQLite does so by itself.
func (d Dialect) ForceIndex(name string) string {
	if d == dialectSQLite {
		return ""
	}
	return " FORCE INDEX (" + name + ")"
}

// UseIndex is ForceIndex for a query in which SQLite, too, would choose a different index.
func (d Dialect) UseIndex(name string) string {
	if d == dialectSQLite {
		return " INDEXED BY " + name
	}
	return d.ForceIndex(name)
}

// AmongKeys returns the right side of an IN of several columns that are found by their index: SQLite walks the table unless the
// list is a subquery.
func (d Dialect) AmongKeys(list string) string {
	if d == dialectSQLite {
		return "(SELECT * FROM (VALUES " + list + "))"
	}
	return "(" + list + ")"
}

// ByKey returns a hint to follow a table's name in a query with ids of rows: both databases would sometimes walk all rows
// of the community instead.
func (d Dialect) ByKey() string {
	if d == dialectSQLite {
		return " NOT INDEXED" // by the primary key, that is
	}
	return d.ForceIndex("PRIMARY")
}

// ThenJoin returns a join of a table that must be looked up for each row of the one before: both
// optimizers would sometimes reverse that.
func (d Dialect) ThenJoin() string {
	if d == dialectSQLite {
		return " CROSS JOIN "
	}
	return " STRAIGHT_JOIN "
}

// IsDuplicate reports whether err is a violated unique key.
func IsDuplicate(err error) bool {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1062
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || s.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsRetryable reports whether a transaction lost a race for locks and changed nothing: deadlock,
// lock wait timeout, busy.
func IsRetryable(err error) bool {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1213 || m.Number == 1205 || m.Number == 1020
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// IsLocked reports whether waiting for another transaction's lock timed out.
func IsLocked(err error) bool {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1205
	}
	var s *sqlite.Error
	return errors.As(err, &s) && s.Code()&0xff == sqlite3.SQLITE_BUSY
}

// IsGone reports whether the database cannot be reached or cannot store anything: other queries at
// the same time would fail too.
func IsGone(err error) bool {
	var network net.Error // a context's deadline too
	if errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, ErrClosed) {
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, mysql.ErrInvalidConn, sql.ErrConnDone} {
		if errors.Is(err, gone) {
			return true
		}
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		switch s.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
			sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return true
		}
	}
	return false
}

func (db *DB) openPools(ctx context.Context, o Options) error {
	if (o.SQLitePath == "") == (o.MySQLDSN == "") {
		return errors.New("store: name a SQLite file or a MySQL DSN, not both")
	}
	if o.MySQLDSN != "" {
		return db.openMySQL(ctx, o)
	}
	return db.openSQLite(ctx, o.SQLitePath)
}

func (db *DB) openSQLite(ctx context.Context, path string) error {
	db.dialect = dialectSQLite
	writes, err := sqlx.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return fmt.Errorf("store: open SQLite: %w", err)
	}
	// One writer: several would wait for each other blindly and starve.
	writes.SetMaxOpenConns(1)
	if err := awaitSQLite(ctx, writes); err != nil {
		writes.Close()
		return fmt.Errorf("store: open SQLite file: %w", err)
	}
	reads, err := sqlx.Open("sqlite", sqliteDSN(path, true))
	if err != nil {
		writes.Close()
		return fmt.Errorf("store: open SQLite: %w", err)
	}
	reads.SetMaxOpenConns(8)
	reads.SetMaxIdleConns(8)
	db.writes, db.reads, db.workers = writes, reads, writes
	db.group = newGroupWriter(db)
	return nil
}

// awaitSQLite makes the first connection. If two processes open a new file at once, one turns it
// into a WAL file and the other gets "busy" without the wait that busy_timeout asks for.
func awaitSQLite(ctx context.Context, db *sqlx.DB) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if !IsRetryable(err) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// sqliteDSN reads through a cache of 16 MB a connection. Mapping the file instead
// gained nothing on lists of a million records, and counted as memory. The one writer has up to 64 MB: the indexes that a
// long import writes all over fit, and are not read from the file again for each part. The log is copied into the file
// when it has 16 MB instead of 4: pages that are written again and again are copied once.
func sqliteDSN(path string, readOnly bool) string {
	q := url.Values{}
	for _, pragma := range []string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	} {
		q.Add("_pragma", pragma)
	}
	q.Set("_time_format", "datetime")
	q.Set("_timezone", "UTC")
	q.Set("_dqs", "0")
	if readOnly {
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-16000)")
	} else {
		q.Add("_pragma", "cache_size(-64000)")
		q.Add("_pragma", "wal_autocheckpoint(4000)")
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (db *DB) openMySQL(ctx context.Context, o Options) error {
	db.dialect = dialectMySQL
	config, err := mysql.ParseDSN(o.MySQLDSN)
	if err != nil {
		return errors.New("store: the MySQL DSN cannot be read; want user:password@tcp(host:port)/database")
	}
	config.ParseTime, config.Loc = true, time.UTC
	config.ClientFoundRows, config.InterpolateParams = true, true
	config.MultiStatements, config.DialFunc = false, dial
	if config.Timeout == 0 {
		config.Timeout = 5 * time.Second
	}
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	if err := forceCharset(config); err != nil {
		return fmt.Errorf("store: open MySQL: %w", err)
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["innodb_lock_wait_timeout"] = fmt.Sprint(int(rowLockTimeout.Seconds()))
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
	if err := reachMySQL(ctx, config, o); err != nil {
		return err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("store: open MySQL: %w", err)
	}
	pool := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	pool.SetConnMaxLifetime(30 * time.Minute)
	db.writes, db.reads = pool, pool
	// A door does not wait for a connection used by pages: each worker has its own.
	db.workers = sqlx.NewDb(sql.OpenDB(connector), "mysql")
	db.workers.SetMaxOpenConns(maxWorkers)
	db.workers.SetConnMaxLifetime(30 * time.Minute)
	return nil
}

// tableExistsQuery counts the tables of a name.
func (d Dialect) tableExistsQuery() string {
	if d == dialectSQLite {
		return "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
	}
	return "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
}

// transactionalDDL reports whether a schema change can be rolled back. MySQL commits at each DDL
// statement.
func (d Dialect) transactionalDDL() bool { return d == dialectSQLite }
