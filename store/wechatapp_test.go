package store

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

func aWechatApp(last string, scope core.Scope) (core.WechatApp, core.WechatKeys) {
	return core.WechatApp{Kind: core.WechatOfficial, Name: "公众号" + last, AppID: "wx00000000000000" + last, Scope: scope},
		core.WechatKeys{Secret: strings.Repeat("s", 30) + last, Token: "token" + last, AESKey: strings.Repeat("k", 41) + last}
}

func makeWechatApp(t *testing.T, s *Store, last string, scope core.Scope) core.WechatApp {
	t.Helper()
	app, keys := aWechatApp(last, scope)
	id, err := s.CreateWechatApp(t.Context(), core.System, everywhere, KeyedWechatApp{app, keys})
	if err != nil {
		t.Fatal(err)
	}
	return wechatApp(t, s, id)
}

func wechatApp(t *testing.T, s *Store, id core.ID) core.WechatApp {
	t.Helper()
	app, err := s.WechatApp(t.Context(), everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func TestWechatApps(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		a := makeWechatApp(t, s, "a1", core.ScopeOf(here))
		if !a.Scope.Has(here) || a.Scope.Has(there) || !a.Sealed || a.Updated.IsZero() || !a.Disabled.IsZero() {
			t.Fatalf("added %+v", a)
		}
		whole := makeWechatApp(t, s, "a2", core.Everywhere)

		// Who works elsewhere sees the account of all, and not another community's.
		for scope, want := range map[core.ID][]core.ID{here: {a.ID, whole.ID}, there: {whole.ID}} {
			apps, err := s.WechatApps(ctx, core.ScopeOf(scope))
			if ids := database.IDsOf(apps, func(a core.WechatApp) core.ID { return a.ID }); err != nil || !slices.Equal(ids, want) {
				t.Errorf("in sight of %d: %v, want %v; %v", scope, ids, want, err)
			}
		}
		_, err := s.WechatApp(ctx, core.ScopeOf(there), a.ID)
		wantCode(t, err, core.CodeNotFound)

		// The keys are in use, and nowhere to be read.
		used := s.RecentWechatApps(ctx)
		if len(used) != 2 || used[0].Keys.Secret != strings.Repeat("s", 30)+"a1" || used[0].Keys.Token != "tokena1" ||
			used[0].Keys.AESKey != strings.Repeat("k", 41)+"a1" {
			t.Fatalf("%d in use: %+v", len(used), used)
		}
		var stored []string
		if err := s.db.All(ctx, &stored, "SELECT secret_cipher FROM wechat_app UNION ALL SELECT token_cipher FROM wechat_app"); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(stored, " "); strings.Contains(text, "ssss") || strings.Contains(text, "tokena1") {
			t.Errorf("a key in the clear: %s", text)
		}

		// What clashes is refused, and changes nothing.
		again, keys := aWechatApp("a1", core.ScopeOf(there))
		_, err = s.CreateWechatApp(ctx, by, everywhere, KeyedWechatApp{again, keys})
		wantField(t, err, "app_id")
		other, keys := aWechatApp("a3", core.ScopeOf(there, here))
		_, err = s.CreateWechatApp(ctx, by, everywhere, KeyedWechatApp{other, keys})
		wantField(t, err, "communities")
		other.Scope = core.ScopeOf(987654321)
		_, err = s.CreateWechatApp(ctx, by, everywhere, KeyedWechatApp{other, keys})
		wantField(t, err, "communities")

		// An empty key keeps the one on file.
		a.Name, a.Scope = "新名称", core.ScopeOf(here, there)
		updated, err := s.UpdateWechatApp(ctx, by, everywhere, KeyedWechatApp{a, core.WechatKeys{Secret: strings.Repeat("n", 32)}})
		if err != nil {
			t.Fatal(err)
		}
		a = wechatApp(t, s, a.ID)
		used = s.RecentWechatApps(ctx)
		if a.Name != "新名称" || !a.Scope.Has(there) || !a.Updated.Equal(updated) || used[0].Keys.Secret != strings.Repeat("n", 32) ||
			used[0].Keys.Token != "tokena1" {
			t.Errorf("changed to %+v", a)
		}
		stale := a
		stale.Updated = a.Updated.Add(-time.Millisecond)
		if _, err := s.UpdateWechatApp(ctx, by, everywhere, KeyedWechatApp{stale, core.WechatKeys{}}); !core.IsStale(err) {
			t.Errorf("a stale edit: %v", err)
		}
		whole.Scope = core.ScopeOf(here)
		_, err = s.UpdateWechatApp(ctx, by, everywhere, KeyedWechatApp{whole, core.WechatKeys{}})
		wantField(t, err, "communities")

		// Out of use its communities are free; and it comes back only if they still are.
		wantCode(t, s.RemoveWechatApp(ctx, by, everywhere, a.ID, true), core.CodeConflict)
		if err := s.DisableWechatApp(ctx, by, everywhere, a.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.DisableWechatApp(ctx, by, everywhere, a.ID), core.CodeConflict)
		if used := s.RecentWechatApps(ctx); len(used) != 1 || used[0].App.ID != whole.ID {
			t.Errorf("in use: %+v", used)
		}
		other.Scope = core.ScopeOf(here)
		if _, err = s.CreateWechatApp(ctx, by, everywhere, KeyedWechatApp{other, keys}); err != nil {
			t.Fatal(err)
		}
		wantField(t, s.EnableWechatApp(ctx, by, everywhere, a.ID), "communities")
		if err := s.RemoveWechatApp(ctx, by, everywhere, a.ID, true); err != nil {
			t.Fatal(err)
		}
		_, err = s.WechatApp(ctx, everywhere, a.ID)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.EnableWechatApp(ctx, by, everywhere, a.ID), core.CodeNotFound)
	})
}

