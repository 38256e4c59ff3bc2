package sheet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/sheet/xls"
)

// sheetWith returns a workbook whose sheet has the given XML in its sheetData, and what is behind that.
func sheetWith(t testing.TB, data, behind string, styles ...string) []byte {
	t.Helper()
	var formats []byte
	if len(styles) > 0 {
		var codes, cells strings.Builder
		cells.WriteString(`<xf numFmtId="0"/>`)
		for i, code := range styles {
			escaped := strings.NewReplacer(`"`, "&quot;", "<", "&lt;").Replace(code)
			fmt.Fprintf(&codes, `<numFmt numFmtId="%d" formatCode="%s"/>`, 164+i, escaped)
			fmt.Fprintf(&cells, `<xf numFmtId="%d"/>`, 164+i)
		}
		formats = []byte(`<styleSheet><numFmts>` + codes.String() + `</numFmts><cellXfs>` + cells.String() + `</cellXfs></styleSheet>`)
	}
	return zipped(t, parcel([]byte(`<worksheet><sheetData>`+data+`</sheetData>`+behind+`</worksheet>`), nil, formats))
}

// keptRows returns the rows of a file's first sheet.
func keptRows(t testing.TB, content []byte) []Row {
	t.Helper()
	book, err := Open(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	if _, err := book.Rows(t.Context(), book.First(), 100_000, func(row Row) error {
		row.Cells, row.across = slices.Clone(row.Cells), slices.Clone(row.across)
		rows = append(rows, row)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func inline(cell, text string) string {
	return `<c r="` + cell + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
}

func TestNumbersAreReadAsMeant(t *testing.T) {
	for _, c := range []struct {
		value, format, want string
		kind                CellKind
	}{
		{"13800000000", "", "13800000000", CellNumber},
		{"1.38E+10", "", "13800000000", CellNumber},
		{"1.38E+10", "0.00E+00", "13800000000", CellNumber},
		{"13800000000", "#,##0", "13800000000", CellNumber},
		{"13800000000", "000-0000-0000", "138-0000-0000", CellNumber},
		{"5", "000", "005", CellNumber},
		{"1205", "000", "1205", CellNumber},
		{"3", `0"栋"`, "3栋", CellNumber},
		{"3", `"A"0`, "A3", CellNumber},
		{"32501", `0\-0\-000`, "3-2-501", CellNumber},
		{"88.5", "0.00", "88.50", CellNumber},
		{"88.5", "0.##", "88.5", CellNumber},
		{"2.675", "0.00_ ", "2.68", CellNumber},
		{"0.5", "0%", "50%", CellNumber},
		{"-3", "0;[Red]-0", "-3", CellNumber},
		{"-0.2", "0", "0", CellNumber},
		{"0", "#", "", CellEmpty},
		{"7", `[$¥-804]#,##0.00`, "7.00", CellNumber},
		{"1234567", `0.0,`, "1234567", CellNumber},
		{"0.30000000000000004", "", "0.3", CellNumber},
		{"1e-12", "", "1e-12", CellNumber},
		{"5", "[<10]0", "5", CellNumber},
		{"5", "@", "5", CellNumber},
		{"5", "General", "5", CellNumber},
		{"5", "G/通用格式", "5", CellNumber},
		{" 12 ", "", "12", CellNumber},
		{"007", "", "7", CellNumber},
		{"1.10101199003070E+17", "0", "110101199003070000", CellNumber},
		{"43465", "yyyy-mm-dd", "2018-12-31", CellDay},
		{"43465", `yyyy"年"m"月"d"日";@`, "2018-12-31", CellDay},
		{"43465.354166666664", "yyyy/m/d h:mm", "2018-12-31 08:30:00", CellDay},
		{"0.75", "h:mm", "18:00:00", CellDay},
		{"-1", "yyyy-mm-dd", "-1", CellNumber},
		{"12栋", "", "12栋", CellText},
	} {
		cells := `<row r="2"><c r="A2"><v>` + c.value + `</v></c></row>`
		content := sheetWith(t, cells, "")
		if c.format != "" {
			content = sheetWith(t, strings.Replace(cells, `r="A2"`, `r="A2" s="1"`, 1), "", c.format)
		}
		rows := keptRows(t, content)
		if c.kind == CellEmpty {
			if len(rows) != 0 {
				t.Errorf("%s as %s is %v", c.value, c.format, rows)
			}
			continue
		}
		if len(rows) != 1 || rows[0].Number != 2 || rows[0].Cell(0).Text != c.want || rows[0].Cell(0).Kind != c.kind {
			t.Errorf("%s as %s is %+v, want %s", c.value, c.format, rows, c.want)
			continue
		}
		if lost := len(c.want) > 15 && c.kind == CellNumber; rows[0].Cell(0).Lost != lost {
			t.Errorf("%s: lost %v", c.value, !lost)
		}
	}
}

// Workbooks of old Macs count days from 1904.
func TestDaysFrom1904(t *testing.T) {
	parts := parcel([]byte(`<worksheet><sheetData><row><c s="1"><v>42003</v></c></row></sheetData></worksheet>`), nil,
		[]byte(`<styleSheet><cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>`))
	parts["xl/workbook.xml"] = []byte(`<workbook><workbookPr date1904="1"/><sheets><sheet name="a" r:id="r1"/></sheets></workbook>`)
	if rows := keptRows(t, zipped(t, parts)); rows[0].Cell(0) != (Cell{Text: "2018-12-31", Kind: CellDay}) {
		t.Errorf("it is %+v", rows[0].Cell(0))
	}
	o := &old{book: &xls.Book{Date1904: true}, looks: []shape{{date: true}}, texts: newTexts()}
	if cell := o.cell(xls.Cell{Kind: xls.Number, Number: 42003}); cell != (Cell{Text: "2018-12-31", Kind: CellDay}) {
		t.Errorf("of a legacy workbook it is %+v", cell)
	}
	if cell := o.cell(xls.Cell{Kind: xls.Number, Number: math.NaN()}); cell.Kind != CellFault {
		t.Errorf("no number is %+v", cell)
	}
}

func TestTextsAreClean(t *testing.T) {
	for raw, want := range map[string]string{
		"阿卜杜拉·买买提":                      "阿卜杜拉·买买提",
		"𠮷野家😀":                          "𠮷野家😀",
		" \u00a0王\u3000\u3000伟 ":        "王 伟",
		"\u200b138\ufeff0000\u202c0000": "13800000000",
		"１３８ＡＢ":                         "138AB",
		"一&#10;二&#x9;三":                 "一 二 三",
		"a_x000D_b":                     "a b",
		"_x4e00_x_xyz":                  "一x_xyz",
		"&lt;b&gt; &amp;amp; &#128512;": "<b> &amp; 😀",
		"R&D":                           "R&D",
		"m&m;":                          "m&m;",
		"<![CDATA[<a> & b]]>":           "<a> & b",
	} {
		rows := keptRows(t, sheetWith(t, `<row>`+inline("A1", raw)+`</row>`, ""))
		if len(rows) != 1 || rows[0].Cell(0) != (Cell{Text: want, Kind: CellText}) {
			t.Errorf("%q is %+v, want %q", raw, rows, want)
		}
	}
}

// What is taken for clean at first sight is what core.Clean returns.
func FuzzTidy(f *testing.F) {
	for _, text := range []string{
		"张三", "a b", "a  b", " a", "a ", "\u3000", "·", "（）", "\xe4\xb8", "_x000D_", "１", "\u4dff", "\u9fff", "é",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := core.Clean(strings.ToValidUTF8(unescaped(text), ""))
		if tidy([]byte(text)) && clean != text {
			t.Errorf("%q is tidy, but clean it is %q", text, clean)
		}
		if got := cleanText([]byte(text)); got != cut(clean) {
			t.Errorf("%q is %q, want %q", text, got, clean)
		}
	})
}

// What cells may look like: without references, with prefixes, rich, with pronunciation, without a result.
func TestCellsInManyForms(t *testing.T) {
	rows := keptRows(t, zipped(t, parcel([]byte(`<?xml version="1.0"?><!-- a list --><x:worksheet xmlns:x="s"><x:sheetData>
		<x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t='s'><x:v>1</x:v></x:c><x:c><x:f>A1&amp;"x"</x:f></x:c><x:c/>
		<x:c t="str"><x:f>1</x:f><x:v>结果</x:v></x:c><x:c t="d"><x:v>2018-12-31T00:00:00</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c>
		<x:c t="e"><x:v>#REF!</x:v></x:c><x:c t="inlineStr"><x:is><x:r><x:t>一</x:t></x:r><x:r><x:t>二</x:t></x:r></x:is></x:c></x:row>
		<x:row r="5" hidden="1"/><x:row r="7" ht="0"><x:c r="B7"><x:v>9</x:v><x:extLst><x:v>8</x:v></x:extLst></x:c></x:row>
		</x:sheetData></x:worksheet>`),
		[]byte(`<sst><si><t>甲</t></si><si><r><t>张</t></r><rPh><t>zhang</t></rPh><r><t>三</t></r></si></sst>`), nil)))
	want := []Cell{
		{Text: "甲", Kind: CellText}, {Text: "张三", Kind: CellText}, {Text: `=A1&"x"`, Kind: CellFormula}, {},
		{Text: "结果", Kind: CellText}, {Text: "2018-12-31", Kind: CellDay}, {Text: "TRUE", Kind: CellTruth},
		{Text: "#REF!", Kind: CellFault}, {Text: "一二", Kind: CellText},
	}
	if len(rows) != 2 || !slices.Equal(rows[0].Cells, want) {
		t.Fatalf("rows are %+v", rows)
	}
	if row := rows[1]; row.Number != 7 || !row.Hidden || row.Cell(1).Text != "9" || row.Cell(0) != (Cell{}) || row.Cell(64) != (Cell{}) {
		t.Errorf("the last row is %+v", row)
	}
}

func TestMergedCells(t *testing.T) {
	rows := keptRows(t, sheetWith(
		t, `<row r="1">`+inline("A1", "组一")+inline("C1", "组二")+`</row>`+
			`<row r="2">`+inline("A2", "栋")+inline("B2", "房")+inline("C2", "名")+`</row>`+
			`<row r="3">`+inline("A3", "3栋")+inline("B3", "101")+`</row><row r="4">`+inline("B4", "102")+`</row><row r="5"/><row r="6">`+
			inline("B6", "103")+inline("C6", "李")+`</row><row r="7">`+inline("B7", "201")+`</row>`,
		`<mergeCells count="4"><mergeCell ref="A1:B1"/><mergeCell ref="A3:A6"/><mergeCell ref="C1:D1"/><mergeCell ref="A3:A9"/>`+
			`<mergeCell ref="nonsense"/><mergeCell ref="C7:XFD7"/></mergeCells>`,
	))
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprintf("%d %s %s", row.Number, row.Cell(0).Text, row.Cell(1).Text))
	}
	if want := []string{"1 组一 ", "2 栋 房", "3 3栋 101", "4 3栋 102", "6 3栋 103", "7  201"}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
	if titles := rows[0].Titles(); !slices.Equal(titles, []string{"组一", "组一", "组二", "组二"}) {
		t.Errorf("titles are %q", titles)
	}
}

func TestSheetsByChoice(t *testing.T) {
	book, err := Open(t.Context(), fixture(t, "list.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	if _, err := book.Rows(t.Context(), 0, 10, func(row Row) error {
		texts = append(texts, row.Cell(0).Text)
		return nil
	}); err != nil || !slices.Equal(texts, []string{"作废"}) {
		t.Errorf("the hidden sheet has %q, %v", texts, err)
	}
	if n, err := book.Size(t.Context(), 1); err != nil || n < fixtureRows || n > fixtureRows+10 {
		t.Errorf("the other has %d rows, %v", n, err)
	}
	for _, sheet := range []int{-1, 2} {
		if _, err := book.Rows(t.Context(), sheet, 10, nil); !core.IsInvalid(err) {
			t.Errorf("sheet %d: %v", sheet, err)
		}
		if _, err := book.Size(t.Context(), sheet); !core.IsInvalid(err) {
			t.Errorf("size of sheet %d: %v", sheet, err)
		}
	}
}

func TestRowsEnd(t *testing.T) {
	book, err := Open(t.Context(), []byte("甲\n乙\n丙\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(ctx context.Context, max int, err error) (seen Seen, got error) {
		return book.Rows(ctx, 0, max, func(Row) error { return err })
	}
	if seen, err := rows(t.Context(), 3, nil); err != nil || seen != (Seen{Rows: 3, Last: 3}) {
		t.Errorf("all: %+v, %v", seen, err)
	}
	if seen, err := rows(t.Context(), 3, Enough); err != nil || seen.Rows != 1 {
		t.Errorf("enough: %+v, %v", seen, err)
	}
	own := errors.New("own")
	if _, err := rows(t.Context(), 3, own); !errors.Is(err, own) {
		t.Errorf("an error of the caller: %v", err)
	}
	if _, err := rows(t.Context(), 2, nil); core.MessageOf(err) != "文件里超过 2 行，请分成几份上传" {
		t.Errorf("too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := rows(ctx, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	func() {
		defer func() {
			if recover() != "own" {
				t.Error("a panic of the caller is hidden")
			}
		}()
		_, _ = book.Rows(t.Context(), 0, 3, func(Row) error { panic("own") })
	}()
	if _, err := rows(t.Context(), 3, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Files are read one at a time, and who waits can give up.
func TestRowsInTurn(t *testing.T) {
	book, err := Open(t.Context(), []byte("甲\n"))
	if err != nil {
		t.Fatal(err)
	}
	begun, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := book.Rows(context.Background(), 0, 3, func(Row) error {
			close(begun)
			<-release
			return nil
		})
		done <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() {
		_, err := book.Rows(ctx, 0, 3, func(Row) error { return nil })
		waited <- err
	}()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("who waited: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTextsAsRows(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		want    [][]string
	}{
		"commas":         {[]byte("\ufeff姓名,手机\r\n张三,13800000000\r\n"), [][]string{{"姓名", "手机"}, {"张三", "13800000000"}}},
		"GBK":            {encoded(t, "姓名\t手机\n张三\t1"), [][]string{{"姓名", "手机"}, {"张三", "1"}}},
		"quotes":         {[]byte("a,\"b\n,c\"\n\nd,\"\"\"e\"\"\"\n"), [][]string{{"a", "b ,c"}, {"d", `"e"`}}},
		"a stray quote":  {[]byte("a,5\" b\nc,d\n"), [][]string{{"a", `5" b`}, {"c", "d"}}},
		"separator said": {[]byte("sep=;\na,1;b\n"), [][]string{{"a,1", "b"}}},
	} {
		if rows, _ := rowsOf(t, c.content); fmt.Sprint(rows) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, want %q", name, rows, c.want)
		}
	}
}
