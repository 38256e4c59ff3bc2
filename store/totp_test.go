package store

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// phoneOf is an authenticator with the secret that waits for an account, turned on. It returns the
// recovery codes.
func phoneOf(t *testing.T, s *Store, account core.ID) (secret []byte, recovery []string) {
	t.Helper()
	if err := s.BeginTOTP(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	secret, err := s.WaitingTOTP(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = s.ConfirmTOTP(t.Context(), core.System, account, core.TOTPCode(secret, s.Now()))
	if err != nil || len(recovery) != RecoveryCodes {
		t.Fatalf("%d recovery codes, %v", len(recovery), err)
	}
	return secret, recovery
}

func pendingOf(t *testing.T, s *Store, login, network string) string {
	t.Helper()
	done, err := s.SignIn(t.Context(), signInAs(login, testPassword, network))
	if err != nil || done.Pending == "" || done.Token != "" {
		t.Fatalf("password alone: %+v, %v", done, err)
	}
	return done.Pending
}

func TestTOTPSignIn(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("second"))
		secret, recovery := phoneOf(t, s, a.ID)
		if got := countRows(
			t, s,
			"SELECT COUNT(*) FROM account_totp WHERE secret LIKE '%"+base64.RawStdEncoding.EncodeToString(secret)+"%'",
		); got != 0 {
			t.Error("the secret is kept as it is")
		}
		confirm := func(pending, code, network string) error {
			done, err := s.ConfirmSignIn(t.Context(), pending, code, visitFrom(network))
			if (err == nil) != s.IsSessionToken(done.Token) {
				t.Errorf("a session of %v", err)
			}
			return err
		}
		code := core.TOTPCode(secret, s.Now())
		wantRefused(t, "the code that turned it on", confirm(pendingOf(t, s, "second", "a"), code, "a"), core.CodeInvalid)
		clock.Add(30 * time.Second)
		pending := pendingOf(t, s, "second", "b")
		wantRefused(t, "a wrong code", confirm(pending, "000000", "b"), core.CodeInvalid)
		if err := confirm(pending, " "+core.TOTPCode(secret, s.Now())[:3]+" "+core.TOTPCode(secret, s.Now())[3:], "b"); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "a used sign-in", confirm(pending, recovery[0], "b"), core.CodeUnauthenticated)
		wantRefused(t, "a used code", confirm(pendingOf(t, s, "second", "c"), core.TOTPCode(secret, s.Now()), "c"), core.CodeInvalid)
		if err := confirm(pendingOf(t, s, "second", "d"), strings.ToLower(recovery[3]), "d"); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "a used recovery code", confirm(pendingOf(t, s, "second", "e"), recovery[3], "e"), core.CodeInvalid)
		if state, err := s.TOTPState(t.Context(), a.ID); err != nil || !state.On() || state.Recovery != RecoveryCodes-1 {
			t.Errorf("%+v, %v", state, err)
		}
		late := pendingOf(t, s, "second", "f")
		clock.Add(pendingLife)
		wantRefused(t, "a sign-in that took too long", confirm(late, recovery[0], "f"), core.CodeUnauthenticated)
		changed := pendingOf(t, s, "second", "g")
		if err := s.ResetPassword(t.Context(), core.SystemGranter, a.ID, "another-Password-3"); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "an account that changed meanwhile", confirm(changed, recovery[0], "g"), core.CodeUnauthenticated)

		history, err := s.SignInAttempts(t.Context(), a.ID, 100)
		if err != nil {
			t.Fatal(err)
		}
		ways, unfinished := map[core.SignInWay]int{}, ""
		for _, line := range history {
			if line.Succeeded {
				ways[line.Way]++
			} else if line.Way == core.WayUnfinished {
				unfinished = line.Addr + unfinished
			}
		}
		if ways[core.WayCode] != 1 || ways[core.WayRecovery] != 1 || len(ways) != 2 || unfinished != "acefg" {
			t.Errorf("the history: %v, unfinished %s", ways, unfinished)
		}
	})
}

