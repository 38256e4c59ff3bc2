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
	if c.Has(core.PermHouseEdit) {
		owners, err := p.Store.OwnersReviews(c.Ctx(), c.Scope(), at.ID)
		if err != nil {
			return err
		}
		treeActs(&page.Tree, c.CSRF(), at, tree, chosen, owners)
	}
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

// treeActs adds the acts of the chosen node, or of the whole, and shows where owners may decide applications.
func treeActs(
	t *templates.Tree, csrf string, at frame.CommunityChoice, tree []*store.TreeNode, chosen core.ID, owners store.OwnersReviews,
) {
	if chosen == 0 {
		t.All.Menu = templates.RowMenu{Label: at.Name + " 的操作", Links: []templates.Action{ownersAction(at, 0, owners.Community)}}
	}
	nodeActs(t.Nodes, at, tree, owners, owners.Community)
	withCSRF(t.Nodes, csrf)
}

// withCSRF lets the menus of nodes post.
func withCSRF(nodes []templates.TreeNode, csrf string) {
	for i := range nodes {
		nodes[i].Menu.CSRF = csrf
		withCSRF(nodes[i].Children, csrf)
	}
}

func ownersAction(at frame.CommunityChoice, node core.ID, allowed bool) templates.Action {
	return templates.Action{Label: "业主审核：" + ownersWord(allowed), URL: ownersURL(at, node, 0), Icon: "shield-check"}
}

// nodeActs adds the acts of the current one of some nodes; allowed is what is in effect above them.
func nodeActs(
	shown []templates.TreeNode, at frame.CommunityChoice, nodes []*store.TreeNode, owners store.OwnersReviews, allowed bool,
) {
	for i, node := range nodes {
		in := allowed
		if own, said := owners.Nodes[node.ID]; said {
			in = own
		}
		if shown[i].Current {
			url := houseNodeURL(node.ID) + "/move"
			menu := templates.RowMenu{Label: node.Name + " 的操作", Links: []templates.Action{
				{Label: "改名", URL: url + "?act=rename", Icon: "pencil"},
				{Label: "合并到…", URL: url + "?act=merge", Icon: "building-community"},
			}}
			if node.Level > 0 {
				menu.Links = append(menu.Links, templates.Action{Label: "移动到…", URL: url + "?act=move", Icon: "arrow-right"})
			}
			menu.Links = append(menu.Links, ownersAction(at, node.ID, in))
			menu.Acts = []templates.Submit{{Label: "删除", URL: houseNodeURL(node.ID) + "/delete", Icon: "trash", Ask: true}}
			shown[i].Menu = menu
		}
		if len(shown[i].Children) > 0 {
			nodeActs(shown[i].Children, at, node.Children, owners, in)
		}
	}
}
