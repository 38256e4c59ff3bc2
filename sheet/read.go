package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"

	"tongxing/core"
)

// A workbook is a zip. It may unpack to this much and no more, which is far beyond
// any list that people fill in, and is unpacked in memory alone.
const sheetUnpacked = 16 << 20

// blankMost bounds the rows of a workbook that are read in search of filled ones:
// a sheet whose only cell stands in its last row has a million before it.
const blankMost = 5_000

// tableColumns and tableCell bound what is read of a row and of a cell.
const (
	tableColumns = 32
	tableCell    = 400 // characters
)

// Rows reads a file of the kind Text or Workbook as a table, at most max rows that are
// not empty: a text with a row a line, its cells parted by commas or tabs, or the first
// sheet of a workbook. Texts may be UTF-8, UTF-16 with its mark, or GB18030, in which
// Chinese Excel saves csv. Cells are clean text. An error is an invalid one with a
// sentence for people.
func Rows(kind Kind, content []byte, max int) ([][]string, error) {
	var rows [][]string
	var err error
	if kind == Workbook {
		rows, err = sheetTable(content, max)
	} else {
		rows, err = textTable(content, max)
	}
	switch {
	case errors.Is(err, errTableLong):
		return nil, core.Invalid(fmt.Sprintf("文件里超过 %d 行，请分成几份上传", max))
	case err != nil:
		return nil, core.Invalid(err.Error())
	case len(rows) == 0:
		return nil, core.Invalid("文件里没有内容")
	}
	return rows, nil
}

// What is wrong with a table, in the words that people read.
var (
	errTableLong   = errors.New("行数过多")
	errTableCoding = errors.New("文件的文字无法识别，请另存为 UTF-8 或 GBK 编码")
	errTableBroken = errors.New("表格已损坏，请用 Excel 或 WPS 打开后另存为 xlsx")
	errTableLarge  = errors.New("表格展开后过大，请只保留要用的一列再上传")
)

// textTable reads lines of cells.
func textTable(content []byte, most int) ([][]string, error) {
	text, err := decodeText(content)
	if err != nil {
		return nil, err
	}
	comma := ','
	if line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n"); strings.Contains(line, "\t") {
		comma = '\t' // what is copied out of a spreadsheet, or saved as Unicode text
	}
	var t table
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = comma, -1, true
	for {
		row, err := in.Read()
		if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
			return lineTable(text, string(comma), most) // a quote that is only a quote
		}
		if err != nil { // io.EOF: a reader of a string knows no other
			return t.rows, nil
		}
		if err := t.add(row, most); err != nil {
			return nil, err
		}
	}
}

// lineTable reads lines whose quotes mean nothing.
func lineTable(text, comma string, most int) ([][]string, error) {
	var t table
	for line := range strings.Lines(text) {
		if err := t.add(strings.Split(line, comma), most); err != nil {
			return nil, err
		}
	}
	return t.rows, nil
}

// table gathers the rows that are not empty.
type table struct{ rows [][]string }

func (t *table) add(row []string, most int) error {
	row = slices.Clone(row[:min(len(row), tableColumns)])
	empty := true
	for i, cell := range row {
		row[i] = cleanCell(cell)
		empty = empty && row[i] == ""
	}
	switch {
	case empty:
		return nil
	case len(t.rows) >= most:
		return errTableLong
	}
	t.rows = append(t.rows, row)
	return nil
}

// cleanCell makes one line of a cell. What is cut off was no name or number.
func cleanCell(cell string) string {
	cell = strings.ToValidUTF8(cell, "")
	cell = strings.Map(func(r rune) rune {
		if forbidden(r) {
			return ' '
		}
		return r
	}, cell)
	cell = strings.TrimSpace(cell)
	if len(cell) > tableCell && utf8.RuneCountInString(cell) > tableCell {
		cell = string([]rune(cell)[:tableCell])
	}
	return cell
}

// forbidden reports controls, and what turns the direction of the text behind it.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// decodeText gives a text file as UTF-8. What holds controls that no text has is none.
func decodeText(content []byte) (string, error) {
	var text string
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		decoded, err := xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM).NewDecoder().Bytes(content)
		if err != nil {
			return "", errTableCoding
		}
		text = string(decoded)
	case utf8.Valid(content):
		text = strings.TrimPrefix(string(content), "\ufeff")
	default:
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content)
		if err != nil {
			return "", errTableCoding
		}
		text = string(decoded)
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\f\x1a", r) // 1A ends texts of DOS
	}) {
		return "", errTableCoding
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), nil
}

// sheetTable reads the first sheet of a workbook. Broken ones can make the library
// panic, which is then theirs: the file is broken.
func sheetTable(content []byte, most int) (rows [][]string, err error) {
	defer func() {
		if recover() != nil {
			rows, err = nil, errTableBroken
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: sheetUnpacked, UnzipXMLSizeLimit: sheetUnpacked})
	if err != nil {
		if strings.Contains(err.Error(), "unzip size exceeds") { // the library's only word for it
			return nil, errTableLarge
		}
		return nil, errTableBroken
	}
	defer book.Close()
	names := book.GetSheetList()
	if len(names) == 0 {
		return nil, errTableBroken
	}
	lines, err := book.Rows(names[0])
	if err != nil {
		return nil, errTableBroken
	}
	defer lines.Close()
	return sheetRowsOf(lines, most)
}

func sheetRowsOf(lines *excelize.Rows, most int) ([][]string, error) {
	var t table
	for n := 0; lines.Next(); n++ {
		if n >= blankMost {
			return nil, errTableLong
		}
		row, err := lines.Columns()
		if err != nil {
			return nil, errTableBroken
		}
		if err := t.add(row, most); err != nil {
			return nil, err
		}
	}
	if lines.Error() != nil {
		return nil, errTableBroken
	}
	return t.rows, nil
}
