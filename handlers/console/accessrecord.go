package console

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
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
		{Method: http.MethodGet, Path: recordPath + "/news", Access: view, Handler: h.recordNews},
		{Method: http.MethodGet, Path: recordPath + "/export.xlsx", Access: web.Need(core.PermRecordExport), Handler: h.recordExport, Time: -1, EachPerMinute: 6},
		{Method: http.MethodGet, Path: recordPath + "/:id", Access: view, Handler: h.recordShow},
	}
}

// recordForm is what the filters send.
type recordForm struct {
	Community core.ID  `form:"community"`
	From      core.Day `form:"from"`
	To        core.Day `form:"to"` // the last day
	Direction string   `form:"direction" max:"8"`
	Kind      string   `form:"kind" max:"16"`
	Via       string   `form:"via" max:"8"`
	Result    string   `form:"result" max:"8"`
	Reason    string   `form:"reason" max:"32"`
	Gate      string   `form:"gate" max:"24"` // r and a reader's id, or p and a post's
	House     core.ID  `form:"house"`
	Person    core.ID  `form:"person"`
	Keyword   string   `form:"q" max:"40"`
}

// check refuses what no choice of the page sends.
func (f recordForm) check() error {
	fields := map[string]string{}
	if f.From != 0 && f.To != 0 && f.To < f.From {
		fields["to"] = "不能早于开始日期"
	}
	for _, choice := range []struct {
		name, value string
		known       []string
	}{
		{"direction", f.Direction, []string{string(core.In), string(core.Out)}},
		{"kind", f.Kind, []string{string(core.PassResident)}},
		{"via", f.Via, texts(core.Vias())},
		{"result", f.Result, []string{"allowed", "refused"}},
		{"reason", f.Reason, texts(core.Reasons())},
	} {
		if choice.value != "" && !slices.Contains(choice.known, choice.value) {
			fields[choice.name] = "请在列出的选项中选择"
		}
	}
	return core.InvalidFields(fields)
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = string(item)
	}
	return out
}

// filter is the form as the store takes it; reader and post are those of Gate.
func (f recordForm) filter(zone *time.Location, reader, post core.ID) core.RecordFilter {
	filter := core.RecordFilter{
		Community: f.Community, Direction: core.Direction(f.Direction), Kind: core.PassKind(f.Kind), Via: core.Via(f.Via), Result: f.Result,
		Reason: core.Reason(f.Reason), Reader: reader, Post: post, House: f.House, Person: f.Person, Keyword: f.Keyword,
	}
	if f.From != 0 {
		filter.From = f.From.Start(zone)
	}
	if f.To != 0 {
		filter.To = (f.To + 1).Start(zone)
	}
	return filter
}

// recordFilter reads the filters of the address. What is not of the account's
// communities is not found. at is the community they are about, or all.
func (h *Console) recordFilter(c *web.Context) (form recordForm, filter core.RecordFilter, at place, err error) {
	wrong := c.BindQuery(&form)
	if wrong == nil {
		wrong = form.check()
	}
	if at.All, err = h.Store.Communities(c.Ctx(), c.Scope()); err != nil {
		return form, filter, at, err
	}
	if form.Community != 0 {
		at.Community, err = h.Store.Community(c.Ctx(), c.Scope(), form.Community)
	} else if len(at.All) == 1 {
		at.Community = at.All[0]
	}
	if err == nil && form.House != 0 {
		_, err = h.Store.House(c.Ctx(), c.Scope(), form.House)
	}
	if err != nil {
		return form, filter, at, err
	}
	reader, post, err := h.recordGate(c, form.Gate)
	if err != nil {
		return form, filter, at, err
	}
	return form, form.filter(h.Store.Zone(), reader, post), at, wrong
}

// recordGate reads the choice of a reader or a post.
func (h *Console) recordGate(c *web.Context, choice string) (reader, post core.ID, err error) {
	if choice == "" {
		return 0, 0, nil
	}
	id, err := core.ParseID(choice[1:])
	if err != nil {
		return 0, 0, err
	}
	switch choice[0] {
	case 'r':
		_, err = h.Store.Reader(c.Ctx(), c.Scope(), id)
		return id, 0, err
	case 'p':
		_, err = h.Store.GuardPost(c.Ctx(), c.Scope(), id)
		return 0, id, err
	}
	return 0, 0, core.NotFound("门或门岗不存在")
}

