package database

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/migrations"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		db := openDB(t, o)
		if err := db.Write(t.Context(), "test", put("test.1")); err != nil {
			t.Fatal(err)
		}
		again := openDB(t, o)
		if n := countPut(t, again); n != 1 {
			t.Errorf("%d rows after opening again, want the one that was there", n)
		}
		all, err := migrations.All()
		if err != nil {
			t.Fatal(err)
		}
		if v, err := again.SchemaVersion(t.Context()); err != nil || v != len(all) {
			t.Errorf("schema version %d, %v; want %d", v, err, len(all))
		}
		if n := count(t, db, "SELECT COUNT(*) FROM schema_migration WHERE done_at IS NULL"); n != 0 {
			t.Errorf("%d migrations not done", n)
		}
	})
}

// A table is kept in the order of its key: the key is no further index.
func TestTablesAreKeptByTheirKeys(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		db := openDB(t, o)
		if !db.Serial() {
			return // InnoDB does so by itself
		}
		for query, want := range map[string]string{
			"SELECT name FROM resident WHERE id IN (1, 2)":                 "SEARCH resident USING INTEGER PRIMARY KEY (rowid=?)",
			"SELECT subject_id FROM name_gram WHERE kind = 1 AND gram = 2": "SEARCH name_gram USING PRIMARY KEY (kind=? AND gram=?)",
		} {
			var step struct {
				ID, Parent, NotUsed int
				Detail              string
			}
			if err := db.Get(t.Context(), &step, "EXPLAIN QUERY PLAN "+query); err != nil || step.Detail != want {
				t.Errorf("%s: %s, %v; want %s", query, step.Detail, err, want)
			}
		}
	})
}

func TestServersThatStartAtOnceMigrateOnce(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		stores := make([]*DB, 4)
		errs := make([]error, len(stores))
		var wait sync.WaitGroup
		for i := range stores {
			wait.Go(func() { stores[i], errs[i] = Open(t.Context(), o) })
		}
		wait.Wait()
		nodes := map[int64]bool{}
		for i, err := range errs {
			if err != nil {
				t.Errorf("server %d: %v", i, err)
				continue
			}
			defer stores[i].Close()
			nodes[stores[i].lease.node] = true
		}
		if len(nodes) != len(stores) {
			t.Errorf("%d node numbers for %d servers", len(nodes), len(stores))
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		db := openDB(t, o)
		err := db.Write(t.Context(), "test", func(tx *Tx) error {
			_, err := tx.Exec("INSERT INTO schema_migration (version, name, begun_at, done_at) VALUES (9999, 'future', 1, 1)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), o); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("Open on a newer schema: %v", err)
		}
	})
}

// A database that was made between two releases, by a migration that has changed
// since, is told from one of today: its statements would fail one by one.
func TestOtherSchemaIsRefused(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		db := openDB(t, o)
		err := db.Write(t.Context(), "test", func(tx *Tx) error {
			_, err := tx.Exec("UPDATE schema_migration SET name = 'foundation' WHERE version = 1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), o); !errors.Is(err, ErrOtherSchema) {
			t.Errorf("Open on another schema: %v", err)
		}
	})
}

// A migration that died half way needs a person: the message says what to do.
// SQLite migrates in one transaction: there is no half.
func TestHalfDoneMigrationSaysWhatToDo(t *testing.T) {
	o := mariaOptions(t)
	db := openDB(t, o)
	if _, err := db.writes.Exec("UPDATE schema_migration SET done_at = NULL WHERE version = 1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := db.migrate(ctx); err == nil || !strings.Contains(err.Error(), "restore the backup") {
		t.Errorf("on a half-done migration: %v", err)
	}
}

func TestDatabaseMustBeNamed(t *testing.T) {
	for _, o := range []Options{{}, {SQLitePath: "a", MySQLDSN: "b"}} {
		o.Keys = testKeys("k1")
		if _, err := Open(t.Context(), o); err == nil {
			t.Errorf("Open(%q, %q): no error", o.SQLitePath, o.MySQLDSN)
		}
	}
	if _, err := Open(t.Context(), Options{MySQLDSN: "root:secret@@@", Keys: testKeys("k1")}); err == nil ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("a bad DSN: %v; must fail and not show the password", err)
	}
}
