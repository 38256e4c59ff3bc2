package access

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type accessRecordChartPage struct {
	templates.Shell
	Tabs   templates.Tabs
	List   templates.List // only its filters
	Later  string         // URL from which the charts are loaded after the page; "" = they are included
	Range  string
	Charts []templates.Chart
	Empty  templates.Empty // instead of the charts
}

// accessRecordTabs returns the tabs of the list and the charts with the same filters.
func accessRecordTabs(active string, query url.Values) templates.Tabs {
	kept := func(path string) string {
		return templates.WithQuery(path, query, templates.AfterParam, "", templates.BeforeParam, "")
	}
	return templates.Tabs{Label: "出入记录", KeepQuery: true, Items: []templates.NavItem{
		{Label: "列表", Icon: "list", URL: kept(frame.AccessRecordPath), Active: active == "list"},
		{Label: "图表", Icon: "chart-bar", URL: kept(frame.AccessRecordChartPath), Active: active == "chart"},
	}}
}

// chartDays is how many days the charts cover if no range is set.
const chartDays = 7

// accessRecordChart shows the filtered records as charts. It is a separate page, so that the list never
// waits for the counting; for more than a day, which may take a second, the charts are loaded
// separately.
func (p *Pages) accessRecordChart(c *web.Context) error {
	form, filter, at, wrong := p.accessRecordFilter(c)
	if wrong != nil && web.FieldsOf(wrong) == nil {
		return wrong
	}
	if to := accessRecordElsewhere(c, form, wrong); to != "" {
		return c.Redirect(to)
	}
	if form.Hour != "" { // charts cover whole days, and show them by hour
		return c.Redirect(templates.WithQuery(frame.AccessRecordChartPath, c.Request().URL.Query(), "hour", ""))
	}
	page := accessRecordChartPage{Shell: p.Shell(c, "accessrecord", "出入记录"), Tabs: accessRecordTabs("chart", c.Request().URL.Query())}
	var err error
	if page.List, err = p.accessRecordTable(c, form, at); err != nil {
		return err
	}
	page.List.Path = frame.AccessRecordChartPath
	page.List.More = slices.DeleteFunc(page.List.More, func(f templates.Field) bool { return f.Name == "hour" })
	if len(at.All) == 0 {
		page.Empty = page.List.Empty
		return p.Page(c, http.StatusOK, "console/accessrecord/chart", page)
	}
	first, last := form.days(p.Today(c))
	if wrong == nil {
		wrong = core.CheckChartDays(first, last)
	}
	if last > first && wrong == nil && !c.IsPartial() && c.Query("draw") == "" {
		page.Later = templates.WithQuery(frame.AccessRecordChartPath, c.Request().URL.Query(), "draw", "1")
		return p.Page(c, http.StatusOK, "console/accessrecord/chart", page)
	}
	var charts core.RecordCharts
	if wrong == nil {
		charts, wrong = p.Store.RecordCharts(c.Ctx(), c.Scope(), filter, first, last)
	}
	if web.FieldsOf(wrong) != nil {
		frame.SetErrors(page.List.Filters, web.FieldsOf(wrong))
		frame.SetErrors(page.List.More, web.FieldsOf(wrong))
		page.Empty = templates.Empty{Icon: "calendar", Title: "筛选条件有误", Text: "图表一次最多统计 31 天，请修改后再查询。"}
		return p.Page(c, web.StatusOf(wrong), "console/accessrecord/chart", page)
	}
	if wrong == nil {
		wrong = p.Store.LookAtRecords(c.Ctx(), frame.Looker(c), c.Scope(), filter, nil)
	}
	if wrong != nil {
		return wrong
	}
	sum := charts.Sum()
	page.Range = fmt.Sprintf(
		"%s 至 %s，共 %s 条：%s。%s", first, last, frame.Grouped(sum.All()), sum.Text(frame.Grouped), chartHint(first, last),
	)
	page.Charts = chartRangeOf(c.Request().URL.Query(), first, last).charts(charts, at)
	return p.Page(c, http.StatusOK, "console/accessrecord/chart", page)
}

