package console

import (
	"net/url"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// place is the community that a page is about, and those to choose from.
type place struct {
	core.Community // zero: the account has none
	All            []core.Community
}

// placeOf reads the parameter "community"; without it, the first of the account's
// communities. One of others, or none at all, is not found.
func (h *Console) placeOf(c *web.Context, community string) (place, error) {
	all, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return place{}, err
	}
	if community == "" {
		p := place{All: all}
		if len(all) > 0 {
			p.Community = all[0]
		}
		return p, nil
	}
	id, err := core.ParseID(community)
	if err != nil {
		return place{}, err
	}
	chosen, err := h.Store.Community(c.Ctx(), c.Scope(), id)
	return place{Community: chosen, All: all}, err
}

// field asks for the community. With first, a choice of that name and no value
// stands in front.
func (p place) field(first string) templates.Field {
	field := templates.Field{Kind: templates.Select, Name: "community", Label: "小区", Value: p.ID.String(), Standing: true}
	if first != "" {
		field.Value = ""
		field.Choices = []templates.Choice{{Label: first}}
	}
	for _, c := range p.All {
		field.Choices = append(field.Choices, templates.Choice{Value: c.ID.String(), Label: c.Name})
	}
	return field
}

// whole is the field of a page that shows more of the community than its list.
func whole(f templates.Field) templates.Field {
	f.Whole = true
	return f
}

// at gives a path with the community as its parameter, and more pairs.
func (p place) at(path string, pairs ...string) string {
	return templates.WithQuery(path, url.Values{"community": {p.ID.String()}}, pairs...)
}

// noCommunityYet is what lists show to an account without communities.
func noCommunityYet(c *web.Context) templates.Empty {
	empty := templates.Empty{Icon: "building-community", Title: "还没有小区", Text: "先添加小区，或请管理员把小区分给您。"}
	if c.Has(core.PermCommunityEdit) && c.Scope().All {
		empty.Action = templates.Action{Label: "添加小区", URL: communityPath + "/new", Icon: "plus", Primary: true}
	}
	return empty
}

// today is the natural day of the deployment's zone.
func (h *Console) today(c *web.Context) core.Day { return core.DayOf(c.Now(), h.Store.Zone()) }
