package store

import (
	"sync"
	"testing"

	"tongxing/core"
)

// A visitor takes back what nobody has decided: the office is not asked any more, the host of an appointment is told. What is decided
// stays, and another's code does nothing.
func TestVisitorsWithdraw(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		own := w.mustApply(0, w.application())
		if err := s.WithdrawVisit(t.Context(), core.System, own.Code); err != nil {
			t.Fatal(err)
		}
		seen, err := s.VisitByCode(t.Context(), own.Code)
		if err != nil || seen.State(s.Now()) != core.VisitWithdrawn || seen.Usable(s.Now()) || seen.Pass != 0 {
			t.Errorf("withdrawn: %+v, %v", seen, err)
		}
		if r, err := s.Review(t.Context(), everywhere, own.ID); err != nil || r.State != core.ReviewWithdrawn {
			t.Errorf("the review is %q, %v", r.State, err)
		}
		wantCode(t, w.decide(w.zhang, own.ID, true), core.CodeConflict)
		wantCode(t, s.WithdrawVisit(t.Context(), core.System, own.Code), core.CodeConflict)
		wantCode(t, s.WithdrawVisit(t.Context(), core.System, "none"), core.CodeNotFound)
		for state, want := range map[core.VisitorState]int{core.VisitWithdrawn: 1, core.VisitWaiting: 0, core.VisitExpired: 0} {
			n, err := s.CountVisitorPasses(t.Context(), everywhere, VisitorPassFilter{State: state, Now: s.Now()})
			if err != nil || n != want {
				t.Errorf("%d %s, %v", n, state, err)
			}
		}

		booking := w.application()
		booking.Way, booking.House, booking.Host = core.VisitBooked, 0, "13900000000"
		booked := w.mustApply(0, booking)
		before := w.told(core.MessageVisitor, w.host.ID)
		if err := s.WithdrawVisit(t.Context(), core.System, booked.Code); err != nil {
			t.Fatal(err)
		}
		late := core.ReviewDecision{ID: booked.ID, Approve: true}
		wantCode(t, s.AnswerVisit(t.Context(), core.System, w.host.ID, late), core.CodeConflict)
		if n := w.told(core.MessageVisitor, w.host.ID) - before; n != 1 {
			t.Errorf("the host is told %d times", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'visitorpass.withdraw'"); n != 2 {
			t.Errorf("%d lines in the log", n)
		}

		decided := w.mustApply(0, w.application())
		if err := w.decide(w.zhang, decided.ID, true); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.WithdrawVisit(t.Context(), core.System, decided.Code), core.CodeConflict)
	})
}

// A visitor takes an application back while the office approves it: one of the two is first, and the other is told.
func TestVisitorWithdrawsWhileTheOfficeDecides(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		for range 5 {
			own := w.mustApply(0, w.application())
			var wait sync.WaitGroup
			errs := make([]error, 2)
			wait.Go(func() { errs[0] = s.WithdrawVisit(t.Context(), core.System, own.Code) })
			wait.Go(func() { errs[1] = w.decide(w.zhang, own.ID, true) })
			wait.Wait()
			seen, err := s.VisitByCode(t.Context(), own.Code)
			if err != nil || (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%v and %v, %v", errs[0], errs[1], err)
			}
			want := core.VisitWithdrawn
			if errs[1] == nil {
				want = core.VisitGranted
			}
			if seen.State(s.Now()) != want || (seen.Pass != 0) != (want == core.VisitGranted) {
				t.Errorf("%s, want %s", seen.State(s.Now()), want)
			}
		}
	})
}

// An application that waits names its house as this is called now; what is decided keeps the words of its time.
func TestApplicationsFollowTheNameOfTheHouse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		decided, waits := w.mustApply(0, w.application()), w.mustApply(0, w.application())
		if err := w.decide(w.zhang, decided.ID, true); err != nil {
			t.Fatal(err)
		}
		change := HouseChange{Names: []string{"9", "8", "777"}}
		if _, err := s.UpdateHouse(t.Context(), core.System, everywhere, w.houses[0], change); err != nil {
			t.Fatal(err)
		}
		house, err := s.House(t.Context(), everywhere, w.houses[0])
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[core.ID]string{waits.ID: house.Label, decided.ID: decided.HouseLabel} {
			if r, err := s.Review(t.Context(), everywhere, id); err != nil || r.Subject != want {
				t.Errorf("%q, %v; want %q", r.Subject, err, want)
			}
		}
	})
}
