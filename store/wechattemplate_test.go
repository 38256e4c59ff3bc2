package store

import (
	"sync"
	"testing"

	"tongxing/core"
)

func aWechatTemplate(appID string) core.WechatTemplate {
	return core.WechatTemplate{
		AppID: appID, Kind: core.MessageSignIn, Template: "template-1", Title: "账号登录提醒",
		Fields: []core.WechatTemplateField{
			{Key: "thing1", Label: "登录账号", Part: "title"}, {Key: "time2", Label: "登录时间", Part: "time"},
		},
	}
}

func TestWechatTemplates(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		app := makeWechatApp(t, s, "c1", core.ScopeOf(here, there))
		choice := aWechatTemplate(app.AppID)
		if s.RecentWechatTemplates(ctx)[app.AppID] != nil {
			t.Error("chosen before it was")
		}
		updated, err := s.UpdateWechatTemplate(ctx, by, everywhere, choice)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.RecentWechatTemplates(ctx)[app.AppID][core.MessageSignIn]; got.ID != "template-1" || got.Fields["time2"] != "time" {
			t.Errorf("in use: %+v", got)
		}
		list, err := s.WechatTemplates(ctx, core.ScopeOf(here), app.AppID)
		if err != nil || len(list) != 1 || !list[0].Updated.Equal(updated) || list[0].Fields[0].Label != "登录账号" {
			t.Fatalf("%+v, %v", list, err)
		}

		// Another's account, one that also serves others, and none.
		_, err = s.WechatTemplates(ctx, core.ScopeOf(987654321), app.AppID)
		wantCode(t, err, core.CodeNotFound)
		list[0].Title = "别的"
		_, err = s.UpdateWechatTemplate(ctx, by, core.ScopeOf(here), list[0])
		wantCode(t, err, core.CodeForbidden)
		wantCode(t, s.RemoveWechatTemplate(ctx, by, core.ScopeOf(here), app.AppID, core.MessageSignIn), core.CodeForbidden)
		_, err = s.UpdateWechatTemplate(ctx, by, everywhere, aWechatTemplate("wx00000000000000ff"))
		wantCode(t, err, core.CodeNotFound)

		// Made on what was there before.
		if _, err := s.UpdateWechatTemplate(ctx, by, everywhere, choice); !core.IsStale(err) {
			t.Errorf("a stale choice: %v", err)
		}
		if updated, err = s.UpdateWechatTemplate(ctx, by, everywhere, list[0]); err != nil {
			t.Fatal(err)
		}
		if err := s.DisableWechatApp(ctx, by, everywhere, app.ID); err != nil {
			t.Fatal(err)
		}
		list[0].Updated = updated
		_, err = s.UpdateWechatTemplate(ctx, by, everywhere, list[0])
		wantCode(t, err, core.CodeConflict)
		if err := s.EnableWechatApp(ctx, by, everywhere, app.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveWechatTemplate(ctx, by, everywhere, app.AppID, core.MessageSignIn); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveWechatTemplate(ctx, by, everywhere, app.AppID, core.MessageSignIn), core.CodeConflict)
		if got := s.RecentWechatTemplates(ctx)[app.AppID]; len(got) != 0 {
			t.Errorf("still in use: %+v", got)
		}
	})
}

// Of choices made at once, one is; the others were made on what was there before.
func TestOneWechatTemplateOfAKind(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		app := makeWechatApp(t, s, "c2", everywhere)
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = s.UpdateWechatTemplate(t.Context(), core.System, everywhere, aWechatTemplate(app.AppID))
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !core.IsStale(err) {
				t.Error(err)
			}
		}
		if list, err := s.WechatTemplates(t.Context(), everywhere, app.AppID); err != nil || done != 1 || len(list) != 1 {
			t.Errorf("%d done, %d there: %v", done, len(list), err)
		}
	})
}

// A message is sent by the community's own account if its recipient follows that, otherwise by the one of all.
func TestMessagesGoByTheAccountThatIsFollowed(t *testing.T) {
	eachPost(t, func(t *testing.T, p post) {
		mine := newCommunity(t, p.s, "翠湖花园")
		own := core.MessageAccount{
			App:       core.WechatApp{AppID: "wx3", Scope: core.ScopeOf(mine)},
			Templates: map[core.MessageKind]core.MessageTemplate{core.MessageAccessAlert: {ID: "own-template"}},
		}
		p.setup.Officials = append(p.setup.Officials, own)
		for _, c := range []struct{ follows, app, template string }{
			{"", "wx1", "template-accessalert"}, {"owner3", "wx3", "own-template"},
		} {
			if c.follows != "" {
				p.s.mustRun(t, `INSERT INTO wechat_identity (app_id, open_id, user_id, followed_at, created_at)
					SELECT 'wx3', 'owner3', user_id, 1, 1 FROM wechat_identity WHERE app_id = 'wx1' AND open_id = 'owner'`)
			}
			p.put(t, core.MessageAccessAlert, 1)
			p.s.mustRun(t, "UPDATE message SET community_id = ?, next_at = 1, merge_key = NULL WHERE state = 'waiting'", int64(mine))
			list, _, err := p.s.Outbox().Claim(t.Context(), p.ask(10))
			if err != nil || len(list) != 1 || list[0].AppID != c.app || list[0].Template.ID != c.template {
				t.Errorf("follows %q: %+v, %v", c.follows, list, err)
			}
		}
	})
}
