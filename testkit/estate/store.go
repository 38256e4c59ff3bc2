package estate

import (
	"context"
	"path/filepath"
	"testing"

	"tongxing/store"
	"tongxing/testkit"
)

// Passwords is the least that a password's digest can cost. Tests make many.
var Passwords = store.PasswordCost{Memory: 8, Passes: 1}

// Store opens a store under Keys and with cheap Passwords: on the database that o
// names, or on an empty embedded one of the test's own. It is closed with the test,
// if not before.
func Store(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	if o.SQLitePath == "" && o.MySQLDSN == "" {
		o.SQLitePath = SQLite(t)
	}
	o.Keys, o.Passwords = Keys(), Passwords
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const file = "tongxing.db"

var empty testkit.Prepared // an embedded database with its schema

// SQLite gives the file of an empty embedded database of the test's own.
func SQLite(t testing.TB) string {
	t.Helper()
	return filepath.Join(empty.Copy(t, makeEmpty), file)
}

func makeEmpty(dir string) error {
	s, err := store.Open(context.Background(), store.Options{SQLitePath: filepath.Join(dir, file), Keys: Keys()})
	if err != nil {
		return err
	}
	return s.Close()
}
