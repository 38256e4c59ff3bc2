package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Template is an empty workbook that people fill in for an import: a line of groups, a line of
// columns, and examples.
type Template struct {
	Name    string // of the sheet
	Columns []TemplateColumn
	Rows    [][]string // examples, below the columns
}

// TemplateColumn is one column of a template.
type TemplateColumn struct {
	Title    string
	Group    string   // the heading above; neighbours of the same group share it. Without any there is no such line
	Required bool     // the title is shown in red
	Text     bool     // cells are texts: no digit of a number is lost, 1-2 does not become a day
	Choices  []string // offered as a list; anything else is refused on the spot
	Note     string   // shown beside a cell of the column that is being filled in
}

const (
	// An inline list of choices is limited to 255 characters; longer ones are in a hidden sheet.
	inlineChoices = 200
	choicesSheet  = "选项"
	maxPrompt     = 255 // characters of a note
	// maxGroupLine is how many characters of a group's heading fit into a line of one column.
	maxGroupLine = 7
)

// The styles of templateStyles.
const (
	styleText = iota + 1
	styleTitle
	styleRequired
	styleGroup
)

// WriteTemplate writes a template as an .xlsx to w.
func WriteTemplate(w io.Writer, t Template) error {
	z := zip.NewWriter(w)
	sheets := []Info{{Name: t.Name}}
	parts := [][]byte{t.sheet()}
	if lists := t.lists(); lists != nil {
		sheets, parts = append(sheets, Info{Name: choicesSheet, Hidden: true}), append(parts, lists)
	}
	for i, part := range parts {
		out, err := z.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1))
		if err != nil {
			return err
		}
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return pack(z, sheets, templateStyles)
}

// heads returns how many lines of headings there are.
func (t Template) heads() int {
	for _, column := range t.Columns {
		if column.Group != "" {
			return 2
		}
	}
	return 1
}

func (t Template) sheet() []byte {
	var b bytes.Buffer
	heads := t.heads()
	fmt.Fprintf(&b, `%s<worksheet xmlns="%s"><sheetViews><sheetView tabSelected="1" workbookViewId="0">`+
		`<pane ySplit="%d" topLeftCell="A%d" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`,
		xml.Header, mainSpace, heads, heads+1)
	for i, column := range t.Columns {
		width := max(columnWidth(column.Title), 14)
		fmt.Fprintf(&b, `<col min="%d" max="%d" width="%d" customWidth="1"%s/>`, i+1, i+1, width, column.style())
	}
	b.WriteString(`</cols><sheetData>`)
	merged := ""
	if heads == 2 {
		merged = t.groups(&b)
	}
	t.lines(&b, heads)
	b.WriteString(`</sheetData>` + merged)
	t.rules(&b, heads+1)
	b.WriteString(`</worksheet>`)
	return b.Bytes()
}

// style returns the attribute of the column's cells.
func (c TemplateColumn) style() string {
	if c.Text {
		return fmt.Sprintf(` style="%d"`, styleText)
	}
	return ""
}

// groups writes the line of groups and returns the list of its merged cells.
func (t Template) groups(b *bytes.Buffer) string {
	var merged []string
	var cells bytes.Buffer
	high := 1
	for i := 0; i < len(t.Columns); {
		end := i + 1
		for end < len(t.Columns) && t.Columns[end].Group == t.Columns[i].Group {
			end++
		}
		group := t.Columns[i].Group
		textCell(&cells, columnName(i)+"1", group, fmt.Sprintf(` s="%d"`, styleGroup))
		if fits := (end - i) * maxGroupLine; group != "" {
			high = max(high, (utf8.RuneCountInString(group)+fits-1)/fits)
		}
		if end-i > 1 && group != "" {
			merged = append(merged, fmt.Sprintf(`<mergeCell ref="%s1:%s1"/>`, columnName(i), columnName(end-1)))
		}
		i = end
	}
	fmt.Fprintf(b, `<row r="1" ht="%d" customHeight="1">%s</row>`, 6+16*min(high, 8), cells.String())
	if len(merged) == 0 {
		return ""
	}
	return fmt.Sprintf(`<mergeCells count="%d">%s</mergeCells>`, len(merged), strings.Join(merged, ""))
}

