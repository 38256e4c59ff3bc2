package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Identities of one person in two apps of one open platform, unless said otherwise.
var (
	inMini     = core.WechatIdentity{AppID: "wxmini", OpenID: "o-mini", UnionID: "u-1"}
	inOfficial = core.WechatIdentity{AppID: "wxofficial", OpenID: "o-official", UnionID: "u-1"}
)

func withoutUnion(who core.WechatIdentity) core.WechatIdentity {
	who.UnionID = ""
	return who
}

func signIn(t *testing.T, s *Store, who core.WechatIdentity) core.WechatUser {
	t.Helper()
	user, err := s.SignInWechat(t.Context(), who)
	if err != nil {
		t.Fatalf("SignInWechat(%+v): %v", who, err)
	}
	kept, err := s.WechatUser(t.Context(), user.ID)
	if err != nil || kept != user {
		t.Fatalf("signed in as %+v, kept is %+v, %v", user, kept, err)
	}
	return user
}

// wantUsers fails the test unless so many users are there who were not merged.
func wantUsers(t *testing.T, s *Store, n int) {
	t.Helper()
	if got := countRows(t, s, "SELECT COUNT(*) FROM wechat_user WHERE merged_into = 0"); got != n {
		t.Errorf("%d users, want %d", got, n)
	}
}

func TestSignInWechat(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		lone := signIn(t, s, withoutUnion(inMini))
		if lone.ID == 0 || lone.UnionID != "" || lone.Person != 0 {
			t.Errorf("new: %+v", lone)
		}
		if again := signIn(t, s, withoutUnion(inMini)); again != lone {
			t.Errorf("known: %+v, was %+v", again, lone)
		}
		if other := signIn(t, s, core.WechatIdentity{AppID: "wxmini", OpenID: "O-MINI"}); other.ID == lone.ID {
			t.Error("open ids are told apart by case")
		}
		if same := signIn(t, s, core.WechatIdentity{AppID: "wxofficial", OpenID: "o-mini"}); same.ID == lone.ID {
			t.Error("an open id is one app's")
		}
		wantUsers(t, s, 3)

		named := signIn(t, s, inMini)
		if named.ID != lone.ID || named.UnionID != "u-1" {
			t.Errorf("the union id is told later: %+v", named)
		}
		if again := signIn(t, s, withoutUnion(inMini)); again != named {
			t.Errorf("and then not told: %+v", again)
		}
		joined := signIn(t, s, inOfficial)
		if joined != named {
			t.Errorf("in another app: %+v, want %+v", joined, named)
		}
		wantUsers(t, s, 3)
		ids, err := s.OpenIDs(t.Context(), named.ID)
		if err != nil || len(ids) != 2 || ids["wxmini"] != "o-mini" || ids["wxofficial"] != "o-official" {
			t.Errorf("open ids %v, %v", ids, err)
		}
		moved := inMini
		moved.UnionID = "u-2"
		if got := signIn(t, s, moved); got.ID != named.ID || got.UnionID != "u-2" {
			t.Errorf("the account moved to another open platform: %+v", got)
		}
		_, err = s.WechatUser(t.Context(), 7)
		wantCode(t, err, core.CodeNotFound)
	})
}

// merge is a user who signed in to two apps before WeChat reported them to be one person.
type merge struct {
	kept, gone     core.WechatUser
	guard, watcher core.ID // of gone
	account        core.ID // of gone
	goneToken      string
	keptToken      string
	community      core.ID
}

func newMerge(t *testing.T, s *Store) merge {
	t.Helper()
	ctx := t.Context()
	m := merge{kept: signIn(t, s, inMini), gone: signIn(t, s, withoutUnion(inOfficial)), community: newCommunity(t, s, "翠湖花园")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	m.guard, err = s.CreateGuard(ctx, core.System, everywhere, core.Guard{Community: m.community, Name: "老周", Phone: "13700000001"})
	must(err)
	m.watcher, err = s.CreateObserver(ctx, core.System, everywhere, core.Observer{
		Name: "网格员", Capacity: "社区", Phone: "13700000002", Communities: []core.ID{m.community},
	})
	must(err)
	for kind, target := range map[string]core.ID{core.BindGuard: m.guard, core.BindObserver: m.watcher} {
		ticket, err := s.CreateBindTicket(ctx, core.System, core.Everywhere, BindTarget{Kind: kind, ID: target})
		must(err)
		err = ticket.use(t, s, m.gone.ID)
		must(err)
	}
	m.account, err = s.CreateAccount(ctx, core.SystemGranter, testAccount("zhang.san"), testPassword)
	must(err)
	must(s.db.Write(ctx, "test", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE account SET user_id = ? WHERE id = ?", int64(m.gone.ID), int64(m.account))
		return err
	}))
	start := func(user core.ID) string {
		token, _, err := s.StartSession(ctx, NewSession{
			Kind: core.SessionWechat, Subject: user, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
		})
		must(err)
		return token
	}
	m.goneToken, m.keptToken = start(m.gone.ID), start(m.kept.ID)
	return m
}

