// Package store keeps everything in SQL: SQLite in the embedded default, MySQL
// or MariaDB otherwise.
//
// One exported write method is one business act is one transaction: load,
// decide by core, save, with the audit row in the same transaction. Lists take a
// filter and cost a fixed number of queries. A table is written only by the file
// of its own stem; others may read it in joins. What differs between dialects is
// in dialect.go and nowhere else.
package store

import (
	"context"
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

	Zone *time.Location // natural days; nil = Asia/Shanghai
	Keys Keyring        // for personal data; must have at least one key
	// Settings are the configuration's, in force until an administrator saves others.
	// The zero ones are a year of records and two hours.
	Settings core.Settings
	Now      func() time.Time
	Log      *slog.Logger

	Passwords PasswordCost // of new passwords; other than zero in tests alone
}

// Store is the one concrete store. It is safe for concurrent use.
type Store struct {
	reads   *sqlx.DB
	writes  *sqlx.DB // SQLite: a pool of one; MySQL: the same pool as reads
	dialect dialect
	group   *groupWriter // SQLite: groups waiting acts into one commit; nil on MySQL
	scans   *scanQueue
	ids     *idMaker
	lease   *nodeLease
	keys    Keyring
	zone    *time.Location
	now     func() time.Time
	log     *slog.Logger

	subjects  subjectWatch
	passwords PasswordCost

	closing  sync.Once
	closeErr error
	settings keptSettings
}

// Open connects, brings an empty or older schema up to date, and leases a node
// number for ids. A schema newer than this program is refused.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		s.closePools()
		return nil, err
	}
	if err := s.leaseNode(ctx); err != nil {
		s.closePools()
		return nil, fmt.Errorf("store: lease a node number: %w", err)
	}
	s.startScans()
	return s, nil
}

func connect(ctx context.Context, o Options) (*Store, error) {
	if o.Zone == nil {
		zone, err := time.LoadLocation("Asia/Shanghai")
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		o.Zone = zone
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Keys.check(); err != nil {
		return nil, err
	}
	if o.Settings == (core.Settings{}) {
		o.Settings = core.Settings{RecordDays: 365, ConsoleIdleMinutes: 120}
	}
	s := &Store{keys: o.Keys, passwords: o.Passwords, zone: o.Zone, now: o.Now, log: o.Log}
	s.settings.configured = o.Settings
	if err := s.openPools(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

// Close finishes the writes that wait and closes the pools. Closing again does
// nothing and gives the same.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Store) close() error {
	if s.scans != nil {
		s.scans.close()
	}
	if s.lease != nil {
		s.lease.release()
	}
	return s.closePools()
}

func (s *Store) closePools() error {
	if s.group != nil {
		s.group.close()
	}
	err := s.writes.Close()
	if s.reads != s.writes {
		if e := s.reads.Close(); err == nil {
			err = e
		}
	}
	return err
}

// Ping asks the database for a sign of life.
func (s *Store) Ping(ctx context.Context) error { return s.reads.PingContext(ctx) }

// Zone is the deployment's zone, in which natural days are counted.
func (s *Store) Zone() *time.Location { return s.zone }

// Now is the store's clock.
func (s *Store) Now() time.Time { return s.now() }

// Node is this server's number within ids, unlike that of every other server.
func (s *Store) Node() int64 { return s.ids.nodeNumber() }

// NewID makes an id at the present moment.
func (s *Store) NewID() core.ID { return s.ids.make(s.now()) }

// DatabaseName says which database is in use, for the about page and the log:
// the product and its version, never the address.
func (s *Store) DatabaseName(ctx context.Context) string {
	var version string
	if err := s.reads.GetContext(ctx, &version, s.dialect.versionQuery()); err != nil {
		return s.dialect.name()
	}
	return s.dialect.name() + " " + version
}
