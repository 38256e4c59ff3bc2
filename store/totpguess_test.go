package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// A right password lets five codes be looked at, wherever they come from and however
// many come at once.
func TestAPendingSignInEndsAfterFiveWrongCodes(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("pending"))
		secret, _ := phoneOf(t, s, a.ID)
		clock.Add(30 * time.Second)
		lenient := func(network string) Visit {
			visit := visitFrom(network)
			visit.Rule.After = 1000
			return visit
		}
		done, err := s.SignIn(t.Context(), SignIn{Login: "pending", Password: testPassword, Visit: lenient("evil")})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var looked, over atomic.Int32
		for range 20 {
			all.Go(func() {
				_, err := s.ConfirmSignIn(t.Context(), done.Pending, "000000", lenient("evil"))
				switch core.CodeOf(err) {
				case core.CodeInvalid:
					looked.Add(1)
				case core.CodeUnauthenticated:
					over.Add(1)
				default:
					t.Errorf("a wrong code: %v", err)
				}
			})
		}
		all.Wait()
		if looked.Load() != core.CodeTries-1 || over.Load() != 20-core.CodeTries+1 {
			t.Errorf("%d wrong codes were said wrong, %d over", looked.Load(), over.Load())
		}
		_, err = s.ConfirmSignIn(t.Context(), done.Pending, core.TOTPCode(secret, s.Now()), lenient("evil"))
		wantRefused(t, "the right code after them", err, core.CodeUnauthenticated)

		done, err = s.SignIn(t.Context(), SignIn{Login: "pending", Password: testPassword, Visit: lenient("home")})
		if err != nil {
			t.Fatal(err)
		}
		for range core.CodeTries - 1 {
			_, err := s.ConfirmSignIn(t.Context(), done.Pending, "000000", lenient("home"))
			wantRefused(t, "a slip", err, core.CodeInvalid)
		}
		if _, err := s.ConfirmSignIn(t.Context(), done.Pending, core.TOTPCode(secret, s.Now()), lenient("home")); err != nil {
			t.Errorf("the fifth, right code: %v", err)
		}
	})
}

// A pending sign-in is worth nothing in another browser or network.
func TestAPendingSignInStaysWhereThePasswordWasGiven(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("carried"))
		secret, _ := phoneOf(t, s, a.ID)
		clock.Add(30 * time.Second)
		home := visitFrom("home")
		home.Browser = "firefox"
		done, err := s.SignIn(t.Context(), SignIn{Login: "carried", Password: testPassword, Visit: home})
		if err != nil {
			t.Fatal(err)
		}
		code := core.TOTPCode(secret, s.Now())
		for name, change := range map[string]func(v *Visit){
			"another network":    func(v *Visit) { v.Network = "bot" },
			"another browser":    func(v *Visit) { v.Browser = "curl" },
			"no browser at all":  func(v *Visit) { v.Browser = "" },
			"another everything": func(v *Visit) { v.Browser, v.Network = "curl", "bot" },
		} {
			visit := home
			change(&visit)
			_, err := s.ConfirmSignIn(t.Context(), done.Pending, code, visit)
			wantRefused(t, name, err, core.CodeUnauthenticated)
		}
		if _, err := s.ConfirmSignIn(t.Context(), done.Pending, code, home); err != nil {
			t.Errorf("where the password was given: %v", err)
		}
	})
}

