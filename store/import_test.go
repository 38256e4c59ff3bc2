package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/migrations"
	"tongxing/store/database"
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
	return readKind(t, s, NewImport{Community: community, Kind: core.ImportResidents, File: "住户.xlsx"}, f)
}

// readKind uploads and reads a list of any kind.
func readKind(t *testing.T, s *Store, n NewImport, f listFile) core.Import {
	t.Helper()
	return readKindBy(t, s, importer1, n, f)
}

func readKindBy(t *testing.T, s *Store, by core.Actor, n NewImport, f listFile) core.Import {
	t.Helper()
	n.Content = []byte(fmt.Sprint(f))
	imp, err := s.CreateImport(t.Context(), by, everywhere, n)
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
	if err := s.WriteImport(t.Context(), imp.By, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil {
		t.Fatal(err)
	}
	return theImport(t, s, imp.ID)
}

// failList writes an import that cannot be written; its job ends so on any server that takes it over.
func failList(t *testing.T, s *Store, imp core.Import, choices core.ImportChoices) core.Import {
	t.Helper()
	if err := s.WriteImport(t.Context(), imp.By, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if words, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); !core.IsInvalid(err) {
			t.Errorf("the job ends with %q, %v", words, err)
		}
	}
	return theImport(t, s, imp.ID)
}

func undoList(t *testing.T, s *Store, imp core.Import) core.Import {
	t.Helper()
	return undoListBy(t, s, importer1, imp)
}

func undoListBy(t *testing.T, s *Store, by core.Actor, imp core.Import) core.Import {
	t.Helper()
	if err := s.UndoImport(t.Context(), by, everywhere, imp.ID); err != nil {
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
// persons without residents; of the others it has the numbers.
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
	var numbers []string // of the persons who live somewhere
	if err := w.beside.SelectContext(t.Context(), &numbers, `SELECT COALESCE(p.phone_mac, 'none') FROM resident r
		JOIN person p ON p.id = r.person_id ORDER BY r.id`); err != nil {
		t.Fatal(err)
	}
	lines = append(lines, numbers...)
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
			刘六 | 男 | 限期租客 | 2098年12月31日 | 18124768126 | | 腾讯小区 | B | 1 | 102
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

// A building that is called like another community is that community's: somebody has written both into one cell.
func TestImportRefusesBuildingsOfOtherCommunities(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		community := newCommunity(t, s, "腾讯小区")
		newCommunity(t, s, "翠湖花园")
		newCommunity(t, s, "东区")
		imp := readList(t, s, community, listOf(importHead+`
			张三 | 男 | 业主 | | 18913112121 | | 腾讯小区 | 翠湖花园3栋 | 1 | 101
			李四 | 女 | 家属 | | 13625895630 | | 腾讯小区 | 东区3栋 | 1 | 102`))
		wantRows(t, s, imp, "2 wrong !其他小区的房屋", "3 new +house") // a short name may be a part of the community
	})
}

// stopAt stops a job at its nth step, from 0.
func stopAt(n int) func(int64, int64) error {
	return func(int64, int64) error {
		if n--; n < 0 {
			return errJobGone
		}
		return nil
	}
}

// importEstate is an estate with residents that a list is compared with.
func importEstate(t *testing.T, s *Store) core.ID {
	t.Helper()
	community := newCommunity(t, s, "翠湖花园")
	houses := newHouses(t, s, community, 3)
	newResident(t, s, community, houses[0], "张三", "13700000001")
	newResident(t, s, community, houses[0], "李四", "13700000002")
	newResident(t, s, community, houses[1], "王五", "13700000003")
	return community
}

// A lease that is over is not imported: neither as a new one, nor with somebody who comes back, nor instead of one that runs.
func TestALeaseThatIsOverIsNotImported(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := readList(t, s, community, listOf(`姓名|身份|租约到期时间|手机|栋|单元|房间
			赵六|限期租客|2018-12-31|13700000006|1|1|103
			张三|限期租客|2018-12-31|13700000001|1|1|101
			钱七|限期租客|2098-12-31|13700000007|1|1|103`))
		wantRows(t, s, imp, "2 wrong !租约已到期", "3 wrong by phone !租约已到期", "4 new")
	})
}

