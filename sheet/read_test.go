package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"

	"tongxing/core"
)

// workbook returns an .xlsx whose first sheet holds rows.
func workbook(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		part, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(content) // into memory
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encoded(t testing.TB, text string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parcel returns the parts of a workbook of one sheet; nil parts are left out.
func parcel(sheet, strings, styles []byte) map[string][]byte {
	links := `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="x/styles" ` +
		`Target="styles.xml"/></Relationships>`
	all := map[string][]byte{
		"xl/workbook.xml":            []byte(`<workbook><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets></workbook>`),
		"xl/_rels/workbook.xml.rels": []byte(links), "xl/worksheets/sheet1.xml": sheet,
		"xl/sharedStrings.xml": strings, "xl/styles.xml": styles,
	}
	for name, content := range all {
		if content == nil {
			delete(all, name)
		}
	}
	return all
}

func read(content []byte, max int) ([][]string, error) {
	t, err := Read(context.Background(), KindOf(content), content, max)
	return t.Rows, err
}

func TestRead(t *testing.T) {
	want := [][]string{{"楼栋", "房号"}, {"3栋", "501"}, {"中文，逗号", ""}}
	text := "楼栋,房号\r\n\r\n3栋, 501 \r\n\"中文，逗号\",\r\n"
	utf16, err := xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM).NewEncoder().Bytes([]byte(strings.ReplaceAll(text, ",", "\t")))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with its mark": []byte("\ufeff" + text), "GBK": encoded(t, text), "UTF-16 with tabs": utf16,
		"old Mac": []byte(strings.ReplaceAll(text, "\r\n", "\r")),
		"sheet":   workbook(t, []any{"楼栋", "房号"}, nil, []any{"3栋", 501}, []any{"中文，逗号", " "}),
	} {
		if rows, err := read(content, 3); err != nil || !reflect.DeepEqual(rows, want) {
			t.Errorf("%s: %q %v", name, rows, err)
		}
		if _, err := read(content, 2); err == nil || core.MessageOf(err) != "文件里超过 2 行，请分成几份上传" {
			t.Errorf("%s of too many rows: %v", name, err)
		}
	}
}

func TestReadRefuse(t *testing.T) {
	head := parcel(bytes.Repeat([]byte(" "), maxUnpacked+1), nil, nil)
	bomb := zipped(t, head)
	if len(bomb) > 1<<16 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	whole := workbook(t, []any{"1"})
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for name, c := range map[string]struct {
		content []byte
		wrong   string
	}{
		"bomb":       {bomb, errLarge.Error()},
		"cut off":    {whole[:len(whole)-40], errBroken.Error()},
		"no sheet":   {zipped(t, map[string][]byte{"xl/workbook.xml": []byte("<workbook/>")}), errBroken.Error()},
		"only blank": {[]byte(",,\n ,\n\"\""), "文件里没有内容"},
	} {
		if rows, err := read(c.content, 500); err == nil || core.MessageOf(err) != c.wrong {
			t.Errorf("%s: %q %v, want %s", name, rows, err, c.wrong)
		}
	}
	if left, _ := os.ReadDir(temporary); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
	// A stray quote does not swallow a line.
	if rows, err := read([]byte("\"3-2-501\n3-2-502\n1栋\"2,x\n"), 500); err != nil || len(rows) != 3 || rows[1][0] != "3-2-502" {
		t.Errorf("quotes: %q %v", rows, err)
	}
}

// sheetOf returns the part of a sheet.
func sheetOf(columns, rows, merged string) []byte {
	return []byte(
		`<x:worksheet xmlns:x="` + mainSpace + `"><cols>` + columns + `</cols><sheetData>` + rows + `</sheetData><mergeCells>` + merged +
			`</mergeCells></x:worksheet>`,
	)
}

