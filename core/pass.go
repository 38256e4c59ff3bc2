package core

import "slices"

// PassKind is a kind of pass. The rules of a kind are in Decide; which kinds exist and what they
// are called is declared in passKinds and nowhere else.
type PassKind string

// PassResident is the pass of a certified resident of a house.
const PassResident PassKind = "resident"

// passKinds are all kinds with their names, in the order in which pages offer them.
var passKinds = []struct {
	kind PassKind
	name string
}{
	{PassResident, "住户通行证"},
}

// PassKinds returns every kind of pass.
func PassKinds() []PassKind {
	kinds := make([]PassKind, len(passKinds))
	for i, k := range passKinds {
		kinds[i] = k.kind
	}
	return kinds
}

// Valid reports whether the kind exists.
func (k PassKind) Valid() bool { return slices.Contains(PassKinds(), k) }

// Label returns the kind's name in Chinese.
func (k PassKind) Label() string {
	for _, known := range passKinds {
		if known.kind == k {
			return known.name
		}
	}
	return "未知"
}
