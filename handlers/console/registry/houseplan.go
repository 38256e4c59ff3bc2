package registry

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// housePlanPath is 楼栋图, a tab of 房屋信息.
const housePlanPath = frame.HousePath + "/plan"

type housePlanPage struct {
	templates.Shell
	Tabs      templates.Tabs
	Asked     *templates.Asked // the community, while none is chosen
	Empty     *templates.Empty // nothing to show
	Buildings []templates.Choice
	Chosen    string
	Community string
	State     string // of the filter; "" = all
	Legend    []planLegend
	Units     []planUnit
	Floors    []planFloor
	Others    []planCell
}

// planLegend is a state with its number of houses: a filter.
type planLegend struct {
	Class, Letter, Label, URL string
	N                         int
	Active                    bool
}

type planUnit struct {
	Name  string
	Rooms []string
}

type planFloor struct {
	Name  string
	Cells []planCell
}

// planCell is a house on the plan; without URL, there is none in its place.
type planCell struct {
	URL, Name, Title, Class, Letters string
	First                            bool // of its unit
}

// houseTabs returns the tabs of 房屋信息.
func houseTabs(at frame.CommunityChoice, active string) templates.Tabs {
	return templates.Tabs{Label: "房屋信息", Items: []templates.NavItem{
		{Label: "列表", URL: at.URL(frame.HousePath), Active: active == ""},
		{Label: "楼栋图", URL: at.URL(housePlanPath), Active: active == "plan"},
	}}
}

// The cookie with the building that was shown last, in this browser.
const (
	planCookie     = "plan"
	planCookieLife = 180 * 24 * time.Hour
)

// housePlan shows the houses of one building by floors and rooms.
func (p *Pages) housePlan(c *web.Context) error {
	var asked struct {
		Building core.ID `form:"node"`
		State    string  `form:"state" of:"restricted arrears uncertified empty"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	page := housePlanPage{Shell: p.Shell(c, "house", "房屋"), Tabs: houseTabs(at, "plan"), State: asked.State}
	if page.Empty = at.NotChosen(c); page.Empty != nil {
		page.Asked = at.Asked(housePlanPath)
		return p.Page(c, http.StatusOK, "console/house/plan", page)
	}
	page.Note, page.Community = at.Name, at.ID.String()
	tree, err := p.Store.BuildingTree(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	chosen := chosenBuilding(c, tree, asked.Building)
	houses, err := p.Store.BuildingHouses(c.Ctx(), c.Scope(), at.ID, nodeID(chosen))
	if err != nil {
		return err
	}
	for _, b := range tree {
		page.Buildings = append(page.Buildings, templates.Choice{Value: b.ID.String(), Label: b.Name})
	}
	page.Chosen = nodeText(chosen)
	if len(houses) == 0 {
		empty := templates.Empty{
			Icon: "building", Title: "这里还没有房屋", Text: "添加房屋后，按楼层和房号画在这里。", Ask: "请联系管理员添加。",
		}
		if c.Has(core.PermHouseEdit) {
			empty.Action = templates.Action{Label: "生成房屋", URL: at.URL(frame.HousePath + "/bulk"), Icon: "building"}
		}
		empty = empty.Told()
		page.Empty = &empty
	}
	page.draw(at, chosen, houses, p.Today(c))
	return p.Page(c, http.StatusOK, "console/house/plan", page)
}

// chosenBuilding returns the building that is asked for, the one shown last, or the first; nil if there
// are none. It is remembered.
func chosenBuilding(c *web.Context, tree []*store.TreeNode, asked core.ID) *store.TreeNode {
	last, _ := core.ParseID(c.Cookie(planCookie)) // a stale one is no building of this tree
	for _, id := range []core.ID{asked, last} {
		at := slices.IndexFunc(tree, func(n *store.TreeNode) bool { return n.ID == id })
		if at >= 0 {
			if id == asked {
				c.SetCookie(planCookie, id.String(), planCookieLife)
			}
			return tree[at]
		}
	}
	if len(tree) == 0 {
		return nil
	}
	return tree[0]
}

// nodeText returns a node's id as a parameter; "" for none.
func nodeText(n *store.TreeNode) string {
	if n == nil {
		return ""
	}
	return n.ID.String()
}

func nodeID(n *store.TreeNode) core.ID {
	if n == nil {
		return 0
	}
	return n.ID
}

// draw fills in the plan and its legend.
func (page *housePlanPage) draw(at frame.CommunityChoice, building *store.TreeNode, houses []core.PlanHouse, today core.Day) {
	names := map[core.ID]string{}
	units := unitsUnder(building, "", names)
	plan := core.PlanOf(units, houses)
	here := func(state string) string {
		return at.URL(housePlanPath, "node", nodeText(building), "state", state)
	}
	counts := map[core.HouseState]int{}
	for _, h := range houses {
		for _, state := range h.States(today) {
			counts[state]++
		}
	}
	page.Legend = []planLegend{{Label: "全部", N: len(houses), URL: here(""), Active: page.State == ""}}
	for _, state := range core.HouseStates() {
		page.Legend = append(page.Legend, planLegend{
			Class: "tx-plan-" + string(state), Letter: state.Letter(), Label: state.Label(), N: counts[state],
			URL: here(string(state)), Active: page.State == string(state),
		})
	}
	first := map[int]bool{}
	columns := 0
	for _, unit := range plan.Units {
		page.Units = append(page.Units, planUnit{names[unit.Node], unit.Rooms})
		first[columns] = true
		columns += len(unit.Rooms)
	}
	for _, floor := range plan.Floors {
		row := planFloor{Name: floor.Name}
		for i, h := range floor.Houses {
			cell := planCell{}
			if h != nil {
				cell = page.cell(*h, today)
			}
			cell.First = first[i]
			row.Cells = append(row.Cells, cell)
		}
		page.Floors = append(page.Floors, row)
	}
	for _, h := range plan.Others {
		page.Others = append(page.Others, page.cell(h, today))
	}
}

// unitsUnder returns the nodes below a building that have houses, in order, and their names.
func unitsUnder(node *store.TreeNode, above string, names map[core.ID]string) []core.ID {
	if node == nil {
		return nil
	}
	units := []core.ID{node.ID}
	names[node.ID] = above
	for _, child := range node.Children {
		units = append(units, unitsUnder(child, strings.TrimSpace(above+" "+child.Name), names)...)
	}
	return units
}

func (page *housePlanPage) cell(h core.PlanHouse, today core.Day) planCell {
	cell := planCell{URL: frame.HouseURL(h.ID), Name: h.Name, Class: "tx-plan-good"}
	words := []string{h.Label}
	states := h.States(today)
	for i, state := range states {
		if i == 0 {
			cell.Class = "tx-plan-" + string(state)
		}
		cell.Letters += state.Letter()
		if state == core.HouseArrears {
			words = append(words, state.Label()+" "+core.Yuan(h.ArrearsFen)+" 元")
		} else {
			words = append(words, state.Label())
		}
	}
	if h.Residents > 0 {
		words = append(words, fmt.Sprintf("%d 人", h.Residents))
	}
	if page.State != "" && !slices.Contains(states, core.HouseState(page.State)) {
		cell.Class += " tx-plan-dim"
	}
	cell.Title = strings.Join(words, "，")
	return cell
}