// What a person sees in a spreadsheet is what is read.
func TestReadAsSeen(t *testing.T) {
	styles := []byte(
		`<styleSheet><numFmts count="3"><numFmt numFmtId="164" formatCode="000"/><numFmt numFmtId="165" formatCode="yyyy&` +
			`quot;年&quot;m&quot;月&quot;"/>` +
			`<numFmt numFmtId="166" formatCode="0&quot;day&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="58"/><xf numFmtId="9"/><xf ` +
			`numFmtId="165"/><xf numFmtId="11"/><xf numFmtId="20"/>` +
			`<xf numFmtId="166"/><xf numFmtId="1"/><xf numFmtId="49"/></cellXfs></styleSheet>`,
	)
	texts := []byte(`<sst><si><t>空</t></si><si><r><t>3栋</t></r><r><rPr/><t xml:space="preserve"> 501</t></r><rPh sb="0" ` +
		`eb="1"><t>dòng</t></rPh><phoneticPr/></si><si><t> 末尾空格  </t></si></sst>`)
	for cell, want := range map[string]string{
		`<c r="A1" s="1"><v>7</v></c>`:                          "007",
		`<c r="A1" s="2"><v>37657</v></c>`:                      "2003-02-05",
		`<c r="A1" s="3"><v>46083</v></c>`:                      "2026-03-02",
		`<c r="A1" s="5"><v>46083.5</v></c>`:                    "2026-03-02 12:00:00",
		`<c r="A1" s="7"><v>0.128472222222222</v></c>`:          "03:05:00",
		`<c r="A1" t="d"><v>2026-11-28T00:00:00</v></c>`:        "2026-11-28",
		`<c r="A1" s="4"><v>0.5</v></c>`:                        "50%",
		`<c r="A1" s="8"><v>3</v></c>`:                          "3day",
		`<c r="A1" s="6"><v>10000000000</v></c>`:                "1.00E+10",
		`<c r="A1"><v>13910001113</v></c>`:                      "13910001113",
		`<c r="A1"><v>1.3910001113E10</v></c>`:                  "13910001113",
		`<c r="A1" s="10"><v>501</v></c>`:                       "501",
		`<c r="A1" s="9"><v>501.4</v></c>`:                      "501",
		`<c r="A1"><v>1.10101199003070E+17</v></c>`:             "1.1010119900307E+17",
		`<c r="A1" t="b"><v>1</v></c>`:                          "TRUE",
		`<c r="A1" t="e"><v>#N/A</v></c>`:                       "#N/A",
		`<c r="A1" t="str"><f>B1&amp;"栋"</f><v>3栋</v></c>`:      "3栋",
		`<c r="A1"><f>1+2</f><v>3</v></c>`:                      "3",
		`<c r="A1" t="str"><f>B1&amp;"栋"</f></c>`:               `=B1&"栋"`,
		`<c r="A1" t="s"><v>1</v></c>`:                          "3栋 501",
		`<c r="A1" t="s"><v>2</v></c>`:                          "末尾空格",
		`<c r="A1" t="inlineStr"><is><t>楼栋&#10;号</t></is></c>`:  "楼栋 号",
		`<c r="A1" t="inlineStr"><is><t>a_x000D_b</t></is></c>`: "a b",
		`<c t="inlineStr"><is><t>无坐标</t></is></c>`:              "无坐标",
	} {
		got, err := read(zipped(t, parcel(sheetOf("", `<row r="1">`+cell+`</row>`, ""), texts, styles)), 5)
		if err != nil || len(got) != 1 || got[0][0] != want {
			t.Errorf("%s: %q %v, want %s", cell, got, err, want)
		}
	}
	// Days that count from 1904 are the same days.
	book := parcel(sheetOf("", `<row><c s="2"><v>36195</v></c></row>`, ""), nil, styles)
	book["xl/workbook.xml"] = bytes.Replace(book["xl/workbook.xml"], []byte(`<sheets>`), []byte(`<workbookPr date1904="1"/><sheets>`), 1)
	if got, err := read(zipped(t, book), 5); err != nil || got[0][0] != "2003-02-05" {
		t.Errorf("1904: %q %v", got, err)
	}
	long, err := Read(
		t.Context(), Workbook,
		zipped(t, parcel(sheetOf("", `<row r="3"><c s="9"><v>110101199003070000</v></c></row>`, ""), nil, styles)),
		5,
	)
	if err != nil || !reflect.DeepEqual(long.Rounded, []int{3}) || !strings.Contains(strings.Join(long.Notes(), ""), "第 3 行有超过 15 位的数字") {
		t.Errorf("a long number: %+v %v", long, err)
	}
}

