package database

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

// TestWorkersDoNotQueueBehindPages: with every connection taken that pages read by, a
// worker writes all the same.
func TestWorkersDoNotQueueBehindPages(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		defer holdReads(t, db)()
		w := db.NewWorker()
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := w.Write(ctx, "test", put("beside pages")); err != nil {
			t.Error(err)
		}
	})
}

// TestAQueryThatWaitsHoldsUpNoOther: a statement is compiled when a connection is free, and those that are compiled
// are had meanwhile.
func TestAQueryThatWaitsHoldsUpNoOther(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		const kept, waits = "SELECT 1", "SELECT 2"
		var n int
		for range 3 {
			if err := db.Get(t.Context(), &n, kept); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Get(t.Context(), &n, waits); err != nil { // from the next time on it is compiled
			t.Fatal(err)
		}
		free := holdReads(t, db)
		before := db.reads.Stats().WaitCount
		done := make(chan error, 1)
		go func() { done <- db.Get(t.Context(), new(int), waits) }()
		for deadline := time.Now().Add(10 * time.Second); db.reads.Stats().WaitCount == before; {
			if runtime.Gosched(); time.Now().After(deadline) {
				t.Fatal("nothing waits for a connection")
			}
		}
		had := make(chan bool, 1)
		go func() { had <- db.group == nil || db.statement(t.Context(), kept) != nil }()
		select {
		case ok := <-had:
			if !ok {
				t.Error("the statement is not kept")
			}
		case <-time.After(10 * time.Second):
			t.Error("a statement is not had while another waits for a connection")
		}
		free()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// holdReads takes every connection that pages read by, until free is called.
func holdReads(t *testing.T, db *DB) (free func()) {
	t.Helper()
	var held []*sqlx.Conn
	for range db.reads.Stats().MaxOpenConnections {
		conn, err := db.reads.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	return func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}
}

// TestAWorkersActIsRunAgain: an act that lost a race is run again, and one finds a connection that the server has ended
// since the last.
func TestAWorkersActIsRunAgain(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		w := db.NewWorker()
		defer w.Close()
		runs := 0
		err := w.Act(t.Context(), "test", func(tx *Tx) error {
			if runs++; runs == 1 {
				return ErrRace
			}
			return put("test.raced")(tx)
		})
		if err != nil || runs != 2 || countPut(t, db) != 1 {
			t.Fatalf("run %d times, %d rows: %v", runs, countPut(t, db), err)
		}
		if w.conn != nil {
			var id int64
			if err := w.conn.GetContext(t.Context(), &id, "SELECT CONNECTION_ID()"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.writes.ExecContext(t.Context(), "KILL CONNECTION ?", id); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Act(t.Context(), "test", put("test.again")); err != nil || countPut(t, db) != 2 {
			t.Errorf("after its connection was ended: %d rows, %v", countPut(t, db), err)
		}
	})
}

// TestAWorkersStatementEndsWithItsContext: one that waits is ended, though only the transaction as a whole is watched, and the next
// one has a connection.
func TestAWorkersStatementEndsWithItsContext(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		if db.group != nil {
			t.Skip("nothing waits in a local file")
		}
		w := db.NewWorker()
		defer w.Close()
		if err := w.Write(t.Context(), "test", put("test.before")); err != nil {
			t.Fatal(err)
		}
		if w.conn.socket == nil {
			t.Error("each statement is watched")
		}
		ctx, cancel := context.WithCancel(t.Context())
		waits := make(chan error, 1)
		go func() {
			waits <- w.Write(ctx, "test", func(tx *Tx) error {
				if err := put("test.lost")(tx); err != nil {
					return err
				}
				var n int
				return tx.Get(&n, "SELECT SLEEP(60)")
			})
		}()
		for n, deadline := 0, time.Now().Add(10*time.Second); n == 0; {
			err := db.Get(t.Context(), &n,
				"SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'")
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("nothing waits: %v", err)
			}
		}
		cancel()
		select {
		case err := <-waits:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the statement goes on")
		}
		if err := w.Write(t.Context(), "test", put("test.after")); err != nil || countPut(t, db) != 2 {
			t.Errorf("after that: %d rows, %v", countPut(t, db), err)
		}
	})
}

// TestAnActKnowsWhetherItIsAwaited: on SQLite, an act is told when another waits for its end; on MySQL it must assume so.
func TestAnActKnowsWhetherItIsAwaited(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		other := make(chan error, 1)
		err := db.Write(t.Context(), "test", func(tx *Tx) error {
			if db.group == nil {
				if !tx.Awaited() {
					t.Error("nobody waits, as far as can be known")
				}
				other <- nil
				return nil
			}
			if tx.Awaited() {
				t.Error("awaited before anybody came")
			}
			go func() { other <- db.Write(t.Context(), "other", put("test.other")) }()
			awaitQueue(t, db, 1)
			if !tx.Awaited() {
				t.Error("not awaited by the act in the queue")
			}
			return nil
		})
		if err := errors.Join(err, <-other); err != nil {
			t.Error(err)
		}
	})
}