type recordListPage struct {
	templates.Shell
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
	page := recordListPage{Shell: h.shell(c, "accessrecord", "出入记录")}
	var err error
	if page.List, err = h.recordTable(c, form, at); err != nil {
		return err
	}
	if wrong != nil {
		setErrors(page.List.Filters, web.FieldsOf(wrong))
		setErrors(page.List.More, web.FieldsOf(wrong))
		page.List.Export = ""
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
		page.News = recordNewsOf(c.Request().URL.Query(), cmp.Or(first, h.Store.NewID()), 0, false)
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
	row := recordRow{
		URL: recordURL(r.ID), At: r.At, Community: at.name(r.Community), Gate: r.Gate, Direction: r.Direction.Words(), Via: r.Via.Words(),
		Name: r.Name, House: r.HouseLabel, Temp: degrees(r.TempTenths), Why: r.Why(), Result: recordBadge(r),
	}
	if r.Name == "" {
		row.Name = "未知"
	}
	return row
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

// gatesMost bounds the readers among the choices of a gate.
const gatesMost = 200

func (h *Console) recordTable(c *web.Context, form recordForm, at place) (templates.List, error) {
	if len(at.All) == 0 {
		return templates.List{Path: recordPath, Empty: noCommunityYet(c)}, nil
	}
	list := templates.List{
		Path: recordPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: recordFields(),
		More: []templates.Field{
			{Kind: templates.Select, Name: "via", Label: "方式", Choices: choicesOf("全部方式", core.Vias(), core.Via.Words)},
			{Kind: templates.Select, Name: "kind", Label: "通行证", Choices: choicesOf("全部通行证", []core.PassKind{core.PassResident}, core.PassKind.Words)},
			{Kind: templates.Select, Name: "reason", Label: "原因", Choices: choicesOf("全部原因", core.Reasons()[1:], core.Reason.Sentence)},
		},
		Columns: []templates.Column{{Label: "时间"}, {Label: "门或门岗"}, {Label: "方向", Narrow: true}, {Label: "姓名"}, {Label: "房屋"}, {Label: "体温", Narrow: true}, {Label: "结果"}},
		Empty:   templates.Empty{Icon: "history", Title: "还没有出入记录", Text: "读头或门岗每放行或拒绝一次，这里就多一条。"},
	}
	if len(at.All) > 1 {
		list.Filters = slices.Insert(list.Filters, 1, at.field("全部小区"))
	}
	for _, kept := range []struct {
		name string
		id   core.ID
	}{{"house", form.House}, {"person", form.Person}} {
		if kept.id != 0 {
			list.Filters = append(list.Filters, templates.Field{Kind: templates.Hidden, Name: kept.name})
		}
	}
	if c.Has(core.PermRecordExport) {
		list.Export = recordPath + "/export.xlsx"
	}
	gates, err := h.recordGates(c, at)
	if len(gates) > 1 {
		list.More = append([]templates.Field{{Kind: templates.Select, Name: "gate", Label: "门或门岗", Choices: gates}}, list.More...)
	}
	return list, err
}

func recordFields() []templates.Field {
	return []templates.Field{
		{Name: "q", Label: "姓名、房号或手机后四位", MaxLength: 40},
		{Kind: templates.Date, Name: "from", Label: "开始日期"},
		{Kind: templates.Date, Name: "to", Label: "结束日期"},
		{Kind: templates.Select, Name: "direction", Label: "方向", Choices: choicesOf("进和出", []core.Direction{core.In, core.Out}, core.Direction.Words)},
		{Kind: templates.Select, Name: "result", Label: "结果", Choices: []templates.Choice{{Label: "全部结果"}, {Value: "allowed", Label: "放行"}, {Value: "refused", Label: "拒绝"}}},
	}
}

func choicesOf[T ~string](first string, list []T, words func(T) string) []templates.Choice {
	choices := []templates.Choice{{Label: first}}
	for _, item := range list {
		choices = append(choices, templates.Choice{Value: string(item), Label: words(item)})
	}
	return choices
}

// recordGates are the readers and posts of one community, to choose from.
func (h *Console) recordGates(c *web.Context, at place) ([]templates.Choice, error) {
	if at.ID == 0 {
		return nil, nil
	}
	readers, _, err := h.Store.Readers(c.Ctx(), c.Scope(), store.ReaderFilter{Community: at.ID, Page: store.Page{Limit: gatesMost}})
	if err != nil {
		return nil, err
	}
	posts, err := h.Store.GuardPosts(c.Ctx(), c.Scope(), at.ID)
	choices := []templates.Choice{{Label: "全部门和门岗"}}
	for _, r := range readers {
		choices = append(choices, templates.Choice{Value: "r" + r.ID.String(), Label: r.Gate + " · " + r.Name})
	}
	for _, post := range posts {
		choices = append(choices, templates.Choice{Value: "p" + post.ID.String(), Label: post.Name + "（门岗）"})
	}
	return choices, err
}

// recordNews is the bar above the list's first page that says how many records
// came since. It asks for itself now and then.
type recordNews struct {
	URL   string // "" = none
	Words string // "" = nothing new
	List  string // the list's first page
}

// newsMost bounds how many new records are counted.
const newsMost = 99

func recordNewsOf(query url.Values, since core.ID, n int, more bool) recordNews {
	news := recordNews{
		URL:  templates.WithQuery(recordPath+"/news", query, "since", since.String(), templates.AfterParam, "", templates.BeforeParam, ""),
		List: templates.WithQuery(recordPath, query, "since", "", templates.AfterParam, "", templates.BeforeParam, ""),
	}
	switch {
	case more:
		news.Words = fmt.Sprintf("有 %d 条以上新记录，点此刷新", n)
	case n > 0:
		news.Words = fmt.Sprintf("有 %d 条新记录，点此刷新", n)
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
	records, more, err := h.Store.AccessRecords(c.Ctx(), c.Scope(), filter, store.Page{After: since, Limit: newsMost})
	if err != nil {
		return err
	}
	news := recordNewsOf(c.Request().URL.Query(), since, len(records), more)
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
	page := recordShowPage{Shell: h.shell(c, "accessrecord", "出入记录"), Facts: recordFacts(r, community.Name, h.Store.Zone()), Links: recordLinks(c, r)}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "出入记录", URL: recordPath}}, community.Name+" · "+r.Gate
	return h.page(c, http.StatusOK, "console/accessrecord/show", page)
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
	return c.Download("出入记录-"+c.Now().In(zone).Format("20060102-150405")+".xlsx", web.SheetType, func(w io.Writer) error {
		return web.Sheet(w, "出入记录", core.RecordColumns, func(add func(values ...any) error) error {
			return h.Store.ExportAccessRecords(c.Ctx(), c.Actor(), c.Scope(), filter, func(r core.AccessRecord) error {
				return add(r.Cells(names[r.Community], zone)...)
			})
		})
	})
}
