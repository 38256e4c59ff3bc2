package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// ImportHeadRows is how many rows that are not empty may stand above a list's first.
const ImportHeadRows = 12

// ImportSaid is what somebody said of headings once: a column's key by ImportHeading; "" = not imported.
type ImportSaid map[string]string

// ImportHead is where the columns of a list are.
type ImportHead struct {
	Row      int         // index of the last row of the heading, within the rows that were looked at; -1 = none was found
	Headings []string    // by position, as they are written; "" = none
	Columns  map[int]int // index of a column of the kind, by position
	Unknown  []int       // positions of headings that nobody knows
	Missing  []string    // labels of needed columns that the list lacks
	Twice    []string    // labels of columns that several headings mean
}

// Unclear reports whether somebody must say what the columns are: what is needed is missing, or something that
// lists usually have is, and may be under a heading that nobody knows.
func (h ImportHead) Unclear(columns []ImportColumn) bool {
	if h.Row < 0 || len(h.Missing) > 0 || len(h.Twice) > 0 {
		return true
	}
	found := map[int]bool{}
	for _, column := range h.Columns {
		found[column] = true
	}
	for i, column := range columns {
		if column.Asked && !found[i] && len(h.Unknown) > 0 {
			return true
		}
	}
	return false
}

// ImportHeading returns a heading in the form in which headings are compared: without remarks in brackets, without
// punctuation and spaces, in lower case. 手机号（必填） and *手 机 号 are equal.
func ImportHeading(text string) string {
	depth := 0
	folded := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("(（[【〔{", r):
			depth++
			return -1
		case strings.ContainsRune(")）]】〕}", r):
			depth = max(depth-1, 0)
			return -1
		case depth > 0, !unicode.IsLetter(r) && !unicode.IsNumber(r):
			return -1
		}
		return unicode.ToLower(r)
	}, Clean(text))
	if runes := []rune(folded); len(runes) > maxImportHeading {
		folded = string(runes[:maxImportHeading])
	}
	return folded
}

const maxImportHeading = 60

// importHeadings returns the forms in which a heading may be known: 姓名/Name is 姓名 too.
func importHeadings(text string) []string {
	whole := ImportHeading(text)
	forms := []string{whole}
	for _, part := range strings.FieldsFunc(Clean(text), func(r rune) bool { return strings.ContainsRune("/／|｜ ", r) }) {
		forms = append(forms, ImportHeading(part))
	}
	return slices.DeleteFunc(forms, func(form string) bool { return form == "" })
}

// ReadImportHead finds the heading of a list among its first rows: the row with the most headings that are known, with
// the row above or below it where a heading has two rows. said are the headings that somebody explained.
func ReadImportHead(rows [][]string, columns []ImportColumn, said ImportSaid) ImportHead {
	head := readImportHead(rows, columns, importNames(columns, said))
	// 房号 was a whole house in one list: in another that has 楼栋 and 单元, too, it is the room, as it says.
	if usual := said.withoutHouse(); len(usual) < len(said) && len(missingLevels(columns, head)) > 0 {
		plain := readImportHead(rows, columns, importNames(columns, usual))
		if plain.Row >= 0 && len(plain.Twice) == 0 && len(missingLevels(columns, plain)) == 0 {
			return plain
		}
	}
	return head
}

// withoutHouse returns what was said but for what holds a whole house.
func (s ImportSaid) withoutHouse() ImportSaid {
	other := maps.Clone(s)
	maps.DeleteFunc(other, func(_, key string) bool { return key == ImportHouse })
	return other
}

// missingLevels returns the labels of the levels, for which a whole house may stand, that a heading lacks.
func missingLevels(columns []ImportColumn, head ImportHead) []string {
	found := map[int]bool{}
	for _, column := range head.Columns {
		found[column] = true
	}
	var missing []string
	for i, column := range columns {
		if column.Needed && !column.Always && !found[i] {
			missing = append(missing, column.Label)
		}
	}
	return missing
}

func readImportHead(rows [][]string, columns []ImportColumn, names map[string]int) ImportHead {
	best, most := -1, 0
	for i, row := range rows[:min(len(rows), ImportHeadRows)] {
		different := map[int]bool{}
		for _, column := range knownHeadings(row, names) {
			different[column] = true
		}
		if len(different) > most {
			best, most = i, len(different)
		}
	}
	if best < 0 {
		return ImportHead{Row: -1, Missing: missingColumns(columns, nil)}
	}
	headings := slices.Clone(rows[best])
	last := best
	if best+1 < len(rows) && completes(rows[best], rows[best+1], names) {
		last++
		headings = underneath(headings, rows[last])
	} else if best > 0 && completes(rows[best], rows[best-1], names) {
		headings = underneath(headings, rows[best-1])
	}
	return headOf(last, headings, columns, names)
}

// MapImportHead is ReadImportHead for a list of which somebody said what each column is: a key by position.
func MapImportHead(head ImportHead, columns []ImportColumn, keys map[int]string) ImportHead {
	mapped := ImportHead{Row: head.Row, Headings: head.Headings, Columns: map[int]int{}}
	for at := range head.Headings {
		if i := columnIndex(columns, keys[at]); i >= 0 {
			mapped.Columns[at] = i
		}
	}
	return mapped.judged(columns)
}

