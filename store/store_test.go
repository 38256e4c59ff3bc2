package store

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tongxing/store/database"
	"tongxing/testkit"

	"github.com/jmoiron/sqlx"
)

// eachStore runs a test on every database: on SQLite, and on MariaDB, each new
// and empty but for its schema.
func eachStore(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	eachClocked(t, func(t *testing.T, s *Store, _ *testClock) { test(t, s) })
}

// eachClocked is eachStore for tests that move the store's clock.
func eachClocked(t *testing.T, test func(t *testing.T, s *Store, clock *testClock)) {
	t.Helper()
	open := func(t *testing.T, o Options) {
		clock := newTestClock()
		o.Now = clock.Now
		test(t, openStore(t, o), clock)
	}
	t.Run("SQLite", func(t *testing.T) {
		o := testOptions()
		o.SQLitePath = filepath.Join(emptySQLite.Copy(t, makeEmpty), sqliteFile)
		open(t, o)
	})
	t.Run("MariaDB", func(t *testing.T) { open(t, mariaOptions(t)) })
}

// eachDatabase is eachStore for tests that open by themselves, on databases that
// have no schema yet.
func eachDatabase(t *testing.T, test func(t *testing.T, o Options)) {
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

func makeEmpty(dir string) error {
	o := testOptions()
	o.SQLitePath = filepath.Join(dir, sqliteFile)
	s, err := Open(context.Background(), o)
	if err != nil {
		return err
	}
	return s.Close()
}

// onMariaDB is eachStore for what SQLite cannot show; the test says why. other is
// a pool beside the store's.
func onMariaDB(t *testing.T, test func(t *testing.T, s *Store, other *sqlx.DB)) {
	t.Helper()
	o := mariaOptions(t)
	other, err := sqlx.Open("mysql", o.MySQLDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	test(t, openStore(t, o), other)
}

func mariaOptions(t *testing.T) Options {
	t.Helper()
	o := testOptions()
	o.MySQLDSN = testkit.MariaDB(t)
	return o
}

func openStore(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// testOptions lack a database. The clock stands at testNow; a test that moves it
// sets Now.
func testOptions() Options {
	return Options{
		Zone:      testZone,
		Keys:      testKeys("k1"),
		Passwords: PasswordCost{Memory: 8, Passes: 1},
		Now:       func() time.Time { return testNow },
	}
}

// testNow is noon of 2026-11-20, a Friday, in testZone.
var (
	testZone = time.FixedZone("CST", 8*3600)
	testNow  = time.Date(2026, 11, 20, 12, 0, 0, 0, testZone)
)

// testKeys is a key ring whose first key, named first, encrypts; then the rest.
func testKeys(names ...string) database.Keyring {
	ring := database.Keyring{MAC: bytes.Repeat([]byte{7}, 32)}
	for _, name := range names {
		ring.Keys = append(ring.Keys, database.Key{ID: name, Secret: bytes.Repeat([]byte(name[len(name)-1:]), 32)})
	}
	return ring
}

// testClock is a clock that a test sets, safe for concurrent use.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock { return &testClock{now: testNow} }

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

func TestScanAfterClose(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close again: %v", err)
		}
		if _, err := s.Scan(t.Context(), ScanAttempt{}); err == nil {
			t.Error("a scan after Close was decided")
		}
	})
}
