package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// shiftSite is a post with two guards.
type shiftSite struct {
	*Store
	t                         *testing.T
	community, post, one, two core.ID
}

func newShiftSite(t *testing.T, s *Store) *shiftSite {
	t.Helper()
	w := &shiftSite{Store: s, t: t, community: newCommunity(t, s, "翠湖花园")}
	w.post = newPost(t, s, w.community)
	for i, id := range []*core.ID{&w.one, &w.two} {
		var err error
		if *id, err = s.CreateGuard(t.Context(), core.System, everywhere, core.Guard{
			Community: w.community, Name: []string{"李师傅", "王师傅"}[i], Phone: []string{"13900000001", "13900000002"}[i],
			Posts: []core.ID{w.post},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *shiftSite) last() core.GuardShift {
	w.t.Helper()
	shift, err := w.LastGuardShift(w.t.Context(), everywhere, w.post)
	if err != nil {
		w.t.Fatal(err)
	}
	return shift
}

func (w *shiftSite) take(guard core.ID, seen string) (core.GuardShift, error) {
	return w.CreateGuardShift(w.t.Context(), core.System, core.ScopeOf(w.community), NewGuardShift{Post: w.post, Guard: guard, Seen: seen})
}

func (w *shiftSite) mustTake(guard core.ID) core.GuardShift {
	w.t.Helper()
	shift, err := w.take(guard, w.last().Mark())
	if err != nil {
		w.t.Fatal(err)
	}
	return shift
}

func (w *shiftSite) handOver(guard, id core.ID, note string) (core.GuardShift, error) {
	return w.HandOverGuardShift(w.t.Context(), core.System, core.ScopeOf(w.community), guard, id, note)
}

// A post is handed over with a note, and taken over by who has read it.
func TestAPostIsHandedOver(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newShiftSite(t, s)
		first, err := w.take(w.one, core.GuardShift{}.Mark())
		if err != nil || first.State != core.ShiftOn || first.GuardName != "李师傅" || first.PostName != "东门岗" || first.Before != 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := w.take(w.one, "0"); err != nil || again.ID != first.ID { // the answer was lost
			t.Errorf("taking over again: %+v, %v", again, err)
		}
		seen := w.last().Mark()
		clock.Add(8 * time.Hour)
		if _, err := w.handOver(w.two, first.ID, "x"); !core.IsNotFound(err) {
			t.Errorf("another's shift is handed over: %v", err)
		}
		if _, err := w.handOver(w.one, first.ID, strings.Repeat("长", core.MaxShiftNote+1)); !core.IsInvalid(err) {
			t.Errorf("a long note: %v", err)
		}
		done, err := w.handOver(w.one, first.ID, " 3 栋门禁坏了 ")
		if err != nil || done.State != core.ShiftHanded || done.Note != "3 栋门禁坏了" || !done.Ended.After(first.Began) {
			t.Fatalf("%+v, %v", done, err)
		}
		if again, err := w.handOver(w.one, first.ID, "3 栋门禁坏了"); err != nil || !again.Ended.Equal(w.last().Ended) {
			t.Errorf("sent again: %+v, %v", again, err)
		}
		if _, err := w.handOver(w.one, first.ID, "别的"); !core.IsConflict(err) {
			t.Errorf("the note is changed: %v", err)
		}
		if _, err := w.take(w.two, seen); !core.IsConflict(err) {
			t.Errorf("taken over without the note: %v", err)
		}
		second := w.mustTake(w.two)
		if second.Before != first.ID || second.GuardName != "王师傅" {
			t.Errorf("second %+v", second)
		}
		clock.Add(time.Hour)
		third := w.mustTake(w.one) // who has not handed over is relieved
		if got, err := s.GuardShift(t.Context(), everywhere, second.ID); err != nil || got.State != core.ShiftTaken || got.Ended.IsZero() {
			t.Errorf("relieved: %+v, %v", got, err)
		}
		late, err := w.handOver(w.two, second.ID, "钥匙在抽屉里") // typed meanwhile: not lost
		if err != nil || late.State != core.ShiftTaken || late.Note != "钥匙在抽屉里" {
			t.Errorf("a late note: %+v, %v", late, err)
		}
		if _, err := w.handOver(w.two, second.ID, "改一下"); !core.IsConflict(err) {
			t.Errorf("a second late note: %v", err)
		}
		if w.last().ID != third.ID || w.last().State != core.ShiftOn {
			t.Errorf("last %+v", w.last())
		}
		post, err := s.GuardPost(t.Context(), everywhere, third.Post)
		if err != nil {
			t.Fatal(err)
		}
		latest, err := s.LastGuardShifts(t.Context(), []core.GuardPost{post, {ID: 1}})
		if err != nil || len(latest) != 1 || latest[post.ID].ID != third.ID {
			t.Errorf("the latest of the posts: %+v, %v", latest, err)
		}
		taken, handed := readerAudits(t, s, "guardshift.create"), readerAudits(t, s, "guardshift.hand_over")
		if taken != 3 || handed != 2 {
			t.Errorf("%d and %d lines in the log", taken, handed)
		}
		const relieved = "SELECT COUNT(*) FROM audit_log WHERE action = 'guardshift.create' AND after_text LIKE '%former%'"
		if n := countRows(t, s, relieved); n != 1 {
			t.Errorf("%d lines say who had not handed over", n)
		}
	})
}

// Two guards at once: one of them has the post, the other is told to look again.
func TestOneOfTwoGuardsTakesOver(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newShiftSite(t, s)
		for range 3 {
			seen := w.last().Mark()
			errs := make([]error, 2)
			var all sync.WaitGroup
			for i, guard := range []core.ID{w.one, w.two} {
				all.Go(func() { _, errs[i] = w.take(guard, seen) })
			}
			all.Wait()
			if core.IsConflict(errs[0]) == core.IsConflict(errs[1]) || errs[0] != nil && errs[1] != nil {
				t.Errorf("not one of two has taken over: %v", errs)
			}
			if n := countRows(t, s, "SELECT COUNT(*) FROM guard_shift WHERE state = 'on'"); n != 1 {
				t.Errorf("%d are in charge", n)
			}
			last := w.last()
			if _, err := w.handOver(last.Guard, last.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM guard_shift"); n != 3 {
			t.Errorf("%d shifts, want one of each two", n)
		}
	})
}

