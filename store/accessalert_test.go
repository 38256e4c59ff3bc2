package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// gateWorld is a community with a reader, under a clock of its own.
type gateWorld struct {
	s         *Store
	clock     *testClock
	community core.ID
	reader    core.ID
}

func eachGate(t *testing.T, test func(t *testing.T, w gateWorld)) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		reader, _, err := s.CreateReader(t.Context(), core.System, everywhere, aReader(community, "A1"))
		if err != nil {
			t.Fatal(err)
		}
		test(t, gateWorld{s, clock, community, reader})
	})
}

// refuse writes refusals at the reader, so many seconds before now.
func (w gateWorld) refuse(t *testing.T, reason core.Reason, seconds ...int) {
	t.Helper()
	var records []core.AccessRecord
	for _, ago := range seconds {
		records = append(records, core.AccessRecord{
			Community: w.community, At: w.s.Now().Add(-time.Duration(ago) * time.Second), Via: core.ViaReader,
			Reader: w.reader, Gate: "南门", Direction: core.Out,
			Kind: core.PassResident, Pass: 77, Name: "陈建国", HouseLabel: "1栋101", Reason: reason,
		})
	}
	if err := w.s.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

func (w gateWorld) raise(t *testing.T) {
	t.Helper()
	if err := w.s.RaiseAccessAlerts(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w gateWorld) alerts(t *testing.T, f core.AccessAlertFilter) []core.AccessAlert {
	t.Helper()
	list, _, err := w.s.AccessAlerts(t.Context(), everywhere, f, Page{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAccessAlertsAreRaisedOnce(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		w.refuse(t, core.ReasonCount, 50, 45, 40, 35, 30, 25, 20, 15, 10)
		w.raise(t)
		if got := w.alerts(t, core.AccessAlertFilter{}); len(got) != 0 {
			t.Fatalf("nine refusals: %+v", got)
		}
		w.refuse(t, core.ReasonCount, 5)
		var all sync.WaitGroup
		for range 4 { // servers
			all.Go(func() {
				if err := w.s.RaiseAccessAlerts(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got := w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertRefusals})
		if len(got) != 1 || got[0].Count != 10 || got[0].Reader != w.reader || got[0].Community != w.community || !got[0].Handled.IsZero() {
			t.Fatalf("ten refusals: %+v", got)
		}
		w.refuse(t, core.ReasonCount, 2, 1)
		w.raise(t)
		if again := w.alerts(t, core.AccessAlertFilter{}); len(again) != 1 || again[0].ID != got[0].ID || again[0].Count != 12 ||
			!again[0].Last.After(got[0].Last) {
			t.Errorf("two more: %+v", again)
		}
		if b, err := w.s.HandleAccessAlerts(
			t.Context(), core.Actor{Name: "小王"}, everywhere, []core.ID{got[0].ID}, " 已查看 ",
		); b.Size != 1 || err != nil {
			t.Fatalf("handled %+v: %v", b, err)
		}
		w.raise(t) // the same records
		if open := w.alerts(t, core.AccessAlertFilter{}); len(open) != 0 {
			t.Errorf("what was handled is raised again: %+v", open)
		}
		done := w.alerts(t, core.AccessAlertFilter{Handled: true})
		if len(done) != 1 || done[0].HandledBy != "小王" || done[0].Remark != "已查看" {
			t.Errorf("handled: %+v", done)
		}
		w.clock.Add(10 * time.Minute)
		w.refuse(t, core.ReasonCount, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
		w.raise(t)
		if open := w.alerts(t, core.AccessAlertFilter{}); len(open) != 1 || open[0].ID == got[0].ID {
			t.Errorf("another time: %+v", open)
		}
	})
}

// Refusals at a guard's post count like those at a reader, and concern the guards of the community alone.
func TestAccessAlertOfAPost(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		post := newPost(t, w.s, w.community)
		var records []core.AccessRecord
		for i := range core.AccessAlertRefusalsAt {
			records = append(records, core.AccessRecord{
				Community: w.community, At: w.s.Now().Add(-time.Duration(i) * time.Second), Via: core.ViaGuard, Post: post, Gate: "东门岗",
				Direction: core.Out, Reason: core.ReasonGuard,
			})
		}
		if err := w.s.ImportAccessRecords(t.Context(), records[1:]); err != nil {
			t.Fatal(err)
		}
		scope := core.ScopeOf(w.community)
		w.raise(t)
		none, before, err := w.s.GateAlerts(t.Context(), scope)
		if err != nil || none != 0 {
			t.Fatalf("%d open after nine, %v", none, err)
		}
		if err := w.s.ImportAccessRecords(t.Context(), records[:1]); err != nil {
			t.Fatal(err)
		}
		w.raise(t)
		w.raise(t)
		open := w.alerts(t, core.AccessAlertFilter{AtGates: true})
		if len(open) != 1 || open[0].Kind != core.AccessAlertRefusals || open[0].Post != post || open[0].Subject != post ||
			open[0].Count != 10 {
			t.Errorf("ten refusals at a post: %+v", open)
		}
		if n, mark, err := w.s.GateAlerts(t.Context(), scope); err != nil || n != 1 || mark == before {
			t.Errorf("%d open, %q after %q, %v", n, mark, before, err)
		}
		if n, _, err := w.s.GateAlerts(t.Context(), core.ScopeOf(newCommunity(t, w.s, "别处"))); err != nil || n != 0 {
			t.Errorf("%d elsewhere, %v", n, err)
		}
	})
}

func TestAccessAlertsOfFeverAndReuse(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		w.refuse(t, core.ReasonFever, 9, 3)
		w.refuse(t, core.ReasonTokenUsed, 8, 4)
		w.raise(t)
		w.raise(t)
		fever := w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertFever})
		reuse := w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertReuse})
		if len(fever) != 2 || fever[0].Name != "陈建国" || len(reuse) != 1 || reuse[0].Count != 2 {
			t.Fatalf("%+v, %+v", fever, reuse)
		}
		w.refuse(t, core.ReasonTokenUsed, 1)
		w.raise(t)
		w.raise(t)
		if reuse = w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertReuse}); len(reuse) != 1 || reuse[0].Count != 3 {
			t.Errorf("shown a third time: %+v", reuse)
		}
		if n, err := w.s.OpenAlerts(t.Context(), core.ScopeOf(w.community)); n != 3 || err != nil {
			t.Errorf("%d open, %v", n, err)
		}
		if _, err := w.s.HandleAccessAlerts(t.Context(), core.System, everywhere, []core.ID{reuse[0].ID}, ""); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Second)
		w.refuse(t, core.ReasonTokenUsed, 0)
		w.raise(t)
		if reuse = w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertReuse}); len(reuse) != 1 || reuse[0].Count != 1 {
			t.Errorf("shown once more after it was handled: %+v", reuse)
		}
	})
}

