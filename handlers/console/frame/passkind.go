package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
)

// passKind is what the console knows of a kind of pass beside its row of core.PassTypes. A further kind is a row of passKinds.
type passKind struct {
	needs core.Permission
	url   func(holder core.ID) string // of the page of whose the pass is
	label string                      // of a link to it
}

// passKinds are all kinds.
var passKinds = map[core.PassKind]passKind{
	core.PassResident:  {core.PermResidentView, ResidentURL, "住户资料"},
	core.PassVisitor:   {core.PermVisitorPassView, VisitorPassURL, "访客"},
	core.PassDedicated: {core.PermInstitutionView, MemberURL, "机构成员"},
	core.PassExitSlip:  {core.PermExitSlipView, ExitSlipURL, "出门条"},
}

// mayOpenHolders reports whether the account may open the pages of those who pass by a kind of pass.
func mayOpenHolders(c *web.Context, kind core.PassKind) bool {
	row, known := passKinds[kind]
	return known && c.Has(row.needs)
}

// HolderPage returns the page of whose a pass of a kind is; "" if the account may not open it, or the kind is unknown.
func HolderPage(c *web.Context, kind core.PassKind, holder core.ID) string {
	if !mayOpenHolders(c, kind) {
		return ""
	}
	return passKinds[kind].url(holder)
}

// HolderLabel returns the label of a link to HolderPage.
func HolderLabel(kind core.PassKind) string { return passKinds[kind].label }
