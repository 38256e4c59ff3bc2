package registry

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/templates"
)

const (
	staffImportPath     = frame.StaffPath + "/import"
	staffFile           = "file"
	maxStaffList        = 1 << 20 // bytes of a list file
	staffImportsAMinute = 30
)

// staffImportForm is what the page of an import sends.
type staffImportForm struct {
	List string `form:"list" text:"lines" max:"200000"`
	Act  string `form:"act"` // import = add them; anything else reads the list
}

type staffImportPage struct {
	templates.Shell
	Form     templates.Form
	List     templates.Field
	File     templates.Field
	Template string
	Notes    []string
	Tally    string
	Lines    []staffImportLine
	Ready    int // how many can be imported; 0 = not now
}

// staffImportLine is a row of the list, as it was understood.
type staffImportLine struct {
	Number                                    int
	Name, Phone, Departments, Position, Where string
	State                                     templates.Badge
	Words                                     string
}

// staffImported is a list on its way.
type staffImported struct {
	form  staffImportForm
	notes []string
	lines []core.StaffLine
	name  string // of the file
	wrong error
}

func (p *Pages) staffImport(c *web.Context) error { return p.staffImportShow(c, staffImported{}) }

// staffImportCreate reads a list and shows what it means; with act=import, it adds all of it.
func (p *Pages) staffImportCreate(c *web.Context) error {
	var list staffImported
	if list.wrong = c.Bind(&list.form); list.wrong == nil {
		list.wrong = p.staffListRead(c, &list)
	}
	if list.wrong == nil {
		var lines []core.StaffLine
		if lines, list.wrong = core.StaffLines(core.LinesTable(list.form.List)); list.wrong != nil {
			list.wrong = core.InvalidFields(map[string]string{"list": core.MessageOf(list.wrong)})
		} else if list.lines, list.wrong = p.Store.PlanStaffImport(c.Ctx(), c.Scope(), lines); list.wrong != nil {
			return list.wrong
		}
	}
	if list.wrong != nil || list.form.Act != "import" || c.HasUpload(staffFile) {
		return p.staffImportShow(c, list)
	}
	n, err := p.Store.ImportStaff(c.Ctx(), c.Actor(), c.Scope(), list.lines)
	if err != nil {
		list.wrong = err
		return p.staffImportShow(c, list)
	}
	c.Flash(web.FlashSuccess, fmt.Sprintf("已导入 %d 名员工。", n))
	return c.Redirect(frame.StaffPath)
}

// staffListRead puts the rows of an uploaded file in place of the typed list, so that they are corrected like it.
func (p *Pages) staffListRead(c *web.Context, list *staffImported) error {
	if !c.HasUpload(staffFile) {
		return nil
	}
	file, err := c.Upload(web.UploadRule{Field: staffFile, Kinds: []sheet.Kind{sheet.Text, sheet.Workbook}, MaxBytes: maxStaffList})
	list.name = file.Name
	if err != nil {
		return err
	}
	table, err := c.Table(file, 2*core.MaxStaffImport)
	if err != nil {
		return err
	}
	list.form.List, list.notes, list.name = core.TableLines(table.Rows), table.Notes(), ""
	return nil
}

func (p *Pages) staffImportShow(c *web.Context, list staffImported) error {
	form := templates.Form{Action: staffImportPath, CSRF: c.CSRF(), Cancel: frame.StaffPath, Submit: "核对名单", Sections: []templates.Section{{
		Fields: []templates.Field{
			{
				Kind: templates.Upload, Name: staffFile, Label: "名单文件", Value: list.name, Accept: []string{".xlsx", ".csv", ".txt"},
				MaxBytes: maxStaffList, Help: fmt.Sprintf("按模板填写，第一行是列名，示例行不会导入。一次最多 %d 名。", core.MaxStaffImport),
			},
			{
				Kind: templates.Textarea, Name: "list", Label: "名单", Value: list.form.List, Rows: 6,
				Help: "也可以从表格复制过来，连同第一行的列名。读入的文件在这里修改。",
			},
		},
	}}}
	return p.FormPage(c, list.wrong, &form, func(status int) error {
		page := staffImportPage{
			Shell: p.Shell(c, "staff", "批量导入员工"), Form: form, Notes: list.notes, Template: staffImportPath + "/template.xlsx",
		}
		page.Crumbs = staffCrumbs()
		page.File, page.List = form.Sections[0].Fields[0], form.Sections[0].Fields[1]
		wrong := 0
		for _, line := range list.lines {
			shown := staffImportRow(line)
			if page.Lines = append(page.Lines, shown); len(line.Wrong) > 0 {
				wrong++
			}
		}
		switch {
		case len(list.lines) == 0:
		case wrong > 0:
			page.Tally = fmt.Sprintf("共 %d 行，%d 行有问题。请在名单里改好，再核对。", len(list.lines), wrong)
		default:
			page.Ready = len(list.lines)
			page.Tally = fmt.Sprintf("共 %d 行，都可以导入，还没有导入。", len(list.lines))
		}
		return p.Page(c, status, "console/staff/import", page)
	})
}

func staffImportRow(line core.StaffLine) staffImportLine {
	var departments []string
	for _, path := range line.Departments {
		departments = append(departments, strings.Join(path, "—"))
	}
	row := staffImportLine{
		Number: line.Number, Name: line.Staff.Name, Phone: core.MaskPhone(line.Staff.Phone), Departments: frame.Joined(departments),
		Position: line.Staff.Position, Where: frame.Joined(line.Communities),
		State: templates.Badge{Tone: templates.Good, Text: "可导入"}, Words: strings.Join(line.Wrong, "；"),
	}
	if len(line.Wrong) > 0 {
		row.State = templates.Badge{Tone: templates.Bad, Text: "有问题"}
	}
	return row
}

// staffTemplate is an empty list with one example, which names a community of the account.
func (p *Pages) staffTemplate(c *web.Context) error {
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	community := "翠湖花园"
	if len(communities) > 0 {
		community = communities[0].Name
	}
	columns := append([]string(nil), core.StaffColumns...)
	columns[4] += "（工程部—维修组）"
	return c.Export(web.Export{Name: "员工导入模板", Columns: columns}, func(_ context.Context, add func(values ...any) error) error {
		var row []any
		for _, value := range core.StaffExample(community) {
			row = append(row, value)
		}
		return add(row...)
	})
}
