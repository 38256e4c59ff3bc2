package access

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// formCommunity returns the community of a form: of a new record that of FormCommunity, of an existing
// one its own.
func (p *Pages) formCommunity(c *web.Context, community core.ID, isNew bool) (frame.CommunityChoice, error) {
	if isNew {
		return p.FormCommunity(c, community.String())
	}
	own, err := p.Store.Community(c.Ctx(), c.Scope(), community)
	return frame.CommunityChoice{Community: own}, err
}

func kindValues(kinds []core.PassKind) []string {
	values := make([]string, len(kinds))
	for i, k := range kinds {
		values[i] = string(k)
	}
	return values
}
