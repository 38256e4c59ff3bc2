package store

import (
	"testing"

	"tongxing/core"
	"tongxing/store/audit"
)

// Moving out writes a line of the audit log for each resident, and one batch: what was done to a
// resident shows it once, and that it was taken back.
func TestActsUponShowABatchOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, ids := newTied(t, s, 2)
		batch, err := s.MoveOutAll(t.Context(), core.System, core.ScopeOf(community), ids)
		if err != nil {
			t.Fatal(err)
		}
		moved := func() (acts []core.ThingAct) {
			t.Helper()
			all, err := s.ActsUpon(t.Context(), everywhere, []string{audit.Target("resident", ids[0]).String()}, 20)
			if err != nil {
				t.Fatal(err)
			}
			for _, act := range all {
				if act.Record.Action == string(core.BatchMoveOut) || act.Kind == core.BatchMoveOut {
					acts = append(acts, act)
				}
			}
			return acts
		}
		if acts := moved(); len(acts) != 1 || acts[0].Undone || acts[0].Batch != batch.ID || acts[0].Record.ID == 0 {
			t.Errorf("moved out: %+v", acts)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if acts := moved(); len(acts) != 1 || !acts[0].Undone {
			t.Errorf("after it was taken back: %+v", acts)
		}
	})
}
