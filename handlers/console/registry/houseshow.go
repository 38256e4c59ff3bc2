package registry

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

type houseTreePage struct {
	templates.Shell
	Tree templates.Tree
}

// houseTree shows the tree, open down to the chosen node. The lists of houses and residents fetch
// it separately, since it counts the whole community.
func (p *Pages) houseTree(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return frame.ErrNoCommunityYet
	}
	page := houseTreePage{Shell: p.Shell(c, "house", "楼栋")}
	page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}
	chosen, _ := core.ParseID(c.Query("node")) // a stale link opens nothing
	tree, err := p.Store.HouseTree(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	to := frame.HousePath
	if c.Query("of") == "resident" {
		to = frame.ResidentPath
	}
	page.Tree = houseTreeOf(func(pairs ...string) string { return at.URL(to, pairs...) }, tree, chosen)
	return p.Page(c, http.StatusOK, "console/house/tree", page)
}

// houseTreeOf returns the tree with links to the list at to.
func houseTreeOf(to func(pairs ...string) string, tree []*store.TreeNode, chosen core.ID) templates.Tree {
	var houses, residents int
	for _, node := range tree {
		houses, residents = houses+node.Houses, residents+node.Residents
	}
	t := templates.Tree{
		ID: "house-tree", Label: "楼栋",
		All: templates.TreeNode{Label: "全部楼栋", URL: to(), Note: nodeNote(houses, residents), Current: chosen == 0, Leaf: true},
	}
	t.Nodes, _ = openNodes(to, tree, chosen)
	return t
}

func nodeNote(houses, residents int) string {
	return frame.Grouped(houses) + " 套 · " + frame.Grouped(residents) + " 人"
}

// openNodes returns nodes with the children of those on the path to chosen, and reports whether
// there is such a path.
func openNodes(to func(pairs ...string) string, tree []*store.TreeNode, chosen core.ID) (nodes []templates.TreeNode, open bool) {
	for _, node := range tree {
		n := templates.TreeNode{
			Label: node.Name, URL: to("node", node.ID.String()), Note: nodeNote(node.Houses, node.Residents),
			Current: node.ID == chosen, Leaf: len(node.Children) == 0,
		}
		children, leads := openNodes(to, node.Children, chosen)
		if leads || n.Current {
			n.Children, open = children, true
		}
		nodes = append(nodes, n)
	}
	return nodes, open
}

type houseShowPage struct {
	templates.Shell
	Facts                    []templates.Fact
	Residents                []residentRow
	Passages                 []passageRow
	MayResidents, MayRecords bool
	Delete                   *templates.Submit // nil = no permission
}

// passageRow is a row of the latest passages; partial "passages".
type passageRow struct {
	State                      templates.Badge
	At                         time.Time
	Name, Direction, Gate, Why string
}

// passagesShown is how many of the latest passages the page of a house or person shows.
const passagesShown = 10

// passages returns the latest passages of a filter.
func (p *Pages) passages(c *web.Context, f core.RecordFilter) ([]passageRow, error) {
	records, _, err := p.Store.AccessRecords(c.Ctx(), c.Scope(), f, store.Page{Limit: passagesShown})
	rows := make([]passageRow, len(records))
	for i, r := range records {
		rows[i] = passageRow{
			State: templates.Badge{Tone: templates.Good, Text: r.ResultLabel()}, At: r.At, Name: r.Name,
			Direction: r.Direction.Label(), Gate: r.Gate,
		}
		if !r.Allowed {
			rows[i].State.Tone, rows[i].Why = templates.Bad, r.Why()
		}
	}
	return rows, err
}

// house returns the house in the path, if the account may see it.
func (p *Pages) house(c *web.Context) (core.House, frame.CommunityChoice, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.House{}, frame.CommunityChoice{}, err
	}
	house, err := p.Store.House(c.Ctx(), c.Scope(), id)
	if err != nil {
		return house, frame.CommunityChoice{}, err
	}
	at, err := p.CommunityOf(c, house.Community.String())
	return house, at, err
}

func (p *Pages) houseShow(c *web.Context) error {
	house, at, err := p.house(c)
	if err != nil {
		return err
	}
	page := houseShowPage{
		Shell: p.Shell(c, "house", house.Label), MayResidents: c.Has(core.PermResidentView),
		MayRecords: c.Has(core.PermAccessRecordView),
	}
	page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}
	if page.Facts, err = p.houseFacts(c, at, house); err != nil {
		return err
	}
	if page.MayResidents {
		residents, _, err := p.Store.Residents(c.Ctx(), c.Scope(), store.ResidentFilter{
			Community: at.ID, House: house.ID, Page: store.Page{Limit: residentsAPage},
		})
		if err != nil {
			return err
		}
		page.Residents = residentRows(residents)
	}
	if page.MayRecords {
		if page.Passages, err = p.passages(c, core.RecordFilter{Community: at.ID, House: house.ID}); err != nil {
			return err
		}
	}
	if c.Has(core.PermResidentEdit) {
		page.Actions = append(page.Actions, templates.Action{
			Label: "添加住户", URL: at.URL(frame.ResidentPath+"/new", "house", house.ID.String()), Icon: "plus",
		})
	}
	if c.Has(core.PermRestrictionEdit) {
		page.Actions = append(page.Actions, templates.Action{
			Label: "限制出入", URL: at.URL(frame.RestrictionPath+"/new", "house", house.ID.String()), Icon: "ban",
		})
	}
	if c.Has(core.PermHouseEdit) {
		page.Actions = append(page.Actions, templates.Action{
			Label: "修改", URL: frame.HouseURL(house.ID) + "/edit", Icon: "pencil", Primary: true,
		})
		page.Delete = &templates.Submit{
			Label: "删除房屋", Icon: "trash", URL: frame.HouseURL(house.ID) + "/delete",
			Ask: true,
		}
	}
	return p.Page(c, http.StatusOK, "console/house/show", page)
}

func (p *Pages) houseFacts(c *web.Context, at frame.CommunityChoice, house core.House) ([]templates.Fact, error) {
	facts := []templates.Fact{{Label: "小区", Value: at.Name}, {Label: "房屋", Value: house.Label}}
	owes := templates.Badge{Tone: templates.Good, Text: "无欠费"}
	if house.ArrearsFen > 0 {
		owes = templates.Badge{Tone: templates.Warn, Text: "欠费 " + core.Yuan(house.ArrearsFen) + " 元"}
	}
	facts = append(facts, templates.Fact{Label: "欠费", Badge: owes})
	restriction, err := p.Store.HouseRestriction(c.Ctx(), c.Scope(), house)
	if core.IsNotFound(err) {
		return append(facts, templates.Fact{Label: "出入", Value: "按小区的规则"}), nil
	}
	if err != nil {
		return nil, err
	}
	until := "长期"
	if restriction.LastDay != 0 {
		until = "到 " + restriction.LastDay.String()
	}
	return append(facts, templates.Fact{Label: "出入", Badge: frame.RestrictionBadge(restriction, p.Today(c))},
		templates.Fact{Label: "限制原因", Value: restriction.Reason + "（" + until + "）"}), nil
}
