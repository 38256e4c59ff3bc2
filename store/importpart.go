package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"io"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// Rows are kept in parts of core.ImportPart, compressed and encrypted as one: a hundred thousand rows are a hundred
// rows of SQL, and what a list of them needs is in the part's counts.

type importPartRow struct {
	Part     int    `db:"part"`
	Size     int    `db:"size"`
	FirstRow int    `db:"first_row"`
	Counts   string `db:"counts"`
	Content  []byte `db:"content"`
}

// sealImportRows returns import_part.content of rows.
func sealImportRows(keys database.Keyring, rows []core.ImportRow) ([]byte, error) {
	var packed bytes.Buffer
	out, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(out).Encode(rows); err != nil {
		return nil, err
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	sealed, err := keys.Seal(importPartColumn, packed.String())
	return []byte(sealed), err
}

// openImportRows returns the rows of import_part.content.
func openImportRows(keys database.Keyring, content []byte) (rows []core.ImportRow, err error) {
	packed, err := keys.Open(importPartColumn, string(content))
	if err != nil {
		return nil, core.NotFound("导入的内容无法解密，请联系运维人核对密钥")
	}
	in := flate.NewReader(bytes.NewReader([]byte(packed)))
	err = json.NewDecoder(in).Decode(&rows)
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	return rows, err
}

func importCounts(rows []core.ImportRow) core.ImportCounts {
	counts := core.ImportCounts{}
	for _, row := range rows {
		counts.Add(row)
	}
	return counts
}

// createImportPart keeps rows as a part of a reading.
func (s *Store) createImportPart(ctx context.Context, imp core.Import, reading core.ID, part int, rows []core.ImportRow) error {
	sealed, err := sealImportRows(s.db.Keys(), rows)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "keep a part of an import", func(tx *database.Tx) error {
		_, err := tx.Exec(
			"INSERT INTO import_part (reading_id, part, import_id, size, first_row, counts, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
			int64(reading), part, int64(imp.ID), len(rows), rows[0].Number, importCounts(rows).Text(), sealed,
		)
		return err
	})
}

// replaceImportPart keeps other rows as a part, within another act.
func replaceImportPart(tx *database.Tx, reading core.ID, part int, rows []core.ImportRow) error {
	sealed, err := sealImportRows(tx.Keys(), rows)
	if err != nil {
		return err
	}
	_, err = tx.Exec(
		"UPDATE import_part SET counts = ?, content = ? WHERE reading_id = ? AND part = ?",
		importCounts(rows).Text(), sealed, int64(reading), part,
	)
	return err
}

// importPart returns the rows of a part.
func importPart(all readAll, keys database.Keyring, reading core.ID, part int) (
	[]core.ImportRow, error,
) {
	var found []importPartRow
	err := all(&found, "SELECT part, size, first_row, counts, content FROM import_part WHERE reading_id = ? AND part = ?",
		int64(reading), part)
	if err == nil && len(found) == 0 {
		err = core.NotFound(importCleared)
	}
	if err != nil {
		return nil, err
	}
	return openImportRows(keys, found[0].Content)
}

// ImportRowFilter narrows the rows of an import.
type ImportRowFilter struct {
	Verdicts []core.ImportVerdict // of any of these; empty = all
	Places   bool                 // those that add a house
	Noted    bool                 // those of which there is something to know
	Fault    string               // those with a fault of the kind
	Choices  core.ImportChoices   // by which verdicts are meant; zero = as rows were judged
	Page     Page                 // its cursors are numbers of rows
}

// counted reports whether rows with these counts may have any of the filter.
func (f ImportRowFilter) counted(counts core.ImportCounts) bool {
	if f.Fault != "" {
		return counts.Faulted(f.Fault) > 0
	}
	return f.Count(counts) > 0
}

func (f ImportRowFilter) has(row core.ImportRow) bool {
	switch {
	case f.Places && (!row.Place || row.Verdict == core.ImportWrong):
		return false
	case f.Noted && !row.Noted():
		return false
	case len(f.Verdicts) > 0 && !slices.Contains(f.Verdicts, row.Does(f.Choices)):
		return false
	case f.Fault != "":
		return slices.ContainsFunc(row.Wrong, func(w core.ImportFault) bool { return w.Kind == f.Fault })
	}
	return true
}

// ImportRows lists rows of an import that the caller has read, in the order of the file. It opens the parts that have
// any, one after another, until the page is full. Their values are unmasked: the caller must mask them.
func (s *Store) ImportRows(ctx context.Context, imp core.Import, f ImportRowFilter) (list []core.ImportRow, more bool, err error) {
	var parts []importPartRow
	if err := s.db.All(ctx, &parts, "SELECT part, size, first_row, counts FROM import_part WHERE reading_id = ? ORDER BY part",
		int64(imp.Reading)); err != nil {
		return nil, false, database.Wrap("list rows of an import", err)
	}
	back := f.Page.Next == 0 && f.Page.Prev != 0
	cursor := int(f.Page.Cursor())
	if back {
		slices.Reverse(parts)
	}
	for i, part := range parts {
		if !f.counted(core.ReadImportCounts(part.Counts)) {
			continue
		}
		switch { // the whole part is before the cursor
		case back && part.FirstRow >= cursor:
			continue
		case !back && cursor > 0 && i+1 < len(parts) && parts[i+1].FirstRow <= cursor:
			continue
		}
		rows, err := importPart(s.allOf(ctx), s.db.Keys(), imp.Reading, part.Part)
		if err != nil {
			return nil, false, database.Wrap("list rows of an import", err)
		}
		if back {
			slices.Reverse(rows)
		}
		for _, row := range rows {
			beyond := cursor == 0 || back && row.Number < cursor || !back && row.Number > cursor
			if beyond && f.has(row) {
				list = append(list, row)
			}
		}
		if len(list) > f.Page.Limit {
			break
		}
	}
	list, more = core.CutPage(f.Page, list[:min(len(list), f.Page.Limit+1)])
	if f.Page.Total != nil {
		*f.Page.Total = f.Count(imp.Counts)
	}
	return list, more, nil
}

// Count returns how many of the rows with these counts are of the filter; -1 = unknown.
func (f ImportRowFilter) Count(counts core.ImportCounts) int {
	switch {
	case f.Fault != "":
		return -1
	case f.Places:
		return counts[core.ImportPlaces]
	case f.Noted:
		return counts[core.ImportNoted]
	case len(f.Verdicts) > 0:
		return counts.By(f.Choices).Of(f.Verdicts...)
	}
	return counts.Rows()
}

// EachImportFault calls do with the rows of an import that cannot be imported, in the order of the file.
func (s *Store) EachImportFault(ctx context.Context, imp core.Import, do func(row core.ImportRow) error) error {
	for part := range imp.Parts {
		rows, err := importPart(s.allOf(ctx), s.db.Keys(), imp.Reading, part)
		if err != nil {
			return database.Wrap("faults of an import", err)
		}
		for _, row := range rows {
			if row.Verdict != core.ImportWrong {
				continue
			}
			if err := do(row); err != nil {
				return err
			}
		}
	}
	return nil
}