// Merged cells count for each of their rows; hidden content is left out and counted.
func TestReadHidden(t *testing.T) {
	text := func(cell, text string) string {
		return `<c r="` + cell + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
	}
	rows := `<row r="1">` + text("A1", "楼栋") + text("B1", "旧房号") + text("C1", "房号") + `</row>` +
		`<row r="2" hidden="1">` + text("A2", "3栋") + text("B2", "9") + text("C2", "501") + `</row>` +
		`<row r="3">` + text("B3", "9") + text("C3", "502") + `</row>` +
		`<row r="4"/><row r="5" hidden="true"/>` +
		`<row r="6">` + text("C6", "503") + `</row>` +
		`<row r="7">` + text("C7", "504") + `</row><row r="8" ht="0">` + text("C8", "505") + `</row>`
	content := zipped(t, parcel(
		sheetOf(`<col min="2" max="2" hidden="1"/>`, rows, `<mergeCell ref="A2:A6"/><mergeCell ref="bad"/>`),
		nil, nil,
	))
	got, err := Read(t.Context(), Workbook, content, 4)
	want := [][]string{{"楼栋", "", "房号"}, {"3栋", "", "502"}, {"3栋", "", "503"}, {"", "", "504"}}
	if err != nil || !reflect.DeepEqual(got.Rows, want) || got.HiddenRows != 2 || got.HiddenColumns != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if notes := got.Notes(); !reflect.DeepEqual(notes, []string{"隐藏的 2 行、1 列没有读入；要读入，请取消隐藏或筛选。"}) {
		t.Errorf("notes %q", notes)
	}
	all := zipped(t, parcel(sheetOf("", `<row hidden="1">`+text("A1", "1")+`</row>`, ""), nil, nil))
	if _, err := read(all, 4); core.MessageOf(err) != "文件里只有隐藏的内容，请取消隐藏或筛选后再上传" {
		t.Errorf("only hidden: %v", err)
	}
}

