package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// writeTie writes what a move changes of a resident.
func writeTie(tx *database.Tx, id core.ID, is movedThing) error {
	return tx.ExecOne(
		database.ErrRace,
		"UPDATE resident SET house_id = ?, moved_out_at = ?, certified_at = ?, was_certified_at = ?, updated_at = ? WHERE id = ?",
		int64(is.Parent), nullMillis(is.MovedOut), nullMillis(is.Certified), nullMillis(is.Was), is.Updated, int64(id),
	)
}

// nullMillis returns milliseconds as a column value, nil for 0.
func nullMillis(at int64) any {
	if at == 0 {
		return nil
	}
	return at
}

// rehouse puts a resident into a house, or out of all by a number that no house has.
func rehouse(tx *database.Tx, id core.ID, house int64) error {
	return tx.ExecOne(database.ErrRace, "UPDATE resident SET house_id = ? WHERE id = ?", house, int64(id))
}
