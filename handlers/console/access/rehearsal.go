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
	"strings"
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
	view, edit := web.Need(core.PermPassRuleView), web.NeedAny(core.PermPassRuleEdit, core.PermRestrictionEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.RehearsalPath, Access: view, Handler: p.rehearsalList},
		{Method: http.MethodGet, Path: frame.RehearsalPath + "/:id", Access: view, Handler: p.rehearsalShow},
		{
			Method: http.MethodPost, Path: frame.RehearsalPath + "/:id/again", Access: edit, Handler: p.rehearsalAgain, EachPerMinute: 10,
		},
		{Method: http.MethodPost, Path: frame.RehearsalPath + "/:id/cancel", Access: edit, Handler: p.rehearsalCancel},
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

// rehearsalHint is how a rehearsal is made, in words to who may.
func rehearsalHint(c *web.Context) string {
	var forms []string
	if c.Has(core.PermPassRuleEdit) {
		forms = append(forms, "“住户通行证”")
	}
	if c.Has(core.PermRestrictionEdit) {
		forms = append(forms, "“限制出入”")
	}
	if len(forms) == 0 {
		return "有人试行新的设置时，会拦下谁记在这里。"
	}
	return "在" + strings.Join(forms, "或") + "的表单里按“" + rehearsalButton + "”，就能看到新设置会拦下谁，什么都不会改变。"
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
				Text: rehearsalHint(c),
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
	jobs, err := p.Store.RehearsalJobs(c.Ctx(), found.Records)
	if err != nil {
		return err
	}
	for _, run := range found.Records {
		row := rehearsalRow{
			URL: frame.RehearsalURL(run.ID), Words: run.Draft.Words(), Community: found.At.NameOf(run.Community),
			Days: strconv.Itoa(run.Days), By: run.By.Name, Found: "还没有完成", Created: run.Created,
		}
		if job, known := jobs[run.ID]; !known || job.State.Over() {
			row.Found = job.State.Label()
		}
		if !run.Done.IsZero() {
			row.Found = run.Figures.Found()
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, http.StatusOK, "console/rehearsal/list", page)
}

type rehearsalShowPage struct {
	templates.Shell
	Draft     string
	Restricts bool // it tries a restriction
	Facts     []templates.Fact
	Job       *templates.Job   // until it is done
	Reasons   []templates.Fact // why, with how many
	Days      []rehearsalDay   // those on which something differs
	Stale     string           // why the comparison holds no more; "" = it does
	List      templates.List
	Rows      []rehearsalLine
	Again     templates.Field   // for how many days
	AgainTo   string            // "" = the account may not
	Keep      []templates.Field // hidden: the settings as their form sends them; none = they cannot be saved from here
	KeepTo    string
	KeepAs    string // the button
	KeepAsk   bool   // which asks
	Limits    string // what the list leaves out; "" = nothing
}

type rehearsalDay struct{ Day, Stopped, Freed string }

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
		Shell: p.Shell(c, "passrule", "预演"), Draft: run.Draft.Words(), Restricts: run.Draft.Restricts(),
	}
	page.Note = community.Name
	page.Crumbs = []templates.Crumb{{Label: "预演记录", URL: templates.WithQuery(frame.RehearsalPath, nil, "community", community.ID.String())}}
	if err := p.rehearsedHouses(c, run, &page); err != nil {
		return err
	}
	if run.Done.IsZero() {
		return p.rehearsalWaits(c, run, page)
	}
	page.Facts = append(rehearsalFacts(run), page.Facts...)
	if err := p.rehearsalNext(c, run, &page); err != nil {
		return err
	}
	page.Reasons, page.Days = rehearsalReasons(run.Figures), rehearsalDays(run.Figures)
	if err := p.rehearsalLines(c, run, &page); err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/rehearsal/show", page)
}

// rehearsedHouses adds the houses that a restriction is tried for, until when and why.
func (p *Pages) rehearsedHouses(c *web.Context, run core.RehearsalRun, page *rehearsalShowPage) error {
	d := run.Draft
	if !d.Restricts() {
		return nil
	}
	houses := templates.Fact{
		Label: "房屋", Value: "全部房屋", URL: templates.WithQuery(frame.HousePath, nil, "community", run.Community.String()),
	}
	if !d.Whole {
		named, err := p.housesNamed(c, d.Houses)
		if core.IsNotFound(err) {
			named, err = "房屋：其中有的已删除", nil
		}
		if err != nil {
			return err
		}
		houses = templates.Fact{Label: "房屋", Value: strings.TrimPrefix(named, "房屋：")}
	}
	until := "长期"
	if d.Restriction.LastDay != 0 {
		until = "到 " + d.Restriction.LastDay.String() + " 当天"
	}
	page.Facts = append(page.Facts, houses,
		templates.Fact{Label: "期限", Value: until}, templates.Fact{Label: "原因", Value: d.Restriction.Reason})
	return nil
}

