package frame

import (
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// ErrorPage renders the console's error page; web.Options.ErrorPage calls it for URLs under
// /console. Its heading names the cause, its text says what to do, and its one button leads back to where one
// was.
func (f *Frame) ErrorPage(c *web.Context, p web.ErrorPage) error {
	problem := p.Problem()
	problem.Actions = []templates.Action{f.wayBack(c, p)}
	switch {
	case p.Code == core.CodeUnauthenticated:
		problem.Actions = []templates.Action{{
			Label: signInLabel(p), URL: templates.WithQuery(SessionPath, nil, "next", c.CameFrom()), Icon: "login",
			Primary: true,
		}}
		if c.Request().Method == http.MethodPost {
			problem.Text += "刚才提交的内容没有保存。"
		}
	case p.Message == noCommunityYet: // nothing is lost or wrong: something comes first
		empty := NoCommunityYet(c)
		problem.Icon, problem.Title, problem.Text = empty.Icon, empty.Title, empty.Text
		if empty.Action.URL != "" {
			problem.Actions = []templates.Action{empty.Action}
		}
	}
	problem.Kept = keptOf(c)
	page := templates.ConsoleProblem{Shell: f.Shell(c, "", problem.Title), Problem: problem}
	return f.Page(c, p.Status, "console/error/show", page)
}

// keptOf returns what people typed into a form that failed, by its labels. Ids, marks and the codes of choices
// are left out: nobody typed them.
func keptOf(c *web.Context) []templates.Fact {
	typed := c.Typed()
	var kept []templates.Fact
	var unnamed []string
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		for _, value := range typed[name] {
			if value = strings.TrimSpace(value); value == "" || untyped.MatchString(value) {
				continue
			}
			if label := core.FieldLabel(stemOf(c), name); label != "" {
				kept = append(kept, templates.Fact{Label: label, Value: value})
			} else {
				unnamed = append(unnamed, value)
			}
		}
	}
	if len(unnamed) > 0 {
		kept = append(kept, templates.Fact{Label: "其他内容", Value: strings.Join(unnamed, "；")})
	}
	return kept
}

// untyped matches values that a form has of itself: switches, ids, times and the codes of choices.
var untyped = regexp.MustCompile(`^(-?1|0|[0-9]{12,}|[a-z_.]+|[a-z]+-[0-9]+)$`)

func signInLabel(p web.ErrorPage) string {
	if p.Cause != "" { // they never were
		return "登录"
	}
	return "重新登录"
}

// wayBack returns the button of an error page: to the console's page from which the request was sent, or to
// the page above what has none of its own, such as a question; otherwise to the list of what was not found, or
// to the home page.
func (f *Frame) wayBack(c *web.Context, p web.ErrorPage) templates.Action {
	home := f.listOr(c, p, templates.Action{Label: "返回首页", URL: HomePath, Icon: "home"})
	from, err := url.Parse(c.CameFrom())
	if err != nil || from.Path == SessionPath {
		return home
	}
	at := from.Path
	for at != HomePath && strings.HasPrefix(at, HomePath+"/") && !f.opens(at) {
		at, from.RawQuery = path.Dir(at), ""
	}
	back := templates.WithQuery(at, from.Query())
	request := c.Request()
	again := request.Method == http.MethodGet && back == templates.WithQuery(request.URL.Path, request.URL.Query())
	if !strings.HasPrefix(at, HomePath+"/") || again {
		return home
	}
	return templates.Action{Label: "返回上一页", URL: back, Icon: "arrow-back-up"}
}

// listOr returns the way to the list above a page that was not found, if the account may see it; otherwise home.
func (f *Frame) listOr(c *web.Context, p web.ErrorPage, home templates.Action) templates.Action {
	if p.Status != http.StatusNotFound || c.Account().ID == 0 {
		return home
	}
	for at := path.Dir(c.Request().URL.Path); strings.HasPrefix(at, HomePath+"/"); at = path.Dir(at) {
		list := func(r web.Route) bool {
			return r.Path == at && r.Method == http.MethodGet && r.Access != web.Public && r.Access.Admits(c.Account())
		}
		if slices.ContainsFunc(f.routes, list) {
			return templates.Action{Label: "返回列表", URL: at, Icon: "list"}
		}
	}
	return home
}

// opens reports whether a path is that of a page. A route that names the path goes before one with parameters.
func (f *Frame) opens(at string) bool {
	page := func(r web.Route) bool { return r.Method == http.MethodGet && r.Access != web.Public }
	named := func(r web.Route) bool { return r.Path == at }
	if slices.ContainsFunc(f.routes, named) {
		return slices.ContainsFunc(f.routes, func(r web.Route) bool { return named(r) && page(r) })
	}
	return slices.ContainsFunc(f.routes, func(r web.Route) bool { return page(r) && matches(r.Path, at) })
}

// matches reports whether a path is one of a route's.
func matches(route, at string) bool {
	parts, own := strings.Split(at, "/"), strings.Split(route, "/")
	if len(parts) != len(own) {
		return false
	}
	for i, part := range own {
		if part != parts[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return true
}
