package access

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// rehearsalAct is what the buttons send that try a form's settings in place of saving them.
const rehearsalAct = "rehearse"

// rehearsalButton is the label of these buttons.
var rehearsalButton = fmt.Sprintf("预演最近 %d 天", core.UsualRehearsalDays)

// rehearsalRoutes returns the routes of 预演: what the doors would have answered by other settings. One is made with a
// button of the form with these settings.
func (p *Pages) rehearsalRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermPassRuleEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.RehearsalPath, Access: view, Handler: p.rehearsalList},
		{Method: http.MethodGet, Path: frame.RehearsalPath + "/:id", Access: view, Handler: p.rehearsalShow},
		{
			Method: http.MethodPost, Path: frame.RehearsalPath + "/:id/again", Access: edit, Handler: p.rehearsalAgain, EachPerMinute: 10,
		},
	}
}

// rehearsalLink leads to the rehearsals from the settings that they try.
func rehearsalLink(at frame.CommunityChoice) []templates.Action {
	return []templates.Action{{Label: "预演记录", URL: at.URL(frame.RehearsalPath), Icon: "history"}}
}

// rehearse queues a rehearsal of what a form says, and leads to its page.
func (p *Pages) rehearse(c *web.Context, at frame.CommunityChoice, days int, draft core.RehearsalDraft) error {
	id, err := p.Store.CreateRehearsal(c.Ctx(), c.Actor(), c.Scope(), at.ID, days, draft)
	if err != nil {
		return err
	}
	return c.Redirect(frame.RehearsalURL(id))
}

type rehearsalListPage struct {
	templates.Shell
	List templates.List
	Rows []rehearsalRow
}

type rehearsalRow struct {
	URL, Words, Community, Days, By, Found string
	Created                                time.Time
}

func (p *Pages) rehearsalList(c *web.Context) error {
	found, err := frame.ListRecords(p.Frame, c, frame.RecordList[core.RehearsalRun]{
		Stem: "passrule", Title: "预演记录", Unit: "次",
		Table: templates.List{
			Path: frame.RehearsalPath,
			Columns: []templates.Column{
				{Label: "设置"}, {Label: "天数", Number: true}, {Label: "结果"}, {Label: "预演人", Narrow: true}, {Label: "时间", Narrow: true},
			},
			Empty: templates.Empty{
				Icon: "adjustments", Title: "还没有预演",
				Text: "在“住户通行证”或“限制出入”的表单里按“" + rehearsalButton + "”，就能看到新设置会拦下谁，什么都不会改变。",
			},
		},
		Find: func(community core.ID, page core.Page) ([]core.RehearsalRun, bool, error) {
			return p.Store.Rehearsals(c.Ctx(), c.Scope(), community, page)
		},
		ID: func(r core.RehearsalRun) core.ID { return r.ID },
	})
	if err != nil {
		return err
	}
	page := rehearsalListPage{Shell: found.Shell, List: found.List}
	page.Crumbs = []templates.Crumb{{Label: "通行证设置", URL: found.At.URL(frame.PassRulePath)}}
	for _, run := range found.Records {
		row := rehearsalRow{
			URL: frame.RehearsalURL(run.ID), Words: run.Draft.Words(), Community: found.At.NameOf(run.Community),
			Days: strconv.Itoa(run.Days), By: run.By.Name, Found: "还没有完成", Created: run.Created,
		}
		if !run.Done.IsZero() {
			row.Found = rehearsalFound(run.Figures)
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/rehearsal/list", page)
}

// rehearsalFound is the result in one line.
func rehearsalFound(f core.RehearsalFigures) string {
	if f.Stopped == 0 && f.Freed == 0 {
		return "没有变化"
	}
	words := "会多拦下 " + frame.Grouped(f.Stopped) + " 次"
	if f.Freed > 0 {
		words += "，多放行 " + frame.Grouped(f.Freed) + " 次"
	}
	return words
}

type rehearsalShowPage struct {
	templates.Shell
	Draft   string
	Facts   []templates.Fact
	Job     *templates.Job   // until it is done
	Reasons []templates.Fact // why, with how many
	Days    []rehearsalDay   // those on which something differs
	List    templates.List
	Rows    []rehearsalLine
	Again   templates.Field   // for how many days
	AgainTo string            // "" = the account may not
	Keep    []templates.Field // hidden: the settings as their form sends them; none = they cannot be saved from here
	KeepTo  string
	Limits  string // what the list leaves out; "" = nothing
}

type rehearsalDay struct {
	Day            string
	Stopped, Freed int
}

type rehearsalLine struct {
	URL, Name, House, Gate, Direction, Was, Would string
	Stopped                                       bool
	At                                            time.Time
	frame.PassageURLs
}

func (p *Pages) rehearsalOf(c *web.Context) (core.RehearsalRun, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.RehearsalRun{}, err
	}
	return p.Store.Rehearsal(c.Ctx(), c.Scope(), id)
}

func (p *Pages) rehearsalShow(c *web.Context) error {
	run, err := p.rehearsalOf(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), run.Community)
	if err != nil {
		return err
	}
	page := rehearsalShowPage{
		Shell: p.Shell(c, "passrule", "预演"), Draft: run.Draft.Words(),
	}
	page.Note = community.Name
	page.Crumbs = []templates.Crumb{{Label: "预演记录", URL: templates.WithQuery(frame.RehearsalPath, nil, "community", community.ID.String())}}
	if run.Done.IsZero() {
		return p.rehearsalWaits(c, run, page)
	}
	page.Facts = rehearsalFacts(run)
	if c.Has(core.PermPassRuleEdit) {
		page.AgainTo = frame.RehearsalURL(run.ID) + "/again"
		page.Again = templates.Field{
			Kind: templates.Number, Name: "days", Label: "天数", Value: strconv.Itoa(run.Days), Min: "1",
			Max: strconv.Itoa(core.MaxRehearsalDays), Unit: "天", Short: true,
		}
		if !run.Draft.Restricts() {
			page.Keep, page.KeepTo = passRuleKept(run.Community, run.Draft.Rule), frame.PassRulePath
		}
	}
	page.Reasons, page.Days = rehearsalReasons(run.Figures), rehearsalDays(run.Figures)
	if err := p.rehearsalLines(c, run, &page); err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/rehearsal/show", page)
}

