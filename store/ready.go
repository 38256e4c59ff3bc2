package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/store/database"
)

// writeProbe is as large as a setting may be. On SQLite, writing four of them needs new pages: a
// write that fits into existing ones succeeds on a full disk, too. A MySQL server writes each to
// its logs.
var writeProbe = strings.Repeat("x", 4000)

// CheckWrite returns an error unless the database can be written to: with a read-only server or a
// full disk, all reads work and every scan is refused. It leaves no rows behind.
func (s *Store) CheckWrite(ctx context.Context) error {
	name, rows, value := fmt.Sprintf("probe.%d.", s.Node()), 1, writeProbe[:64]
	if s.db.Serial() {
		rows, value = 4, writeProbe
	}
	return s.db.Write(ctx, "try a write", func(tx *database.Tx) error {
		for i := range rows {
			const query = "INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)"
			if _, err := tx.Exec(query, fmt.Sprint(name, i), value, tx.NowMS()); err != nil {
				return err
			}
		}
		_, err := tx.Exec("DELETE FROM setting WHERE name LIKE ?", name+"%")
		return err
	})
}
