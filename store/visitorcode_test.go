package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// A visitor outside WeChat proves the number by the code that was sent there, which applies once; without it the number is not proven,
// or refused where it must be.
func TestVisitorProvesTheNumberByCode(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		v := w.application()
		v.MustProve = true
		if _, err := w.apply(0, v); wrongFields(err)["code"] == "" {
			t.Errorf("unproven: %v", err)
		}
		number, code, err := s.CreateVisitorCode(t.Context(), v.Phone[:3]+" "+v.Phone[3:])
		if err != nil || number != v.Phone || len(code) != core.VisitorCodeDigits {
			t.Fatalf("%q, %q, %v", number, code, err)
		}
		if v.Code = code; wrongFields(second(w.apply(0, v)))["code"] == "" {
			t.Error("a code that nobody entered proves")
		}
		if err := s.EnterVisitorCode(t.Context(), "13600009999", code); wrongFields(err)["code"] == "" {
			t.Errorf("another's number: %v", err)
		}
		if err := s.EnterVisitorCode(t.Context(), v.Phone, code); err != nil {
			t.Fatal(err)
		}
		own := w.mustApply(0, v)
		if !own.Proven || own.Phone == "" {
			t.Errorf("%+v", own)
		}
		if wrongFields(second(w.apply(0, v)))["code"] == "" {
			t.Error("a code applies twice")
		}
		if plain := w.mustApply(0, w.application()); plain.Proven {
			t.Error("proven without a code")
		}
	})
}

// wrongFields returns the messages of an error by field.
func wrongFields(err error) map[string]string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

func second(_ OwnVisit, err error) error { return err }

// A code is not guessed: five are entered for one, at once too, and one number gets five a day, a minute apart; a code ends.
func TestVisitorCodesHaveLimits(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		const phone = "13600000042"
		_, first, err := s.CreateVisitorCode(t.Context(), phone)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.CreateVisitorCode(t.Context(), phone); !core.IsConflict(err) {
			t.Errorf("another at once: %v", err)
		}
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() { _ = s.EnterVisitorCode(t.Context(), phone, "wrong") })
		}
		wait.Wait()
		if err := s.EnterVisitorCode(t.Context(), phone, first); wrongFields(err)["code"] == "" {
			t.Errorf("after twenty guesses: %v", err)
		}
		clock.Add(2 * time.Minute)
		_, code, err := s.CreateVisitorCode(t.Context(), phone)
		if err != nil {
			t.Fatal(err)
		}
		if first != code {
			if err := s.EnterVisitorCode(t.Context(), phone, first); err == nil {
				t.Error("the code before is good still")
			}
		}
		clock.Add(core.VisitorCodeLife + time.Second)
		if err := s.EnterVisitorCode(t.Context(), phone, code); wrongFields(err)["code"] == "" {
			t.Errorf("after its life: %v", err)
		}
		for range core.MaxVisitorCodes - 2 {
			if _, _, err := s.CreateVisitorCode(t.Context(), phone); err != nil {
				t.Fatal(err)
			}
			clock.Add(2 * time.Minute)
		}
		if _, _, err := s.CreateVisitorCode(t.Context(), phone); !core.IsConflict(err) {
			t.Errorf("too many a day: %v", err)
		}
		clock.Add(26 * time.Hour)
		if err := s.PurgeVisitorCodes(t.Context()); err != nil || countRows(t, s, "SELECT COUNT(*) FROM visitor_code") != 0 {
			t.Errorf("not purged: %v", err)
		}
		if _, _, err := s.CreateVisitorCode(t.Context(), "12"); wrongFields(err)["phone"] == "" {
			t.Errorf("no number: %v", err)
		}
	})
}
