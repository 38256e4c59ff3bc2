// Package sheet reads and writes tables of text: workbooks (.xlsx), legacy workbooks (.xls, only
// read) and the text files that people keep lists in (.txt, .csv). Read returns a short list as a
// whole; Open is for files of any length. The package knows nothing of requests or of what a list is
// about.
package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ContentType is the content type of Write's output.
const ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sheetRows is how many rows a sheet of an .xlsx can hold (ECMA-376 part 1, 18.3.1.73).
const sheetRows = 1 << 20

// sheetText is how many characters a cell can hold.
const sheetText = 32767

// Head is what a workbook begins with.
type Head struct {
	Name    string      // the sheet's, at most 25 characters
	Columns []string    // the first line
	Busy    func() bool // while it is true, writing rests as long as it works, since others need the machine; nil = always
}

// Write writes an .xlsx to w from the rows that rows adds one by one. After a million rows it continues in a second
// sheet of the same name. Texts stay texts, whatever they begin with; int, int64 and float64 are
// numbers, a time.Time is a date and time in its own zone, nil and the zero time are empty cells.
//
// It writes the format itself: excelize collects a sheet in a temporary file (a gigabyte for a
// million records) and the packed book in memory before sending the first byte, so that proxies
// time out. Here the file is sent as it is made, and any number of rows takes the same memory. It
// ends with the error of ctx.
func Write(ctx context.Context, w io.Writer, head Head, rows func(add func(values ...any) error) error) error {
	b := &book{ctx: ctx, pace: newPace(writingRest), zip: zip.NewWriter(w), name: head.Name, columns: head.Columns}
	b.pace.busy = head.Busy
	b.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	if err := b.begin(); err != nil {
		return err
	}
	if err := rows(b.add); err != nil {
		return err
	}
	return b.end()
}

// book is a workbook in the making.
type book struct {
	ctx     context.Context
	pace    *pace
	zip     *zip.Writer
	out     *bufio.Writer // of the sheet being written
	name    string
	columns []string
	sheets  int
	row     int // of the sheet, from 1
	line    bytes.Buffer
}

const sheetHead = xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
	`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>` +
	`</sheetView></sheetViews><cols>`

// begin opens the next sheet.
func (b *book) begin() error {
	b.sheets, b.row = b.sheets+1, 0
	part, err := b.zip.Create("xl/worksheets/sheet" + strconv.Itoa(b.sheets) + ".xml")
	if err != nil {
		return err
	}
	b.out = bufio.NewWriterSize(part, 64<<10)
	var head strings.Builder
	head.WriteString(sheetHead)
	titles := make([]any, len(b.columns))
	for i, column := range b.columns {
		fmt.Fprintf(&head, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, columnWidth(column))
		titles[i] = column
	}
	head.WriteString(`</cols><sheetData>`)
	if _, err := b.out.WriteString(head.String()); err != nil {
		return err
	}
	return b.write(titles, ` s="1"`)
}

// columnWidth is in characters. A time that does not fit is shown as ########.
func columnWidth(title string) int {
	if strings.HasSuffix(title, "时间") {
		return len("2006-01-02 15:04:05") + 2
	}
	return max(12, 3*len([]rune(title)))
}

// close ends the sheet.
func (b *book) close() error {
	if _, err := b.out.WriteString(`</sheetData></worksheet>`); err != nil {
		return err
	}
	return b.out.Flush()
}

func (b *book) add(values ...any) error {
	if b.row == sheetRows {
		if err := b.close(); err != nil {
			return err
		}
		if err := b.begin(); err != nil {
			return err
		}
	}
	if b.row%16 == 0 {
		if err := b.pace.step(b.ctx); err != nil {
			return err
		}
	}
	return b.write(values, "")
}

func (b *book) write(values []any, style string) error {
	b.row++
	row := strconv.Itoa(b.row)
	b.line.Reset()
	b.line.WriteString(`<row r="` + row + `">`)
	for i, value := range values {
		b.cell(columnName(i)+row, value, style)
	}
	b.line.WriteString(`</row>`)
	_, err := b.out.Write(b.line.Bytes())
	return err
}

