package registry

import (
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// importMapping asks what the columns of a file are.
type importMapping struct {
	Form   templates.Form
	Action string
	Seen   string
	Sheet  templates.Field // zero = the file has one
	First  templates.Field // what the first row is; zero = it is known
	Wrong  []string
	Rows   []importHeading
}

// importHeading is a column of a file with what it may be.
type importHeading struct {
	Field   templates.Field
	Heading string
	Sample  string
}

// importColumnsPath is where the columns of an import are posted, below its page.
const importColumnsPath = "/columns"

func importMappingOf(c *web.Context, imp core.Import, layout store.ImportLayout, columns []core.ImportColumn) *importMapping {
	m := &importMapping{
		Action: frame.ImportURL(imp.ID) + importColumnsPath, Seen: strconv.FormatInt(imp.Updated.UnixMilli(), 10),
		Form: templates.Form{CSRF: c.CSRF()},
	}
	if layout.Problem != "" {
		m.Wrong = append(m.Wrong, layout.Problem+"。")
	}
	if len(layout.Missing) > 0 {
		m.Wrong = append(m.Wrong, "缺少“"+strings.Join(layout.Missing, "”“")+"”列：请指出是哪一列；文件里没有的，请补上后重新上传。")
	}
	if len(layout.Twice) > 0 {
		m.Wrong = append(m.Wrong, "有几列都是“"+strings.Join(layout.Twice, "”“")+"”：请只留一列。")
	}
	if len(layout.Sheets) > 1 {
		m.Sheet = templates.Field{Kind: templates.Select, Name: "sheet", Label: "工作表", Value: layout.Sheet}
		for _, name := range layout.Sheets {
			m.Sheet.Choices = append(m.Sheet.Choices, templates.Choice{Value: name, Label: name})
		}
	}
	if layout.First != nil {
		m.First = templates.Field{
			Kind: templates.Radio, Name: "first", Label: "第一行是", Value: "head",
			Choices: []templates.Choice{
				{Value: "head", Label: "列名"}, {Value: firstRecord, Label: "内容", Help: "没有表头，第一行也是数据"},
			},
		}
		if imp.NoHead || core.LooksLikeRecord(layout.First) {
			m.First.Value = firstRecord
		}
	}
	choices := []templates.Choice{{Label: "不导入"}}
	for _, column := range columns {
		choices = append(choices, templates.Choice{Value: column.Key, Label: core.ImportHeadingLabel(column.Label)})
	}
	chosen := func(name, otherwise string) string { // a form that was refused keeps its choices
		if c.Form().Has(name) {
			return c.Form().Get(name)
		}
		return otherwise
	}
	m.Sheet.Value, m.First.Value = chosen("sheet", m.Sheet.Value), chosen("first", m.First.Value)
	for at, heading := range layout.Headings {
		sample := importSample(layout.Sample, at)
		name := "column" + strconv.Itoa(at)
		if heading == "" || layout.First != nil && sample == "" {
			continue
		}
		m.Rows = append(m.Rows, importHeading{
			Heading: heading, Sample: sample,
			Field: templates.Field{
				Kind: templates.Select, Name: name, Label: heading, Value: chosen(name, layout.Keys[at]), Choices: choices,
			},
		})
	}
	return m
}

// importSample returns the first values of a column, so that somebody recognises it; numbers are masked.
func importSample(rows [][]string, at int) string {
	var shown []string
	for _, row := range rows {
		if at < len(row) && row[at] != "" {
			shown = append(shown, core.MaskDigits(row[at]))
		}
	}
	return strings.Join(shown, "、")
}
