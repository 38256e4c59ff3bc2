package console

import (
	"maps"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// filter redirects from a list's filters to the list, with personal text encrypted in the URL.
func (p *pages) filter(c *web.Context) error {
	values := maps.Clone(c.Form())
	list := values.Get("list")
	if !strings.HasPrefix(list, "/console/") || strings.ContainsAny(list, "?#") {
		return core.Invalid("没有这个列表")
	}
	values.Del("list")
	if err := web.CheckSearch(values); err != nil {
		return err
	}
	to := c.SearchURL(list, values)
	if values.Get(frame.PickID) != "" && values.Has(frame.PickText) && values.Get(frame.PickText) == "" {
		to += "&" + frame.PickText + "=" // the previously picked person is dropped
	}
	return c.Follow(to)
}