// rehearsalWaits shows how far a rehearsal is, and alone that when its page asks, every second. A page whose rehearsal
// is done has more to show: it is drawn again.
func (p *Pages) rehearsalWaits(c *web.Context, run core.RehearsalRun, page rehearsalShowPage) error {
	job, err := p.Store.RehearsalJob(c.Ctx(), run)
	if err != nil {
		return err
	}
	page.Job = &templates.Job{
		Title: job.Kind.Title(), State: templates.Badge{Tone: templates.Info, Text: job.State.Label()}, Over: job.State.Over(),
		Percent: job.Percent(), Known: job.Total > 0, Words: job.Words, Bad: job.State.Over(), URL: frame.RehearsalURL(run.ID),
		CSRF: c.CSRF(),
	}
	if page.Job.Known {
		page.Job.Count = frame.Grouped(int(job.Done)) + " / " + frame.Grouped(int(job.Total))
	}
	if page.Job.Over {
		page.Job.State.Tone = templates.Bad
	}
	if c.Request().Header.Get("HX-Target") != "job" {
		return p.Page(c, http.StatusOK, "console/rehearsal/show", page)
	}
	if page.Job.Over {
		c.Header().Set("HX-Refresh", "true")
		return c.NoContent()
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/rehearsal/show", "job", *page.Job)
	})
}

func rehearsalFacts(run core.RehearsalRun) []templates.Fact {
	f := run.Figures
	facts := []templates.Fact{
		{Label: "期间", Value: run.First.String() + " 起 " + strconv.Itoa(run.Days) + " 天"},
		{Label: "出入", Value: frame.Grouped(f.Records) + " 次"},
		{Label: "会多拦下", Value: frame.Grouped(f.Stopped) + " 次"},
		{Label: "会多放行", Value: frame.Grouped(f.Freed) + " 次"},
	}
	if f.Stopped > 0 {
		facts[2].Value += fmt.Sprintf("，%s 人，%s 户", frame.Grouped(f.People), frame.Grouped(f.Houses))
	}
	return facts
}

func rehearsalReasons(f core.RehearsalFigures) []templates.Fact {
	var facts []templates.Fact
	for _, reason := range slices.SortedFunc(maps.Keys(f.Reasons), func(a, b core.Reason) int { return f.Reasons[b] - f.Reasons[a] }) {
		facts = append(facts, templates.Fact{Label: reason.Label(), Value: frame.Grouped(f.Reasons[reason]) + " 次"})
	}
	return facts
}

func rehearsalDays(f core.RehearsalFigures) []rehearsalDay {
	var days []rehearsalDay
	for _, day := range slices.Sorted(maps.Keys(f.Days)) {
		days = append(days, rehearsalDay{day.String(), f.Days[day].Stopped, f.Days[day].Freed})
	}
	return days
}

