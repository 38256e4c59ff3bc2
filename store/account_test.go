package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

const testPassword = "first-Password-1"

func testAccount(login string) core.Account {
	return core.Account{
		Login: login, Name: "王" + login, Role: core.RoleViewer,
		Permissions: []core.Permission{core.PermAccessRecordView}, Scope: core.Everywhere, Operator: true,
	}
}

func mustAccount(t *testing.T, s *Store, a core.Account) core.Account {
	t.Helper()
	id, err := s.CreateAccount(t.Context(), core.SystemGranter, a, testPassword)
	if err != nil {
		t.Fatalf("create %s: %v", a.Login, err)
	}
	a, err = s.Account(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func admin(login string) core.Account {
	a := testAccount(login)
	a.Role, a.Permissions = core.RoleAdmin, core.Permissions()
	return a
}

func granterOf(a core.Account) core.Granter {
	return core.Granter{Actor: core.Actor{Kind: core.ActorAccount, ID: a.ID, Name: a.Name}, Holds: a}
}

func wantRefused(t *testing.T, what string, err error, code core.Code) {
	t.Helper()
	if err == nil || core.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestAccounts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		one, two := newCommunity(t, s, "一号"), newCommunity(t, s, "二号")
		made := testAccount(" Zhang.San ")
		made.Scope = core.ScopeOf(two, one, two)
		a := mustAccount(t, s, made)
		if a.Login != "zhang.san" || !a.MustChange || a.Generation != 1 || !slices.Equal(a.Scope.Communities(), []core.ID{one, two}) ||
			!slices.Equal(a.Permissions, made.Permissions) {
			t.Errorf("made %+v", a)
		}
		_, err := s.CreateAccount(t.Context(), core.SystemGranter, testAccount("ZHANG.san"), testPassword)
		var coded *core.Error
		if !errors.As(err, &coded) || coded.Fields["login"] == "" {
			t.Errorf("a login twice: %v", err)
		}
		_, err = s.CreateAccount(t.Context(), core.SystemGranter, testAccount("short"), "short")
		wantRefused(t, "a short password", err, core.CodeInvalid)
		lost := testAccount("lost")
		lost.Scope = core.ScopeOf(12345)
		_, err = s.CreateAccount(t.Context(), core.SystemGranter, lost, testPassword)
		wantRefused(t, "a community that is not there", err, core.CodeInvalid)

		_, err = s.Account(t.Context(), core.ScopeOf(one), a.ID)
		wantRefused(t, "an account with a community outside the scope", err, core.CodeNotFound)
		if _, err = s.Account(t.Context(), core.ScopeOf(one, two), a.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestAccountLists(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		one, two := newCommunity(t, s, "一号"), newCommunity(t, s, "二号")
		for i, scope := range []core.Scope{
			core.Everywhere, core.ScopeOf(one), core.ScopeOf(two), core.ScopeOf(one, two), core.ScopeOf(one),
		} {
			a := testAccount(fmt.Sprintf("user%d", i))
			a.Scope = scope
			mustAccount(t, s, a)
		}
		logins := func(scope core.Scope, f AccountFilter) string {
			t.Helper()
			list, more, err := s.Accounts(t.Context(), scope, f)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range list {
				names = append(names, strings.TrimPrefix(a.Login, "user"))
			}
			return fmt.Sprint(strings.Join(names, ""), " ", more)
		}
		page := Page{Limit: 10}
		for _, c := range []struct {
			scope core.Scope
			f     AccountFilter
			want  string
		}{
			{core.Everywhere, AccountFilter{Page: page}, "01234 false"},
			{core.ScopeOf(one), AccountFilter{Page: page}, "14 false"},
			{core.ScopeOf(one, two), AccountFilter{Page: page}, "1234 false"},
			{core.Scope{}, AccountFilter{Page: page}, " false"},
			{core.Everywhere, AccountFilter{Keyword: "USER3", Page: page}, "3 false"},
			{core.Everywhere, AccountFilter{Keyword: "王user1", Page: page}, "1 false"},
			{core.Everywhere, AccountFilter{Keyword: "%", Page: page}, " false"},
			{core.Everywhere, AccountFilter{Page: Page{Limit: 2}}, "01 true"},
			{core.Everywhere, AccountFilter{Disabled: true, Page: page}, " false"},
		} {
			if got := logins(c.scope, c.f); got != c.want {
				t.Errorf("%+v %+v: %q, want %q", c.scope, c.f, got, c.want)
			}
		}
	})
}

func TestNobodyHandsOutMoreThanTheyHold(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		one, two := newCommunity(t, s, "一号"), newCommunity(t, s, "二号")
		boss := admin("boss")
		boss.Scope, boss.Permissions = core.ScopeOf(one), []core.Permission{core.PermAccountEdit, core.PermReaderView}
		boss = mustAccount(t, s, boss)
		root := mustAccount(t, s, admin("root"))
		by := granterOf(boss)

		for name, change := range map[string]func(a *core.Account){
			"a permission": func(a *core.Account) { a.Permissions = []core.Permission{core.PermReaderEdit} },
			"a community":  func(a *core.Account) { a.Scope = core.ScopeOf(two) },
			"everywhere":   func(a *core.Account) { a.Scope = core.Everywhere },
		} {
			a := testAccount("new")
			a.Permissions, a.Scope = []core.Permission{core.PermReaderView}, core.ScopeOf(one)
			change(&a)
			_, err := s.CreateAccount(t.Context(), by, a, testPassword)
			wantRefused(t, name, err, core.CodeInvalid)
		}
		peer := testAccount("peer")
		peer.Permissions, peer.Scope = []core.Permission{core.PermReaderView, core.PermAccessRecordView}, core.ScopeOf(one)
		peer = mustAccount(t, s, peer)
		wantRefused(t, "disable one with more", s.DisableAccount(t.Context(), by, peer.ID), core.CodeForbidden)
		wantRefused(t, "reset one with more", s.ResetPassword(t.Context(), by, peer.ID, testPassword+"x"), core.CodeForbidden)
		wantRefused(t, "disable one out of sight", s.DisableAccount(t.Context(), by, root.ID), core.CodeNotFound)
		wantRefused(t, "reset one out of sight", s.ResetPassword(t.Context(), by, root.ID, testPassword+"x"), core.CodeNotFound)
		wantRefused(t, "change oneself", discard(s.UpdateAccount(t.Context(), by, boss)), core.CodeConflict)
		wantRefused(t, "disable oneself", s.DisableAccount(t.Context(), by, boss.ID), core.CodeConflict)
	})
}