// lines writes the line of columns, the last of the headings, and the examples.
func (t Template) lines(b *bytes.Buffer, heads int) {
	fmt.Fprintf(b, `<row r="%d">`, heads)
	for i, column := range t.Columns {
		style := styleTitle
		if column.Required {
			style = styleRequired
		}
		textCell(b, fmt.Sprintf("%s%d", columnName(i), heads), column.Title, fmt.Sprintf(` s="%d"`, style))
	}
	b.WriteString(`</row>`)
	for n, row := range t.Rows {
		fmt.Fprintf(b, `<row r="%d">`, heads+n+1)
		for i, text := range row {
			textCell(b, fmt.Sprintf("%s%d", columnName(i), heads+n+1), text, fmt.Sprintf(` s="%d"`, styleText))
		}
		b.WriteString(`</row>`)
	}
}

// rules writes what the cells from the given row on offer and say.
func (t Template) rules(b *bytes.Buffer, from int) {
	var rules bytes.Buffer
	count, list := 0, 0
	for i, column := range t.Columns {
		if len(column.Choices) == 0 && column.Note == "" {
			continue
		}
		count++
		name := columnName(i)
		rules.WriteString(`<dataValidation`)
		if len(column.Choices) > 0 {
			rules.WriteString(` type="list" showErrorMessage="1" errorTitle="请从列表中选择" error="这一列只能填列表里的内容。"`)
		}
		rules.WriteString(` allowBlank="1"`)
		if column.Note != "" {
			rules.WriteString(` showInputMessage="1" prompt="`)
			_ = xml.EscapeText(&rules, []byte(string(firstRunes(column.Note, maxPrompt)))) // a bytes.Buffer never returns an error
			rules.WriteString(`"`)
		}
		fmt.Fprintf(&rules, ` sqref="%s%d:%s%d"`, name, from, name, sheetRows)
		if len(column.Choices) == 0 {
			rules.WriteString(`/>`)
			continue
		}
		rules.WriteString(`><formula1>`)
		if column.listed() {
			at := columnName(list)
			fmt.Fprintf(&rules, `%s!$%s$1:$%s$%d`, choicesSheet, at, at, len(column.Choices))
			list++
		} else {
			rules.WriteString(`"` + inText.Replace(strings.Join(column.Choices, ",")) + `"`)
		}
		rules.WriteString(`</formula1></dataValidation>`)
	}
	if count > 0 {
		fmt.Fprintf(b, `<dataValidations count="%d">%s</dataValidations>`, count, rules.String())
	}
}

// inText escapes text between tags, where quotes need not be.
var inText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// listed reports whether the choices have to be in a sheet.
func (c TemplateColumn) listed() bool {
	all := strings.Join(c.Choices, ",")
	return utf8.RuneCountInString(all) > inlineChoices || strings.Count(all, ",") >= len(c.Choices) || strings.Contains(all, `"`)
}

// lists returns the sheet of choices, one column for each list, or nil.
func (t Template) lists() []byte {
	var lists [][]string
	longest := 0
	for _, column := range t.Columns {
		if len(column.Choices) > 0 && column.listed() {
			lists = append(lists, column.Choices)
			longest = max(longest, len(column.Choices))
		}
	}
	if longest == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteString(xml.Header + `<worksheet xmlns="` + mainSpace + `"><sheetData>`)
	for n := range longest {
		fmt.Fprintf(&b, `<row r="%d">`, n+1)
		for i, list := range lists {
			if n < len(list) {
				textCell(&b, fmt.Sprintf("%s%d", columnName(i), n+1), list[n], "")
			}
		}
		b.WriteString(`</row>`)
	}
	b.WriteString(`</sheetData></worksheet>`)
	return b.Bytes()
}

func firstRunes(text string, max int) []rune {
	runes := []rune(text)
	return runes[:min(len(runes), max)]
}

// templateStyles has the styles of a cell in the order of their constants: plain, text, title,
// title of a required column, group.
const templateStyles = `<styleSheet xmlns="` + mainSpace + `">` +
	`<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font>` +
	`<font><b/><sz val="11"/><color rgb="FFC00000"/><name val="Calibri"/></font></fonts>` +
	`<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
	`<fill><patternFill patternType="solid"><fgColor rgb="FFF2F2F2"/><bgColor indexed="64"/></patternFill></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>` +
	`<xf numFmtId="49" fontId="2" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>` +
	`<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" ` +
	`applyAlignment="1"><alignment vertical="center" wrapText="1"/></xf></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
