package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A guard's QR code binds the person it is for: the page has WeChat identify the user,
// regardless of who is signed in on the phone, and asks for the digits beside the code.
func TestGuardIsBoundOnThePhone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	ticket, err := w.store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		store.BindTarget{Kind: core.BindGuard, ID: w.Guard})
	if err != nil {
		t.Fatal(err)
	}
	path := "/h5/bind/" + ticket.Scene
	passerBy := w.resident(t, w.Residents[0])
	passerBy.scan(path, "o-"+w.Residents[0].Phone+"/2")
	words := passerBy.get(path, http.StatusForbidden).Find("main").Text()
	if strings.Contains(words, "李师傅") || !strings.Contains(words, "不是给您的") {
		t.Errorf("a passer-by reads %q", words)
	}
	passerBy.post(passerBy.get("/h5/session/over", http.StatusOK), path, url.Values{"code": {ticket.Code}}, http.StatusForbidden)

	p := w.phone(t)
	p.enterMini("o-" + w.Residents[0].Phone + "/link") // somebody else's link does not matter
	p.scan(path, "o-li")
	page := p.get(path, http.StatusOK)
	if !strings.Contains(page.Find("main").Text(), "李师傅") || page.Find(`button[value="`+ticket.Code+`"]`).Length() != 1 {
		t.Errorf("asked %q", page.Find("main").Text())
	}
	for range 2 {
		p.post(page, path, url.Values{"code": {ticket.Code}}, http.StatusSeeOther)
	}
	if words := p.get(path, http.StatusOK).Find("main").Text(); !strings.Contains(words, "已绑定") {
		t.Errorf("afterwards %q", words)
	}
	guard, err := w.store.GuardOfUser(t.Context(), w.userOf(t, "o-li").ID)
	if err != nil || guard.ID != w.Guard {
		t.Errorf("%+v, %v", guard, err)
	}
	for _, scene := range []string{"x", "bind_" + strings.Repeat("0", 32)} {
		if scene == "x" {
			p.get("/h5/bind/"+scene, http.StatusNotFound)
			continue
		}
		p.scan("/h5/bind/"+scene, "o-li/0")
		p.get("/h5/bind/"+scene, http.StatusNotFound)
	}
}

// WeChat identifies people by the official account of the community that the page is of, by the one whose code they scanned,
// or by the one whose message or menu led there; the code that comes back is exchanged by the same.
func TestIdentifiedByTheCommunitysAccount(t *testing.T) {
	w := newSite(t, estate.Plan{})
	const own, other = "wx00000000000000a1", "wx00000000000000a2"
	w.wechat.own = map[core.ID]string{w.Community: own}
	ticket, err := w.store.CreateBindTicket(t.Context(), core.System, core.Everywhere,
		store.BindTarget{Kind: core.BindGuard, ID: w.Guard, App: other})
	if err != nil {
		t.Fatal(err)
	}
	asked := func(p *phone, path string) *url.URL {
		t.Helper()
		response, _ := p.do(http.MethodGet, path, nil)
		away, err := url.Parse(response.Header.Get("Location"))
		if err != nil || away.Host != "open.weixin.qq.com" {
			t.Fatalf("%s: sent to %q", path, away)
		}
		return away
	}
	post := w.Post.String()
	begin := func(surface, next string) string { return "/h5/session/" + surface + "?next=" + url.QueryEscape(next) }
	for path, want := range map[string]string{
		"/h5/bind/" + ticket.Scene:                                   other,
		begin("guard", "/h5/guard/"+post):                            own,
		begin("guard", "/h5/guard/"+post+"/search?via="+other):       other,
		begin("guard", "/h5/guard/1"):                                "wx",
		begin("guard", "/h5/guard"):                                  "wx",
		begin("resident", "/h5/pass?via="+own):                       own,
		begin("resident", "/h5/pass?via="+url.QueryEscape(own+".x")): "wx",
		begin("review", "/h5/review/1"):                              "wx",
	} {
		if got := asked(w.phone(t), path).Query().Get("appid"); got != want {
			t.Errorf("%s: by %s, want %s", path, got, want)
		}
	}

	p := w.phone(t)
	away := asked(p, begin("guard", "/h5/guard/"+post))
	response, _ := p.do(http.MethodGet, "/h5/session/callback?"+url.Values{
		"code": {"o-li"}, "state": {away.Query().Get("state")},
	}.Encode(), nil)
	if response.Header.Get("Location") != "/h5/guard/"+post {
		t.Fatalf("led to %q", response.Header.Get("Location"))
	}
	known := func(appID string) core.ID {
		t.Helper()
		user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: appID, OpenID: "o-li"})
		if err != nil {
			t.Fatal(err)
		}
		return user.ID
	}
	session, err := w.store.Sessions(t.Context(), core.SessionWechat, known(own))
	if err != nil || len(session) != 1 {
		t.Errorf("signed in as the follower of the community's account: %d sessions, %v", len(session), err)
	}
	if session, err = w.store.Sessions(t.Context(), core.SessionWechat, known("wx")); err != nil || len(session) != 0 {
		t.Errorf("signed in as another: %d sessions, %v", len(session), err)
	}
}