// What each row would do, what it does by each choice, and that undoing it restores everything.
func TestImportChangesWhatIsChosen(t *testing.T) {
	list := listOf("姓名|性别|身份|租约到期时间|手机|证件号|栋|单元|房间\n" + `
		张三 | 男 | 家属 | | 13700000001 | E12345678 | 1号楼 | 一单元 | 101室
		李 四 |  | 业主 | | 13700000002 |           | 1 | 1 | 101
		王五 | 男 | 业主 | | 13700000009 |           | 1 | 1 | 102
		张三 |   | 业主 | | 13700000001 |           | 1 | 1 | 103
		赵六 |   | 业主 | | 13700000006 |           | 2 | 1 | 101
		钱七 |   | 业主 | | 1370000     |           | 2 | 1 | 102`)
	want := []string{
		"2 changed by phone", "3 same by phone", "4 changed by name", "5 tie by phone", "6 new +house", "7 wrong !手机有误",
	}
	const allWritten = `{"changed":2,"new":1,"places":1,"same":1,"tie":1}`
	for name, test := range map[string]struct {
		choices core.ImportChoices
		written string
		zhang   string
	}{
		"update": {core.ImportChoices{Known: core.ImportUpdate, Ties: true}, allWritten, "family male E12345678"},
		"fill":   {core.ImportChoices{Known: core.ImportFill, Ties: true}, allWritten, "owner male E12345678"},
		"skip":   {core.ImportChoices{Known: core.ImportSkip}, `{"new":1,"places":1,"same":4}`, "owner  "},
	} {
		t.Run(name, func(t *testing.T) {
			eachRegister(t, func(t *testing.T, s *Store, register func() string) {
				community := importEstate(t, s)
				before := register()
				imp := readList(t, s, community, list)
				wantRows(t, s, imp, want...)
				if register() != before {
					t.Error("the preview has changed the register")
				}
				imp = writeList(t, s, imp, test.choices)
				if got := imp.Written.Text(); got != test.written {
					t.Errorf("written %s, want %s", got, test.written)
				}
				list, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "13700000001", Page: Page{Limit: 10}})
				if err != nil || len(list) == 0 {
					t.Fatal(err)
				}
				first := list[len(list)-1]
				whole, err := s.RevealResident(t.Context(), importer1, everywhere, first.ID)
				if got := fmt.Sprint(whole.Identity, " ", whole.Sex, " ", whole.IDNumber); err != nil || got != test.zhang {
					t.Errorf("张三 is %q, %v", got, err)
				}
				if undoList(t, s, imp); register() != before {
					t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
				}
			})
		})
	}
}

// The number of somebody with another name is not filled up with what the row says of another person, whatever is chosen: neither
// on the preview, nor if the name was changed after it. With both numbers the name is corrected.
func TestImportGivesNobodyWhatIsAnothers(t *testing.T) {
	const head = "姓名|性别|身份|手机|证件号|栋|单元|房间|手机说明\n"
	for _, known := range core.ImportKnowns() {
		t.Run(string(known), func(t *testing.T) {
			eachRegister(t, func(t *testing.T, s *Store, register func() string) {
				community := importEstate(t, s)
				imp := readList(t, s, community, listOf(head+`
					钱一 | 女 | 家属 | 13700000001 | E12345678 | 1 | 1 | 101 |
					孙二 | 女 | 家属 | 13700000002 | E12345679 | 1 | 1 | 101 | 家人共用
					王五 |   | 业主 | 13700000003 | E12345670 | 1 | 1 | 102 |`))
				wantRows(t, s, imp, "2 wrong !与登记冲突", "3 new", "4 changed by phone")
				rows, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 1}})
				if err != nil || len(rows) != 1 || !strings.Contains(rows[0].Wrong[0].Words, "张三") {
					t.Errorf("the preview does not say whose the number is: %+v, %v", rows, err)
				}
				wang := theResident(t, s, "王五").Resident
				if _, err := s.UpdateResident(t.Context(), importer1, everywhere, wang.ID, ResidentChange{
					Name: "王武", Identity: wang.Identity, Updated: wang.Updated,
				}); err != nil {
					t.Fatal(err)
				}
				imp = writeList(t, s, imp, core.ImportChoices{Known: known})
				rows, _, err = s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 9}})
				if err != nil || strings.Contains(fmt.Sprint(rows[2].Wrong), "王武") != (known != core.ImportSkip) {
					t.Errorf("what has changed since the preview: %+v, %v", rows[2].Wrong, err)
				}
				for _, name := range []string{"张三", "王武"} {
					r, err := s.RevealResident(t.Context(), importer1, everywhere, theResident(t, s, name).ID)
					if err != nil || r.Sex != "" || r.IDNumber != "" {
						t.Errorf("%s has what is another's: %q, %q, %v", name, r.Sex, r.IDNumber, err)
					}
				}
				written := register()
				imp = readList(t, s, community, listOf(head+"孙儿|女|家属|13700000009|E12345679|1|1|101|"))
				wantRows(t, s, imp, "2 wrong !与登记冲突")
				if register() != written {
					t.Error("the preview has changed the register")
				}
			})
		})
	}
}

