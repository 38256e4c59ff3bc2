package sheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"tongxing/core"
)

// repeated is a reader of n times the same text, between a beginning and an end.
func repeated(begin, text string, n int, end string) io.Reader {
	const many = 1024
	block := strings.Repeat(text, many)
	readers := []io.Reader{strings.NewReader(begin)}
	for range n / many {
		readers = append(readers, strings.NewReader(block))
	}
	return io.MultiReader(append(readers, strings.NewReader(strings.Repeat(text, n%many)), strings.NewReader(end))...)
}

// bomb returns a workbook with a part that is written from a reader, so that it never is in memory.
func bomb(t testing.TB, files map[string][]byte, name string, content io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for other, part := range files {
		if other == name {
			continue
		}
		out, err := z.Create(other)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = out.Write(part) // into memory
	}
	out, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lying returns a workbook whose sheet claims to be 100 bytes long.
func lying(t testing.TB) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	content, sum := repeated(`<worksheet><sheetData>`, `<row/>`, 50<<20, `</sheetData></worksheet>`), crc32.NewIEEE()
	if _, err := io.Copy(io.MultiWriter(w, sum), content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, part := range parcel(nil, nil, nil) {
		out, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = out.Write(part) // into memory
	}
	out, err := z.CreateRaw(&zip.FileHeader{
		Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = out.Write(packed.Bytes()) // into memory
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever a file claims to contain, reading its rows does not take the memory of its claims.
func TestHostileImports(t *testing.T) {
	const sheet = "xl/worksheets/sheet1.xml"
	plain := parcel([]byte(`<worksheet/>`), nil, nil)
	shared := `<row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, Columns) + `</row>`
	listed := func(rows string) []byte { return []byte(`<worksheet><sheetData>` + rows + `</sheetData></worksheet>`) }
	one := parcel(listed(shared), []byte(`<sst/>`), nil)
	texts := func(text string, n int) []byte {
		return bomb(t, one, "xl/sharedStrings.xml", repeated(`<sst>`, `<si><t>`+text+`</t></si>`, n, `</sst>`))
	}
	data := func(row string, n int) []byte {
		return bomb(t, plain, sheet, repeated(`<worksheet><sheetData>`, row, n, `</sheetData></worksheet>`))
	}
	entries := parcel([]byte(`<worksheet/>`), nil, nil)
	for n := range maxEntries {
		entries[fmt.Sprintf("xl/media/%d", n)] = nil
	}
	for _, c := range []struct {
		name    string
		content []byte
		want    string // "" = it is read
		rows    int
	}{
		{"blanks", bomb(t, plain, sheet, repeated(`<worksheet>`, strings.Repeat(" ", 1024), 300<<10, `</worksheet>`)), errLarge.Error(), 0},
		{"a large picture", bomb(t, plain, "xl/media/1.png", repeated("", strings.Repeat("x", 1024), 20<<10, "")), errLarge.Error(), 0},
		{"a false size", lying(t), errBroken.Error(), 0},
		{"many parts", bomb(t, entries, sheet, strings.NewReader("")), errLarge.Error(), 0},
		{"one text", data(strings.Repeat("x", 1024), 8<<10), errLarge.Error(), 0},
		{"one tag", bomb(t, plain, sheet, repeated(`<worksheet><sheetData><row `, `a="" `, 1<<20, `/></sheetData>`)), errLarge.Error(), 0},
		{"one comment", bomb(t, plain, sheet, repeated(`<worksheet><!--`, strings.Repeat("-", 1024), 8<<10, `-->`)), errLarge.Error(), 0},
		{"a million empty rows", data(`<row/>`, 1<<20-1), "", 0},
		{"more rows than a sheet has", data(`<row/>`, 1<<20+1), errBroken.Error(), 0},
		{"the last row", zipped(t, parcel(listed(`<row r="1048576"><c r="A1048576"><v>1</v></c></row>`), nil, nil)), "", 1},
		{"too many rows", data(`<row><c><v>1</v></c></row>`, 2001), "文件里超过 2,000 行，请分成几份上传", 2001},
		{"far columns", data(`<row><c r="XFD1"><v>1</v></c></row>`, 1000), "第 1 行超过 64 列，请只保留要用的列再上传", 0},
		{"empty cells far away", data(`<row><c><v>1</v></c><c r="XFD1" s="1"/></row>`, 1000), "", 1000},
		{"nested", data(`<row>`, 1000), errBroken.Error(), 0},
		{"a document type", zipped(t, parcel([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>`), nil, nil)), errBroken.Error(), 0},
		{"many shared texts", texts("a", 3<<20), errLarge.Error(), 0},
		{"long shared texts", texts(strings.Repeat("长", 2000), 20_000), errLarge.Error(), 0},
		{"a long text in all cells", zipped(t, parcel(
			listed(strings.Repeat(shared, 2000)), []byte(`<sst><si><t>`+strings.Repeat("长", 30_000)+`</t></si></sst>`), nil,
		)), errLarge.Error(), 1398},
		{"no such text", zipped(t, one), errBroken.Error(), 0},
		{"formats", hostile(t)["formats"], errFormats.Error(), 0},
		{"merged cells", zipped(t, parcel(
			[]byte(`<worksheet><sheetData>`+strings.Repeat(`<row><c><v>1</v></c></row>`, 2000)+`</sheetData><mergeCells>`+
				strings.Repeat(`<mergeCell ref="A1:Z999999"/>`, 200_000)+`</mergeCells></worksheet>`), nil, nil,
		)), "", 2000},
		{"texts like tags", data(`<row>`+inline("A1", "mergeCell &lt;mergeCell &lt;row")+`</row>`, 10), "", 10},
		{"cut off", zipped(t, parcel([]byte(`<worksheet><sheetData><row><c><v>1</v></c></row>`), nil, nil)), errBroken.Error(), 1},
		{"cut off in a tag", zipped(t, parcel([]byte(`<worksheet><sheetData><row`), nil, nil)), errBroken.Error(), 0},
		{"rows in disorder", zipped(t, parcel(listed(`<row r="2"/><row r="1"/>`), nil, nil)), errBroken.Error(), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := 0, error(nil)
			grown, took := peak(func() {
				var book *Book
				if book, err = Open(t.Context(), c.content); err == nil {
					_, err = book.Rows(t.Context(), book.First(), 2000, func(Row) error { rows++; return nil })
				}
			})
			t.Logf("%d KB: %v, heap +%d MiB: %v", len(c.content)>>10, took, grown>>20, err)
			if got := core.MessageOf(err); err != nil && got != c.want || err == nil && c.want != "" {
				t.Errorf("%v, want %q", err, c.want)
			}
			if c.want == "" && rows != c.rows || c.want != "" && rows > max(c.rows, 1) {
				t.Errorf("%d rows, want %d", rows, c.rows)
			}
			if grown > 150<<20 {
				t.Errorf("heap +%d MiB", grown>>20)
			}
		})
	}
}

