package h5

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const observerPath = "/h5/observer"

func (h *H5) observerRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: observerPath, Access: web.Observer, Handler: h.accessRecordList},
		{Method: http.MethodPost, Path: observerPath, Access: web.Observer, Handler: h.accessRecordSearch, Reads: true},
		{Method: http.MethodGet, Path: "/h5/observer/events", Access: web.Observer, Handler: h.observerEvents, Time: -1},
		{
			Method: http.MethodGet, Path: "/h5/observer/export.xlsx", Access: web.Observer,
			Handler: h.accessRecordExport, Time: -1, EachPerMinute: 10,
		},
	}
}

// recordFilterForm is the observer's filters.
type recordFilterForm struct {
	Community core.ID        `form:"community"`
	Day       core.Day       `form:"day"`
	Days      string         `form:"days" of:"7"` // the last days up to today, if Day is 0
	Direction core.Direction `form:"direction" max:"8"`
	Kind      core.PassKind  `form:"kind" max:"16"`
	Result    string         `form:"result" of:"allowed refused urgent"`
	Keyword   string         `form:"q" max:"40"`
}

// lastDays is how many days 近7天 covers.
const lastDays = 7

func (f recordFilterForm) filter(zone *time.Location, now time.Time) core.RecordFilter {
	filter := core.RecordFilter{
		Community: f.Community, Direction: f.Direction, Kind: f.Kind, Result: f.Result,
		Keyword: f.Keyword, Outsider: true,
	}
	switch {
	case f.Day != 0:
		filter.From, filter.To = f.Day.Start(zone), (f.Day + 1).Start(zone)
	case f.Days != "":
		filter.From = (core.DayOf(now, zone) - lastDays + 1).Start(zone)
	}
	return filter
}

// observerPage lists the passages of the observer's communities, with masked names.
type observerPage struct {
	templates.Phone
	Chips     []templates.NavItem // the usual filters, one tap each
	Filters   []templates.Field
	Narrowed  int // filters set that no chip shows
	Totals    core.RecordTotals
	TotalsDay string
	Days      []recordDay
	Pager     templates.Pager
	Live      templates.Live
	Empty     templates.Empty
	Export    string
}

const maxObserver = 30

// accessRecordSearch redirects from the filters to the list, with the text encrypted in the URL.
func (h *H5) accessRecordSearch(c *web.Context) error {
	return c.FollowSearch(observerPath, c.Form())
}

func (h *H5) accessRecordList(c *web.Context) error {
	var form recordFilterForm
	if err := h.bindObserved(c, &form); err != nil {
		return err
	}
	page := c.Page(maxObserver)
	records, more, err := h.observed(c, form, page)
	if err != nil {
		return err
	}
	communities, err := h.store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	today := core.DayOf(c.Now(), h.store.Zone())
	day := cmp.Or(form.Day, today)
	totals, err := h.store.RecordTotals(c.Ctx(), c.Scope(), core.RecordFilter{Community: form.Community}, day)
	if err != nil {
		return err
	}
	query := c.Request().URL.Query()
	lines := named(h.lines(records, true), communities, form)
	view := observerPage{
		Phone: h.phone(c, "出入记录", c.Observer().Name+" · "+c.Observer().Capacity), Totals: totals,
		TotalsDay: day.Words(today), Days: recordDays(lines, h.store.Zone(), c.Now()),
		Live:  h.live("/h5/observer/events", "record", "refresh", records),
		Chips: form.chips(query, today), Filters: observerFilters(form, communities), Narrowed: form.narrowed(today),
		Empty: form.empty(),
	}
	if form.Keyword != "" {
		view.Live = templates.Live{} // each search is an act of its own, which is audited
	}
	list := templates.List{Path: c.Request().URL.Path, Query: query}
	web.Paged(&list, page, records, more, func(r core.AccessRecord) core.ID { return r.ID })
	view.Pager = list.Pager
	if c.Observer().MayExport {
		view.Export = templates.WithQuery("/h5/observer/export.xlsx", query, templates.BeforeParam, "", templates.AfterParam, "")
	}
	return h.show(c, http.StatusOK, "observer/list", view)
}

// bindObserved reads the filters. A community that does not exist and one of others have the same
// answer.
func (h *H5) bindObserved(c *web.Context, form *recordFilterForm) error {
	if err := c.BindQuery(form); err != nil {
		return err
	}
	if form.Community != 0 && !c.Scope().Has(form.Community) {
		return core.NotFound("小区不存在")
	}
	return nil
}

// chips returns the usual filters as links that keep the others. Tapping a chosen one removes it.
func (f recordFilterForm) chips(query url.Values, today core.Day) []templates.NavItem {
	chip := func(label string, chosen bool, pairs ...string) templates.NavItem {
		if chosen {
			for i := 1; i < len(pairs); i += 2 {
				pairs[i] = ""
			}
		}
		pairs = append(pairs, templates.BeforeParam, "", templates.AfterParam, "")
		return templates.NavItem{Label: label, Active: chosen, URL: templates.WithQuery(observerPath, query, pairs...)}
	}
	return []templates.NavItem{
		chip("今天", f.Day == today, "day", today.String(), "days", ""),
		chip("昨天", f.Day == today-1, "day", (today - 1).String(), "days", ""),
		chip("近7天", f.Day == 0 && f.Days != "", "days", strconv.Itoa(lastDays), "day", ""),
		chip("只看拒绝", f.Result == "refused", "result", "refused"),
	}
}

