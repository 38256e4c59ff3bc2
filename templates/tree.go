package templates

// Tree is a tree to choose from, beside a list; partial "tree". Every node is a
// link, so that it works without scripts and a deep link opens the way to its node.
type Tree struct {
	ID    string // of the element, for what fetches it: "house-tree"
	Label string // for screen readers: "楼栋"
	All   TreeNode
	Nodes []TreeNode
}

// TreeNode is a node of a Tree.
type TreeNode struct {
	Label    string
	URL      string
	Note     string // beside it, quietly: "120 套 · 275 人"
	Current  bool
	Leaf     bool       // nothing is below it
	Children []TreeNode // only where it is open
}