// Guesses at an account's codes are bounded in all, whatever the number of addresses;
// its owner goes in from where they did before.
func TestCodesOfAnAccountAreGuessedFiftyTimesAnHour(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("widely"))
		secret, recovery := phoneOf(t, s, a.ID)
		clock.Add(30 * time.Second)
		enter := func(v Visit, code string) (SignedIn, error) {
			done, err := s.SignIn(t.Context(), SignIn{Login: "widely", Password: testPassword, Visit: v})
			if err != nil {
				return done, err
			}
			return s.ConfirmSignIn(t.Context(), done.Pending, code, v)
		}
		if _, err := enter(visitFrom("home"), core.TOTPCode(secret, s.Now())); err != nil {
			t.Fatal(err)
		}
		looked := 0
		for i := range 80 {
			if _, err := enter(visitFrom(fmt.Sprint("bot", i)), "000000"); core.CodeOf(err) == core.CodeInvalid {
				looked++
			} else {
				wantRefused(t, "too many", err, core.CodeForbidden)
			}
		}
		if looked != core.CodesPerHour {
			t.Errorf("%d codes were looked at, want %d", looked, core.CodesPerHour)
		}
		_, err := enter(visitFrom("new"), recovery[0])
		wantRefused(t, "a right code from a network without a success", err, core.CodeForbidden)

		done, err := enter(visitFrom("home"), recovery[0])
		if err != nil {
			t.Fatalf("the owner is locked out at home: %v", err)
		}
		known := visitFrom("hotel")
		known.Known = KnownBrowser{Account: a.ID, Generation: done.Session.Generation}
		if _, err := enter(known, recovery[1]); err != nil {
			t.Errorf("the owner is locked out in a known browser: %v", err)
		}
		if err := s.ResetTOTP(t.Context(), core.SystemGranter, a.ID); err != nil {
			t.Fatal(err)
		}
		if done, err := s.SignIn(t.Context(), signInAs("widely", testPassword, "new2")); err != nil || done.Token == "" {
			t.Errorf("after an administrator reset it: %+v, %v", done, err)
		}
		clock.Add(time.Hour)
	})
}

// Turning the second step off looks at codes too, by somebody who is signed in.
func TestCodesThatTurnTheStepOffAreCounted(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("thief"))
		_, recovery := phoneOf(t, s, a.ID)
		by := core.Actor{Kind: core.ActorAccount, ID: a.ID}
		proof := func(network string) Proof {
			return Proof{Account: a.ID, Password: testPassword, Visit: visitFrom(network)}
		}
		for i := range core.CodesPerHour {
			err := s.EndTOTP(t.Context(), by, proof(fmt.Sprint("bot", i)), "000000")
			if fields := fieldsOf(err); fields["code"] == "" {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if err := s.EndTOTP(t.Context(), by, proof("bot-last"), recovery[0]); fieldsOf(err)["password"] == "" {
			t.Errorf("a right code after them: %v", err)
		}
	})
}

// A browser in which the owner has signed in is not shut out by who guesses from the
// same address, and neither by who guesses in another.
func TestAKnownBrowserDoesNotWaitForItsNeighbours(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("neighbour"))
		try := func(password string, known KnownBrowser) error {
			in := signInAs("neighbour", password, "office")
			in.Known = known
			_, err := s.SignIn(t.Context(), in)
			return err
		}
		own := KnownBrowser{Account: a.ID, Generation: a.Generation}
		for range 3 {
			wantRefused(t, "a guess", try("wrong", KnownBrowser{}), core.CodeInvalid)
		}
		wantRefused(t, "a stranger behind the address", try(testPassword, KnownBrowser{}), core.CodeForbidden)
		wantRefused(
			t, "another account's browser",
			try(testPassword, KnownBrowser{Account: a.ID + 1, Generation: a.Generation}), core.CodeForbidden,
		)
		wantRefused(
			t, "a browser of an earlier password",
			try(testPassword, KnownBrowser{Account: a.ID, Generation: a.Generation + 1}), core.CodeForbidden,
		)
		if err := try(testPassword, own); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
		wantRefused(t, "the owner's success frees the guesser", try("wrong", KnownBrowser{}), core.CodeForbidden)
		for range 3 {
			wantRefused(t, "a guess in the known browser", try("wrong", own), core.CodeInvalid)
		}
		wantRefused(t, "one more", try(testPassword, own), core.CodeForbidden)
		clock.Add(time.Hour)
	})
}

// The /64s of one /48 wait together.
func TestAWideNetworkIsCountedTogether(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		mustAccount(t, s, testAccount("wide"))
		looked := 0
		for i := range 80 {
			_, err := s.SignIn(t.Context(), signInAs("wide", "wrong", fmt.Sprintf("2001:db8:7:%x::/64", i)))
			if core.CodeOf(err) == core.CodeInvalid {
				looked++
			}
		}
		if looked > 31 {
			t.Errorf("%d guesses from one /48 were looked at", looked)
		}
		if _, err := s.SignIn(t.Context(), signInAs("wide", testPassword, "2001:db8:8::/64")); err != nil {
			t.Errorf("another /48: %v", err)
		}
		clock.Add(time.Hour)
	})
}
