package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// readerImporter judges and writes rows of readers of one community. Readers that are known are left as they are: whom a door
// lets through is not changed by a file.
type readerImporter struct {
	community core.Community
	store     *Store
	groups    map[string]core.ReaderGroup // by their names, folded
	buildings []core.House                // each building node as a house of that label, for core.MatchHouses
}

func beginReaderImport(ctx context.Context, s *Store, at importAt) (importer, error) {
	i := &readerImporter{community: at.community, store: s}
	return i, i.learn(s.allOf(ctx))
}

// learn reads groups and buildings as they are now.
func (i *readerImporter) learn(all readAll) error {
	var groups []readerGroupRow
	err := all(&groups, "SELECT "+readerGroupColumns+" FROM reader_group WHERE community_id = ? ORDER BY id", int64(i.community.ID))
	if err != nil {
		return err
	}
	i.groups = map[string]core.ReaderGroup{}
	for _, g := range groups {
		i.groups[core.FoldName(g.Name)] = g.group()
	}
	var nodes []nodeRow
	err = all(&nodes, "SELECT "+nodeColumns+" FROM building_node WHERE community_id = ? ORDER BY level, id", int64(i.community.ID))
	labels := map[core.ID]string{}
	i.buildings = make([]core.House, len(nodes))
	for n, node := range nodes { // the upper ones first
		labels[node.ID] = labels[node.Parent] + node.Name
		i.buildings[n] = core.House{ID: node.ID, Label: labels[node.ID]}
	}
	return err
}

// readerOf returns the reader of a row that is not wrong, and says what is wrong with its group and its buildings.
func (i *readerImporter) readerOf(row *core.ImportRow) core.Reader {
	r := core.ImportedReader(row.Values)
	r.Community = i.community.ID
	if name := core.ImportedReaderGroup(row.Values); name != "" {
		g, there := i.groups[core.FoldName(name)]
		if r.Group = g.ID; !there {
			core.FailReaderGroup(row, "没有分组“"+name+"”，请先在“智能门禁”的“分组”里添加")
		}
	}
	var names []string
	for _, name := range core.ImportedReaderScope(row.Values) {
		for _, match := range core.MatchHouses(name, i.community.Name, i.buildings) {
			switch len(match.Houses) {
			case 0:
				core.FailReaderScope(row, "没有楼栋“"+match.Line+"”")
			case 1:
				r.ScopeNodes, names = append(r.ScopeNodes, match.Houses[0].ID), append(names, match.Houses[0].Label)
			default:
				core.FailReaderScope(row, "“"+match.Line+"”可能是"+match.Houses[0].Label+"，也可能是"+match.Houses[1].Label+"；请写全")
			}
		}
	}
	if len(row.Wrong) == 0 {
		core.PlaceReader(row, names)
	}
	r.ScopeNodes = sortedIDs(r.ScopeNodes)
	return r.Trimmed()
}

// known returns the readers in use that rows have the protocols and device numbers of.
func (i *readerImporter) known(all readAll, rows []core.ImportRow) (map[[2]string]core.Reader, error) {
	var serials []any
	for _, row := range rows {
		if len(row.Wrong) == 0 {
			serials = append(serials, core.ImportedReader(row.Values).Serial)
		}
	}
	known := map[[2]string]core.Reader{}
	return known, database.EachPart(serials, func(part []any) error {
		var found []readerRow
		err := all(&found, "SELECT "+readerColumns+" FROM reader WHERE community_id = ? AND disabled_at IS NULL AND serial IN ("+
			database.Placeholders(len(part))+") ORDER BY id", append([]any{int64(i.community.ID)}, part...)...)
		for _, row := range found {
			known[[2]string{row.Protocol, row.Serial}] = row.reader()
		}
		return err
	})
}

func (i *readerImporter) judge(all readAll, rows []core.ImportRow) error {
	known, err := i.known(all, rows)
	if err != nil {
		return err
	}
	for n := range rows {
		if row := &rows[n]; len(row.Wrong) == 0 && row.Verdict == "" {
			i.judgeRow(row, known)
		}
	}
	return nil
}

