package core

// HouseMove is what somebody wants of a node of the tree, or of a house: another name, another place, or that it
// becomes one with another that was typed differently (1栋 and 1号楼).
type HouseMove struct {
	Node  ID     // the building node; 0 = a house
	House ID     // the house, if no node
	Name  string // 改名: the node's new name; "" = as it is
	// Parent is 移动: the node that the node is put under; NoMove = it stays where it is.
	Parent ID
	Into   ID // 合并: the node, or house, that it becomes part of; 0 = none
}

// NoMove is the Parent of a HouseMove that leaves the node where it is: 0 is the top of the tree.
const NoMove ID = -1

// Kind returns the act that a move is.
func (m HouseMove) Kind() BatchKind {
	switch {
	case m.Into != 0:
		return BatchHouseMerge
	case m.Parent != NoMove:
		return BatchHouseMove
	}
	return BatchHouseRename
}

// Whole reports whether batches of the kind are taken back as a whole or not at all, in one transaction: the things of
// a tree depend on each other.
func (k BatchKind) Whole() bool {
	return k == BatchHouseRename || k == BatchHouseMove || k == BatchHouseMerge
}

// HouseTie is a resident of one of two houses that become one.
type HouseTie struct {
	ID, Person ID
	Name       string
	Identity   Identity
	Lives      bool
	Certified  bool
}

// Outranks reports whether of the same person's two ties this one is kept: who lives there before who moved out, then
// who is certified. Of equals that of the house that stays is kept.
func (t HouseTie) Outranks(of HouseTie) bool {
	if t.Lives != of.Lives {
		return t.Lives
	}
	return t.Certified && !of.Certified
}
