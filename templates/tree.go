package templates

// Tree is a tree to choose from, beside a list or in a form; partial "tree". Every node
// is a link, or a button that sends the form, so that it works without scripts; a deep
// link opens the way to its node.
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

	// In a form: what its button sends as "act", and URL is where the form goes.
	Act  string
	Pick *TreePick // nil = what is below it cannot be ticked at once
}

// TreePick is the button of a node in a form that ticks all that is below it, or none.
type TreePick struct {
	Act   string
	Label string // "全选"
	Words string // for screen readers, beginning with Label: "全选 1栋 的房屋"
}
