package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

const familyHead = "姓名|性别|身份|手机|证件号|栋|单元|房间|手机说明\n"

// Two rows about one person are compared however each spells the house, known or new; what is good of the list is written.
func TestImportComparesRowsHoweverTheHouseIsSpelled(t *testing.T) {
	for name, test := range map[string]struct {
		first, second string
		want          []string
	}{
		"one says more": {
			"赵六|男|业主|13711120101||%s|", "赵六||业主|13711120101||%s|", []string{"2 wrong !与另一行矛盾", "3 wrong !与另一行矛盾"},
		},
		"equal": {"赵六|男|业主|13711120101||%s|", "赵六|男|业主|13711120101||%s|", []string{"2 new", "3 same by row"}},
		"the family's number": {
			"赵小|男|家属|13711120101||%s|家人共用", "赵小||家属|13711120101||%s|家人共用",
			[]string{"2 wrong !与另一行矛盾", "3 wrong !与另一行矛盾"},
		},
		"the family's number, equal": {
			"赵小|男|家属|13711120101||%s|家人共用", "赵小|男|家属|13711120101||%s|家人共用", []string{"2 new", "3 same by row"},
		},
		"one ID number, two numbers": {
			"赵六|男|业主|13711120101|E12345678|%s|", "赵六|男|业主|13711120102|E12345678|%s|",
			[]string{"2 wrong !同证件不同手机", "3 wrong !同证件不同手机"},
		},
		"two of one name, told by ID numbers": {
			"赵小|男|家属|13711120101|E12345678|%s|家人共用", "赵小|男|家属|13711120101|E12345679|%s|家人共用", []string{"2 new", "3 new"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				community := importEstate(t, s)
				for _, spelled := range [][2]string{
					{"1|1|103", "1号楼|一单元|103室"}, {"1栋|1单元|103", "01|1|0103"}, {"一栋|1|103", "1幢|01单元|103号"}, // known
					{"8|1|201", "8号楼|一单元|201室"}, {"8栋|1单元|0201", "8座|1|201"}, // new
				} {
					list := familyHead + strings.ReplaceAll(test.first, "%s", spelled[0]) + "\n" +
						strings.ReplaceAll(test.second, "%s", spelled[1]) + "\n钱七||业主|13711120109||2|1|101|"
					imp := readList(t, s, community, listOf(list))
					got := rowsOf(t, s, imp)
					for i := range got {
						got[i] = strings.ReplaceAll(got[i], " +house", "")
					}
					if want := append(slices.Clone(test.want), "4 new"); !slices.Equal(got, want) {
						t.Errorf("%s: %v, want %v", spelled, got, want)
					}
					imp = writeList(t, s, imp, core.DefaultImportChoices())
					if imp.State != core.ImportDone || imp.Written.Of(core.ImportNew) != imp.Counts.Of(core.ImportNew) ||
						imp.Counts.Of(core.ImportWrong) != strings.Count(strings.Join(test.want, ""), "wrong") {
						t.Errorf("%s: %s, %v of %v", spelled, imp.State, imp.Written, imp.Counts)
					}
					undoList(t, s, imp)
				}
			})
		})
	}
}

// Of two houses that were typed in two ways each gets the people of its own rows, and the list again changes nothing. A spelling
// that is neither's is an error, also if the second has come about since the preview.
func TestImportTellsHousesTypedTwiceApart(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		list := listOf(familyHead + `
			张三||业主|13700000001||1栋|1单元|101|
			王五||业主|13700000003||1号楼|1单元|101|
			赵六||业主|13700000006||1栋|1单元|101|
			赵六||业主|13700000006||1号楼|1单元|101|
			钱七||业主|13700000007||一栋|1单元|101|
			孙八||业主|13700000008||一栋|1单元|102|
			周九||业主|13700000009||1号楼|1单元|104|`)
		imp := readList(t, s, w.community, list)
		wantRows(t, s, imp, "2 same by phone", "3 same by phone", "4 new", "5 new", "6 wrong !登记里有几套", "7 new", "8 new +house")
		_, err := s.CreateHouses(t.Context(), core.System, everywhere, w.community, [][]string{{"1号楼", "1", "102"}})
		if err != nil {
			t.Fatal(err)
		}
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportNew) != 3 {
			t.Errorf("%s: %v", imp.State, imp.Written)
		}
		wantRows(t, s, imp, "2 same by phone", "3 same by phone", "4 new", "5 new", "6 wrong !登记里有几套", "7 wrong !预览后有变化",
			"8 new +house")
		again := readList(t, s, w.community, list)
		wantRows(t, s, again, "2 same by phone", "3 same by phone", "4 same by phone", "5 same by phone", "6 wrong !登记里有几套",
			"7 wrong !登记里有几套", "8 same by phone")
	})
}