func TestAccessAlertOfASilentReader(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		w.raise(t) // never called: not installed yet
		seen := func() {
			t.Helper()
			if err := w.s.touchReaders(t.Context(), map[core.ID]readerTouch{w.reader: {at: w.s.Now()}}); err != nil {
				t.Fatal(err)
			}
		}
		seen()
		w.clock.Add(3 * time.Minute) // three heartbeats of a minute
		w.raise(t)
		if got := w.alerts(t, core.AccessAlertFilter{}); len(got) != 0 {
			t.Fatalf("too early: %+v", got)
		}
		w.clock.Add(time.Second)
		w.raise(t)
		w.clock.Add(time.Minute)
		w.raise(t)
		got := w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertSilent})
		if len(got) != 1 || got[0].Reader != w.reader {
			t.Fatalf("silent: %+v", got)
		}
		if _, err := w.s.HandleAccessAlerts(t.Context(), core.System, everywhere, []core.ID{got[0].ID}, "在修"); err != nil {
			t.Fatal(err)
		}
		w.raise(t)
		if open := w.alerts(t, core.AccessAlertFilter{}); len(open) != 0 {
			t.Errorf("one silence, handled, is raised again: %+v", open)
		}
		seen()
		w.clock.Add(4 * time.Minute)
		w.raise(t)
		if open := w.alerts(t, core.AccessAlertFilter{}); len(open) != 1 {
			t.Errorf("silent again: %+v", open)
		}
		seen()
		w.raise(t)
		done := w.alerts(t, core.AccessAlertFilter{Handled: true})
		if len(done) != 2 || done[0].Remark != "已恢复" || done[0].HandledBy != "系统" {
			t.Errorf("it is back: %+v", done)
		}
	})
}

