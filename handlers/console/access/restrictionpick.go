package access

import (
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// The acts of the tree's buttons, followed by a node's id: show its houses, tick all of them, or
// none.
const (
	pickOpen = "open-"
	pickAll  = "all-"
	pickNone = "none-"
)

// housesFound is the maximum number of results of a house search: enough for a building.
const housesFound = 200

// restrictionHouses returns the houses to tick, sorted by label after those that are ticked but not
// shown, and the tree to find them by.
func (p *Pages) restrictionHouses(
	c *web.Context, at frame.CommunityChoice, form restrictionForm, page *restrictionNewPage,
) ([]templates.Choice, error) {
	ticked, err := p.Store.HousesByID(c.Ctx(), c.Scope(), form.Houses)
	if err != nil {
		return nil, err
	}
	nodes, err := p.Store.BuildingTree(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return nil, err
	}
	if len(nodes) > 0 {
		tree := restrictionTree(nodes, form.Node, ticked)
		page.Tree = &tree
	}
	var found []store.HouseRow
	if form.Keyword != "" || form.Node != 0 || len(nodes) == 0 {
		if found, page.More, err = p.restrictionSearch(c, at, form, housesFound); err != nil {
			return nil, err
		}
	}
	var choices []templates.Choice
	for _, house := range ticked {
		if !slices.ContainsFunc(found, func(f store.HouseRow) bool { return f.ID == house.ID }) {
			choices = append(choices, templates.Choice{Value: house.ID.String(), Label: house.Label})
		}
	}
	return addHouses(choices, found), nil
}

func addHouses(choices []templates.Choice, found []store.HouseRow) []templates.Choice {
	known := map[string]bool{}
	for _, choice := range choices {
		known[choice.Value] = true
	}
	for _, house := range found {
		if !known[house.ID.String()] {
			choices = append(choices, templates.Choice{Value: house.ID.String(), Label: house.Label})
		}
	}
	return choices
}

// restrictionSearch finds houses by a part of their label, below a node of the tree.
func (p *Pages) restrictionSearch(
	c *web.Context, at frame.CommunityChoice, form restrictionForm, most int,
) ([]store.HouseRow, bool, error) {
	return p.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{
		Community: at.ID, Node: form.Node, Keyword: form.Keyword, Page: store.Page{Limit: most},
	})
}

// restrictionTree returns the tree in the form: its buttons submit the form, so that no tick or
// input is lost.
func restrictionTree(nodes []*store.TreeNode, chosen core.ID, ticked []core.House) templates.Tree {
	picks := restrictionPicks{chosen: chosen, below: map[string]int{}}
	for _, house := range ticked {
		for id := range strings.SplitSeq(strings.Trim(house.Path, "/"), "/") {
			picks.below[id]++
		}
	}
	houses := 0
	for _, node := range nodes {
		houses += node.Houses
	}
	tree := templates.Tree{
		ID: "restriction-tree", Label: "楼栋",
		All: templates.TreeNode{
			Label: "全部楼栋", URL: pickURL, Act: pickOpen + "0", Note: pickNote(len(ticked), houses),
			Current: chosen == 0, Leaf: true,
		},
	}
	tree.Nodes, _ = picks.nodes(nodes)
	return tree
}

// pickURL is where the tree's buttons post the form: back to the tree.
const pickURL = frame.RestrictionPath + "#pick"

// restrictionPicks draws nodes with the number of ticked houses below them.
type restrictionPicks struct {
	chosen core.ID
	below  map[string]int // ticked houses, by the id of a node
}

// nodes draws nodes, with the children of those on the path to the chosen one, and reports whether
// there is such a path.
func (p restrictionPicks) nodes(nodes []*store.TreeNode) (drawn []templates.TreeNode, open bool) {
	for _, n := range nodes {
		id := n.ID.String()
		node := templates.TreeNode{
			Label: n.Name, URL: pickURL, Act: pickOpen + id, Note: pickNote(p.below[id], n.Houses),
			Current: n.ID == p.chosen, Leaf: len(n.Children) == 0,
		}
		switch {
		case n.Houses > 0 && p.below[id] == n.Houses:
			node.Pick = &templates.TreePick{Act: pickNone + id, Label: "全不选", Words: "全不选 " + n.Name + " 的房屋"}
		case n.Houses > 0 && n.Houses <= store.MaxRestriction:
			node.Pick = &templates.TreePick{Act: pickAll + id, Label: "全选", Words: "全选 " + n.Name + " 的房屋"}
		}
		children, leads := p.nodes(n.Children)
		if leads || node.Current {
			node.Children, open = children, true
		}
		drawn = append(drawn, node)
	}
	return drawn, open
}

func pickNote(ticked, houses int) string {
	if ticked == 0 {
		return frame.Grouped(houses) + " 套"
	}
	return fmt.Sprintf("已选 %d / %s 套", ticked, frame.Grouped(houses))
}

// byTree reports whether a button of the tree submitted the form.
func (f restrictionForm) byTree() bool {
	_, _, ok := f.pick()
	return ok
}

// pick parses the act of a button of the tree.
func (f restrictionForm) pick() (verb string, node core.ID, ok bool) {
	for _, verb := range []string{pickOpen, pickAll, pickNone} {
		if rest, is := strings.CutPrefix(f.Act, verb); is {
			node, err := core.ParseID(rest)
			return verb, node, err == nil || rest == "0"
		}
	}
	return "", 0, false
}

// restrictionByTree shows a node's houses, and ticks all of them or none; full reports that some
// did not fit.
func (p *Pages) restrictionByTree(c *web.Context, at frame.CommunityChoice, form *restrictionForm) (full bool, err error) {
	verb, node, _ := form.pick()
	form.Node, form.Keyword = node, ""
	switch verb {
	case pickAll:
		form.Houses, full, err = p.tickAll(c, at, *form)
	case pickNone:
		form.Houses, err = p.untickBelow(c, *form)
	}
	return full, err
}

// untickBelow returns the ticked houses that are not below the form's node.
func (p *Pages) untickBelow(c *web.Context, form restrictionForm) ([]core.ID, error) {
	ticked, err := p.Store.HousesByID(c.Ctx(), c.Scope(), form.Houses)
	if err != nil {
		return nil, err
	}
	var left []core.ID
	for _, house := range ticked {
		if !strings.Contains(house.Path, "/"+form.Node.String()+"/") {
			left = append(left, house.ID)
		}
	}
	return left, nil
}

// tickAll adds the search results to the ticked houses; full reports that some did not fit.
func (p *Pages) tickAll(c *web.Context, at frame.CommunityChoice, form restrictionForm) (houses []core.ID, full bool, err error) {
	found, more, err := p.restrictionSearch(c, at, form, store.MaxRestriction)
	if err != nil {
		return nil, false, err
	}
	houses = form.Houses
	for _, house := range found {
		if !slices.Contains(houses, house.ID) {
			houses = append(houses, house.ID)
		}
	}
	if len(houses) > store.MaxRestriction {
		return houses[:store.MaxRestriction], true, nil
	}
	return houses, more, nil
}
