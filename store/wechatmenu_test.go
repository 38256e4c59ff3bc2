package store

import (
	"sync"
	"testing"

	"tongxing/core"
)

func aWechatMenu(appID string) core.WechatMenu {
	return core.WechatMenu{AppID: appID, Draft: []core.MenuButton{
		{Kind: core.ButtonView, Name: "通行证", URL: "https://pass.example.com/h5/pass"},
		{Kind: core.ButtonReply, Name: "电话", Reply: "0755-1"},
	}}
}

func TestWechatMenu(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		app := makeWechatApp(t, s, "d1", core.ScopeOf(here, there))
		m, err := s.WechatMenu(ctx, core.ScopeOf(here), app.AppID)
		if err != nil || m.ID != 0 {
			t.Fatalf("%+v, %v", m, err)
		}
		_, err = s.BeginWechatMenu(ctx, everywhere, app.AppID)
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
		key := core.MenuPlace{Top: 1, Sub: -1}.Key()
		answers := func(want string) {
			t.Helper()
			if text, err := s.WechatMenuReply(ctx, app.AppID, key); err != nil || text != want {
				t.Errorf("answers %q, want %q: %v", text, want, err)
			}
		}
		answers("") // a draft answers nothing

		// WeChat refuses: nothing is published, and it can be tried again at once.
		if _, err := s.BeginWechatMenu(ctx, everywhere, app.AppID); err != nil {
			t.Fatal(err)
		}
		_, err = s.BeginWechatMenu(ctx, everywhere, app.AppID)
		wantCode(t, err, core.CodeConflict)
		if err := s.ReleaseWechatMenu(ctx, app.AppID); err != nil {
			t.Fatal(err)
		}
		begun, err := s.BeginWechatMenu(ctx, everywhere, app.AppID)
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
		m, err = s.WechatMenu(ctx, everywhere, app.AppID)
		if err != nil || len(m.Live) != 2 || len(m.Draft) != 1 || !m.Changed() || m.Published.IsZero() {
			t.Errorf("%+v, %v", m, err)
		}
		_, err = s.WechatMenu(ctx, core.ScopeOf(987654321), app.AppID)
		wantCode(t, err, core.CodeNotFound)
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
			all.Go(func() { _, errs[i] = s.BeginWechatMenu(t.Context(), everywhere, app.AppID) })
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
