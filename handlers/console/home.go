package console

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (h *Console) homeRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/console", Access: web.SignedIn, Handler: h.home},
	}
}

type homePage struct {
	templates.Shell
	Day     string
	Figures []homeFigure
	Doors   []homeFigure
	Hours   []homeHour
	Chart   homeChart
	Records bool // Figures, Hours and Chart are there
	Links   []templates.Action
	Empty   templates.Empty // with a title: there is nothing that the account may see
}

// homeFigure is one large number, and where it leads.
type homeFigure struct {
	Label, Value, URL string
	Tone              templates.Tone
}

// homeHour is an hour of the day as a line of the table behind the chart.
type homeHour struct {
	Label            string
	In, Out, Refused int
}

// home is the front page: today's passages, the doors, and where to go.
func (h *Console) home(c *web.Context) error {
	page := homePage{Shell: h.shell(c, "", "首页")}
	page.Day = h.today(c).String()
	if c.Has(core.PermRecordView) {
		if err := h.homeRecords(c, &page); err != nil {
			return err
		}
	}
	if c.Has(core.PermReaderView) {
		if err := h.homeDoors(c, &page); err != nil {
			return err
		}
	}
	for _, group := range h.nav(c, "") {
		for _, item := range group.Items {
			if item.URL != "/console" {
				page.Links = append(page.Links, templates.Action{Label: item.Label, URL: item.URL, Icon: item.Icon})
			}
		}
	}
	if len(page.Links) == 0 {
		page.Empty = templates.Empty{Icon: "lock", Title: "您的账号还没有任何权限", Text: "请联系管理员为您开通。"}
	}
	return h.page(c, http.StatusOK, "console/home/show", page)
}

func (h *Console) homeRecords(c *web.Context, page *homePage) error {
	hours, err := h.Store.RecordHours(c.Ctx(), c.Scope(), core.RecordFilter{}, h.today(c))
	if err != nil {
		return err
	}
	sum, today := hours.Sum(), recordPath+"?from="+page.Day+"&to="+page.Day
	page.Records = true
	page.Figures = []homeFigure{
		{"进", grouped(sum.In), today + "&direction=in&result=allowed", templates.Good},
		{"出", grouped(sum.Out), today + "&direction=out&result=allowed", templates.Good},
		{"拒绝", grouped(sum.Refused), today + "&result=refused", templates.Bad},
	}
	page.Chart = chartOf(hours)
	for hour, t := range hours {
		if t != (core.RecordTotals{}) {
			page.Hours = append(page.Hours, homeHour{fmt.Sprintf("%02d:00–%02d:00", hour, hour+1), t.In, t.Out, t.Refused})
		}
	}
	return nil
}

// homeDoors counts the readers in use by state.
func (h *Console) homeDoors(c *web.Context, page *homePage) error {
	counts, err := h.Store.ReaderStates(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	for _, state := range []struct {
		state core.ReaderState
		tone  templates.Tone
	}{{core.ReaderOnline, templates.Good}, {core.ReaderStale, templates.Warn}, {core.ReaderOffline, templates.Bad}, {core.ReaderNever, templates.Neutral}} {
		if counts[state.state] == 0 {
			state.tone = templates.Neutral
		}
		page.Doors = append(page.Doors, homeFigure{state.state.Words(), grouped(counts[state.state]), readerPath + "?state=" + string(state.state), state.tone})
	}
	return nil
}

// homeChart is a bar chart of 24 hours, in units of its own box.
type homeChart struct {
	Width, Height int
	Bars          []homeBar
	Marks         []homeMark
	Words         string // the chart in a sentence, for who cannot see it
}

// homeBar is one kind of passages in one hour.
type homeBar struct {
	X, Y, Width, Height int
	Kind                string // "in", "out", "refused"
	Words               string
}

// homeMark is an hour below the bars.
type homeMark struct {
	X    int
	Text string
}

const (
	chartHour   = 30 // the width of an hour
	chartBars   = 140
	chartBelow  = 24
	chartBar    = 22
	chartMarked = 3 // every third hour has its figure
)

// chartOf stacks an hour's exits, entries and refusals on each other.
func chartOf(hours core.HourTotals) homeChart {
	chart := homeChart{Width: 24 * chartHour, Height: chartBars + chartBelow}
	most, busiest := 1, 0
	for hour, t := range hours {
		if n := t.In + t.Out + t.Refused; n > most {
			most, busiest = n, hour
		}
	}
	for hour, t := range hours {
		base := chartBars
		for _, part := range []struct {
			kind, words string
			n           int
		}{{"out", "出", t.Out}, {"in", "进", t.In}, {"refused", "拒绝", t.Refused}} {
			if part.n == 0 {
				continue
			}
			tall := max(1, part.n*(chartBars-8)/most)
			base -= tall
			chart.Bars = append(chart.Bars, homeBar{
				X: hour*chartHour + (chartHour-chartBar)/2, Y: base, Width: chartBar, Height: tall, Kind: part.kind,
				Words: fmt.Sprintf("%d 时 %s %d", hour, part.words, part.n),
			})
		}
		if hour%chartMarked == 0 {
			chart.Marks = append(chart.Marks, homeMark{hour*chartHour + chartHour/2, fmt.Sprintf("%d时", hour)})
		}
	}
	sum := hours.Sum()
	chart.Words = fmt.Sprintf("今天按小时的出入：进 %d，出 %d，拒绝 %d。", sum.In, sum.Out, sum.Refused)
	if sum != (core.RecordTotals{}) {
		chart.Words = strings.TrimSuffix(chart.Words, "。") + fmt.Sprintf("，%d 时最多。", busiest)
	}
	return chart
}
