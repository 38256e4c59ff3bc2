package templates

import (
	"net/url"
	"slices"
	"testing"
)

// A question keeps the reason of the form that it is about, unless it asks for one itself.
func TestAQuestionKeepsTheFormsReason(t *testing.T) {
	keep := url.Values{"reason": {"居家观察"}, "exits": {"1"}, "confirmed": {"1"}, "csrf": {"x"}}
	names := func(q Confirm) (names []string) {
		for _, kept := range q.Kept() {
			names = append(names, kept.Label)
		}
		return names
	}
	if got := names(Confirm{Keep: keep}); !slices.Equal(got, []string{"exits", "reason"}) {
		t.Errorf("kept %v", got)
	}
	if got := names(Confirm{Keep: keep, Reasons: []string{"看不清"}}); !slices.Equal(got, []string{"exits"}) {
		t.Errorf("a question with reasons keeps %v", got)
	}
}

// What must be typed may be typed as a keyboard for Chinese writes it.
func TestFullWidthFiguresAreTyped(t *testing.T) {
	for typed, want := range map[string]bool{"１４４": true, "１，４４": true, " 144 ": true, "1４４": true, "14": false, "": false, "一四四": false} {
		q := Confirm{Typed: "144"}
		if got := q.Check(url.Values{TypedField: {typed}}); got != want {
			t.Errorf("%q: %v", typed, got)
		}
	}
}
