package registry

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
	"tongxing/templates"
)

// importShowPage is an import in any of its states.
type importShowPage struct {
	templates.Shell
	Facts   []templates.Fact
	Job     *templates.Job // while one works on it, and if that has failed
	Problem string         // why it failed
	Notes   []string       // of how the file was read
	Submits []templates.Submit
	Faults  string             // URL of the file with what is wrong; "" = nothing is, or the file is gone
	Links   []templates.Action // what was written
	Mapping *importMapping
	Preview *importPreview
	Tabs    templates.Tabs
	List    templates.List
	Rows    []importRowView
	Listed  bool // the rows are shown
}

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

// importPreview asks how the rows are imported.
type importPreview struct {
	Action string
	Seen   string
	Form   templates.Form
	Submit string
	Off    string // why nothing can be imported
	Map    string // URL of the mapping
}

type importRowView struct {
	Number int
	State  templates.Badge
	Match  string
	Place  string // what House is
	House  string
	Cells  []importCell
	Faults []string
}

// importCell is a value of a row; Was is what the register has instead.
type importCell struct {
	Label, Value, Was string
	Changed, Wrong    bool
}

// importOf returns the import in the path, if the account may see it.
func (p *Pages) importOf(c *web.Context) (core.Import, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Import{}, err
	}
	imp, err := p.Store.Import(c.Ctx(), c.Scope(), id)
	if err == nil && !slices.Contains(core.ImportKindsOf(c.Has), imp.Kind) {
		err = core.NotFound("没有这次导入")
	}
	return imp, err
}

func (p *Pages) importShow(c *web.Context) error {
	imp, err := p.importOf(c)
	if err != nil {
		return err
	}
	if c.Request().Header.Get("HX-Target") == "job" {
		return p.importWatch(c, imp)
	}
	return p.importShowPage(c, imp, http.StatusOK, nil)
}

// importWatch returns the job of an import alone, for its page asks every second while it runs. A page whose job is over
// has more than the job to show: it is drawn again.
func (p *Pages) importWatch(c *web.Context, imp core.Import) error {
	var job *templates.Job
	if imp.State.Working() {
		var err error
		if job, err = p.importJob(c, imp); err != nil {
			return err
		}
	}
	if job == nil || job.Over {
		c.Header().Set("HX-Refresh", "true")
		return c.NoContent()
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/import/show", "job", *job)
	})
}

// importShowPage shows an import; wrong is what is wrong with a form that was posted to it.
func (p *Pages) importShowPage(c *web.Context, imp core.Import, status int, wrong error) error {
	community, err := p.Store.Community(c.Ctx(), c.Scope(), imp.Community)
	if err != nil {
		return err
	}
	page := importShowPage{Shell: p.Shell(c, importViews[imp.Kind].stem, imp.File), Problem: imp.Problem}
	page.Note = community.Name
	page.Crumbs = []templates.Crumb{{Label: "导入记录", URL: frame.ImportPath}}
	page.Facts = p.importFacts(imp)
	page.Submits = importSubmits(imp)
	page.Links = importLinks(imp)
	if imp.Counts.Of(core.ImportWrong) > 0 && imp.Cleared.IsZero() && imp.Reading != 0 {
		page.Faults = frame.ImportURL(imp.ID) + "/errors.xlsx"
	}
	if imp.State.Working() {
		if page.Job, err = p.importJob(c, imp); err != nil {
			return err
		}
		if page.Job.Over {
			page.Submits = append(page.Submits, templates.Submit{
				Label: "继续", URL: frame.ImportURL(imp.ID) + "/continue", Icon: "refresh",
			})
		}
	}
	layout, err := p.Store.ImportLayout(c.Ctx(), c.Scope(), imp.ID)
	if err != nil {
		return err
	}
	if page.Notes = layout.Notes; imp.State == core.ImportPreview {
		page.Notes = append(page.Notes, importLeftOut(layout)...)
	}
	kind, _ := imp.Kind.Type()
	columns := kind.Columns(community)
	mapping := imp.State == core.ImportPreview && c.Query("map") != ""
	switch {
	case imp.State == core.ImportMapping || mapping:
		page.Mapping = importMappingOf(c, imp, layout, columns)
		page.Mapping.Form.Error = importWords(wrong)
	case imp.State == core.ImportPreview:
		page.Preview = importPreviewOf(c, imp, wrong)
	}
	if imp.Reading != 0 && imp.Parts > 0 && page.Mapping == nil && imp.State != core.ImportReading {
		if err := p.importRows(c, &page, imp, columns); err != nil {
			return err
		}
	}
	return p.Page(c, status, "console/import/show", page)
}