// Only who is assigned to a post in service takes it over, and shifts are seen within their community.
func TestShiftsHaveAScope(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newShiftSite(t, s)
		ctx, other := t.Context(), newCommunity(t, s, "海棠苑")
		elsewhere := core.ScopeOf(other)
		shift := w.mustTake(w.one)
		_, err := s.CreateGuardShift(ctx, core.System, elsewhere, NewGuardShift{Post: w.post, Guard: w.two, Seen: shift.Mark()})
		wantCode(t, err, core.CodeNotFound)
		_, err = s.HandOverGuardShift(ctx, core.System, elsewhere, w.one, shift.ID, "")
		wantCode(t, err, core.CodeNotFound)
		_, err = s.GuardShift(ctx, elsewhere, shift.ID)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.LastGuardShift(ctx, elsewhere, w.post)
		wantCode(t, err, core.CodeNotFound)
		if err := s.DisableGuard(ctx, core.System, everywhere, w.two); err != nil {
			t.Fatal(err)
		}
		_, err = w.take(w.two, shift.Mark())
		wantCode(t, err, core.CodeNotFound)
		if err := s.DisableGuardPost(ctx, core.System, everywhere, w.post); err != nil {
			t.Fatal(err)
		}
		_, err = w.take(w.one, shift.Mark())
		wantCode(t, err, core.CodeNotFound)

		clock.Add(48 * time.Hour)
		if done, err := w.handOver(w.one, shift.ID, "交接"); err != nil || !shift.Forgotten(s.Now()) || done.Forgotten(s.Now()) {
			t.Fatalf("%+v, %v", done, err)
		}
		today := core.DayOf(s.Now(), s.Zone())
		for name, c := range map[string]struct {
			scope core.Scope
			f     GuardShiftFilter
			want  int
		}{
			"all": {everywhere, GuardShiftFilter{}, 1}, "elsewhere": {elsewhere, GuardShiftFilter{}, 0},
			"its community": {everywhere, GuardShiftFilter{Community: w.community}, 1},
			"another":       {everywhere, GuardShiftFilter{Community: other}, 0},
			"its post":      {everywhere, GuardShiftFilter{Post: w.post}, 1}, "another post": {everywhere, GuardShiftFilter{Post: 7}, 0},
			"its last day": {everywhere, GuardShiftFilter{Day: today}, 1}, "a day of it": {everywhere, GuardShiftFilter{Day: today - 1}, 1},
			"later": {everywhere, GuardShiftFilter{Day: today + 1}, 0}, "earlier": {everywhere, GuardShiftFilter{Day: today - 3}, 0},
			"the guard": {everywhere, GuardShiftFilter{Keyword: "李"}, 1}, "the note": {everywhere, GuardShiftFilter{Keyword: "交接"}, 1},
			"nobody":      {everywhere, GuardShiftFilter{Keyword: "赵"}, 0},
			"handed over": {everywhere, GuardShiftFilter{State: core.ShiftHanded}, 1},
			"on":          {everywhere, GuardShiftFilter{State: core.ShiftOn}, 0},
		} {
			if list, _, err := s.GuardShifts(ctx, c.scope, c.f); err != nil || len(list) != c.want {
				t.Errorf("%s: %d, want %d, %v", name, len(list), c.want, err)
			}
		}
		if err := s.PurgeGuardShifts(ctx, shift.Began); err != nil || w.last().ID == 0 {
			t.Errorf("purged too early, %v", err)
		}
		if old, err := s.CountOld(ctx, s.Now(), time.Time{}); old.Shifts != 1 || err != nil {
			t.Errorf("%+v are counted before, %v", old, err)
		}
		if err := s.PurgeGuardShifts(ctx, s.Now()); err != nil || w.last().ID != 0 {
			t.Errorf("not purged, %v", err)
		}
	})
}

