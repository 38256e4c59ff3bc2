// Package console is the web console of property admins: server-rendered pages
// under /console. One file a feature; its routes stand at the top of the file.
package console

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// Console serves the console's pages. Fields from Gate on may stay zero in tests
// of pages that do not use them.
type Console struct {
	Store    *store.Store
	Renderer *templates.Renderer
	Cache    web.Cache // captcha answers
	Gate     *gate.Gate
	QR       QRMaker // nil = no official account: nobody can be bound by a QR

	PublicURL       string          // for addresses that are typed into devices; no "/" at the end
	SignInRule      core.SignInRule // zero = 5 failures, 15 minutes
	SignInPerMinute int             // sign-in attempts of one address; 0 = 20
	Demo            bool
	System          System // what the about page says of the running program

	stems map[string]core.Permission // of the menu; see menuStems
}

// Routes is the console's route table, feature by feature.
func (h *Console) Routes() []web.Route {
	routes := slices.Concat(
		h.homeRoutes(),
		h.sessionRoutes(),
		h.accountRoutes(),
		h.roleRoutes(),
		h.totpRoutes(),
		h.wechatLoginRoutes(),
		h.alertRoutes(),
		h.auditRoutes(),
		h.jobRoutes(),
		h.savedViewRoutes(),
		h.settingRoutes(),
		h.aboutRoutes(),
		h.communityRoutes(),
		h.houseRoutes(),
		h.residentRoutes(),
		h.passRuleRoutes(),
		h.restrictionRoutes(),
		h.readerRoutes(),
		h.guardPostRoutes(),
		h.observerRoutes(),
		h.recordRoutes(),
	)
	h.stems = menuStems(routes)
	return routes
}

// menuStems finds the features that have a page: GET /console/<stem> and what it
// needs. The menu shows exactly those that the account may open.
func menuStems(routes []web.Route) map[string]core.Permission {
	stems := map[string]core.Permission{}
	for _, r := range routes {
		stem, ok := strings.CutPrefix(r.Path, "/console/")
		if ok && r.Method == http.MethodGet && !strings.Contains(stem, "/") && r.Access.Permission() != "" {
			stems[stem] = r.Access.Permission()
		}
	}
	return stems
}

func (h *Console) nav(c *web.Context, stem string) []templates.NavGroup {
	return templates.ConsoleMenu(stem, func(stem string) bool {
		permission, ok := h.stems[stem]
		return stem == "" || ok && c.Has(permission)
	})
}

// shell is what a page has around it. stem is the menu's entry it belongs to, ""
// for none. It takes the flash, so it is made once a page.
func (h *Console) shell(c *web.Context, stem, title string) templates.Shell {
	shell := templates.Shell{Title: title, CSRF: c.CSRF(), Demo: h.Demo, Posted: c.Request().Method == http.MethodPost}
	if flash, ok := c.TakeFlash(); ok {
		shell.Flash = []templates.Flash{{Tone: tone(flash.Kind), Text: flash.Message}}
	}
	if account := c.Account(); account.ID != 0 && !account.MustChange {
		shell.Nav = h.nav(c, stem)
		shell.Account = templates.Account{Name: account.Name, Role: account.Role.Name(), URL: mePath, SignOut: web.SignOutPath}
		shell.Scope = h.scopeName(c)
		shell.Views = h.savedViews(c)
	}
	return shell
}

// scopeName names the community of an account that has one; "" for all or several.
func (h *Console) scopeName(c *web.Context) string {
	scope := c.Scope()
	if scope.All || len(scope.IDs) != 1 {
		return ""
	}
	community, err := h.Store.Community(c.Ctx(), scope, scope.IDs[0])
	if err != nil {
		return "" // an ornament: the page says more of what went wrong
	}
	return community.Name
}

func tone(kind web.FlashKind) templates.Tone {
	switch kind {
	case web.FlashSuccess:
		return templates.Good
	case web.FlashWarning:
		return templates.Warn
	}
	return templates.Bad
}

// page renders a page: "console/reader/list" and its struct.
func (h *Console) page(c *web.Context, status int, name string, page any) error {
	return c.HTML(status, func(w io.Writer) error { return h.Renderer.Render(w, name, page) })
}

// formPage renders a form again after err, with the status that err has; an
// error that is no fault of the form comes back.
func (h *Console) formPage(c *web.Context, err error, form *templates.Form, show func(status int) error) error {
	if code := core.CodeOf(err); code != core.CodeInvalid && code != core.CodeConflict {
		return err
	}
	fields := web.FieldsOf(err)
	switch {
	case core.IsStale(err):
		form.Error = core.MessageOf(err)
		form.Stale(c.Form())
		return show(web.StatusOf(err))
	case web.IsResumed(err):
		form.Notice = core.MessageOf(err)
	case fields == nil:
		form.Error = core.MessageOf(err)
	}
	form.Set(c.Form(), fields)
	return show(web.StatusOf(err))
}

// shownAt reads templates.SeenField of a posted edit; 0 = none.
func shownAt(seen int64) time.Time {
	if seen == 0 {
		return time.Time{}
	}
	return time.UnixMilli(seen)
}

// ErrorPage draws the error page of the console; web.Options.ErrorPage calls it
// for addresses under /console.
func (h *Console) ErrorPage(c *web.Context, p web.ErrorPage) error {
	page := templates.ConsoleProblem{Shell: h.shell(c, "", "出错了"), Problem: templates.NewProblem(p.Status, p.Message)}
	page.Shell.Title = page.Problem.Title
	page.Problem.Request = p.RequestID
	page.Problem.Actions = []templates.Action{{Label: "返回首页", URL: "/console", Icon: "home"}}
	if p.Code == core.CodeUnauthenticated {
		page.Problem.Actions = []templates.Action{{Label: "重新登录", URL: templates.WithQuery("/console/session", nil, "next", c.CameFrom()), Icon: "login", Primary: true}}
		if c.Request().Method == http.MethodPost {
			page.Problem.Text += "。刚才提交的内容没有保存"
		}
	}
	return h.page(c, p.Status, "console/error/show", page)
}
