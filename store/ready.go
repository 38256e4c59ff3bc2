package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/store/database"
)

// writeProbe is as large as a setting may be. On SQLite a write of four of them needs
// pages of its own: one that fits into those that are there works on a full disk, too,
// and says nothing of the next. A MySQL server keeps each write in its logs.
var writeProbe = strings.Repeat("x", 4000)

// CheckWrite reports whether the database keeps what is written: a server that only
// reads, or whose disk is full, answers every question and refuses every door. It
// leaves nothing behind.
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
