package sheet

import (
	"archive/zip"
	"bytes"
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

// workbook is an .xlsx whose first sheet holds rows.
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

func read(content []byte, max int) ([][]string, error) { return Rows(KindOf(content), content, max) }

func TestRows(t *testing.T) {
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

func TestRowsRefuse(t *testing.T) {
	head := map[string][]byte{
		"[Content_Types].xml":        []byte(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`),
		"xl/workbook.xml":            []byte(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>`),
		"xl/worksheets/sheet1.xml":   bytes.Repeat([]byte(" "), sheetUnpacked+1),
		"xl/_rels/workbook.xml.rels": nil,
	}
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
		"bomb":       {bomb, errTableLarge.Error()},
		"cut off":    {whole[:len(whole)-40], errTableBroken.Error()},
		"no sheet":   {zipped(t, map[string][]byte{"xl/workbook.xml": []byte("<workbook/>")}), errTableBroken.Error()},
		"only blank": {[]byte(",,\n ,\n\"\""), "文件里没有内容"},
	} {
		if rows, err := read(c.content, 500); err == nil || core.MessageOf(err) != c.wrong {
			t.Errorf("%s: %q %v, want %s", name, rows, err, c.wrong)
		}
	}
	if left, _ := os.ReadDir(temporary); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
	// A quote that is only a quote takes no line with it.
	if rows, err := read([]byte("\"3-2-501\n3-2-502\n1栋\"2,x\n"), 500); err != nil || len(rows) != 3 || rows[1][0] != "3-2-502" {
		t.Errorf("quotes: %q %v", rows, err)
	}
}

func FuzzRows(f *testing.F) {
	for _, seed := range [][]byte{[]byte("3-2-501\n"), encoded(f, "楼栋,房号\n3栋,501"), []byte("\xff\xfea\x00"), []byte("a\tb\n\"c"), workbook(f, []any{"1", 2})} {
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
				if !utf8.ValidString(cell) || strings.ContainsFunc(cell, func(r rune) bool { return forbidden(r) }) || utf8.RuneCountInString(cell) > tableCell || len(row) > tableColumns {
					t.Fatalf("let through %q", row)
				}
			}
		}
	})
}
