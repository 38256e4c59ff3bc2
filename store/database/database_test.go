package database

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tongxing/testkit"
)

// eachDB runs a test on every database: on SQLite, and on MariaDB, each new and empty
// but for its schema.
func eachDB(t *testing.T, test func(t *testing.T, db *DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("MariaDB", func(t *testing.T) { test(t, openDB(t, mariaOptions(t))) })
}

// eachEmpty is eachDB for tests that open by themselves, on databases that have no
// schema yet.
func eachEmpty(t *testing.T, test func(t *testing.T, o Options)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		o := testOptions()
		o.SQLitePath = filepath.Join(t.TempDir(), sqliteFile)
		test(t, o)
	})
	t.Run("MariaDB", func(t *testing.T) { test(t, mariaOptions(t)) })
}

const sqliteFile = "tongxing.db"

var emptySQLite testkit.Prepared // a database with its schema

// openSQLite opens a copy of it.
func openSQLite(t *testing.T) *DB {
	t.Helper()
	o := testOptions()
	o.SQLitePath = filepath.Join(emptySQLite.Copy(t, makeEmpty), sqliteFile)
	return openDB(t, o)
}

func makeEmpty(dir string) error {
	o := testOptions()
	o.SQLitePath = filepath.Join(dir, sqliteFile)
	db, err := Open(context.Background(), o)
	if err != nil {
		return err
	}
	return db.Close()
}

func mariaOptions(t *testing.T) Options {
	t.Helper()
	o := testOptions()
	o.MySQLDSN = testkit.MariaDB(t)
	return o
}

func openDB(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// testOptions lack a database. The clock stands at testNow; a test that moves it
// sets Now.
func testOptions() Options {
	return Options{Keys: testKeys("k1"), Now: func() time.Time { return testNow }}
}

var testNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// testKeys is a key ring whose first key, named first, encrypts; then the rest.
func testKeys(names ...string) Keyring {
	ring := Keyring{MAC: bytes.Repeat([]byte{7}, 32)}
	for _, name := range names {
		ring.Keys = append(ring.Keys, Key{ID: name, Secret: bytes.Repeat([]byte(name[len(name)-1:]), 32)})
	}
	return ring
}

// testClock is a clock that a test sets, safe for concurrent use.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// count returns the number that a query of one number reads.
func count(t *testing.T, db *DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.Get(t.Context(), &n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}
