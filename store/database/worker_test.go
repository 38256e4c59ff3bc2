package database

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

// TestWorkersDoNotQueueBehindPages: with every connection taken that pages read by, a
// worker writes all the same.
func TestWorkersDoNotQueueBehindPages(t *testing.T) {
	eachDB(t, func(t *testing.T, db *DB) {
		var held []*sqlx.Conn
		for range db.reads.Stats().MaxOpenConnections {
			conn, err := db.reads.Connx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, conn)
		}
		defer func() {
			for _, conn := range held {
				_ = conn.Close()
			}
		}()
		w := db.NewWorker()
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := w.Write(ctx, put("beside pages")); err != nil {
			t.Error(err)
		}
	})
}