// Of accounts for all communities that are added at once, one is.
func TestOneWechatAppServesACommunity(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				app, keys := aWechatApp("b"+string(rune('0'+i)), core.Everywhere)
				_, errs[i] = s.CreateWechatApp(t.Context(), core.System, everywhere, KeyedWechatApp{app, keys})
			})
		}
		all.Wait()
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
			} else if !core.IsInvalid(err) {
				t.Error(err)
			}
		}
		if apps, err := s.WechatApps(t.Context(), everywhere); err != nil || added != 1 || len(apps) != 1 {
			t.Errorf("%d of %d added, %d apps: %v", added, len(errs), len(apps), err)
		}
	})
}

// Only those who run the deployment change what concerns all communities.
func TestWechatAppsAreTheOperators(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		a := makeWechatApp(t, s, "c1", core.Everywhere)
		clerk := core.Actor{Kind: core.ActorAccount, ID: 7}
		app, keys := aWechatApp("c2", core.ScopeOf(1))
		_, err := s.CreateWechatApp(t.Context(), clerk, everywhere, KeyedWechatApp{app, keys})
		wantCode(t, err, core.CodeForbidden)
		wantCode(t, discard(s.UpdateWechatApp(t.Context(), clerk, everywhere, KeyedWechatApp{a, core.WechatKeys{}})), core.CodeForbidden)
		for _, act := range []error{
			s.DisableWechatApp(t.Context(), clerk, everywhere, a.ID), s.EnableWechatApp(t.Context(), clerk, everywhere, a.ID),
			s.RemoveWechatApp(t.Context(), clerk, everywhere, a.ID, true),
		} {
			wantCode(t, act, core.CodeForbidden)
		}
	})
}

// An operator of some communities changes their account, and not one that also serves others.
func TestOperatorsOfSomeCommunitiesChangeTheirWechatApp(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		scope := core.ScopeOf(here)
		app, keys := aWechatApp("f1", core.ScopeOf(here, there))
		_, err := s.CreateWechatApp(ctx, by, scope, KeyedWechatApp{app, keys})
		wantCode(t, err, core.CodeForbidden)
		app.Scope = core.Everywhere
		_, err = s.CreateWechatApp(ctx, by, scope, KeyedWechatApp{app, keys})
		wantCode(t, err, core.CodeForbidden)
		app.Scope = scope
		id, err := s.CreateWechatApp(ctx, by, scope, KeyedWechatApp{app, keys})
		if err != nil {
			t.Fatal(err)
		}
		own := wechatApp(t, s, id)
		own.Scope = core.ScopeOf(here, there)
		wantCode(t, discard(s.UpdateWechatApp(ctx, by, scope, KeyedWechatApp{App: own})), core.CodeForbidden)
		wantCode(t, discard(s.UpdateWechatApp(ctx, by, core.ScopeOf(there), KeyedWechatApp{App: own})), core.CodeNotFound)
		shared := makeWechatApp(t, s, "f2", core.Everywhere)
		shared.Name = "改"
		wantCode(t, discard(s.UpdateWechatApp(ctx, by, scope, KeyedWechatApp{App: shared})), core.CodeForbidden)
		wantCode(t, s.DisableWechatApp(ctx, by, scope, shared.ID), core.CodeForbidden)
		if err := s.DisableWechatApp(ctx, by, scope, id); err != nil {
			t.Error(err)
		}
	})
}