// TestMerge: what one was, the other is; who was signed in as the one that was merged
// no longer is, on any server.
func TestMerge(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		m := newMerge(t, s)
		newResident(t, s, m.community, newHouses(t, s, m.community, 1)[0], "张三", "13800138000")
		if ties, err := s.BindPhone(t.Context(), m.gone.ID, "13800138000", "张三"); ties != 1 || err != nil {
			t.Fatalf("%d ties, %v", ties, err)
		}
		person := userOf(t, s, m.gone.ID).Person
		var told []core.ID
		s.OnSubjectChange(func(_ context.Context, kind core.SessionKind, subject core.ID) {
			if kind == core.SessionWechat {
				told = append(told, subject)
			}
		})
		got := signIn(t, s, inOfficial)
		if got.ID != m.kept.ID || got.UnionID != "u-1" || got.Person != person {
			t.Errorf("merged into %+v, want %+v of person %s", got, m.kept, person)
		}
		// The one kept has another person and union id now: what is remembered of it is void.
		slices.Sort(told)
		want := []core.ID{m.gone.ID, m.kept.ID}
		slices.Sort(want)
		if !slices.Equal(slices.Compact(told), want) {
			t.Errorf("told of %v, want %v", told, want)
		}
		_, err := s.WechatUser(t.Context(), m.gone.ID)
		wantCode(t, err, core.CodeNotFound)
		if guard, err := s.GuardOfUser(t.Context(), got.ID); err != nil || guard.ID != m.guard {
			t.Errorf("guard %+v, %v", guard, err)
		}
		if watcher, err := s.ObserverOfUser(t.Context(), got.ID); err != nil || watcher.ID != m.watcher {
			t.Errorf("observer %+v, %v", watcher, err)
		}
		if account, err := s.Account(t.Context(), everywhere, m.account); err != nil || account.User != got.ID {
			t.Errorf("account %+v, %v", account, err)
		}
		for token, live := range map[string]bool{m.goneToken: false, m.keptToken: true} {
			session, err := s.SessionByToken(t.Context(), token)
			if err != nil || session.Live(testNow) != live {
				t.Errorf("session of %s: %+v, %v", session.Subject, session, err)
			}
		}
		if ids, err := s.OpenIDs(t.Context(), got.ID); err != nil || len(ids) != 2 {
			t.Errorf("open ids %v, %v", ids, err)
		}
		if phones := countRows(
			t, s,
			`SELECT COUNT(*) FROM wechat_user a JOIN wechat_user b ON a.phone_mac = b.phone_mac
				AND a.phone_cipher = b.phone_cipher WHERE a.id = ? AND b.id = ?`,
			int64(m.kept.ID), int64(m.gone.ID),
		); phones != 1 {
			t.Error("the verified number did not come along")
		}
		wantUsers(t, s, 1)
		if again := signIn(t, s, withoutUnion(inOfficial)); again.ID != m.kept.ID {
			t.Errorf("the next time: %+v", again)
		}
		if len(told) != 2 {
			t.Errorf("an ordinary sign-in is told of: %v", told)
		}
	})
}

func userOf(t *testing.T, s *Store, id core.ID) core.WechatUser {
	t.Helper()
	user, err := s.WechatUser(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// TestMergeOfTwoPhones: who verified a number in each app keeps the one of the user
// that stays; an old union id of the other leads to nobody.
func TestMergeOfTwoPhones(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		kept := signIn(t, s, inMini)
		old := inOfficial
		old.UnionID = "u-old"
		gone := signIn(t, s, old)
		for user, phone := range map[core.ID]string{kept.ID: "13800138000", gone.ID: "13900139000"} {
			if _, err := s.BindPhone(t.Context(), user, phone, ""); err != nil {
				t.Fatal(err)
			}
		}
		person := userOf(t, s, kept.ID).Person
		if got := signIn(t, s, inOfficial); got.ID != kept.ID || got.Person != person {
			t.Errorf("merged into %+v", got)
		}
		if third := signIn(t, s, core.WechatIdentity{AppID: "wxthird", OpenID: "o-3", UnionID: "u-old"}); third.ID == gone.ID ||
			third.ID == kept.ID {
			t.Errorf("an old union id leads to %+v", third)
		}
	})
}

// TestFirstSignInsAtOnce: one person in many windows of two apps becomes one user.
func TestFirstSignInsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		const n = 16
		var all sync.WaitGroup
		var mu sync.Mutex
		ids := map[core.ID]bool{}
		start := make(chan struct{})
		for i := range n {
			who := inMini
			if i%2 == 1 {
				who = inOfficial
			}
			all.Go(func() {
				<-start
				user, err := s.SignInWechat(t.Context(), who)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[user.ID] = true
			})
		}
		close(start)
		all.Wait()
		if len(ids) != 1 {
			t.Errorf("%d users: %v", len(ids), ids)
		}
		wantUsers(t, s, 1)
		if rows := countRows(t, s, "SELECT COUNT(*) FROM wechat_user"); rows != 1 {
			t.Errorf("%d rows", rows)
		}
	})
}