// A shift counts what passed at its post while it lasted.
func TestAShiftIsCounted(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newShiftSite(t, s)
		record := func(post core.ID, direction core.Direction, allowed bool, reason core.Reason) {
			t.Helper()
			if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{{
				Community: w.community, At: s.Now(), Via: core.ViaGuard, Post: post, Direction: direction, Allowed: allowed, Reason: reason,
			}}); err != nil {
				t.Fatal(err)
			}
			clock.Add(time.Minute)
		}
		record(w.post, core.In, true, core.ReasonAllowed) // before
		first := w.mustTake(w.one)
		record(w.post, core.In, true, core.ReasonAllowed)
		record(w.post, core.Out, true, core.ReasonAllowed)
		record(w.post, core.Out, true, core.ReasonUrgent)
		record(w.post, core.Out, false, core.ReasonCount)
		record(99, core.Out, false, core.ReasonCount)
		want := core.ShiftCounts{In: 1, Out: 2, Refused: 1, Urgent: 1}
		for _, when := range []string{"on", "over"} {
			shift, err := s.GuardShift(t.Context(), everywhere, first.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.CountGuardShift(t.Context(), shift); err != nil || got != want {
				t.Errorf("%s: %+v, %v", when, got, err)
			}
			if when == "on" {
				w.mustTake(w.two)
				record(w.post, core.In, true, core.ReasonAllowed) // afterwards
			}
		}
	})
}
