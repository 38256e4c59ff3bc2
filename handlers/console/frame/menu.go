package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Menu returns the home page and the entries of core.Menu whose lists are allowed. The entry of stem
// active is marked, the home page for "". Groups without entries are left out.
func Menu(active string, allowed func(core.Permission) bool) []templates.NavGroup {
	home := templates.NavItem{Label: "首页", URL: homePath, Icon: "layout-dashboard", Active: active == ""}
	groups := []templates.NavGroup{{Items: []templates.NavItem{home}}}
	for _, g := range core.Menu() {
		group := templates.NavGroup{Label: g.Label}
		for _, feature := range g.Features {
			if allowed(feature.List) {
				group.Items = append(group.Items, templates.NavItem{
					Label: feature.Menu.Label, URL: StemURL(feature.Stem, ""), Icon: feature.Menu.Icon, Active: feature.Stem == active,
				})
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// MayOpen reports whether stem has a list that the account may open.
func (f *Frame) MayOpen(c *web.Context, stem string) bool {
	feature, _ := core.FeatureOf(stem)
	return feature.List != "" && c.Has(feature.List)
}
