package store

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// aMember returns a member of a company in use, whose sync is at the turn's server.
func aMember(t *testing.T, s *Store, userID string) (core.Staff, SyncTurn) {
	t.Helper()
	return memberAt(t, s, core.WechatApp{AppID: "ww00000000000000d1", Scope: core.Everywhere}, userID)
}

// memberAt is aMember of a company: WeWork's id of it, and whom it serves.
func memberAt(t *testing.T, s *Store, corp core.WechatApp, userID string) (core.Staff, SyncTurn) {
	t.Helper()
	app, err := s.CreateWechatApp(t.Context(), core.System, core.Everywhere, KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: corp.AppID, Agent: 2, Scope: corp.Scope},
		Keys: core.WechatKeys{
			Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
		},
	})
	if err == nil {
		_, err = s.ClaimStaffSync(t.Context(), "a")
	}
	turn := SyncTurn{Runner: "a", App: app}
	if err == nil {
		err = s.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: userID, Name: "李娜"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.StaffOfMember(t.Context(), app, userID)
	if err != nil {
		t.Fatal(err)
	}
	return m, turn
}

// A member who is deleted between the question and the record of its answer stays out, and is asked about once more;
// so is one who was not on record yet. Who comes back later does.
func TestAnOldAnswerRevivesNobody(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		m, turn := aMember(t, s, "li")
		asked := s.Now()
		put := func(userID string, asked time.Time) {
			t.Helper()
			if err := s.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: userID, Name: "李娜", Asked: asked}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, userID := range []string{"li", "stranger"} {
			if err := s.NoteStaffHint(t.Context(), turn.App, core.CorpHint{UserID: userID, Gone: true}); err != nil {
				t.Fatal(err)
			}
			put(userID, asked)
		}
		if _, err := s.StaffAtWork(t.Context(), m.ID); !core.IsNotFound(err) {
			t.Errorf("revived: %v", err)
		}
		var waits []string
		if err := s.db.All(t.Context(), &waits, "SELECT user_key FROM staff_sync_hint WHERE app_id = ? AND noted_at > ? ORDER BY user_key",
			int64(turn.App), asked.UnixMilli()); err != nil || !slices.Equal(waits, []string{"li", "stranger"}) {
			t.Errorf("asked about later are %v, %v", waits, err)
		}
		put("li", asked.Add(time.Minute))
		if _, err := s.StaffAtWork(t.Context(), m.ID); err != nil {
			t.Errorf("who came back: %v", err)
		}
	})
}