// The sheet that opens is read, or the first after it that is visible and not empty.
func TestReadShownSheet(t *testing.T) {
	for name, c := range map[string]struct {
		active int
		sheets [][2]string // state, and the content of its only cell
		want   string
	}{
		"hidden first":        {0, [][2]string{{"hidden", "a"}, {"", "b"}}, "b"},
		"very hidden first":   {0, [][2]string{{"veryHidden", "a"}, {"", "b"}, {"", "c"}}, "b"},
		"the active one":      {1, [][2]string{{"", "a"}, {"", "b"}}, "b"},
		"the active is empty": {1, [][2]string{{"", "a"}, {"", ""}}, "a"},
		"empty first":         {0, [][2]string{{"", ""}, {"visible", "b"}}, "b"},
		"active is hidden":    {1, [][2]string{{"", "a"}, {"hidden", "b"}}, "a"},
		"all hidden":          {0, [][2]string{{"hidden", "a"}}, ""},
	} {
		var sheets, links strings.Builder
		book := map[string][]byte{}
		for i, sheet := range c.sheets {
			fmt.Fprintf(&sheets, `<sheet name="表%d" sheetId="%d" state="%s" r:id="r%d"/>`, i+1, i+1, sheet[0], i+1)
			fmt.Fprintf(&links, `<Relationship Id="r%d" Type="x/worksheet" Target="/xl/worksheets/Sheet%d.xml"/>`, i+1, i+1)
			book[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = sheetOf("", `<row><c t="str"><v>`+sheet[1]+`</v></c></row>`, "")
		}
		book["xl/workbook.xml"] = fmt.Appendf(
			nil,
			`<workbook><bookViews><workbookView activeTab="%d"/></bookViews><sheets>%s</sheets></workbook>`,
			c.active, sheets.String(),
		)
		book["xl/_rels/workbook.xml.rels"] = []byte(`<Relationships>` + links.String() + `</Relationships>`)
		got, err := Read(t.Context(), Workbook, zipped(t, book), 4)
		if c.want == "" {
			if core.MessageOf(err) != errHidden.Error() {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || got.Rows[0][0] != c.want || got.Sheet != map[string]string{"a": "表1", "b": "表2"}[c.want] {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if notes := (Table{Sheet: "名单", Sheets: 2}).Notes(); !reflect.DeepEqual(notes, []string{"文件有 2 张工作表，读的是“名单”。"}) {
		t.Errorf("notes %q", notes)
	}
}

func TestReadSeparators(t *testing.T) {
	for text, want := range map[string][][]string{
		"sep=,\n楼栋,房号\n3栋,501":       {{"楼栋", "房号"}, {"3栋", "501"}},
		"SEP=;\r\n楼栋;房,号\r\n":        {{"楼栋", "房,号"}},
		"\"sep=,\"\n楼栋,房号":           {{"楼栋", "房号"}},
		"sep=\t\n楼栋\t房号":             {{"楼栋", "房号"}},
		"sep=|\n楼栋|房号":               {{"楼栋", "房号"}},
		"楼栋;房号\n3栋;501":              {{"楼栋", "房号"}, {"3栋", "501"}},
		"名单\n\n楼栋;单元;房号\n3栋;1,2;501": {{"名单"}, {"楼栋", "单元", "房号"}, {"3栋", "1,2", "501"}},
		"楼栋\t房号\n3栋\t5,0,1":          {{"楼栋", "房号"}, {"3栋", "5,0,1"}},
		"3-2-501":                    {{"3-2-501"}},
	} {
		if got, err := read([]byte(text), 9); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

// A rare user-defined character costs that character, not the file.
func TestReadUnknownCharacters(t *testing.T) {
	text := append(encoded(t, "房号,姓名\n3-2-501,王"), 0xaa, 0xa1)
	text = append(text, encoded(t, "明\n3-2-502,张三\n")...)
	got, err := Read(t.Context(), Text, text, 9)
	if err != nil || got.Rows[1][1] != "王〓明" || got.Rows[2][1] != "张三" || !reflect.DeepEqual(got.Unknown, []int{2}) {
		t.Errorf("%+v %v", got, err)
	}
	if notes := got.Notes(); len(notes) != 1 || notes[0] != "第 2 行有无法识别的字，显示为〓，请核对。" {
		t.Errorf("notes %q", notes)
	}
	if kind := KindOf(text); kind != Text {
		t.Errorf("kind %q", kind)
	}
	if own, err := Read(t.Context(), Text, []byte("3-2-501,\ue000\n"), 9); err != nil || own.Rows[0][1] != "\ue000" || own.Unknown != nil {
		t.Errorf("UTF-8 has it: %+v %v", own, err)
	}
	if kind := KindOf(bytes.Repeat([]byte{0xaa, 0xff, 'a'}, 50)); kind != Other {
		t.Errorf("noise is %q", kind)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range [][]byte{
		[]byte("3-2-501\n"), encoded(f, "楼栋,房号\n3栋,501"), []byte("\xff\xfea\x00"), []byte("a\tb\n\"c"),
		[]byte("sep=;\na;b"), append(encoded(f, "王明"), 0xaa, 0xa1), workbook(f, []any{"1", 2}),
		formatted(f, "000", 10),
		zipped(f, parcel(
			sheetOf(
				`<col min="1" max="3" hidden="1"/>`,
				`<row r="1"><c r="A1" s="1"><v>37657</v></c><c t="s"><v>0</v></c></row>`,
				`<mergeCell ref="A1:B9"/>`,
			),
			[]byte(`<sst><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>`),
			[]byte(`<styleSheet><cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>`),
		)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if kind := KindOf(content); kind != Text && kind != Workbook {
			return
		}
		rows, err := read(content, 50)
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid || core.MessageOf(err) == "" {
				t.Fatalf("no sentence: %v", err)
			}
			return
		}
		if len(rows) == 0 || len(rows) > 50 {
			t.Fatalf("%d rows", len(rows))
		}
		for _, row := range rows {
			for _, cell := range row {
				if !utf8.ValidString(cell) || cell != core.Clean(cell) || utf8.RuneCountInString(cell) > tableCell ||
					len(row) > tableColumns {
					t.Fatalf("let through %q", row)
				}
			}
		}
	})
}