// What is no workbook is refused with words that say what to do, whatever it is called.
func TestFilesThatAreNoWorkbooks(t *testing.T) {
	old := fixture(t, "list.xls")
	renamed := func(to string) []byte {
		from, name := utf16le("Workbook"), utf16le(to)
		at := bytes.Index(old, from)
		copied := bytes.Clone(old)
		copy(copied[at:], name)
		binary.LittleEndian.PutUint16(copied[at+64:], uint16(len(name)+2))
		return copied
	}
	locked := bytes.Clone(old)
	first := bytes.Index(locked, []byte{0x09, 0x08, 0x10, 0x00})
	binary.LittleEndian.PutUint16(locked[first+20:], 0x2f) // the second record
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"XML of Excel 2003":      {[]byte(`<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>`), errMarkup},
		"a page without a table": {[]byte("<html><p>请登录</p></html>"), errMarkup},
		"a page in one file":     {[]byte("MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n"), errMarkup},
		"Excel 4 without OLE":    {[]byte{0x09, 0x04, 0x06, 0, 0, 0, 0x10, 0, 0, 0}, errAncient},
		"Excel 5 of a script":    {[]byte{0x09, 0x08, 0x08, 0, 0, 0, 0x10, 0, 0, 0, 0, 0}, errAncient},
		"Excel 95":               {renamed("Book"), errAncient},
		"a locked xlsx":          {renamed("EncryptedPackage"), errLocked},
		"a locked xls":           {locked, errLocked},
		"a document":             {renamed("WordDocument"), errForeign},
		"4 KB of OLE":            {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), bytes.Repeat([]byte{0xff}, 4<<10)...), errBroken},
		"a picture":              {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), errForeign},
		"a PDF":                  {[]byte("%PDF-1.7\n\x00\x01\x02\x03"), errForeign},
		"another zip":            {zipped(t, map[string][]byte{"word/document.xml": []byte("<a/>")}), errPackage},
		"a binary workbook":      {zipped(t, map[string][]byte{"xl/workbook.bin": {1}}), errPackage},
		"an upload cut off":      {fixture(t, "list.xlsx")[:len(fixture(t, "list.xlsx"))-30], errBroken},
	} {
		if _, err := Open(t.Context(), c.content); core.MessageOf(err) != c.want.Error() || !core.IsInvalid(err) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func utf16le(text string) []byte {
	var b []byte
	for _, r := range text { // of the BMP
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}

// Damaged copies are read or refused, and never end otherwise.
func TestDamagedCopies(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{"list.xlsx", "list.xls"} {
		whole, read, refused := fixture(t, name), 0, 0
		for n := range 400 {
			copied := bytes.Clone(whole)
			if n%4 == 0 {
				copied = copied[:random.IntN(len(copied))]
			}
			for range min(1+random.IntN(6), len(copied)) {
				copied[random.IntN(len(copied))] = byte(random.UintN(256))
			}
			book, err := Open(t.Context(), copied)
			if err == nil {
				_, err = book.Rows(t.Context(), book.First(), 1000, func(Row) error { return nil })
			}
			if err == nil {
				read++
			} else if refused++; !core.IsInvalid(err) {
				t.Errorf("%s, copy %d: %v", name, n, err)
			}
		}
		if t.Logf("%s: %d read, %d refused", name, read, refused); refused == 0 {
			t.Errorf("%s: no copy is refused", name)
		}
	}
}

// Values are read from a workbook with macros and links to other files; the marked copy has neither.
func TestWorkbooksThatAct(t *testing.T) {
	parts := parcel([]byte(`<worksheet><sheetData><row>`+inline("A1", "姓名")+`</row><row>`+inline("A2", "张三")+
		`<c><f>[1]Sheet1!$A$1</f><v>7</v></c></row></sheetData></worksheet>`), nil, nil)
	parts["xl/vbaProject.bin"], parts["xl/externalLinks/externalLink1.xml"] = []byte("macro"), []byte(`<externalLink/>`)
	parts["xl/styles.xml"] = []byte(`<styleSheet><fills><fill/></fills><cellXfs><xf/></cellXfs></styleSheet>`)
	parts["[Content_Types].xml"] = []byte(`<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>`)
	content := zipped(t, parts)
	if rows, _ := rowsOf(t, content); fmt.Sprint(rows) != "[[姓名] [张三 7]]" {
		t.Errorf("rows are %q", rows)
	}
	marked := markedFile(t, content, 1, Mark{Row: 2, Column: 0, Message: "不对"})
	z, err := zip.NewReader(bytes.NewReader(marked), int64(len(marked)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range z.File {
		if strings.Contains(file.Name, "vba") || strings.Contains(file.Name, "external") {
			t.Errorf("the copy has %s", file.Name)
		}
	}
	if rows, _ := rowsOf(t, marked); fmt.Sprint(rows) != "[[姓名  错误说明] [张三 7 不对]]" {
		t.Errorf("the copy is %q", rows)
	}
}

// What begins with a formula's sign stays a text on its way there and back.
func TestMarkedTextsAreNoFormulas(t *testing.T) {
	book := opened(t, markedFile(t, []byte("姓名\n=1+1\n@a\n"), 1, Mark{Row: 2, Column: 0, Message: "=HYPERLINK(1)"}))
	for cell, want := range map[string]string{"A2": "=1+1", "A3": "@a", "B2": "=HYPERLINK(1)"} {
		value, err := book.GetCellValue("名单", cell)
		formula, also := book.GetCellFormula("名单", cell)
		if err = errors.Join(err, also); err != nil || value != want || formula != "" {
			t.Errorf("%s is %q, formula %q, %v", cell, value, formula, err)
		}
	}
}

// Any XML as the content of a sheet is read or refused; what is read, is read the same from a file
// that is read in small steps.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`<worksheet><cols><col min="1" max="2" hidden="1"/></cols><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>` +
		`</sheetData></worksheet>`))
	f.Add([]byte(`<worksheet><sheetData><row><c><f>A1</f><v>1.5</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/>` +
		`</mergeCells></worksheet>`))
	f.Add([]byte(`<?xml?><!-- --><a><![CDATA[x]]>&amp;&#65;<b c='1'/></a>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		tokens := func(in io.Reader) (all []string, err error) {
			spent := int64(maxStream)
			m := newMarkup(in, &spent)
			for {
				found, err := m.next()
				if err != nil {
					return all, err
				}
				if n := len(all); found == tokenText && n > 0 && strings.HasPrefix(all[n-1], "text ") {
					all[n-1] += string(m.text)
				} else if found == tokenText {
					all = append(all, "text "+string(m.text))
				} else {
					all = append(all, fmt.Sprint(found, string(m.name), string(m.value("r"))))
				}
			}
		}
		whole, err := tokens(bytes.NewReader(content))
		small, also := tokens(smallSteps{bytes.NewReader(content)})
		if fmt.Sprint(err) != fmt.Sprint(also) || err == io.EOF && fmt.Sprint(whole) != fmt.Sprint(small) {
			t.Errorf("at once %q %v, in small steps %q %v", whole, err, small, also)
		}
		book, err := Open(t.Context(), zipped(t, parcel(content, []byte(`<sst><si><t>a</t></si></sst>`), nil)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = book.Rows(t.Context(), 0, 1000, func(row Row) error {
			_ = row.Titles()
			return nil
		})
		if err != nil && !core.IsInvalid(err) {
			t.Error(err)
		}
	})
}

// smallSteps reads a few bytes at a time.
type smallSteps struct{ in io.Reader }

func (s smallSteps) Read(b []byte) (int, error) { return s.in.Read(b[:min(len(b), 3)]) }