// chartHint returns a text on which bars link to their records: an hour of several days does not.
func chartHint(first, last core.Day) string {
	if first == last {
		return "点柱子查看对应记录。"
	}
	return "点柱子查看对应记录（“按小时”除外）。"
}

// days returns the range that the charts cover: the one that is set, or the week up to its end or
// today.
func (f accessRecordForm) days(today core.Day) (first, last core.Day) {
	first, last = f.From, f.To
	if last == 0 {
		last = today
		if first > today {
			last = first
		}
	}
	if first == 0 {
		first = last - chartDays + 1
	}
	return first, last
}

// passageSeries are the columns of passage charts, as filled by passageCells.
var passageSeries = []templates.ChartSeries{
	{Label: "出门", Tone: templates.Good}, {Label: "进门", Tone: templates.Info}, {Label: "拒绝", Tone: templates.Bad},
}

// passageCells returns the figures of a row, each with a link to its records.
func passageCells(t core.RecordTotals, query url.Values) []templates.ChartCell {
	to := func(pairs ...string) string { return templates.WithQuery(frame.AccessRecordPath, query, pairs...) }
	return []templates.ChartCell{
		{N: t.Out, URL: to("direction", string(core.Out), "result", "allowed")},
		{N: t.In, URL: to("direction", string(core.In), "result", "allowed")},
		{N: t.Refused, URL: to("result", "refused")},
	}
}

// chartRange is the charts' filters, with both ends of the range set; the charts' links narrow
// them.
type chartRange struct {
	query       url.Values
	first, last core.Day
}

func chartRangeOf(query url.Values, first, last core.Day) chartRange {
	r := chartRange{query: query, first: first, last: last}
	r.query = r.with("from", first.String(), "to", last.String())
	return r
}

// with returns the filters with more pairs set.
func (r chartRange) with(pairs ...string) url.Values {
	changed := maps.Clone(r.query)
	for i := 0; i+1 < len(pairs); i += 2 {
		changed.Set(pairs[i], pairs[i+1])
	}
	return changed
}

func (r chartRange) charts(c core.RecordCharts, at frame.CommunityChoice) []templates.Chart {
	var day url.Values
	if r.first == r.last {
		day = r.query
	}
	hours := HoursChart(c.Hours, day)
	hours.Words = Busiest(c.Hours)
	return []templates.Chart{r.days(c.Days), hours, r.gates(c.Gates, at), r.reasons(c.Reasons), r.urgent(c.Gates, at)}
}

// urgent counts by door what was released urgently, which the other charts have among what was released.
func (r chartRange) urgent(gates []core.GateTotals, in frame.CommunityChoice) templates.Chart {
	chart := templates.Chart{
		ID: "urgent", Title: "紧急放行", Kind: templates.ChartRank, Of: "门或门岗",
		Series: []templates.ChartSeries{{Label: "次数", Tone: templates.Warn}},
	}
	some := slices.DeleteFunc(slices.Clone(gates), func(g core.GateTotals) bool { return g.Urgent == 0 })
	slices.SortStableFunc(some, func(a, b core.GateTotals) int { return cmp.Compare(b.Urgent, a.Urgent) })
	for _, g := range some[:min(len(some), gatesDrawn)] {
		at := maps.Clone(r.at(g))
		at.Set("result", "urgent")
		chart.Rows = append(chart.Rows, templates.ChartRow{
			Label: doorLabel(g, in), URL: templates.WithQuery(frame.AccessRecordPath, at), Cells: []templates.ChartCell{{N: g.Urgent}},
		})
	}
	if len(chart.Rows) == 0 {
		chart.Words = "没有紧急放行。"
	}
	return chart
}

// at returns the filters of one door.
func (r chartRange) at(g core.GateTotals) url.Values {
	switch {
	case g.Reader != 0:
		return r.with("gate", "r"+g.Reader.String())
	case g.Post != 0:
		return r.with("gate", "p"+g.Post.String())
	}
	return r.query
}

