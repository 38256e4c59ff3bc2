package registry

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
)

// importMap reads a file again, its sheet and columns as somebody says.
func (p *Pages) importMap(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	var form struct {
		Sheet string `form:"sheet" max:"200"`
		First string `form:"first" of:"head record"`
		Seen  int64  `form:"seen"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = p.mapImport(c, imp, store.ImportMapping{Sheet: form.Sheet, NoHead: form.First == firstRecord, Updated: form.Seen})
	}
	if wrong != nil && frame.IsFormError(wrong) {
		return p.importShowPage(c, imp, web.StatusOf(wrong), wrong)
	}
	if wrong != nil {
		return wrong
	}
	return c.Redirect(frame.ImportURL(imp.ID))
}

// firstRecord means that the first row of a file is a record, not a heading.
const firstRecord = "record"

func (p *Pages) mapImport(c *web.Context, imp core.Import, m store.ImportMapping) error {
	layout, err := p.Store.ImportLayout(c.Ctx(), c.Scope(), imp.ID)
	if err != nil {
		return err
	}
	if m.Sheet == "" || m.Sheet == layout.Sheet { // of another sheet nobody has seen the columns
		m.Columns = map[int]string{}
		taken := map[string]bool{}
		for at := range layout.Headings {
			key := c.Form().Get("column" + strconv.Itoa(at))
			if key != "" && taken[key] {
				return core.Invalid("有两列选择了同样的内容，请只留一列")
			}
			taken[key] = true
			m.Columns[at] = key
		}
	}
	return p.Store.MapImport(c.Ctx(), c.Actor(), c.Scope(), imp.ID, m)
}

// importWrite starts the writing of an import as its preview shows it.
func (p *Pages) importWrite(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	var form struct {
		Shown string `form:"shown" max:"100"`
		Seen  int64  `form:"seen"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	choices, err := importChosen(c, imp)
	if err != nil {
		return err
	}
	other := imp.State == core.ImportPreview && c.Form().Has("shown") && form.Shown != importNumbers(choices)
	if frame.Redrawn(c) || other { // the numbers are to follow the choices before anything is written
		if !frame.Redrawn(c) {
			c.Flash(web.FlashWarning, "已按您的选择重新计算，请核对后再导入。")
		}
		return c.Redirect(templates.WithQuery(frame.ImportURL(imp.ID), importShown(choices)))
	}
	wrong := p.Store.WriteImport(c.Ctx(), c.Actor(), c.Scope(), imp.ID, choices, form.Seen)
	if wrong != nil && frame.IsFormError(wrong) {
		return p.importShowPage(c, imp, web.StatusOf(wrong), wrong)
	}
	if wrong != nil {
		return wrong
	}
	return c.Redirect(frame.ImportURL(imp.ID))
}

// importContinue starts the work on an import again whose job has failed.
func (p *Pages) importContinue(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Stem: importViews[imp.Kind].stem, Do: func() error { return p.Store.ContinueImport(c.Ctx(), c.Actor(), c.Scope(), imp.ID) },
		Back: frame.ImportURL(imp.ID),
	})
}

func (p *Pages) importCancel(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	text := "已写入 0 条，登记没有变化；取消后可以重新上传。"
	switch rows := imp.Counts.Rows(); {
	case imp.State != core.ImportWriting && rows > 0:
		text = fmt.Sprintf("文件里的 %s 条都还没有写入，取消后可以重新上传。", frame.Grouped(rows))
	case imp.State == core.ImportWriting && imp.NextPart > 0:
		text = fmt.Sprintf("已写入的约 %s 条全部撤回，登记恢复为导入前的样子。", frame.Grouped(imp.NextPart*core.ImportPart))
	}
	return p.Act(c, frame.Act{
		Stem: importViews[imp.Kind].stem,
		Ask:  templates.Confirm{Title: "取消导入“" + imp.File + "”？", Text: text, Submit: "取消这次导入"},
		Do:   func() error { return p.Store.CancelImport(c.Ctx(), c.Actor(), c.Scope(), imp.ID) },
		Done: "已取消导入。", Back: frame.ImportURL(imp.ID),
	})
}

func (p *Pages) importUndo(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	view := importViews[imp.Kind]
	ask := templates.Confirm{
		Title: "撤销导入“" + imp.File + "”？", Text: view.undo, Effects: view.undone(imp.Written), Submit: "撤销这次导入",
	}
	if imp.State == core.ImportDone && imp.Wrote() && !frame.Confirmed(c) {
		kept, unread, err := p.Store.PlanUndoImport(c.Ctx(), c.Scope(), imp)
		if err != nil {
			return p.Refused(c, err, frame.ImportURL(imp.ID))
		}
		ask.Effects = append(ask.Effects, importKept(kept, unread)...)
	}
	return p.Act(c, frame.Act{
		Stem: importViews[imp.Kind].stem, Ask: ask,
		Do:   func() error { return p.Store.UndoImport(c.Ctx(), c.Actor(), c.Scope(), imp.ID) },
		Back: frame.ImportURL(imp.ID),
	})
}

