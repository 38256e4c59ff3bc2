package store

import (
	"database/sql"
	"errors"

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

// tieThatStayed returns the tie of the same person that stayed when the house of one that has ended became part of another;
// 0 if there is none.
func tieThatStayed(tx *database.Tx, ended core.ID) (stayed core.ID, err error) {
	err = tx.Get(&stayed, `
		SELECT t.id
		FROM resident r
		JOIN house_former f ON f.house_id = r.house_id
		JOIN resident t ON t.house_id = f.into_id AND t.person_id = r.person_id
		WHERE r.id = ?
		AND t.moved_out_at IS NULL`, int64(ended))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return stayed, err
}
