package core

import (
	"testing"
	"time"
)

// Who has a pass on a phone reads what holds for it: the community's rule is that of residents alone. What guards alone release is
// on no phone.
func TestEveryKindHasTerms(t *testing.T) {
	until := time.Date(2026, 12, 1, 6, 30, 0, 0, time.UTC)
	f := Facts{Rule: DefaultPassRule(), Zone: shanghai, Visitor: VisitorFacts{Until: until}, Dedicated: DedicatedFacts{Until: 20788}}
	seen := map[string]PassKind{}
	for _, kind := range PassKinds() {
		f.PassKind = kind
		words := f.Terms(until)
		if (words == "") != kind.Type().Guarded {
			t.Errorf("%s: %q", kind, words)
		}
		if other, twice := seen[words]; twice {
			t.Errorf("%s has the terms of %s", kind, other)
		}
		seen[words] = kind
	}
	f.PassKind = PassVisitor
	if got := f.Terms(until); got != "有效至 2026-12-01 14:30，只能进门一次" {
		t.Errorf("a visitor reads %q", got)
	}
	if f.Zone = nil; f.Terms(until) != "有效至 2026-12-01 06:30，只能进门一次" {
		t.Errorf("without a zone: %q", f.Terms(until))
	}
	f.PassKind, f.Restriction = PassResident, &Restriction{Exits: -1}
	if got, want := f.Terms(until), f.Rule.Under(f.Restriction, DayOf(until, time.UTC)).Text(); got != want || got == f.Rule.Text() {
		t.Errorf("in a restricted house: %q", got)
	}
	if f.PassKind = "later"; f.Terms(until) != "" {
		t.Errorf("an unknown kind: %q", f.Terms(until))
	}
}
