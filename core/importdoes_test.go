package core

import (
	"reflect"
	"slices"
	"testing"
)

// What rows do by choices, one by one, is what their counts say, and no row is lost.
func TestImportCountsFollowTheChoices(t *testing.T) {
	filled, kept := ImportRow{}, ImportRow{}
	filled.Change([]string{"", "a"}, []string{"b", "a"})
	kept.Change([]string{"", "a"}, []string{"", "a"})
	rows := []ImportRow{
		filled, kept, {Verdict: ImportNew}, {Verdict: ImportTie}, {Verdict: ImportBack}, {Verdict: ImportSame}, {Verdict: ImportPlace},
		{Verdict: ImportWrong},
	}
	counts := ImportCounts{}
	for _, row := range rows {
		counts.Add(row)
	}
	for _, known := range append(ImportKnowns(), "") {
		for n := range 4 {
			c := ImportChoices{Known: known, Ties: n&1 > 0, Back: n&2 > 0}
			want, writes := map[ImportVerdict]int{}, 0
			for _, row := range rows {
				want[row.Does(c)]++
			}
			by, got := counts.By(c), map[ImportVerdict]int{}
			for v := range want {
				got[v] = by.Of(v)
			}
			for _, v := range []ImportVerdict{ImportNew, ImportTie, ImportBack, ImportChanged} {
				writes += want[v]
			}
			if !reflect.DeepEqual(got, want) || by.Rows() != len(rows) || c.Writes(counts) != writes {
				t.Errorf("%+v: %v, want %v; writes %d", c, by, want, c.Writes(counts))
			}
		}
	}
	filling := ImportChoices{Known: ImportFill}
	if !filled.Takes(filling, 0) || filled.Takes(filling, 1) || kept.Does(filling) != ImportSame {
		t.Error("filling the gaps takes something else than what is missing")
	}
}

// A cell that is wrong is shown as it was typed: what it would be in its stored form is nothing, or something else.
func TestAWrongCellIsShownAsTyped(t *testing.T) {
	c := Community{Name: "翠湖花园", Levels: DefaultLevels()}
	for _, test := range []struct {
		columns         []ImportColumn
		key, cell, want string
	}{
		{ResidentImportColumns(c), "identity", "朋友", "朋友"},
		{ResidentImportColumns(c), "sex", "中", "中"},
		{ResidentImportColumns(c), "phone", "1371111000", MaskPhone("1371111000")},
		{ArrearsImportColumns(c), "arrears", "99999999999", "99999999999"},
	} {
		at := slices.IndexFunc(test.columns, func(column ImportColumn) bool { return column.Key == test.key })
		if _, err := test.columns[at].Read(test.cell); err == nil {
			t.Errorf("%s %q is right", test.key, test.cell)
		}
		if got := test.columns[at].TypedText(test.cell); got != test.want {
			t.Errorf("%s %q is shown as %q", test.key, test.cell, got)
		}
	}
}

func TestCountedWordsLeaveZerosOut(t *testing.T) {
	for _, test := range []struct {
		people, houses, changed int
		want                    string
	}{
		{3, 1, 2, "添加 3 名住户、1 套房屋，修改 2 名住户"}, {0, 1, 0, "添加 1 套房屋"}, {0, 0, 1200, "修改 1,200 名住户"}, {0, 0, 0, "没有变化"},
	} {
		n := ImportCounts{string(ImportNew): test.people, ImportPlaces: test.houses, string(ImportChanged): test.changed}
		if got := residentImportWords(n); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
