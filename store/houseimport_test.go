package store

import (
	"strings"
	"testing"

	"tongxing/core"
)

// owing sets what a house owes.
func owing(t *testing.T, s *Store, house core.ID, fen int64, remark string) {
	t.Helper()
	h := houseOf(t, s, house)
	names, err := s.HouseNames(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	change := HouseChange{Names: names, ArrearsFen: fen, Remark: remark, Updated: h.Updated}
	if _, err := s.UpdateHouse(t.Context(), importer1, everywhere, house, change); err != nil {
		t.Fatal(err)
	}
}

// A list of arrears changes what differs, and nothing that it does not name; the same list again changes nothing; undoing
// gives back what was, but for what was changed since.
func TestImportArrears(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 6)
		owing(t, s, houses[0], 10_000, "2025年物业费")
		owing(t, s, houses[1], 20_000, "")
		owing(t, s, houses[2], 30_000, "车位费")
		owing(t, s, houses[4], 99, "文件里有错")
		before := register()
		list := listOf(`
			房屋 | 欠费金额 | 备注
			1-1-101 | ￥1,280.50 |
			1号楼一单元102室 | 0 | 已缴
			1栋1单元103 | 300.00 |
			翠湖花园1栋1单元104 | 12 | 水费
			1-1-909 | 5 |
			1-1-105 | 很多 |
			1-1-106 | |
			1-1-104 | 13 | 水费`)
		imp := readArrears(t, s, community, list)
		wantRows(t, s, imp, "2 changed", "3 changed", "4 same", "5 wrong !与另一行矛盾", "6 wrong !没有这套房屋", "7 wrong !欠费（元）有误", "8 same",
			"9 wrong !与另一行矛盾")
		if register() != before {
			t.Error("reading has changed the register")
		}
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportChanged) != 2 || imp.Words() != "修改 2 套房屋的欠费" {
			t.Fatalf("written: %+v", imp)
		}
		for i, want := range []core.House{
			{ArrearsFen: 128_050, Remark: "2025年物业费"}, {}, {ArrearsFen: 30_000, Remark: "车位费"}, {},
			{ArrearsFen: 99, Remark: "文件里有错"}, {},
		} {
			if h := houseOf(t, s, houses[i]); h.ArrearsFen != want.ArrearsFen || h.Remark != want.Remark {
				t.Errorf("house %d owes %d %q", i, h.ArrearsFen, h.Remark)
			}
		}
		again := readArrears(t, s, community, list)
		if n := again.Counts.Of(core.ImportChanged); n != 0 {
			t.Errorf("the same list again would change %d", n)
		}
		if imp = undoList(t, s, imp); imp.State != core.ImportUndone {
			t.Errorf("undone: %+v", imp)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// Two rows about one house, however they spell it, are both wrong if they contradict each other.
func TestImportArrearsOfOneHouseInTwoSpellings(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		newHouses(t, s, community, 2)
		imp := readArrears(t, s, community, listOf(`
			房屋 | 欠费金额 | 备注
			1-1-101 | 12 | 水费
			1-1-102 | 5 |
			1号楼一单元0101室 | 13 | 水费
			1幢1单元102室 | 5 |`))
		wantRows(t, s, imp, "2 wrong !与另一行矛盾", "3 changed", "4 wrong !与另一行矛盾", "5 same by row")
		if imp = writeList(t, s, imp, core.ImportChoices{}); imp.Written.Of(core.ImportChanged) != 1 {
			t.Errorf("written: %v", imp.Written)
		}
	})
}

