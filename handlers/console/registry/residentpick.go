package registry

import (
	"io"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
)

type residentOption struct{ Text, Community string }

// residentSuggest answers the field while it is typed.
func (p *Pages) residentSuggest(c *web.Context) error {
	var form struct {
		Community core.ID `form:"community"`
		Text      string  `form:"who" max:"400"`
	}
	err := c.BindQuery(&form)
	var found []core.ResidentPick
	if err == nil {
		found, _, err = p.Store.FindResidents(c.Ctx(), c.Scope(), form.Community, form.Text)
	}
	if err != nil {
		return err
	}
	options := make([]residentOption, len(found))
	for i, pick := range found {
		options[i] = residentOption{Text: pick.Text()}
		if form.Community == 0 {
			options[i].Community = pick.CommunityName
		}
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/accessrecord/list", "resident-options", options)
	})
}