// Who has left comes back only if somebody says so, and is not certified by that, whatever name WeChat has confirmed; also who
// has no number of their own.
func TestImportBringsBackOnlyWhenAsked(t *testing.T) {
	for name, test := range map[string]struct{ idNumber, row, by string }{
		"by the number":    {"", "张三|业主|13700000001|||1|1|101", "phone"},
		"by the name":      {"", "张小|家属|13700000001||家人共用|1|1|101", "name"},
		"by the ID number": {"E12345678", "张晓|家属|13700000001|E12345678|家人共用|1|1|101", "id_number"},
		"ID number kept":   {"E12345678", "张小|家属|13700000001||家人共用|1|1|101", "name"},
		"ID number new":    {"", "张小|家属|13700000001|E12345678|家人共用|1|1|101", "name"},
	} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", ", back), func(t *testing.T) {
				eachRegister(t, func(t *testing.T, s *Store, register func() string) {
					community := importEstate(t, s)
					newWechatUserWithPhone(t, s, "o-zhang", "13700000001")
					left := theResident(t, s, "张三").Resident
					if test.by != "phone" {
						left = newPerson(t, s, core.Resident{
							Community: community, House: left.House, Name: "张小", Identity: core.Family, IDNumber: test.idNumber,
						}).Resident
					}
					if err := s.MoveOut(t.Context(), core.System, everywhere, left.ID); err != nil {
						t.Fatal(err)
					}
					before := register()
					list := "姓名|身份|手机|证件号|手机说明|栋|单元|房间\n" + test.row + "\n赵六|业主|13700000006|||1|1|103"
					imp := readList(t, s, community, listOf(list))
					wantRows(t, s, imp, "2 back by "+test.by, "3 new")
					choices := core.DefaultImportChoices()
					if choices.Back {
						t.Fatal("an old list brings people back unless somebody says no")
					}
					choices.Back = back
					imp = writeList(t, s, imp, choices)
					is, err := s.Resident(t.Context(), everywhere, left.ID)
					if err != nil || is.MovedOut.IsZero() != back || back && !is.Certified.IsZero() {
						t.Errorf("%+v, %v", is, err)
					}
					whole, err := s.RevealResident(t.Context(), importer1, everywhere, left.ID)
					known := strings.Contains(test.idNumber+test.row, "E12345678")
					if err != nil || back && (whole.IDNumber != "") != known {
						t.Errorf("the ID number is %q, %v", whole.IDNumber, err)
					}
					if n := imp.Written.Of(core.ImportNew, core.ImportBack); n != 1+database.BoolInt(back) {
						t.Errorf("%d were added", n)
					}
					if undoList(t, s, imp); register() != before {
						t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
					}
				})
			})
		}
	}
}

// What somebody has changed since is kept, with its house, and listed; the rest is taken back.
func TestImportUndoKeepsWhatWasChangedSince(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := readList(t, s, community, listOf(`姓名|身份|手机|栋|单元|房间
			张三|家属|13700000001|1|1|101
			赵六|业主|13700000006|2|1|101
			钱七|业主|13700000007|2|1|102`))
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate, Ties: true})
		found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "赵六", Page: Page{Limit: 10}})
		if err != nil || len(found) != 1 {
			t.Fatal(err, len(found))
		}
		_, err = s.UpdateResident(t.Context(), importer1, everywhere, found[0].ID, ResidentChange{
			Name: "赵六六", Identity: core.Owner, Updated: found[0].Updated,
		})
		if err != nil {
			t.Fatal(err)
		}
		imp = undoList(t, s, imp)
		for _, batch := range []struct {
			id           core.ID
			undone, kept int
		}{{imp.Batch, 2, 1}, {imp.Houses, 1, 1}} {
			b, err := s.Batch(t.Context(), everywhere, batch.id)
			if err != nil || b.Undone != batch.undone || b.Kept != batch.kept {
				t.Errorf("%+v, %v; want %d taken back, %d kept", b, err, batch.undone, batch.kept)
			}
		}
		if found, _, _ = s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "赵六六", Page: Page{Limit: 10}}); len(found) != 1 {
			t.Error("who was changed since is gone")
		}
	})
}

