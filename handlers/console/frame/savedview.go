package frame

import (
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// savedViews returns the menu of saved views if the request is for a list's own page, otherwise the
// zero value. The list works without it, so errors are not returned.
func (f *Frame) savedViews(c *web.Context) templates.SavedViews {
	stem, ok := strings.CutPrefix(c.Route().Path, "/console/")
	if !ok || c.Request().Method != http.MethodGet || !f.MayOpen(c, stem) {
		return templates.SavedViews{}
	}
	query, err := core.ViewQuery(strings.TrimPrefix(templates.WithQuery("", c.Request().URL.Query()), "?"))
	if err != nil {
		return templates.SavedViews{}
	}
	views, err := f.Store.SavedViews(c.Ctx(), c.Account().ID, stem)
	if err != nil {
		return templates.SavedViews{}
	}
	menu := templates.SavedViews{
		Stem: stem, Save: SavedViewPath, Manage: templates.WithQuery(SavedViewPath, nil, "stem", stem), Query: query,
		Full: len(views) >= core.MaxSavedView, CSRF: c.CSRF(),
	}
	for _, v := range views {
		menu.Views = append(menu.Views, templates.NavItem{Label: v.Name, URL: StemURL(v.Stem, v.Query), Active: v.Query == query})
	}
	return menu
}
