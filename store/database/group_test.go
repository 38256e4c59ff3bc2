package database

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The acts of these tests write rows of the table setting.

func put(name string) func(tx *Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES (?, '', 0)", name)
		return err
	}
}

func countPut(t *testing.T, db *DB) int {
	t.Helper()
	return count(t, db, "SELECT COUNT(*) FROM setting WHERE name LIKE 'test.%'")
}

// together runs acts while another holds the writer, so that on SQLite they share
// one commit.
func together(t *testing.T, db *DB, acts ...func(tx *Tx) error) []error {
	t.Helper()
	begun, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := db.Write(t.Context(), "hold", func(*Tx) error {
			close(begun)
			<-release
			return nil
		})
		if err != nil {
			t.Errorf("hold: %v", err)
		}
	})
	<-begun
	errs := make([]error, len(acts))
	for i, act := range acts {
		wait.Go(func() { errs[i] = db.Write(t.Context(), "test", act) })
	}
	if db.group != nil {
		awaitQueue(t, db, len(acts))
	}
	close(release)
	wait.Wait()
	return errs
}

// awaitQueue waits until n acts wait for the writer.
func awaitQueue(t *testing.T, db *DB, n int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for len(db.group.acts.queue) < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d acts wait, want %d", len(db.group.acts.queue), n)
		}
		time.Sleep(time.Millisecond)
	}
}

// An INSERT that is refused half way leaves none of its rows, alone and beside other acts.
func TestInsertOrEndLeavesNothing(t *testing.T) {
	refused := func(tx *Tx) error {
		rows := [][]any{{"test.1", "", 0}, {"test.2", "", 0}, {"test.1", "", 0}}
		return InsertRows(tx, tx.Dialect().InsertOrEnd(), "setting", "name, value, updated_at", rows)
	}
	eachDB(t, func(t *testing.T, db *DB) {
		if err := db.Write(t.Context(), "test", refused); !IsDuplicate(err) || countPut(t, db) != 0 {
			t.Errorf("alone: %v, %d rows", err, countPut(t, db))
		}
		errs := together(t, db, put("test.3"), refused, put("test.4"))
		if errs[0] != nil || !IsDuplicate(errs[1]) || errs[2] != nil || countPut(t, db) != 2 {
			t.Errorf("beside others: %v, %d rows", errs, countPut(t, db))
		}
	})
}

func TestFailingActLeavesTheOthers(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		refused := errors.New("refused")
		errs := together(t, db,
			put("test.1"),
			func(tx *Tx) error {
				if err := put("test.2")(tx); err != nil {
					return err
				}
				return refused
			},
			put("test.3"),
			func(tx *Tx) error {
				if err := put("test.4")(tx); err != nil {
					return err
				}
				return put("test.4")(tx) // the key is taken
			},
			put("test.5"),
		)
		if errs[0] != nil || errs[2] != nil || errs[4] != nil {
			t.Errorf("good acts failed: %v", errs)
		}
		if !errors.Is(errs[1], refused) || !IsDuplicate(errs[3]) {
			t.Errorf("bad acts: %v, %v", errs[1], errs[3])
		}
		if n := countPut(t, db); n != 3 {
			t.Errorf("%d rows, want the 3 of the good acts", n)
		}
	})
}

func TestPanicRollsBackAndPassesOn(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		for _, others := range []int{0, 3} {
			acts := []func(tx *Tx) error{func(tx *Tx) error {
				if err := put("test.panic")(tx); err != nil {
					return err
				}
				panic("broken")
			}}
			for i := range others {
				acts = append(acts, put(fmt.Sprintf("test.%d", i)))
			}
			panicked := make(chan any, 1)
			first := acts[0]
			acts[0] = nil
			if others == 0 {
				func() {
					defer func() { panicked <- recover() }()
					_ = db.Write(t.Context(), "test", first)
				}()
			} else {
				acts[0] = func(tx *Tx) error { return nil }
				go func() {
					defer func() { panicked <- recover() }()
					_ = db.Write(t.Context(), "test", first)
				}()
				for i, err := range together(t, db, acts...) {
					if err != nil {
						t.Errorf("act %d: %v", i, err)
					}
				}
			}
			if p := <-panicked; p != "broken" {
				t.Errorf("with %d others the caller saw %v, want the panic", others, p)
			}
			if n := countPut(t, db); n != others {
				t.Errorf("%d rows, want %d", n, others)
			}
		}
	})
}

func TestWriteAfterClose(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		db, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := db.Write(t.Context(), "test", put("test.1")); err == nil {
			t.Error("a write after Close went through")
		}
	})
}

// A caller who gives up while the act waits takes it back.
func TestCancelledWhileWaiting(t *testing.T) {
	o := testOptions()
	o.SQLitePath = filepath.Join(t.TempDir(), "tongxing.db")
	db := openDB(t, o)
	begun, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		_ = db.Write(t.Context(), "hold", func(*Tx) error {
			close(begun)
			<-release
			return nil
		})
	})
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled, kept error
	wait.Go(func() { cancelled = db.Write(ctx, "test", put("test.cancelled")) })
	wait.Go(func() { kept = db.Write(t.Context(), "test", put("test.kept")) })
	awaitQueue(t, db, 2)
	cancel()
	close(release)
	wait.Wait()
	if !errors.Is(cancelled, context.Canceled) || kept != nil {
		t.Errorf("cancelled act: %v; the other: %v", cancelled, kept)
	}
	if n := countPut(t, db); n != 1 {
		t.Errorf("%d rows, want the one that was not cancelled", n)
	}
}