// A long list is stopped after each transaction and continued by another server; what comes of it is the same. Stopped
// by its starter, it leaves nothing.
func TestImportIsContinuedOrLeavesNothing(t *testing.T) {
	list := listFile{cells("姓名|身份|手机|栋|单元|房间")}
	for i := range (partsAtOnce+1)*core.ImportPart - 7 {
		list = append(list, cells(fmt.Sprintf("住户%d|业主|139%08d|%d|1|%d", i, i, i/100+1, i%100+101)))
	}
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := newCommunity(t, s, "翠湖花园")
		before := register()
		imp := readList(t, s, community, list)
		start := func() error {
			return s.WriteImport(t.Context(), importer1, everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli())
		}
		if err := start(); err != nil {
			t.Fatal(err)
		}
		for try := range imp.Parts {
			_, err := s.WriteImportRows(t.Context(), imp.ID, stopAt(1))
			if err == nil && try > 0 {
				break
			}
			if !core.IsConflict(err) {
				t.Fatalf("try %d: %v", try, err)
			}
		}
		if imp = theImport(t, s, imp.ID); imp.State != core.ImportDone || imp.Written.Of(core.ImportNew) != len(list)-1 {
			t.Fatalf("continued: %s %v", imp.State, imp.Written)
		}
		if err := s.UndoImport(t.Context(), importer1, everywhere, imp.ID); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = s.UndoImportRows(t.Context(), imp.ID, stopAt(1)) // stopped, and continued
		}
		if _, err := s.UndoImportRows(t.Context(), imp.ID, anyStep); err != nil || register() != before {
			t.Fatal("after undoing:", err, difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
		}
		imp = readList(t, s, community, list)
		if err := start(); err != nil {
			t.Fatal(err)
		}
		_, _ = s.WriteImportRows(t.Context(), imp.ID, stopAt(1))
		if err := s.CancelImport(t.Context(), importer1, everywhere, imp.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil { // a writer that comes late undoes too
			t.Fatal(err)
		}
		if imp = theImport(t, s, imp.ID); imp.State != core.ImportCancelled || register() != before {
			t.Error("cancelled:", imp.State, difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
		}
	})
}

// All or nothing: a row that can no longer be written takes back the others.
func TestImportAllOrNothing(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := importEstate(t, s)
		list := "姓名|身份|手机|栋|单元|房间\n赵六|业主|13700000006|2|1|101\n王五|家属|13700000003|1|1|102"
		imp := readList(t, s, community, listOf(list+"\n钱七|业主|137|2|1|101"))
		all := core.ImportChoices{Known: core.ImportUpdate, Ties: true, All: true}
		wantField(t, s.WriteImport(t.Context(), importer1, everywhere, imp.ID, all, imp.Updated.UnixMilli()), "all")
		imp = readList(t, s, community, listOf(list))
		found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "王五", Page: Page{Limit: 10}})
		if err != nil || len(found) != 1 {
			t.Fatal(err)
		}
		if err := s.MoveOut(t.Context(), importer1, everywhere, found[0].ID); err != nil {
			t.Fatal(err)
		}
		before := register()
		if imp = failList(t, s, imp, all); imp.State != core.ImportFailed || imp.Problem == "" {
			t.Errorf("it is %s %q", imp.State, imp.Problem)
		}
		if register() != before {
			t.Error(difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
		}
		wantRows(t, s, imp, "2 new +house", "3 wrong by phone !预览后有变化")
		if n := imp.Counts.Of(core.ImportWrong); n != 1 || imp.Counts.Rows() != 2 || imp.Counts.Of(core.ImportChanged) != 0 {
			t.Errorf("counted: %v", imp.Counts)
		}
	})
}

// Two imports into one community are never worked on at once, by whichever servers; those of two are.
func TestImportsOfACommunityQueue(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		one, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "东湖花园")
		for _, community := range []core.ID{one, one, other} {
			if _, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
				Community: community, Kind: core.ImportResidents, File: "a.csv", Content: []byte("x"),
			}); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(server string) core.Job {
			t.Helper()
			job, err := s.ClaimJob(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			return job
		}
		first, second := claim("a"), claim("b")
		if imp := theImport(t, s, second.Subject); imp.Community != other {
			t.Error("two imports into one community run at once")
		}
		if _, err := s.ClaimJob(t.Context(), "c"); !core.IsNotFound(err) {
			t.Errorf("a third: %v", err)
		}
		if err := s.EndJob(t.Context(), "a", core.Job{ID: first.ID, State: core.JobDone}); err != nil {
			t.Fatal(err)
		}
		if third := claim("c"); theImport(t, s, third.Subject).Community != one {
			t.Error("the queue does not go on")
		}
	})
}

