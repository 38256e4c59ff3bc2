package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

func aWechatMenu(appID string) core.WechatMenu {
	return core.WechatMenu{MenuFor: core.MenuFor{AppID: appID}, Draft: []core.MenuButton{
		{Kind: core.ButtonView, Name: "通行证", URL: "https://pass.example.com/h5/pass"},
		{Kind: core.ButtonReply, Name: "电话", Reply: "0755-1"},
	}}
}

func TestWechatMenu(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		app := makeWechatApp(t, s, "d1", core.ScopeOf(here, there))
		draftOf := aWechatMenu(app.AppID)
		m, err := s.WechatMenu(ctx, core.ScopeOf(here), draftOf.MenuFor)
		if err != nil || m.ID != 0 {
			t.Fatalf("%+v, %v", m, err)
		}
		_, err = s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, time.Time{})
		wantCode(t, err, core.CodeConflict)
		draft := aWechatMenu(app.AppID)
		_, err = s.UpdateWechatMenu(ctx, by, core.ScopeOf(here), draft)
		wantCode(t, err, core.CodeForbidden)
		updated, err := s.UpdateWechatMenu(ctx, by, everywhere, draft)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateWechatMenu(ctx, by, everywhere, draft); !core.IsStale(err) {
			t.Errorf("a stale draft: %v", err)
		}
		key := draftOf.Key(core.MenuPlace{Top: 1, Sub: -1}, "0755-1")
		answers := func(want string) {
			t.Helper()
			if text, err := s.WechatMenuReply(ctx, app.AppID, key); err != nil || text != want {
				t.Errorf("answers %q, want %q: %v", text, want, err)
			}
		}
		answers("") // a draft answers nothing

		// WeChat refuses: nothing is published, and it can be tried again at once.
		if _, err := s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, time.Time{}); err != nil {
			t.Fatal(err)
		}
		_, err = s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, time.Time{})
		wantCode(t, err, core.CodeConflict)
		if err := s.ReleaseWechatMenu(ctx, draftOf.MenuFor); err != nil {
			t.Fatal(err)
		}
		begun, err := s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		// The draft changes while WeChat takes what it was.
		draft.Updated, draft.Draft = updated, draft.Draft[:1]
		if _, err := s.UpdateWechatMenu(ctx, by, everywhere, draft); err != nil {
			t.Fatal(err)
		}
		if err := s.PublishWechatMenu(ctx, by, everywhere, begun); err != nil {
			t.Fatal(err)
		}
		answers("0755-1")
		m, err = s.WechatMenu(ctx, everywhere, draftOf.MenuFor)
		if err != nil || len(m.Live) != 2 || len(m.Draft) != 1 || !m.Changed() || m.Published.IsZero() {
			t.Errorf("%+v, %v", m, err)
		}
		_, err = s.WechatMenu(ctx, core.ScopeOf(987654321), draftOf.MenuFor)
		wantCode(t, err, core.CodeNotFound)

		_, err = s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, updated) // not as it was seen
		wantCode(t, err, core.CodeConflict)

		// What is replaced is kept, once, and belongs to the menu.
		for range 2 {
			begun, err := s.BeginWechatMenu(ctx, everywhere, draftOf.MenuFor, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.PublishWechatMenu(ctx, by, everywhere, begun); err != nil {
				t.Fatal(err)
			}
		}
		earlier, err := s.WechatMenuVersions(ctx, core.ScopeOf(here), draftOf.MenuFor, 5)
		if err != nil || len(earlier) != 1 || len(earlier[0].Buttons) != 2 || earlier[0].By != by.Name {
			t.Fatalf("%+v, %v", earlier, err)
		}
		other := makeWechatApp(t, s, "d4", core.ScopeOf(newCommunity(t, s, "别处")))
		for _, of := range []core.MenuFor{{AppID: other.AppID}, {AppID: app.AppID, Tag: 100}} {
			_, err = s.WechatMenuVersion(ctx, everywhere, of, earlier[0].ID)
			wantCode(t, err, core.CodeNotFound)
		}
		_, err = s.WechatMenuVersions(ctx, core.ScopeOf(987654321), draftOf.MenuFor, 5)
		wantCode(t, err, core.CodeNotFound)
	})
}