func TestTheLastAdminStays(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		one, two := mustAccount(t, s, admin("one")), mustAccount(t, s, admin("two"))
		demoted := one
		demoted.Role, demoted.Permissions = core.RoleViewer, []core.Permission{core.PermAccessRecordView}

		var wins atomic.Int32
		var both sync.WaitGroup
		for _, pair := range [][2]core.Account{{one, two}, {two, one}} {
			both.Go(func() {
				if s.DisableAccount(context.Background(), granterOf(pair[0]), pair[1].ID) == nil {
					wins.Add(1)
				}
			})
		}
		both.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d of two admins disabled the other", wins.Load())
		}
		left := one
		if a, _ := s.Account(t.Context(), core.Everywhere, one.ID); !a.Disabled.IsZero() {
			left = two
		}
		demoted.ID, demoted.Login, demoted.Name = left.ID, left.Login, left.Name
		wantRefused(t, "demote the last", discard(s.UpdateAccount(t.Context(), core.SystemGranter, demoted)), core.CodeConflict)
		wantRefused(t, "disable the last", s.DisableAccount(t.Context(), core.SystemGranter, left.ID), core.CodeConflict)
	})
}

func signInAs(login, password, network string) SignIn {
	return SignIn{Login: login, Password: password, Visit: visitFrom(network)}
}

func visitFrom(network string) Visit {
	return Visit{Addr: network, Network: network, Agent: "test",
		Rule: core.SignInRule{After: 3, MaxWait: 10 * time.Minute}, Life: core.SessionLife{Idle: time.Hour, MaxLife: 10 * time.Hour}}
}

