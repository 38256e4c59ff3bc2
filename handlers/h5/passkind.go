package h5

import (
	"tongxing/core"
	"tongxing/handlers/web"
)

// passKind is what the phone's pages know of a kind of pass beside its row of core.PassTypes. A further kind is a file of its own,
// pass<kind>.go, with one of these, and a line in passKinds.
type passKind struct {
	// show is the page of a pass among its holder's own, and its answer with a new code. nil = the page of any pass.
	show func(h *H5, c *web.Context, pass core.ID) error
	// find adds to a guard's results whom or what the keyword finds, if the guard may look at the pass.
	find func(h *H5, c *web.Context, page *searchPage) error
	// compare adds to what a guard sees of a pass what is compared before the decision. nil = name, place and picture.
	compare func(h *H5, c *web.Context, form *passageForm, page *lookPage) error
}

// passKinds are all kinds.
var passKinds = map[core.PassKind]passKind{
	core.PassResident:  residentPass,
	core.PassVisitor:   visitorPass,
	core.PassDedicated: dedicatedPass,
	core.PassExitSlip:  exitSlipPass,
}
