package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// commandSite is a store with a door that can be ordered to open.
type commandSite struct {
	*Store
	t      *testing.T
	reader core.ID
	now    time.Time // of the clock that all servers share
}

func newCommandSite(t *testing.T, s *Store) *commandSite {
	t.Helper()
	readerCommunity(t, s, 1)
	r := aReader(1, "V1")
	r.Protocol = core.ProtocolVbar
	id, _ := makeReader(t, s, r)
	return &commandSite{Store: s, t: t, reader: id, now: s.Now()}
}

func (w *commandSite) order(key string) (core.DoorCommand, error) {
	return w.CreateDoorCommand(w.t.Context(), readerAdmin, core.ScopeOf(1), NewDoorCommand{
		Reader: w.reader, Reason: "业主忘带手机", Key: key, Online: true, Now: w.now,
	})
}

func (w *commandSite) take() []core.DoorCommand {
	w.t.Helper()
	taken, err := w.TakeDoorCommands(w.t.Context(), func(id core.ID) bool { return id == w.reader }, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return taken
}

func (w *commandSite) answer(number int, opened bool) core.AccessRecord {
	w.t.Helper()
	record, err := w.AnswerDoorCommand(w.t.Context(), w.reader, number, opened, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return record
}

func (w *commandSite) state(id core.ID) core.DoorCommand {
	w.t.Helper()
	if err := w.EndDoorCommands(w.t.Context(), w.now); err != nil {
		w.t.Fatal(err)
	}
	c, err := w.DoorCommand(w.t.Context(), core.ScopeOf(1), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *commandSite) records() int {
	w.t.Helper()
	return countRows(w.t, w.Store, "SELECT COUNT(*) FROM access_record WHERE via = 'remote' AND allowed = 1")
}

func TestAnOrderOpensADoorOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newCommandSite(t, s)
		c, err := w.order("a")
		if err != nil || c.State != core.CommandWaiting || c.Number != 1 || !c.Ends.Equal(w.now.Add(core.CommandLife)) {
			t.Fatalf("%+v, %v", c, err)
		}
		if again, err := w.order("a"); err != nil || again.ID != c.ID {
			t.Errorf("the same request is another order: %+v, %v", again, err)
		}
		if _, err := w.order("b"); !core.IsConflict(err) {
			t.Errorf("a second order is not refused: %v", err)
		}
		if w.answer(1, true); w.records() != 0 || w.state(c.ID).State != core.CommandWaiting {
			t.Error("an answer to what was never sent is believed")
		}
		if taken := w.take(); len(taken) != 1 || taken[0].State != core.CommandSent || taken[0].ID != c.ID {
			t.Fatalf("took %+v", taken)
		}
		if taken := w.take(); len(taken) != 0 {
			t.Errorf("taken twice: %+v", taken)
		}
		w.answer(2, true) // another number
		if record := w.answer(1, true); record.ID == 0 || record.Via != core.ViaRemote || record.ReleasedBy != readerAdmin.Name ||
			record.Note != "业主忘带手机" || record.Counted {
			t.Errorf("record %+v", record)
		}
		if w.answer(1, true).ID != 0 || w.answer(1, false).ID != 0 || w.records() != 1 || w.state(c.ID).State != core.CommandOpened {
			t.Errorf("answered again: %d records, %+v", w.records(), w.state(c.ID))
		}
		if n := readerAudits(t, s, "doorcommand.create"); n != 1 {
			t.Errorf("%d audit rows", n)
		}
		w.now = w.now.Add(core.CommandPause)
		if next, err := w.order("c"); err != nil || next.Number != 2 {
			t.Errorf("the next order: %+v, %v", next, err)
		}
	})
}

// TestOrdersAreNeverLate takes and answers orders at the bounds of their lives.
func TestOrdersAreNeverLate(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newCommandSite(t, s)
		start := w.now
		late, err := w.order("late")
		if err != nil {
			t.Fatal(err)
		}
		if w.now = start.Add(core.CommandLife - core.CommandMargin + time.Millisecond); len(w.take()) != 0 {
			t.Error("sent with too little of its life left")
		}
		if w.now = start.Add(core.CommandLife); w.state(late.ID).State != core.CommandExpired || len(w.take()) != 0 {
			t.Errorf("not expired: %+v", w.state(late.ID))
		}
		silent, err := w.order("silent")
		if err != nil || len(w.take()) != 1 {
			t.Fatalf("the next order, %v", err)
		}
		w.now = w.now.Add(core.CommandLife + core.CommandGrace)
		if got := w.state(silent.ID); got.State != core.CommandSilent || !got.Late.IsZero() {
			t.Errorf("not silent: %+v", got)
		}
		w.answer(silent.Number, true)
		if got := w.state(silent.ID); got.State != core.CommandSilent || !got.Late.Equal(w.now) || w.records() != 0 {
			t.Errorf("a late answer: %+v, %d records", got, w.records())
		}
		failed, err := w.order("failed")
		if err != nil || len(w.take()) != 1 {
			t.Fatal(err)
		}
		w.answer(failed.Number, false)
		if w.answer(failed.Number, true); w.state(failed.ID).State != core.CommandFailed || w.records() != 0 {
			t.Errorf("a refusal by the device: %+v", w.state(failed.ID))
		}
	})
}

func TestOrdersAreRefusedAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newCommandSite(t, s)
		plain, _ := makeReader(t, s, aReader(1, "P1"))
		give := func(scope core.Scope, n NewDoorCommand) error {
			n.Now = w.now
			_, err := s.CreateDoorCommand(t.Context(), readerAdmin, scope, n)
			return err
		}
		wantField(t, give(core.ScopeOf(1), NewDoorCommand{Reader: w.reader, Reason: " ", Online: true}), "reason")
		wantCode(t, give(core.ScopeOf(2), NewDoorCommand{Reader: w.reader, Reason: "a", Online: true}), core.CodeNotFound)
		wantCode(t, give(core.ScopeOf(1), NewDoorCommand{Reader: w.reader, Reason: "a"}), core.CodeConflict)
		wantCode(t, give(core.ScopeOf(1), NewDoorCommand{Reader: plain, Reason: "a", Online: true}), core.CodeConflict)
		if n := countRows(t, s, "SELECT COUNT(*) FROM door_command"); n != 0 {
			t.Errorf("%d rows of refused orders", n)
		}
		c, err := w.order("x")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DisableReader(t.Context(), readerAdmin, core.Everywhere, w.reader); err != nil {
			t.Fatal(err)
		}
		if len(w.take()) != 0 {
			t.Error("a door that was disabled meanwhile is ordered to open")
		}
		if _, err := s.DoorCommand(t.Context(), core.ScopeOf(2), c.ID); !core.IsNotFound(err) {
			t.Errorf("another community sees it: %v", err)
		}
	})
}

// TestManyServersTakeAnOrderOnce lets many take at once, and many order at once.
func TestManyServersTakeAnOrderOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newCommandSite(t, s)
		var mu sync.Mutex
		var all sync.WaitGroup
		orders, takes := 0, 0
		for i := range 12 {
			all.Go(func() {
				if _, err := w.order(fmt.Sprint("key", i)); err == nil {
					mu.Lock()
					orders++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for range 12 {
			all.Go(func() {
				taken := w.take()
				mu.Lock()
				takes += len(taken)
				mu.Unlock()
			})
		}
		all.Wait()
		if orders != 1 || takes != 1 {
			t.Errorf("%d orders, taken %d times", orders, takes)
		}
	})
}
