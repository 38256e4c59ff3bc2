package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tongxing/core"
)

// FaultColumn is the heading of the column that WriteMarked adds. Who reads the file again ignores
// a column of this name.
const FaultColumn = "错误说明"

// Mark is something wrong with a row of a file.
type Mark struct {
	Row     int    // in the file, from 1
	Column  int    // of the cell at fault, from 0; -1 = the row as a whole
	Message string // for people
}

// WriteMarked writes the file to w as an .xlsx in which the cells at fault are red and a last
// column says what is wrong with each row. heading is the row of the sheet that has the columns'
// names. Marks of an earlier time are removed.
//
// The workbook is the one that was opened, with its formats, lists and other sheets. A file of
// another format, or a workbook with macros or links to other files, becomes a new workbook with
// the same cells of that one sheet.
func (b *Book) WriteMarked(ctx context.Context, w io.Writer, sheet, heading int, marks []Mark) (err error) {
	defer broken(&err)
	if sheet < 0 || sheet >= len(b.Sheets()) {
		return core.Invalid(errNoSheet.Error())
	}
	p := &marking{heading: heading, faults: map[int]*fault{}}
	for _, mark := range marks {
		p.add(mark)
	}
	if err := p.measure(ctx, b, sheet); err != nil {
		return err
	}
	if s, is := b.reader.(*stream); is && s.harmless(sheet) {
		if looks, ok := s.styleSheet(); ok {
			return said(s.mark(ctx, w, sheet, p, looks))
		}
	}
	return spooled(w, func(file io.Writer) error { return p.rewrite(ctx, file, b, sheet) })
}

// spooled writes to a file that has no name any more, and then from there to w: what write holds, such as the turn to read
// a file, is not held for as long as somebody's line is slow.
func spooled(w io.Writer, write func(file io.Writer) error) (err error) {
	file, err := os.CreateTemp("", "marked-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	if err := write(file); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return err
}

// marking is what has to be marked.
type marking struct {
	heading int
	faults  map[int]*fault // by row
	column  int            // of the messages, from 0
	hidden  [Columns]bool  // columns
}

// fault is what is wrong with a row.
type fault struct {
	columns []int
	words   []string
}

func (p *marking) add(mark Mark) {
	f := p.faults[mark.Row]
	if f == nil {
		f = &fault{}
		p.faults[mark.Row] = f
	}
	if mark.Column >= 0 && !slices.Contains(f.columns, mark.Column) {
		f.columns = append(f.columns, mark.Column)
	}
	if mark.Message != "" && !slices.Contains(f.words, mark.Message) {
		f.words = append(f.words, mark.Message)
	}
}

// measure finds the column for the messages: the one of an earlier time, or the first behind all others.
func (p *marking) measure(ctx context.Context, b *Book, sheet int) error {
	old := -1
	_, err := b.Rows(ctx, sheet, sheetRows, func(row Row) error {
		p.column = max(p.column, len(row.Cells))
		for column, cell := range row.Cells {
			p.hidden[column] = p.hidden[column] || cell.Hidden
		}
		if row.Number == p.heading {
			old = slices.IndexFunc(row.Cells, func(cell Cell) bool { return cell.Text == FaultColumn })
		}
		return nil
	})
	if old >= 0 {
		p.column = old
	}
	return err
}

// words returns what the last column says about a row.
func (p *marking) words(row int) string {
	if row == p.heading {
		return FaultColumn
	}
	if f := p.faults[row]; f != nil {
		return strings.Join(f.words, "；")
	}
	return ""
}

// wrong reports whether a cell is at fault.
func (p *marking) wrong(row, column int) bool {
	f := p.faults[row]
	return f != nil && slices.Contains(f.columns, column)
}

// The styles of markedStyles.
const (
	styleRed     = styleGroup + 1
	styleMessage = styleRed + 1
)

// red is the colour of cells at fault, by which they are known again.
const red = "FFFFC7CE"

const redFill = `<fill><patternFill patternType="solid"><fgColor rgb="` + red + `"/><bgColor indexed="64"/></patternFill></fill>`

// markedStyles are those of templates, and the ones of cells at fault and of messages.
var markedStyles = strings.NewReplacer(
	`<fills count="3">`, `<fills count="4">`, `</fills>`, redFill+`</fills>`, `<cellXfs count="5">`, `<cellXfs count="7">`,
	`</cellXfs>`, `<xf numFmtId="49" fontId="0" fillId="3" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/>`+
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>`,
).Replace(templateStyles)

// rewrite writes a new workbook with the rows of a sheet.
func (p *marking) rewrite(ctx context.Context, w io.Writer, b *Book, sheet int) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	part, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(part, 64<<10)
	fmt.Fprintf(out, `%s<worksheet xmlns="%s"><cols>`, xml.Header, mainSpace)
	for column := range p.column {
		hidden := ""
		if p.hidden[column] {
			hidden = ` hidden="1"`
		}
		fmt.Fprintf(out, `<col min="%d" max="%d" width="14" customWidth="1" style="%d"%s/>`, column+1, column+1, styleText, hidden)
	}
	fmt.Fprintf(out, `<col min="%d" max="%d" width="50" customWidth="1"/>`, p.column+1, p.column+1)
	_, _ = out.WriteString(`</cols><sheetData>`) // a bufio.Writer keeps its first error
	var line bytes.Buffer
	var merged []string
	_, err = b.Rows(ctx, sheet, sheetRows, func(row Row) error {
		line.Reset()
		p.rewriteRow(&line, row)
		if row.Number <= p.heading {
			for _, a := range row.across {
				from, to := columnName(a.from-1), columnName(a.to)
				merged = append(merged, fmt.Sprintf(`<mergeCell ref="%s%d:%s%d"/>`, from, row.Number, to, row.Number))
			}
		}
		_, err := out.Write(line.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	_, _ = out.WriteString(`</sheetData>`)
	if len(merged) > 0 {
		fmt.Fprintf(out, `<mergeCells count="%d">%s</mergeCells>`, len(merged), strings.Join(merged, ""))
	}
	_, _ = out.WriteString(`</worksheet>`)
	if err := out.Flush(); err != nil {
		return err
	}
	name := b.Sheets()[sheet].Name
	if name == "" {
		name = "名单"
	}
	return pack(z, []Info{{Name: name}}, markedStyles)
}

func (p *marking) rewriteRow(line *bytes.Buffer, row Row) {
	hidden := ""
	if row.Hidden {
		hidden = ` hidden="1"`
	}
	fmt.Fprintf(line, `<row r="%d"%s>`, row.Number, hidden)
	for column := range max(len(row.Cells), p.column+1) {
		at, style := columnName(column)+fmt.Sprint(row.Number), styleText
		switch {
		case column == p.column:
			textCell(line, at, p.words(row.Number), fmt.Sprintf(` s="%d"`, styleMessage))
			continue
		case p.wrong(row.Number, column):
			style = styleRed
		case row.Number == p.heading:
			style = styleTitle
		}
		text := row.Cell(column).Text
		if row.Cell(column).Lost { // or nobody would see any more that digits are lost
			if style != styleRed {
				style = 0
			}
			fmt.Fprintf(line, `<c r="%s" s="%d"><v>%s</v></c>`, at, style, text)
			continue
		}
		if textCell(line, at, text, fmt.Sprintf(` s="%d"`, style)); text == "" && style == styleRed {
			fmt.Fprintf(line, `<c r="%s" s="%d"/>`, at, style)
		}
	}
	line.WriteString(`</row>`)
}
