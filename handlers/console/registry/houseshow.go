package registry

import (
	"net/http"

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
		return frame.ErrNotChosen
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
