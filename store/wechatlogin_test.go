package store

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// office is an account and its owner's WeChat, under a clock of its own.
type office struct {
	s       *Store
	clock   *testClock
	account core.Account
	owner   core.Actor
	other   core.Actor
}

func eachOffice(t *testing.T, test func(t *testing.T, o office)) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) { test(t, newOffice(t, s, clock)) })
}

func newOffice(t *testing.T, s *Store, clock *testClock) office {
	t.Helper()
	o := office{clock: clock, s: s}
	o.account = mustAccount(t, o.s, testAccount("office"))
	for who, actor := range map[string]*core.Actor{"owner": &o.owner, "other": &o.other} {
		user, err := o.s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx1", OpenID: who})
		if err != nil {
			t.Fatal(err)
		}
		*actor = core.Actor{Kind: core.ActorWechat, ID: user.ID}
	}
	return o
}

func (o office) begin(t *testing.T, account core.ID) (token, code string) {
	t.Helper()
	token, code, err := o.s.BeginWechatLogin(t.Context(), NewWechatLogin{Account: account, Browser: "secret", Addr: "1.2.3.4"})
	if err != nil || len(code) != 2 {
		t.Fatalf("%q, %v", code, err)
	}
	return token, code
}

func (o office) bind(t *testing.T) {
	t.Helper()
	token, code := o.begin(t, o.account.ID)
	if err := o.s.ApproveWechatLogin(t.Context(), o.owner, token, code); err != nil {
		t.Fatal(err)
	}
}

func (o office) finish(token, browser string) (SignedIn, error) {
	return o.s.FinishWechatLogin(context.Background(), token, browser, visitFrom("home"))
}

func (o office) state(t *testing.T, token string, want core.WechatLoginState) {
	t.Helper()
	if got, err := o.s.WechatLoginState(t.Context(), token); got != want || err != nil {
		t.Errorf("state %s, %v; want %s", got, err, want)
	}
}

func TestWechatSignIn(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		token, code := o.begin(t, 0)
		_, err := o.s.WechatLogin(t.Context(), token, o.owner.ID)
		wantRefused(t, "a WeChat that is not bound", err, core.CodeForbidden)
		wantRefused(t, "a yes of one not bound", o.s.ApproveWechatLogin(t.Context(), o.owner, token, code), core.CodeForbidden)
		o.bind(t)
		if login, err := o.s.WechatLogin(t.Context(), token, o.owner.ID); err != nil || login.Name != o.account.Name ||
			login.Code != code || login.Addr != "1.2.3.4" {
			t.Errorf("%+v, %v", login, err)
		}
		_, err = o.finish(token, "secret")
		wantRefused(t, "before the yes", err, core.CodeUnauthenticated)
		o.state(t, token, core.WechatLoginWaiting)
		wantRefused(t, "another's yes", o.s.ApproveWechatLogin(t.Context(), o.other, token, code), core.CodeForbidden)
		if err := o.s.ApproveWechatLogin(t.Context(), o.owner, token, code); err != nil {
			t.Fatal(err)
		}
		o.state(t, token, core.WechatLoginApproved)
		wantRefused(t, "a second yes", o.s.ApproveWechatLogin(t.Context(), o.owner, token, code), core.CodeNotFound)
		_, err = o.finish(token, "another browser")
		wantRefused(t, "in another browser", err, core.CodeUnauthenticated)
		var all sync.WaitGroup
		var in atomic.Int32
		for range 8 {
			all.Go(func() {
				if done, err := o.finish(token, "secret"); err == nil && done.Session.Subject == o.account.ID {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("one scan made %d sessions", in.Load())
		}
		o.state(t, token, core.WechatLoginOver)
		if history, err := o.s.SignInAttempts(t.Context(), o.account.ID, 5); err != nil || len(history) != 1 ||
			history[0].Way != core.WayWechat || !history[0].Succeeded {
			t.Errorf("%+v, %v", history, err)
		}
	})
}

func TestWechatSignInEnds(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		o.bind(t)
		token, code := o.begin(t, 0)
		wrong := "10"
		if code == wrong {
			wrong = "11"
		}
		wantRefused(t, "wrong digits", o.s.ApproveWechatLogin(t.Context(), o.owner, token, wrong), core.CodeInvalid)
		o.state(t, token, core.WechatLoginRefused)
		wantRefused(t, "after wrong digits", o.s.ApproveWechatLogin(t.Context(), o.owner, token, code), core.CodeNotFound)

		token, _ = o.begin(t, 0)
		if err := o.s.RefuseWechatLogin(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		o.state(t, token, core.WechatLoginRefused)

		late, code := o.begin(t, 0)
		o.clock.Add(core.WechatLoginLife)
		wantRefused(t, "too late", o.s.ApproveWechatLogin(t.Context(), o.owner, late, code), core.CodeNotFound)
		o.state(t, late, core.WechatLoginOver)
		o.state(t, "nobody's", core.WechatLoginOver)

		for name, gone := range map[string]func() error{
			"unbound": func() error {
				return o.s.UnbindAccount(t.Context(), core.Actor{Kind: core.ActorAccount, ID: o.account.ID})
			},
			"disabled": func() error { return o.s.DisableAccount(t.Context(), core.SystemGranter, o.account.ID) },
		} {
			if name == "disabled" {
				continue // after this loop: it does not come back
			}
			token, code := o.begin(t, 0)
			if err := o.s.ApproveWechatLogin(t.Context(), o.owner, token, code); err != nil {
				t.Fatal(err)
			}
			if err := gone(); err != nil {
				t.Fatal(err)
			}
			_, err := o.finish(token, "secret")
			wantRefused(t, name+" since the yes", err, core.CodeUnauthenticated)
		}
		o.bind(t)
		token, code = o.begin(t, 0)
		if err := o.s.ApproveWechatLogin(t.Context(), o.owner, token, code); err != nil {
			t.Fatal(err)
		}
		if err := o.s.DisableAccount(t.Context(), core.SystemGranter, o.account.ID); err != nil {
			t.Fatal(err)
		}
		_, err := o.finish(token, "secret")
		wantRefused(t, "disabled since the yes", err, core.CodeUnauthenticated)
	})
}

