package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type importRowView struct {
	Number int
	State  templates.Badge
	Match  string
	Place  string // what House is
	House  string
	Cells  []importCell
	Faults []string
	Notes  []string
	Merge  string // URL where houses are joined of which the row may mean any
	Kept   string // why taking the import back has kept what the row wrote
}

// importCell is a value of a row; Was is what the register has instead, Kept what the list has that is not taken.
type importCell struct {
	Label, Value, Was, Kept string
	Changed, Wrong          bool
}

const importRowsAPage = 50

// importRowsOf is whose rows are shown, and how.
type importRowsOf struct {
	imp       core.Import
	community core.Community
	columns   []core.ImportColumn
	choices   core.ImportChoices
}

// importRows reads the rows of the tab that is asked for.
func (p *Pages) importRows(c *web.Context, page *importShowPage, of importRowsOf) error {
	imp, shown := of.imp, importShown(of.choices)
	if imp.State != core.ImportPreview {
		shown = nil
	}
	var asked struct {
		Rows  string `form:"rows" of:"new tie back changed place same skipped noted wrong"`
		Fault string `form:"fault" max:"40"`
		Map   string `form:"map" max:"2"`
	}
	if c.Request().Method != http.MethodPost { // a form that was refused is shown with all rows
		if err := c.BindQuery(&asked); err != nil {
			return err
		}
	}
	path, view := frame.ImportURL(imp.ID), importViews[imp.Kind]
	page.Tabs.Label, page.Listed = "各行", true
	var filter store.ImportRowFilter
	for _, tab := range view.tabs {
		tab.filter.Choices = of.choices
		n := tab.filter.Count(imp.Counts)
		if tab.name != "" && n == 0 {
			continue
		}
		link := templates.WithQuery(path, shown)
		if tab.name != "" {
			link = templates.WithQuery(path, shown, "rows", tab.name)
		}
		page.Tabs.Items = append(page.Tabs.Items, templates.NavItem{
			Label: tab.labelOf(imp), URL: link, Count: n, Active: asked.Rows == tab.name,
		})
		if asked.Rows == tab.name {
			filter = tab.filter
		}
	}
	page.List = templates.List{Path: path, Query: c.Request().URL.Query(), Cards: true, Whole: true, Empty: templates.Empty{
		Icon: "upload", Title: "没有这样的行",
	}}
	if asked.Rows == "wrong" {
		filter.Fault = asked.Fault
		field := templates.Field{Kind: templates.Select, Name: "fault", Label: "错误", Choices: []templates.Choice{{Label: "全部错误"}}}
		for _, fault := range imp.Counts.Faults() {
			field.Choices = append(field.Choices, templates.Choice{
				Value: fault.Kind, Label: fmt.Sprintf("%s（%s）", fault.Kind, frame.Grouped(fault.N)),
			})
		}
		page.List.Filters = []templates.Field{field}
	}
	filter.Page = c.CountedPage(importRowsAPage)
	rows, more, err := p.Store.ImportRows(c.Ctx(), imp, filter)
	if err != nil {
		return err
	}
	page.List.Columns = []templates.Column{
		{Label: "行", Number: true}, {Label: "结果", Narrow: true}, {Label: "内容"}, {Label: view.place}, {Label: "说明"},
	}
	fates, err := p.importFates(c, of, rows, more)
	if err != nil {
		return err
	}
	for i, row := range rows {
		shown := importRowOf(row, of, view)
		if fates != nil && fates[i].Text != "" {
			shown.State, shown.Kept = fates[i].Badge, fates[i].why
		}
		page.Rows = append(page.Rows, shown)
	}
	web.Paged(&page.List, filter.Page, rows, more, func(r core.ImportRow) core.ID { return core.ID(r.Number) })
	return nil
}

