package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// wait takes a place among those who wait.
func (t *turns) wait(tt *testing.T, known bool) *turn {
	tt.Helper()
	mine, err := t.queue(known)
	if err != nil || mine == nil {
		tt.Fatalf("did not wait: %v", err)
	}
	return mine
}

// told reports what one who waits was told; "" = nothing yet.
func (w *turn) heard() string {
	select {
	case mayGo := <-w.called:
		if mayGo {
			return "go"
		}
		return "no"
	default:
		return ""
	}
}

func TestTheTwentyFirstWhoWaitsIsRefused(t *testing.T) {
	line := &turns{} // somebody is at work
	var first, last *turn
	for i := range turnsWaiting {
		last = line.wait(t, false)
		if i == 0 {
			first = last
		}
	}
	if err := line.enter(t.Context(), false); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("the twenty-first: %v", err)
	}
	if !line.full() {
		t.Error("not full")
	}
	known := line.wait(t, true)
	if got := last.heard(); got != "no" {
		t.Errorf("who came last heard %q as somebody known came", got)
	}
	line.leave()
	if known.heard() != "go" || first.heard() != "" {
		t.Error("somebody known does not go first")
	}
	line.leave()
	if first.heard() != "go" {
		t.Error("the first stranger does not go after them")
	}
}

func TestTwentyKnownOnesKeepTheirPlaces(t *testing.T) {
	line := &turns{}
	for range turnsWaiting {
		line.wait(t, true)
	}
	if err := line.enter(t.Context(), true); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("the twenty-first: %v", err)
	}
}

func TestWhoGivesUpWaitingFreesTheirPlace(t *testing.T) {
	line := &turns{}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, known := range []bool{true, false} {
		if err := line.enter(ended, known); !errors.Is(err, context.Canceled) {
			t.Errorf("known %v: %v", known, err)
		}
	}
	if len(line.known)+len(line.strangers) != 0 {
		t.Error("a place is still taken")
	}
	mine := line.wait(t, false)
	line.leave()
	if line.quit(mine) || mine.heard() != "go" {
		t.Error("a turn given at that moment is lost")
	}
}

// However many come, go and give up at once, no more work than may, and no turn is lost.
func TestTurnsAtOnce(t *testing.T) {
	line := &turns{free: 2}
	var working, peak, done atomic.Int32
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%5)*time.Millisecond)
			defer cancel()
			if i%3 == 0 {
				ctx = t.Context()
			}
			if line.enter(ctx, i%2 == 0) != nil {
				return
			}
			now := working.Add(1)
			for seen := peak.Load(); now > seen && !peak.CompareAndSwap(seen, now); seen = peak.Load() {
			}
			done.Add(1)
			working.Add(-1)
			line.leave()
		})
	}
	all.Wait()
	if peak.Load() > 2 || done.Load() == 0 || line.free != 2 || len(line.known)+len(line.strangers) != 0 {
		t.Errorf("%d worked side by side, %d in all; %d free, %d and %d wait",
			peak.Load(), done.Load(), line.free, len(line.known), len(line.strangers))
	}
}

func TestAFloodOfGuessesShutsOutStrangersAlone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mustAccount(t, s, testAccount("owner"))
		if _, err := s.SignIn(t.Context(), signInAs("owner", testPassword, "home")); err != nil {
			t.Fatal(err)
		}
		attempts := func() (n int) {
			if err := s.db.Get(t.Context(), &n, "SELECT COUNT(*) FROM sign_in_attempt"); err != nil {
				t.Fatal(err)
			}
			return n
		}
		line := s.passwords.turns
		line.free = 0
		var last *turn
		for range turnsWaiting {
			last = line.wait(t, false)
		}
		if _, err := s.SignIn(t.Context(), signInAs("owner", testPassword, "elsewhere")); core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("a stranger: %v", err)
		}
		if n := attempts(); n != 1 {
			t.Errorf("%d attempts: a password that nobody looked at counts", n)
		}
		entered := make(chan error)
		go func() {
			_, err := s.SignIn(context.WithoutCancel(t.Context()), signInAs("owner", testPassword, "home"))
			entered <- err
		}()
		if <-last.called {
			t.Error("the last stranger may go")
		}
		line.leave()
		if err := <-entered; err != nil {
			t.Errorf("the owner: %v", err)
		}
	})
}

// Who is refused for want of room, or gives up waiting, has guessed nothing.
func TestAPasswordNotLookedAtDoesNotCount(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		account := mustAccount(t, s, testAccount("patient"))
		if _, err := s.SignIn(t.Context(), signInAs("patient", testPassword, "home")); err != nil {
			t.Fatal(err)
		}
		line := s.passwords.turns
		line.free = 0
		for range turnsWaiting {
			line.wait(t, true)
		}
		proof := Proof{Account: account.ID, Password: testPassword, Visit: visitFrom("home")}
		for range 5 {
			if _, err := s.SignIn(t.Context(), signInAs("patient", testPassword, "home")); core.CodeOf(err) != core.CodeUnavailable {
				t.Errorf("signing in: %v", err)
			}
			if err := s.Prove(t.Context(), proof); core.CodeOf(err) != core.CodeUnavailable {
				t.Errorf("proving: %v", err)
			}
		}
		line.known, line.free = nil, 1
		if _, err := s.SignIn(t.Context(), signInAs("patient", testPassword, "home")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