// Scanning takes the place of the password, not of the second step.
func TestWechatSignInWithSecondStep(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		o.bind(t)
		secret, _ := phoneOf(t, o.s, o.account.ID)
		o.clock.Add(30 * time.Second)
		token, code := o.begin(t, 0)
		if err := o.s.ApproveWechatLogin(t.Context(), o.owner, token, code); err != nil {
			t.Fatal(err)
		}
		done, err := o.finish(token, "secret")
		if err != nil || done.Pending == "" || done.Token != "" {
			t.Fatalf("%+v, %v", done, err)
		}
		if done, err = o.s.ConfirmSignIn(
			t.Context(), done.Pending, core.TOTPCode(secret, o.s.Now()), visitFrom("home"),
		); err != nil || done.Token == "" {
			t.Errorf("%+v, %v", done, err)
		}
	})
}

func TestOneWechatOneAccount(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		o.bind(t)
		o.bind(t) // again is no harm
		second := mustAccount(t, o.s, testAccount("second"))
		token, code := o.begin(t, second.ID)
		wantRefused(t, "a WeChat that has an account", o.s.ApproveWechatLogin(t.Context(), o.owner, token, code), core.CodeConflict)
		o.state(t, token, core.WechatLoginWaiting)
		if err := o.s.ApproveWechatLogin(t.Context(), o.other, token, code); err != nil {
			t.Fatal(err)
		}
		a, err := o.s.Account(t.Context(), everywhere, second.ID)
		if err != nil || a.User != o.other.ID {
			t.Errorf("bound to %v, %v", a.User, err)
		}
		_, err = o.finish(token, "secret")
		wantRefused(t, "a binding taken for a sign-in", err, core.CodeUnauthenticated)
		by := core.Actor{Kind: core.ActorAccount, ID: second.ID}
		if err := o.s.UnbindAccount(t.Context(), by); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "unbound twice", o.s.UnbindAccount(t.Context(), by), core.CodeConflict)
	})
}

// Somebody who had access to the account may have bound a WeChat of theirs: what shuts them
// out shuts that out too, with what the phone said yes to and the QR still open.
func TestWhatShutsOutShutsWechatOut(t *testing.T) {
	acts := map[string]func(o office) error{
		"password": func(o office) error {
			return o.s.ResetPassword(context.Background(), core.SystemGranter, o.account.ID, "another-Password-2")
		},
		"second step": func(o office) error {
			return o.s.ResetTOTP(context.Background(), core.SystemGranter, o.account.ID)
		},
		"WeChat": func(o office) error {
			return o.s.UnbindAccountOf(context.Background(), core.SystemGranter, o.account.ID)
		},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			eachOffice(t, func(t *testing.T, o office) {
				o.bind(t)
				entering, code := o.begin(t, 0)
				if err := o.s.ApproveWechatLogin(t.Context(), o.owner, entering, code); err != nil {
					t.Fatal(err)
				}
				binding, bindCode := o.begin(t, o.account.ID)
				if err := act(o); err != nil {
					t.Fatal(err)
				}
				if a, err := o.s.Account(t.Context(), everywhere, o.account.ID); err != nil || a.User != 0 {
					t.Errorf("still bound to %v, %v", a.User, err)
				}
				_, err := o.finish(entering, "secret")
				wantRefused(t, "a sign-in from before", err, core.CodeUnauthenticated)
				wantRefused(t, "a binding from before", o.s.ApproveWechatLogin(t.Context(), o.owner, binding, bindCode), core.CodeNotFound)
			})
		})
	}
}

// Whose sessions end cannot go on binding with a QR they left open.
func TestEndedSessionsLeaveNoBindingOpen(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		done, err := o.s.SignIn(t.Context(), signInAs("office", testPassword, "home"))
		if err != nil {
			t.Fatal(err)
		}
		binding, code := o.begin(t, o.account.ID)
		if err := o.s.EndOtherSessions(t.Context(), core.System, done.Session); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "a QR of an ended session", o.s.ApproveWechatLogin(t.Context(), o.owner, binding, code), core.CodeNotFound)
	})
}

func TestAnotherWechatTakesNoBoundAccount(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		o.bind(t)
		token, code := o.begin(t, o.account.ID)
		wantRefused(t, "a second WeChat", o.s.ApproveWechatLogin(t.Context(), o.other, token, code), core.CodeConflict)
		if a, err := o.s.Account(t.Context(), everywhere, o.account.ID); err != nil || a.User != o.owner.ID {
			t.Errorf("bound to %v, %v", a.User, err)
		}
	})
}
