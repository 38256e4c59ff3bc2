package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// DoorWall returns the readers in use of the scope, oldest first, with the refusals of the last minutes and the last passage of each;
// more reports whether there are beyond core.MaxDoorWall. Each reader's records are read by their index: as many as the wall needs.
func (s *Store) DoorWall(ctx context.Context, scope core.Scope) (tiles []core.DoorTile, more bool, err error) {
	now := s.Now()
	readers, more, err := s.Readers(ctx, scope, ReaderFilter{Disabled: "no", Page: Page{Limit: core.MaxDoorWall}})
	if err != nil || len(readers) == 0 {
		return nil, more, err
	}
	ids := make([]core.ID, len(readers))
	for i, r := range readers {
		ids[i] = r.ID
	}
	in := "(" + database.Placeholders(len(ids)) + ")"
	var refused []struct {
		Reader core.ID `db:"reader_id"`
		N      int     `db:"n"`
	}
	since := int64(database.FirstID(now.Add(-core.DoorWallWithin)))
	if err := s.db.All(ctx, &refused, `
		SELECT reader_id, COUNT(*) AS n
		FROM access_record`+s.db.Dialect().UseIndex("access_record_reader")+`
		WHERE reader_id IN `+in+`
			AND id >= ?
			AND allowed = 0
		GROUP BY reader_id`, append(database.IDArgs(ids), since)...); err != nil {
		return nil, false, database.Wrap("count refusals at doors", err)
	}
	last, err := s.lastAtDoors(ctx, ids)
	if err != nil {
		return nil, false, database.Wrap("the last passages at doors", err)
	}
	tiles = make([]core.DoorTile, len(readers))
	at := map[core.ID]*core.DoorTile{}
	for i, r := range readers {
		tiles[i] = core.DoorTile{Reader: r, State: r.State(now)}
		at[r.ID] = &tiles[i]
	}
	for _, r := range refused {
		at[r.Reader].Refused = r.N
	}
	for _, r := range last {
		at[r.Reader].Last = r
	}
	return tiles, more, nil
}

// lastAtDoors returns the last record of each reader that has one: the end of its index first, then the rows.
func (s *Store) lastAtDoors(ctx context.Context, readers []core.ID) ([]core.AccessRecord, error) {
	var ids []core.ID
	if err := s.db.All(ctx, &ids, `
		SELECT COALESCE((SELECT MAX(a.id) FROM access_record a WHERE a.reader_id = r.id), 0)
		FROM reader r
		WHERE r.id IN (`+database.Placeholders(len(readers))+")", database.IDArgs(readers)...); err != nil {
		return nil, err
	}
	var rows []recordRow
	if err := s.db.All(
		ctx, &rows, "SELECT "+recordColumns+" FROM access_record WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...,
	); err != nil {
		return nil, err
	}
	records := make([]core.AccessRecord, len(rows))
	for i, row := range rows {
		records[i] = row.record()
	}
	return records, nil
}
