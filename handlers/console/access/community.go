package access

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
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

// communityChecks returns the field of the communities that something is for. If there is but one, a new thing is for it.
func communityChecks(label string, communities []core.Community, chosen []core.ID, isNew bool) templates.Field {
	field := templates.Field{
		Kind: templates.Checks, Name: "communities", Label: label, Values: frame.IDValues(chosen), Required: true,
		Choices: make([]templates.Choice, len(communities)),
	}
	for i, community := range communities {
		field.Choices[i] = templates.Choice{Value: community.ID.String(), Label: community.Name}
	}
	if isNew && len(communities) == 1 {
		field.Values = []string{communities[0].ID.String()}
	}
	return field
}
