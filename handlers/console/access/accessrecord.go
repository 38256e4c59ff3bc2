package access

import (
	"cmp"
	"fmt"
	"io"
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

// accessRecordRoutes returns the routes of 出入记录: the list, one record, and the export.
func (p *Pages) accessRecordRoutes() []web.Route {
	view := web.Need(core.PermAccessRecordView)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AccessRecordPath, Access: view, Handler: p.accessRecordList},
		{Method: http.MethodGet, Path: frame.AccessRecordChartPath, Access: view, Handler: p.accessRecordChart, EachPerMinute: 60},
		{Method: http.MethodGet, Path: frame.AccessRecordPath + "/news", Access: view, Handler: p.accessRecordNews},
		{
			Method: http.MethodGet, Path: frame.AccessRecordPath + "/export.xlsx",
			Access: web.Need(core.PermAccessRecordExport), Handler: p.accessRecordExport, Time: -1, EachPerMinute: 30,
		},
		{
			Method: http.MethodPost, Path: frame.AccessRecordPath + "/export.xlsx", Level: web.Asks,
			Access: web.Need(core.PermAccessRecordExport), Handler: p.accessRecordExportLater, EachPerMinute: 30,
		},
		{Method: http.MethodGet, Path: frame.AccessRecordPath + "/:id", Access: view, Handler: p.accessRecordShow},
	}
}

type accessRecordListPage struct {
	templates.Shell
	Tabs   templates.Tabs
	List   templates.List
	Rows   []accessRecordRow
	Totals []templates.Fact
	Day    string
	News   accessRecordNews
}

type accessRecordRow struct {
	URL, Community, Gate, Direction, Via, Name, House, Temp, Why, Repeats string
	frame.PassageURLs

	At     time.Time
	Result templates.Badge
}

// accessRecordsAPage is the number of records per page.
const accessRecordsAPage = 50

func (p *Pages) accessRecordList(c *web.Context) error {
	form, filter, at, wrong := p.accessRecordFilter(c)
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	if to := accessRecordElsewhere(c, form, wrong); to != "" {
		return c.Redirect(to)
	}
	page := accessRecordListPage{Shell: p.Shell(c, "accessrecord", "出入记录"), Tabs: accessRecordTabs("list", c.Request().URL.Query())}
	var err error
	if page.List, err = p.accessRecordTable(c, form, at); err != nil {
		return err
	}
	if wrong != nil {
		frame.SetErrors(page.List.Filters, web.FieldsOf(wrong))
		frame.SetErrors(page.List.More, web.FieldsOf(wrong))
		page.List.Export = ""
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Bad, Text: "筛选条件有误，请修改后再查询。"})
		return p.Page(c, web.StatusOf(wrong), "console/accessrecord/list", page)
	}
	if err := p.accessRecordTotals(c, &page, form, filter); err != nil {
		return err
	}
	asked := c.CountedPage(accessRecordsAPage)
	records, more, err := p.Store.AccessRecords(c.Ctx(), c.Scope(), filter, asked)
	if err != nil {
		return err
	}
	if err := p.Store.LookAtRecords(c.Ctx(), frame.Looker(c), c.Scope(), filter, records); err != nil {
		return err
	}
	pages, err := p.PassagePages(c, records)
	if err != nil {
		return err
	}
	newest := p.Store.NewID()
	for i, r := range records {
		page.Rows = append(page.Rows, accessRecordRowOf(pages, r, at))
		if i == 0 {
			newest = r.ID
		}
	}
	web.Paged(&page.List, asked, records, more, func(r core.AccessRecord) core.ID { return r.ID })
	if page.Total = page.List.TotalText("条"); page.List.Total < 0 {
		page.Total += "，选定一天可看总数" // of any other range these filters are searched for, and not counted
	}
	if asked.First() {
		page.News = accessRecordNewsOf(c.Request().URL.Query(), newest, 0)
	}
	return p.Page(c, http.StatusOK, "console/accessrecord/list", page)
}

