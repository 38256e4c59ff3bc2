package console

import (
	"io"
	"net/http"
	"slices"

	"tongxing/core"
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
		{Method: http.MethodGet, Path: frame.TodoPath, Access: web.SignedIn, Handler: p.TodoList},
		{Method: http.MethodGet, Path: frame.SearchPath, Access: web.SignedIn, Handler: p.FindShow},
		{Method: http.MethodPost, Path: frame.SearchPath, Access: web.SignedIn, Handler: p.Find, Reads: true},
	}
}

// homePage is the home page: first what waits, then what the account's role does, what is wrong, today, and what people do most.
type homePage struct {
	templates.Shell
	Large   bool // the search box is the page's own, too
	Guide   guideCard
	Waiting []templates.Figure
	Waits   bool // the account has a permission for anything that can wait
	First   []frame.HomeCard
	Wrong   []frame.HomeCard
	Passed  []frame.HomeCard
	Empty   templates.Empty // with a title: the account may see nothing
	Pulse   string          // the query with which the page asks for what has changed
}

// homeNow returns the home page with what waits and the cards as they are now.
func (p *pages) homeNow(c *web.Context, shell templates.Shell, waiting []frame.Waiting) homePage {
	page := homePage{Shell: shell, Waits: p.MayWait(c)}
	for _, w := range waiting {
		page.Waiting = append(page.Waiting, templates.Figure{Label: w.Label, N: w.N, URL: p.Within(c, w.URL), Tone: templates.Warn})
	}
	cards := p.Cards(c)
	page.First, page.Wrong, page.Passed = cards[frame.BandFirst], cards[frame.BandWrong], cards[frame.BandToday]
	return page
}

// homePulse answers an open home page with what it shows now: the numbers of the frame and those of its cards.
func (p *pages) homePulse(c *web.Context) error {
	waiting, err := p.Waiting(c, true)
	if err != nil {
		return err
	}
	page := p.homeNow(c, p.PulseShell(c), waiting)
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/home/show", "home-pulse", page)
	})
}

func (p *pages) home(c *web.Context) error {
	waiting, err := p.Waiting(c, true)
	if err != nil {
		return err
	}
	page := p.homeNow(c, p.Shell(c, "", "首页"), waiting)
	page.Large = c.Account().Role == core.RoleClerk
	page.Guide = p.guideCard(c)
	page.Pulse = templates.WithQuery("", nil, "home", "yes", "community", c.Query("community"))
	if !slices.ContainsFunc(core.Permissions(), c.Has) {
		page.Empty = templates.Empty{Icon: "lock", Title: "您的账号还没有任何权限", Text: "请联系管理员为您开通。"}
	}
	return p.Page(c, http.StatusOK, "console/home/show", page)
}
