package sheet

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// estateColumns are the headings of a list of residents, and estateRow its n-th row.
var estateColumns = []string{"姓名", "性别", "身份", "租约到期时间", "手机", "证件号", "小区", "楼栋", "单元", "房间"}

func estateRow(n int) []any {
	return []any{
		"张" + string(rune(0x4e00+n%20_000)), []string{"男", "女"}[n%2], []string{"业主", "租客", "家属"}[n%3], "2027-12-31",
		fmt.Sprintf("138%08d", n), fmt.Sprintf("11010119900307%04d", n%10_000), "翠湖花园", fmt.Sprintf("%d栋", n/1000+1),
		fmt.Sprintf("%d单元", n/100%10+1), fmt.Sprintf("%d%02d", n/4%30+1, n%4+1),
	}
}

// estate returns a workbook of n rows, with its texts in the cells or shared by them, as Excel saves it.
func estate(t testing.TB, n int, shared bool) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	if shared {
		for i := range n + 1 {
			row := estateRow(i)
			if i == 0 {
				for j, column := range estateColumns {
					row[j] = column
				}
			}
			if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	} else {
		w, err := book.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		for i := range n + 1 {
			row := estateRow(i)
			if i == 0 {
				for j, column := range estateColumns {
					row[j] = column
				}
			}
			if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rowsOf reads all rows of the sheet that is read by default.
func rowsOf(t testing.TB, content []byte) ([][]string, Seen) {
	t.Helper()
	book, err := Open(context.Background(), content)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	seen, err := book.Rows(context.Background(), book.First(), 1<<20, func(row Row) error {
		var texts []string
		for _, cell := range row.Cells {
			texts = append(texts, cell.Text)
		}
		all = append(all, texts)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, seen
}

func TestRowsOfALongList(t *testing.T) {
	for _, shared := range []bool{false, true} {
		rows, seen := rowsOf(t, estate(t, 3000, shared))
		if seen.Rows != 3001 || seen.Last != 3001 || len(rows) != 3001 {
			t.Fatalf("shared %v: seen %+v, %d rows", shared, seen, len(rows))
		}
		for i, row := range rows[1:] {
			var want []string
			for _, value := range estateRow(i + 1) {
				want = append(want, fmt.Sprint(value))
			}
			if got := row; !slices.Equal(got, want) {
				t.Fatalf("row %d is %q, want %q", i+2, got, want)
			}
		}
	}
}

// A list of 100,000 rows takes no more memory than the texts that its cells share, whatever else it has.
func TestRowsTakeLittleMemory(t *testing.T) {
	const rows = 100_000
	var data, texts strings.Builder
	data.WriteString(`<worksheet><sheetData>`)
	texts.WriteString(`<sst>`)
	for n := range rows {
		fmt.Fprintf(&data, `<row r="%d"><c r="A%[1]d" t="s"><v>%d</v></c>`, n+1, 2*n)
		fmt.Fprintf(&data, `<c r="B%d" t="s"><v>%d</v></c>`, n+1, 2*n+1)
		for column := 2; column < 10; column++ {
			fmt.Fprintf(&data, `<c r="%s%d" t="inlineStr"><is><t>住户%[2]d</t></is></c>`, columnName(column), n+1)
		}
		data.WriteString(`</row>`)
		fmt.Fprintf(&texts, `<si><t>张三%d</t></si><si><t>138%08[1]d</t></si>`, n)
	}
	data.WriteString(`</sheetData></worksheet>`)
	texts.WriteString(`</sst>`)
	content := zipped(t, parcel([]byte(data.String()), []byte(texts.String()), nil))
	data.Reset()
	texts.Reset()
	grown, took := peak(func() {
		book, err := Open(t.Context(), content)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := book.Rows(t.Context(), 0, rows, func(row Row) error {
			if want := fmt.Sprintf("138%08d", row.Number-1); len(row.Cells) != 10 || row.Cells[1].Text != want {
				return fmt.Errorf("row %d is %v", row.Number, row.Cells)
			}
			return nil
		})
		if err != nil || seen.Rows != rows {
			t.Fatalf("%+v, %v", seen, err)
		}
	})
	t.Logf("%d KB: %v, heap +%d MiB", len(content)>>10, took, grown>>20)
	if grown > 64<<20 {
		t.Errorf("heap +%d MiB", grown>>20)
	}
}

func BenchmarkRows(b *testing.B) {
	for _, shared := range []bool{false, true} {
		content := estate(b, 100_000, shared)
		runtime.GC()
		b.Run(fmt.Sprintf("ours/shared=%v", shared), func(b *testing.B) {
			for b.Loop() {
				grown, _ := peak(func() {
					book, err := Open(context.Background(), content)
					if err != nil {
						b.Fatal(err)
					}
					seen, err := book.Rows(context.Background(), 0, 1<<20, func(Row) error { return nil })
					if err != nil || seen.Rows != 100_001 {
						b.Fatal(seen, err)
					}
				})
				b.ReportMetric(float64(grown)/(1<<20), "MiB")
			}
		})
		b.Run(fmt.Sprintf("excelize/shared=%v", shared), func(b *testing.B) {
			for b.Loop() {
				grown, _ := peak(func() {
					book, err := excelize.OpenReader(bytes.NewReader(content))
					if err != nil {
						b.Fatal(err)
					}
					defer book.Close()
					rows, err := book.Rows("Sheet1")
					if err != nil {
						b.Fatal(err)
					}
					n := 0
					for rows.Next() {
						if _, err := rows.Columns(); err != nil {
							b.Fatal(err)
						}
						n++
					}
					if n != 100_001 {
						b.Fatal(n)
					}
				})
				b.ReportMetric(float64(grown)/(1<<20), "MiB")
			}
		})
	}
}