func TestBindPhone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, community := t.Context(), newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 3)
		one := newResident(t, s, community, houses[0], "张三", "13800138000")
		two := newResident(t, s, community, houses[1], "张 三", "13800138000")
		left := newResident(t, s, community, houses[2], "张三", "13800138000")
		other := newResident(t, s, community, houses[0], "李四", "13900139000")
		if err := s.MoveOut(ctx, core.System, everywhere, left); err != nil {
			t.Fatal(err)
		}
		user := signIn(t, s, inMini)
		bind := func(user core.ID, phone, name string, ties int) core.ID {
			t.Helper()
			got, err := s.BindPhone(ctx, user, phone, name)
			if err != nil || got != ties {
				t.Fatalf("BindPhone(%s, %s): %d ties, %v; want %d", phone, name, got, err, ties)
			}
			if u := userOf(t, s, user); !u.Verified {
				t.Error("the number is not verified")
			}
			return userOf(t, s, user).Person
		}
		for _, none := range []struct{ phone, name string }{
			{"13700137000", "张三"}, {"13800138000", ""}, {"13800138000", "李四"}, {"13800138000", "张"},
		} {
			if person := bind(user.ID, none.phone, none.name, 0); person != 0 {
				t.Errorf("%s with the name %q is person %s", none.phone, none.name, person)
			}
		}
		person := bind(user.ID, "13800138000", "张三", 2)
		for id, certified := range map[core.ID]bool{one: true, two: true, left: false, other: false} {
			if r := residentOf(t, s, id); r.Certified.IsZero() == certified {
				t.Errorf("%s in %s: certified at %v", r.Name, r.HouseLabel, r.Certified)
			}
		}
		passes, err := s.PassesOfUser(ctx, core.WechatUser{Person: person})
		if err != nil || len(passes) != 2 || passes[0].Holder != one || passes[1].Holder != two {
			t.Errorf("passes %+v, %v", passes, err)
		}
		if again := bind(user.ID, "13800138000", "", 2); again != person {
			t.Error("binding again makes another person")
		}
		if passes, err = s.PassesOfUser(ctx, core.WechatUser{Person: person}); err != nil || len(passes) != 2 {
			t.Errorf("binding again gives %d passes, %v", len(passes), err)
		}
		second := signIn(t, s, core.WechatIdentity{AppID: "wxmini", OpenID: "o-wife"})
		if shared := bind(second.ID, "13800138000", "张三", 2); shared != person {
			t.Error("two users of one number and name are two persons")
		}
		if moved := bind(user.ID, "13900139000", "李四", 1); moved == person || userOf(t, s, second.ID).Person != person {
			t.Error("a new number of one moves the other")
		}
		var kept []string
		if err := s.db.All(ctx, &kept, "SELECT CONCAT(phone_cipher, phone_mac) FROM wechat_user"); err != nil {
			t.Fatal(err)
		}
		for _, text := range kept {
			if len(text) < 64 || strings.Contains(text, "13900139000") || strings.Contains(text, "13800138000") {
				t.Errorf("a number is kept in the open: %s", text)
			}
		}
		_, err = s.BindPhone(ctx, 7, "13800138000", "张三")
		wantCode(t, err, core.CodeNotFound)
	})
}

// TestBindPhoneOfNobody certifies nobody: the act is undone as a whole.
func TestBindPhoneOfNobody(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		resident := newResident(t, s, community, newHouses(t, s, community, 1)[0], "张三", "13800138000")
		_, err := s.BindPhone(t.Context(), 7, "13800138000", "张三")
		wantCode(t, err, core.CodeNotFound)
		if r := residentOf(t, s, resident); !r.Certified.IsZero() || r.Pass != 0 {
			t.Errorf("certified by nobody: %+v", r)
		}
	})
}

func TestSetFollowed(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		followed := func() []time.Time {
			var at []database.Millis
			if err := s.db.All(t.Context(), &at, "SELECT followed_at FROM wechat_identity ORDER BY app_id"); err != nil {
				t.Fatal(err)
			}
			times := make([]time.Time, len(at))
			for i := range at {
				times[i] = at[i].Time
			}
			return times
		}
		set := func(follows bool) {
			t.Helper()
			if err := s.UpdateFollowed(t.Context(), withoutUnion(inOfficial), follows); err != nil {
				t.Fatal(err)
			}
		}
		set(true) // somebody new
		if got := followed(); len(got) != 1 || !got[0].Equal(testNow) {
			t.Errorf("followed at %v", got)
		}
		user := signIn(t, s, inOfficial)
		signIn(t, s, inMini)
		set(false)
		if got := followed(); !got[0].IsZero() || !got[1].IsZero() {
			t.Errorf("followed at %v", got)
		}
		clock.Add(time.Hour)
		set(true)
		if got := followed(); !got[0].IsZero() || !got[1].Equal(testNow.Add(time.Hour)) {
			t.Errorf("followed at %v", got)
		}
		if again := signIn(t, s, inOfficial); again != user {
			t.Errorf("following makes another user: %+v", again)
		}
		wantUsers(t, s, 1)
	})
}

// TestSignInRolledBack: a sign-in that its caller gave up leaves nothing half made.
func TestSignInRolledBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.SignInWechat(ctx, inMini); err == nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		wantUsers(t, s, 0)
	})
}