// importLeftOut names the columns of a file that are not imported, but for the one that files come back with.
func importLeftOut(layout store.ImportLayout) []string {
	var left []string
	for at, heading := range layout.Headings {
		ours := heading == sheet.FaultColumn && at == len(layout.Headings)-1
		if heading != "" && at < len(layout.Keys) && layout.Keys[at] == "" && !ours {
			left = append(left, "“"+heading+"”")
		}
	}
	if len(left) == 0 {
		return nil
	}
	return []string{"没有导入的列：" + strings.Join(left, "") + "。列对应得不对，可以在下面修改。"}
}

func importWords(err error) string {
	if err == nil {
		return ""
	}
	return core.MessageOf(err)
}

// importFacts are what is known of an import; on the preview, what it would do.
func (p *Pages) importFacts(imp core.Import) []templates.Fact {
	if imp.State == core.ImportPreview {
		return importEffects(imp)
	}
	facts := []templates.Fact{
		{Label: "状态", Badge: importBadge(imp.State)}, {Label: "文件", Value: imp.File + "（" + web.SizeLabel(int64(imp.Size)) + "）"},
		{Label: "操作者", Value: imp.By.Name}, {Label: "上传", Value: imp.Created.In(p.Store.Zone()).Format("2006-01-02 15:04:05")},
	}
	if imp.Sheet != "" {
		facts = append(facts, templates.Fact{Label: "工作表", Value: imp.Sheet})
	}
	if rows := imp.Counts.Rows(); rows > 0 {
		facts = append(facts, templates.Fact{Label: "行数", Value: frame.Grouped(rows)})
	}
	if imp.State == core.ImportDone || imp.State == core.ImportUndone {
		facts = append(facts, templates.Fact{Label: "结果", Value: importResult(imp)})
		if n := imp.Written.Of(core.ImportWrong); n > 0 {
			facts = append(facts, templates.Fact{Label: "没有导入", Value: frame.Grouped(n) + " 行，预览后登记有变化"})
		}
	}
	switch {
	case !imp.Cleared.IsZero():
		facts = append(facts, templates.Fact{Label: "保存", Value: "文件和各行内容已按期删除"})
	default:
		until := imp.Updated.Add(core.ImportLife).In(p.Store.Zone()).Format(time.DateOnly)
		facts = append(facts, templates.Fact{Label: "保存", Value: "文件和各行内容保存到 " + until})
	}
	return facts
}

// importEffects are the numbers of what rows would do.
func importEffects(imp core.Import) []templates.Fact {
	n := imp.Counts
	facts := append([]templates.Fact{{Label: "共", Value: frame.Grouped(n.Rows()) + " 行"}}, importViews[imp.Kind].facts(n)...)
	for _, rest := range []struct {
		label   string
		verdict core.ImportVerdict
	}{{"无变化", core.ImportSame}, {"错误", core.ImportWrong}} {
		if n.Of(rest.verdict) > 0 {
			facts = append(facts, templates.Fact{Label: rest.label, Value: frame.Grouped(n.Of(rest.verdict)) + " 行"})
		}
	}
	return facts
}

// importSubmits are the acts on an import beside those of its forms.
func importSubmits(imp core.Import) []templates.Submit {
	url := frame.ImportURL(imp.ID)
	switch imp.State {
	case core.ImportReading, core.ImportMapping, core.ImportPreview, core.ImportWriting:
		return []templates.Submit{{Label: "取消导入", URL: url + "/cancel", Icon: "x", Ask: true}}
	case core.ImportDone:
		if imp.Wrote() {
			return []templates.Submit{{Label: "撤销本次", URL: url + "/undo", Icon: "arrow-back-up", Ask: true}}
		}
	}
	return nil
}

// importLinks lead to what an import has written.
func importLinks(imp core.Import) []templates.Action {
	var links []templates.Action
	if imp.Batch != 0 {
		links = append(links, importViews[imp.Kind].records)
		links[0].URL = frame.BatchURL(imp.Batch)
	}
	if imp.Houses != 0 {
		links = append(links, templates.Action{Label: "添加的房屋", URL: frame.BatchURL(imp.Houses), Icon: "home-2"})
	}
	return links
}

