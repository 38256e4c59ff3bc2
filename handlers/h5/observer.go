package h5

import (
	"context"
	"net/http"
	"net/url"

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
	Direction core.Direction `form:"direction" max:"8"`
	Kind      core.PassKind  `form:"kind" max:"16"`
	Result    string         `form:"result" of:"allowed refused"`
	Keyword   string         `form:"q" max:"40"`
}

func (f recordFilterForm) filter(h *H5) core.RecordFilter {
	filter := core.RecordFilter{
		Community: f.Community, Direction: f.Direction, Kind: f.Kind, Result: f.Result,
		Keyword: f.Keyword, Outsider: true,
	}
	if f.Day != 0 {
		filter.From, filter.To = f.Day.Start(h.store.Zone()), (f.Day + 1).Start(h.store.Zone())
	}
	return filter
}

// observerPage lists the passages of the observer's communities, with masked names.
type observerPage struct {
	templates.Phone
	Query       url.Values
	Communities []core.Community
	Filters     []templates.Field
	Filtered    bool
	Totals      core.RecordTotals
	TotalsDay   string
	Records     []observed
	Pager       templates.Pager
	Live        templates.Live
	Empty       templates.Empty
	Export      string
}

// observed is a record with the community's name.
type observed struct {
	line
	CommunityName string
}

const maxObserver = 30

// accessRecordSearch redirects from the filters to the list, with the text encrypted in the URL.
func (h *H5) accessRecordSearch(c *web.Context) error {
	return c.FollowSearch(observerPath, c.Form())
}

func (h *H5) accessRecordList(c *web.Context) error {
	var form recordFilterForm
	if err := c.BindQuery(&form); err != nil {
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
	day := form.Day
	if day == 0 {
		day = core.DayOf(c.Now(), h.store.Zone())
	}
	totals, err := h.store.RecordTotals(c.Ctx(), c.Scope(), core.RecordFilter{Community: form.Community}, day)
	if err != nil {
		return err
	}
	view := observerPage{
		Phone: h.phone(c, "出入记录", c.Observer().Name+" · "+c.Observer().Capacity), Query: c.Request().URL.Query(),
		Communities: communities, Totals: totals, TotalsDay: day.String(), Records: named(h.lines(records, true), communities),
		Live:  h.live("/h5/observer/events", "record", "refresh", records),
		Empty: templates.Empty{Icon: "history", Title: "没有出入记录", Text: "换个日期或条件试试。"},
	}
	if form.Keyword != "" {
		view.Live = templates.Live{} // each search is an act of its own, which is audited
	}
	view.Filters, view.Filtered = observerFilters(form, communities), form != recordFilterForm{}
	list := templates.List{Path: c.Request().URL.Path, Query: view.Query}
	web.Paged(&list, page, records, more, func(r core.AccessRecord) core.ID { return r.ID })
	view.Pager = list.Pager
	if c.Observer().MayExport {
		view.Export = templates.WithQuery("/h5/observer/export.xlsx", view.Query, templates.BeforeParam, "", templates.AfterParam, "")
	}
	return h.show(c, http.StatusOK, "observer/list", view)
}

// searchesPerMinute limits the searches of one observer.
const searchesPerMinute = 20

// observed returns the filtered records. A text search is limited and audited.
func (h *H5) observed(c *web.Context, form recordFilterForm, page store.Page) ([]core.AccessRecord, bool, error) {
	if form.Keyword == "" {
		return h.store.AccessRecords(c.Ctx(), c.Scope(), form.filter(h), page)
	}
	if err := h.searches.Take(c); err != nil {
		return nil, false, err
	}
	return h.store.SearchAccessRecords(c.Ctx(), c.Actor(), c.Scope(), store.RecordSearch{Filter: form.filter(h), Page: page})
}

func named(lines []line, communities []core.Community) []observed {
	names := map[core.ID]string{}
	for _, c := range communities {
		names[c.ID] = c.Name
	}
	list := make([]observed, len(lines))
	for i, l := range lines {
		list[i] = observed{line: l, CommunityName: names[l.Community]}
	}
	return list
}

func observerFilters(f recordFilterForm, communities []core.Community) []templates.Field {
	day := ""
	if f.Day != 0 {
		day = f.Day.String()
	}
	fields := []templates.Field{
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
			Choices: []templates.Choice{{Label: "全部结果"}, {Value: "allowed", Label: "放行"}, {Value: "refused", Label: "拒绝"}},
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
	if err := c.BindQuery(&form); err != nil {
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
	zone := h.store.Zone()
	export := web.Export{Name: "出入记录", Columns: core.RecordColumns}
	return c.Export(export, func(ctx context.Context, add func(values ...any) error) error {
		return h.store.ExportAccessRecords(ctx, c.Actor(), c.Scope(), form.filter(h), func(r core.AccessRecord) error {
			r.Name = core.MaskName(r.Name)
			return add(r.Cells(names[r.Community], zone)...)
		})
	})
}