// doorLabel returns the name of a door, after that of its community if there are several: each may have an east gate.
func doorLabel(g core.GateTotals, in frame.CommunityChoice) string {
	label := cmp.Or(g.Gate, "未知")
	if name := in.NameOf(g.Community); name != "" {
		label = name + " · " + label
	}
	return label
}

func (r chartRange) days(days []core.RecordTotals) templates.Chart {
	chart := templates.Chart{ID: "by-day", Title: "按天", Kind: templates.ChartBars, Of: "日期", Series: passageSeries}
	for i, t := range days {
		day := (r.first + core.Day(i)).String()
		on := r.with("from", day, "to", day)
		chart.Rows = append(chart.Rows, templates.ChartRow{
			Label: day[len("2006-"):], URL: templates.WithQuery(frame.AccessRecordPath, on),
			Cells: passageCells(t, on),
		})
	}
	return chart
}

func (r chartRange) gates(gates []core.GateTotals, in frame.CommunityChoice) templates.Chart {
	chart := templates.Chart{ID: "by-gate", Title: "按门", Kind: templates.ChartRank, Of: "门或门岗", Series: passageSeries}
	for _, g := range gates[:min(len(gates), gatesDrawn)] {
		at := r.at(g)
		row := templates.ChartRow{
			Label: doorLabel(g, in), URL: templates.WithQuery(frame.AccessRecordPath, at),
			Cells: passageCells(g.RecordTotals, at),
		}
		chart.Rows = append(chart.Rows, row)
	}
	if more := len(gates) - len(chart.Rows); more > 0 {
		chart.Words = fmt.Sprintf("只画最忙的 %d 处，另有 %d 处。", gatesDrawn, more)
	}
	return chart
}

func (r chartRange) reasons(reasons []core.RefusalCount) templates.Chart {
	chart := templates.Chart{
		ID: "by-reason", Title: "拒绝的原因", Kind: templates.ChartRank, Of: "原因",
		Series: []templates.ChartSeries{{Label: "次数", Tone: templates.Bad}},
	}
	for _, c := range reasons {
		why := templates.WithQuery(frame.AccessRecordPath, r.with("reason", string(c.Reason), "result", "refused"))
		chart.Rows = append(chart.Rows, templates.ChartRow{Label: c.Reason.Label(), URL: why, Cells: []templates.ChartCell{{N: c.N}}})
	}
	if len(chart.Rows) == 0 {
		chart.Words = "没有拒绝。"
	}
	return chart
}

// gatesDrawn is the maximum number of gates in a chart.
const gatesDrawn = 20

// HoursChart returns a chart by hour of the day. Its bars link to the records of that hour, with
// the filters day; day is nil for several days, whose hours are not one range.
func HoursChart(hours core.HourTotals, day url.Values) templates.Chart {
	chart := templates.Chart{ID: "by-hour", Title: "按小时", Kind: templates.ChartBars, Of: "时段", Series: passageSeries}
	for hour, t := range hours {
		row := templates.ChartRow{Label: hourText(hour), Cells: []templates.ChartCell{{N: t.Out}, {N: t.In}, {N: t.Refused}}}
		if day != nil {
			on := maps.Clone(day)
			on.Set("hour", strconv.Itoa(hour))
			row.URL, row.Cells = templates.WithQuery(frame.AccessRecordPath, on), passageCells(t, on)
		}
		chart.Rows = append(chart.Rows, row)
	}
	return chart
}

// Busiest returns the label of the busiest hour; "" if nothing was counted.
func Busiest(hours core.HourTotals) string {
	busiest := 0
	for hour, t := range hours {
		if t.All() > hours[busiest].All() {
			busiest = hour
		}
	}
	if hours[busiest].All() == 0 {
		return ""
	}
	return fmt.Sprintf("%d 时最多，%s 次。", busiest, frame.Grouped(hours[busiest].All()))
}
