package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// signsOf bounds the latest records of a reader in which its signs are looked for.
const signsOf = 200

// ReaderSigns returns what has been seen of a reader of the scope lately, of its latest records and orders.
func (s *Store) ReaderSigns(ctx context.Context, scope core.Scope, id core.ID) (core.ReaderSigns, error) {
	var signs core.ReaderSigns
	r, err := s.Reader(ctx, scope, id)
	if err != nil {
		return signs, err
	}
	var rows []struct {
		At      database.Millis `db:"at"`
		Allowed int             `db:"allowed"`
		Via     core.Via        `db:"via"`
	}
	err = s.db.All(
		ctx, &rows, "SELECT at, allowed, via FROM access_record WHERE reader_id = ? ORDER BY id DESC LIMIT ?", int64(r.ID), signsOf,
	)
	for i := len(rows) - 1; i >= 0; i-- { // the latest last
		switch row := rows[i]; {
		case row.Via == core.ViaRemote && row.Allowed != 0:
			signs.Ordered = row.At.Time
		case row.Via == core.ViaReader && row.Allowed != 0:
			signs.Released = row.At.Time
		case row.Via == core.ViaReader:
			signs.Refused = row.At.Time
		}
	}
	return signs, database.Wrap("signs of a reader", err)
}
