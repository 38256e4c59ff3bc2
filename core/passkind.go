package core

import (
	"math"
	"slices"
	"time"
)

// PassKind is a kind of pass. Its row is in PassTypes.
type PassKind string

// The kinds.
const (
	PassResident PassKind = "resident" // of a certified resident of a house
	PassVisitor  PassKind = "visitor"  // of somebody who visits, and their party

	PassDedicated PassKind = "dedicated" // of a member of an institution, in its communities
	PassExitSlip  PassKind = "exitslip"  // of things that are carried out
)

// PassType is a kind of pass: all that the rest of the program needs to know of it. The rules of a kind are in
// core/pass<kind>.go, what the store reads and writes of it in store/pass<kind>.go.
type PassType struct {
	Kind PassKind
	// Label and Short are Chinese: 住户通行证, and where the word for a pass stands already, 住户.
	Label, Short string
	// Counted passes are those that the community's counting of exits applies to, and its record of ID numbers:
	// they are of people who live there.
	Counted bool
	// Single passes let somebody through once.
	Single bool
	// Guarded passes are released by guards alone: no reader is offered them.
	Guarded bool
	// Scoped passes are for a house: a reader that serves some buildings accepts those of their houses alone.
	Scoped bool
	// Whom is the Chinese label of the place beside the holder's name: 房屋.
	Whom string

	// check applies the rules of the kind at an instant; what holds for every pass has been checked. Neither it nor the
	// others below may ask for a kind's row, which they are part of.
	check func(*Facts, time.Time) Reason
	// way returns the direction in which the pass is used next; "" = in either. nil returns that always.
	way func(*Facts) Direction
	// records returns what the guard must still put on record; nil = what every pass needs.
	records func(*Facts) Reason
	// inForce sets the facts of the kind to those of a pass that its own rules let through, for a rehearsal: what was
	// shown at the door was such a one. nil = the zero facts are.
	inForce func(*Facts)
	// terms returns what the holder reads of the pass, in Chinese. nil = what the community's rule says, if the
	// kind is Counted.
	terms func(*Facts) string
	// words returns the sentence for a decision; "" = the one for every kind. nil returns that always.
	words func(*Facts, Decision, time.Time) string
}

// PassTypes are all kinds, in the order in which pages offer them.
var PassTypes = []PassType{
	{
		Kind: PassResident, Label: "住户通行证", Short: "住户", Counted: true, Scoped: true, Whom: "房屋",
		check: (*Facts).checkResident,
	},
	{
		Kind: PassVisitor, Label: "访客通行证", Short: "访客", Single: true, Scoped: true, Whom: "来访",
		check: (*Facts).checkVisitor, words: (*Facts).visitorWords, terms: (*Facts).visitorTerms,
		way:     func(f *Facts) Direction { return f.Visitor.Way() },
		inForce: func(f *Facts) { f.Visitor.Entered = f.out() },
	},
	{
		Kind: PassDedicated, Label: "专用通行证", Short: "专用", Whom: "机构",
		check: (*Facts).checkDedicated, words: (*Facts).dedicatedWords, terms: (*Facts).dedicatedTerms,
		inForce: func(f *Facts) { f.Dedicated = DedicatedFacts{Until: math.MaxInt32, Member: true, Institution: true} },
	},
	{
		Kind: PassExitSlip, Label: "出门条", Short: "出门条", Guarded: true, Whom: "房屋",
		check: (*Facts).checkExitSlip, words: (*Facts).exitSlipWords, records: (*Facts).exitSlipRecords,
		way:     func(*Facts) Direction { return Out },
		inForce: func(f *Facts) { f.Exit = ExitFacts{All: 1, Ticked: 1} },
	},
}

// PassKinds returns every kind of pass.
func PassKinds() []PassKind {
	kinds := make([]PassKind, len(PassTypes))
	for i, t := range PassTypes {
		kinds[i] = t.Kind
	}
	return kinds
}

// ReaderKinds returns the kinds of pass that readers may accept.
func ReaderKinds() []PassKind {
	return slices.DeleteFunc(PassKinds(), func(k PassKind) bool { return k.Type().Guarded })
}

// row returns the kind's entry of PassTypes; nil if there is none.
func (k PassKind) row() *PassType {
	for i := range PassTypes {
		if PassTypes[i].Kind == k {
			return &PassTypes[i]
		}
	}
	return nil
}

// Type returns the kind's entry of PassTypes. An unknown kind, of a later version, has no rules and is refused.
func (k PassKind) Type() PassType {
	if row := k.row(); row != nil {
		return *row
	}
	return PassType{Kind: k, Label: "未知", Short: "未知", Whom: "房屋"}
}

// Valid reports whether the kind exists.
func (k PassKind) Valid() bool { return k.row() != nil }

// Label returns the kind's name in Chinese.
func (k PassKind) Label() string { return k.Type().Label }

// Way returns the direction in which the pass is used next; "" = in either.
func (f *Facts) Way() Direction {
	if row := f.PassKind.row(); row != nil && row.way != nil {
		return row.way(f)
	}
	return ""
}

// Terms returns what the holder reads of the pass, in Chinese; "" if nobody has passes of the kind on a phone.
func (f *Facts) Terms(now time.Time) string {
	local := *f
	if f = &local; f.Zone == nil {
		f.Zone = time.UTC
	}
	switch row := f.PassKind.row(); {
	case row != nil && row.terms != nil:
		return row.terms(f)
	case row != nil && row.Counted:
		return f.Rule.Under(f.Restriction, DayOf(now, f.Zone)).Text()
	}
	return ""
}
