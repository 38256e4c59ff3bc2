package frame

import (
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Names returns the communities' names.
func (p CommunityChoice) Names() map[core.ID]string {
	names := make(map[core.ID]string, len(p.All))
	for _, c := range p.All {
		names[c.ID] = c.Name
	}
	return names
}

// ChosenCommunity returns the community that a list is filtered by, 0 for all.
func ChosenCommunity(c *web.Context, at CommunityChoice) core.ID {
	if text := c.Query("community"); text == "" || text == AllCommunities {
		return 0
	}
	return at.ID
}

// AllCommunities is the value of the parameter "community" that means all, whatever the account works
// in.
const AllCommunities = "0"

// NewURL returns the URL of an empty form, with the community if one is chosen.
func NewURL(path string, community core.ID) string {
	if community == 0 {
		return path + "/new"
	}
	return path + "/new?community=" + community.String()
}

// NameOf returns a community's name if there are several to distinguish.
func (p CommunityChoice) NameOf(id core.ID) string {
	if len(p.All) > 1 {
		for _, community := range p.All {
			if community.ID == id {
				return community.Name
			}
		}
	}
	return ""
}

// CommunityChoice is the community that a page is about, and those to choose from.
type CommunityChoice struct {
	core.Community // zero under 全部, and if the account has none
	All            []core.Community
	kept           bool // the account works in one of several: a list of all must be asked for
}

// CommunityOf reads the parameter "community"; without it, an account's only community, and of several
// none: no page guesses which one is meant. One outside the scope is NotFound. A page whose URL names no
// community is sent to the URL that names the one in which the account works, if it chose one: so the URL
// always says which, and a link shows others the same.
func (f *Frame) CommunityOf(c *web.Context, community string) (CommunityChoice, error) {
	all, err := f.Communities(c)
	if err != nil {
		return CommunityChoice{}, err
	}
	working := f.working(c)
	if to := workingURL(c, working); to != "" && community == "" {
		return CommunityChoice{}, web.Elsewhere(to)
	}
	if community == "" || community == AllCommunities {
		p := CommunityChoice{All: all, kept: working != 0}
		if len(all) == 1 {
			p.Community = all[0]
		}
		return p, nil
	}
	id, err := core.ParseID(community)
	if err != nil {
		return CommunityChoice{}, err
	}
	p := CommunityChoice{All: all, kept: working != 0}
	if at := slices.IndexFunc(all, func(c core.Community) bool { return c.ID == id }); at >= 0 {
		p.Community = all[at]
		return p, nil
	}
	p.Community, err = f.Store.Community(c.Ctx(), c.Scope(), id) // an archived one, or none
	return p, err
}

// Field returns the field that chooses the community. With first, it begins with an empty choice of
// that label; while none is chosen, it always does.
func (p CommunityChoice) Field(first string) templates.Field {
	if p.ID == 0 && first == "" {
		first = ChooseCommunity
	}
	field := templates.Field{Kind: templates.Select, Name: "community", Label: "小区", Value: p.ID.String(), Standing: true}
	if first != "" {
		field.Value = ""
		field.Choices = []templates.Choice{{Label: first}}
		if p.kept {
			field.Choices[0].Value = AllCommunities
		}
	}
	for _, c := range p.All {
		field.Choices = append(field.Choices, templates.Choice{Value: c.ID.String(), Label: c.Name})
	}
	return field
}

// Whole returns f as a filter that affects more than the list, such as a tree beside it: a choice
// loads the whole page.
func Whole(f templates.Field) templates.Field {
	f.Whole = true
	return f
}

// BesideTree returns a list for a page that also has a tree of the chosen community: the tree and the top bar say which it is, so
// the filter by it is behind 更多筛选, and the toolbar is one row.
func (p CommunityChoice) BesideTree(list templates.List) templates.List {
	at := slices.IndexFunc(list.Filters, func(f templates.Field) bool { return f.Name == "community" })
	if p.ID == 0 || at < 0 {
		return list
	}
	list.More = append([]templates.Field{list.Filters[at]}, list.More...)
	list.Filters = slices.Delete(list.Filters, at, at+1)
	return list
}

// FormCommunity returns the community of a form: the one that community names, or the only one of the
// account; under 全部 none yet, with ID 0, and the form's first field asks for it.
func (f *Frame) FormCommunity(c *web.Context, community string) (CommunityChoice, error) {
	at, err := f.CommunityOf(c, community)
	if err == nil && at.ID == 0 && len(at.All) == 0 {
		err = ErrNoCommunityYet
	}
	return at, err
}

// Asked returns the form at the top of a page that is about one community, to choose it; nil if the
// account has one, or works in one.
func (p CommunityChoice) Asked(path string) *templates.Asked {
	if len(p.All) < 2 {
		return nil
	}
	label := "切换"
	if p.ID == 0 {
		label = "查看"
	}
	return &templates.Asked{Path: path, Field: p.Field(""), Submit: label}
}

// NotChosen is what a page that is about one community shows below Asked while none is chosen: of an
// account without any, NoCommunityYet; nil if it is chosen.
func (p CommunityChoice) NotChosen(c *web.Context) *templates.Empty {
	switch {
	case p.ID != 0:
		return nil
	case len(p.All) == 0:
		empty := NoCommunityYet(c)
		return &empty
	}
	return &templates.Empty{Icon: "building-community", Title: ChooseCommunity, Text: "这一页一次只看一个小区，请在上面选择。"}
}

// ErrNotChosen is returned by requests about one community that name none.
var ErrNotChosen = core.Invalid(ChooseCommunity)

// FormFields returns the first fields of a form: they ask for the community, unless the account has one
// or works in one. With redraw, the URL that the form is sent to, a choice draws the form again, since
// other fields depend on it: the handler binds with Frame.BindForm.
func (p CommunityChoice) FormFields(redraw string) []templates.Field {
	if p.ID != 0 && (p.kept || len(p.All) < 2) {
		return []templates.Field{
			{Kind: templates.Hidden, Name: "community", Value: p.ID.String()},
			{Kind: templates.Static, Name: "community_name", Label: "小区", Value: p.Name},
		}
	}
	field := p.Field(ChooseCommunity)
	field.Required, field.Redraw, field.Choices[0].Value = true, redraw, ""
	if p.ID != 0 {
		field.Value = p.ID.String()
	}
	return []templates.Field{field}
}

// ChooseCommunity is what a form says while its community is not chosen.
const ChooseCommunity = "请选择小区"

// URL returns a path with the community and further pairs as parameters.
func (p CommunityChoice) URL(path string, pairs ...string) string {
	return templates.WithQuery(path, url.Values{"community": {p.ID.String()}}, pairs...)
}

const noCommunityYet = "还没有小区"

// ErrNoCommunityYet is returned by pages that need a community if the account has none.
var ErrNoCommunityYet = core.NotFound(noCommunityYet)

// NoCommunityYet is what lists show to an account without communities.
func NoCommunityYet(c *web.Context) templates.Empty {
	empty := templates.Empty{Icon: "building-community", Title: noCommunityYet, Text: "请联系管理员把小区分给您。"}
	if c.Has(core.PermCommunityEdit) && c.Actor().MayOperate() {
		empty.Text = "添加小区后，就能登记房屋和住户。"
		empty.Action = templates.Action{Label: "添加小区", URL: CommunityPath + "/new", Icon: "plus", Primary: true}
	}
	return empty
}

// Today returns the current day in the deployment's time zone.
func (f *Frame) Today(c *web.Context) core.Day { return core.DayOf(c.Now(), f.Store.Zone()) }