// importVerdicts are the badges of rows.
var importVerdicts = map[core.ImportVerdict]templates.Badge{
	core.ImportNew: {Tone: templates.Good, Text: "新住户"}, core.ImportBack: {Tone: templates.Good, Text: "已迁出"},
	core.ImportTie: {Tone: templates.Good, Text: "加一套房"}, core.ImportChanged: {Tone: templates.Info, Text: "有变化"},
	core.ImportPlace: {Tone: templates.Good, Text: "新房屋"}, core.ImportSame: {Tone: templates.Neutral, Text: "无变化"},
	core.ImportWrong: {Tone: templates.Bad, Text: "错误"}, core.ImportSkipped: {Tone: templates.Neutral, Text: "跳过"},
}

// importDone are the badges of rows that have been written, where they differ.
var importDone = map[core.ImportVerdict]string{
	core.ImportBack: "已恢复", core.ImportChanged: "已修改", core.ImportSame: "没有改",
}

func importRowOf(row core.ImportRow, in importRowsOf, of importView) importRowView {
	does, columns := row.Does(in.choices), in.columns
	view := importRowView{Number: row.Number, State: of.badge(does), Place: of.place, House: row.Label}
	if done := importDone[does]; done != "" && (in.imp.State == core.ImportDone || in.imp.State == core.ImportUndone) {
		view.State.Text = done
	}
	if row.Match != "" {
		view.Match = "按" + row.Match.Label() + "识别"
		if row.Match == core.ByRow {
			view.Match = row.Match.Label()
		}
		if row.Lives != "" {
			view.Match += "，已登记在 " + row.Lives
		}
	}
	var house []string
	for i, column := range columns {
		wrong := slices.ContainsFunc(row.Wrong, func(f core.ImportFault) bool { return f.Column == column.Key })
		if column.Place && !wrong {
			house = append(house, row.Values[i])
			continue
		}
		cell := importCell{Label: core.ImportHeadingLabel(column.Label), Value: importCellText(column, row, i)}
		cell.Wrong = wrong
		if row.Was != nil && row.Was[i] != row.Values[i] && row.Values[i] != "" {
			cell.Was = column.ShownText(row.Was[i])
			if cell.Was == cell.Value {
				cell.Was += "（另一个）"
			}
			if cell.Changed = row.Takes(in.choices, i); !cell.Changed {
				cell.Value, cell.Kept, cell.Was = cell.Was, cell.Value, ""
			}
		}
		if (cell.Value != "" || cell.Wrong || cell.Kept != "") && column.Key != "community" || cell.Wrong {
			view.Cells = append(view.Cells, cell)
		}
	}
	if view.House == "" {
		view.House = importHouseText(in.community, house)
	}
	view.Faults = importFaultWords(row, columns)
	for _, note := range row.Notes {
		view.Notes = append(view.Notes, note.Words)
	}
	for _, fault := range row.Wrong {
		if fault.House != 0 {
			view.Merge = frame.HouseURL(fault.House) + "/merge"
		}
	}
	return view
}

// importHouseText returns the house of a row that is wrong: as others are written if its names are all there, otherwise what
// there is.
func importHouseText(community core.Community, cells []string) string {
	cells = slices.DeleteFunc(cells, func(cell string) bool { return cell == "" })
	if len(cells) == len(community.Levels) {
		if names, err := community.NodeNames(cells); err == nil {
			return core.HouseLabel(names)
		}
	}
	return strings.Join(cells, " ")
}

// importFaultWords describes what is wrong with a row.
func importFaultWords(row core.ImportRow, columns []core.ImportColumn) []string {
	var all []string
	for _, fault := range row.Wrong {
		label := ""
		for _, column := range columns {
			if fault.Column != "" && column.Key == fault.Column {
				label = core.ImportHeadingLabel(column.Label)
			}
		}
		all = append(all, importFaultText(label, fault))
	}
	return all
}

// importFaultText is what is wrong with a column of a row, with its label unless the words begin with it.
func importFaultText(label string, fault core.ImportFault) string {
	if label == "" || strings.HasPrefix(fault.Words, label) || strings.HasPrefix(fault.Words, "请填写"+label) {
		return fault.Words
	}
	return label + "：" + fault.Words
}
