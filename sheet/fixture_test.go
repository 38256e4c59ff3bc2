package sheet

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/testkit/office"
)

var update = flag.Bool("update", false, "make the files in testdata anew, with LibreOffice")

// fixtures are the files in testdata, by the filter of LibreOffice that saves them from fixtureBook.
var fixtures = map[string]string{
	"list.xls": office.Old, "list.xlsx": office.Book,
}

// TestMakeFixtures makes the files in testdata when asked to: go test ./sheet -run MakeFixtures -update.
func TestMakeFixtures(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	source := fixtureBook(t)
	for name, filter := range fixtures {
		if err := os.WriteFile(filepath.Join("testdata", name), office.Save(t, source, filter), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

const fixtureRows = 300

// longText needs several records of an .xls, with characters of one and of two bytes.
var longText = strings.Repeat("长的备注𠮷😀", 400) + strings.Repeat("plain ", 20) + "end"

// fixtureRow returns a row of the list as it is written.
func fixtureRow(n int) []any {
	return []any{
		fmt.Sprintf("张·三%d𠮷", n), 13_800_000_000 + n, time.Date(2018, 12, 1+n%28, 0, 0, 0, 0, time.UTC), float64(n) + 0.25, n%2 == 0,
		n % 1000, fmt.Sprintf("  备注　%d\u200b ", n), 110_101_199_003_070_000.0, nil, fmt.Sprintf("藏%d", n),
	}
}

// fixtureText returns a row of the list as it is read.
func fixtureText(n int) []string {
	truth := map[bool]string{true: "TRUE", false: "FALSE"}[n%2 == 0]
	return []string{
		fmt.Sprintf("张·三%d𠮷", n), fmt.Sprint(13_800_000_000 + n), fmt.Sprintf("2018-12-%02d", 1+n%28), fmt.Sprintf("%d.25", n), truth,
		fmt.Sprintf("%03d", n%1000), fmt.Sprintf("备注 %d", n), "110101199003070000", fmt.Sprint(2 * n), fmt.Sprintf("藏%d", n),
	}
}

// fixtureBook returns a list with what people put into lists.
func fixtureBook(t testing.TB) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const list = "住户"
	try(book.SetSheetName("Sheet1", "旧"))
	_, err := book.NewSheet(list)
	try(err)
	try(book.SetCellValue("旧", "A1", "作废"))
	try(book.SetSheetRow(list, "A1", &[]any{"基本信息", nil, nil, "其他"}))
	try(book.MergeCell(list, "A1", "C1"))
	try(book.SetSheetRow(list, "A2", &[]any{"姓名", "手机", "到期", "面积", "业主", "房间", "备注", "证件号", "公式", "藏"}))
	day, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	try(err)
	zeros := "000"
	room, err := book.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
	try(err)
	for n := 1; n <= fixtureRows; n++ {
		row, at := fixtureRow(n), n+3 // row 3 is blank
		try(book.SetSheetRow(list, fmt.Sprintf("A%d", at), &row))
		try(book.SetCellFormula(list, fmt.Sprintf("I%d", at), fmt.Sprintf("2*%d", n)))
		try(book.SetCellStyle(list, fmt.Sprintf("C%d", at), fmt.Sprintf("C%d", at), day))
		try(book.SetCellStyle(list, fmt.Sprintf("F%d", at), fmt.Sprintf("F%d", at), room))
	}
	last := fixtureRows + 4
	try(book.SetSheetRow(list, fmt.Sprintf("A%d", last), &[]any{"合并", "1"}))
	try(book.SetSheetRow(list, fmt.Sprintf("A%d", last+1), &[]any{nil, "2"}))
	try(book.SetSheetRow(list, fmt.Sprintf("A%d", last+2), &[]any{nil, "3"}))
	try(book.MergeCell(list, fmt.Sprintf("A%d", last), fmt.Sprintf("A%d", last+2)))
	try(book.SetRowVisible(list, last+2, false))
	try(book.SetColVisible(list, "J", false))
	try(book.SetSheetRow(list, fmt.Sprintf("A%d", last+3), &[]any{longText, longText + "2"}))
	try(book.SetCellFormula(list, fmt.Sprintf("A%d", last+4), `"公式"&"文字"`))
	try(book.SetCellFormula(list, fmt.Sprintf("B%d", last+4), `1/0`))
	try(book.SetCellFormula(list, fmt.Sprintf("C%d", last+4), `1=1`))
	try(book.SetCellFormula(list, fmt.Sprintf("D%d", last+4), `REPT("长",9000)`))
	index, err := book.GetSheetIndex(list)
	try(err)
	book.SetActiveSheet(index)
	try(book.SetSheetVisible("旧", false))
	var out bytes.Buffer
	try(book.Write(&out))
	return out.Bytes()
}

// A list that LibreOffice saved reads the same from both formats.
func TestRowsOfLibreOffice(t *testing.T) {
	for name, kind := range map[string]Kind{"list.xls": Old, "list.xlsx": Workbook} {
		t.Run(name, func(t *testing.T) {
			book, err := Open(t.Context(), fixture(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if book.Kind() != kind {
				t.Errorf("it is of the kind %s", book.Kind())
			}
			if sheets := book.Sheets(); !slices.Equal(sheets, []Info{{"旧", true}, {"住户", false}}) || book.First() != 1 {
				t.Errorf("sheets are %v, the first is %d", sheets, book.First())
			}
			rows := map[int]Row{}
			seen, err := book.Rows(t.Context(), book.First(), 1000, func(row Row) error {
				row.Cells, row.across = slices.Clone(row.Cells), slices.Clone(row.across)
				rows[row.Number] = row
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			last := fixtureRows + 4
			if want := (Seen{Rows: fixtureRows + 7, HiddenRows: 1, HiddenColumns: 1, Last: last + 4}); seen != want {
				t.Errorf("seen %+v, want %+v", seen, want)
			}
			if titles := rows[1].Titles(); !slices.Equal(titles, []string{"基本信息", "基本信息", "基本信息", "其他"}) {
				t.Errorf("titles are %q", titles)
			}
			if cells := rows[1].Cells; cells[1].Text != "" || cells[2].Text != "" {
				t.Errorf("cells below a heading merged over them are %v", cells)
			}
			for n := 1; n <= fixtureRows; n++ {
				var got []string
				for _, cell := range rows[n+3].Cells {
					got = append(got, cell.Text)
				}
				if want := fixtureText(n); !slices.Equal(got, want) {
					t.Fatalf("row %d is %q, want %q", n+3, got, want)
				}
			}
			kinds := []CellKind{
				CellText, CellNumber, CellDay, CellNumber, CellTruth, CellNumber, CellText, CellNumber, CellNumber, CellText,
			}
			for i, cell := range rows[5].Cells {
				if cell.Kind != kinds[i] || cell.Lost != (i == 7) || cell.Hidden != (i == 9) {
					t.Errorf("cell %d is %+v", i, cell)
				}
			}
			for i, want := range []string{"1", "2", "3"} {
				if row := rows[last+i]; row.Cell(0).Text != "合并" || row.Cell(1).Text != want || row.Hidden != (i == 2) {
					t.Errorf("row %d is %+v", last+i, row)
				}
			}
			if a, b := rows[last+3].Cell(0).Text, rows[last+3].Cell(1).Text; a != cut(longText) || b != a {
				t.Errorf("the long texts are %d and %d bytes", len(a), len(b))
			}
			end := rows[last+4]
			if end.Cell(0).Text != "公式文字" || end.Cell(1) != (Cell{Text: "#DIV/0!", Kind: CellFault}) ||
				end.Cell(2) != (Cell{Text: "TRUE", Kind: CellTruth}) || end.Cell(3).Text != strings.Repeat("长", maxText) {
				t.Errorf("results of formulas are %.100v", end.Cells)
			}
		})
	}
}

// A short list is read as a table from either format.
func TestReadOfLibreOffice(t *testing.T) {
	var tables []Table
	for _, name := range []string{"list.xls", "list.xlsx"} {
		content := fixture(t, name)
		table, err := Read(t.Context(), KindOf(content), content, 1000)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	old, book := tables[0], tables[1]
	if old.Sheet != "住户" || old.Sheets != 1 || old.HiddenRows != 1 || old.HiddenColumns != 1 || len(old.Rounded) != fixtureRows {
		t.Errorf("the legacy one is %s, %d sheets, hidden %d and %d", old.Sheet, old.Sheets, old.HiddenRows, old.HiddenColumns)
	}
	if len(old.Rows) != fixtureRows+6 || len(old.Rows) != len(book.Rows) {
		t.Fatalf("%d and %d rows", len(old.Rows), len(book.Rows))
	}
	for i := range fixtureRows {
		a, b := old.Rows[i+2], book.Rows[i+2]
		if len(a) != 9 || len(b) != 9 {
			t.Fatalf("row %d is %q and %q", i, a, b)
		}
		if a[7], b[7] = "", ""; !slices.Equal(a, b) { // the number that lost digits is shown as 1.1E+17 by one of them
			t.Fatalf("row %d is %q and %q", i, a, b)
		}
	}
	if _, err := Read(t.Context(), Old, fixture(t, "list.xls"), 10); core.MessageOf(err) != "文件里超过 10 行，请分成几份上传" {
		t.Errorf("too long: %v", err)
	}
}
