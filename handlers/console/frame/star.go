package frame

import (
	"cmp"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// starred returns the account's pages on top of the menu as entries of it. Pages that it may not open, as
// after a permission was taken away, are left out.
func (f *Frame) starred(c *web.Context) []templates.NavItem {
	var items []templates.NavItem
	for _, s := range f.Preference(c).Starred {
		if feature, ok := core.FeatureOf(s); ok && feature.Open(c.Has) {
			items = append(items, templates.NavItem{
				Stem: s, Label: cmp.Or(feature.Menu.Label, feature.Noun), URL: pagesOf(s),
				Icon: cmp.Or(feature.Menu.Icon, iconOf(feature.Under)), Active: pageStem(c) == s,
			})
		}
	}
	return items
}

// pageStem returns the stem whose list is requested; "" if it is another page.
func pageStem(c *web.Context) string {
	for _, f := range core.Features {
		if (f.List != "" || f.Own) && pagesOf(f.Stem) == c.Route().Path {
			return f.Stem
		}
	}
	return ""
}

// star returns the button beside a list's heading.
func (f *Frame) star(c *web.Context) templates.Star {
	stem := pageStem(c)
	if stem == "" {
		return templates.Star{}
	}
	return templates.Star{URL: StarPath, Stem: stem, CSRF: c.CSRF(), On: slices.Contains(f.Preference(c).Starred, stem)}
}

// StarUpdate puts a page on top of the menu, or takes it from there, and returns to it.
func (f *Frame) StarUpdate(c *web.Context) error {
	var form struct {
		Stem string `form:"stem" max:"32" required:"请选择页面"`
		On   string `form:"on" of:"yes no"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if feature, ok := core.FeatureOf(form.Stem); ok && !feature.Open(c.Has) && form.On == "yes" {
		return core.NotFound("没有这个页面")
	}
	back := cmp.Or(c.CameFrom(), HomePath)
	if err := f.Store.UpdateStarred(c.Ctx(), c.Account().ID, form.Stem, form.On == "yes"); err != nil {
		return f.Refused(c, err, back)
	}
	return c.Redirect(back)
}

// starredHits are the same pages for the empty search box.
func (f *Frame) starredHits(c *web.Context) templates.SearchGroup {
	group := templates.SearchGroup{Label: "常用"}
	for _, item := range f.starred(c) {
		group.Hits = append(group.Hits, templates.SearchHit{Icon: item.Icon, Title: item.Label, URL: item.URL})
	}
	return group
}
