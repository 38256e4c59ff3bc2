package console

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const recordPath = "/console/accessrecord"

func recordURL(id core.ID) string { return recordPath + "/" + id.String() }

// recordRoutes are 出入记录: the list, one record, and the export.
func (h *Console) recordRoutes() []web.Route {
	view := web.Need(core.PermRecordView)
	return []web.Route{
		{Method: http.MethodGet, Path: recordPath, Access: view, Handler: h.recordList},
		{Method: http.MethodGet, Path: recordChartPath, Access: view, Handler: h.recordChart, EachPerMinute: 60},
		{Method: http.MethodGet, Path: recordPath + "/news", Access: view, Handler: h.recordNews},
		{Method: http.MethodGet, Path: recordPath + "/export.xlsx", Access: web.Need(core.PermRecordExport), Handler: h.recordExport, Time: -1, EachPerMinute: 30},
		{Method: http.MethodGet, Path: recordPath + "/:id", Access: view, Handler: h.recordShow},
	}
}

type recordListPage struct {
	templates.Shell
	Tabs   templates.Tabs
	List   templates.List
	Rows   []recordRow
	Totals []templates.Fact
	Day    string
	News   recordNews
}

type recordRow struct {
	URL, Community, Gate, Direction, Via, Name, House, Temp, Why string
	At                                                           time.Time
	Result                                                       templates.Badge
}

// recordsAPage is how many records a page shows.
const recordsAPage = 50

func (h *Console) recordList(c *web.Context) error {
	form, filter, at, wrong := h.recordFilter(c)
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	if to := recordElsewhere(c, form, wrong); to != "" {
		return c.Redirect(to)
	}
	page := recordListPage{Shell: h.shell(c, "accessrecord", "出入记录"), Tabs: recordTabs("list", c.Request().URL.Query())}
	var err error
	if page.List, err = h.recordTable(c, form, at); err != nil {
		return err
	}
	if wrong != nil {
		setErrors(page.List.Filters, web.FieldsOf(wrong))
		setErrors(page.List.More, web.FieldsOf(wrong))
		page.List.Export = ""
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Bad, Text: "筛选条件有误，请修改后再查询。"})
		return h.page(c, web.StatusOf(wrong), "console/accessrecord/list", page)
	}
	if err := h.recordTotals(c, &page, form, filter); err != nil {
		return err
	}
	asked := c.Page(recordsAPage)
	records, more, err := h.Store.AccessRecords(c.Ctx(), c.Scope(), filter, asked)
	if err != nil {
		return err
	}
	var first, last core.ID
	for i, r := range records {
		page.Rows = append(page.Rows, recordRowOf(r, at))
		if last = r.ID; i == 0 {
			first = last
		}
	}
	links := web.Links(c.Request().URL, asked, first, last, more)
	page.List.Count = len(page.Rows)
	page.List.Pager = templates.Pager{Prev: links.Newer, Next: links.Older, Summary: fmt.Sprintf("本页 %d 条", len(page.Rows))}
	if asked.Before == 0 && asked.After == 0 {
		page.News = recordNewsOf(c.Request().URL.Query(), cmp.Or(first, h.Store.NewID()), 0)
	}
	return h.page(c, http.StatusOK, "console/accessrecord/list", page)
}

func setErrors(fields []templates.Field, messages map[string]string) {
	for i := range fields {
		fields[i].Error = messages[fields[i].Name]
	}
}

// recordTotals counts the day that the list ends with: today, or the last day of
// the range.
func (h *Console) recordTotals(c *web.Context, page *recordListPage, form recordForm, filter core.RecordFilter) error {
	day, words := h.today(c), "今天"
	if form.To != 0 && form.To < day {
		day, words = form.To, form.To.String()
	}
	totals, err := h.Store.RecordTotals(c.Ctx(), c.Scope(), filter, day)
	page.Day = words
	page.Totals = []templates.Fact{
		{Label: "进", Value: grouped(totals.In)}, {Label: "出", Value: grouped(totals.Out)}, {Label: "拒绝", Value: grouped(totals.Refused)},
	}
	return err
}

// grouped writes a figure as 12,345.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func recordRowOf(r core.AccessRecord, at place) recordRow {
	return recordRow{
		URL: recordURL(r.ID), At: r.At, Community: at.name(r.Community), Gate: r.Gate, Direction: r.Direction.Words(), Via: r.Via.Words(),
		Name: cmp.Or(r.Name, "未知"), House: r.HouseLabel, Temp: degrees(r.TempTenths), Why: r.Why(), Result: recordBadge(r),
	}
}

func recordBadge(r core.AccessRecord) templates.Badge {
	if r.Allowed {
		return templates.Badge{Tone: templates.Good, Text: r.ResultWords()}
	}
	return templates.Badge{Tone: templates.Bad, Text: r.ResultWords()}
}

// degrees writes a temperature; "" for none.
func degrees(tenths int) string {
	if tenths == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d ℃", tenths/10, tenths%10)
}

// recordNews is the bar above the list's first page that says how many records
// came since. It asks for itself now and then.
type recordNews struct {
	URL   string // "" = none
	Words string // "" = nothing new
	List  string // the list's first page
}

// newsMost bounds how many new records are counted, and newsTurns how often a page
// asks: one that was left open must not keep its session alive for ever.
const (
	newsMost  = 99
	newsTurns = 100
)