// A counter that many raise at once loses nothing.
func TestConcurrentActsAllCount(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		if err := db.Write(t.Context(), "test", func(tx *Tx) error {
			_, err := tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES ('test.n', '', 0)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		const workers, each = 16, 25
		var wait sync.WaitGroup
		for range workers {
			wait.Go(func() {
				for range each {
					err := db.Write(t.Context(), "raise", func(tx *Tx) error {
						return tx.ExecOne(ErrRace, "UPDATE setting SET updated_at = updated_at + 1 WHERE name = 'test.n'")
					})
					if err != nil {
						t.Errorf("raise: %v", err)
					}
				}
			})
		}
		wait.Wait()
		if n := count(t, db, "SELECT updated_at FROM setting WHERE name = 'test.n'"); n != workers*each {
			t.Errorf("counted %d, want %d", n, workers*each)
		}
	})
}

// A conditional UPDATE is right without reading first, on every engine.
func TestConditionalUpdateHasOneWinner(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		if err := db.Write(t.Context(), "test", put("test.token")); err != nil {
			t.Fatal(err)
		}
		lost := errors.New("lost")
		errs := make([]error, 20)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				errs[i] = db.Write(t.Context(), "take", func(tx *Tx) error {
					return tx.ExecOne(lost, "UPDATE setting SET value = ? WHERE name = 'test.token' AND value = ''", fmt.Sprint(i))
				})
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, lost) {
				t.Errorf("take: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d winners, want 1", won)
		}
	})
}

// An UPDATE counts the rows it found, changed or not.
func TestUpdateCountsFoundRows(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		err := db.Write(t.Context(), "test", func(tx *Tx) error {
			if err := put("test.1")(tx); err != nil {
				return err
			}
			n, err := tx.Exec("UPDATE setting SET value = '' WHERE name = 'test.1'")
			if n != 1 {
				t.Errorf("an UPDATE that changes nothing counts %d, want 1", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestIsDuplicate(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		if err := db.Write(t.Context(), "test", put("test.1")); err != nil {
			t.Fatal(err)
		}
		primary := db.Write(t.Context(), "test", put("test.1"))
		community := func(tx *Tx) error {
			_, err := tx.Exec(
				"INSERT INTO community (id, name, address, phone, levels, created_at, updated_at) VALUES (?, 'a', '', '', 'x', 0, 0)",
				int64(tx.NewID()),
			)
			return err
		}
		if err := db.Write(t.Context(), "test", community); err != nil {
			t.Fatal(err)
		}
		unique := db.Write(t.Context(), "test", community)
		if !IsDuplicate(primary) || !IsDuplicate(unique) {
			t.Errorf("primary key: %v; unique index: %v", primary, unique)
		}
		null := db.Write(t.Context(), "test", func(tx *Tx) error {
			_, err := tx.Exec("INSERT INTO setting (name, value, updated_at) VALUES ('test.2', NULL, 0)")
			return err
		})
		if null == nil || IsDuplicate(null) || IsDuplicate(nil) || IsDuplicate(errors.New("UNIQUE constraint failed")) {
			t.Errorf("NULL: %v; only a taken key is a duplicate", null)
		}
		if err := db.Write(t.Context(), "test", func(tx *Tx) error {
			_, err := tx.Exec(tx.Dialect().InsertIgnore() + "setting (name, value, updated_at) VALUES ('test.1', 'new', 0)")
			return err
		}); err != nil {
			t.Errorf("ignored duplicate: %v", err)
		}
	})
}

// Only errors made for people pass as they are; others carry the operation.
func TestWrapNamesTheOperation(t *testing.T) {
	if err := Wrap("op", errors.New("broken")); !strings.Contains(err.Error(), "op") {
		t.Errorf("wrapped: %v", err)
	}
	if Wrap("op", nil) != nil {
		t.Error("nil became an error")
	}
}

// The writer keeps a bounded number of prepared statements, and works past it.
func TestWriterBoundsItsStatements(t *testing.T) {
	o := testOptions()
	o.SQLitePath = filepath.Join(t.TempDir(), "tongxing.db")
	db := openDB(t, o)
	err := db.Write(t.Context(), "test", func(tx *Tx) error {
		for i := range maxStatements + 50 {
			var n int
			if err := tx.Get(&n, fmt.Sprintf("SELECT COUNT(*) + %d FROM setting", i)); err != nil {
				return err
			}
			if n < i {
				t.Errorf("query %d gave %d", i, n)
			}
		}
		return put("test.1")(tx)
	})
	if err != nil || countPut(t, db) != 1 {
		t.Fatalf("past the bound: %v, %d rows", err, countPut(t, db))
	}
	if n := len(db.group.conn.stmts); n != maxStatements {
		t.Errorf("%d statements kept, want %d", n, maxStatements)
	}
}
