package registry

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// obstaclePage lists what prevents a deletion, each with the list of exactly that.
type obstaclePage struct {
	templates.Shell
	Text      string
	Obstacles []templates.Action
	Back      string
	Instead   *templates.Submit // what can be done in place of it; nil = nothing
}

// obstacleAt is where obstacles lie: a community, a node or a house of it.
type obstacleAt struct {
	at          frame.CommunityChoice
	node, house core.ID
	label       string // of the node or house
}

// url returns the list of an obstacle; "" = the account may not see it.
func (o obstacleAt) url(c *web.Context, of core.Obstacle) string {
	f, known := core.FeatureOf(of.Stem)
	if !known || f.List != "" && !c.Has(f.List) {
		return ""
	}
	var pairs []string
	switch of.Stem {
	case "resident":
		if pairs = o.place("house", "node"); of.State == "out" {
			pairs = append(pairs, "ties", "out")
		}
	case "house":
		if o.house != 0 { // which shows what is planned, and cancels it
			return frame.HouseURL(o.house)
		}
		pairs = o.place("", "node")
	case "accessrecord":
		if pairs = o.place("house", ""); o.node != 0 {
			pairs = []string{"q", o.label}
		}
	case "restriction", "visitorpass", "exitslip":
		if o.label != "" {
			pairs = []string{"q", o.label}
		}
	case "certification":
		pairs = []string{"state", string(core.ReviewWaiting)}
		if o.label != "" {
			pairs = append(pairs, "q", o.label)
		}
	case "account", "wechatapp", "observer": // theirs are not lists of one community
		return "/console/" + of.Stem
	case "guard":
		return o.at.URL(frame.GuardPath)
	}
	return o.at.URL("/console/"+of.Stem, pairs...)
}

// place returns the parameter by which a list has the rows of the house, or the node, alone.
func (o obstacleAt) place(house, node string) []string {
	switch {
	case o.house != 0:
		return []string{house, o.house.String()}
	case o.node != 0 && node != "":
		return []string{node, o.node.String()}
	}
	return nil
}

// obstaclePage shows what prevents a deletion.
func (p *Pages) obstaclePage(c *web.Context, stem string, o obstacleAt, found []core.Obstacle, page obstaclePage) error {
	name := o.label
	if name == "" {
		name = o.at.Name
	}
	page.Shell = p.Shell(c, stem, "“"+name+"”不能删除")
	page.Note, page.Crumbs = o.at.Name, []templates.Crumb{{Label: name, URL: page.Back}}
	for _, of := range found {
		page.Obstacles = append(page.Obstacles, templates.Action{Label: of.Text(), URL: o.url(c, of)})
	}
	return p.Page(c, http.StatusOK, "console/house/held", page)
}

// houseHeld shows what prevents deleting a house.
func (p *Pages) houseHeld(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	found, err := p.Store.HouseObstacles(c.Ctx(), house)
	if err != nil || len(found) == 0 {
		return redirectOr(c, err, frame.HouseURL(house.ID))
	}
	return p.obstaclePage(c, "house", obstacleAt{at: at, house: house.ID, label: house.Label}, found, obstaclePage{
		Text: "登记有误的住户请先删除；有出入记录的房屋一直保留，写错的房号可以修改，重复的可以合并。", Back: frame.HouseURL(house.ID),
	})
}

func redirectOr(c *web.Context, err error, to string) error {
	if err != nil {
		return err
	}
	return c.Redirect(to)
}

// houseNodeRemove deletes a node with its houses, or shows what prevents that.
func (p *Pages) houseNodeRemove(c *web.Context) error {
	node, m, err := p.houseNodeMoving(c, "rename")
	if err != nil {
		return err
	}
	found, houses, err := p.Store.NodeObstacles(c.Ctx(), node)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return p.obstaclePage(c, "house", obstacleAt{at: m.at, node: node.ID, label: m.label}, found, obstaclePage{
			Text: "先处理这些，再删除。名称写错的可以改名，同一栋写成两种的可以合并。", Back: m.back,
		})
	}
	unit := frame.Grouped(houses) + " 套房屋"
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除“" + m.label + "”和它的房屋？", Text: "“" + m.label + "”和下面的 " + unit + "永久删除，不能恢复。",
			Submit: "删除 " + unit, Danger: true, Typed: m.label,
		},
		Do:   func() error { return p.Store.RemoveNode(c.Ctx(), c.Actor(), c.Scope(), node) },
		Done: "“" + m.label + "”已删除。", Back: m.back, Next: m.at.URL(frame.HousePath),
	})
}

// communityHeld shows what prevents deleting a community.
func (p *Pages) communityHeld(c *web.Context) error {
	community, err := p.community(c)
	if err != nil {
		return err
	}
	found, err := p.Store.CommunityObstacles(c.Ctx(), c.Scope(), community.ID)
	if err != nil || len(found) == 0 {
		return redirectOr(c, err, frame.CommunityPath)
	}
	page := obstaclePage{Text: "有这些内容的小区不能删除，可以归档：不再出现在各页，资料都保留，随时可恢复。", Back: frame.CommunityPath}
	if community.Archived.IsZero() {
		page.Instead = &templates.Submit{Label: "归档小区", URL: frame.CommunityURL(community.ID) + "/archive", Icon: "archive", Ask: true}
	}
	return p.obstaclePage(c, "community", obstacleAt{at: frame.CommunityChoice{Community: community}}, found, page)
}
