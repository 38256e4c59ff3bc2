package sheet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// markedFile returns the file with marks.
func markedFile(t testing.TB, content []byte, heading int, marks ...Mark) []byte {
	t.Helper()
	book, err := Open(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := book.WriteMarked(t.Context(), &out, book.First(), heading, marks); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// filledWith returns the colour of a cell's background, or "".
func filledWith(t testing.TB, book *excelize.File, sheet, cell string) string {
	t.Helper()
	id, err := book.GetCellStyle(sheet, cell)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.GetStyle(id); err != nil { // which reads the styles
		t.Fatal(err)
	}
	fill := book.Styles.Fills.Fill[*book.Styles.CellXfs.Xf[id].FillID]
	if fill.PatternFill == nil || fill.PatternFill.FgColor == nil {
		return ""
	}
	return strings.TrimPrefix(fill.PatternFill.FgColor.RGB, "FF")
}

func opened(t testing.TB, content []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	return book
}

// filledIn is the template with rows as an office fills them in: bold, with a day, a formula and
// another sheet.
func filledIn(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := WriteTemplate(&out, residentTemplate()); err != nil {
		t.Fatal(err)
	}
	book := opened(t, out.Bytes())
	bold, err := book.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFFF00"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for cell, value := range map[string]any{"A4": "李四", "C4": 13800000001, "E4": "2", "A6": "王五", "C6": "138", "E6": "3"} {
		if err := book.SetCellValue("住户信息", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetCellStyle("住户信息", "A4", "A4", bold); err != nil {
		t.Fatal(err)
	}
	if _, err := book.NewSheet("别的"); err != nil {
		t.Fatal(err)
	}
	if err := book.SetCellValue("别的", "B2", "留着"); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWriteMarkedKeepsTheWorkbook(t *testing.T) {
	marked := markedFile(t, filledIn(t), 2,
		Mark{Row: 4, Column: 0, Message: "姓名重复 <a&b>"}, Mark{Row: 4, Column: 3, Message: "缺少小区"},
		Mark{Row: 6, Column: 2, Message: "手机号不对"}, Mark{Row: 6, Column: -1, Message: "与第 4 行冲突"}, Mark{Row: 6, Column: 2, Message: "手机号不对"},
	)
	book := opened(t, marked)
	rows, err := book.GetRows("住户信息")
	if err != nil {
		t.Fatal(err)
	}
	if rows[1][5] != FaultColumn || rows[3][5] != "姓名重复 <a&b>；缺少小区" || rows[5][5] != "手机号不对；与第 4 行冲突" || len(rows[2]) != 5 {
		t.Errorf("rows are %q", rows)
	}
	for cell, want := range map[string]string{"A4": "FFC7CE", "D4": "FFC7CE", "C6": "FFC7CE", "B4": "", "C4": "", "A6": "", "F4": ""} {
		if got := filledWith(t, book, "住户信息", cell); got != want {
			t.Errorf("%s is filled with %q, want %q", cell, got, want)
		}
	}
	id, err := book.GetCellStyle("住户信息", "A4")
	if err != nil {
		t.Fatal(err)
	}
	if style, err := book.GetStyle(id); err != nil || style.Font == nil || !style.Font.Bold {
		t.Errorf("A4 is not bold any more: %+v, %v", style, err)
	}
	if rules, err := book.GetDataValidations("住户信息"); err != nil || len(rules) != 3 {
		t.Errorf("%d lists are left, %v", len(rules), err)
	}
	if value, err := book.GetCellValue("别的", "B2"); err != nil || value != "留着" {
		t.Errorf("the other sheet has %q, %v", value, err)
	}

	again := opened(t, markedFile(t, marked, 2, Mark{Row: 6, Column: 0, Message: "姓名不对"}))
	rows, err = again.GetRows("住户信息")
	if err != nil {
		t.Fatal(err)
	}
	if rows[1][5] != FaultColumn || len(rows[1]) != 6 || len(rows[3]) > 5 || rows[5][5] != "姓名不对" {
		t.Errorf("marked again, rows are %q", rows)
	}
	for cell, want := range map[string]string{"A4": "", "D4": "", "C6": "", "A6": "FFC7CE"} {
		if got := filledWith(t, again, "住户信息", cell); got != want {
			t.Errorf("marked again, %s is filled with %q, want %q", cell, got, want)
		}
	}
}

func TestWriteMarkedReadsAsBefore(t *testing.T) {
	for name, content := range map[string][]byte{
		"template": filledIn(t), "long": estate(t, 500, true), "csv": []byte("小区,楼栋\n翠湖花园,1\n,2\n"),
	} {
		before, _ := rowsOf(t, content)
		marks := []Mark{{Row: 2, Column: 0, Message: "不对"}, {Row: 3, Column: 1, Message: "也不对"}}
		after, _ := rowsOf(t, markedFile(t, content, 1, marks...))
		if len(before) != len(after) {
			t.Fatalf("%s: %d rows, then %d", name, len(before), len(after))
		}
		for i := range before {
			without := after[i]
			if at := slices.Index(after[0], FaultColumn); at < len(without) {
				without = without[:at]
			}
			for len(without) > 0 && without[len(without)-1] == "" {
				without = without[:len(without)-1]
			}
			if !slices.Equal(before[i], without) {
				t.Fatalf("%s: row %d was %q, is %q", name, i, before[i], after[i])
			}
		}
		if got := strings.Join(after[1], "|"); !strings.HasSuffix(got, "|不对") {
			t.Errorf("%s: the second row is %s", name, got)
		}
	}
}

func TestWriteMarkedFromAText(t *testing.T) {
	book := opened(t, markedFile(t, []byte("小区,楼栋\n\n,002\n"), 1, Mark{Row: 3, Column: 0, Message: "缺少小区"}))
	if value, err := book.GetCellValue("名单", "B3"); err != nil || value != "002" {
		t.Errorf("B3 is %q, %v", value, err)
	}
	if value, err := book.GetCellValue("名单", "C3"); err != nil || value != "缺少小区" {
		t.Errorf("C3 is %q, %v", value, err)
	}
	if got := filledWith(t, book, "名单", "A3"); got != "FFC7CE" {
		t.Errorf("the empty cell at fault is filled with %q", got)
	}
}

// A legacy workbook becomes a new one that reads the same, with what is hidden and what is lost.
func TestWriteMarkedFromALegacyWorkbook(t *testing.T) {
	before, after := keptRows(t, fixture(t, "list.xls")), keptRows(t, markedFile(t, fixture(t, "list.xls"), 2))
	if len(before) != len(after) {
		t.Fatalf("%d rows, then %d", len(before), len(after))
	}
	for i, row := range before {
		again := after[i]
		if row.Number != again.Number || row.Hidden != again.Hidden || !slices.Equal(row.Titles(), again.Titles()[:len(row.Titles())]) {
			t.Fatalf("row %+v is %+v", row, again)
		}
		for column, cell := range row.Cells {
			if other := again.Cell(column); cell.Text != other.Text || cell.Lost != other.Lost || cell.Hidden != other.Hidden {
				t.Fatalf("row %d: %+v is %+v", row.Number, cell, other)
			}
		}
	}
	if after[1].Cell(10).Text != FaultColumn {
		t.Errorf("the headings are %+v", after[1].Cells)
	}
}

func BenchmarkWriteMarked(b *testing.B) {
	content := estate(b, 100_000, false)
	book, err := Open(b.Context(), content)
	if err != nil {
		b.Fatal(err)
	}
	var marks []Mark
	for row := 2; row < 100_000; row += 10 {
		marks = append(marks, Mark{Row: row, Column: 4, Message: "手机号不对"})
	}
	for b.Loop() {
		grown, _ := peak(func() {
			if err := book.WriteMarked(b.Context(), io.Discard, 0, 1, marks); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(grown)/(1<<20), "MiB")
	}
}

// slowLine is a caller's line on which nothing is sent before something has happened.
type slowLine struct {
	io.Writer
	until func()
}

func (s *slowLine) Write(p []byte) (int, error) {
	s.until()
	return s.Writer.Write(p)
}

// While a marked file is sent slowly, others are read; who waits for the turn to read is heard of.
func TestASlowLineHoldsNobodyUp(t *testing.T) {
	open := func() *Book {
		b, err := Open(t.Context(), []byte("姓名,手机\n张三,13711110001\n"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other, once := open(), sync.Once{}
	line := &slowLine{io.Discard, func() {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := other.Rows(ctx, 0, 10, func(Row) error { return nil }); err != nil {
				t.Errorf("another file: %v", err)
			}
		})
	}}
	if err := open().WriteMarked(t.Context(), line, 0, 1, []Mark{{Row: 2, Column: 1, Message: "号码有误"}}); err != nil {
		t.Fatal(err)
	}
	heard := make(chan struct{})
	waiting := open()
	waiting.WhileWaiting(sync.OnceValue(func() error { close(heard); return nil }))
	done := make(chan error, 1)
	_, err := other.Rows(t.Context(), 0, 10, func(row Row) error {
		if row.Number == 1 {
			go func() {
				_, err := waiting.Rows(t.Context(), 0, 10, func(Row) error { return nil })
				done <- err
			}()
			<-heard
		}
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
}
