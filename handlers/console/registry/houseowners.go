package registry

import (
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const houseOwnersPath = frame.HousePath + "/owners"

// ownersQuestion is the switch's name in the original.
const ownersQuestion = "是否允许业主审核所属房间住户的申请"

// ownersPlace is a place of the tree with what is said there, and what it would have from above.
type ownersPlace struct {
	at          frame.CommunityChoice
	node, house core.ID
	label       string
	back        string
	own         *bool
	above       bool
	from        string // whose value above is; "" = the place is the community
}

// effective returns what is in effect, in words with where it comes from: 允许（继承自 1栋）.
func (o ownersPlace) effective() string {
	if o.own != nil {
		return ownersWord(*o.own)
	}
	if o.from == "" {
		return ownersWord(o.above)
	}
	return ownersWord(o.above) + "（继承自 " + o.from + "）"
}

func ownersWord(allowed bool) string {
	if allowed {
		return "允许"
	}
	return "不允许"
}

// ownersPlaceOf reads the place that a community's node, or house, is; of neither, the community.
func (p *Pages) ownersPlaceOf(c *web.Context, community string, node, house core.ID) (o ownersPlace, err error) {
	if o.at, err = p.CommunityOf(c, community); err != nil {
		return o, err
	}
	if o.at.ID == 0 {
		return o, frame.ErrNotChosen
	}
	o.node, o.house, o.label, o.back = node, house, o.at.Name, o.at.URL(frame.HousePath)
	all, err := p.Store.OwnersReviews(c.Ctx(), c.Scope(), o.at.ID)
	if err != nil {
		return o, err
	}
	path := "/"
	switch {
	case house != 0:
		h, err := p.Store.House(c.Ctx(), c.Scope().In(o.at.ID), house)
		if err != nil {
			return o, err
		}
		o.label, path, o.back = h.Label, h.Path, frame.HouseURL(h.ID)
		if o.own, err = p.Store.HouseOwnersReview(c.Ctx(), h.ID); err != nil {
			return o, err
		}
	case node != 0:
		n, err := p.Store.BuildingNode(c.Ctx(), c.Scope().In(o.at.ID), node)
		if err != nil {
			return o, err
		}
		path, o.back = strings.TrimSuffix(n.Path, n.ID.String()+"/"), o.at.URL(frame.HousePath, "node", n.ID.String())
		if allowed, said := all.Nodes[n.ID]; said {
			o.own = &allowed
		}
		if o.label, err = p.nodeLabel(c, n); err != nil {
			return o, err
		}
	default:
		o.own = &all.Community
		return o, nil
	}
	return o, p.ownersAbove(c, &o, all, path)
}

// ownersAbove finds the nearest value on a path of nodes.
func (p *Pages) ownersAbove(c *web.Context, o *ownersPlace, all store.OwnersReviews, path string) error {
	o.above, o.from = all.Community, o.at.Name
	var nearest core.ID
	for text := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if id, err := core.ParseID(text); err == nil {
			if allowed, said := all.Nodes[id]; said {
				o.above, nearest = allowed, id
			}
		}
	}
	if nearest == 0 {
		return nil
	}
	n, err := p.Store.BuildingNode(c.Ctx(), c.Scope(), nearest)
	if err == nil {
		o.from, err = p.nodeLabel(c, n)
	}
	return err
}

// nodeLabel returns the full name of a node: 1栋2单元.
func (p *Pages) nodeLabel(c *web.Context, node core.BuildingNode) (string, error) {
	places, err := p.Store.MovePlaces(c.Ctx(), c.Scope(), node.Community, node.Level)
	for _, place := range places {
		if place.ID == node.ID {
			return place.Name, err
		}
	}
	return node.Name, err
}

// ownersURL returns the URL of the switch of a place.
func ownersURL(at frame.CommunityChoice, node, house core.ID) string {
	var pairs []string
	if node != 0 {
		pairs = append(pairs, "node", node.String())
	}
	if house != 0 {
		pairs = append(pairs, "house", house.String())
	}
	return at.URL(houseOwnersPath, pairs...)
}

