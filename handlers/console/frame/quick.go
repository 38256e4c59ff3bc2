package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Quick returns the acts of 快速办理 that the account may do, in the order of core.Features.
func Quick(c *web.Context) []templates.Action {
	var acts []templates.Action
	for _, f := range core.Features {
		if q := f.Quick; q.Label != "" && c.Has(q.Needs) {
			acts = append(acts, templates.Action{Label: q.Label, URL: HomePath + "/" + q.Path, Icon: q.Icon})
		}
	}
	return acts
}
