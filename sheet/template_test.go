package sheet

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"
)

func residentTemplate() Template {
	var communities []string
	for n := range 60 {
		communities = append(communities, fmt.Sprintf("翠湖花园%d期", n+1))
	}
	return Template{
		Name: "住户信息",
		Columns: []TemplateColumn{
			{Title: "姓名", Group: "基本信息（选填，但填写时姓名和身份必须与手机一同填写才有效）"},
			{Title: "性别", Group: "基本信息（选填，但填写时姓名和身份必须与手机一同填写才有效）", Choices: []string{"男", "女"}},
			{
				Title: "手机", Group: "基本信息（选填，但填写时姓名和身份必须与手机一同填写才有效）", Text: true,
				Note: `11 位手机号，如 "13800000000" & 不要空格`,
			},
			{Title: "小区", Group: "小区楼栋信息（必填）", Required: true, Choices: communities},
			{Title: "楼栋", Group: "小区楼栋信息（必填）", Required: true, Text: true},
		},
		Rows: [][]string{{"张三", "男", "13800000000", "翠湖花园1期", "1-2"}},
	}
}

func TestTemplate(t *testing.T) {
	var out bytes.Buffer
	if err := WriteTemplate(&out, residentTemplate()); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	merged, err := book.GetMergeCells("住户信息")
	if err != nil || len(merged) != 2 {
		t.Fatalf("%d merged cells, %v", len(merged), err)
	}
	if merged[0].GetStartAxis() != "A1" || merged[0].GetEndAxis() != "C1" || merged[1].GetEndAxis() != "E1" {
		t.Errorf("merged cells are %v, %v", merged, err)
	}
	rules, err := book.GetDataValidations("住户信息")
	if err != nil || len(rules) != 3 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	if rules[0].Formula1 != `"男,女"` || rules[0].Sqref != "B3:B1048576" || rules[2].Formula1 != "选项!$A$1:$A$60" {
		t.Errorf("lists are %q in %s and %q", rules[0].Formula1, rules[0].Sqref, rules[2].Formula1)
	}
	if rules[1].Prompt == nil || *rules[1].Prompt != residentTemplate().Columns[2].Note || rules[1].Type != "" {
		t.Errorf("the note is %+v", rules[1])
	}
	for _, cell := range []string{"C3", "E3"} {
		id, err := book.GetCellStyle("住户信息", cell)
		if err != nil {
			t.Fatal(err)
		}
		if style, err := book.GetStyle(id); err != nil || style.NumFmt != 49 {
			t.Errorf("%s has the format %+v, %v", cell, style, err)
		}
	}
	if style, err := book.GetColStyle("住户信息", "E"); err != nil || style != styleText {
		t.Errorf("column E has the style %d, %v", style, err)
	}
	if visible, err := book.GetSheetVisible("选项"); err != nil || visible {
		t.Errorf("the sheet of choices is visible: %v", err)
	}

	rows, _ := rowsOf(t, out.Bytes())
	if len(rows) != 3 || !slices.Equal(rows[2], residentTemplate().Rows[0]) {
		t.Errorf("reads back as %v", rows)
	}
}

func TestTemplateWithoutGroups(t *testing.T) {
	var out bytes.Buffer
	err := WriteTemplate(&out, Template{
		Name: "名单", Columns: []TemplateColumn{{Title: "姓名", Choices: []string{"a,b", `"c"`}}, {Title: "电话"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, out.Bytes())
	if len(rows) != 1 || !slices.Equal(rows[0], []string{"姓名", "电话"}) {
		t.Errorf("reads back as %v", rows)
	}
	book, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if choice, err := book.GetCellValue("选项", "A2"); err != nil || choice != `"c"` {
		t.Errorf("a choice that cannot be in a formula is %q, %v", choice, err)
	}
}
