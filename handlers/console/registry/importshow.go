package registry

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	Stayed  []importStay   // what taking it back has kept
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

// importPreview asks how the rows are imported.
type importPreview struct {
	Action string
	Seen   string
	Form   templates.Form
	All    templates.Field // whether all rows or none; zero = it is not asked
	Shown  string          // the choices that the page's numbers and rows follow, as importNumbers encodes them
	Submit string
	Off    string // why nothing can be imported
	None   bool   // nothing can be by these choices
	Plain  bool   // none of the choices is asked
	Map    string // URL of the mapping
}

// importOf returns the import in the path, if the account may see it.
func (p *Pages) importOf(c *web.Context) (core.Import, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Import{}, err
	}
	imp, err := p.Store.Import(c.Ctx(), c.Scope(), id)
	if err != nil {
		return imp, err
	}
	seen, err := p.Store.SeesImport(c.Ctx(), c.Account(), imp)
	if err == nil && (!seen || !slices.Contains(core.ImportKindsOf(c.Has), imp.Kind)) {
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
	choices, err := importChosen(c, imp)
	if err != nil {
		return err
	}
	page.Facts = p.importFacts(imp, choices)
	if !imp.State.Working() && imp.Written[core.ImportKept] > 0 {
		if page.Stayed, err = p.importStayed(c, imp); err != nil {
			return err
		}
	}
	page.Submits = importSubmits(imp)
	page.Links = importLinks(imp, page.Stayed)
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
	asks := imp.State == core.ImportMapping || imp.State == core.ImportPreview
	if n := len(layout.Sheets); n > 1 && asks {
		page.Notes = append(page.Notes, fmt.Sprintf("文件有 %d 张工作表，可以另选一张。", n))
	}
	if page.Notes = append(page.Notes, layout.Notes...); imp.State == core.ImportPreview {
		page.Notes = append(page.Notes, importLeftOut(layout)...)
		if n := imp.Counts.Of(core.ImportWrong); n > 0 {
			page.Notes = append(page.Notes, fmt.Sprintf(
				"有错误的 %s 行不会导入：可以先导入其余的；要全部一起导入，请取消，改好错误表后重新上传。", frame.Grouped(n)))
		}
	}
	if imp.State != core.ImportReading && imp.State != core.ImportMapping {
		for _, note := range imp.Counts.Notes() {
			page.Notes = append(page.Notes, fmt.Sprintf("%s：%s 行。", note.Kind, frame.Grouped(note.N)))
		}
	}
	kind, _ := imp.Kind.Type()
	columns := kind.Columns(community)
	mapped := wrong != nil && strings.HasSuffix(c.Request().URL.Path, importColumnsPath)
	mapping := imp.State == core.ImportPreview && (c.Query("map") != "" || mapped)
	switch {
	case imp.State == core.ImportMapping || mapping:
		page.Mapping = importMappingOf(c, imp, layout, columns)
		page.Mapping.Form.Error = importWords(wrong)
	case imp.State == core.ImportPreview:
		page.Preview = importPreviewOf(c, imp, choices, wrong)
	case wrong != nil: // somebody else was faster
		page.Notes = append(page.Notes, importWords(wrong))
	}
	if imp.Reading != 0 && imp.Parts > 0 && page.Mapping == nil && imp.State != core.ImportReading {
		if err := p.importRows(c, &page, importRowsOf{imp, community, columns, choices}); err != nil {
			return err
		}
	}
	return p.Page(c, status, "console/import/show", page)
}

// importStay is what taking an import back has kept, with the list that has the reasons.
type importStay struct {
	Words, URL string
	whole      core.ID // the batch, if all of it was kept
}