// accessRecordTotals counts the last day of the list, or the hour of it: today, or the last day of the range.
func (p *Pages) accessRecordTotals(c *web.Context, page *accessRecordListPage, form accessRecordForm, filter core.RecordFilter) error {
	day, words := p.Today(c), "今天"
	if form.To != 0 && form.To < day {
		day, words = form.To, form.To.String()
	}
	if hour, known := form.hour(); known {
		words += " " + hourText(hour)
	}
	totals, err := p.Store.RecordTotals(c.Ctx(), c.Scope(), filter, day)
	page.Day = words
	page.Totals = []templates.Fact{
		{Label: "进门", Value: frame.Grouped(totals.In)}, {Label: "出门", Value: frame.Grouped(totals.Out)},
		{Label: "拒绝", Value: frame.Grouped(totals.Refused)},
	}
	if totals.Urgent > 0 {
		page.Totals = append(page.Totals, templates.Fact{Label: "其中紧急放行", Value: frame.Grouped(totals.Urgent)})
	}
	return err
}

func accessRecordRowOf(pages frame.PassagePages, r core.AccessRecord, at frame.CommunityChoice) accessRecordRow {
	return accessRecordRow{
		URL: frame.AccessRecordURL(r.ID), At: r.At, Community: at.NameOf(r.Community), Gate: r.Gate,
		Direction: r.Direction.Label(), Via: r.Way(),
		Name: cmp.Or(r.Who(), "未知"), House: r.HouseLabel, Temp: r.Degrees(), Why: r.Why(), Repeats: r.RepeatLabel(),
		Result: accessRecordBadge(r), PassageURLs: pages.Of(r),
	}
}

func accessRecordBadge(r core.AccessRecord) templates.Badge {
	if r.Urgent() {
		return templates.Badge{Tone: templates.Warn, Text: r.ResultLabel()}
	}
	if r.Allowed {
		return templates.Badge{Tone: templates.Good, Text: r.ResultLabel()}
	}
	return templates.Badge{Tone: templates.Bad, Text: r.ResultLabel()}
}

// accessRecordNews is the bar above the list's first page with the number of records since it was loaded.
// It polls.
type accessRecordNews struct {
	URL   string // "" = none
	Words string // "" = nothing new
	List  string // the list's first page
}

// maxNews is the maximum count of new records, and newsTurns how often a page polls: one that was
// left open must not keep its session alive for ever.
const (
	maxNews   = 99
	newsTurns = 100
)

// accessRecordNewsOf returns the bar for n new records since an id; query is that of the list, or of the
// bar's own request.
func accessRecordNewsOf(query url.Values, since core.ID, n int) accessRecordNews {
	turn, err := strconv.Atoi(query.Get("turn"))
	if err != nil || turn < 0 {
		turn = 0
	}
	news := accessRecordNews{
		URL: templates.WithQuery(
			frame.AccessRecordPath+"/news", query, "since", since.String(), "turn", strconv.Itoa(turn+1),
			templates.AfterParam, "", templates.BeforeParam, "",
		),
		List: templates.WithQuery(
			frame.AccessRecordPath, query, "since", "", "turn", "", templates.AfterParam, "",
			templates.BeforeParam, "",
		),
	}
	switch {
	case n > maxNews:
		news.Words = fmt.Sprintf("有 %d 条以上新记录，点此刷新", maxNews)
	case n > 0:
		news.Words = fmt.Sprintf("有 %d 条新记录，点此刷新", n)
	}
	if turn >= newsTurns {
		news.URL, news.Words = "", cmp.Or(news.Words, "页面已打开较久，点此看新记录")
	}
	return news
}

// accessRecordNews responds to the polling of the bar.
func (p *Pages) accessRecordNews(c *web.Context) error {
	_, filter, _, err := p.accessRecordFilter(c)
	if err != nil {
		return err
	}
	since, err := core.ParseID(c.Query("since"))
	if err != nil {
		return err
	}
	if !c.IsPartial() {
		return c.Redirect(frame.AccessRecordPath)
	}
	records, _, err := p.Store.AccessRecords(c.Ctx(), c.Scope(), filter, core.Page{Prev: since, Limit: maxNews + 1})
	if err != nil {
		return err
	}
	news := accessRecordNewsOf(c.Request().URL.Query(), since, len(records))
	return c.HTML(http.StatusOK, func(w io.Writer) error { return p.Renderer.RenderBlock(w, "console/accessrecord/list", "news", news) })
}

type accessRecordShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Links []templates.Action
}