// After a week without a change the file and the rows are gone, and only what was written is told.
func TestImportsAreCleared(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		imp := readList(t, s, community, listOf("栋|单元|房间\n1|1|101"))
		kept := func(size int) {
			t.Helper()
			if err := s.db.Write(t.Context(), "size", func(tx *database.Tx) error {
				return discard(tx.Exec("UPDATE import SET size = ?", size))
			}); err != nil {
				t.Fatal(err)
			}
		}
		kept(core.MaxImportsKept)
		_, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
			Community: community, Kind: core.ImportArrears, File: "欠费.xlsx", Content: []byte("x"),
		})
		wantCode(t, err, core.CodeConflict)
		kept(1)
		clock.Add(core.ImportLife - time.Minute)
		if n, err := s.PurgeImports(t.Context()); err != nil || n != 0 {
			t.Errorf("too early: %d, %v", n, err)
		}
		clock.Add(2 * time.Minute)
		if n, err := s.PurgeImports(t.Context()); err != nil || n != 1 {
			t.Errorf("purged %d, %v", n, err)
		}
		if imp = theImport(t, s, imp.ID); imp.State != core.ImportCancelled || imp.Cleared.IsZero() {
			t.Errorf("it is %+v", imp)
		}
		if _, err := s.importContent(t.Context(), imp.ID); !core.IsNotFound(err) {
			t.Errorf("its file: %v", err)
		}
		for _, table := range []string{"import_content", "import_part"} {
			var n int
			if err := s.db.Get(t.Context(), &n, "SELECT COUNT(*) FROM "+table); err != nil || n != 0 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
	})
}

// Rows that contradict each other are both wrong, also if they are far apart.
func TestImportContradictionsMarkBothRows(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		list := listFile{cells("姓名|身份|手机|栋|单元|房间"), cells("张三|业主|13700000001|1|1|101")}
		for i := range core.ImportPart {
			list = append(list, cells(fmt.Sprintf("||| 2|1|%d", 101+i)))
		}
		list = append(list, cells("李四|业主|13700000001|1|1|102"))
		imp := readList(t, s, community, list)
		wrong := ImportRowFilter{Verdicts: []core.ImportVerdict{core.ImportWrong}, Page: Page{Limit: 9}}
		rows, _, err := s.ImportRows(t.Context(), imp, wrong)
		if err != nil || len(rows) != 2 || rows[0].Number != 2 || rows[1].Number != len(list) || imp.Counts.Of(core.ImportWrong) != 2 {
			t.Errorf("%+v, %v, %v", rows, imp.Counts, err)
		}
		// Pages lead forth and back over parts.
		const limit = core.ImportPart * 3 / 5
		page := Page{Limit: limit}
		first, more, _ := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: page})
		page.Next = core.ID(first[len(first)-1].Number)
		next, last, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: page})
		if err != nil || !more || last || len(first)+len(next) != len(list)-1 {
			t.Errorf("%d and %d rows, %v %v, %v", len(first), len(next), more, last, err)
		}
		back, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: limit, Prev: core.ID(next[0].Number)}})
		if err != nil || len(back) != limit || back[0].Number != first[0].Number {
			t.Errorf("back: %d rows from %d, %v", len(back), back[0].Number, err)
		}
	})
}