// importJob returns the job that works on an import, as the page shows it.
func (p *Pages) importJob(c *web.Context, imp core.Import) (*templates.Job, error) {
	job, err := p.Store.ImportJob(c.Ctx(), imp)
	if err != nil {
		return nil, err
	}
	part := &templates.Job{
		Title: job.Kind.Title(), State: importBadge(imp.State), Over: job.State.Over(), Percent: job.Percent(), Known: job.Total > 0,
		Words: job.Words, Bad: job.State.Over() && job.State != core.JobDone, URL: frame.ImportURL(imp.ID), CSRF: c.CSRF(),
	}
	if part.Known {
		part.Count = frame.Grouped(int(job.Done)) + " / " + frame.Grouped(int(job.Total))
	}
	if part.Over {
		part.State = templates.Badge{Tone: templates.Bad, Text: job.State.Label()}
	}
	return part, nil
}

func importMappingOf(c *web.Context, imp core.Import, layout store.ImportLayout, columns []core.ImportColumn) *importMapping {
	m := &importMapping{
		Action: frame.ImportURL(imp.ID) + "/columns", Seen: strconv.FormatInt(imp.Updated.UnixMilli(), 10),
		Form: templates.Form{CSRF: c.CSRF()},
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
	for at, heading := range layout.Headings {
		sample := importSample(layout.Sample, at)
		if heading == "" || layout.First != nil && sample == "" {
			continue
		}
		m.Rows = append(m.Rows, importHeading{
			Heading: heading, Sample: sample,
			Field: templates.Field{
				Kind: templates.Select, Name: "column" + strconv.Itoa(at), Label: heading, Value: layout.Keys[at], Choices: choices,
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

func importPreviewOf(c *web.Context, imp core.Import, wrong error) *importPreview {
	bad := imp.Counts.Of(core.ImportWrong)
	fields := importChoices(imp)
	fields = append(fields, templates.Field{
		Kind: templates.Radio, Name: "all", Label: "有错误的行", Value: "0",
		Choices: []templates.Choice{
			{Value: "0", Label: "只导入正确的行", Help: "错误的行下载改好后再上传"},
			{Value: "1", Label: "全部导入或都不导入", Help: "有一行不能导入，就都不导入", Disabled: bad > 0},
		},
	})
	p := &importPreview{
		Action: frame.ImportURL(imp.ID) + "/write", Seen: strconv.FormatInt(imp.Updated.UnixMilli(), 10),
		Form: templates.Form{CSRF: c.CSRF(), Sections: []templates.Section{{Fields: fields}}, Error: importWords(wrong)},
		Map:  frame.ImportURL(imp.ID) + "?map=1",
	}
	good := imp.Counts.Rows() - bad
	if p.Submit = "导入 " + frame.Grouped(good) + " 行"; bad > 0 {
		p.Submit = "导入正确的 " + frame.Grouped(good) + " 行"
	}
	most := core.ImportChoices{Known: core.ImportUpdate, Ties: true, Back: true}
	if err := most.Check(imp.Counts); err != nil {
		p.Off = "文件里的内容都已登记，没有可以导入的行。"
		if bad > 0 {
			p.Off = "没有可以导入的行，请下载错误表，改好后重新上传。"
		}
	}
	return p
}

// importChoices are the fields of what a kind asks about records that are known.
func importChoices(imp core.Import) []templates.Field {
	defaults := core.DefaultImportChoices()
	kind, _ := imp.Kind.Type()
	var fields []templates.Field
	if kind.Known != "" {
		known := templates.Field{Kind: templates.Radio, Name: "known", Label: kind.Known, Value: string(defaults.Known)}
		for _, k := range core.ImportKnowns() {
			known.Choices = append(known.Choices, templates.Choice{
				Value: string(k), Label: k.Label(), Help: importViews[imp.Kind].known[k],
			})
		}
		fields = append(fields, known)
	}
	if kind.Ties {
		fields = append(fields, templates.Field{
			Kind: templates.Radio, Name: "ties", Label: "住在本小区其他房屋的住户", Value: "1",
			Choices: []templates.Choice{
				{Value: "1", Label: "再添加这套房屋", Help: "一人可以有多套房屋"}, {Value: "0", Label: "跳过"},
			},
		})
	}
	if kind.Back && imp.Counts.Of(core.ImportBack) > 0 {
		fields = append(fields, templates.Field{
			Kind: templates.Radio, Name: "back", Label: "已从这套房屋迁出的人", Value: "0",
			Choices: []templates.Choice{
				{Value: "0", Label: "跳过", Help: "文件可能是迁出之前的"},
				{Value: "1", Label: "重新入住", Help: "恢复登记，需要重新认证"},
			},
		})
	}
	return fields
}

const importRowsAPage = 50

// importRows reads the rows of the tab that is asked for.
func (p *Pages) importRows(c *web.Context, page *importShowPage, imp core.Import, columns []core.ImportColumn) error {
	var asked struct {
		Rows  string `form:"rows" of:"new tie back changed place same wrong"`
		Fault string `form:"fault" max:"40"`
		Map   string `form:"map" max:"2"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	path, view := frame.ImportURL(imp.ID), importViews[imp.Kind]
	page.Tabs.Label, page.Listed = "各行", true
	var filter store.ImportRowFilter
	for _, tab := range view.tabs {
		n := tab.filter.Count(imp.Counts)
		if tab.name != "" && n == 0 {
			continue
		}
		url := path
		if tab.name != "" {
			url += "?rows=" + tab.name
		}
		page.Tabs.Items = append(page.Tabs.Items, templates.NavItem{Label: tab.label, URL: url, Count: n, Active: asked.Rows == tab.name})
		if asked.Rows == tab.name {
			filter = tab.filter
		}
	}
	page.List = templates.List{Path: path, Query: c.Request().URL.Query(), Cards: true, Empty: templates.Empty{
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
	for _, row := range rows {
		page.Rows = append(page.Rows, importRowOf(row, columns, view))
	}
	web.Paged(&page.List, filter.Page, rows, more, func(r core.ImportRow) core.ID { return core.ID(r.Number) })
	return nil
}

// importVerdicts are the badges of rows.
var importVerdicts = map[core.ImportVerdict]templates.Badge{
	core.ImportNew: {Tone: templates.Good, Text: "新住户"}, core.ImportBack: {Tone: templates.Good, Text: "已迁出"},
	core.ImportTie: {Tone: templates.Good, Text: "加一套房"}, core.ImportChanged: {Tone: templates.Info, Text: "有变化"},
	core.ImportPlace: {Tone: templates.Good, Text: "新房屋"}, core.ImportSame: {Tone: templates.Neutral, Text: "无变化"},
	core.ImportWrong: {Tone: templates.Bad, Text: "错误"},
}

func importRowOf(row core.ImportRow, columns []core.ImportColumn, of importView) importRowView {
	view := importRowView{Number: row.Number, State: of.badge(row.Verdict), Place: of.place, House: row.Label}
	if row.Match != "" {
		view.Match = "按" + row.Match.Label() + "识别"
		if row.Match == core.ByRow {
			view.Match = row.Match.Label()
		}
	}
	var house []string
	for i, column := range columns {
		wrong := slices.ContainsFunc(row.Wrong, func(f core.ImportFault) bool { return f.Column == column.Key })
		if column.Place && !wrong {
			house = append(house, row.Values[i])
			continue
		}
		cell := importCell{Label: core.ImportHeadingLabel(column.Label), Value: column.ShownText(row.Values[i])}
		cell.Wrong = wrong
		if row.Was != nil && row.Was[i] != row.Values[i] && row.Values[i] != "" {
			cell.Changed, cell.Was = true, column.ShownText(row.Was[i])
			if cell.Was == cell.Value {
				cell.Was += "（另一个）"
			}
		}
		if (cell.Value != "" || cell.Wrong) && column.Key != "community" || cell.Wrong {
			view.Cells = append(view.Cells, cell)
		}
	}
	if view.House == "" {
		view.House = strings.Join(house, " ")
	}
	view.Faults = importFaultWords(row, columns)
	return view
}

// importFaultWords describes what is wrong with a row.
func importFaultWords(row core.ImportRow, columns []core.ImportColumn) []string {
	var all []string
	for _, fault := range row.Wrong {
		words := fault.Words
		for _, column := range columns {
			if fault.Column != "" && column.Key == fault.Column {
				words = core.ImportHeadingLabel(column.Label) + "：" + words
			}
		}
		all = append(all, words)
	}
	return all
}
