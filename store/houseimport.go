package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// arrearsImporter judges and writes what the houses of one community owe.
type arrearsImporter struct {
	community core.Community
	houses    *core.HouseIndex
}

func beginArrearsImport(ctx context.Context, s *Store, at importAt) (importer, error) {
	c := at.community
	houses, err := s.houseIndex(ctx, c)
	return &arrearsImporter{community: c, houses: houses}, err
}

// place returns the house of a row; ID 0 = there is none.
func (i *arrearsImporter) place(row core.ImportRow) (core.HouseRef, error) {
	names, err := i.community.NodeNames(core.ArrearsHouse(i.community, row))
	if err != nil {
		return core.HouseRef{}, err
	}
	ref, _, err := i.houses.Find(names)
	return ref, err
}

func (i *arrearsImporter) index() *core.HouseIndex { return i.houses }

func (i *arrearsImporter) judge(all readAll, rows []core.ImportRow) error {
	var ids []core.ID
	for n := range rows {
		row := &rows[n]
		if len(row.Wrong) > 0 || row.Verdict != "" {
			continue
		}
		ref, err := i.place(*row)
		switch {
		case err != nil:
			row.FailHouse(ref, err)
		case ref.ID == 0:
			row.Fail("", "没有这套房屋", "登记里没有“"+ref.Label+"”，请核对房号，或先添加房屋")
		default: // no other row is about it: those of one house were compared
			row.Label, row.Target = ref.Label, ref.ID
			ids = append(ids, ref.ID)
		}
	}
	known, err := arrearsOf(all, i.community.ID, ids)
	if err != nil {
		return err
	}
	for n := range rows {
		if row := &rows[n]; row.Target != 0 && len(row.Wrong) == 0 {
			was := known[row.Target].house()
			if row.Verdict = core.ImportSame; core.ArrearsOf(*row, was) != was {
				row.Verdict, row.Was = core.ImportChanged, core.ArrearsValues(*row, was)
			}
		}
	}
	return nil
}

// arrearsOf reads houses of a community by their ids.
func arrearsOf(all readAll, community core.ID, ids []core.ID) (map[core.ID]houseRow, error) {
	found := map[core.ID]houseRow{}
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []houseRow
		err := all(&rows, "SELECT "+houseColumns+" FROM house WHERE id IN ("+database.Placeholders(len(part))+") AND community_id = ?",
			append(database.IDArgs(part), int64(community))...)
		for _, row := range rows {
			found[row.ID] = row
		}
		return err
	})
	return found, err
}

func (*arrearsImporter) wrote(importWritten) {}

func (i *arrearsImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	done := importWritten{counts: core.ImportCounts{}}
	if _, err := lockCommunity(tx, core.Everywhere, i.community.ID); err != nil {
		return done, err
	}
	var ids []core.ID
	for _, row := range rows {
		if row.Verdict == core.ImportChanged {
			ids = append(ids, row.Target)
		}
	}
	there, err := lockHousesByID(tx, i.community.ID, slices.Sorted(slices.Values(ids)))
	if err != nil {
		return done, err
	}
	var changes []arrearsChange
	for n := range rows {
		row := &rows[n]
		was, found := there[row.Target]
		switch is := core.ArrearsOf(*row, was); {
		case row.Verdict == core.ImportWrong:
		case row.Verdict != core.ImportChanged, found && is == was:
			done.counts[string(core.ImportSame)]++
		case !found || was.Label != row.Label || !slices.Equal(core.ArrearsValues(*row, was), row.Was):
			failChanged(row, arrearsChanged(*row, was, found))
			done.failed = true
			done.counts[string(core.ImportWrong)]++
		default:
			is.Updated = time.UnixMilli(tx.NextUpdated(was.Updated))
			changes = append(changes, arrearsChange{was, is})
			done.counts[string(core.ImportChanged)]++
		}
	}
	if len(changes) == 0 {
		return done, nil
	}
	batch, err := saveArrears(tx, w, changes)
	done.batch = batch.ID
	return done, err
}