// narrowed returns how many filters are set that the chips do not show.
func (f recordFilterForm) narrowed(today core.Day) int {
	n := 0
	for _, set := range []bool{
		f.Community != 0, f.Day != 0 && f.Day != today && f.Day != today-1, f.Direction != "", f.Kind != "",
		f.Result != "" && f.Result != "refused", f.Keyword != "",
	} {
		if set {
			n++
		}
	}
	return n
}

// empty returns what the page says when there are no records: whether there are none at all.
func (f recordFilterForm) empty() templates.Empty {
	if f == (recordFilterForm{}) {
		return templates.Empty{Icon: "history", Title: "还没有出入记录", Text: "住户扫码或门岗登记后，会出现在这里。"}
	}
	return templates.Empty{
		Icon: "history", Title: "没有找到出入记录", Text: "换个日期或条件试试。",
		Action: templates.Action{Label: "重置", URL: observerPath},
	}
}

// searchesPerMinute limits the searches of one observer.
const searchesPerMinute = 20

// observed returns the filtered records. A text search is limited and audited.
func (h *H5) observed(c *web.Context, form recordFilterForm, page store.Page) ([]core.AccessRecord, bool, error) {
	if form.Keyword == "" {
		return h.store.AccessRecords(c.Ctx(), c.Scope(), form.filter(h.store.Zone(), c.Now()), page)
	}
	if err := h.searches.Take(c); err != nil {
		return nil, false, err
	}
	return h.store.SearchAccessRecords(c.Ctx(), observing(c), c.Scope(), store.RecordSearch{
		Filter: form.filter(h.store.Zone(), c.Now()), Page: page,
	})
}

// observing returns the observer as who looks.
func observing(c *web.Context) core.Looker {
	return core.Looker{Actor: c.Actor(), As: core.LookObserver, Capacity: c.Observer().Capacity}
}

// named adds what differs from row to row: the community if there are several and none is chosen, the
// kind of pass likewise.
func named(lines []line, communities []core.Community, f recordFilterForm) []line {
	names := map[core.ID]string{}
	if f.Community == 0 && len(communities) > 1 {
		for _, c := range communities {
			names[c.ID] = c.Name
		}
	}
	several := f.Kind == "" && len(core.PassKinds()) > 1
	for i := range lines {
		lines[i].CommunityName = names[lines[i].Community]
		if several {
			lines[i].KindName = lines[i].Kind.Label()
		}
	}
	return lines
}

func observerFilters(f recordFilterForm, communities []core.Community) []templates.Field {
	day := ""
	if f.Day != 0 {
		day = f.Day.String()
	}
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "days", Value: f.Days},
		{Kind: templates.Date, Name: "day", Label: "日期", Value: day},
		{
			Kind: templates.Select, Name: "direction", Label: "方向", Value: string(f.Direction),
			Choices: []templates.Choice{{Label: "全部方向"}, {Value: "in", Label: "进门"}, {Value: "out", Label: "出门"}},
		},
		{
			Kind: templates.Select, Name: "kind", Label: "类型", Value: string(f.Kind),
			Choices: templates.ChoicesOf("全部类型", core.PassKinds(), core.PassKind.Label),
		},
		{
			Kind: templates.Select, Name: "result", Label: "结果", Value: f.Result,
			Choices: templates.ChoicesOf("全部结果", core.RecordResults(), core.ResultText),
		},
		{Name: "q", Label: "姓氏或房屋", Value: f.Keyword, MaxLength: 40},
	}
	if len(communities) < 2 {
		return fields
	}
	options := []templates.Choice{{Label: "全部小区"}}
	for _, c := range communities {
		options = append(options, templates.Choice{Value: c.ID.String(), Label: c.Name})
	}
	value := ""
	if f.Community != 0 {
		value = f.Community.String()
	}
	return append([]templates.Field{{Kind: templates.Select, Name: "community", Label: "小区", Value: value, Choices: options}}, fields...)
}

func (h *H5) observerEvents(c *web.Context) error {
	return h.follow(c, c.Scope(), core.RecordFilter{}, "record")
}

// accessRecordExport streams the filtered records as a spreadsheet, with names masked as on the page.
func (h *H5) accessRecordExport(c *web.Context) error {
	if !c.Observer().MayExport {
		return core.Forbidden("您没有导出权限，请联系物业管理员")
	}
	var form recordFilterForm
	if err := h.bindObserved(c, &form); err != nil {
		return err
	}
	if form.Keyword != "" { // a file of a search is a search
		if err := h.searches.Take(c); err != nil {
			return err
		}
	}
	communities, err := h.store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	names := map[core.ID]string{}
	for _, community := range communities {
		names[community.ID] = community.Name
	}
	zone, filter := h.store.Zone(), form.filter(h.store.Zone(), c.Now())
	export := web.Export{Name: "出入记录", Columns: core.RecordColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return h.store.ExportAccessRecords(ctx, observing(c), c.Scope(), filter, func(r core.AccessRecord) error {
			r.Name = core.MaskName(r.Name)
			return add(r.Cells(names[r.Community], zone)...)
		})
	})
}
