package wechat

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"testing"
)

func TestAuthorizeURL(t *testing.T) {
	account, err := New(Options{}).OfficialAccount(OfficialOptions{AppID: testApp, Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	const redirect = "https://pass.example.com/h5/session/callback?a=1&b=门#x"
	u, err := url.Parse(account.AuthorizeURL(redirect, "st&te", ScopeUserInfo))
	if err != nil || u.Scheme != "https" || u.Host != "open.weixin.qq.com" || u.Path != "/connect/oauth2/authorize" ||
		u.Fragment != "wechat_redirect" {
		t.Errorf("%v, %v", u, err)
	}
	want := url.Values{
		"appid": {testApp}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"snsapi_userinfo"},
		"state": {"st&te"},
	}
	if got := u.Query(); got.Encode() != want.Encode() {
		t.Errorf("got %v", got)
	}
	stand, err := New(Options{BrowserBase: "http://127.0.0.1:1/sim/"}).OfficialAccount(OfficialOptions{AppID: testApp})
	if err != nil {
		t.Fatal(err)
	}
	u, err = url.Parse(stand.AuthorizeURL(redirect, "s", ScopeBase))
	if err != nil || u.Host != "127.0.0.1:1" || u.Path != "/sim/open.weixin.qq.com/connect/oauth2/authorize" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestVisitor(t *testing.T) {
	const token, info = "/sns/oauth2/access_token", "/sns/userinfo"
	for name, c := range map[string]struct {
		token, info string
		want        Visitor
		err         func(error) bool
		asks        int // of info
	}{
		"silently": {token: `{"openid":"o1","scope":"snsapi_base","access_token":"A"}`, want: Visitor{OpenID: "o1"}},
		"with consent": {
			token: `{"openid":"o1","unionid":"u1","scope":"snsapi_userinfo","access_token":"A"}`,
			want:  Visitor{OpenID: "o1", UnionID: "u1"},
		},
		"completed": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`,
			info:  `{"openid":"o1","unionid":"u1","nickname":"x"}`, want: Visitor{OpenID: "o1", UnionID: "u1"},
			asks: 1,
		},
		"on no open platform": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`, info: `{"openid":"o1"}`,
			want: Visitor{OpenID: "o1"}, asks: 1,
		},
		"a snapshot": {token: `{"openid":"o1","unionid":"u1","scope":"snsapi_base","is_snapshotuser":1}`, err: isSnapshot},
		"a snapshot with consent": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A","is_snapshotuser":1}`,
			err:   isSnapshot,
		},
		"a snapshot told late": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`,
			info:  `{"openid":"o1","unionid":"u1","is_snapshotuser":1}`, err: isSnapshot, asks: 1,
		},
		"completed by another person": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`,
			info:  `{"openid":"o2","unionid":"u2"}`, err: IsRetryable, asks: 1,
		},
		"not completed": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`,
			info:  `{"errcode":40001,"errmsg":"invalid"}`, want: Visitor{OpenID: "o1"}, asks: 1,
		},
		"completed by no JSON": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`, info: `<html>busy</html>`,
			want: Visitor{OpenID: "o1"}, asks: 1,
		},
		"a bell in the nickname": {
			token: `{"openid":"o1","scope":"snsapi_userinfo","access_token":"A"}`,
			info:  "{\"openid\":\"o1\",\"nickname\":\"小\x07明\\x\\\\\",\"unionid\":\"u1\"}",
			want:  Visitor{OpenID: "o1", UnionID: "u1"}, asks: 1,
		},
		"nobody":          {token: `{"scope":"snsapi_base"}`, err: IsRetryable},
		"a used code":     {token: `{"errcode":40163,"errmsg":"code been used"}`, err: IsBadCode},
		"an unknown code": {token: `{"errcode":40029,"errmsg":"invalid code"}`, err: IsBadCode},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.on(token, func(w http.ResponseWriter, r *http.Request) {
				want := url.Values{"appid": {testApp}, "secret": {testSecret}, "code": {trickyCode}, "grant_type": {"authorization_code"}}
				if got := r.URL.Query().Encode(); r.Method != http.MethodGet || got != want.Encode() {
					t.Errorf("asked %s %s", r.Method, got)
				}
				fmt.Fprint(w, c.token)
			})
			p.on(info, func(w http.ResponseWriter, r *http.Request) {
				if got := r.URL.Query(); got.Get("access_token") != "A" || got.Get("openid") != "o1" {
					t.Errorf("asked %v", got)
				}
				fmt.Fprint(w, c.info)
			})
			got, err := p.official(Options{}).Visitor(t.Context(), trickyCode)
			if got != c.want || (c.err == nil) != (err == nil) || err != nil && !c.err(err) {
				t.Errorf("%+v, %v", got, err)
			}
			p.wantAsked(token, 1)
			p.wantAsked(info, c.asks)
			p.wantAsked(tokenPath, 0)
		})
	}
}

func isSnapshot(err error) bool { return errors.Is(err, ErrSnapshot) }

func TestFollower(t *testing.T) {
	const path = "/cgi-bin/user/info"
	p := newPlatform(t)
	a := p.official(Options{})
	p.says(path, `{"subscribe":1,"openid":"o1","unionid":"u1"}`)
	if f, err := a.Follower(t.Context(), "o1"); err != nil || !reflect.DeepEqual(f, Follower{OpenID: "o1", UnionID: "u1", Follows: 1}) {
		t.Errorf("%+v, %v", f, err)
	}
	p.says(path, "\xef\xbb\xbf\n{\"subscribe\":1,\"openid\":\"o1\",\"remark\":\"a\x01\nb\\v\xff\",\"unionid\":\"u1\"}")
	odd := Follower{OpenID: "o1", UnionID: "u1", Follows: 1, Remark: "a  bv\ufffd"}
	if f, err := a.Follower(t.Context(), "o1"); err != nil || !reflect.DeepEqual(f, odd) {
		t.Errorf("with control characters: %+v, %v", f, err)
	}
	p.says(path, `{"subscribe":0,"openid":"o1"}`)
	if f, err := a.Follower(t.Context(), "o1"); err != nil || f.Follows != 0 || f.UnionID != "" {
		t.Errorf("%+v, %v", f, err)
	}
}
