package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/migrations"
)

// listFile is a file as ReadImport gets it: one sheet of rows.
type listFile [][]string

func (f listFile) Sheets() []string { return []string{"Sheet1"} }

func (f listFile) Notes() []string { return nil }

func (f listFile) Size(context.Context, string) (int, error) { return len(f), nil }

func (f listFile) Lines(_ context.Context, _ string, each func(ImportLine) error) error {
	for i, row := range f {
		if err := each(ImportLine{Number: i + 1, Cells: row, Titles: row}); err != nil {
			return err
		}
	}
	return nil
}

// listOf reads rows that are written one a line, their cells apart by |.
func listOf(text string) listFile {
	var f listFile
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		f = append(f, cells)
	}
	return f
}

var importer1 = core.Actor{Kind: core.ActorAccount, ID: 7, Name: "周敏"}

func anyStep(int64, int64) error { return nil }

// readList uploads and reads a list.
func readList(t *testing.T, s *Store, community core.ID, f listFile) core.Import {
	t.Helper()
	imp, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
		Community: community, Kind: core.ImportResidents, File: "住户.xlsx", Content: []byte(fmt.Sprint(f)),
	})
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context, []byte) (ImportSource, error) { return f, nil }
	if _, err := s.ReadImport(t.Context(), imp.ID, open, anyStep); err != nil {
		t.Fatal(err)
	}
	return theImport(t, s, imp.ID)
}

func theImport(t *testing.T, s *Store, id core.ID) core.Import {
	t.Helper()
	imp, err := s.Import(t.Context(), everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return imp
}

// writeList writes an import as its preview shows it.
func writeList(t *testing.T, s *Store, imp core.Import, choices core.ImportChoices) core.Import {
	t.Helper()
	if err := s.WriteImport(t.Context(), importer1, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil {
		t.Fatal(err)
	}
	return theImport(t, s, imp.ID)
}

func undoList(t *testing.T, s *Store, imp core.Import) core.Import {
	t.Helper()
	if err := s.UndoImport(t.Context(), importer1, everywhere, imp.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UndoImportRows(t.Context(), imp.ID, anyStep); err != nil {
		t.Fatal(err)
	}
	return theImport(t, s, imp.ID)
}

// rowsOf returns the rows of an import: number, verdict, match and what is wrong.
func rowsOf(t *testing.T, s *Store, imp core.Import) []string {
	t.Helper()
	rows, more, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 1000}})
	if err != nil || more {
		t.Fatal(err, more)
	}
	var list []string
	for _, row := range rows {
		text := fmt.Sprint(row.Number, " ", row.Verdict)
		if row.Match != "" {
			text += " by " + string(row.Match)
		}
		if row.Place {
			text += " +house"
		}
		for _, fault := range row.Wrong {
			text += " !" + fault.Kind
		}
		list = append(list, text)
	}
	return list
}

func wantRows(t *testing.T, s *Store, imp core.Import, want ...string) {
	t.Helper()
	if got := rowsOf(t, s, imp); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// eachRegister is eachStore for tests that compare the whole database: register returns all of it but for what tells of
// imports themselves (their rows, batches, jobs, notices, lines of the log), for when rows were changed last, and for
// persons without residents.
func eachRegister(t *testing.T, test func(t *testing.T, s *Store, register func() string)) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, o Options) {
		w := newRaceWorld(t, o, false)
		test(t, w.Store, func() string { return registerOf(t, w) })
	})
}

// beside are tables that tell of imports, and those that any act may change.
var besides = []string{
	"node_lease", "person", "batch", "batch_item", "job", "notice", "message", "audit_log", "setting", "import",
	"import_content", "import_part", "import_column",
}

// registerOf returns the rows of all other tables. What is encrypted is compared by its digests.
func registerOf(t *testing.T, w *raceWorld) string {
	t.Helper()
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, migration := range all {
		for _, statement := range migration.Statements {
			found := tableName.FindStringSubmatch(statement)
			if found == nil || slices.Contains(besides, found[1]) {
				continue
			}
			lines = append(lines, tableLines(t, w, found[1])...)
		}
	}
	return strings.Join(lines, "\n")
}

func tableLines(t *testing.T, w *raceWorld, table string) []string {
	t.Helper()
	rows, err := w.beside.QueryxContext(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(row, func(column string, _ any) bool { return column == "updated_at" || strings.HasSuffix(column, "_cipher") })
		for column, value := range row {
			if text, ok := value.([]byte); ok {
				row[column] = string(text)
			}
		}
		lines = append(lines, fmt.Sprint(table, " ", row)) // fmt sorts the columns
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

const importHead = "姓名|性别|身份|租约到期时间|手机|证件号（如身份证，护照）|小区|栋|单元|房间\n"

// The sample of the original's manual is imported, then once more, which changes nothing, and is taken back.
func TestImportResidents(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := newCommunity(t, s, "腾讯小区")
		before := register()
		list := listOf("基本信息（选填）||||身份验证信息（选填）||小区楼栋信息（必填）|||\n" + importHead + `
			张三 | 男 | 业主 | | 18913112121 | | 腾讯小区 | A | 1 | 101
			李四 | 女 | 家属 | | 13625895630 | | 腾讯/小区 | A | 1 | 102
			王五 | 男 | 长期租客 | | 13625895631 | | 腾讯小区 | B | 1 | 101
			刘六 | 男 | 限期租客 | 2018年12月31日 | 18124768126 | | 腾讯小区 | B | 1 | 102
			     | | | | | | 腾讯小区 | B | 1 | 103`)
		imp := readList(t, s, community, list)
		wantRows(t, s, imp, "3 new +house", "4 new +house", "5 new +house", "6 new +house", "7 place +house")
		if imp.State != core.ImportPreview || imp.Counts[core.ImportPlaces] != 5 {
			t.Fatalf("read: %+v", imp)
		}
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportNew) != 4 || imp.Written[core.ImportPlaces] != 5 {
			t.Fatalf("written: %+v", imp)
		}
		written := register()
		again := readList(t, s, community, list)
		wantRows(t, s, again, "3 same by phone", "4 same by phone", "5 same by phone", "6 same by phone", "7 same")
		wantCode(t, s.WriteImport(t.Context(), importer1, everywhere, again.ID, core.DefaultImportChoices(), again.Updated.UnixMilli()),
			core.CodeConflict)
		if now := register(); now != written {
			t.Error("the same list again has changed the register:", difference(strings.Split(written, "\n"), strings.Split(now, "\n")))
		}
		if imp = undoList(t, s, imp); imp.State != core.ImportUndone {
			t.Errorf("undone: %+v", imp)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}