// A clock that stays wrong raises one alert, until it has been right; one that sets itself raises none.
func TestWrongClocks(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		r := aReader(w.community, "CLOCK")
		r.Protocol = core.ProtocolMcardsea
		id, _ := makeReader(t, w.s, r)
		seen := func(skew time.Duration) {
			t.Helper()
			if err := w.s.touchReaders(t.Context(), map[core.ID]readerTouch{id: {at: w.s.Now(), skew: &skew}}); err != nil {
				t.Fatal(err)
			}
			w.raise(t)
			w.raise(t) // the next run, or another server
		}
		open := func() []core.AccessAlert {
			t.Helper()
			return w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertClock})
		}
		seen(-24 * time.Hour) // switched on
		w.clock.Add(time.Minute)
		seen(0) // set by our answer
		w.clock.Add(10 * time.Minute)
		seen(core.SkewWarning) // as far as it may be off
		w.clock.Add(10 * time.Minute)
		seen(-8 * time.Minute)
		w.clock.Add(core.AccessAlertClockFor - time.Second)
		seen(-8 * time.Minute)
		if got := open(); len(got) != 0 {
			t.Fatalf("too early: %+v", got)
		}
		w.clock.Add(time.Minute)
		seen(-9 * time.Minute)
		got := open()
		if len(got) != 1 || got[0].Reader != id || !strings.Contains(got[0].Text(), "时钟慢 9 分钟") {
			t.Fatalf("wrong for long: %+v", got)
		}
		if n, _, err := w.s.GateAlerts(t.Context(), everywhere); err != nil || n != 0 {
			t.Errorf("guards are told of %d, %v", n, err)
		}
		if _, err := w.s.HandleAccessAlerts(t.Context(), core.System, everywhere, []core.ID{got[0].ID}, "已报修"); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(time.Hour)
		seen(-70 * time.Minute)
		if got := open(); len(got) != 0 {
			t.Errorf("one cause, handled, is raised again: %+v", got)
		}
		handled := w.s.Now()
		w.clock.Add(time.Minute)
		seen(time.Second)
		w.clock.Add(time.Minute)
		seen(2 * time.Minute)
		w.clock.Add(core.AccessAlertClockFor)
		seen(2 * time.Minute)
		if got := open(); len(got) != 1 || !got[0].First.After(handled) {
			t.Fatalf("wrong again: %+v", got)
		}
		w.clock.Add(time.Minute)
		seen(0)
		done := w.alerts(t, core.AccessAlertFilter{Kind: core.AccessAlertClock, Handled: true})
		if len(done) != 2 || done[0].Remark != "已恢复" || len(open()) != 0 {
			t.Errorf("it is right: %+v", done)
		}
		seen(time.Hour)
		w.clock.Add(core.AccessAlertClockFor + time.Second)
		seen(time.Hour)
		if err := w.s.DisableReader(t.Context(), core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		w.raise(t)
		if got := open(); len(got) != 0 {
			t.Errorf("of a reader that is disabled: %+v", got)
		}
	})
}

func TestAccessAlertScope(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		w.refuse(t, core.ReasonFever, 3, 2, 1)
		w.raise(t)
		mine := w.alerts(t, core.AccessAlertFilter{Community: w.community})
		other := core.ScopeOf(newCommunity(t, w.s, "海棠苑"))
		if _, err := w.s.AccessAlert(t.Context(), other, mine[0].ID); !core.IsNotFound(err) {
			t.Errorf("shown: %v", err)
		}
		if b, err := w.s.HandleAccessAlerts(
			t.Context(), core.System, other, []core.ID{mine[0].ID}, "",
		); !core.IsNotFound(err) || b.Size != 0 {
			t.Errorf("handled: %v", err)
		}
		if list, _, err := w.s.AccessAlerts(t.Context(), other, core.AccessAlertFilter{}, Page{Limit: 9}); err != nil || len(list) != 0 {
			t.Errorf("listed: %v, %v", list, err)
		}
		wantRefused(t, "another's community", func() error {
			_, _, err := w.s.AccessAlerts(t.Context(), other, core.AccessAlertFilter{Community: w.community}, Page{Limit: 9})
			return err
		}(), core.CodeNotFound)
		var first, second []core.AccessAlert
		var more bool
		first, more, err := w.s.AccessAlerts(t.Context(), everywhere, core.AccessAlertFilter{}, Page{Limit: 2})
		if err != nil || len(first) != 2 || !more {
			t.Fatalf("%d, %v, %v", len(first), more, err)
		}
		second, more, err = w.s.AccessAlerts(t.Context(), everywhere, core.AccessAlertFilter{}, Page{Limit: 2, Next: first[1].ID})
		if err != nil || len(second) != 1 || more {
			t.Errorf("%d, %v, %v", len(second), more, err)
		}
		back, _, err := w.s.AccessAlerts(t.Context(), everywhere, core.AccessAlertFilter{}, Page{Limit: 2, Prev: second[0].ID})
		if err != nil || fmt.Sprint(back) != fmt.Sprint(first) {
			t.Errorf("the way back is another page: %v", err)
		}
		var at [8]int
		var all sync.WaitGroup
		for i := range at {
			all.Go(func() {
				b, _ := w.s.HandleAccessAlerts(context.Background(), core.System, everywhere, []core.ID{mine[1].ID}, "")
				at[i] = b.Size
			})
		}
		all.Wait()
		sum := 0
		for _, n := range at {
			sum += n
		}
		if sum != 1 {
			t.Errorf("handled %d times", sum)
		}
	})
}

