package console

import (
	"fmt"
	"net/http"
	"net/url"

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
	People  []homeFigure
	Waiting []templates.NavItem // what waits for this account, with how many
	Waits   bool                // the account may do something of what can wait
	Chart   templates.Chart
	Records bool // Figures and Chart are there
	Links   []templates.Action
	Empty   templates.Empty // with a title: there is nothing that the account may see
}

// homeFigure is one large number, and where it leads.
type homeFigure struct {
	Label, Value, URL string
	Tone              templates.Tone
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
	if c.Has(core.PermResidentView) {
		if err := h.homePeople(c, &page); err != nil {
			return err
		}
	}
	page.Waits = c.Has(core.PermAlertView) || c.Has(core.PermReaderView) || c.Has(core.PermGuardPostEdit) || c.Has(core.PermObserverEdit)
	if err := h.homeWaiting(c, &page); err != nil {
		return err
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
		{"进", grouped(sum.In), today + "&direction=in&result=allowed", templates.Info},
		{"出", grouped(sum.Out), today + "&direction=out&result=allowed", templates.Good},
		{"拒绝", grouped(sum.Refused), today + "&result=refused", templates.Bad},
	}
	page.Chart = hoursChart(hours, url.Values{"from": {page.Day}, "to": {page.Day}})
	page.Chart.Title, page.Chart.Words = "今天按小时", busiest(hours)
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

// homePeople counts residents and those of them who are certified.
func (h *Console) homePeople(c *web.Context, page *homePage) error {
	residents, certified, err := h.Store.ResidentCounts(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	share := "–"
	if residents > 0 {
		share = fmt.Sprintf("%d%%", certified*100/residents)
	}
	page.People = []homeFigure{
		{"住户", grouped(residents), residentPath, templates.Neutral},
		{"已认证", grouped(certified), residentPath + "?certified=yes", templates.Good},
		{"未认证", grouped(residents - certified), residentPath + "?certified=no", templates.Neutral},
		{"认证比例", share, residentPath + "?certified=yes", templates.Neutral},
	}
	return nil
}

// homeWaiting lists what waits for somebody of this account's permissions. What
// does not wait is left out.
func (h *Console) homeWaiting(c *web.Context, page *homePage) error {
	add := func(n int, label, url string) {
		if n > 0 {
			page.Waiting = append(page.Waiting, templates.NavItem{Label: label, URL: url, Count: n})
		}
	}
	if c.Has(core.PermAlertView) {
		alerts, err := h.Store.OpenAlerts(c.Ctx(), c.Scope())
		if err != nil {
			return err
		}
		add(alerts, "告警，等待处理", alertPath)
	}
	if c.Has(core.PermReaderView) {
		strangers, err := h.Store.QuarantinedReaders(c.Ctx(), c.Scope())
		if err != nil {
			return err
		}
		add(len(strangers), "未识别的设备，等待登记", readerPath+"/quarantine")
	}
	if c.Has(core.PermGuardPostEdit) {
		guards, err := h.Store.Guards(c.Ctx(), c.Scope(), 0)
		if err != nil {
			return err
		}
		add(countOf(guards, func(g core.Guard) bool { return g.User == 0 && g.Disabled.IsZero() }), "门岗人员还没有绑定微信", guardPath+"?bound=no&state=on")
	}
	if c.Has(core.PermObserverEdit) {
		observers, err := h.Store.Observers(c.Ctx(), c.Scope())
		if err != nil {
			return err
		}
		add(countOf(observers, func(o core.Observer) bool { return o.User == 0 && o.Removed.IsZero() }), "观察员还没有绑定微信", observerPath+"?bound=no")
	}
	return nil
}

func countOf[T any](list []T, is func(T) bool) int {
	n := 0
	for _, item := range list {
		if is(item) {
			n++
		}
	}
	return n
}