// Codes are guessed no faster than passwords, however often the password is right.
func TestTOTPGuessing(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("guessed"))
		secret, _ := phoneOf(t, s, a.ID)
		clock.Add(30 * time.Second)
		refused := 0
		for range 10 {
			done, err := s.SignIn(t.Context(), signInAs("guessed", testPassword, "evil"))
			if core.CodeOf(err) == core.CodeForbidden {
				refused++
				continue
			}
			if _, err := s.ConfirmSignIn(t.Context(), done.Pending, "000000", visitFrom("evil")); core.CodeOf(err) == core.CodeForbidden {
				refused++
			}
		}
		if refused < 8 {
			t.Errorf("%d of 10 guesses were made to wait", refused)
		}
		if _, err := s.ConfirmSignIn(
			t.Context(), pendingOf(t, s, "guessed", "home"), core.TOTPCode(secret, s.Now()), visitFrom("home"),
		); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
	})
}

// One code, many at once: one session.
func TestTOTPCodeWorksOnce(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("racer"))
		secret, _ := phoneOf(t, s, a.ID)
		clock.Add(30 * time.Second)
		var pending []string
		for i := range 8 {
			pending = append(pending, pendingOf(t, s, "racer", string(rune('a'+i))))
		}
		code := core.TOTPCode(secret, s.Now())
		var all sync.WaitGroup
		var in atomic.Int32
		for i, token := range pending {
			all.Go(func() {
				if _, err := s.ConfirmSignIn(context.Background(), token, code, visitFrom(string(rune('a'+i)))); err == nil {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("one code let %d in", in.Load())
		}
	})
}

func TestTOTPIsTurnedOffAndReset(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		a, other := mustAccount(t, s, testAccount("offer")), mustAccount(t, s, testAccount("bystander"))
		_, recovery := phoneOf(t, s, a.ID)
		if err := s.BeginTOTP(t.Context(), a.ID); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("begun twice: %v", err)
		}
		by := core.Actor{Kind: core.ActorAccount, ID: a.ID}
		wantRefused(
			t, "a wrong password",
			s.EndTOTP(t.Context(), by, Proof{Account: a.ID, Password: "wrong"}, recovery[0]), core.CodeInvalid,
		)
		wantRefused(t, "a wrong code", s.EndTOTP(t.Context(), by, Proof{Account: a.ID, Password: testPassword}, "000000"), core.CodeInvalid)
		if err := s.EndTOTP(t.Context(), by, Proof{Account: a.ID, Password: testPassword}, recovery[0]); err != nil {
			t.Fatal(err)
		}
		done, err := s.SignIn(t.Context(), signInAs("offer", testPassword, "x"))
		if err != nil || done.Token == "" {
			t.Errorf("after it was turned off: %+v, %v", done, err)
		}
		phoneOf(t, s, a.ID)
		wantRefused(t, "one's own", s.ResetTOTP(t.Context(), core.Granter{Actor: by, Holds: a}, a.ID), core.CodeConflict)
		less := core.Granter{Actor: core.Actor{ID: other.ID}, Holds: core.Account{ID: other.ID, Scope: a.Scope}}
		wantRefused(t, "by who has less", s.ResetTOTP(t.Context(), less, a.ID), core.CodeForbidden)
		if err := s.ResetTOTP(t.Context(), core.SystemGranter, a.ID); err != nil {
			t.Fatal(err)
		}
		if session, err := s.SessionByToken(t.Context(), done.Token); err != nil || session.Ended.IsZero() {
			t.Errorf("a session outlives the reset: %v", err)
		}
		if done, err := s.SignIn(t.Context(), signInAs("offer", testPassword, "x")); err != nil || done.Token == "" {
			t.Errorf("after the reset: %+v, %v", done, err)
		}
	})
}

func TestOwnSessionsEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mustAccount(t, s, testAccount("many"))
		mustAccount(t, s, testAccount("else"))
		in := func(login, network string) SignedIn {
			done, err := s.SignIn(t.Context(), signInAs(login, testPassword, network))
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		live := func(d SignedIn) bool {
			session, err := s.SessionByToken(t.Context(), d.Token)
			return err == nil && session.Ended.IsZero()
		}
		one, two, three, others := in("many", "1"), in("many", "2"), in("many", "3"), in("else", "1")
		wantRefused(t, "somebody else's", s.EndOwnSession(t.Context(), one.Session.Subject, others.Session.ID), core.CodeNotFound)
		if err := s.EndOwnSession(t.Context(), one.Session.Subject, two.Session.ID); err != nil {
			t.Fatal(err)
		}
		if !live(one) || live(two) || !live(three) || !live(others) {
			t.Error("ended another than the one")
		}
		if err := s.EndOtherSessions(t.Context(), core.System, one.Session); err != nil {
			t.Fatal(err)
		}
		if !live(one) || live(three) || !live(others) {
			t.Error("not the others, or too many")
		}
	})
}
