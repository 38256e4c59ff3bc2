package gate_test

import (
	"fmt"
	"slices"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// Scans raise alerts: nine refusals at a door do not, the tenth does, and so does a code that is
// shown again at another door after it opened one.
func TestScansRaiseAccessAlerts(t *testing.T) {
	eachRig(t, func(t *testing.T, r *rig) {
		e := estate.New(t, r.store, estate.Plan{Doors: 3, DoorsOut: true})
		kinds := func() []core.AccessAlertKind {
			t.Helper()
			if err := r.store.RaiseAccessAlerts(t.Context()); err != nil {
				t.Fatal(err)
			}
			alerts, _, err := r.store.AccessAlerts(t.Context(), core.ScopeOf(e.Community), core.AccessAlertFilter{}, store.Page{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var kinds []core.AccessAlertKind
			for _, a := range alerts {
				kinds = append(kinds, a.Kind)
			}
			slices.Sort(kinds)
			return kinds
		}
		refuse := func(n int) {
			t.Helper()
			for range n {
				if got := r.Scan(t.Context(), e.Doors[0].ID, r.issueStale(t, e.Residents[0].Pass)); got.Decision.Allowed {
					t.Fatalf("a code that was replaced opens: %+v", got.Decision)
				}
			}
		}
		refuse(core.AccessAlertRefusalsAt - 1)
		if got := kinds(); len(got) != 0 {
			t.Errorf("after %d refusals: %v", core.AccessAlertRefusalsAt-1, got)
		}
		refuse(1)
		if got := kinds(); !slices.Equal(got, []core.AccessAlertKind{core.AccessAlertRefusals}) {
			t.Errorf("after %d refusals: %v", core.AccessAlertRefusalsAt, got)
		}
		token := r.issue(t, e.Residents[1].Pass)
		for door, allowed := range []bool{true, false} {
			if got := r.Scan(t.Context(), e.Doors[door+1].ID, token); got.Decision.Allowed != allowed {
				t.Fatalf("door %d: %+v", door+1, got.Decision)
			}
		}
		want := fmt.Sprint([]core.AccessAlertKind{core.AccessAlertRefusals, core.AccessAlertReuse})
		if got := fmt.Sprint(kinds()); got != want {
			t.Errorf("after a code was shown again: %s, want %s", got, want)
		}
	})
}

// issueStale returns a token that has been replaced by the next one of its pass.
func (r *rig) issueStale(t *testing.T, pass core.ID) string {
	t.Helper()
	stale := r.issue(t, pass)
	r.issue(t, pass)
	return stale
}
