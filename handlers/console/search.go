package console

import (
	"maps"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// search leads from the filters of a list to the list itself, under an address in which
// what is personal is sealed.
func (p *pages) search(c *web.Context) error {
	values := maps.Clone(c.Form())
	list := values.Get("list")
	if !strings.HasPrefix(list, "/console/") || strings.ContainsAny(list, "?#") {
		return core.Invalid("没有这个列表")
	}
	values.Del("list")
	values.Del(web.CSRFField)
	to := c.SearchURL(list, values)
	if values.Get(frame.PickID) != "" && values.Has(frame.PickText) && values.Get(frame.PickText) == "" {
		to += "&" + frame.PickText + "=" // who had been picked is no more
	}
	return c.Follow(to)
}