func columnIndex(columns []ImportColumn, key string) int {
	return slices.IndexFunc(columns, func(c ImportColumn) bool { return c.Key == key })
}

// exportHeadings are those of the program's own export of houses that no list of residents has.
var exportHeadings = []string{"住户数", "欠费（元）", "出入"}

// importNames returns the index of a column by every heading that means it; -1 = it is not imported.
func importNames(columns []ImportColumn, said ImportSaid) map[string]int {
	names := map[string]int{}
	for _, heading := range exportHeadings { // those of a kind below are its own
		names[ImportHeading(heading)] = -1
	}
	for i := len(columns) - 1; i >= 0; i-- { // the first column of a name has it
		for _, name := range columns[i].Names {
			names[ImportHeading(name)] = i
		}
	}
	labels := map[string]bool{}
	for i, column := range columns {
		form := ImportHeading(column.Label)
		names[form], labels[form] = i, true
	}
	for heading, key := range said {
		if key == "" && labels[heading] { // it was not imported beside another of that list; lists by the template have it
			continue
		}
		names[heading] = columnIndex(columns, key)
	}
	return names
}

// knownHeadings returns the columns that a row has headings of, by position.
func knownHeadings(row []string, names map[string]int) map[int]int {
	known := map[int]int{}
	for at, cell := range row {
		for _, form := range importHeadings(cell) {
			if i, ok := names[form]; ok {
				known[at] = i
				break
			}
		}
	}
	return known
}

// completes reports whether another row has headings of columns that a heading lacks, at positions where it has none,
// and nothing that looks like a record.
func completes(head, other []string, names map[string]int) bool {
	have, more := knownHeadings(head, names), knownHeadings(other, names)
	added := 0
	for at, column := range more {
		if _, taken := have[at]; taken || at < len(head) && ImportHeading(head[at]) != "" && head[at] != other[at] {
			continue
		}
		if column >= 0 {
			added++
		}
	}
	filled := 0
	for _, cell := range other {
		if ImportHeading(cell) != "" {
			filled++
		}
	}
	return added > 0 && added*2 >= filled
}

// underneath fills the empty places of a heading from its other row.
func underneath(head, other []string) []string {
	for len(head) < len(other) {
		head = append(head, "")
	}
	for at, cell := range other {
		if ImportHeading(head[at]) == "" {
			head[at] = cell
		}
	}
	return head
}

func headOf(row int, headings []string, columns []ImportColumn, names map[string]int) ImportHead {
	head := ImportHead{Row: row, Headings: headings, Columns: map[int]int{}}
	for at, column := range knownHeadings(headings, names) {
		if column >= 0 {
			head.Columns[at] = column
		}
	}
	for at, cell := range headings {
		if form := ImportHeading(cell); form != "" {
			if _, known := knownHeadings([]string{cell}, names)[0]; !known {
				head.Unknown = append(head.Unknown, at)
			}
		}
	}
	return head.judged(columns)
}

// judged adds what a heading lacks and has twice.
func (h ImportHead) judged(columns []ImportColumn) ImportHead {
	n := map[int]int{}
	for _, column := range h.Columns {
		n[column]++
	}
	h.Missing = missingColumns(columns, n)
	for i, column := range columns {
		if n[i] > 1 {
			h.Twice = append(h.Twice, column.Label)
		}
	}
	return h
}

// missingColumns returns the labels of the needed columns that are not there. One that holds a whole house takes the
// place of those of the levels.
func missingColumns(columns []ImportColumn, found map[int]int) []string {
	whole := columnIndex(columns, ImportHouse)
	var missing []string
	for i, column := range columns {
		if column.Needed && found[i] == 0 && (column.Always || whole < 0 || found[whole] == 0) {
			missing = append(missing, column.Label)
		}
	}
	return missing
}

// ImportHeadingLabel returns a column's label without the remarks in brackets behind it.
func ImportHeadingLabel(label string) string {
	plain, _, _ := strings.Cut(label, "（")
	return plain
}

// ImportPosition names a column of a list by where it is, from 0: 第 3 列（C）.
func ImportPosition(at int) string {
	name := ""
	for n := at + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return fmt.Sprintf("第 %d 列（%s）", at+1, name)
}

// LooksLikeRecord reports whether a row that might be a heading has numbers, as records have.
func LooksLikeRecord(row []string) bool {
	return slices.ContainsFunc(row, func(cell string) bool { return allDigits(Clean(cell)) })
}

// ReadImportRow reads a row's cells by the columns of its list.
func ReadImportRow(number int, cells []string, columns []ImportColumn, head ImportHead) ImportRow {
	row := ImportRow{Number: number, Values: make([]string, len(columns))}
	for at := range cells { // from left to right, as what is wrong is told
		i, imported := head.Columns[at]
		if !imported {
			continue
		}
		cell := Clean(cells[at])
		if cell == "" {
			continue
		}
		value, err := columns[i].Read(cell)
		if err != nil {
			row.Fail(columns[i].Key, columns[i].Label+"有误", MessageOf(err))
			value = cell
		}
		row.Values[i] = value
	}
	return row
}
