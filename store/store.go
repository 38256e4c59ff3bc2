// Package store stores everything in SQL: in SQLite by default, otherwise in MySQL or MariaDB.
//
// An exported method that writes is one business act and one transaction: load, decide by core,
// save, write the audit row. Lists take a filter and cost a fixed number of queries. A table is
// written only by the file of its own stem; others may read it in joins.
//
// Pools, transactions, ids and the key ring are in package database below. Other packages can only
// use the exported methods here: they have no access to the database.
package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Keyring encrypts personal data; Key is one of its keys.
type (
	Keyring = database.Keyring
	Key     = database.Key
)

// What acts pass to Tx.Changed, so that what others keep of it in memory is forgotten.
const (
	changedUsers   = "wechatuser" // who are somebody else by now
	changedReaders = "reader"     // whose settings, secret or scope are others
)

// AuditAnchor is a line of the audit log that somebody noted outside the database.
type AuditAnchor = audit.Anchor

// ParseAuditAnchor reads seq:hash, as a check prints it.
func ParseAuditAnchor(text string) (AuditAnchor, error) { return audit.ParseAnchor(text) }

// Options are where the data is and how to read it.
type Options struct {
	// Exactly one of the two: a SQLite file (its folder must exist), or a DSN of
	// go-sql-driver/mysql. Parameters that the program depends on override its own.
	SQLitePath string
	MySQLDSN   string

	Zone *time.Location // natural days; nil = Asia/Shanghai
	Keys Keyring        // for personal data; must have at least one key
	// Settings are the configuration's, in force until an administrator saves others. Zero values
	// mean a year of records and two hours.
	Settings core.Settings
	// WechatApps are the configuration file's accounts of WeChat: at most one of a kind.
	WechatApps []KeyedWechatApp
	Now        func() time.Time
	Log        *slog.Logger

	// Wait is how long to wait for a MySQL server that does not respond; 0 = not at all.
	Wait time.Duration

	Passwords PasswordCost // of new passwords; other than zero in tests alone

	beforeCommit func(op string) error // of database.Options, for tests
	onQuery      func(query string)    // likewise
}

// Store is the one concrete store. It is safe for concurrent use.
type Store struct {
	db     *database.DB
	scans  *scanQueue
	outbox *outbox.Box
	zone   *time.Location

	invites *inviteQueue

	sessions  core.Signer // of their tokens
	subjects  subjectWatch
	readers   readerWatch
	passwords passwords
	settings  keptSettings
	wechat    keptWechatApps
	counted   keptCounts[counted]
	totals    keptCounts[core.RecordTotals]
}

// Open connects, migrates an empty or older schema, and leases a node number for ids. It refuses a
// schema newer than this program, and keys other than those that the data was made with.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Zone == nil {
		zone, err := time.LoadLocation("Asia/Shanghai")
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		o.Zone = zone
	}
	if o.Settings == (core.Settings{}) {
		o.Settings = core.Settings{RecordDays: 365, ConsoleIdleMinutes: 120}
	}
	o.Settings.ReviewDays = cmp.Or(o.Settings.ReviewDays, core.DefaultReviewDays)
	o.Settings.ReviewPhotoDays = cmp.Or(o.Settings.ReviewPhotoDays, core.DefaultReviewPhotoDays)
	o.Settings.Quiet = cmp.Or(o.Settings.Quiet, core.DefaultQuiet)
	db, err := database.Open(ctx, database.Options{
		SQLitePath: o.SQLitePath, MySQLDSN: o.MySQLDSN, Keys: o.Keys, Now: o.Now, Log: o.Log, Wait: o.Wait,
		BeforeCommit: o.beforeCommit, OnQuery: o.onQuery,
	})
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, outbox: outbox.New(db, tellStop, askFollower), passwords: passwords{o.Passwords, newTurns()}, zone: o.Zone,
		sessions: sessionSigner(db.Keys()),
	}
	db.OnChanged(changedUsers, func(ctx context.Context, users []core.ID) { s.subjectsChanged(ctx, core.SessionWechat, users) })
	db.OnChanged(changedReaders, s.readersChanged)
	s.settings.configured = o.Settings
	s.settings.configured.Updated = neverSaved
	s.wechat.configured = o.WechatApps
	if err := s.checkKeys(ctx); err != nil {
		_ = db.Close() // nothing was written: the error about the keys is what matters
		return nil, err
	}
	s.startScans()
	s.startInvites()
	return s, nil
}

// HasTables reports whether this program has used a database before. It reads only the options that
// name the database.
func HasTables(ctx context.Context, o Options) (bool, error) {
	return database.HasTables(ctx, database.Options{SQLitePath: o.SQLitePath, MySQLDSN: o.MySQLDSN, Log: o.Log, Wait: o.Wait})
}

// Close finishes pending writes and closes the database. Calling it again does nothing and returns
// the same.
func (s *Store) Close() error {
	s.scans.close()
	s.invites.close()
	return s.db.Close()
}

// Unreadable returns how many encrypted values could not be decrypted since the start.
func (s *Store) Unreadable() int64 { return s.db.Unreadable() }

// Outbox returns what workers and callbacks need of the outbox. Acts of the store put messages into it by
// themselves; its ledger is Messages.
func (s *Store) Outbox() *outbox.Box { return s.outbox }

// Ping returns an error unless the database responds.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Zone returns the deployment's zone, in which natural days are counted.
func (s *Store) Zone() *time.Location { return s.zone }

// Now returns the time of the store's clock.
func (s *Store) Now() time.Time { return s.db.Now() }

// Node returns this server's number within ids, different from every other server's.
func (s *Store) Node() int64 { return s.db.Node() }

// NewID returns an id at the current time.
func (s *Store) NewID() core.ID { return s.db.NewID(s.db.Now()) }

// DatabaseName returns the database product in use and its version, for the about page and the log;
// never the address.
func (s *Store) DatabaseName(ctx context.Context) string { return s.db.Name(ctx) }

// SchemaVersion returns the number of the newest migration started; 0 = none.
func (s *Store) SchemaVersion(ctx context.Context) (int, error) { return s.db.SchemaVersion(ctx) }

// readAll reads rows, inside a transaction or outside.
type readAll func(dest any, query string, args ...any) error

// allOf returns what reads outside a transaction.
func (s *Store) allOf(ctx context.Context) readAll {
	return func(dest any, query string, args ...any) error { return s.db.All(ctx, dest, query, args...) }
}