// arrearsChanged describes what is otherwise with the house of a row.
func arrearsChanged(row core.ImportRow, is core.House, found bool) string {
	switch {
	case !found:
		return "房屋已合并或删除"
	case is.Label != row.Label:
		return "房屋已改名为“" + is.Label + "”"
	}
	return "这套房屋的欠费或备注已修改"
}

// arrearsChange is a change of what a house owes.
type arrearsChange struct{ was, is core.House }

// saveArrears writes what houses owe, with the batch of an import and its line in the audit log.
func saveArrears(tx *database.Tx, w importWriting, changes []arrearsChange) (core.Batch, error) {
	if err := writeArrears(tx, changes); err != nil {
		return core.Batch{}, err
	}
	things, labels := make([]batchThing, len(changes)), make([]string, 0, maxNamed)
	for n, change := range changes {
		things[n] = batchThing{ID: change.is.ID, Before: arrearsItemOf(change.was), After: arrearsItemOf(change.is)}
		if len(labels) < maxNamed {
			labels = append(labels, change.is.Label)
		}
	}
	batch, err := writeBatch(tx, w.by, core.Batch{
		ID: w.imp.Batch, Community: w.imp.Community, Kind: core.BatchArrears,
	}, things)
	if err != nil {
		return batch, err
	}
	return batch, audit.Write(tx, w.by, audit.Entry{
		Community: w.imp.Community, Action: "house.arrears", Subject: audit.Target("community", w.imp.Community),
		After: housesAudit{Houses: labels, Count: len(changes), Batch: batch.ID},
	})
}

// arrearsItem is what a house owes as a batch keeps it.
type arrearsItem struct {
	houseAudit
	Fen     int64 `json:"fen"`
	Updated int64 `json:"updated"` // updated_at
}

func arrearsItemOf(h core.House) arrearsItem {
	return arrearsItem{auditOfHouse(h.Label, h), h.ArrearsFen, h.Updated.UnixMilli()}
}

// writeArrears writes what houses owe, some in a statement. They are locked.
func writeArrears(tx *database.Tx, changes []arrearsChange) error {
	for part := range slices.Chunk(changes, housesAStatement) {
		var set []string
		var args []any
		for _, column := range []struct {
			name  string
			value func(h core.House) any
		}{
			{"arrears_fen", func(h core.House) any { return h.ArrearsFen }},
			{"arrears_note", func(h core.House) any { return h.Remark }},
			{"updated_at", func(h core.House) any { return h.Updated.UnixMilli() }},
		} {
			set = append(set, column.name+" = CASE id"+strings.Repeat(" WHEN ? THEN ?", len(part))+" END")
			for _, change := range part {
				args = append(args, int64(change.is.ID), column.value(change.is))
			}
		}
		ids := database.IDsOf(part, func(c arrearsChange) core.ID { return c.is.ID })
		n, err := tx.Exec("UPDATE house SET "+strings.Join(set, ", ")+" WHERE id IN ("+database.Placeholders(len(part))+")",
			append(args, database.IDArgs(ids)...)...)
		if err == nil && n != int64(len(part)) {
			err = database.ErrRace
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// undoArrears sets what houses owe to what it was before an import, unless they were changed since.
func undoArrears(u *undoing) error {
	if _, err := lockCommunity(u.tx, core.Everywhere, u.batch.Community); err != nil {
		return err
	}
	there, err := lockHousesByID(u.tx, u.batch.Community, u.things())
	if err != nil {
		return err
	}
	var changes []arrearsChange
	err = u.each(func(item batchItemRow) error {
		var before, after arrearsItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		house, found := there[item.Thing]
		switch {
		case !found:
			u.keep(item.Thing, core.BatchGone)
			return nil
		case house.Updated.UnixMilli() != after.Updated:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		was := house
		was.ArrearsFen, was.Remark = before.Fen, before.Remark
		was.Updated = time.UnixMilli(before.Updated) // it is what it was, so that what was done before can be taken back too
		changes = append(changes, arrearsChange{house, was})
		return nil
	})
	if err != nil {
		return err
	}
	return writeArrears(u.tx, changes)
}