func TestSignIn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		a := mustAccount(t, s, testAccount("signer"))
		done, err := s.SignIn(t.Context(), signInAs(" Signer", testPassword, "1.1.1.1"))
		token, session := done.Token, done.Session
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.SessionByToken(t.Context(), token)
		if err != nil || found != session || found.Subject != a.ID || found.Generation != a.Generation || !s.IsSessionToken(token) {
			t.Errorf("found %+v, began %+v: %v", found, session, err)
		}
		var kept string
		if err := s.db.Get(
			t.Context(), &kept, "SELECT token_digest FROM session WHERE id = ?", int64(session.ID),
		); err != nil || kept == token {
			t.Errorf("the token itself is kept: %v", err)
		}
		_, unknown := s.SignIn(t.Context(), signInAs("nobody", testPassword, "1.1.1.1"))
		_, wrong := s.SignIn(t.Context(), signInAs("signer", "wrong", "1.1.1.1"))
		if core.CodeOf(unknown) != core.CodeInvalid || core.MessageOf(unknown) != core.MessageOf(wrong) {
			t.Errorf("an unknown name and a wrong password differ: %v, %v", unknown, wrong)
		}
		if err := s.DisableAccount(t.Context(), core.SystemGranter, a.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.SignIn(t.Context(), signInAs("signer", testPassword, "1.1.1.1"))
		wantRefused(t, "disabled", err, core.CodeInvalid)
		found, err = s.SessionByToken(t.Context(), token)
		if err != nil || found.Ended.IsZero() {
			t.Errorf("a session of a disabled account goes on: %v", err)
		}
	})
}

func TestLockOutLocksOnlyTheOneWhoFails(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		mustAccount(t, s, testAccount("owner"))
		try := func(password, network string) error {
			_, err := s.SignIn(t.Context(), signInAs("owner", password, network))
			return err
		}
		if err := try(testPassword, "home"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			wantRefused(t, "wrong", try("wrong", "evil"), core.CodeInvalid)
			clock.Add(time.Second)
		}
		wantRefused(t, "wrong once more", try("wrong", "evil"), core.CodeForbidden)
		wantRefused(t, "even the right one", try(testPassword, "evil"), core.CodeForbidden)
		if err := try(testPassword, "home"); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
		for i := range 40 { // from everywhere
			_ = try("wrong", fmt.Sprint("bot", i))
		}
		if err := try(testPassword, "home"); err != nil {
			t.Errorf("the owner is locked out by many: %v", err)
		}
		if err := try(testPassword, "hotel"); err != nil {
			t.Errorf("the owner is locked out at a new address: %v", err)
		}
		wantRefused(t, "a bot's second try", try(testPassword, "bot1"), core.CodeForbidden)
		clock.Add(time.Hour)
		if err := try(testPassword, "evil"); err != nil {
			t.Errorf("the lock does not end: %v", err)
		}
	})
}

func TestSimultaneousGuessesAreAllCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mustAccount(t, s, testAccount("target"))
		var looked atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := s.SignIn(context.Background(), signInAs("target", "wrong", "one"))
				if core.CodeOf(err) == core.CodeInvalid {
					looked.Add(1)
				}
			})
		}
		all.Wait()
		if looked.Load() > 3 {
			t.Errorf("%d of 20 simultaneous guesses were looked at, want 3", looked.Load())
		}
	})
}

func TestChangePassword(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		mustAccount(t, s, testAccount("changer"))
		done, err := s.SignIn(t.Context(), signInAs("changer", testPassword, "1"))
		token, session := done.Token, done.Session
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.SignIn(t.Context(), signInAs("changer", testPassword, "2"))
		other := second.Token
		if err != nil {
			t.Fatal(err)
		}
		by := core.Actor{Kind: core.ActorAccount, ID: session.Subject}
		change := func(old, new string) error {
			return s.ChangePassword(t.Context(), by, PasswordChange{Session: session, Old: old, New: new})
		}
		wantRefused(t, "wrong old", change("wrong", "second-Password-2"), core.CodeInvalid)
		wantRefused(t, "the same", change(testPassword, testPassword), core.CodeInvalid)
		wantRefused(t, "too short", change(testPassword, "short"), core.CodeInvalid)
		if err := change(testPassword, "second-Password-2"); err != nil {
			t.Fatal(err)
		}
		a, err := s.Account(t.Context(), core.Everywhere, session.Subject)
		if err != nil || a.MustChange {
			t.Errorf("still must change: %v", err)
		}
		mine, err := s.SessionByToken(t.Context(), token)
		if err != nil || !mine.Ended.IsZero() || mine.Generation != a.Generation {
			t.Errorf("the session that changed it: %+v %v", mine, err)
		}
		if theirs, err := s.SessionByToken(t.Context(), other); err != nil || theirs.Ended.IsZero() {
			t.Errorf("another session goes on: %v", err)
		}
		if _, err := s.SignIn(t.Context(), signInAs("changer", testPassword, "1")); err == nil {
			t.Error("the old password still works")
		}
	})
}