// A tag has its own menu, whose buttons answer with its own texts; the one published last comes first. It goes when
// it is removed, and the menu of all cannot be.
func TestWechatMenuOfATag(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		app := makeWechatApp(t, s, "d3", everywhere)
		publish := func(of core.MenuFor, reply string) {
			t.Helper()
			now, err := s.WechatMenu(ctx, everywhere, of)
			if err != nil {
				t.Fatal(err)
			}
			now.Draft = []core.MenuButton{{Kind: core.ButtonReply, Name: "电话", Reply: reply}}
			if _, err := s.UpdateWechatMenu(ctx, by, everywhere, now); err != nil {
				t.Fatal(err)
			}
			begun, err := s.BeginWechatMenu(ctx, everywhere, of, time.Time{})
			if err == nil {
				err = s.PublishWechatMenu(ctx, by, everywhere, begun)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		all, owners, tenants := core.MenuFor{AppID: app.AppID}, core.MenuFor{AppID: app.AppID, Tag: 100}, core.MenuFor{
			AppID: app.AppID, Tag: 101,
		}
		publish(owners, "业主")
		publish(all, "所有人")
		publish(tenants, "租户")
		for of, want := range map[core.MenuFor]string{all: "所有人", owners: "业主", tenants: "租户"} {
			if text, err := s.WechatMenuReply(ctx, app.AppID, of.Key(core.MenuPlace{Sub: -1}, want)); err != nil || text != want {
				t.Errorf("%+v answers %q, %v", of, text, err)
			}
		}
		menus, err := s.WechatMenus(ctx, everywhere, app.AppID)
		if err != nil || len(menus) != 3 || menus[2].Tag != 0 || menus[0].Published.Before(menus[1].Published) {
			t.Errorf("%+v, %v", menus, err)
		}
		versions := func(of core.MenuFor) string {
			t.Helper()
			earlier, err := s.WechatMenuVersions(ctx, everywhere, of, 5)
			if err != nil {
				t.Fatal(err)
			}
			replies := ""
			for _, v := range earlier {
				replies += v.Buttons[0].Reply
			}
			return replies
		}
		// Phones have the menu before for some minutes: it answers as it did.
		pressed := func(reply, want string) {
			t.Helper()
			text, err := s.WechatMenuReply(ctx, app.AppID, owners.Key(core.MenuPlace{Sub: -1}, reply))
			if err != nil || text != want {
				t.Errorf("the button of %q answers %q, %v", reply, text, err)
			}
		}
		publish(owners, "新业主")
		pressed("新业主", "新业主")
		pressed("业主", "业主")
		publish(owners, "再新")
		pressed("新业主", "新业主")
		pressed("业主", "")
		publish(tenants, "新租户")
		if got := versions(owners) + "/" + versions(tenants) + "/" + versions(all); got != "新业主业主/租户/" {
			t.Errorf("earlier menus: %s", got)
		}
		wantCode(t, s.RemoveWechatMenu(ctx, by, everywhere, all), core.CodeConflict)
		wantCode(t, s.RemoveWechatMenu(ctx, by, core.ScopeOf(987654321), owners), core.CodeForbidden)
		if err := s.RemoveWechatMenu(ctx, by, everywhere, owners); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveWechatMenu(ctx, by, everywhere, owners), core.CodeConflict)
		wantCode(t, s.PublishWechatMenu(ctx, by, everywhere, core.WechatMenu{MenuFor: owners}), core.CodeConflict)
		if text, err := s.WechatMenuReply(ctx, app.AppID, owners.Key(core.MenuPlace{Sub: -1}, "再新")); err != nil || text != "" {
			t.Errorf("what was removed answers %q, %v", text, err)
		}
		if got := versions(owners) + "/" + versions(tenants); got != "/租户" {
			t.Errorf("earlier menus after one is removed: %s", got)
		}
		for i := range menuVersions + 2 {
			publish(all, fmt.Sprint("第", i, "版"))
		}
		earlier, err := s.WechatMenuVersions(ctx, everywhere, all, 2*menuVersions)
		if err != nil || len(earlier) != menuVersions || earlier[menuVersions-1].Buttons[0].Reply != "第1版" || versions(tenants) != "" {
			t.Errorf("%d earlier menus are kept, %v", len(earlier), err)
		}
	})
}

// Of those who publish at once, one does.
func TestOnePublishesAMenu(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		app := makeWechatApp(t, s, "d2", everywhere)
		if _, err := s.UpdateWechatMenu(t.Context(), core.System, everywhere, aWechatMenu(app.AppID)); err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.BeginWechatMenu(t.Context(), everywhere, core.MenuFor{AppID: app.AppID}, time.Time{})
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !core.IsConflict(err) {
				t.Error(err)
			}
		}
		if done != 1 {
			t.Errorf("%d publish", done)
		}
	})
}
