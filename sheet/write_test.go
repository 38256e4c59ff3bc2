package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// written writes rows and reads them back with another program.
func written(t *testing.T, columns []string, rows ...[]any) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	err := Write(t.Context(), &out, Head{Name: `出入<&"记录`, Columns: columns}, func(add func(...any) error) error {
		for _, row := range rows {
			if err := add(row...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWriteKeepsTextsAsTexts(t *testing.T) {
	texts := []string{
		"=1+1", "+86", "-1", "@SUM(A1)", "\t=cmd", "<b>&\"'", "  两边 空格  ", "_x0041_", "a_x005F_b", "第一行\n第二行",
		"0012345678901234567890", "🙂 𠮷", "",
	}
	row := make([]any, len(texts))
	columns := make([]string, len(texts))
	for i, text := range texts {
		row[i], columns[i] = text, "列"
	}
	f := written(t, columns, row)
	name := f.GetSheetList()[0]
	if name != `出入<&"记录` {
		t.Errorf("sheet %q", name)
	}
	for i, want := range texts {
		at := columnName(i) + "2"
		if got, err := f.GetCellValue(name, at); err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", at, got, want, err)
		}
		if formula, _ := f.GetCellFormula(name, at); formula != "" {
			t.Errorf("%q became the formula %q", want, formula)
		}
		if kind, _ := f.GetCellType(name, at); want != "" && kind != excelize.CellTypeInlineString {
			t.Errorf("%q is a cell of type %d", want, kind)
		}
	}
}

func TestWriteKeepsNumbersAndMoments(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	at := time.Date(2026, 2, 28, 23, 59, 59, 999e6, zone)
	f := written(t, []string{"整数", "小数", "时间", "无", "无"}, []any{int64(-7), 36.5, at, nil, time.Time{}}, []any{3})
	name := f.GetSheetList()[0]
	for cell, want := range map[string]string{
		"A2": "-7", "B2": "36.5", "C2": "2026-02-28 23:59:59", "D2": "", "E2": "", "A3": "3", "A1": "整数",
	} {
		if got, err := f.GetCellValue(name, cell); err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", cell, got, want, err)
		}
	}
}

func TestWriteWithoutRows(t *testing.T) {
	f := written(t, []string{"时间"})
	if rows, err := f.GetRows(f.GetSheetList()[0]); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestWriteColumnNames(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

// An error of the rows is returned to the caller, and the file is not finished.
func TestWriteStopsAtAnError(t *testing.T) {
	wrong := errors.New("no more")
	var out bytes.Buffer
	err := Write(t.Context(), &out, Head{Name: "x", Columns: []string{"a"}}, func(add func(...any) error) error { return wrong })
	if !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
	if _, err := excelize.OpenReader(&out); err == nil {
		t.Error("half a file reads as a whole one")
	}
}

// A full sheet continues in the next, with the column titles repeated.
func TestWriteBeyondItsRows(t *testing.T) {
	var out bytes.Buffer
	err := Write(t.Context(), &out, Head{Name: "x", Columns: []string{"a"}}, func(add func(...any) error) error {
		for i := range sheetRows + 4 {
			if err := add(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	book, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	second, err := book.Open("xl/worksheets/sheet2.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(second)
	if n := bytes.Count(text, []byte("<row ")); err != nil || n != 6 || !bytes.Contains(text, []byte("<v>1048579</v>")) {
		t.Errorf("%d rows in the second sheet, %v", n, err)
	}
}

// Writing 100,000 rows takes as much memory as writing a few: 20 bytes kept per row would show.
func TestWriteMemoryIsFlat(t *testing.T) {
	row := []any{time.Unix(1_700_000_000, 0), "翠湖花园", "东门", "出门", "住户通行证", "门禁读头", "张三", "1栋1单元101", 36.5, "东门读头", "放行", "", ""}
	columns := make([]string, len(row))
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, peak := heap(), uint64(0)
	err := Write(t.Context(), io.Discard, Head{Name: "x", Columns: columns}, func(add func(...any) error) error {
		for i := range 100_000 {
			if err := add(row...); err != nil {
				return err
			}
			if i%25_000 == 24_999 {
				peak = max(peak, heap())
			}
		}
		return nil
	})
	if err != nil || peak > before+3<<20 {
		t.Errorf("the heap grew from %d to %d KiB, %v", before>>10, peak>>10, err)
	}
}
