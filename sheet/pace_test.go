package sheet

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceRests(t *testing.T) {
	for _, c := range []struct {
		name         string
		worked, rest time.Duration
	}{
		{"a short list", spell - 1, 0},
		{"a spell", spell, 2 * spell},
		{"a long step", 3 * spell, 6 * spell},
		{"the machine was asleep", time.Hour, 20 * spell},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock is its own
				p := newPace(2)
				time.Sleep(c.worked)
				began := time.Now()
				if err := p.step(t.Context()); err != nil {
					t.Fatal(err)
				}
				if rested := time.Since(began); rested != c.rest {
					t.Errorf("rested %v, want %v", rested, c.rest)
				}
			})
		})
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), spell+1)
		defer cancel()
		p := newPace(2)
		time.Sleep(spell)
		if err := p.step(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a rest past the deadline ended with %v", err)
		}
	})
}

func TestPaceRestsForWhoNeedsTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := false
		p := newPace(2)
		p.busy = func() bool { return busy }
		for _, want := range []time.Duration{0, 2 * spell, 0} {
			time.Sleep(spell)
			began := time.Now()
			if err := p.step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rested := time.Since(began); rested != want {
				t.Errorf("rested %v, want %v", rested, want)
			}
			busy = !busy
		}
	})
}