// New keys of a company let its staff be synced at once, though the sync with those before failed a moment ago.
func TestNewKeysAskForASync(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		_, turn := aMember(t, s, "li")
		if err := s.EndStaffSync(t.Context(), turn, true, "通讯录 Secret 不正确"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ClaimStaffSync(t.Context(), "a"); !core.IsNotFound(err) {
			t.Fatalf("it does not rest: %v", err)
		}
		app, err := s.WechatApp(t.Context(), everywhere, turn.App)
		if err == nil {
			_, err = s.UpdateWechatApp(t.Context(), core.System, everywhere, KeyedWechatApp{
				App: app, Keys: core.WechatKeys{Contact: strings.Repeat("n", 43)},
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		if job, err := s.ClaimStaffSync(t.Context(), "a"); err != nil || job.Run == 0 {
			t.Errorf("claimed %+v, %v", job, err)
		}
	})
}

// A sign-in in flight while its member leaves: whichever was first, no session is left.
func TestLeavingAgainstASignInInFlight(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		m, turn := aMember(t, s, "li")
		life := core.SessionLife{Idle: time.Hour, MaxLife: time.Hour}
		for range 10 {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					_, _, err := s.StartSession(t.Context(), NewSession{Kind: core.SessionStaff, Subject: m.ID, Life: life})
					if err != nil && !core.IsNotFound(err) {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if err := s.NoteStaffHint(t.Context(), turn.App, core.CorpHint{UserID: "LI", Gone: true}); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			left, err := s.Sessions(t.Context(), core.SessionStaff, m.ID)
			if err != nil || len(left) != 0 {
				t.Fatalf("%d sessions of somebody who left, %v", len(left), err)
			}
			if _, err := s.StaffAtWork(t.Context(), m.ID); !core.IsNotFound(err) {
				t.Fatalf("at work: %v", err)
			}
			if err := s.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: "li", Name: "李娜"}}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// An act of somebody who leaves meanwhile has its effect before, or none.
func TestLeavingAgainstAnActInFlight(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		m, turn := aMember(t, s, "li")
		for i := range 10 {
			phone := "1390000000" + string(rune('0'+i))
			var bound error
			var wg sync.WaitGroup
			wg.Go(func() { bound = s.BindStaffPhone(t.Context(), core.System, m.ID, phone) })
			wg.Go(func() {
				if err := s.RemoveStaff(t.Context(), core.System, core.Everywhere, m.ID); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			if bound != nil && !core.IsNotFound(bound) {
				t.Fatal(bound)
			}
			got, err := s.Staff(t.Context(), core.Everywhere, m.ID)
			if err != nil || got.Left.IsZero() || (got.Phone == core.MaskPhone(phone)) != (bound == nil) {
				t.Fatalf("the number is %s, %v; binding it: %v", got.Phone, err, bound)
			}
			if err := s.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: "li", Name: "李娜"}}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// With another company in its place, the staff of the one before are out at once, whether they stay or are to leave.
func TestStaffOfAReplacedCompanyAreOut(t *testing.T) {
	for _, stay := range []bool{true, false} {
		eachStore(t, func(t *testing.T, s *Store) {
			m, turn := aMember(t, s, "li")
			app, err := s.WechatApp(t.Context(), everywhere, turn.App)
			if err != nil {
				t.Fatal(err)
			}
			app.AppID = "ww00000000000000d2"
			if err := s.ReplaceWechatCorp(t.Context(), core.System, everywhere, KeyedWechatApp{app, core.WechatKeys{
				Secret: strings.Repeat("n", 43), Contact: strings.Repeat("m", 43), Token: "token456", AESKey: strings.Repeat("j", 43),
			}}, stay); err != nil {
				t.Fatal(err)
			}
			if _, err := s.StaffAtWork(t.Context(), m.ID); !core.IsNotFound(err) {
				t.Errorf("at work: %v", err)
			}
			if _, err := s.StaffOfMember(t.Context(), turn.App, "li"); !core.IsNotFound(err) {
				t.Errorf("known to the new company: %v", err)
			}
			if got, err := s.Staff(t.Context(), everywhere, m.ID); err != nil || !got.Left.IsZero() {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// Who leaves with a company is counted, with what ends for them: those at work, by their account and their number.
func TestCorpStaffIsCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by, here := t.Context(), core.System, newCommunity(t, s, "翠湖花园")
		m, turn := aMember(t, s, "li")
		const phone = "13700000001"
		m.Phone, m.Communities = phone, []core.ID{here}
		_, err := s.UpdateStaff(ctx, by, everywhere, m, nil)
		if err == nil {
			err = s.SyncMembers(ctx, turn, []core.CorpMember{{UserID: "zhao", Name: "赵六"}, {UserID: "qian", Name: "钱七"}})
		}
		if err == nil {
			err = s.NoteStaffHint(ctx, turn.App, core.CorpHint{UserID: "qian", Gone: true})
		}
		if err == nil {
			_, err = s.CreateGuard(ctx, by, everywhere, core.Guard{Community: here, Name: "李娜", Phone: phone})
		}
		if err == nil { // one person, in two communities
			_, err = s.CreateGuard(ctx, by, everywhere, core.Guard{Community: newCommunity(t, s, "海棠苑"), Name: "李娜", Phone: phone})
		}
		if err != nil {
			t.Fatal(err)
		}
		account, err := s.CreateAccount(ctx, core.SystemGranter, core.Account{
			Login: "lina", Name: "李娜", Role: core.RoleClerk, Permissions: []core.Permission{core.PermStaffView}, Scope: core.ScopeOf(here),
		}, testPassword)
		if err == nil {
			err = s.LinkStaffAccount(ctx, core.SystemGranter, m.ID, account)
		}
		if err != nil {
			t.Fatal(err)
		}
		newStaff(t, s, "王强", "13700000002", here)
		n, err := s.CorpStaff(ctx, turn.App)
		if err != nil || n != (CorpStaff{People: 2, Accounts: 1, Guards: 1}) {
			t.Errorf("%+v, %v", n, err)
		}
	})
}

// Who comes back and whose number is another's meanwhile has none.
func TestWhoComesBackTakesNoNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here := newCommunity(t, s, "翠湖花园")
		m, turn := aMember(t, s, "li")
		const phone = "13700000001"
		m.Phone, m.Communities = phone, []core.ID{here}
		if _, err := s.UpdateStaff(t.Context(), core.System, everywhere, m, nil); err != nil {
			t.Fatal(err)
		}
		back := func() string {
			t.Helper()
			if err := s.NoteStaffHint(t.Context(), turn.App, core.CorpHint{UserID: "li", Gone: true}); err != nil {
				t.Fatal(err)
			}
			err := s.SyncMembers(t.Context(), turn, []core.CorpMember{{UserID: "li", Name: "李娜", Asked: s.Now().Add(time.Minute)}})
			if err != nil {
				t.Fatal(err)
			}
			return staffNames(t, s, everywhere, StaffFilter{Keyword: phone})
		}
		if got := back(); got != "李娜" {
			t.Errorf("with a number that is free: %q", got)
		}
		if err := s.NoteStaffHint(t.Context(), turn.App, core.CorpHint{UserID: "li", Gone: true}); err != nil {
			t.Fatal(err)
		}
		newStaff(t, s, "王强", phone, here)
		if got := back(); got != "王强" {
			t.Errorf("with a number that is another's: %q", got)
		}
		if got := staffNames(t, s, everywhere, StaffFilter{Keyword: "李娜"}); got != "李娜" {
			t.Errorf("at work: %q", got)
		}
	})
}

// A staff member is the guard with the number that WeWork told, at the post that is asked for. A number that somebody typed is no
// proof, also if it was told before; nor is that of somebody who left, or of a company that is out of use.
func TestGuardOfStaff(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		m, turn := aMember(t, s, "li")
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		const phone = "13700000001"
		var guards, posts [2]core.ID
		for i, community := range []core.ID{here, there} {
			var err error
			if posts[i], err = s.CreateGuardPost(ctx, by, everywhere, core.GuardPost{
				Community: community, Name: "东门", Direction: core.Out,
			}); err == nil {
				guards[i], err = s.CreateGuard(ctx, by, everywhere, core.Guard{
					Community: community, Name: "李娜", Phone: phone, Posts: []core.ID{posts[i]},
				})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		is := func(when string, post, want core.ID) {
			t.Helper()
			g, err := s.GuardOfStaff(ctx, m.ID, post)
			if g.ID != want || (want == 0) != core.IsNotFound(err) {
				t.Errorf("%s: guard %d, %v, want %d", when, g.ID, err, want)
			}
		}
		typed := func(phone string) {
			t.Helper()
			now, err := s.Staff(ctx, everywhere, m.ID)
			if err == nil {
				now.Phone, now.Communities = phone, []core.ID{here}
				_, err = s.UpdateStaff(ctx, by, everywhere, now, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		tell := func() {
			t.Helper()
			if err := s.BindStaffPhone(ctx, core.Actor{Kind: core.ActorStaff, ID: m.ID}, m.ID, phone); err != nil {
				t.Fatal(err)
			}
		}
		is("without a number", 0, 0)
		typed(phone)
		is("typed", posts[0], 0)
		tell()
		is("told", 0, guards[0])
		is("told, at the first post", posts[0], guards[0])
		is("told, at the second post", posts[1], guards[1])
		is("told, at no post of theirs", 77, guards[0])
		lines, _, err := s.AuditRecords(ctx, everywhere, core.AuditFilter{Action: "staff.phone"}, Page{Limit: 1})
		if err != nil || len(lines) != 1 || !strings.Contains(lines[0].After, `"phone_told":true`) {
			t.Errorf("the log: %+v, %v", lines, err)
		}
		tell() // once more changes nothing
		if again, _, err := s.AuditRecords(
			ctx, everywhere, core.AuditFilter{Action: "staff.phone"}, Page{Limit: 5}); err != nil || len(again) != 1 {
			t.Errorf("%d lines, %v", len(again), err)
		}
		typed(phone)
		is("the same number typed", 0, guards[0])
		typed("13700000002")
		typed(phone)
		is("typed after another", 0, 0)
		tell()
		if err := s.DisableGuard(ctx, by, everywhere, guards[0]); err != nil {
			t.Fatal(err)
		}
		is("the first out of service", posts[0], guards[1])
		if err := s.NoteStaffHint(ctx, turn.App, core.CorpHint{UserID: "li", Gone: true}); err != nil {
			t.Fatal(err)
		}
		is("left", posts[1], 0)
		if err := s.SyncMembers(ctx, turn, []core.CorpMember{{UserID: "li", Name: "李娜", Asked: s.Now().Add(time.Minute)}}); err != nil {
			t.Fatal(err)
		}
		if err := s.EnableGuard(ctx, by, everywhere, guards[1]); err != nil {
			t.Fatal(err)
		}
		is("came back", posts[1], 0)
	})
}

// Two companies may have a member of the same user id: each is the guard by the number that their own company told, and a company
// that is out of use lets nobody in, while the other does.
func TestGuardOfStaffOfTwoCompanies(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		one, turn := aMember(t, s, "li")
		two, other := memberAt(t, s, core.WechatApp{AppID: "ww00000000000000d2", Scope: core.ScopeOf(newCommunity(t, s, "海棠苑"))}, "li")
		if one.ID == two.ID || turn.App == other.App {
			t.Fatalf("one member of two companies: %d, %d", one.ID, two.ID)
		}
		here := newCommunity(t, s, "翠湖花园")
		post, err := s.CreateGuardPost(ctx, by, everywhere, core.GuardPost{Community: here, Name: "东门", Direction: core.Out})
		if err != nil {
			t.Fatal(err)
		}
		var guards [2]core.ID
		for i, phone := range []string{"13700000001", "13700000002"} {
			guards[i], err = s.CreateGuard(ctx, by, everywhere, core.Guard{
				Community: here, Name: "李娜", Phone: phone, Posts: []core.ID{post},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		is := func(when string, m core.Staff, want core.ID) {
			t.Helper()
			g, err := s.GuardOfStaff(ctx, m.ID, 0)
			if g.ID != want || (want == 0) != core.IsNotFound(err) {
				t.Errorf("%s: guard %d, %v, want %d", when, g.ID, err, want)
			}
		}
		if err := s.BindStaffPhone(ctx, by, one.ID, "13700000001"); err != nil {
			t.Fatal(err)
		}
		is("the one who was told of", one, guards[0])
		is("the same user id elsewhere", two, 0)
		if err := s.BindStaffPhone(ctx, by, two.ID, "13700000001"); !core.IsInvalid(err) && !core.IsConflict(err) {
			t.Errorf("two people have one number: %v", err)
		}
		is("after another's number", two, 0)
		if err := s.BindStaffPhone(ctx, by, two.ID, "13700000002"); err != nil {
			t.Fatal(err)
		}
		is("each their own", one, guards[0])
		is("each their own, too", two, guards[1])
		if m, err := s.StaffOfMember(ctx, other.App, "li"); err != nil || m.ID != two.ID {
			t.Errorf("by the other company: %d, %v", m.ID, err)
		}
		if err := s.DisableWechatApp(ctx, by, everywhere, turn.App); err != nil {
			t.Fatal(err)
		}
		is("of a company out of use", one, 0)
		is("of the other", two, guards[1])
	})
}
