// Package database is the engine below the store: the pools of a SQLite file or a MySQL or MariaDB
// server, transactions and their retries, ids, the key ring, and what makes SQL text portable. It
// knows no feature and no table but its own (node_lease, schema_migration).
//
// Only store and the packages below it import it. Differences between dialects are in dialect.go,
// how a MySQL server is reached is in reach.go, and both are nowhere else.
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"tongxing/core"
)

// Options say where the data is and how to read it.
type Options struct {
	// Exactly one of the two: a SQLite file (its folder must exist), or a DSN of
	// go-sql-driver/mysql. Parameters that the program depends on are set over it.
	SQLitePath string
	MySQLDSN   string

	Keys Keyring          // for personal data; must have at least one key
	Now  func() time.Time // nil = time.Now
	Log  *slog.Logger     // nil = nowhere

	// Wait is how long to wait for a MySQL server that does not respond; 0 = not at all.
	Wait time.Duration
	// BeforeCommit, if set, runs at the end of every act of Write: its error rolls the act back
	// like an error of the act itself. Tests use it to make acts lose a race.
	BeforeCommit func(op string) error
	// OnQuery, if set, is told every statement before it runs, outside transactions and within: for tests that count them.
	OnQuery func(query string)
}

// DB is an open database, its schema up to date. It is safe for concurrent use.
type DB struct {
	reads    *sqlx.DB
	writes   *sqlx.DB // SQLite: a pool of one; MySQL: the same pool as reads
	workers  *sqlx.DB // MySQL: of workers alone, which queue behind no page; SQLite: writes
	prepared prepared // SQLite: statements of reads
	dialect  Dialect
	group    *groupWriter // SQLite: groups waiting acts into one commit; nil on MySQL
	ids      *idMaker
	lease    *nodeLease
	keys     Keyring
	now      func() time.Time
	log      *slog.Logger
	hints    Hints

	wakers       wakers
	onChanged    map[string]func(ctx context.Context, ids []core.ID) // by their kind
	unreadable   unreadable
	beforeCommit func(op string) error // nil in production
	onQuery      func(query string)    // likewise

	closing  sync.Once
	closeErr error
}

// OpenDB connects, brings an empty or older schema up to date, and leases a node
// number for ids. A schema newer than this program is refused.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Keys.check(); err != nil {
		return nil, err
	}
	keys, err := o.Keys.ready()
	if err != nil {
		return nil, err
	}
	db := &DB{keys: keys, now: o.Now, log: o.Log, beforeCommit: o.BeforeCommit, onQuery: o.OnQuery}
	if err := db.openPools(ctx, o); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		db.closePools()
		return nil, err
	}
	if err := db.leaseNode(ctx); err != nil {
		db.closePools()
		return nil, fmt.Errorf("store: lease a node number: %w", err)
	}
	return db, nil
}

// Close finishes pending writes, releases the node number, and closes the pools. Calling it again
// does nothing and returns the same.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.lease.release()
		db.closeErr = db.closePools()
	})
	return db.closeErr
}

func (db *DB) closePools() error {
	if db.group != nil {
		db.group.close()
	}
	err := db.writes.Close()
	if db.workers != db.writes {
		if e := db.workers.Close(); err == nil {
			err = e
		}
	}
	if db.reads != db.writes {
		err = errors.Join(err, db.reads.Close())
	}
	return err
}

// Ping returns an error unless the database responds.
func (db *DB) Ping(ctx context.Context) error { return db.reads.PingContext(ctx) }

// Name returns the product in use and its version, never its address.
func (db *DB) Name(ctx context.Context) string {
	var version string
	if err := db.reads.GetContext(ctx, &version, db.dialect.versionQuery()); err != nil {
		return db.dialect.name()
	}
	return db.dialect.name() + " " + version
}

// Now returns the current time of the database's clock, which is the program's.
func (db *DB) Now() time.Time { return db.now() }

// Log returns the logger for what no caller is told.
func (db *DB) Log() *slog.Logger { return db.log }

// Keys returns the key ring for personal data.
func (db *DB) Keys() Keyring { return db.keys }

// Dialect returns what differs in the SQL of this database.
func (db *DB) Dialect() Dialect { return db.dialect }

// Serial reports whether write transactions run one after another (SQLite). If they do not, two of
// them cannot see each other's uncommitted changes.
func (db *DB) Serial() bool { return db.group != nil }

// Node returns this server's number within ids, different from every other server's.
func (db *DB) Node() int64 { return db.ids.nodeNumber() }

// NewID returns a new id that carries the time now.
func (db *DB) NewID(now time.Time) core.ID { return db.ids.make(now) }

// NewIDAt returns an id that sorts at a past moment, for imported history. Ids of
// one moment differ up to 4,096 of them.
func (db *DB) NewIDAt(at time.Time) core.ID { return db.ids.makeAt(at) }

// Reads returns All bound to a context, for functions that read either within a transaction or
// outside.
func (db *DB) Reads(ctx context.Context) func(dest any, query string, args ...any) error {
	return func(dest any, query string, args ...any) error { return db.All(ctx, dest, query, args...) }
}