// judgeRow judges one row by the register, and returns the reader that it would add.
func (i *readerImporter) judgeRow(row *core.ImportRow, known map[[2]string]core.Reader) core.Reader {
	r := i.readerOf(row)
	was, there := known[[2]string{r.Protocol, r.Serial}]
	switch {
	case len(row.Wrong) > 0:
	case !there:
		row.Verdict = core.ImportNew
	case sameReader(was, r):
		row.Verdict, row.Target = core.ImportSame, was.ID
	default:
		row.Fail("serial", "已登记", "这台设备已登记为“"+was.Name+"”，内容不同；导入不修改已登记的读头，请到它的页面或“权限管理”修改")
	}
	return r
}

// sameReader reports whether a list says of a reader what is known of it.
func sameReader(was, r core.Reader) bool {
	return was.Name == r.Name && was.Gate == r.Gate && was.Direction == r.Direction && was.Group == r.Group && was.InNo == r.InNo &&
		was.Thermometer == r.Thermometer && was.HeartbeatSeconds == r.HeartbeatSeconds && was.Firmware == r.Firmware &&
		was.Permission().Same(r.Permission())
}

func (*readerImporter) wrote(importWritten) {}

func (i *readerImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	done := importWritten{counts: core.ImportCounts{}}
	if _, err := lockCommunity(tx, core.Everywhere, i.community.ID); err != nil {
		return done, err
	}
	if err := i.learn(tx.All); err != nil {
		return done, err
	}
	known, err := i.known(tx.All, rows)
	if err != nil {
		return done, err
	}
	var things []batchThing
	var groups []core.ID
	for n := range rows {
		row := &rows[n]
		if row.Verdict != core.ImportNew {
			if row.Verdict == core.ImportSame {
				done.counts[string(core.ImportSame)]++
			}
			continue
		}
		now := *row
		now.Values, now.Verdict = slices.Clone(row.Values), ""
		r := i.judgeRow(&now, known)
		if now.Verdict != core.ImportNew {
			failChanged(row, recordChanged(*row, now, "这台读头"))
			done.failed = true
			done.counts[string(core.ImportWrong)]++
			continue
		}
		r.ID = tx.NewID()
		if err := insertReader(tx, r, newReaderSecret()); err != nil {
			return done, err
		}
		known[[2]string{r.Protocol, r.Serial}] = r
		groups = append(groups, r.Group)
		things = append(things, batchThing{ID: r.ID, After: importedReader{tx.NowMS()}})
		done.counts[string(core.ImportNew)]++
	}
	if len(things) == 0 {
		return done, nil
	}
	if err := touchReaderGroups(tx, groups...); err != nil {
		return done, err
	}
	batch, err := writeBatch(tx, w.by, core.Batch{ID: w.imp.Batch, Community: i.community.ID, Kind: core.BatchImportReaders}, things)
	if err != nil {
		return done, err
	}
	done.batch = batch.ID
	return done, audit.Write(tx, w.by, audit.Entry{
		Community: i.community.ID, Action: "reader.import", Subject: audit.Target("community", i.community.ID),
		After: readerImportAudit{len(things), batch.ID},
	})
}

// importedReader is a reader as the batch of an import keeps it.
type importedReader struct {
	Updated int64 `json:"updated"` // updated_at
}

// readerImportAudit is what the audit log records of a part of an import.
type readerImportAudit struct {
	Count int     `json:"count"`
	Batch core.ID `json:"batch"`
}

// undoImportedReaders deletes readers that were added, unless they were changed since, or their devices have called.
func undoImportedReaders(u *undoing) error {
	if _, err := lockCommunity(u.tx, core.Everywhere, u.batch.Community); err != nil && !core.IsNotFound(err) {
		return err
	}
	err := u.keepFound(core.BatchHeard, "SELECT DISTINCT reader_id FROM access_record WHERE reader_id")
	if err != nil {
		return err
	}
	return u.each(func(item batchItemRow) error {
		var became importedReader
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		r, err := lockReader(u.tx, core.Everywhere, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case !r.LastSeen.IsZero():
			u.keep(item.Thing, core.BatchHeard)
			return nil
		case millisOf(r.Updated) != became.Updated || !r.Disabled.IsZero():
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		if err := touchReaderGroups(u.tx, r.Group); err != nil {
			return err
		}
		u.tx.Changed(changedReaders, r.ID)
		return u.tx.ExecOne(database.ErrRace, "DELETE FROM reader WHERE id = ? AND last_seen_at IS NULL", int64(r.ID))
	})
}
