package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// A resident chooses 只列在我的提醒里: what they are told is in the list, and has arrived once they opened it. A channel that
// residents do not have is refused, with the page.
func TestMyMessages(t *testing.T) {
	w := newHome(t)
	empty := w.stranger.get(messagePath, http.StatusOK)
	if text := empty.Find("main").Text(); !strings.Contains(text, "还没有提醒") {
		t.Errorf("nothing yet: %q", text)
	}
	w.stranger.post(empty, messagePath, url.Values{"first": {"wework"}}, http.StatusUnprocessableEntity)
	w.stranger.post(empty, messagePath, url.Values{"first": {"inapp"}}, http.StatusSeeOther)
	saved := w.stranger.get(messagePath, http.StatusOK)
	if value, _ := saved.Find("select[name=first] option[selected]").Attr("value"); value != "inapp" {
		t.Errorf("kept %q", value)
	}
	owner, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-owner"})
	if err != nil {
		t.Fatal(err)
	}
	review := w.apply("周三")
	if _, err := w.store.DecideAsOwner(t.Context(), core.Actor{Kind: core.ActorWechat, ID: owner.ID}, owner.ID,
		core.ReviewDecision{ID: review.ID, Reason: "不认识", Version: review.Version}); err != nil {
		t.Fatal(err)
	}
	ask := core.MessageClaim{Zone: time.UTC, Limit: 100, Lease: time.Minute}
	if _, _, err := w.store.Outbox().Claim(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	state := func() core.MessageState {
		t.Helper()
		list, _, err := w.store.OwnMessages(t.Context(), w.user.ID, store.Page{Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d messages, %v", len(list), err)
		}
		return list[0].State
	}
	if s := state(); s != core.MessageSent {
		t.Errorf("before it was opened: %s", s)
	}
	page := w.stranger.get(messagePath, http.StatusOK)
	if line := page.Find(".p-list a").First(); !strings.Contains(line.Text(), "认证结果") ||
		!strings.HasPrefix(line.AttrOr("href", ""), "/h5/certification/") {
		t.Errorf("the list: %s", page.Find(".p-list").Text())
	}
	if s := state(); s != core.MessageDelivered {
		t.Errorf("after it was opened: %s", s)
	}
}