// importKept returns in words what of an import taking it back would keep, and why; unread is how much was not looked at.
func importKept(kept []core.BatchItem, unread int) []string {
	var lines []string
	if n := len(kept); n > 0 {
		lines = append([]string{"其中保留 " + frame.Grouped(n) + " 项："}, frame.Named(n, "项", func(i int) string {
			return cmp.Or(kept[i].Name, "已删除") + "（" + kept[i].Why.Label() + "）"
		})...)
	}
	if unread > 0 {
		lines = append(lines, "内容很多，另有 "+frame.Grouped(unread)+" 项没有核对；其中之后改过的，撤销时也会保留并列出")
	}
	return lines
}

// importFaults sends the file back with what is wrong marked in it, to who uploaded it or may see whole numbers; to
// others the rows at fault alone, masked as their page shows them.
func (p *Pages) importFaults(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), imp.Community)
	if err != nil {
		return err
	}
	layout, err := p.Store.ImportLayout(c.Ctx(), c.Scope(), imp.ID)
	if err != nil {
		return err
	}
	if imp.Counts.Of(core.ImportWrong) == 0 || imp.Reading == 0 {
		return core.NotFound("这次导入没有错误的行，或文件已过保存期限")
	}
	kind, _ := imp.Kind.Type()
	columns := kind.Columns(community)
	if imp.Creator != c.Account().ID && (kind.Wide || !c.Has(core.PermResidentReveal)) {
		return p.importFaultRows(c, imp, layout, columns)
	}
	marks, err := p.importMarks(c, imp, layout, columns)
	if err != nil {
		return err
	}
	content, err := p.Store.ImportFaultFile(c.Ctx(), c.Actor(), c.Scope(), imp.ID)
	if err != nil {
		return err
	}
	book, err := sheet.Open(c.Ctx(), content)
	if err != nil {
		return err
	}
	return c.Download(importFaultName(imp), sheet.ContentType, func(w io.Writer) error {
		return book.WriteMarked(c.Ctx(), w, sheetOf(book, layout.Sheet), layout.HeadRow, marks)
	})
}

// importFaultName is what the file with the faults of an import is called.
func importFaultName(imp core.Import) string {
	return strings.TrimSuffix(imp.File, path.Ext(imp.File)) + "-错误.xlsx"
}

// importFaultRows sends the rows of an import that are wrong, masked.
func (p *Pages) importFaultRows(c *web.Context, imp core.Import, layout store.ImportLayout, columns []core.ImportColumn) error {
	titles, shown := []string{"行"}, []int{}
	for i, column := range columns {
		if slices.Contains(layout.Keys, column.Key) {
			titles, shown = append(titles, core.ImportHeadingLabel(column.Label)), append(shown, i)
		}
	}
	head := sheet.Head{Name: "错误", Columns: append(titles, sheet.FaultColumn), Busy: p.Store.DoorsBusy}
	return c.Download(importFaultName(imp), sheet.ContentType, func(w io.Writer) error {
		return sheet.Write(c.Ctx(), w, head, func(add func(values ...any) error) error {
			return p.Store.EachImportFault(c.Ctx(), imp, func(row core.ImportRow) error {
				cells := []any{row.Number}
				for _, i := range shown {
					cells = append(cells, core.MaskDigits(importCellText(columns[i], row, i)))
				}
				return add(append(cells, strings.Join(importFaultWords(row, columns), "；"))...)
			})
		})
	})
}

// importCellText returns a value of a row that is wrong, as pages show it.
func importCellText(column core.ImportColumn, row core.ImportRow, at int) string {
	if slices.ContainsFunc(row.Wrong, func(f core.ImportFault) bool { return f.Column == column.Key }) {
		return column.TypedText(row.Values[at])
	}
	return column.ShownText(row.Values[at])
}

// importMarks returns what is wrong with the rows of an import, by the columns of its file.
func (p *Pages) importMarks(
	c *web.Context, imp core.Import, layout store.ImportLayout, columns []core.ImportColumn,
) ([]sheet.Mark, error) {
	at, labels := map[string]int{}, map[string]string{}
	for i, key := range layout.Keys {
		if key != "" {
			at[key] = i
		}
	}
	for _, column := range columns {
		labels[column.Key] = core.ImportHeadingLabel(column.Label)
	}
	var marks []sheet.Mark
	err := p.Store.EachImportFault(c.Ctx(), imp, func(row core.ImportRow) error {
		for _, fault := range row.Wrong {
			mark := sheet.Mark{Row: row.Number, Column: -1, Message: fault.Words}
			if column, ok := at[fault.Column]; ok {
				mark.Column = column
			}
			mark.Message = importFaultText(labels[fault.Column], fault)
			marks = append(marks, mark)
		}
		return nil
	})
	return marks, err
}

// sheetOf returns the number of a sheet in a file.
func sheetOf(book *sheet.Book, name string) int {
	for i, s := range book.Sheets() {
		if s.Name == name {
			return i
		}
	}
	return book.First()
}
