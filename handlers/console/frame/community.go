package frame

import (
	"net/http"
	"net/url"

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

// choosePage asks for the community before a form that depends on it.
type choosePage struct {
	templates.Shell
	Choices []communityLink
}

type communityLink struct{ Label, URL string }

// ChooseCommunity is the page for which ChooseCommunity asks.
type ChooseCommunity struct {
	Stem, Path, Title string // of the menu; of the list; of the page
	Crumbs            []templates.Crumb
}

// ChooseCommunity asks for the community of a new record if the account has several and the URL
// names none. asked reports whether it did.
func (f *Frame) ChooseCommunity(c *web.Context, at CommunityChoice, ask ChooseCommunity) (asked bool, err error) {
	if at.ID == 0 {
		return false, ErrNoCommunityYet
	}
	if len(at.All) < 2 || c.Query("community") != "" {
		return false, nil
	}
	page := choosePage{Shell: f.Shell(c, ask.Stem, ask.Title)}
	page.Crumbs = ask.Crumbs
	for _, community := range at.All {
		page.Choices = append(page.Choices, communityLink{community.Name, NewURL(ask.Path, community.ID)})
	}
	return true, f.Page(c, http.StatusOK, "console/choose/show", page)
}

// CommunityChoice is the community that a page is about, and those to choose from.
type CommunityChoice struct {
	core.Community // zero if the account has none
	All            []core.Community
	kept           bool // the account works in one of several: a list of all must be asked for
}

// CommunityOf reads the parameter "community"; without it, the first of the account's communities.
// One outside the scope is NotFound. A page whose URL names no community is sent to the URL that names
// the one in which the account works, if it chose one: so the URL always says which, and a link shows
// others the same.
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
		if len(all) > 0 {
			p.Community = all[0]
		}
		return p, nil
	}
	id, err := core.ParseID(community)
	if err != nil {
		return CommunityChoice{}, err
	}
	chosen, err := f.Store.Community(c.Ctx(), c.Scope(), id)
	return CommunityChoice{Community: chosen, All: all, kept: working != 0}, err
}

// Field returns the field that chooses the community. With first, it begins with an empty choice of
// that label.
func (p CommunityChoice) Field(first string) templates.Field {
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

// URL returns a path with the community and further pairs as parameters.
func (p CommunityChoice) URL(path string, pairs ...string) string {
	return templates.WithQuery(path, url.Values{"community": {p.ID.String()}}, pairs...)
}

const noCommunityYet = "还没有小区"

// ErrNoCommunityYet is returned by pages that need a community if the account has none.
var ErrNoCommunityYet = core.NotFound(noCommunityYet)

// NoCommunityYet is what lists show to an account without communities.
func NoCommunityYet(c *web.Context) templates.Empty {
	empty := templates.Empty{Icon: "building-community", Title: noCommunityYet, Text: "先添加小区，或请管理员把小区分给您。"}
	if c.Has(core.PermCommunityEdit) && c.Actor().MayOperate() {
		empty.Action = templates.Action{Label: "添加小区", URL: CommunityPath + "/new", Icon: "plus", Primary: true}
	}
	return empty
}

// Today returns the current day in the deployment's time zone.
func (f *Frame) Today(c *web.Context) core.Day { return core.DayOf(c.Now(), f.Store.Zone()) }
