package frame

import (
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// keys of web.Context.Once.
type (
	communitiesKey struct{}
	preferenceKey  struct{}
)

// Communities returns the account's communities; one request reads them once.
func (f *Frame) Communities(c *web.Context) ([]core.Community, error) {
	return web.Once(c, communitiesKey{}, func() ([]core.Community, error) { return f.Store.Communities(c.Ctx(), c.Scope()) })
}

// Preference returns what the account set for itself; one request reads it once. Without it, as when the
// database does not answer, pages are as for an account that set nothing.
func (f *Frame) Preference(c *web.Context) store.Preference {
	p, err := web.Once(c, preferenceKey{}, func() (store.Preference, error) { return f.Store.Preference(c.Ctx(), c.Account().ID) })
	if err != nil {
		c.Shortfall("preference", err)
	}
	return p
}

// working returns the community in which the account works, of several; 0 = all. One that it may no
// longer see, or that was archived, does not count.
func (f *Frame) working(c *web.Context) core.ID {
	if _, one := c.Scope().One(); one {
		return 0
	}
	chosen := f.Preference(c).Community
	if chosen == 0 || f.communityName(c, chosen) == "" {
		return 0
	}
	return chosen
}

func (f *Frame) communityName(c *web.Context, id core.ID) string {
	all, err := f.Communities(c)
	if err != nil {
		c.Shortfall("communities", err)
	}
	for _, community := range all {
		if community.ID == id {
			return community.Name
		}
	}
	return ""
}

// placed are the parameters that name something of one community: a page about it needs no other.
var placed = []string{"community", "house", "resident", "person", "gate", "node", "subject", "actor"}

// workingURL returns the URL of the requested page with the community in which the account works; "" if
// the URL says where, or the request is not for a whole page.
func workingURL(c *web.Context, working core.ID) string {
	r := c.Request()
	if working == 0 || r.Method != http.MethodGet || c.IsPartial() {
		return ""
	}
	query := r.URL.Query()
	for _, name := range placed {
		if query.Has(name) {
			return ""
		}
	}
	return templates.WithQuery(r.URL.Path, query, "community", working.String())
}

// Scope returns the part of the account's scope that it works in now: the community in the URL, or the
// chosen one.
func (f *Frame) Scope(c *web.Context) core.Scope { return c.Scope().In(f.ShownCommunity(c)) }

// ShownCommunity returns the community that the page is about; 0 = all.
func (f *Frame) ShownCommunity(c *web.Context) core.ID {
	text := c.Query("community")
	if c.Request().Method != http.MethodGet {
		text = c.Form().Get("community") // of a form that is shown again
	}
	if text == "" {
		return f.working(c)
	}
	id, err := core.ParseID(text)
	if err != nil || !c.Scope().Has(id) {
		return 0
	}
	return id
}

// Within returns the URL of a list, which the page links to, of the community that the page is about.
func (f *Frame) Within(c *web.Context, path string, pairs ...string) string {
	if at := f.ShownCommunity(c); at != f.working(c) {
		pairs = append(pairs, "community", at.String())
	}
	return templates.WithQuery(path, nil, pairs...)
}

// Keep returns the path of another tab, with the community that the page's URL names.
func Keep(c *web.Context, path string) string {
	return templates.WithQuery(path, nil, "community", c.Query("community"))
}

// CommunityNames returns the names of the account's communities.
func (f *Frame) CommunityNames(c *web.Context) (map[core.ID]string, error) {
	all, err := f.Communities(c)
	names := make(map[core.ID]string, len(all))
	for _, community := range all {
		names[community.ID] = community.Name
	}
	return names, err
}

// maxScopes is the maximum number of communities in the switcher; of more, it has a search.
const maxScopes = 12

// scopeSwitch returns the switcher of the top bar.
func (f *Frame) scopeSwitch(c *web.Context, stem string) templates.ScopeSwitch {
	if _, one := c.Scope().One(); one {
		return templates.ScopeSwitch{Name: f.scopeName(c)}
	}
	all, err := f.Communities(c)
	if err != nil || len(all) == 0 {
		return templates.ScopeSwitch{}
	}
	if len(all) == 1 {
		return templates.ScopeSwitch{Name: all[0].Name}
	}
	shown := f.ShownCommunity(c)
	s := templates.ScopeSwitch{
		Name: "全部小区", URL: ScopePath, Back: backOf(c, stem), CSRF: c.CSRF(), Shown: AllCommunities,
	}
	if shown != 0 {
		s.Shown = shown.String()
	}
	s.Choices = append(s.Choices, templates.ScopeChoice{Value: AllCommunities, Label: s.Name, Active: shown == 0})
	for _, community := range all {
		if community.ID == shown {
			s.Name = community.Name
		}
		if len(all) <= maxScopes || community.ID == shown {
			s.Choices = append(s.Choices, templates.ScopeChoice{
				Value: community.ID.String(), Label: community.Name, Active: community.ID == shown,
			})
		}
	}
	s.Search = len(all) > maxScopes
	return s
}

// ShowsCommunity lets the top bar say which community a page is about whose URL names something in it.
func ShowsCommunity(shell *templates.Shell, of core.Community) {
	if shell.Scope.URL == "" { // there is one alone
		return
	}
	shell.Scope.Name = of.Name
	for i := range shell.Scope.Choices {
		shell.Scope.Choices[i].Active = shell.Scope.Choices[i].Value == of.ID.String()
	}
}

// backOf returns where one is after the switch: the same list, or that of the thing shown.
func backOf(c *web.Context, stem string) string {
	if path := c.Route().Path; c.Request().Method == http.MethodGet && !strings.Contains(path, ":") && path != ScopePath {
		return path
	}
	if f, known := core.FeatureOf(stem); known && f.List != "" {
		return StemURL(stem, "")
	}
	return HomePath
}

// ScopePage is the page with the communities to choose from.
type ScopePage struct {
	templates.Shell
	Text    string
	Choices []templates.ScopeChoice
	Back    string
}

// ScopeShow lists the communities whose name contains a text, to choose from.
func (f *Frame) ScopeShow(c *web.Context) error {
	all, err := f.Communities(c)
	if err != nil {
		return err
	}
	page := ScopePage{
		Shell: f.Shell(c, "scope", "范围"), Text: c.Query("name"), Back: web.LocalPath(c.Query("back"), HomePath),
	}
	for _, community := range all {
		if strings.Contains(core.FoldName(community.Name), core.FoldName(page.Text)) {
			page.Choices = append(page.Choices, templates.ScopeChoice{
				Value: community.ID.String(), Label: community.Name, Active: community.ID == f.working(c),
			})
		}
	}
	return f.Page(c, http.StatusOK, "console/scope/show", page)
}

// ScopeChoose sets the community in which the account works from now on, and returns to the page.
func (f *Frame) ScopeChoose(c *web.Context) error {
	var form struct {
		Community string `form:"community" max:"24" required:"请选择小区"`
		Back      string `form:"back" max:"200"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	var chosen core.ID
	if form.Community != AllCommunities {
		id, err := core.ParseID(form.Community)
		if err != nil {
			return err
		}
		if _, err := f.Store.Community(c.Ctx(), c.Scope(), id); err != nil {
			return err
		}
		chosen = id
	}
	if err := f.Store.UpdateWorkingCommunity(c.Ctx(), c.Account().ID, chosen); err != nil {
		return err
	}
	return c.Redirect(web.LocalPath(form.Back, HomePath))
}