// rehearsalNext offers what follows a rehearsal that is over, to who may save what it tried: to save it, unless what it was compared
// with has changed, and to try it again.
func (p *Pages) rehearsalNext(c *web.Context, run core.RehearsalRun, page *rehearsalShowPage) error {
	rule, err := p.Store.PassRule(c.Ctx(), c.Scope(), run.Community)
	if err != nil {
		return err
	}
	stale := rule.Updated.UnixMilli() != run.Draft.Seen
	if stale && !run.Done.IsZero() {
		page.Stale = "现行设置在这次预演之后已修改，下面是和原来的设置比较。"
	}
	if !c.Has(run.Draft.Needs()) {
		return nil
	}
	if page.Stale != "" {
		page.Stale += "请再预演一次。"
	}
	page.AgainTo = frame.RehearsalURL(run.ID) + "/again"
	page.Again = templates.Field{
		Kind: templates.Number, Name: "days", Label: "天数", Value: strconv.Itoa(run.Days), Min: "1",
		Max: strconv.Itoa(core.MaxRehearsalDays), Unit: "天", Short: true,
	}
	switch {
	case run.Draft.Restricts():
		page.Keep, page.KeepTo, page.KeepAs = restrictionKept(run), restrictionPreviewPath, "回到“限制出入”的表单"
	case !stale:
		page.Keep, page.KeepTo, page.KeepAs, page.KeepAsk = passRuleKept(run), frame.PassRulePath, "采用这套设置", true
	}
	return nil
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
		if err := p.rehearsalNext(c, run, &page); err != nil {
			return err
		}
	} else if c.Has(run.Draft.Needs()) {
		page.Job.Cancel = frame.RehearsalURL(run.ID) + "/cancel"
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
	}
	if f.Stopped > 0 {
		facts = append(facts, templates.Fact{
			Label: "会多拦下",
			Value: fmt.Sprintf("%s 次，%s 人，%s 户", frame.Grouped(f.Stopped), frame.Grouped(f.People), frame.Grouped(f.Houses)),
		})
	}
	if f.Freed > 0 {
		facts = append(facts, templates.Fact{Label: "会多放行", Value: frame.Grouped(f.Freed) + " 次"})
	}
	if f.Stopped+f.Freed == 0 {
		facts = append(facts, templates.Fact{Label: "结果", Value: f.Found()})
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
		days = append(days, rehearsalDay{
			day.String(), frame.Grouped(f.Days[day].Stopped), frame.Grouped(f.Days[day].Freed),
		})
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
	pages, err := p.PassagePages(c, slices.Collect(maps.Values(records)))
	if err != nil {
		return err
	}
	for _, line := range lines {
		if r, kept := records[line.Record]; kept {
			page.Rows = append(page.Rows, rehearsalLine{
				URL: frame.AccessRecordURL(r.ID), Name: r.Name, House: r.HouseLabel, Gate: r.Gate, Direction: r.Direction.Label(), At: r.At,
				Was: rehearsalWords(line.Was), Would: rehearsalWords(line.Would), Stopped: line.Would != core.ReasonAllowed,
				PassageURLs: pages.Of(r),
			})
		}
	}
	page.List = templates.List{
		Path: frame.RehearsalURL(run.ID), Query: c.Request().URL.Query(), Cards: true, Whole: true,
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
	run, err := p.rehearsalToChange(c)
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

// rehearsalToChange returns the rehearsal in the path to who may save what it tries.
func (p *Pages) rehearsalToChange(c *web.Context) (core.RehearsalRun, error) {
	run, err := p.rehearsalOf(c)
	if err == nil && !c.Has(run.Draft.Needs()) {
		err = core.Forbidden("需要“" + run.Draft.Needs().Name() + "”的权限")
	}
	return run, err
}

// rehearsalCancel ends a rehearsal that is not over.
func (p *Pages) rehearsalCancel(c *web.Context) error {
	run, err := p.rehearsalToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Stem: "passrule", Back: frame.RehearsalURL(run.ID), Done: "已取消预演。",
		Do: func() error { return p.Store.CancelRehearsal(c.Ctx(), c.Actor(), c.Scope(), run.ID) },
	})
}

// restrictionKept returns a restriction as its form sends it.
func restrictionKept(run core.RehearsalRun) []templates.Field {
	d := run.Draft
	values := url.Values{
		"community": {run.Community.String()}, "exits": {strconv.Itoa(d.Restriction.Exits)}, "reason": {d.Restriction.Reason},
		"houses": frame.IDValues(d.Houses),
	}
	if d.Whole {
		values.Set("whole", "1")
	}
	if d.Restriction.LastDay != 0 {
		values.Set("last_day", d.Restriction.LastDay.String())
	}
	keepTerm(values, d.Term)
	return hiddenFields(values)
}

// passRuleKept returns a rule as its form sends it, made on the rule that it was compared with.
func passRuleKept(run core.RehearsalRun) []templates.Field {
	r := run.Draft.Rule
	values := url.Values{
		"community": {run.Community.String()}, templates.SeenField: {strconv.FormatInt(run.Draft.Seen, 10)},
		"counting": {string(r.Counting)}, "period_days": {strconv.Itoa(r.PeriodDays)},
		"exits": {strconv.Itoa(r.Exits)}, "hours": {core.FormatHours(r.Hours)},
		"fever_tenths": {fmt.Sprintf("%d.%d", r.FeverTenths/10, r.FeverTenths%10)},
	}
	for name, on := range map[string]bool{"record_id": r.RecordID, "record_temp": r.RecordTemp, "reader_qr": r.ReaderQR} {
		if on {
			values.Set(name, "1")
		}
	}
	keepTerm(values, run.Draft.Term)
	return hiddenFields(values)
}

// keepTerm adds a term as a form sends it.
func keepTerm(values url.Values, term core.RulePlanTerm) {
	for name, day := range map[string]core.Day{"from_day": term.From, "until_day": term.Until} {
		if day != 0 {
			values.Set(name, day.String())
		}
	}
}

func hiddenFields(values url.Values) []templates.Field {
	var fields []templates.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			fields = append(fields, templates.Field{Kind: templates.Hidden, Name: name, Value: value})
		}
	}
	return fields
}
