package account

import (
	"maps"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// draftPage returns a draft to its form after sign-in: a form of hidden fields, submitted by the
// script or its button.
type draftPage struct {
	templates.Shell
	Action string
	Kept   []templates.Fact
}

func (p *Pages) draftShow(c *web.Context) error {
	draft, err := c.Draft()
	if core.IsNotFound(err) {
		return c.Redirect("/console")
	}
	if err != nil {
		return err
	}
	page := draftPage{Shell: p.Shell(c, "", "接着填写"), Action: draft.Path}
	for _, name := range slices.Sorted(maps.Keys(draft.Fields)) {
		for _, value := range draft.Fields[name] {
			page.Kept = append(page.Kept, templates.Fact{Label: name, Value: value})
		}
	}
	return p.Page(c, http.StatusOK, "console/session/draft", page)
}
