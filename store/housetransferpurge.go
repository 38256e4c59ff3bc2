package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// purgedTransfers are deleted in one transaction.
const purgedTransfers = 500

// PurgeHouseTransfers deletes the transfers that were over before a moment, and returns how many. What was planned stays,
// however long ago; so do the batch of what was done and its line in the audit log.
func (s *Store) PurgeHouseTransfers(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		n := int64(0)
		err := s.db.Write(ctx, "purge transfers", func(tx *database.Tx) error {
			var ids []core.ID
			if err := tx.All(&ids, `SELECT id FROM house_transfer WHERE `+oldTransfer+`
				ORDER BY updated_at LIMIT ?`, before.UnixMilli(), purgedTransfers); err != nil || len(ids) == 0 {
				n = 0
				return err
			}
			n, err = tx.Exec("DELETE FROM house_transfer WHERE id IN ("+database.Placeholders(len(ids))+") AND open_house IS NULL",
				database.IDArgs(ids)...)
			return err
		})
		if removed += n; err != nil || n < purgedTransfers {
			return removed, err
		}
	}
}
