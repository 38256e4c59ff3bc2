package callback

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// What an account answers is what the office set: to a follow, a keyword, any other message, and a button of the
// published menu. Without any of it the standard texts stay.
func TestAnswersOfTheOffice(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		ctx := t.Context()
		say := func(text string) string {
			t.Helper()
			if err := s.sim.Push("zhou", s.appID, simulator.Event{Text: text}); err != nil {
				t.Fatal(err)
			}
			return s.heard("zhou")
		}
		if heard := say("物业电话"); heard != core.StandardReply(core.ReplyOther) {
			t.Errorf("nothing is set: %q", heard)
		}
		s.connect(t)
		for _, r := range []core.WechatReply{
			{Kind: core.ReplyFollow, Text: "欢迎您"}, {Kind: core.ReplyContains, Word: "电话", Text: "0755-1"},
			{Kind: core.ReplyOther, Text: "请在上班时间来电"},
		} {
			r.AppID = s.appID
			if _, err := s.Store.CreateWechatReply(ctx, core.System, core.Everywhere, r); err != nil {
				t.Fatal(err)
			}
		}
		for text, want := range map[string]string{"物业电话": "0755-1", "开门": "请在上班时间来电"} {
			if heard := say(text); heard != want {
				t.Errorf("%s: %q, want %q", text, heard, want)
			}
		}
		if err := s.sim.Follow("new", s.appID); err != nil {
			t.Fatal(err)
		}
		if heard := s.heard("new"); heard != "欢迎您" {
			t.Errorf("a follow: %q", heard)
		}

		menu := core.WechatMenu{
			MenuFor: core.MenuFor{AppID: s.appID}, Draft: []core.MenuButton{{Kind: core.ButtonReply, Name: "地址", Reply: "滨河路 1 号"}},
		}
		if _, err := s.Store.UpdateWechatMenu(ctx, core.System, core.Everywhere, menu); err != nil {
			t.Fatal(err)
		}
		press := func(created string) string {
			t.Helper()
			before := len(s.sim.Chat("zhou", s.appID))
			key := core.MenuFor{AppID: s.appID}.Key(core.MenuPlace{Top: 0, Sub: -1}, "滨河路 1 号")
			if err := s.sim.Push("zhou", s.appID, simulator.Event{
				Name: "CLICK", Key: key, Extra: [][2]string{{"CreateTime", created}},
			}); err != nil {
				t.Fatal(err)
			}
			s.idle()
			text := ""
			for _, m := range s.sim.Chat("zhou", s.appID)[before:] {
				text += m.Text
			}
			return text
		}
		if heard := press("1763611200"); heard != "" {
			t.Errorf("a draft answers %q", heard)
		}
		begun, err := s.Store.BeginWechatMenu(ctx, core.Everywhere, menu.MenuFor, time.Time{})
		if err == nil {
			err = s.Store.PublishWechatMenu(ctx, core.System, core.Everywhere, begun)
		}
		if err != nil {
			t.Fatal(err)
		}
		if heard := press("1763611201"); heard != "滨河路 1 号" {
			t.Errorf("a button: %q", heard)
		}
		s.pushes(false)
	})
}

// A retry of WeChat, which missed the first answer, gets the same one, though the office changed it meanwhile.
func TestRetryGetsTheSameAnswer(t *testing.T) {
	both(t, func(t *testing.T, s *site) {
		s.connect(t)
		r := core.WechatReply{AppID: s.appID, Kind: core.ReplyOther, Text: "第一次"}
		id, err := s.Store.CreateWechatReply(t.Context(), core.System, core.Everywhere, r)
		if err != nil {
			t.Fatal(err)
		}
		inner, lost := s.handler, 0
		s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if lost++; lost > 1 {
				inner.ServeHTTP(w, r)
				return
			}
			inner.ServeHTTP(httptest.NewRecorder(), r)
			if err := s.Store.RemoveWechatReply(r.Context(), core.System, core.Everywhere, id); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusBadGateway)
		})
		if err := s.sim.Push("zhou", s.appID, simulator.Event{Text: "开门"}); err != nil {
			t.Fatal(err)
		}
		if heard := s.heard("zhou"); heard != "第一次" {
			t.Errorf("the retry is answered %q", heard)
		}
		if n := s.pushes(true); n != 2 {
			t.Errorf("%d attempts", n)
		}
	})
}

// What became of a template message, in the words of WeChat's pages and in words that they do not have.
func TestJobReport(t *testing.T) {
	for status, want := range map[string]core.MessageReport{
		"success":               {State: core.AttemptDelivered},
		"failed:user block":     {State: core.AttemptRefused, Reason: core.WhyBlocked},
		"failed: user block":    {State: core.AttemptRefused, Reason: core.WhyBlocked},
		"failed: system failed": {State: core.AttemptFailed, Reason: core.WhyPlatform},
		"failed: of late":       {State: core.AttemptFailed, Reason: core.WhyPlatform},
	} {
		want.AppID, want.ID = "wx1", "7"
		if got := jobReport("wx1", wechat.Event{Name: "TEMPLATESENDJOBFINISH", JobID: "7", Status: status}); got != want {
			t.Errorf("%q: %+v, want %+v", status, got, want)
		}
	}
}
