package access

import (
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

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
			Label: "全部楼栋", URL: pickURL, Act: restrictionAct{Verb: pickOpen}.String(),
			Note: pickNote(len(ticked), houses), Current: chosen == 0, Leaf: true,
		},
	}
	tree.Nodes, _ = picks.nodes(nodes)
	return tree
}

// pickURL is where the tree's buttons post the form: back to the tree.
const pickURL = restrictionPreviewPath + "#pick"

// restrictionPicks draws nodes with the number of ticked houses below them.
type restrictionPicks struct {
	chosen core.ID
	below  map[string]int // ticked houses, by the id of a node
}

// nodes draws nodes, with the children of those that lead to the chosen one, and reports
// whether any does.
func (p restrictionPicks) nodes(nodes []*store.TreeNode) (drawn []templates.TreeNode, open bool) {
	for _, n := range nodes {
		ticked := p.below[n.ID.String()]
		node := templates.TreeNode{
			Label: n.Name, URL: pickURL, Act: restrictionAct{pickOpen, n.ID}.String(), Note: pickNote(ticked, n.Houses),
			Current: n.ID == p.chosen, Leaf: len(n.Children) == 0,
		}
		switch {
		case n.Houses > 0 && ticked == n.Houses:
			node.Pick = pickButton(restrictionAct{pickNone, n.ID}, "全不选", n.Name)
		case n.Houses > 0 && n.Houses <= store.MaxRestriction:
			node.Pick = pickButton(restrictionAct{pickAll, n.ID}, "全选", n.Name)
		}
		children, leads := p.nodes(n.Children)
		if leads || node.Current {
			node.Children, open = children, true
		}
		drawn = append(drawn, node)
	}
	return drawn, open
}

func pickButton(act restrictionAct, label, node string) *templates.TreePick {
	return &templates.TreePick{Act: act.String(), Label: label, Words: label + " " + node + " 的房屋"}
}

func pickNote(ticked, houses int) string {
	if ticked == 0 {
		return frame.Grouped(houses) + " 套"
	}
	return fmt.Sprintf("已选 %d / %s 套", ticked, frame.Grouped(houses))
}
