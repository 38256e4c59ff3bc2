package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// visitorBlockImporter judges and writes entries of one community's blacklist of visitors.
type visitorBlockImporter struct {
	community core.ID
	store     *Store
}

func beginVisitorBlockImport(_ context.Context, s *Store, at importAt) (importer, error) {
	return &visitorBlockImporter{at.community.ID, s}, nil
}

// known returns the entries that rows have the numbers of, by the digest of these.
func (i *visitorBlockImporter) known(all readAll, rows []core.ImportRow) (map[string]core.VisitorBlock, error) {
	var macs []string
	for _, row := range rows {
		if len(row.Wrong) == 0 {
			macs = append(macs, i.mac(row))
		}
	}
	known := map[string]core.VisitorBlock{}
	for part := range slices.Chunk(macs, blockPart) {
		args := []any{int64(i.community)}
		for _, mac := range part {
			args = append(args, mac)
		}
		var found []struct {
			visitorBlockRow
			MAC string `db:"mac"`
		}
		if err := all(&found, "SELECT "+visitorBlockFields+", mac FROM visitor_block WHERE community_id = ? AND mac IN ("+
			database.Placeholders(len(part))+")", args...); err != nil {
			return nil, err
		}
		for _, row := range found {
			known[row.MAC] = row.block(i.store.db.Reveal)
		}
	}
	return known, nil
}

func (i *visitorBlockImporter) mac(row core.ImportRow) string {
	b := core.ImportedBlock(row.Values)
	return i.store.db.Keys().Digest(blockDigests[b.Kind], b.Value)
}

func (i *visitorBlockImporter) judge(all readAll, rows []core.ImportRow) error {
	known, err := i.known(all, rows)
	if err != nil {
		return err
	}
	today := core.DayOf(i.store.Now(), i.store.zone)
	for n := range rows {
		row := &rows[n]
		if len(row.Wrong) > 0 || row.Verdict != "" {
			continue
		}
		b := core.ImportedBlock(row.Values)
		was, there := known[i.mac(*row)]
		switch {
		case b.Ended(today):
			row.Fail("until", "截止日期已过", "截止日期不能早于今天")
		case !there:
			row.Verdict = core.ImportNew
		case was.Reason == b.Reason && was.LastDay == b.LastDay:
			row.Verdict, row.Target = core.ImportSame, was.ID
		default:
			row.Verdict, row.Target, row.Was = core.ImportChanged, was.ID, core.BlockImportValues(row.Values, was)
		}
	}
	return nil
}

func (*visitorBlockImporter) wrote(importWritten) {}

func (i *visitorBlockImporter) write(tx *database.Tx, w importWriting, rows []core.ImportRow) (importWritten, error) {
	done := importWritten{counts: core.ImportCounts{}}
	if _, err := lockCommunity(tx, core.Everywhere, i.community); err != nil {
		return done, err
	}
	known, err := i.known(tx.All, rows)
	if err != nil {
		return done, err
	}
	var blocks []core.VisitorBlock
	for n := range rows {
		row := &rows[n]
		was, there := known[i.mac(*row)]
		switch b := core.ImportedBlock(row.Values); {
		case row.Verdict == core.ImportWrong:
		case row.Verdict == core.ImportSame, there && was.Reason == b.Reason && was.LastDay == b.LastDay:
			done.counts[string(core.ImportSame)]++
		case there != (row.Verdict == core.ImportChanged), there && !slices.Equal(core.BlockImportValues(row.Values, was), row.Was):
			row.Fail("", "预览后有变化", "预览之后黑名单有变化，这一行没有导入；请重新上传")
			done.failed = true
			done.counts[string(core.ImportWrong)]++
		default:
			blocks = append(blocks, b)
			done.counts[string(row.Verdict)]++
		}
	}
	if len(blocks) == 0 {
		return done, nil
	}
	made, _, err := putBlocks(tx, w.by, core.ScopeOf(i.community), core.Batch{
		ID: w.imp.Batch, Community: i.community, Kind: core.BatchImportBlocks,
	}, blocks)
	if err != nil {
		return done, err
	}
	done.batch = made.Batch.ID
	return done, audit.Write(tx, w.by, audit.Entry{
		Community: i.community, Action: "visitorblock.import", Subject: audit.Target("community", i.community),
		After: visitorBlockImportAudit{made.Added, len(blocks) - made.Added, made.Batch.ID},
	})
}

// visitorBlockImportAudit is what the audit log records of the entries that a part of an import has written.
type visitorBlockImportAudit struct {
	Added   int     `json:"added"`
	Changed int     `json:"changed"`
	Batch   core.ID `json:"batch"`
}