// The rows with a fault are looked for in the parts that have it, and in no others.
func TestImportRowsOpenOnlyTheirParts(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		text := "姓名|身份|手机|楼栋|单元|房号\n"
		for n := range core.ImportPart {
			text += fmt.Sprintf("赵%d|业主|137|1|1|%d\n", n, n)
		}
		imp := readList(t, s, importEstate(t, s), listOf(text+"钱一|国王|13700000001|1|1|101\n"))
		kinds := imp.Counts.Faults()
		if len(kinds) != 2 || kinds[1].N != 1 || imp.Counts.Faulted(kinds[1].Kind) != 1 {
			t.Fatalf("faults: %v", kinds)
		}
		if err := s.db.Write(t.Context(), "spoil a part", func(tx *database.Tx) error {
			_, err := tx.Exec("UPDATE import_part SET content = ? WHERE part = 0", []byte("?"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		filter := ImportRowFilter{Fault: kinds[1].Kind, Page: Page{Limit: 10}}
		if rows, _, err := s.ImportRows(t.Context(), imp, filter); err != nil || len(rows) != 1 {
			t.Errorf("the rare fault: %v, %v", rows, err)
		}
		filter.Fault = kinds[0].Kind
		if _, _, err := s.ImportRows(t.Context(), imp, filter); !core.IsNotFound(err) {
			t.Errorf("the spoilt part was not opened: %v", err)
		}
	})
}

func cells(line string) []string { return strings.Split(line, "|") }

// A part of a large community is found by its own houses and numbers, not by a walk of all.
func TestImportFindsByIndexes(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := "SELECT id FROM house" + s.db.Dialect().ByKey() + " WHERE community_id = ? AND id IN (?, ?)"
		plan := planOf(t, s, houses, int64(community), 1, 2)
		if !strings.Contains(plan, "USING INTEGER PRIMARY KEY") && !strings.Contains(plan, `"key": "PRIMARY"`) {
			t.Errorf("houses of some ids are found by %s", plan)
		}
		for column, index := range map[string]string{"phone_mac": "resident_phone", "idno_mac": "resident_idno"} {
			plan = planOf(t, s, numberHolders(s.db.Dialect(), column, 2), "1", "2", int64(community))
			if !strings.Contains(plan, index) {
				t.Errorf("residents of some numbers are found by %s", plan)
			}
		}
		plan = planOf(t, s, "DELETE FROM name_gram WHERE ("+gramColumns+") IN "+s.db.Dialect().AmongKeys("(1, 2, 3, 4), (1, 2, 3, 5)"))
		if !strings.Contains(plan, "gram=? AND community_id=? AND subject_id=?") && !strings.Contains(plan, `"key": "PRIMARY"`) {
			t.Errorf("names are found by %s", plan)
		}
	})
}

// Who was certified at the desk without a number gets none by a list: with it they would lose certification and pass.
func TestImportLeavesThoseOfTheDesk(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := importEstate(t, s)
		house := residentOf(t, s, theResident(t, s, "张三").ID).House
		elder := newPerson(t, s, core.Resident{Community: community, House: house, Name: "钱奶奶", Identity: core.Family})
		certifiedAtDesk(t, s, elder.ID)
		newPerson(t, s, core.Resident{Community: community, House: house, Name: "吴爷爷", Identity: core.Family}) // who gets one
		before := register()
		imp := readList(t, s, community, listOf(`姓名|身份|手机|栋|单元|房间
			钱奶奶|家属|13700000008|1|1|101
			吴爷爷|家属|13700000009|1|1|101
			赵六|业主|13700000006|1|1|103`))
		wantRows(t, s, imp, "2 wrong !与登记冲突", "3 changed by name", "4 new")
		undoList(t, s, writeList(t, s, imp, core.DefaultImportChoices()))
		if after := register(); after != before {
			t.Error(difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

func theResident(t *testing.T, s *Store, name string) ResidentRow {
	t.Helper()
	found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: name, Page: Page{Limit: 10}})
	if err != nil || len(found) != 1 {
		t.Fatal(name, len(found), err)
	}
	return found[0]
}

// Undoing takes the number from the person too, so that who really has it does not become that person; but not if somebody
// is that person by now.
func TestImportUndoTakesTheNumberBack(t *testing.T) {
	for name, holder := range map[string]bool{"nobody has it": false, "another has it": true} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				community := importEstate(t, s)
				there := theResident(t, s, "张三")
				was := newPerson(t, s, core.Resident{Community: community, House: there.House, Name: "钱奶奶", Identity: core.Family})
				imp := writeList(t, s, readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n钱奶奶|家属|13700000008|1|1|101")),
					core.DefaultImportChoices())
				if got := residentOf(t, s, was.ID); got.Person != was.Person || got.Phone == "" {
					t.Fatalf("imported: %+v", got)
				}
				number := "SELECT COUNT(*) FROM person WHERE phone_mac = '" + s.db.Keys().Digest("phone", "13700000008") + "'"
				if holder {
					newResident(t, s, community, theResident(t, s, "王五").House, "孙八", "13700000008")
				}
				undoList(t, s, imp)
				is := residentOf(t, s, was.ID)
				if is.Phone != "" || (is.Person == was.Person) == holder || (countRows(t, s, number) == 1) != holder {
					t.Errorf("undone: person %d, was %d, %d have the number", is.Person, was.Person, countRows(t, s, number))
				}
			})
		})
	}
}

