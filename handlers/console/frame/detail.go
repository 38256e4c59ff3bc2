package frame

import (
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// DetailTab reads the tab of a detail page: "" for the first, that of the acts, or one of names. Who follows a link
// to the passages and may not see them gets the first.
func DetailTab(c *web.Context, names ...string) (string, error) {
	var asked struct {
		Tab string `form:"tab" max:"16"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return "", err
	}
	if asked.Tab != "" && asked.Tab != templates.ActsTab && !slices.Contains(names, asked.Tab) {
		return "", core.InvalidFields(map[string]string{templates.TabParam: "没有这个页签"})
	}
	if asked.Tab == PassagesTab && !c.Has(core.PermAccessRecordView) {
		return "", nil
	}
	return asked.Tab, nil
}

// TabURL returns the URL of a tab of a detail page.
func TabURL(page, tab string) string { return templates.WithQuery(page, nil, templates.TabParam, tab) }

// BackTo returns where one is after an act on one thing: the list, with its filters, if its button was
// there; otherwise the thing's page.
func BackTo(c *web.Context, list, page string) string {
	if from, err := url.Parse(c.CameFrom()); err == nil && from.Path == list {
		return from.RequestURI()
	}
	return page
}