func (b *book) cell(at string, value any, style string) {
	switch v := value.(type) {
	case nil:
	case int:
		b.number(at, strconv.Itoa(v), style)
	case int64:
		b.number(at, strconv.FormatInt(v, 10), style)
	case float64:
		b.number(at, strconv.FormatFloat(v, 'f', -1, 64), style)
	case time.Time:
		if !v.IsZero() {
			b.number(at, strconv.FormatFloat(sheetMoment(v), 'f', 8, 64), ` s="2"`)
		}
	default:
		b.text(at, fmt.Sprint(v), style)
	}
}

func (b *book) number(at, digits, style string) {
	b.line.WriteString(`<c r="` + at + `"` + style + `><v>` + digits + `</v></c>`)
}

// coded matches what a spreadsheet would take as an escaped character, such as _x0041_.
var coded = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

func (b *book) text(at, text, style string) { textCell(&b.line, at, text, style) }

// textCell writes a cell of text. style is an attribute, or "".
func textCell(b *bytes.Buffer, at, text, style string) {
	if text == "" {
		return
	}
	if strings.Contains(text, "_x") {
		text = coded.ReplaceAllString(text, "_x005F_$1")
	}
	if runes := []rune(text); len(text) > sheetText && len(runes) > sheetText {
		text = string(runes[:sheetText])
	}
	b.WriteString(`<c r="` + at + `" t="inlineStr"` + style + `><is><t xml:space="preserve">`)
	_ = xml.EscapeText(b, []byte(text)) // a bytes.Buffer never returns an error
	b.WriteString(`</t></is></c>`)
}

// sheetMoment returns a time as spreadsheets count: days since 1899-12-30, by the wall clock. It is
// truncated to whole seconds, which is what the cell shows: programs round fractions
// inconsistently.
func sheetMoment(t time.Time) float64 {
	_, offset := t.Zone()
	const epoch = 25569 // 1970-01-01
	return epoch + float64(t.Unix()+int64(offset))/86_400
}

// columnName returns the letters of a column: 0 is A, 26 is AA.
func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return columnName(i/26-1) + string(rune('A'+i%26))
}

// end closes the last sheet and writes the parts that list them all.
func (b *book) end() error {
	if err := b.close(); err != nil {
		return err
	}
	names := []Info{{Name: b.name}}
	for n := 2; n <= b.sheets; n++ {
		names = append(names, Info{Name: b.name + " " + strconv.Itoa(n)})
	}
	return pack(b.zip, names, sheetStyles)
}

// pack adds to a workbook's sheets the parts that list them, and ends it.
func pack(z *zip.Writer, sheets []Info, styles string) error {
	var types, list, links strings.Builder
	for i, sheet := range sheets {
		n, state := i+1, ""
		if sheet.Hidden {
			state = ` state="hidden"`
		}
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(sheet.Name)) // a strings.Builder never returns an error
		fmt.Fprintf(
			&types,
			`<Override PartName="/xl/worksheets/sheet%d.xml" `+
				`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`,
			n,
		)
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d"%s r:id="rId%d"/>`, escaped.String(), n, state, n)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, officeLinks, n)
	}
	for _, part := range []struct{ name, text string }{
		{"xl/styles.xml", styles},
		{
			"xl/workbook.xml",
			`<workbook xmlns="` + mainSpace + `" xmlns:r="` + officeLinks + `"><sheets>` + list.String() + `</sheets></workbook>`,
		},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packageLinks + `">` + links.String() +
			`<Relationship Id="rId` + strconv.Itoa(len(sheets)+1) + `" Type="` + officeLinks +
			`/styles" Target="styles.xml"/></Relationships>`},
		{
			"_rels/.rels",
			`<Relationships xmlns="` + packageLinks + `"><Relationship Id="rId1" Type="` + officeLinks +
				`/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		},
		{
			"[Content_Types].xml",
			`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ` +
				`ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
				`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="` +
				ContentType + `.main+xml"/>` +
				`<Override PartName="/xl/styles.xml" ` +
				`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() + `</Types>`,
		},
	} {
		out, err := z.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, xml.Header+part.text); err != nil {
			return err
		}
	}
	return z.Close()
}

const (
	mainSpace    = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	officeLinks  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageLinks = "http://schemas.openxmlformats.org/package/2006/relationships"
)

// sheetStyles has three styles of a cell: plain, column title, date and time.
const sheetStyles = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
	`<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd hh:mm:ss"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" ` +
	`fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
	`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
