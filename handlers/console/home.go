package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/access"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (p *pages) homeRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/console", Access: web.SignedIn, Handler: p.home},
		{Method: http.MethodPost, Path: frame.FilterPath, Access: web.SignedIn, Handler: p.filter, Reads: true},
		{Method: http.MethodGet, Path: frame.ScopePath, Access: web.SignedIn, Handler: p.ScopeShow},
		{Method: http.MethodPost, Path: frame.ScopePath, Access: web.SignedIn, Handler: p.ScopeChoose},
		{Method: http.MethodPost, Path: frame.StarPath, Access: web.SignedIn, Handler: p.StarUpdate},
		{Method: http.MethodGet, Path: frame.SearchPath, Access: web.SignedIn, Handler: p.FindShow},
		{Method: http.MethodPost, Path: frame.SearchPath, Access: web.SignedIn, Handler: p.Find, Reads: true},
	}
}

type homePage struct {
	templates.Shell
	Day     string
	Figures []homeFigure
	Doors   []homeFigure
	People  []homeFigure
	Waiting []templates.NavItem // pending items for this account, with their number
	Waits   bool                // the account has a permission for anything that can be pending
	Chart   templates.Chart
	Records bool // Figures and Chart are set
	Links   []templates.Action
	Empty   templates.Empty // with a title: the account may see nothing
}

// homeFigure is one large number with a link.
type homeFigure struct {
	Label, Value, URL string
	Tone              templates.Tone
}

// home is the home page: today's passages, the doors, and links.
func (p *pages) home(c *web.Context) error {
	page := homePage{Shell: p.Shell(c, "", "首页")}
	page.Day = p.Today(c).String()
	if c.Has(core.PermAccessRecordView) {
		if err := p.homeRecords(c, &page); err != nil {
			return err
		}
	}
	if c.Has(core.PermReaderView) {
		if err := p.homeDoors(c, &page); err != nil {
			return err
		}
	}
	if c.Has(core.PermResidentView) {
		if err := p.homePeople(c, &page); err != nil {
			return err
		}
	}
	page.Waits = c.Has(core.PermAccessAlertView) || c.Has(core.PermReaderView) ||
		c.Has(core.PermGuardPostEdit) || c.Has(core.PermObserverEdit)
	waiting, err := p.Waiting(c, p.Scope(c), true)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		page.Waiting = append(page.Waiting, templates.NavItem{Label: w.Label, URL: w.URL, Count: w.N})
	}
	for _, group := range frame.Menu("", c.Has) {
		for _, item := range group.Items {
			if item.URL != "/console" {
				page.Links = append(page.Links, templates.Action{Label: item.Label, URL: item.URL, Icon: item.Icon})
			}
		}
	}
	if !slices.ContainsFunc(core.Permissions(), c.Has) {
		page.Empty = templates.Empty{Icon: "lock", Title: "您的账号还没有任何权限", Text: "请联系管理员为您开通。"}
	}
	return p.Page(c, http.StatusOK, "console/home/show", page)
}

func (p *pages) homeRecords(c *web.Context, page *homePage) error {
	hours, err := p.Store.RecordHours(c.Ctx(), p.Scope(c), core.RecordFilter{}, p.Today(c))
	if err != nil {
		return err
	}
	sum, today := hours.Sum(), frame.AccessRecordPath+"?from="+page.Day+"&to="+page.Day
	page.Records = true
	page.Figures = []homeFigure{
		{"进", frame.Grouped(sum.In), today + "&direction=in&result=allowed", templates.Info},
		{"出", frame.Grouped(sum.Out), today + "&direction=out&result=allowed", templates.Good},
		{"拒绝", frame.Grouped(sum.Refused), today + "&result=refused", templates.Bad},
	}
	page.Chart = access.HoursChart(hours, url.Values{"from": {page.Day}, "to": {page.Day}})
	page.Chart.Title, page.Chart.Words = "今天按小时", access.Busiest(hours)
	return nil
}

// homeDoors counts the readers in use by state.
func (p *pages) homeDoors(c *web.Context, page *homePage) error {
	counts, err := p.Store.ReaderStates(c.Ctx(), p.Scope(c))
	if err != nil {
		return err
	}
	for _, state := range []struct {
		state core.ReaderState
		tone  templates.Tone
	}{{core.ReaderOnline, templates.Good}, {core.ReaderStale, templates.Warn},
		{core.ReaderOffline, templates.Bad}, {core.ReaderNever, templates.Neutral}} {
		if counts[state.state] == 0 {
			state.tone = templates.Neutral
		}
		page.Doors = append(page.Doors, homeFigure{
			state.state.Label(), frame.Grouped(counts[state.state]),
			frame.ReaderPath + "?state=" + string(state.state), state.tone,
		})
	}
	return nil
}

// homePeople counts residents, and those of them who are certified.
func (p *pages) homePeople(c *web.Context, page *homePage) error {
	residents, certified, err := p.Store.ResidentCounts(c.Ctx(), p.Scope(c))
	if err != nil {
		return err
	}
	share := "–"
	if residents > 0 {
		share = fmt.Sprintf("%d%%", certified*100/residents)
	}
	page.People = []homeFigure{
		{"住户", frame.Grouped(residents), frame.ResidentPath, templates.Neutral},
		{"已认证", frame.Grouped(certified), frame.ResidentPath + "?certified=yes", templates.Good},
		{"未认证", frame.Grouped(residents - certified), frame.ResidentPath + "?certified=no", templates.Neutral},
		{"认证比例", share, frame.ResidentPath + "?certified=yes", templates.Neutral},
	}
	return nil
}
