package store

import (
	"testing"

	"tongxing/core"
)

func aWechatReply(appID string) core.WechatReply {
	return core.WechatReply{AppID: appID, Kind: core.ReplyContains, Word: "物业电话", Text: "0755-1"}
}

func TestWechatReplies(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		app := makeWechatApp(t, s, "d3", core.ScopeOf(here, there))
		id, err := s.CreateWechatReply(ctx, by, everywhere, aWechatReply(app.AppID))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.CreateWechatReply(ctx, by, everywhere, aWechatReply(app.AppID))
		wantField(t, err, "word")
		follow := core.WechatReply{AppID: app.AppID, Kind: core.ReplyFollow, Text: "欢迎"}
		if _, err = s.CreateWechatReply(ctx, by, everywhere, follow); err != nil {
			t.Fatal(err)
		}
		_, err = s.CreateWechatReply(ctx, by, everywhere, follow)
		wantField(t, err, "kind")
		_, err = s.CreateWechatReply(ctx, by, core.ScopeOf(here), core.WechatReply{AppID: app.AppID, Kind: core.ReplyOther, Text: "x"})
		wantCode(t, err, core.CodeForbidden)

		r, err := s.WechatReply(ctx, core.ScopeOf(there), id)
		if err != nil || r.Text != "0755-1" {
			t.Fatalf("%+v, %v", r, err)
		}
		_, err = s.WechatReply(ctx, core.ScopeOf(987654321), id)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.RemoveWechatReply(ctx, by, core.ScopeOf(987654321), id), core.CodeNotFound)
		r.Kind, r.Text = core.ReplyExact, "0755-2"
		if _, err := s.UpdateWechatReply(ctx, by, everywhere, r); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateWechatReply(ctx, by, everywhere, r); !core.IsStale(err) {
			t.Errorf("a stale edit: %v", err)
		}
		list, err := s.WechatReplies(ctx, app.AppID)
		if err != nil || len(list) != 2 || core.ReplyTo(list, "物业电话") != "0755-2" || core.ReplyTo(list, "物业电话呢") != "" {
			t.Errorf("%+v, %v", list, err)
		}
		if err := s.RemoveWechatReply(ctx, by, everywhere, id); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveWechatReply(ctx, by, everywhere, id), core.CodeNotFound)
	})
}