// Somebody without a number is found by the name or the ID number, and is not added without one; a row that says so of somebody who
// has one changes nothing of it.
func TestImportNamesThoseWithoutANumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		newResident(t, s, community, newNamedHouse(t, s, community, "2栋", "1单元", "101"), "赵小", "")
		imp := readList(t, s, community, listOf(familyHead+`
			赵小||业主|||2|1|101|无手机
			张三||业主|||1|1|101|无手机
			钱七||家属|||2|1|101|无手机
			王五|男|业主|||1|1|102|无手机`))
		wantRows(t, s, imp, "2 same by name", "3 same by name", "4 wrong !姓名、身份、手机不全", "5 changed by name")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "王五", Page: Page{Limit: 9}})
		if err != nil || len(found) != 1 || found[0].Phone == "" || found[0].Sex != "male" || imp.Written.Of(core.ImportChanged) != 1 {
			t.Errorf("%+v, %v, %v", found, imp.Written, err)
		}
	})
}

// Rows that the reading should have found to be one person's do not keep the others out: the first is written.
func TestImportWritesOnceWhomTheReadingMissed(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := readList(t, s, community, listOf(familyHead+`
			赵六|男|业主|13711120101||1|1|103|
			赵小|男|家属|13711120101||1|1|103|家人共用
			钱七||业主|13711120109||2|1|101|`))
		rows, err := importPart(s.allOf(t.Context()), s.db.Keys(), imp.Reading, 0)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, rows[0], rows[1])
		rows[3].Number, rows[4].Number = 5, 6
		err = s.db.Write(t.Context(), "two of one", func(tx *database.Tx) error { return replaceImportPart(tx, imp.Reading, 0, rows) })
		if err != nil {
			t.Fatal(err)
		}
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportNew) != 3 {
			t.Errorf("%s, %v", imp.State, imp.Written)
		}
		wantRows(t, s, imp, "2 new", "3 new", "4 new +house", "5 wrong !预览后有变化", "6 wrong !预览后有变化")
	})
}

// Two rows that are about one resident of the register are both wrong: by the number, and by the name.
func TestImportRefusesTwoRowsAboutOneResident(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		list := listOf(familyHead + "张三|男|业主|13700000001||1|1|101|\n")
		for range core.ImportPart {
			list = append(list, cells("|||||1|1|101|"))
		}
		list = append(list, cells("张三||家属|13700000002||1|1|101|家人共用"))
		imp := readList(t, s, community, list)
		wrong := ImportRowFilter{Verdicts: []core.ImportVerdict{core.ImportWrong}, Page: Page{Limit: 9}}
		rows, _, err := s.ImportRows(t.Context(), imp, wrong)
		if err != nil || len(rows) != 2 || rows[0].Number != 2 || rows[1].Number != len(list) || imp.Counts.Of(core.ImportWrong) != 2 {
			t.Errorf("%+v, %v, %v", rows, imp.Counts, err)
		}
	})
}