// The log says of a key that there was one before, or that there was none.
func TestReplacedKeysAreLogged(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		app := core.WechatApp{Kind: core.WechatMini, Name: "小程序", AppID: "wx00000000000000d7", Scope: core.Everywhere}
		id, err := s.CreateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{app, core.WechatKeys{Secret: strings.Repeat("s", 32)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.UpdateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{
			wechatApp(t, s, id), core.WechatKeys{Secret: strings.Repeat("t", 32), Token: "token123", AESKey: strings.Repeat("k", 43)},
		})
		if err != nil {
			t.Fatal(err)
		}
		lines, _, err := s.AuditRecords(ctx, everywhere, core.AuditFilter{Action: "wechatapp.update"}, Page{Limit: 1})
		if err != nil || len(lines) != 1 {
			t.Fatal(lines, err)
		}
		said := map[string]string{}
		for _, c := range lines[0].Changes() {
			said[c.Label] = c.Before + " → " + c.After
		}
		if said["AppSecret"] != "原来的 → 已更换" || said["Token"] != " → 已填写" {
			t.Errorf("it says %v", said)
		}
	})
}

// What the program notes by itself makes no form stale, and what it says is kept.
func TestNotesOfAWechatApp(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		ctx := t.Context()
		a := makeWechatApp(t, s, "d1", core.Everywhere)
		if _, err := s.NoteWechatCheck(ctx, a.ID, strings.Repeat("错", 300)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.NoteWechatCall(ctx, a.ID); err != nil {
				t.Fatal(err)
			}
			clock.Add(30 * time.Second)
		}
		now := wechatApp(t, s, a.ID)
		if now.Checked.Problem != strings.Repeat("错", 200) || now.Checked.At.IsZero() || !now.Updated.Equal(a.Updated) ||
			!now.Called.Equal(now.Checked.At) {
			t.Errorf("noted %+v", now)
		}
		clock.Add(time.Minute)
		if err := s.NoteWechatCall(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.NoteWechatRefusal(ctx, a.ID, core.RefusedSignature); err != nil {
				t.Fatal(err)
			}
			clock.Add(30 * time.Second)
		}
		if r := wechatApp(t, s, a.ID); !r.Refused.Equal(now.Called.Add(2*time.Minute)) || !r.Updated.Equal(a.Updated) {
			t.Errorf("refused at %v", r.Refused)
		}
		if again := wechatApp(t, s, a.ID); !again.Called.After(now.Called) {
			t.Errorf("called at %v, then %v", now.Called, again.Called)
		}
	})
}

// A company on WeWork has an agent and a second secret, sealed like the first.
func TestWechatAppOfACompany(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		app := core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: "ww00000000000000a1", Agent: 1000002, Scope: core.Everywhere}
		keys := core.WechatKeys{
			Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
		}
		id, err := s.CreateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{app, keys})
		if err != nil {
			t.Fatal(err)
		}
		used := s.RecentWechatApps(ctx)
		if len(used) != 1 || used[0].Keys != keys || used[0].App.Agent != app.Agent {
			t.Fatalf("in use: %+v", used)
		}
		var stored string
		if err := s.db.Get(ctx, &stored, "SELECT contact_cipher FROM wechat_app"); err != nil || strings.Contains(stored, "ccc") {
			t.Errorf("stored %q, %v", stored, err)
		}
		// A second binding of the company is refused, whatever communities it is for.
		again := core.WechatApp{
			Kind: core.WechatWork, Name: "物业二", AppID: app.AppID, Agent: 1, Scope: core.ScopeOf(newCommunity(t, s, "滨河苑")),
		}
		_, err = s.CreateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{again, keys})
		wantField(t, err, "app_id")
		changed := wechatApp(t, s, id)
		changed.Agent = 1000003
		renewed := core.WechatKeys{Contact: strings.Repeat("d", 43)}
		if _, err := s.UpdateWechatApp(ctx, core.System, everywhere, KeyedWechatApp{changed, renewed}); err != nil {
			t.Fatal(err)
		}
		used = s.RecentWechatApps(ctx)
		keys.Contact = strings.Repeat("d", 43)
		if used[0].Keys != keys || used[0].App.Agent != 1000003 {
			t.Errorf("changed to %+v", used)
		}
	})
}