// A whole house in one cell is read beside its building in another, and where the door should be.
func TestImportArrearsOfHousesBesideTheirBuildings(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 4)
		imp := readArrears(t, s, community, listOf(`
			楼栋 | 房屋 | 欠费
			1栋 | 1-1-101 | 1
			1号楼 | 1-102 | 2
			2栋 | 1-1-103 | 3`))
		wantRows(t, s, imp, "2 changed", "3 changed", "4 wrong !房屋有误")
		writeList(t, s, imp, core.ImportChoices{})
		imp = readArrears(t, s, community, listOf("楼栋 | 单元 | 房号 | 欠费\n1栋 | 1 | 1-1-103 | 3\n1号楼 | 1 | 1栋1单元104 | 4"))
		wantRows(t, s, imp, "2 changed", "3 changed")
		writeList(t, s, imp, core.ImportChoices{})
		for i, house := range houses {
			if got := houseOf(t, s, house).ArrearsFen; got != int64(i+1)*100 {
				t.Errorf("house %d owes %d", i, got)
			}
		}
	})
}

// Of two houses that were typed in two ways each owes what its own row says; a third spelling is an error, until they are joined.
func TestImportArrearsOfHousesTypedTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newTypedTwice(t, s)
		list := listOf(`
			楼栋 | 单元 | 房号 | 欠费
			1栋 | 1单元 | 101 | 1
			1号楼 | 1单元 | 101 | 2
			1号楼 | 一单元 | 0101 | 2
			一栋 | 1单元 | 101 | 3
			1幢 | 1单元 | 103 | 4`)
		imp := readArrears(t, s, w.community, list)
		wantRows(t, s, imp, "2 changed", "3 changed", "4 same by row", "5 wrong !登记里有几套", "6 changed")
		if words := wrongWords(t, s, imp); !strings.Contains(words, "登记里有 2 套：1号楼1单元101、1栋1单元101") {
			t.Errorf("it does not say which: %s", words)
		}
		writeList(t, s, imp, core.ImportChoices{})
		for i, want := range map[int]int64{0: 100, 2: 200, 3: 400} {
			if got := houseOf(t, s, w.houses[i]).ArrearsFen; got != want {
				t.Errorf("house %d owes %d, want %d", i, got, want)
			}
		}
		wantRows(t, s, readArrears(t, s, w.community, list),
			"2 same", "3 same", "4 same by row", "5 wrong !登记里有几套", "6 same")
	})
}

// What somebody changed since is kept when an import is taken back; what was changed between preview and writing is
// not written.
func TestArrearsChangedMeanwhileAreKept(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 3)
		imp := readArrears(t, s, community, listOf("房屋|欠费\n1-1-101|1\n1-1-102|2\n1-1-103|3"))
		owing(t, s, houses[0], 700, "改过")
		imp = writeList(t, s, imp, core.ImportChoices{})
		if imp.Written.Of(core.ImportChanged) != 2 || imp.Written.Of(core.ImportWrong) != 1 {
			t.Fatalf("written: %v", imp.Written)
		}
		if words := wrongWords(t, s, imp); !strings.Contains(words, "这套房屋的欠费或备注已修改") {
			t.Errorf("it does not say what has changed: %s", words)
		}
		owing(t, s, houses[1], 900, "")
		imp = undoList(t, s, imp)
		b, err := s.Batch(t.Context(), everywhere, imp.Batch)
		if err != nil || b.Undone != 1 || b.Kept != 1 {
			t.Errorf("undone: %+v, %v", b, err)
		}
		for i, want := range []int64{700, 900, 0} {
			if got := houseOf(t, s, houses[i]).ArrearsFen; got != want {
				t.Errorf("house %d owes %d, want %d", i, got, want)
			}
		}
		failed := readArrears(t, s, community, listOf("房屋|欠费\n1-1-101|11\n1-1-103|13"))
		owing(t, s, houses[2], 800, "")
		failed = failList(t, s, failed, core.ImportChoices{All: true})
		if failed.State != core.ImportFailed || houseOf(t, s, houses[0]).ArrearsFen != 700 {
			t.Errorf("all or nothing: %s, %d", failed.State, houseOf(t, s, houses[0]).ArrearsFen)
		}
	})
}

func readArrears(t *testing.T, s *Store, community core.ID, f listFile) core.Import {
	t.Helper()
	return readKind(t, s, NewImport{Community: community, Kind: core.ImportArrears, File: "欠费.xlsx"}, f)
}
