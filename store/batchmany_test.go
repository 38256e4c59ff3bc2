package store

import (
	"slices"
	"testing"

	"tongxing/core"
)

// A whole restriction replaces what its question said would be replaced, not as many others.
func TestAWholeRestrictionReplacesWhatItSaid(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 3)
		change := RestrictionChange{
			Community: w.community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "全小区"},
		}
		ask := func() {
			t.Helper()
			plan, err := s.PlanRestrictions(t.Context(), everywhere, change)
			if err != nil || plan.Replaced != 1 {
				t.Fatalf("planned %+v, %v", plan, err)
			}
			change.AnnouncedMark = plan.Mark
		}
		if _, err := w.restrict(w.houses[:1], 3); err != nil {
			t.Fatal(err)
		}
		ask()
		if _, err := s.LiftRestriction(t.Context(), batchBy, everywhere, w.houses[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := w.restrict(w.houses[1:2], 3); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateRestrictions(t.Context(), batchBy, everywhere, change); !core.IsReplaces(err) {
			t.Errorf("another house's restriction: %v", err)
		}
		ask()
		if _, err := w.restrict(w.houses[1:2], 4); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateRestrictions(t.Context(), batchBy, everywhere, change); !core.IsReplaces(err) {
			t.Errorf("other terms: %v", err)
		}
		ask()
		if b, err := s.CreateRestrictions(t.Context(), batchBy, everywhere, change); err != nil || b.Size != 3 {
			t.Errorf("as it said: %+v, %v", b, err)
		}
	})
}

// One act upon things of several communities is a batch for each: none of them is returned, since it
// would take back a part.
func TestAnActOfSeveralCommunitiesIsABatchForEach(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, others := newBatchWorld(t, s, "翠湖花园", 3), newBatchWorld(t, s, "海棠苑", 3)
		acts := map[core.BatchKind]func() (core.Batch, error){
			core.BatchReaderQR: func() (core.Batch, error) {
				return s.SwitchReadersQR(t.Context(), batchBy, everywhere, ReaderQR{
					Readers: []core.ID{mine.readers[0], others.readers[0], others.readers[1]}, Allowed: false,
				})
			},
			core.BatchMoveOut: func() (core.Batch, error) {
				return s.MoveOutAll(t.Context(), batchBy, everywhere, []core.ID{
					mine.residents[0], others.residents[0], others.residents[1],
				})
			},
		}
		fever, err := mine.fevers()
		if err != nil {
			t.Fatal(err)
		}
		fevers, err := others.fevers()
		if err != nil {
			t.Fatal(err)
		}
		acts[core.BatchAlerts] = func() (core.Batch, error) {
			return s.HandleAccessAlerts(t.Context(), batchBy, everywhere, append(fever[:1], fevers[:2]...), "")
		}
		for kind, act := range acts {
			all, err := act()
			if err != nil || all.ID != 0 || all.Size != 3 {
				t.Errorf("%s: %+v, %v", kind, all, err)
			}
			for w, size := range map[*batchWorld]int{mine: 1, others: 2} {
				list, _, err := s.Batches(t.Context(), core.ScopeOf(w.community), BatchFilter{
					Communities: core.Everywhere, Kinds: []core.BatchKind{kind}, Page: Page{Limit: 9},
				})
				if err != nil || len(list) != 1 || list[0].Size != size {
					t.Errorf("%s: %+v, %v", kind, list, err)
				}
			}
		}
	})
}

// A plan looks at all of a batch of more than one part; of more parts than it may look at, it says so.
func TestPlanUndoLooksAtAllParts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", batchPart+2)
		batch, err := s.CreateRestrictions(t.Context(), batchBy, everywhere, RestrictionChange{
			Community: w.community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "全小区"},
		})
		if err != nil {
			t.Fatal(err)
		}
		last := slices.Max(w.houses)
		if _, err := s.LiftRestriction(t.Context(), batchBy, everywhere, last); err != nil {
			t.Fatal(err)
		}
		kept, whole, err := s.PlanUndo(t.Context(), everywhere, batch.ID)
		if err != nil || !whole || len(kept) != 1 || kept[0].Thing != last || kept[0].Name == "" {
			t.Errorf("all: %+v, %v, %v", kept, whole, err)
		}
		if kept, whole, err := s.planUndo(t.Context(), everywhere, batch.ID, 1); err != nil || whole || len(kept) != 0 {
			t.Errorf("one part: %+v, %v, %v", kept, whole, err)
		}
		after, err := s.UndoBatch(t.Context(), batchBy, everywhere, batch.ID)
		if err != nil || after.Kept != 1 || after.Undone != batchPart+1 {
			t.Errorf("taken back: %+v, %v", after, err)
		}
		if kept, whole, err := s.PlanUndo(t.Context(), everywhere, batch.ID); err != nil || !whole || len(kept) != 0 {
			t.Errorf("once more: %+v, %v, %v", kept, whole, err)
		}
	})
}
