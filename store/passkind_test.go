package store

import (
	"slices"
	"testing"

	"tongxing/core"
)

// The store knows every kind of pass, and of each what its row of core.PassTypes makes necessary: what lets through once is used up, and
// people who do not live there are inside until they leave.
func TestTheStoreKnowsEveryKindOfPass(t *testing.T) {
	kinds := make([]core.PassKind, len(passKinds))
	for i, k := range passKinds {
		kinds[i] = k.kind
		row := k.kind.Type()
		if k.join == "" || k.columns == "" || k.name == "" || k.fill == nil || (k.house == "") == (k.place == "") {
			t.Errorf("%s: the facts of a scan lack something", k.kind)
		}
		if row.Single && k.use == nil {
			t.Errorf("%s lets through once, and nothing is used up", k.kind)
		}
		if (k.inside == nil) != (row.Counted || row.Guarded) {
			t.Errorf("%s: who is inside: %v", k.kind, k.inside != nil)
		}
		if (k.list == nil) != row.Guarded {
			t.Errorf("%s: found among the own passes: %v", k.kind, k.list != nil)
		}
	}
	if !slices.Equal(kinds, core.PassKinds()) {
		t.Errorf("the store has the kinds %v, core %v", kinds, core.PassKinds())
	}
}