func (p *Pages) accessRecordShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	r, err := p.Store.AccessRecord(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return err
	}
	if err := p.Store.LookAtRecords(c.Ctx(), frame.Looker(c), c.Scope(), core.RecordFilter{Person: r.Person}, nil); err != nil {
		return err
	}
	page := accessRecordShowPage{
		Shell: p.Shell(c, "accessrecord", accessRecordTitle(r)), Facts: accessRecordFacts(r, community.Name, p.Store.Zone()),
	}
	if page.Links, err = p.accessRecordLinks(c, r); err != nil {
		return err
	}
	if err := p.accessRecordItems(c, r, &page); err != nil {
		return err
	}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "出入记录", URL: frame.AccessRecordPath}}, community.Name+" · "+r.Gate
	return p.Page(c, http.StatusOK, "console/accessrecord/show", page)
}

// accessRecordTitle returns who wanted to pass, and in which direction.
func accessRecordTitle(r core.AccessRecord) string {
	return cmp.Or(r.Name, "未知") + " " + r.Direction.Label()
}

func accessRecordFacts(r core.AccessRecord, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{
		{Label: "结果", Badge: accessRecordBadge(r)},
		{Label: "原因", Value: r.Why()},
		{Label: "重复开门", Value: r.RepeatLabel()},
		{Label: "时间", Value: r.At.In(zone).Format("2006-01-02 15:04:05")},
		{Label: "小区", Value: community},
		{Label: "门或门岗", Value: r.Gate},
		{Label: "方向", Value: r.Direction.Label()},
		{Label: "方式", Value: r.Way()},
		{Label: "放行者", Value: r.ReleasedBy},
		{Label: "通行证", Value: r.Kind.Label()},
		{Label: "姓名", Value: r.Name},
		{Label: "人数", Value: peopleText(r)},
		{Label: "房屋", Value: r.HouseLabel},
		{Label: "体温", Value: r.Degrees()},
		{Label: "计入出门次数", Value: yesNo(r.Counted)},
		{Label: "记录编号", Value: r.ID.String(), Code: true},
	}
	return slices.DeleteFunc(facts, func(f templates.Fact) bool {
		return (f.Label == "原因" || f.Label == "重复开门" || f.Label == "人数") && f.Value == ""
	})
}

// peopleText returns how many a record is about; "" if it is one.
func peopleText(r core.AccessRecord) string {
	if r.People < 2 {
		return ""
	}
	return strconv.Itoa(r.People) + " 人"
}

func yesNo(yes bool) string {
	if yes {
		return "是"
	}
	return "否"
}

// accessRecordLinks returns links to what the record is about, as far as the account may open it.
func (p *Pages) accessRecordLinks(c *web.Context, r core.AccessRecord) ([]templates.Action, error) {
	pages, err := p.PassagePages(c, []core.AccessRecord{r})
	if err != nil {
		return nil, err
	}
	var links []templates.Action
	if to := pages.Of(r).NameURL; to != "" {
		links = append(links, templates.Action{Label: frame.HolderLabel(r.Kind), URL: to, Icon: "user"})
	}
	face, err := p.accessRecordFace(c, r, pages.Holder(r))
	if err != nil {
		return nil, err
	}
	if face != "" {
		links = append(links, templates.Action{Label: "看照片", URL: face, Icon: "id-badge-2"})
	}
	if r.Person != 0 {
		links = append(links, templates.Action{
			Label: "出入记录", URL: frame.AccessRecordPath + "?person=" + r.Person.String(), Icon: "history",
		})
	}
	if r.House != 0 {
		links = append(links, templates.Action{Label: "本户出入记录", URL: frame.AccessRecordPath + "?house=" + r.House.String(), Icon: "home-2"})
	}
	if r.Reader != 0 && c.Has(core.PermReaderView) {
		links = append(links, templates.Action{Label: "门禁读头", URL: frame.ReaderURL(r.Reader), Icon: "door"})
	}
	return links, nil
}

// accessRecordFace returns the address of the picture of who passed; "" = none is kept, or the account may not see it. Opening it is
// recorded.
func (p *Pages) accessRecordFace(c *web.Context, r core.AccessRecord, holder core.ID) (string, error) {
	face := holderFaces[r.Kind]
	if holder == 0 || face == nil {
		return "", nil
	}
	return face(p, c, holder)
}

// holderFaces return the pictures of whose the passes of each kind are; nil = none is kept.
var holderFaces = map[core.PassKind]func(p *Pages, c *web.Context, holder core.ID) (string, error){
	core.PassResident: nil, core.PassVisitor: (*Pages).visitorFace, core.PassDedicated: (*Pages).memberFace, core.PassExitSlip: nil,
}
