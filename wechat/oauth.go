package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// OfficialAccount is one official account (a verified service account).
type OfficialAccount struct {
	app     app
	token   string
	aes     *crypter // nil = plain mode
	replays ReplayStore
}

// OfficialOptions describe an official account.
type OfficialOptions struct {
	AppID  string
	Secret string
	Token  string // of the message server settings
	AESKey string // EncodingAESKey, 43 characters; "" = plain mode
	// Replays remembers callbacks; nil = in this process only.
	Replays ReplayStore
}

// OfficialAccount returns the API of one official account.
func (c *Client) OfficialAccount(o OfficialOptions) (*OfficialAccount, error) {
	a := &OfficialAccount{app: app{client: c, id: o.AppID, secret: o.Secret}, token: o.Token, replays: o.Replays}
	if a.replays == nil {
		a.replays = NewMemoryReplays(c.o.Now)
	}
	if o.AESKey != "" {
		var err error
		if a.aes, err = newCrypter(o.AESKey, o.AppID); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// AppID returns the account's public id.
func (a *OfficialAccount) AppID() string { return a.app.id }

// Scope is how much an authorize page requests.
type Scope string

// The scopes: the open id, silently; or also the union id, with consent.
const (
	ScopeBase     Scope = "snsapi_base"
	ScopeUserInfo Scope = "snsapi_userinfo"
)

// AuthorizeURL returns the address a browser inside WeChat is sent to for identification. It comes
// back to redirect with code and state.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (a *OfficialAccount) AuthorizeURL(redirect, state string, scope Scope) string {
	query := url.Values{
		"appid": {a.app.id}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {string(scope)},
		"state": {state},
	}
	return rewrite(a.app.client.o.BrowserBase, openHost+"/connect/oauth2/authorize") + "?" + query.Encode() + "#wechat_redirect"
}

// Visitor is the identity behind an authorize page's code.
type Visitor struct {
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid"` // with ScopeUserInfo, if the account is on an open platform
}

// Visitor exchanges an authorize page's code, which works once, for five minutes.
// A virtual identity is ErrSnapshot, a code that does not work IsBadCode.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (a *OfficialAccount) Visitor(ctx context.Context, code string) (Visitor, error) {
	const api = "/sns/oauth2/access_token"
	query := url.Values{"appid": {a.app.id}, "secret": {a.app.secret}, "code": {code}, "grant_type": {"authorization_code"}}
	body, _, err := a.app.client.send(ctx, request{method: http.MethodGet, host: apiHost, path: api, query: query,
		hide: []string{a.app.secret, code}})
	if err != nil {
		return Visitor{}, err
	}
	var answer struct {
		Visitor
		Token    string `json:"access_token"`
		Scope    string `json:"scope"`
		Snapshot int    `json:"is_snapshotuser"`
	}
	if err := decode(api, body, &answer); err != nil {
		return Visitor{}, err
	}
	if answer.Snapshot == 1 {
		return Visitor{}, ErrSnapshot
	}
	if answer.OpenID == "" {
		return Visitor{}, &errLocal{api, errors.New("no openid in the answer")}
	}
	if answer.UnionID != "" || answer.Scope != string(ScopeUserInfo) {
		return answer.Visitor, nil
	}
	complete, err := a.complete(ctx, answer.Visitor, answer.Token)
	switch {
	case err == nil:
		return complete, nil
	case ctx.Err() != nil, errors.Is(err, ErrSnapshot), errors.Is(err, errOther):
		return Visitor{}, err
	}
	// The union id only links somebody to what they did in the mini-program, and it is requested at
	// each sign-in: nobody is kept out for lack of it.
	return answer.Visitor, nil
}

// errOther is returned for an answer about a different person than requested.
var errOther = errors.New("the answer is about another person")

// complete fetches the union id of somebody who consented; the token is theirs.
func (a *OfficialAccount) complete(ctx context.Context, v Visitor, token string) (Visitor, error) {
	const api = "/sns/userinfo"
	query := url.Values{"access_token": {token}, "openid": {v.OpenID}, "lang": {"zh_CN"}}
	body, _, err := a.app.client.send(ctx, request{method: http.MethodGet, host: apiHost, path: api, query: query, hide: []string{token}})
	if err != nil {
		return Visitor{}, err
	}
	var answer struct {
		Visitor
		Snapshot int `json:"is_snapshotuser"`
	}
	switch err := decode(api, body, &answer); {
	case err != nil:
		return Visitor{}, err
	case answer.Snapshot == 1:
		return Visitor{}, ErrSnapshot
	case answer.OpenID != v.OpenID:
		return Visitor{}, &errLocal{api, errOther}
	}
	return answer.Visitor, nil
}

// Follower is what the account may know about a user.
type Follower struct {
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid"`
	Follows int    `json:"subscribe"` // 0 = does not; then nothing else is set
}

// Follower looks up an open id.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Get_users_basic_information_UnionID.html
func (a *OfficialAccount) Follower(ctx context.Context, openID string) (Follower, error) {
	const api = "/cgi-bin/user/info"
	body, _, err := a.app.call(ctx, request{
		method: http.MethodGet, host: apiHost, path: api,
		query: url.Values{"openid": {openID}, "lang": {"zh_CN"}},
	})
	if err != nil {
		return Follower{}, err
	}
	var f Follower
	err = decode(api, body, &f)
	return f, err
}