// Imports are undone one after another, the last first, and so are other acts: each leaves the stamps that it found.
func TestImportsAreUndoneInTurn(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := importEstate(t, s)
		stamp := theResident(t, s, "张三").Updated
		update := core.ImportChoices{Known: core.ImportUpdate}
		act := func(text string) core.Import {
			t.Helper()
			clock.Add(time.Minute)
			return writeList(t, s, readList(t, s, community, listOf("姓名|性别|身份|手机|栋|单元|房间\n"+text)), update)
		}
		first := act("张三|男|业主|13700000001|1|1|101")
		second := act("张三|男|家属|13700000001|1|1|101")
		clock.Add(time.Minute)
		out, err := s.MoveOutAll(t.Context(), core.System, everywhere, []core.ID{theResident(t, s, "张三").ID})
		if err != nil {
			t.Fatal(err)
		}
		update.Back = true
		third := act("张三|男|家属|13700000001|1|1|101")
		clock.Add(time.Minute)
		undoList(t, s, third)
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, out.ID); err != nil {
			t.Fatal(err)
		}
		for _, imp := range []core.Import{second, first} {
			if imp = undoList(t, s, imp); imp.Written[core.ImportKept] != 0 {
				t.Errorf("%d are kept", imp.Written[core.ImportKept])
			}
		}
		if is := theResident(t, s, "张三"); is.Sex != "" || is.Identity != core.Owner || !is.Updated.Equal(stamp) {
			t.Errorf("in the end: %+v", is)
		}
	})
}

// sheetsFile is a file of several sheets.
type sheetsFile struct {
	names  []string
	sheets map[string]listFile
}

func (f sheetsFile) Sheets() []string { return f.names }

func (f sheetsFile) Notes() []string { return nil }

func (f sheetsFile) Size(ctx context.Context, sheet string) (int, error) {
	return f.sheets[sheet].Size(ctx, sheet)
}

func (f sheetsFile) Lines(ctx context.Context, sheet string, each func(ImportLine) error) error {
	return f.sheets[sheet].Lines(ctx, sheet, each)
}

// A sheet in which there is nothing is no dead end while the file has others.
func TestImportAsksForAnotherSheet(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		f := sheetsFile{[]string{"封面", "表头", "住户"}, map[string]listFile{
			"表头": listOf("姓名|身份|手机|栋|单元|房间"), "住户": listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|1|1|101"),
		}}
		imp, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
			Community: community, Kind: core.ImportResidents, File: "住户.xlsx", Content: []byte("x"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, sheet := range f.names {
			open := func(context.Context, []byte) (ImportSource, error) { return f, nil }
			if _, err := s.ReadImport(t.Context(), imp.ID, open, anyStep); err != nil {
				t.Fatal(err)
			}
			imp = theImport(t, s, imp.ID)
			layout, err := s.ImportLayout(t.Context(), everywhere, imp.ID)
			if err != nil || imp.Sheet != sheet {
				t.Fatal(imp.Sheet, err)
			}
			if sheet == "住户" {
				break
			}
			if imp.State != core.ImportMapping || !strings.Contains(layout.Problem, sheet) || len(layout.Sheets) != 3 {
				t.Fatalf("%s: %s, %+v", sheet, imp.State, layout)
			}
			next := f.names[slices.Index(f.names, sheet)+1]
			m := ImportMapping{Sheet: next, Updated: imp.Updated.UnixMilli()}
			if err := s.MapImport(t.Context(), importer1, everywhere, imp.ID, m); err != nil {
				t.Fatal(err)
			}
		}
		wantRows(t, s, imp, "2 new +house")
	})
}

// An import that gives up tells what it could not take back.
func TestAnImportThatGivesUpTellsWhatItKept(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := writeList(t, s, readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n赵六|业主|13700000006|2|1|101")),
			core.DefaultImportChoices())
		zhao := theResident(t, s, "赵六")
		if _, err := s.UpdateResident(t.Context(), importer1, everywhere, zhao.ID, ResidentChange{
			Name: "赵六六", Identity: core.Owner, Updated: zhao.Updated,
		}); err != nil {
			t.Fatal(err)
		}
		err := s.db.Write(t.Context(), "stop", func(tx *database.Tx) error { return stopImport(tx, imp) })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UndoImportRows(t.Context(), imp.ID, anyStep); err != nil {
			t.Fatal(err)
		}
		if imp = theImport(t, s, imp.ID); imp.State != core.ImportFailed || !strings.HasSuffix(imp.Problem, "保留 2 项") {
			t.Errorf("%s: %q", imp.State, imp.Problem)
		}
	})
}