// rehearsalLines lists the attempts that differ, if the account may see access records.
func (p *Pages) rehearsalLines(c *web.Context, run core.RehearsalRun, page *rehearsalShowPage) error {
	all := run.Figures.Stopped + run.Figures.Freed
	if all == 0 {
		return nil
	}
	if !c.Has(core.PermAccessRecordView) {
		page.Limits = "您没有“" + core.PermAccessRecordView.Name() + "”的权限，看不到是哪些人。"
		return nil
	}
	if all > len(run.Lines) {
		page.Limits = fmt.Sprintf("只列出最早的 %s 次，合计仍是全部。", frame.Grouped(len(run.Lines)))
	}
	asked := c.Page(frame.RecordsAPage)
	lines, more := rehearsalPart(run.Lines, asked)
	ids := make([]core.ID, len(lines))
	for i, line := range lines {
		ids[i] = line.Record
	}
	records, err := p.Store.RehearsedRecords(c.Ctx(), c.Scope(), ids)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if r, kept := records[line.Record]; kept {
			page.Rows = append(page.Rows, rehearsalLine{
				URL: frame.AccessRecordURL(r.ID), Name: r.Name, House: r.HouseLabel, Gate: r.Gate, Direction: r.Direction.Label(), At: r.At,
				Was: rehearsalWords(line.Was), Would: rehearsalWords(line.Would), Stopped: line.Would != core.ReasonAllowed,
				PassageURLs: frame.PassageURLsOf(c, r),
			})
		}
	}
	page.List = templates.List{
		Path: frame.RehearsalURL(run.ID), Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "时间"}, {Label: "姓名"}, {Label: "房屋"}, {Label: "门或门岗"}, {Label: "方向", Narrow: true}, {Label: "现在"}, {Label: "改为"},
		},
		Empty: templates.Empty{Icon: "clock", Title: "这些出入记录已经清理"},
	}
	web.Paged(&page.List, asked, lines, more, func(l core.RehearsalLine) core.ID { return l.Record })
	return nil
}

// rehearsalPart returns the lines of a page, and whether there are more beyond it.
func rehearsalPart(lines []core.RehearsalLine, page core.Page) (part []core.RehearsalLine, more bool) {
	at := func(id core.ID) int {
		i, found := slices.BinarySearchFunc(lines, id, func(l core.RehearsalLine, id core.ID) int { return cmp.Compare(l.Record, id) })
		if found && id == page.Next {
			i++
		}
		return i
	}
	if page.Prev != 0 {
		end := at(page.Prev)
		from := max(0, end-page.Limit)
		return lines[from:end], from > 0
	}
	from := at(page.Next)
	end := min(len(lines), from+page.Limit)
	return lines[from:end], end < len(lines)
}

// rehearsalWords is what a rule answers, in the list.
func rehearsalWords(r core.Reason) string {
	if r == core.ReasonAllowed {
		return "放行"
	}
	return r.Label()
}

// rehearsalAgain tries the same settings once more, over another number of days.
func (p *Pages) rehearsalAgain(c *web.Context) error {
	run, err := p.rehearsalOf(c)
	if err != nil {
		return err
	}
	var form struct {
		Days int `form:"days" required:"请填写天数"`
	}
	err = c.Bind(&form)
	if err == nil {
		err = core.CheckRehearsalDays(form.Days)
	}
	if err != nil {
		c.Flash(web.FlashError, core.MessageOf(err))
		return c.Redirect(frame.RehearsalURL(run.ID))
	}
	at, err := p.CommunityOf(c, run.Community.String())
	if err != nil {
		return err
	}
	return p.rehearse(c, at, form.Days, run.Draft)
}

// passRuleKept returns a rule as its form sends it.
func passRuleKept(community core.ID, r core.PassRule) []templates.Field {
	values := url.Values{
		"community": {community.String()}, "counting": {string(r.Counting)}, "period_days": {strconv.Itoa(r.PeriodDays)},
		"exits": {strconv.Itoa(r.Exits)}, "hours": {core.FormatHours(r.Hours)},
		"fever_tenths": {fmt.Sprintf("%d.%d", r.FeverTenths/10, r.FeverTenths%10)},
	}
	for name, on := range map[string]bool{"record_id": r.RecordID, "record_temp": r.RecordTemp, "reader_qr": r.ReaderQR} {
		if on {
			values.Set(name, "1")
		}
	}
	var fields []templates.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: name, Value: values.Get(name)})
	}
	return fields
}
