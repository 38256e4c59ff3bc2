package store

import (
	"context"

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

// FormerHouse returns the house of the scope that another one became part of, and what that was called.
func (s *Store) FormerHouse(ctx context.Context, scope core.Scope, house core.ID) (into core.ID, label string, err error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row struct {
		Into  core.ID `db:"into_id"`
		Label string  `db:"label"`
	}
	err = s.db.Get(ctx, &row, "SELECT into_id, label FROM house_former WHERE house_id = ? AND "+where,
		append([]any{int64(house)}, args...)...)
	return row.Into, row.Label, database.Wrap("read a former house", database.NotFoundIfNoRows(err, noHouse))
}
