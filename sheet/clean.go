package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// readBook reads the first visible sheet of a workbook. The workbook is read part by part within
// its budget; what a table needs of it is written as a workbook of ours, and only that one is
// opened by excelize, whose structures are fifty times as large as the file it is given. See
// docs/decisions.
func readBook(ctx context.Context, content []byte, max int) (t Table, err error) {
	s, err := openBook(ctx, content)
	if err != nil {
		return t, err
	}
	name, g, err := s.firstFilled(max)
	if err != nil {
		return t, err
	}
	t = Table{Sheet: name, Sheets: len(s.shown()), HiddenRows: g.rows, HiddenColumns: len(g.columns)}
	if err := s.resolve(g); err != nil {
		return t, err
	}
	formats, err := s.formats(g)
	if err != nil {
		return t, err
	}
	c := cleaned{formats: formats, date04: s.date04, codes: map[format]int{}}
	book, err := c.book(g)
	if err != nil {
		return t, err
	}
	t.Rounded = c.rounded
	return t, t.readClean(ctx, book, g)
}

// readClean reads a workbook of ours: its rows correspond to the lines of the grid.
func (t *Table) readClean(ctx context.Context, content []byte, g *grid) (err error) {
	defer func() {
		if recover() != nil { // a format that excelize cannot handle
			err = errBroken
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxCleaned, UnzipXMLSizeLimit: maxCleaned})
	if err != nil {
		return errBroken
	}
	defer book.Close()
	lines, err := book.Rows(cleanSheet)
	if err != nil {
		return errBroken
	}
	defer lines.Close()
	pace := newPace(readingRest)
	for _, line := range g.lines {
		if err := pace.step(ctx); err != nil {
			return err
		}
		if !lines.Next() {
			return errBroken
		}
		row, err := lines.Columns()
		if err != nil {
			return errBroken
		}
		t.add(line.row, row)
	}
	return nil
}

const (
	// maxWork bounds the characters of formats that excelize parses, which it does for each number:
	// 12,000 numbers in common formats.
	maxWork     = 300_000
	numberBytes = 32 // of a number as written in files
	cleanSheet  = "s"
	sheetPart   = "xl/worksheets/sheet1.xml"
	// maxCleaned bounds the unpacked size of a workbook of ours. Its cells are bounded already.
	maxCleaned = 4 << 20
)

// cleaned builds a workbook that contains only what a table needs.
type cleaned struct {
	formats map[int]format
	date04  bool
	codes   map[format]int // styles of the new workbook, from 1
	order   []format       // by style, from 1
	rounded []int          // rows with numbers that lost digits
	work    int            // of excelize, to format numbers: see maxWork
	sheet   bytes.Buffer
}

// book returns the workbook of a grid.
func (c *cleaned) book(g *grid) ([]byte, error) {
	c.sheet.WriteString(xml.Header + `<worksheet xmlns="` + mainSpace + `"><sheetData>`)
	for i, line := range g.lines {
		slices.SortStableFunc(line.cells, func(a, b gridCell) int { return a.column - b.column })
		row := strconv.Itoa(i + 1)
		c.sheet.WriteString(`<row r="` + row + `">`)
		for _, cell := range line.cells {
			c.cell(columnName(cell.column)+row, line.row, cell)
		}
		c.sheet.WriteString(`</row>`)
		if c.work > maxWork {
			return nil, errFormats
		}
		if c.sheet.Len() > maxCleaned-1<<16 {
			return nil, errLarge // one long text in very many cells
		}
	}
	c.sheet.WriteString(`</sheetData></worksheet>`)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range []struct{ name, text string }{
		{
			"[Content_Types].xml",
			`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ` +
				`ContentType="application/xml"/></Types>`,
		},
		{
			"_rels/.rels",
			`<Relationships xmlns="` + packageLinks + `"><Relationship Id="rId1" Type="` + officeLinks +
				`/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		},
		{
			"xl/workbook.xml",
			`<workbook xmlns="` + mainSpace + `" xmlns:r="` + officeLinks + `"><sheets><sheet name="` + cleanSheet +
				`" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packageLinks + `"><Relationship Id="rId1" Type="` + officeLinks +
			`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + officeLinks +
			`/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", c.styles()},
		{sheetPart, ""},
	} {
		part, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		content := []byte(p.text)
		if p.name == sheetPart {
			content = c.sheet.Bytes()
		}
		if _, err := part.Write(content); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// cell writes a cell. Only numbers keep their format: a text is shown as it is.
func (c *cleaned) cell(at string, row int, cell gridCell) {
	kind, style, text := cell.kind, "", cell.value
	switch kind {
	case "", "n":
		kind = "n"
		f := c.formats[cell.style]
		if shown, is := moment(text, c.date04); is && f.date() {
			kind, text = "str", shown
			break
		}
		if rounded(text) && (len(c.rounded) == 0 || c.rounded[len(c.rounded)-1] != row) {
			c.rounded = append(c.rounded, row)
		}
		if _, err := strconv.ParseFloat(text, 64); err != nil || len(text) > numberBytes {
			kind = "str" // not a number after all
			break
		}
		if !f.general() && !f.date() {
			style = ` s="` + strconv.Itoa(c.style(f)) + `"`
			c.work += len(f.code) + 20
		}
	case "b", "e", "inlineStr":
	case "d": // a day as text: 2026-11-28T00:00:00
		kind, text = "str", strings.TrimSuffix(strings.TrimSuffix(strings.Replace(text, "T", " ", 1), "Z"), " 00:00:00")
	default:
		kind = "str"
	}
	open, end := `<v>`, `</v>`
	if kind == "inlineStr" {
		open, end = `<is><t xml:space="preserve">`, `</t></is>`
	}
	c.sheet.WriteString(`<c r="` + at + `" t="` + kind + `"` + style + `>` + open)
	_ = xml.EscapeText(&c.sheet, []byte(text)) // a bytes.Buffer never returns an error
	c.sheet.WriteString(end + `</c>`)
}

// style returns the number of a format among the styles.
func (c *cleaned) style(f format) int {
	n, known := c.codes[f]
	if !known {
		c.order = append(c.order, f)
		n = len(c.order)
		c.codes[f] = n
	}
	return n
}

// styles returns the XML of the formats that cells have.
func (c *cleaned) styles() string {
	var codes, styles strings.Builder
	for i, f := range c.order {
		id := f.id
		if f.code != "" {
			id = 1_000 + i
			var code bytes.Buffer
			_ = xml.EscapeText(&code, []byte(f.code)) // a bytes.Buffer never returns an error
			fmt.Fprintf(&codes, `<numFmt numFmtId="%d" formatCode="%s"/>`, id, code.String())
		}
		fmt.Fprintf(&styles, `<xf numFmtId="%d" applyNumberFormat="1"/>`, id)
	}
	return xml.Header + `<styleSheet xmlns="` + mainSpace + `"><numFmts>` + codes.String() + `</numFmts><cellXfs><xf numFmtId="0"/>` +
		styles.String() + `</cellXfs></styleSheet>`
}

const mainSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
