package core

import (
	"testing"
	"time"
)

// The visitors of a tenant come in until the last day of the lease; who is inside gets out after it.
func TestVisitorsOfATenant(t *testing.T) {
	noon := time.Date(2026, 3, 15, 12, 0, 0, 0, shanghai)
	today := DayOf(noon, shanghai)
	for _, c := range []struct {
		what    string
		last    Day
		entered bool
		want    Reason
	}{
		{"no tenant", 0, false, ReasonAllowed},
		{"on the last day", today, false, ReasonAllowed},
		{"the day after", today - 1, false, ReasonPassDisabled},
		{"out the day after", today - 1, true, ReasonAllowed},
	} {
		f := Facts{
			Zone: shanghai, Via: ViaPreview, Direction: In, PassKind: PassVisitor, PassEnabled: true,
			Visitor: VisitorFacts{HostLast: c.last, Entered: c.entered},
		}
		if c.entered {
			f.Direction = Out
		}
		if d := Decide(f, noon); d.Reason != c.want {
			t.Errorf("%s: %+v, want %s", c.what, d, c.want)
		}
	}
}