// A handled alert is opened again by taking its batch back, unless the same was raised again since.
func TestHandledAlertsAreOpenedAgain(t *testing.T) {
	eachGate(t, func(t *testing.T, w gateWorld) {
		w.refuse(t, core.ReasonFever, 3)
		w.refuse(t, core.ReasonTokenUsed, 2)
		w.raise(t)
		var ids []core.ID
		for _, a := range w.alerts(t, core.AccessAlertFilter{}) {
			ids = append(ids, a.ID)
		}
		b, err := w.s.HandleAccessAlerts(t.Context(), batchBy, everywhere, append(ids, ids[0]), "已看")
		if err != nil || b.Size != 2 || b.ID == 0 {
			t.Fatalf("%+v, %v", b, err)
		}
		if again, err := w.s.HandleAccessAlerts(t.Context(), batchBy, everywhere, ids, ""); err != nil || again.Size != 0 {
			t.Errorf("handled twice: %+v, %v", again, err)
		}
		w.clock.Add(time.Minute)
		w.refuse(t, core.ReasonTokenUsed, 1)
		w.raise(t)
		if _, err := w.s.HandleAccessAlerts(
			t.Context(), batchBy, everywhere, []core.ID{w.alerts(t, core.AccessAlertFilter{})[0].ID}, "",
		); err != nil {
			t.Fatal(err)
		}
		if b, err = w.s.UndoBatch(t.Context(), batchBy, everywhere, b.ID); err != nil || b.Undone != 1 || b.Kept != 1 {
			t.Errorf("undone: %+v, %v", b, err)
		}
		open := w.alerts(t, core.AccessAlertFilter{})
		if len(open) != 1 || open[0].Kind != core.AccessAlertFever || open[0].HandledBy != "" || open[0].Remark != "" {
			t.Errorf("open: %+v", open)
		}
		kept, _, err := w.s.BatchItems(t.Context(), b, BatchItemFilter{State: core.BatchItemKept})
		if err != nil || len(kept) != 1 || kept[0].Why != core.BatchRaised || kept[0].Name != "南门" {
			t.Errorf("kept: %+v, %v", kept, err)
		}
		w.raise(t) // the opened one is not raised again
		if n := len(w.alerts(t, core.AccessAlertFilter{})); n != 1 {
			t.Errorf("%d open", n)
		}
	})
}

// A register without any community is searched, counted and watched all the same.
func TestNothingYet(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		if err := s.RaiseAccessAlerts(t.Context()); err != nil {
			t.Error(err)
		}
		for _, f := range []ResidentFilter{{}, {Keyword: "张"}, {Keyword: "1234"}, {Keyword: "13800138000"}, {MovedOut: true}} {
			if list, _, err := s.Residents(t.Context(), everywhere, f); err != nil || len(list) != 0 {
				t.Errorf("%+v: %d, %v", f, len(list), err)
			}
		}
		if list, _, err := s.AccessRecords(
			t.Context(), everywhere, core.RecordFilter{Keyword: "张"}, Page{Limit: 5},
		); err != nil || len(list) != 0 {
			t.Errorf("%d, %v", len(list), err)
		}
	})
}