// houseOwnersForm returns the form of a place's switch, with what is said there.
func houseOwnersForm(c *web.Context, o ownersPlace) templates.Form {
	value := ""
	if o.own != nil {
		value = map[bool]string{true: "yes", false: "no"}[*o.own]
	}
	choices := []templates.Choice{{Value: "yes", Label: "允许"}, {Value: "no", Label: "不允许"}}
	if o.from != "" {
		choices = append([]templates.Choice{{Label: "随上级，现在是" + ownersWord(o.above) + "（继承自 " + o.from + "）"}}, choices...)
	}
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: o.at.ID.String()},
		{
			Kind: templates.Radio, Name: "allowed", Label: ownersQuestion, Value: value, Choices: choices,
			Help: "允许已认证的业主在手机上审核自己房屋的申请。没有另设的跟着变。",
		},
	}
	if o.node != 0 {
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "node", Value: o.node.String()})
	}
	if o.house != 0 {
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "house", Value: o.house.String()})
	}
	return templates.Form{Action: houseOwnersPath, CSRF: c.CSRF(), Cancel: o.back, Sections: []templates.Section{{Fields: fields}}}
}

func (p *Pages) houseOwnersPage(c *web.Context, o ownersPlace, wrong error) error {
	form := houseOwnersForm(c, o)
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := houseFormPage{Shell: p.Shell(c, "house", "业主审核"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "房屋", URL: o.at.URL(frame.HousePath)}}
		frame.ShowsCommunity(&page.Shell, o.at.Community)
		if page.Note = o.at.Name; o.label != o.at.Name {
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: o.label, URL: o.back})
		}
		return p.Page(c, status, "console/house/form", page)
	})
}

func (p *Pages) houseOwnersEdit(c *web.Context) error {
	node, _ := core.ParseID(c.Query("node"))   // none, or a stale link: of the community
	house, _ := core.ParseID(c.Query("house")) //
	o, err := p.ownersPlaceOf(c, c.Query("community"), node, house)
	if err != nil {
		return err
	}
	return p.houseOwnersPage(c, o, nil)
}

func (p *Pages) houseOwnersUpdate(c *web.Context) error {
	var form struct {
		Community core.ID `form:"community"`
		Node      core.ID `form:"node"`
		House     core.ID `form:"house"`
		Allowed   string  `form:"allowed" of:"yes no"`
	}
	wrong := c.Bind(&form)
	var chosen *bool
	if allowed := form.Allowed == "yes"; form.Allowed != "" {
		chosen = &allowed
	}
	o, err := p.ownersPlaceOf(c, form.Community.String(), form.Node, form.House)
	if err != nil {
		return err
	}
	if wrong == nil && frame.EditsAgain(c) {
		o.own = chosen
		return p.houseOwnersPage(c, o, nil)
	}
	if wrong == nil {
		asked, err := p.houseOwnersAsk(c, o, chosen)
		if asked || err != nil {
			return err
		}
		wrong = p.Store.UpdateOwnersReview(c.Ctx(), c.Actor(), c.Scope(), store.OwnersReviewChange{
			Community: o.at.ID, Node: o.node, House: o.house, Allowed: chosen,
		})
	}
	if wrong != nil {
		return p.houseOwnersPage(c, o, wrong)
	}
	p.Edited(c, o.label+" 的业主审核已保存。", houseOwnersForm(c, o), time.Time{})
	return c.Redirect(o.back)
}

// houseOwnersAsk asks before something else is in effect for the houses of a community or node, and reports whether it did.
// One house, and taking back, ask nothing.
func (p *Pages) houseOwnersAsk(c *web.Context, o ownersPlace, chosen *bool) (asked bool, err error) {
	in := func(own *bool) bool { return own != nil && *own || own == nil && o.above }
	if o.house != 0 || in(o.own) == in(chosen) || c.Form().Has(web.UndoneField) {
		return false, nil
	}
	houses, owners, err := p.Store.OwnersReviewReach(c.Ctx(), c.Scope(), o.at.ID, o.node)
	if err != nil || houses == 0 {
		return false, err
	}
	ask := templates.Confirm{
		Title: "允许业主审核“" + o.label + "”的住户申请？", Submit: "允许业主审核", Edit: true, Action: houseOwnersPath, Cancel: o.back,
		Text: "立即生效，可以再改回来。另外设置过的楼栋和房屋不变。", Keep: c.Form(), Typed: frame.TypedNumber(houses),
		Effects: []string{
			frame.Grouped(houses) + " 套房屋的申请先由业主审核",
			frame.Grouped(owners) + " 名已认证的业主可以在手机上审核",
		},
	}
	if !in(chosen) {
		ask.Title, ask.Submit = "不再允许业主审核“"+o.label+"”的住户申请？", "改由物业审核"
		ask.Effects = []string{
			frame.Grouped(houses) + " 套房屋的申请都由物业审核", frame.Grouped(owners) + " 名已认证的业主不能再审核",
		}
	}
	return p.Ask(c, "house", ask)
}