// recordNewsOf is the bar with n new records since an id; query is of the list, or
// of the bar's own request.
func recordNewsOf(query url.Values, since core.ID, n int) recordNews {
	turn, err := strconv.Atoi(query.Get("turn"))
	if err != nil || turn < 0 {
		turn = 0
	}
	news := recordNews{
		URL:  templates.WithQuery(recordPath+"/news", query, "since", since.String(), "turn", strconv.Itoa(turn+1), templates.AfterParam, "", templates.BeforeParam, ""),
		List: templates.WithQuery(recordPath, query, "since", "", "turn", "", templates.AfterParam, "", templates.BeforeParam, ""),
	}
	switch {
	case n > newsMost:
		news.Words = fmt.Sprintf("有 %d 条以上新记录，点此刷新", newsMost)
	case n > 0:
		news.Words = fmt.Sprintf("有 %d 条新记录，点此刷新", n)
	}
	if turn >= newsTurns {
		news.URL, news.Words = "", cmp.Or(news.Words, "页面已打开较久，点此看新记录")
	}
	return news
}

// recordNews answers the bar.
func (h *Console) recordNews(c *web.Context) error {
	_, filter, _, err := h.recordFilter(c)
	if err != nil {
		return err
	}
	since, err := core.ParseID(c.Query("since"))
	if err != nil {
		return err
	}
	if !c.IsPartial() {
		return c.Redirect(recordPath)
	}
	records, _, err := h.Store.AccessRecords(c.Ctx(), c.Scope(), filter, store.Page{After: since, Limit: newsMost + 1})
	if err != nil {
		return err
	}
	news := recordNewsOf(c.Request().URL.Query(), since, len(records))
	return c.HTML(http.StatusOK, func(w io.Writer) error { return h.Renderer.RenderBlock(w, "console/accessrecord/list", "news", news) })
}

type recordShowPage struct {
	templates.Shell
	Facts []templates.Fact
	Links []templates.Action
}

func (h *Console) recordShow(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	r, err := h.Store.AccessRecord(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	community, err := h.Store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return err
	}
	page := recordShowPage{Shell: h.shell(c, "accessrecord", recordTitle(r)), Facts: recordFacts(r, community.Name, h.Store.Zone()), Links: recordLinks(c, r)}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "出入记录", URL: recordPath}}, community.Name+" · "+r.Gate
	return h.page(c, http.StatusOK, "console/accessrecord/show", page)
}

// recordTitle says who wanted to pass, and which way.
func recordTitle(r core.AccessRecord) string {
	return cmp.Or(r.Name, "未知") + " " + directionWords(r.Direction)
}

func recordFacts(r core.AccessRecord, community string, zone *time.Location) []templates.Fact {
	facts := []templates.Fact{
		{Label: "结果", Badge: recordBadge(r)},
		{Label: "原因", Value: r.Why()},
		{Label: "时间", Value: r.At.In(zone).Format("2006-01-02 15:04:05")},
		{Label: "小区", Value: community},
		{Label: "门或门岗", Value: r.Gate},
		{Label: "方向", Value: r.Direction.Words()},
		{Label: "方式", Value: r.Via.Words()},
		{Label: "放行者", Value: r.ReleasedBy},
		{Label: "通行证", Value: r.Kind.Words()},
		{Label: "姓名", Value: r.Name},
		{Label: "房屋", Value: r.HouseLabel},
		{Label: "体温", Value: degrees(r.TempTenths)},
		{Label: "计入出门次数", Value: map[bool]string{true: "是", false: "否"}[r.Counted]},
		{Label: "记录编号", Value: r.ID.String(), Code: true},
	}
	return slices.DeleteFunc(facts, func(f templates.Fact) bool { return f.Label == "原因" && f.Value == "" })
}

// recordLinks lead to what the record is about, where the account may go.
func recordLinks(c *web.Context, r core.AccessRecord) []templates.Action {
	var links []templates.Action
	if r.Resident != 0 && c.Has(core.PermResidentView) {
		links = append(links, templates.Action{Label: "住户资料", URL: residentURL(r.Resident), Icon: "user"})
	}
	if r.Person != 0 {
		links = append(links, templates.Action{Label: "此人的记录", URL: recordPath + "?person=" + r.Person.String(), Icon: "history"})
	}
	if r.House != 0 {
		links = append(links, templates.Action{Label: "此房屋的记录", URL: recordPath + "?house=" + r.House.String(), Icon: "home-2"})
	}
	if r.Reader != 0 && c.Has(core.PermReaderView) {
		links = append(links, templates.Action{Label: "门禁读头", URL: readerURL(r.Reader), Icon: "door"})
	}
	return links
}

// recordExport streams the records of the filters as a spreadsheet.
func (h *Console) recordExport(c *web.Context) error {
	_, filter, at, err := h.recordFilter(c)
	if err != nil {
		return err
	}
	names := map[core.ID]string{}
	for _, community := range at.All {
		names[community.ID] = community.Name
	}
	zone := h.Store.Zone()
	export := web.Export{Name: "出入记录", Columns: core.RecordColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return h.Store.ExportAccessRecords(ctx, c.Actor(), c.Scope(), filter, func(r core.AccessRecord) error {
			return add(r.Cells(names[r.Community], zone)...)
		})
	})
}