// importStayed returns what taking an import back has kept of each list that it wrote.
func (p *Pages) importStayed(c *web.Context, imp core.Import) ([]importStay, error) {
	var stayed []importStay
	for _, id := range []core.ID{imp.Batch, imp.Houses} {
		if id == 0 {
			continue
		}
		b, err := p.Store.Batch(c.Ctx(), c.Scope(), id)
		if err != nil {
			return nil, err
		}
		if kind, _ := b.Kind.Type(); b.Kept > 0 {
			words := core.CountedWords("", core.Counted{Verb: "已撤销", N: b.Undone, Unit: kind.Unit},
				core.Counted{Verb: "保留", N: b.Kept, Unit: kind.Unit})
			kept := templates.WithQuery(frame.BatchURL(id), nil, "state", string(core.BatchItemKept))
			stay := importStay{Words: words, URL: kept}
			if b.Undone == 0 {
				stay.whole = b.ID
			}
			stayed = append(stayed, stay)
		}
	}
	return stayed, nil
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
func (p *Pages) importFacts(imp core.Import, choices core.ImportChoices) []templates.Fact {
	if imp.State == core.ImportPreview {
		return importEffects(imp, choices)
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
	over := imp.State == core.ImportDone || imp.State == core.ImportUndone
	if over || imp.State == core.ImportCancelled && imp.Wrote() {
		facts = append(facts, templates.Fact{Label: "结果", Value: importResult(imp)})
	}
	if over {
		if imp.State == core.ImportUndone {
			facts = append(facts, templates.Fact{Label: "当时导入", Value: imp.Words()})
		}
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

// importEffects are the numbers of what rows would do by somebody's choices.
func importEffects(imp core.Import, choices core.ImportChoices) []templates.Fact {
	n := imp.Counts.By(choices)
	facts := append([]templates.Fact{{Label: "共", Value: frame.Grouped(n.Rows()) + " 行"}}, importViews[imp.Kind].facts(n)...)
	for _, rest := range []struct {
		label   string
		verdict core.ImportVerdict
	}{{"不变", core.ImportSame}, {"跳过", core.ImportSkipped}, {"错误", core.ImportWrong}} {
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

// importLinks lead to what an import has written, and say what has become of it.
func importLinks(imp core.Import, stayed []importStay) []templates.Action {
	var links []templates.Action
	add := func(link templates.Action, batch core.ID) {
		if batch == 0 {
			return
		}
		switch link.URL = frame.BatchURL(batch); {
		case slices.ContainsFunc(stayed, func(s importStay) bool { return s.whole == batch }):
			link.Label += "（全部保留）"
		case importTakenBack(imp):
			link.Label += "（已撤销）"
		}
		links = append(links, link)
	}
	add(importViews[imp.Kind].records, imp.Batch)
	add(templates.Action{Label: "添加的房屋", Icon: "home-2"}, imp.Houses)
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
	if job.Silent(c.Now()) {
		part.Note = "办理它的服务中断了，半分钟内会自动接着办理，已写入的不会重复。请不要重新上传。"
	}
	if part.Over {
		part.State = templates.Badge{Tone: templates.Bad, Text: job.State.Label()}
	}
	return part, nil
}

func importPreviewOf(c *web.Context, imp core.Import, choices core.ImportChoices, wrong error) *importPreview {
	bad := imp.Counts.Of(core.ImportWrong)
	p := &importPreview{
		Action: frame.ImportURL(imp.ID) + "/write", Seen: strconv.FormatInt(imp.Updated.UnixMilli(), 10),
		Form: templates.Form{
			CSRF: c.CSRF(), Sections: []templates.Section{{Fields: importChoices(imp, choices)}}, Error: importWords(wrong),
		},
		Map: frame.ImportURL(imp.ID) + "?map=1", Shown: importNumbers(choices),
	}
	if bad == 0 { // of a list with errors it would be refused
		p.All = templates.Field{
			Kind: templates.Radio, Name: "all", Label: "导入前登记又有变化的行", Value: oneOrZero(choices.All),
			Choices: []templates.Choice{
				{Value: "0", Label: "只跳过这些行"}, {Value: "1", Label: "全部导入或都不导入", Help: "有一行不能导入，就都不导入"},
			},
		}
	}
	p.Plain = !slices.ContainsFunc(p.Form.Sections[0].Fields, func(f templates.Field) bool { return f.Kind != templates.Hidden })
	good := imp.Counts.By(choices).Of(
		core.ImportNew, core.ImportBack, core.ImportTie, core.ImportChanged, core.ImportPlace)
	switch p.None = good == 0 && imp.Counts[core.ImportPlaces] == 0; {
	case good == 0:
		p.Submit = "导入房屋"
	case bad > 0:
		p.Submit = "导入正确的 " + frame.Grouped(good) + " 行"
	default:
		p.Submit = "导入 " + frame.Grouped(good) + " 行"
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

// importChosen returns the choices that an import's page follows: those that were made, on the preview those of the page's
// address or of the form that was sent, for the rest those that it starts with.
func importChosen(c *web.Context, imp core.Import) (core.ImportChoices, error) {
	kind, _ := imp.Kind.Type()
	if imp.State != core.ImportPreview {
		return kind.Decided(imp.Choices), nil
	}
	var asked struct {
		Known core.ImportKnown `form:"known" max:"16"`
		Ties  string           `form:"ties" of:"0 1"`
		Back  string           `form:"back" of:"0 1"`
		All   string           `form:"all" of:"0 1"`
	}
	bind := c.BindQuery
	if c.Request().Method == http.MethodPost {
		bind = c.Bind
	}
	if err := bind(&asked); err != nil {
		return core.ImportChoices{}, err
	}
	chosen := core.DefaultImportChoices()
	if asked.Known != "" {
		chosen.Known = asked.Known
	}
	for _, of := range []struct {
		asked string
		is    *bool
	}{{asked.Ties, &chosen.Ties}, {asked.Back, &chosen.Back}, {asked.All, &chosen.All}} {
		if of.asked != "" {
			*of.is = of.asked == "1"
		}
	}
	return kind.Decided(chosen), nil
}

// importShown encodes choices for the address of a page that follows them; those that it starts with are left out.
func importShown(c core.ImportChoices) url.Values {
	shown, start := url.Values{}, core.DefaultImportChoices()
	if c.Known != start.Known {
		shown.Set("known", string(c.Known))
	}
	set := func(name string, value, starts bool) {
		if value != starts {
			shown.Set(name, oneOrZero(value))
		}
	}
	set("ties", c.Ties, start.Ties)
	set("back", c.Back, start.Back)
	set("all", c.All, start.All)
	return shown
}

// importNumbers encodes the choices that the numbers of a preview follow.
func importNumbers(c core.ImportChoices) string {
	c.All = false
	return importShown(c).Encode()
}

func oneOrZero(value bool) string {
	if value {
		return "1"
	}
	return "0"
}

// importChoices are the fields of what is asked about rows of which the list has some; the others are sent unseen.
func importChoices(imp core.Import, chosen core.ImportChoices) []templates.Field {
	kind, _ := imp.Kind.Type()
	var fields []templates.Field
	ask := func(rows int, field templates.Field) {
		if rows == 0 {
			field = templates.Field{Kind: templates.Hidden, Name: field.Name, Value: field.Value}
		}
		fields = append(fields, field)
	}
	if kind.Known != "" {
		known := templates.Field{Kind: templates.Radio, Name: "known", Label: kind.Known, Value: string(chosen.Known)}
		for _, k := range core.ImportKnowns() {
			known.Choices = append(known.Choices, templates.Choice{
				Value: string(k), Label: k.Label(), Help: importViews[imp.Kind].known[k],
			})
		}
		ask(imp.Counts.Of(core.ImportChanged), known)
	}
	if kind.Ties {
		ask(imp.Counts.Of(core.ImportTie), templates.Field{
			Kind: templates.Radio, Name: "ties", Label: "住在本小区其他房屋的住户", Value: oneOrZero(chosen.Ties),
			Choices: []templates.Choice{
				{Value: "1", Label: "再添加这套房屋", Help: "一人可以有多套房屋"}, {Value: "0", Label: "跳过"},
			},
		})
	}
	if kind.Back {
		ask(imp.Counts.Of(core.ImportBack), templates.Field{
			Kind: templates.Radio, Name: "back", Label: "已从这套房屋迁出的人", Value: oneOrZero(chosen.Back),
			Choices: []templates.Choice{
				{Value: "0", Label: "跳过", Help: "文件可能是迁出之前的"},
				{Value: "1", Label: "重新入住", Help: "恢复登记，需要重新认证"},
			},
		})
	}
	return fields
}
