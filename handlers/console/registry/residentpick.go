package registry

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// residentSuggest answers the field while typing.
func (p *Pages) residentSuggest(c *web.Context) error {
	var form struct {
		Community core.ID `form:"community"`
		Text      string  `form:"who" max:"400"`
	}
	err := c.Bind(&form)
	var found []core.ResidentPick
	if err == nil {
		found, _, err = p.Store.FindResidents(c.Ctx(), c.Scope(), form.Community, form.Text)
	}
	if err != nil {
		return err
	}
	suggestions := make([]templates.Suggestion, len(found))
	for i, pick := range found {
		suggestions[i].Value = pick.Text()
		if form.Community == 0 {
			suggestions[i].Label = pick.CommunityName
		}
	}
	return p.Suggest(c, suggestions)
}
