package frame

import (
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Menu returns the home page and the entries of core.Menu of which a list is allowed: an entry leads
// to the first of its tabs that is. The entry that has the page of stem is marked, the home page for
// "". Groups without entries are left out.
func Menu(stem string, allowed func(core.Permission) bool) []templates.NavGroup {
	home := templates.NavItem{Label: "首页", URL: HomePath, Icon: "layout-dashboard", Active: stem == ""}
	active := menuStem(stem)
	var groups []templates.NavGroup
	for _, g := range core.Menu() {
		group := templates.NavGroup{Name: g.Name, Label: g.Label}
		if g.Name == "home" {
			group.Items, group.Active = []templates.NavItem{home}, home.Active
		}
		for _, f := range g.Features {
			if first, ok := firstTab(f.Stem, allowed); ok {
				group.Items = append(group.Items, templates.NavItem{
					Stem: f.Stem, Label: f.Menu.Label, URL: pagesOf(first.Stem), Icon: f.Menu.Icon, Active: f.Stem == active,
				})
				group.Active = group.Active || f.Stem == active
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// menuStem returns the stem whose menu entry has the pages of a stem.
func menuStem(stem string) string {
	if f, _ := core.FeatureOf(stem); f.Under != "" {
		return f.Under
	}
	return stem
}

// firstTab returns the first tab of a menu entry that is allowed.
func firstTab(stem string, allowed func(core.Permission) bool) (f core.Feature, ok bool) {
	for _, f := range core.Tabs(stem) {
		if f.Open(allowed) {
			return f, true
		}
	}
	return core.Feature{}, false
}

// MayOpen reports whether the account may open a list, a stem's or a tab's: list is its path below /console/.
func (f *Frame) MayOpen(c *web.Context, list string) bool {
	if feature, _ := core.FeatureOf(list); feature.List != "" {
		return c.Has(feature.List)
	}
	if _, known := core.ListName(list); !known {
		return false
	}
	return slices.ContainsFunc(f.routes, func(r web.Route) bool {
		return r.Method == http.MethodGet && r.Path == HomePath+"/"+list && r.Access != web.Public && r.Access.Admits(c.Account())
	})
}
