package estate

import (
	"context"
	"path/filepath"
	"testing"

	"tongxing/store"
	"tongxing/testkit"
)

// Passwords is the minimum cost of a password digest. Tests make many.
var Passwords = store.PasswordCost{Memory: 8, Passes: 1}

// Store opens a store with Keys and Passwords: on the database in o, or on an empty embedded one.
// It is closed with the test, if not before.
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

// SQLite returns the file of a new, empty embedded database.
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
