package store

import (
	"context"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// Who was told by phone is not listed any more, but where it says by whom and what of; what does not reach them afterwards is
// listed again, alone.
func TestWhoIsCalledIsTickedOff(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 4)
		first := w.unreached()
		older := w.unreached()
		s.mustRun(t, "UPDATE message SET to_id = 7 WHERE id = ? OR id = ?", int64(first), int64(older))
		others := w.unreached()
		people, batch, err := s.CallUnreached(t.Context(), batchBy, everywhere, []core.ID{older, older, first}, " 已转告 ")
		if err != nil || people != 1 || batch.Size != 2 || batch.Community != w.community {
			t.Fatalf("%d people, %+v, %v", people, batch, err)
		}
		list := func(read func(context.Context, core.Scope, Page) ([]core.UnreachedPerson, bool, error)) []core.UnreachedPerson {
			t.Helper()
			found, _, err := read(t.Context(), core.ScopeOf(w.community), Page{})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if open := list(s.Unreached); len(open) != 1 || open[0].Last != others {
			t.Errorf("still to be called: %+v", open)
		}
		called := list(s.Called)
		want := core.MessageCall{Caller: batchBy.Name, Note: "已转告", At: s.Now(), Batch: batch.ID}
		if len(called) != 1 || called[0].Messages != 2 || called[0].Last != older || !called[0].Call.At.Equal(want.At) {
			t.Fatalf("called: %+v", called)
		}
		if called[0].Call.At = want.At; called[0].Call != want {
			t.Errorf("the call is %+v, want %+v", called[0].Call, want)
		}
		asked := core.AuditFilter{Targets: []string{"message:" + older.String()}}
		log, _, err := s.AuditRecords(t.Context(), everywhere, asked, Page{Limit: 9})
		if err != nil || len(log) != 1 || !strings.Contains(log[0].After, "已转告") || log[0].Community != w.community {
			t.Errorf("audited: %+v, %v", log, err)
		}
		again, b, err := s.CallUnreached(t.Context(), batchBy, everywhere, []core.ID{older}, "")
		if err != nil || again != 0 || b.Size != 0 {
			t.Errorf("twice: %d, %+v, %v", again, b, err)
		}
		later := w.unreached()
		s.mustRun(t, "UPDATE message SET to_id = 7 WHERE id = ?", int64(later))
		if open := list(s.Unreached); len(open) != 2 || open[0].Last != later || open[0].Messages != 1 {
			t.Errorf("not reached again: %+v", open)
		}
		undone, err := s.UndoBatch(t.Context(), batchBy, everywhere, batch.ID)
		if err != nil || undone.Undone != 2 || len(list(s.Called)) != 0 {
			t.Errorf("taken back: %+v, %v", undone, err)
		}
		if open := list(s.Unreached); len(open) != 2 || open[0].Messages != 3 {
			t.Errorf("after taking back: %+v", open)
		}
	})
}

// A message that is not of the scope ticks nobody off; what is of another community is not told by this one's call.
func TestCallsStayInTheirScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mine, others := newBatchWorld(t, s, "翠湖花园", 4), newBatchWorld(t, s, "海棠苑", 4)
		here, there := mine.unreached(), others.unreached()
		s.mustRun(t, "UPDATE message SET to_id = 7")
		scope := core.ScopeOf(mine.community)
		if _, _, err := s.CallUnreached(t.Context(), batchBy, scope, []core.ID{here, there}, ""); !core.IsNotFound(err) {
			t.Errorf("another community's message: %v", err)
		}
		if _, err := s.UnreachedBy(t.Context(), scope, []core.ID{there}); !core.IsNotFound(err) {
			t.Errorf("asked about another community's: %v", err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message_call"); n != 0 {
			t.Errorf("%d calls of a refused act", n)
		}
		if n, _, err := s.CallUnreached(t.Context(), batchBy, scope, []core.ID{here}, ""); err != nil || n != 1 {
			t.Errorf("%d people, %v", n, err)
		}
		left, _, err := s.Unreached(t.Context(), everywhere, Page{})
		if err != nil || len(left) != 1 || left[0].Last != there {
			t.Errorf("left: %+v, %v", left, err)
		}
		for _, wrong := range [][]core.ID{nil, make([]core.ID, 0), many(CallsAtOnce + 1)} {
			if _, _, err := s.CallUnreached(t.Context(), batchBy, scope, wrong, ""); !core.IsInvalid(err) {
				t.Errorf("%d people: %v", len(wrong), err)
			}
		}
		_, _, err = s.CallUnreached(t.Context(), batchBy, scope, []core.ID{here}, strings.Repeat("长", core.MaxCallNote+1))
		if !core.IsInvalid(err) {
			t.Errorf("a long note: %v", err)
		}
	})
}

func many(n int) []core.ID {
	ids := make([]core.ID, n)
	for i := range ids {
		ids[i] = core.ID(i + 1)
	}
	return ids
}

// Of several who tick off the same person at once, one has called.
func TestOneOfSeveralCalls(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newBatchWorld(t, s, "翠湖花园", 4)
		last := []core.ID{w.unreached(), w.unreached()}
		var all sync.WaitGroup
		var people [6]int
		for i := range people {
			all.Go(func() {
				n, _, err := s.CallUnreached(context.Background(), batchBy, everywhere, last[:1+i%2], "")
				if err != nil {
					t.Error(err)
				}
				people[i] = n
			})
		}
		all.Wait()
		sum := 0
		for _, n := range people {
			sum += n
		}
		if sum != 2 {
			t.Errorf("%v people were called, want 2 in all", people)
		}
	})
}