func TestFirstAdmin(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		stale, _, err := s.CreateFirstAdminToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		token, needed, err := s.CreateFirstAdminToken(t.Context())
		if err != nil || !needed {
			t.Fatalf("needed %v: %v", needed, err)
		}
		first := FirstAdmin{Login: "root", Name: "管理员", Password: testPassword}
		use := func(token string) error {
			_, err := s.ConsumeFirstAdminToken(context.Background(), core.System, token, first)
			return err
		}
		wantRefused(t, "an earlier link", use(stale), core.CodeNotFound)
		wantRefused(t, "a made-up link", s.CheckFirstAdminToken(t.Context(), "x"), core.CodeNotFound)
		if err := s.CheckFirstAdminToken(t.Context(), token); err != nil {
			t.Error(err)
		}
		var wins atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if use(token) == nil {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d first admins", wins.Load())
		}
		wantRefused(t, "used", s.CheckFirstAdminToken(t.Context(), token), core.CodeConflict)
		wantRefused(t, "sent again", use(token), core.CodeConflict)
		if _, needed, err := s.CreateFirstAdminToken(t.Context()); err != nil || needed {
			t.Errorf("another link though there is an admin: %v", err)
		}
		list, _, err := s.Accounts(t.Context(), core.Everywhere, AccountFilter{Page: Page{Limit: 5}})
		if err != nil || len(list) != 1 || list[0].MustChange || !list[0].Scope.Whole() || !list[0].Has(core.PermAccountEdit) {
			t.Errorf("accounts %+v: %v", list, err)
		}
	})
}

func TestEveryActOnAccountsIsAudited(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		a := mustAccount(t, s, testAccount("watched"))
		by := core.Granter{
			Actor: core.Actor{Kind: core.ActorAccount, ID: 7, Name: "老王", Addr: "1.2.3.4", RequestID: "r1"},
			Holds: core.SystemGranter.Holds,
		}
		changed := a
		changed.Name = "改名"
		for _, act := range []func() error{
			func() error { return discard(s.UpdateAccount(t.Context(), by, changed)) },
			func() error { return s.ResetPassword(t.Context(), by, a.ID, testPassword+"x") },
			func() error { return s.DisableAccount(t.Context(), by, a.ID) },
			func() error { return s.EnableAccount(t.Context(), by, a.ID) },
		} {
			if err := act(); err != nil {
				t.Fatal(err)
			}
		}
		var actions []string
		if err := s.db.All(
			t.Context(), &actions, "SELECT action FROM audit_log WHERE target = ? ORDER BY id",
			"account:"+a.ID.String(),
		); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(actions, " "); got != "account.create account.update account.reset_password account.disable account.enable" {
			t.Errorf("log %s", got)
		}
		var leaks int
		if err := s.db.Get(
			t.Context(), &leaks,
			"SELECT COUNT(*) FROM audit_log WHERE after_text LIKE '%argon2%' OR after_text LIKE ?",
			"%"+testPassword+"%",
		); err != nil || leaks > 0 {
			t.Errorf("%d lines hold a password: %v", leaks, err)
		}
	})
}

func TestPasswordHashes(t *testing.T) {
	cost := passwords{turns: newTurns()} // the program's
	hash, err := cost.hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || len(hash) > 200 {
		t.Errorf("hash %s", hash)
	}
	for password, want := range map[string]bool{
		"correct horse": true, "Correct horse": false, "": false, strings.Repeat("x", 100000): false,
	} {
		if got, err := cost.match(t.Context(), hash, password, false); got != want || err != nil {
			t.Errorf("%.20q: %v %v", password, got, err)
		}
	}
	for _, broken := range []string{"", "x", "$argon2id$v=19$m=19456,t=2,p=1$!$!", "$argon2id$v=19$m=99999999999,t=2,p=1$AAAA$AAAA"} {
		if got, err := cost.match(t.Context(), broken, "", false); got || err != nil {
			t.Errorf("%q matched: %v", broken, err)
		}
	}
	// One made at another cost matches too.
	cheaper := passwords{PasswordCost{Memory: 8, Passes: 1}, cost.turns}
	if got, err := cheaper.match(t.Context(), hash, "correct horse", false); !got || err != nil {
		t.Errorf("after the cost changed: %v %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cost.turns.free = 0
	_, err = cost.hash(ended, "x")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waited for a turn though nobody waits: %v", err)
	}
}

func TestPurgeSessions(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		life := core.SessionLife{Idle: time.Hour, MaxLife: time.Hour}
		old, _, err := s.StartSession(t.Context(), NewSession{Kind: core.SessionWechat, Subject: 1, Life: life})
		if err != nil {
			t.Fatal(err)
		}
		clock.Add(2 * time.Hour)
		fresh, _, err := s.StartSession(t.Context(), NewSession{Kind: core.SessionWechat, Subject: 1, Life: life})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.PurgeSessions(t.Context(), clock.Now().Add(-30*time.Minute)); n != 1 || err != nil {
			t.Errorf("removed %d: %v", n, err)
		}
		_, err = s.SessionByToken(t.Context(), old)
		wantRefused(t, "purged", err, core.CodeUnauthenticated)
		if _, err := s.SessionByToken(t.Context(), fresh); err != nil {
			t.Error(err)
		}
	})
}

