package store

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// Guesses at a password by somebody who is signed in wait like those at the sign-in,
// from the same network alone, and a right one leaves no line in the history.
func TestProofsAreBoundedLikeSignIns(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		a := mustAccount(t, s, testAccount("prover"))
		proof := func(password, network string) error {
			return s.Prove(t.Context(), Proof{Account: a.ID, Password: password, Visit: visitFrom(network)})
		}
		if err := proof(testPassword, "home"); err != nil {
			t.Fatal(err)
		}
		if history, err := s.SignInAttempts(t.Context(), a.ID, 10); err != nil || len(history) != 0 {
			t.Errorf("a right proof left %+v, %v", history, err)
		}
		said := ""
		for range 10 {
			err := proof("wrong", "home")
			wantField(t, err, "password")
			said = err.(*core.Error).Fields["password"]
		}
		if !strings.Contains(said, "次数过多") {
			t.Errorf("after ten guesses: %q", said)
		}
		wantField(t, proof(testPassword, "home"), "password")
		_, err := s.SignIn(t.Context(), signInAs("prover", testPassword, "home"))
		wantRefused(t, "a sign-in from where the guesses came", err, core.CodeForbidden)
		if err := proof(testPassword, "elsewhere"); err != nil {
			t.Errorf("from another network: %v", err)
		}
		clock.Add(time.Hour)
		if err := proof(testPassword, "home"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		history, err := s.SignInAttempts(t.Context(), a.ID, 10)
		if err != nil || len(history) == 0 || history[0].Way != core.WayProof || history[0].Succeeded {
			t.Errorf("the guesses in the history: %+v, %v", history, err)
		}
		session := core.Session{Subject: a.ID}
		change := PasswordChange{Session: session, Old: "wrong", New: "another-Password-2", Visit: visitFrom("office")}
		for range 10 {
			wantField(t, s.ChangePassword(t.Context(), core.System, change), "old")
		}
		change.Old = testPassword
		wantField(t, s.ChangePassword(t.Context(), core.System, change), "old")
		change.Network = "home"
		if err := s.ChangePassword(t.Context(), core.System, change); err != nil {
			t.Error(err)
		}
	})
}

// A stranger's failures do not push the owner's sign-ins out of the history.
func TestFailuresHideNoSuccess(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		a := mustAccount(t, s, testAccount("watched"))
		if _, err := s.SignIn(t.Context(), signInAs("watched", testPassword, "home")); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			in := signInAs("watched", "wrong", "stranger")
			in.Rule = core.SignInRule{After: 100}
			_, err := s.SignIn(t.Context(), in)
			wantRefused(t, "a wrong password", err, core.CodeInvalid)
		}
		history, err := s.SignInAttempts(t.Context(), a.ID, 3)
		if err != nil || len(history) != 4 || !history[3].Succeeded || history[0].Succeeded {
			t.Errorf("%+v, %v", history, err)
		}
	})
}

// Two WeChat users turn out to be one, and each has an account: one stays bound.
func TestOneWechatKeepsOneAccountWhenUsersMerge(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		bound := map[core.ID]core.ID{} // user → account
		for login, who := range map[string]core.WechatIdentity{"mini": withoutUnion(inMini), "official": withoutUnion(inOfficial)} {
			account := mustAccount(t, s, testAccount(login))
			user := signIn(t, s, who)
			bound[user.ID] = account.ID
			token, code, err := s.BeginWechatLogin(t.Context(), NewWechatLogin{Account: account.ID, Browser: "secret", Addr: "1.2.3.4"})
			if err == nil {
				err = s.ApproveWechatLogin(t.Context(), core.Actor{Kind: core.ActorWechat, ID: user.ID}, token, code)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		signIn(t, s, inMini)
		kept := signIn(t, s, inOfficial)
		if len(bound) != 2 || bound[kept.ID] == 0 {
			t.Fatalf("kept %v of %v", kept.ID, bound)
		}
		for user, id := range bound {
			a, err := s.Account(t.Context(), everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]core.ID{true: kept.ID}[user == kept.ID]; a.User != want {
				t.Errorf("the account of %v is bound to %v, want %v", user, a.User, want)
			}
		}
	})
}