// What nobody works on any more ends after a week: a reading fails, what was written is taken back.
func TestStuckImportsEnd(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		reading, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
			Community: community, Kind: core.ImportResidents, File: "a.csv", Content: []byte("x"),
		})
		if err != nil {
			t.Fatal(err)
		}
		writing := writeList(t, s, readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n赵六|业主|13700000006|2|1|101")),
			core.DefaultImportChoices())
		run := func(query string) {
			t.Helper()
			if err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error { return discard(tx.Exec(query)) }); err != nil {
				t.Fatal(err)
			}
		}
		run("UPDATE import SET state = 'writing', ended_at = NULL WHERE id = " + writing.ID.String())
		purge := func() {
			t.Helper()
			clock.Add(core.ImportLife + time.Minute)
			if _, err := s.PurgeImports(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if purge(); theImport(t, s, reading.ID).State != core.ImportReading {
			t.Error("one whose job waits has ended")
		}
		run("UPDATE job SET state = 'broken', live_key = NULL")
		purge()
		if is := theImport(t, s, reading.ID); is.State != core.ImportFailed || is.Cleared.IsZero() {
			t.Errorf("the reading: %+v", is)
		}
		is := theImport(t, s, writing.ID)
		if job, err := s.ImportJob(t.Context(), is); err != nil || is.State != core.ImportUndoing || job.State != core.JobWaiting {
			t.Errorf("the writing: %+v, %v", is, err)
		}
		run("UPDATE job SET state = 'broken', live_key = NULL")
		purge()
		if is = theImport(t, s, writing.ID); is.State != core.ImportUndoing || is.Cleared.IsZero() {
			t.Errorf("the undoing: %+v", is)
		}
		run("DELETE FROM job") // long after: its page is drawn all the same
		if job, err := s.ImportJob(t.Context(), is); err != nil || job.Kind != core.JobUndoImport || !job.State.Over() {
			t.Errorf("its job: %+v, %v", job, err)
		}
		if _, err := s.UndoImportRows(t.Context(), writing.ID, anyStep); err != nil {
			t.Fatal(err)
		}
		if is = theImport(t, s, writing.ID); is.State != core.ImportFailed {
			t.Errorf("in the end: %+v", is)
		}
		// Pieces without an import are of an upload that was broken off.
		if err := s.createImportPiece(t.Context(), 1, 0, []byte("x")); err != nil {
			t.Fatal(err)
		}
		clock.Add(core.UploadLife + time.Minute)
		if _, err := s.PurgeImports(t.Context()); err != nil || countRows(t, s, "SELECT COUNT(*) FROM import_content") != 0 {
			t.Errorf("pieces of an upload are left, %v", err)
		}
	})
}

// A list whose rows may concern any community is seen by its importer, and by who has all of the importer's communities.
func TestWideImportsAreSeenByWhoHasAllOfThem(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		account := func(login string, scope core.Scope) core.Account {
			a := testAccount(login)
			a.Scope, a.Permissions = scope, []core.Permission{core.PermStaffEdit}
			return mustAccount(t, s, a)
		}
		both, alone, all := account("both", core.ScopeOf(here, there)), account("alone", core.ScopeOf(here)), account("all", everywhere)
		alike := account("alike", core.ScopeOf(there, here))
		by := core.Actor{Kind: core.ActorAccount, ID: both.ID, Name: both.Name}
		imp := readKindBy(t, s, by, NewImport{Community: here, Kind: core.ImportStaff, File: "员工.xlsx"},
			listOf(staffHead+"甲 | 女 | 13700000002 | | 工程部 | 维修员 | | 滨河苑 |"))
		for _, test := range []struct {
			by   core.Account
			sees bool
		}{{both, true}, {alone, false}, {all, true}, {alike, true}} {
			sees, err := s.SeesImport(t.Context(), test.by, imp)
			list, _, failed := s.Imports(t.Context(), test.by.Scope, ImportFilter{
				Kinds: []core.ImportKind{core.ImportStaff}, By: test.by, Page: Page{Limit: 9},
			})
			if err != nil || failed != nil || sees != test.sees || (len(list) == 1) != test.sees {
				t.Errorf("%s: %v, %d, %v, %v", test.by.Login, sees, len(list), err, failed)
			}
		}
	})
}
