package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tongxing/core"
)

// tableColumns and tableCell bound what is read of a row and of a cell.
const (
	tableColumns = 32
	tableCell    = 400 // characters
)

// Table is the content of a file as a person sees it: numbers in their format, the results of
// formulas, days as days (2026-11-28) and times as times (15:04:05), whatever their format. Hidden
// sheets, rows and columns are left out.
type Table struct {
	Rows [][]string // non-empty rows; cells are clean text of one line

	Sheet         string // which of the workbook's sheets was read; "" for a text
	Sheets        int    // how many visible sheets it has
	HiddenRows    int    // non-empty hidden rows that were left out
	HiddenColumns int
	Rounded       []int // rows of the file, from 1, with numbers of more digits than spreadsheets keep
	Unknown       []int // rows with unreadable characters; 〓 replaces each
}

// Notes returns what a person should know about how the file was read, in sentences.
func (t Table) Notes() []string {
	var notes []string
	if t.Sheets > 1 {
		notes = append(notes, fmt.Sprintf("文件有 %d 张工作表，读的是“%s”。", t.Sheets, core.Clean(t.Sheet)))
	}
	var hidden []string
	if t.HiddenRows > 0 {
		hidden = append(hidden, strconv.Itoa(t.HiddenRows)+" 行")
	}
	if t.HiddenColumns > 0 {
		hidden = append(hidden, strconv.Itoa(t.HiddenColumns)+" 列")
	}
	if len(hidden) > 0 {
		notes = append(notes, "隐藏的 "+strings.Join(hidden, "、")+"没有读入；要读入，请取消隐藏或筛选。")
	}
	if len(t.Rounded) > 0 {
		notes = append(notes, rowText(t.Rounded)+"有超过 15 位的数字，电子表格已丢失后几位，请把这一列改成文本后重新填写。")
	}
	if len(t.Unknown) > 0 {
		notes = append(notes, rowText(t.Unknown)+"有无法识别的字，显示为〓，请核对。")
	}
	return notes
}

// rowText lists row numbers; if there are many, only the first.
func rowText(rows []int) string {
	var words []string
	for _, row := range rows[:min(len(rows), 5)] {
		words = append(words, strconv.Itoa(row))
	}
	if len(rows) > len(words) {
		return "第 " + strings.Join(words, "、") + " 行等 " + strconv.Itoa(len(rows)) + " 行"
	}
	return "第 " + strings.Join(words, "、") + " 行"
}

// add adds a row of the file unless it is empty, and reports whether it did.
func (t *Table) add(number int, row []string) bool {
	row = slices.Clone(row[:min(len(row), tableColumns)])
	empty := true
	for i, cell := range row {
		row[i] = cleanCell(cell)
		empty = empty && row[i] == ""
	}
	if empty {
		return false
	}
	if slices.ContainsFunc(row, func(cell string) bool { return strings.Contains(cell, unknown) }) {
		t.Unknown = append(t.Unknown, number)
	}
	t.Rows = append(t.Rows, row)
	return true
}

// cleanCell cleans the text of a cell. Whatever exceeds the limit was no name or number.
func cleanCell(cell string) string {
	cell = core.Clean(strings.ToValidUTF8(cell, ""))
	if len(cell) > tableCell && utf8.RuneCountInString(cell) > tableCell {
		cell = string([]rune(cell)[:tableCell])
	}
	return cell
}