// What goes at every hour must not wait for an hour in which no session goes.
func TestPurgeTakesEverythingThatIsOver(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		life := core.SessionLife{Idle: time.Hour, MaxLife: time.Hour}
		if _, _, err := o.s.StartSession(t.Context(), NewSession{Kind: core.SessionWechat, Subject: 1, Life: life}); err != nil {
			t.Fatal(err)
		}
		_, err := o.s.SignIn(t.Context(), signInAs("office", "wrong", "stranger"))
		wantRefused(t, "a wrong password", err, core.CodeInvalid)
		phoneOf(t, o.s, o.account.ID)
		pendingOf(t, o.s, "office", "home")
		o.begin(t, 0)
		o.clock.Add(3 * time.Hour)
		_, err = o.s.SignIn(t.Context(), signInAs("office", "wrong", "stranger"))
		wantRefused(t, "a wrong password", err, core.CodeInvalid)
		kept, _ := o.begin(t, 0)
		if n, err := o.s.PurgeSessions(t.Context(), o.clock.Now().Add(-time.Hour)); n != 1 || err != nil {
			t.Errorf("removed %d: %v", n, err)
		}
		for table, want := range map[string]int{"sign_in_attempt": 1, "sign_in_pending": 0, "wechat_login": 1} {
			var left int
			if err := o.s.db.Get(t.Context(), &left, "SELECT COUNT(*) FROM "+table); err != nil || left != want {
				t.Errorf("%s keeps %d rows, want %d: %v", table, left, want, err)
			}
		}
		o.state(t, kept, core.WechatLoginWaiting)
	})
}

// Running the deployment and covering all of it are two things: only an operator makes another, and an
// account that covers everything does not change an operator.
func TestOnlyOperatorsMakeOperators(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		make := func(login string, scope core.Scope, operator bool) core.Granter {
			t.Helper()
			id, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
				Login: login, Name: login, Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: scope, Operator: operator,
			}, "correct horse")
			if err != nil {
				t.Fatal(err)
			}
			a, err := s.Account(t.Context(), everywhere, id)
			if err != nil || a.Operator != operator {
				t.Fatalf("%+v, %v", a, err)
			}
			return core.Granter{Actor: core.Actor{Kind: core.ActorAccount, ID: id, Operator: operator}, Holds: a}
		}
		operator, street := make("operator", everywhere, true), make("street", everywhere, false)
		part := make("part", core.ScopeOf(community), true)
		if part.Actor.MayOperate() == street.Actor.MayOperate() {
			t.Error("who may operate follows from the scope")
		}
		_, err := s.CreateAccount(t.Context(), street, core.Account{
			Login: "greedy", Name: "greedy", Role: core.RoleAdmin, Permissions: core.Permissions(), Scope: everywhere, Operator: true,
		}, "correct horse")
		wantCode(t, err, core.CodeInvalid)
		raised := street.Holds
		raised.Operator = true
		wantCode(t, discard(s.UpdateAccount(t.Context(), make("second", everywhere, false), raised)), core.CodeInvalid)
		wantCode(t, s.DisableAccount(t.Context(), street, part.Holds.ID), core.CodeForbidden)
		wantCode(t, s.DisableAccount(t.Context(), part, operator.Holds.ID), core.CodeNotFound)
		if _, err := s.UpdateAccount(t.Context(), operator, raised); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Account(t.Context(), everywhere, raised.ID); err != nil || !a.Operator {
			t.Errorf("%+v, %v", a, err)
		}
	})
}
