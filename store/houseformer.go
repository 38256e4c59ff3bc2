package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// keepFormer notes that a house became part of another, with all that was part of it before.
func keepFormer(tx *database.Tx, was houseRow, into core.ID) error {
	if _, err := tx.Exec("UPDATE house_former SET into_id = ? WHERE into_id = ?", int64(into), int64(was.ID)); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO house_former (house_id, community_id, into_id, label, merged_at) VALUES (?, ?, ?, ?, ?)",
		int64(was.ID), int64(was.Community), int64(into), was.Label, tx.NowMS())
	return err
}

// forgetFormer undoes keepFormer for a house that is there again.
func forgetFormer(tx *database.Tx, house core.ID) error {
	_, err := tx.Exec("DELETE FROM house_former WHERE house_id = ?", int64(house))
	return err
}

// forgetFormersOf goes with houses that are deleted.
func forgetFormersOf(tx *database.Tx, houses []core.ID) error {
	_, err := tx.Exec(
		"DELETE FROM house_former WHERE into_id IN ("+database.Placeholders(len(houses))+")", database.IDArgs(houses)...,
	)
	return err
}
