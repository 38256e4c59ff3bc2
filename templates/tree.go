package templates

// Tree is a tree to choose from, beside a list or in a form; partial "tree". Every node is a link,
// or a button that submits the form, so that it works without scripts; a deep link opens the path
// to its node.
type Tree struct {
	ID    string // of the element, for requests that fetch it: "house-tree"
	Label string // for screen readers: "楼栋"
	All   TreeNode
	Nodes []TreeNode
}

// TreeNode is a node of a Tree.
type TreeNode struct {
	Label    string
	URL      string
	Note     string // beside it, muted: "120 套 · 275 人"
	Current  bool
	Leaf     bool       // has no children
	Children []TreeNode // only if open
	Menu     RowMenu    // ⋯ of a node that is a link; without links there is none

	// In a form: the button's value of "act", and URL is where the form posts.
	Act  string
	Pick *TreePick // nil = its descendants cannot be ticked at once
}

// TreePick is a node's button in a form that ticks all its descendants, or none.
type TreePick struct {
	Act   string
	Label string // "全选"
	Words string // for screen readers, starting with Label: "全选 1栋 的房屋"
}
