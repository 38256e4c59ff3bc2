package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Quick returns the acts of 快速办理 that the account may do, in the order of core.Features: none while there
// is no community, which all of them are about.
func (f *Frame) Quick(c *web.Context) []templates.Action {
	if all, err := f.Communities(c); err == nil && len(all) == 0 {
		return nil
	}
	var acts []templates.Action
	for _, feature := range core.Features {
		if q := feature.Quick; q.Label != "" && c.Has(q.Needs) {
			acts = append(acts, templates.Action{Label: q.Label, URL: HomePath + "/" + q.Path, Icon: q.Icon})
		}
	}
	return acts
}