// A number that another name has in another house of the community is somebody else's: the row is an error, on the preview, and
// also if that has come about since. One of the name gets a further house, if that is chosen; the preview says where they live.
func TestImportTakesNobodysNumberFromAnotherHouse(t *testing.T) {
	for name, test := range map[string]struct {
		ties    bool
		rows    []string // as they are in the end
		written string
	}{
		"further houses": {true, []string{"wrong", "wrong by phone", "wrong by name", "tie by phone", "wrong", "new", "wrong by name"},
			`{"new":1,"tie":1,"wrong":3}`},
		"none": {false, []string{"wrong", "tie by phone", "wrong by name", "tie by phone", "wrong", "new", "wrong by name"},
			`{"same":3,"wrong":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			eachRegister(t, func(t *testing.T, s *Store, register func() string) {
				community := importEstate(t, s)
				house := theResident(t, s, "张三").House
				for _, r := range []core.Resident{
					{Name: "孙小", Identity: core.Family}, {Name: "郑小", Identity: core.Family},
					{Name: "吴九", Identity: core.Owner, Phone: "13700000009", IDNumber: "E12345678"},
				} {
					r.Community, r.House = community, house
					newPerson(t, s, r)
				}
				before := register()
				imp := readList(t, s, community, listOf(familyHead+`
					王麻子 | | 业主 | 13700000001 | | 1 | 1 | 103 |
					李 四  | | 业主 | 13700000002 | | 1 | 1 | 102 |
					孙小   | | 家属 | 13700000003 | | 1 | 1 | 101 |
					吴久   | | 业主 | 13700000009 | E12345678 | 1 | 1 | 102 |
					赵六   | | 业主 | 13700000006 | | 1 | 1 | 103 |
					钱七   | | 业主 | 13700000007 | | 1 | 1 | 103 |
					郑小   | | 家属 | 13700000008 | | 1 | 1 | 101 |`))
				if register() != before {
					t.Error("the preview has changed the register")
				}
				wantRows(t, s, imp, "2 wrong !与登记冲突", "3 tie by phone", "4 wrong by name !与登记冲突", "5 tie by phone", "6 new", "7 new",
					"8 changed by name")
				rows, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 9}})
				if err != nil || !strings.Contains(rows[0].Wrong[0].Words, "“张三”（1栋1单元101）") || rows[1].Lives != "1栋1单元101" {
					t.Errorf("%+v, %v", rows, err)
				}
				li := theResident(t, s, "李四").Resident
				if _, err := s.UpdateResident(t.Context(), importer1, everywhere, li.ID, ResidentChange{
					Name: "李思", Identity: li.Identity, Updated: li.Updated,
				}); err != nil {
					t.Fatal(err)
				}
				newResident(t, s, community, house, "周八", "13700000006")
				newResident(t, s, community, house, "钱七", "13700000007")
				newResident(t, s, community, theResident(t, s, "王五").House, "周九", "13700000008")
				before = register()
				imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate, Ties: test.ties})
				if got := imp.Written.Text(); got != test.written {
					t.Errorf("written: %s, want %s", got, test.written)
				}
				for i, row := range rowsOf(t, s, imp) {
					if !strings.HasPrefix(row, fmt.Sprint(i+2, " ", test.rows[i])) {
						t.Errorf("in the end: %s, want %s", row, test.rows[i])
					}
				}
				if imp.Wrote() {
					undoList(t, s, imp)
				}
				if register() != before {
					t.Error(difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
				}
			})
		})
	}
}

// The number of who has left may be another's by now: their record is not brought back with it.
func TestImportBringsNobodyBackWithAnothersNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		if err := s.MoveOut(t.Context(), core.System, everywhere, theResident(t, s, "张三").ID); err != nil {
			t.Fatal(err)
		}
		list := listOf(familyHead + "张三||业主|13700000001||1|1|101|\n李丽||业主|13700000002||1|1|103|")
		imp := readList(t, s, community, list)
		wantRows(t, s, imp, "2 back by phone", "3 wrong !与登记冲突")
		rows, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 1}})
		if err != nil || len(rows) != 1 || len(rows[0].Was) == 0 || rows[0].Was[0] != "张三" {
			t.Errorf("the preview does not say whose record it is: %+v, %v", rows, err)
		}
		newResident(t, s, community, theResident(t, s, "王五").House, "周八", "13700000001")
		wantRows(t, s, readList(t, s, community, list), "2 wrong by phone !与登记冲突", "3 wrong !与登记冲突")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate, Back: true})
		wantRows(t, s, imp, "2 wrong by phone !预览后有变化", "3 wrong !与登记冲突")
	})
}

// The batch of an import names what was changed of a resident, long after the rows of the list are gone.
func TestTheBatchOfAnImportNamesWhatChanged(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		if err := s.MoveOut(t.Context(), core.System, everywhere, theResident(t, s, "李四").ID); err != nil {
			t.Fatal(err)
		}
		imp := readList(t, s, community, listOf(familyHead+`
			张三|男|家属|13700000001|E12345678|1|1|101|
			李四||家属|13700000002||1|1|101|
			赵六||业主|13700000006||1|1|101|`))
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate, Back: true})
		b, err := s.Batch(t.Context(), everywhere, imp.Batch)
		if err != nil {
			t.Fatal(err)
		}
		items, _, err := s.BatchItems(t.Context(), b, BatchItemFilter{Page: Page{Limit: 9}})
		if err != nil || len(items) != 3 {
			t.Fatal(len(items), err)
		}
		for i, want := range []string{
			"居住，未认证 → 居住，未认证，改了性别、身份、证件号", "已迁出 → 居住，未认证，改了身份", " → 居住，未认证",
		} {
			if got := items[i].Was + " → " + items[i].Became; got != want {
				t.Errorf("%s: %q, want %q", items[i].Name, got, want)
			}
		}
	})
}

// Of a large import what taking it back would keep is looked at in part: it is said how much is not, its houses included.
func TestAPlanSaysHowMuchItHasNotLookedAt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		list := listOf(familyHead + "赵六||业主|13700000006||2|1|101|")
		for n := range batchPart + 6 {
			list = append(list, cells(fmt.Sprintf("赵%d号||家属|138%08d||2|1|101|", n, n)))
		}
		imp := writeList(t, s, readList(t, s, community, list), core.DefaultImportChoices())
		if _, unread, err := s.PlanUndoImport(t.Context(), everywhere, imp); err != nil || unread != 7+1 {
			t.Errorf("%d are not looked at, %v", unread, err)
		}
		imp = undoList(t, s, imp)
		if _, unread, err := s.PlanUndoImport(t.Context(), everywhere, imp); err != nil || unread != 0 {
			t.Errorf("once it is taken back: %d, %v", unread, err)
		}
	})
}

// An import neither begins in a community that has been archived since its form was shown, nor is it written there.
func TestNothingIsImportedIntoAnArchivedCommunity(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := importEstate(t, s)
		list := listOf(familyHead + "赵六||业主|13700000006||1|1|103|")
		imp := readList(t, s, community, list)
		if err := s.ArchiveCommunity(t.Context(), importer1, everywhere, community); err != nil {
			t.Fatal(err)
		}
		before := register()
		for _, err := range []error{
			s.WriteImport(t.Context(), importer1, everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli()),
			func() error {
				_, err := s.CreateImport(t.Context(), importer1, everywhere, NewImport{
					Community: community, Kind: core.ImportResidents, File: "住户.xlsx", Content: []byte("x"),
				})
				return err
			}(),
		} {
			if wantCode(t, err, core.CodeConflict); !strings.Contains(core.MessageOf(err), "小区已归档") {
				t.Errorf("it says %v", err)
			}
		}
		if is := theImport(t, s, imp.ID); is.State != core.ImportPreview || register() != before {
			t.Errorf("it is %s", is.State)
		}
		if err := s.RestoreCommunity(t.Context(), importer1, everywhere, community); err != nil {
			t.Fatal(err)
		}
		if imp = writeList(t, s, imp, core.DefaultImportChoices()); imp.Written.Of(core.ImportNew) != 1 {
			t.Errorf("written: %v", imp.Written)
		}
	})
}

// wrongWords returns what is wrong with the rows of an import.
func wrongWords(t *testing.T, s *Store, imp core.Import) string {
	t.Helper()
	rows, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Page: Page{Limit: 99}})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, row := range rows {
		for _, fault := range row.Wrong {
			words = append(words, fault.Words)
		}
	}
	return strings.Join(words, "\n")
}

// An ID number of another name in the register is an error, as it is in one list; of the same name it is a further house. So it is if
// somebody is registered with it before the rows are written.
func TestImportComparesIDNumbersWithTheRegister(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house := newHouses(t, s, community, 1)[0]
		newPerson(t, s, core.Resident{
			Community: community, House: house, Name: "身份甲", Identity: core.Owner, Phone: "13700000021", IDNumber: "E12345678",
		})
		list := listOf(`姓名|身份|手机|证件号|房屋
			身份甲|业主|13700000023|E12345678|2-1-103
			身份丙|业主|13700000024|E12345679|2-1-104`)
		wantRows(t, s, readList(t, s, other, listOf("姓名|身份|手机|证件号|房屋\n身份乙|业主|13700000022|E12345678|2-1-102")), "2 new +house")
		imp := readList(t, s, community, list)
		wantRows(t, s, imp, "2 tie by id_number +house", "3 new +house")
		wantRows(t, s, readList(t, s, community, listOf("姓名|身份|手机|证件号|房屋\n身份乙|业主|13700000022|E12345678|2-1-102")),
			"2 wrong !与登记冲突")
		newPerson(t, s, core.Resident{
			Community: community, House: house, Name: "身份丁", Identity: core.Owner, Phone: "13700000025", IDNumber: "E12345679",
		})
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		wantRows(t, s, imp, "2 tie by id_number +house", "3 wrong +house !预览后有变化")
	})
}

// A house whose first row is wrong is added by the next that is right, and counted with it, whatever the first is wrong by; a row that
// says the same as one that is wrong is wrong, too.
func TestImportCountsTheHousesThatItAdds(t *testing.T) {
	list := listOf(`姓名|身份|租约到期时间|手机|栋|单元|房间
		赵一|业主||13933330081|8|1|101
		钱二|业主||13933330082|8|1|101
		孙三|业主||13933330081|8|1|102
		周四|限期租客|2018-12-31|13933330084|8|1|103
		吴五|业主||13933330085|8|1|103
		郑六|业主||13933330086|8|1|104
		郑六|业主||13933330086|8|1|104
		郑六|家属||13933330086|8|1|104
		王七|业主||13700000001|8|1|105
		王七|业主||13700000001|8|1|105`)
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := readList(t, s, community, list)
		wantRows(t, s, imp, "2 wrong !同号不同名", "3 new +house", "4 wrong !同号不同名", "5 wrong !租约已到期", "6 new +house",
			"7 wrong !与另一行矛盾", "8 wrong by row !与有错误的行相同", "9 wrong !与另一行矛盾", "10 wrong !与登记冲突",
			"11 wrong by row !与有错误的行相同")
		planned := imp.Counts[core.ImportPlaces]
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if written := imp.Written[core.ImportPlaces]; planned != 2 || written != 2 || imp.Counts[core.ImportPlaces] != 2 {
			t.Errorf("%d houses planned, %d written, %d on the page", planned, written, imp.Counts[core.ImportPlaces])
		}
	})
}

// The next row about a house may be in a later part; of a house that no other row is about, none is looked for.
func TestImportFindsTheNextRowOfAHouseInALaterPart(t *testing.T) {
	var list strings.Builder
	list.WriteString("姓名|身份|手机|栋|单元|房间\n赵一|业主|13933330081|8|1|101\n赵二|业主|13933330081|8|1|102\n")
	for n := range 2 * core.ImportPart {
		fmt.Fprintf(&list, "|||9|1|%d\n", n+1)
	}
	list.WriteString("钱二|业主|13933330082|8|1|101")
	eachStore(t, func(t *testing.T, s *Store) {
		imp := readList(t, s, importEstate(t, s), listOf(list.String()))
		if got, want := imp.Counts[core.ImportPlaces], 2*core.ImportPart+1; got != want || imp.Parts != 3 {
			t.Errorf("%d houses in %d parts, want %d", got, imp.Parts, want)
		}
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if got, want := imp.Written[core.ImportPlaces], 2*core.ImportPart+1; got != want {
			t.Errorf("%d houses written, want %d", got, want)
		}
	})
}

// What has come about since the preview keeps a row out, and with it the house that it alone would have added: the numbers of the
// houses are one, and the house is added by the next row if that is good.
func TestImportAddsNoHouseForARowThatIsLeftOut(t *testing.T) {
	const head = "姓名|身份|手机|栋|单元|房间\n"
	for name, test := range map[string]struct {
		list  string
		since func(w *Store, community core.ID) error
		want  []string
		nodes []string // those that are there then, beside 1栋
	}{
		"alone": {
			"赵六|业主|13933330081|31|1|101\n钱七|业主|13933330082|31|1|102\n孙八|业主|13933330083|32|1|101", nil,
			[]string{"2 wrong +house !预览后有变化", "3 new +house", "4 new +house"}, []string{"31栋", "32栋"},
		},
		"and its building": {
			"赵六|业主|13933330081|31|1|101\n孙八|业主|13933330083|32|1|101", nil,
			[]string{"2 wrong +house !预览后有变化", "3 new +house"}, []string{"32栋"},
		},
		"then another": {
			"赵六|业主|13933330081|31|1|101\n钱七|业主|13933330082|31|1|101", nil,
			[]string{"2 wrong +house !预览后有变化", "3 new +house"}, []string{"31栋"},
		},
		"the house has come about": {
			"|||31|1|101", func(s *Store, community core.ID) error {
				_, err := s.CreateHouses(context.Background(), core.System, everywhere, community, [][]string{{"31", "1", "101"}})
				return err
			},
			[]string{"2 same"}, []string{"31栋"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				community := importEstate(t, s)
				imp := readList(t, s, community, listOf(head+test.list))
				houses := 1
				if test.since == nil {
					newResident(t, s, community, newNamedHouse(t, s, community, "1栋", "1单元", "109"), "别人", "13933330081")
					houses = len(test.want) - 1
				} else if err := test.since(s, community); err != nil {
					t.Fatal(err)
				} else {
					houses = 0
				}
				imp = writeList(t, s, imp, core.DefaultImportChoices())
				wantRows(t, s, imp, test.want...)
				if imp.Written[core.ImportPlaces] != houses || imp.Counts[core.ImportPlaces] != houses {
					t.Errorf("%d houses written, %d on the page, want %d",
						imp.Written[core.ImportPlaces], imp.Counts[core.ImportPlaces], houses)
				}
				var nodes []string
				err := s.db.All(t.Context(), &nodes, "SELECT name FROM building_node WHERE parent_id = 0 AND name <> '1栋' ORDER BY name")
				if err != nil || !slices.Equal(nodes, test.nodes) {
					t.Errorf("buildings %v, %v; want %v", nodes, err, test.nodes)
				}
				if houses > 0 {
					undoList(t, s, imp)
				}
			})
		})
	}
}

// Somebody whom a list calls a tenant has a lease by whether it has its end; what is not imported of a lease is said.
func TestImportSaysWhatBecomesOfALease(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := importEstate(t, s)
		imp := readList(t, s, community, listOf(`姓名|身份|租约到期时间|手机|栋|单元|房间
			赵一|租客|2098-06-01|13933330081|8|1|101
			钱二|租客||13933330082|8|1|101
			孙三|长期租客|2098-06-01|13933330083|8|1|101
			周四|业主|另行通知|13933330084|8|1|102
			吴五|限期租客|2098-06-01|13933330085|8|1|101
			|||13933330086|8|1|103
			|||| 8|1|104`))
		wantRows(t, s, imp, "2 new +house", "3 new", "4 new", "5 new +house", "6 new", "7 wrong !姓名、身份、手机不全 !姓名、身份、手机不全",
			"8 place +house")
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		noted, _, err := s.ImportRows(t.Context(), imp, ImportRowFilter{Noted: true, Page: Page{Limit: 9}})
		var numbers []int
		for _, row := range noted {
			numbers = append(numbers, row.Number)
		}
		if err != nil || !slices.Equal(numbers, []int{2, 4, 5}) || imp.Counts[core.ImportNoted] != 3 {
			t.Errorf("rows with notes: %v, %v, %v", numbers, imp.Counts, err)
		}
		kinds := fmt.Sprint(imp.Counts.Notes())
		if kinds != "[{不是限期租客，租约到期时间没有导入 2} {租客有租约到期时间，按限期租客导入 1}]" {
			t.Error(kinds)
		}
		for name, want := range map[string]string{
			"赵一": "限期租客 2098-06-01", "钱二": "长期租客 ", "孙三": "长期租客 ", "周四": "业主 ", "吴五": "限期租客 2098-06-01",
		} {
			found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: name, Page: Page{Limit: 9}})
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: %v, %v", name, found, err)
			}
			is := found[0].Identity.Label() + " "
			if found[0].LeaseDay != 0 {
				is += found[0].LeaseDay.String()
			}
			if is != want {
				t.Errorf("%s is %s, want %s", name, is, want)
			}
		}
	})
}
