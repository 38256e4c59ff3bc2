package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/silenceper/wechat/v2/officialaccount/config"
	officialcontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/oauth"
)

// OfficialAccount is one official account (a verified service account).
type OfficialAccount struct {
	*Inbox
	app app
}

// OfficialOptions describe an official account.
type OfficialOptions struct {
	AppID  string
	Secret string
	Token  string // of the message server settings
	AESKey string // EncodingAESKey, 43 characters; "" = plain mode
	// Replays remembers callbacks; without it none is read.
	Replays ReplayStore
}

// OfficialAccount returns the API of one official account.
func (c *Client) OfficialAccount(o OfficialOptions) (*OfficialAccount, error) {
	inbox, err := c.inbox(o.AppID, InboxOptions{Token: o.Token, AESKey: o.AESKey, Replays: o.Replays})
	if err != nil {
		return nil, err
	}
	return &OfficialAccount{Inbox: inbox, app: app{client: c, id: o.AppID, secret: o.Secret}}, nil
}

// sdk returns the SDK's view of the account. It puts the ids into addresses as they are.
func (a *OfficialAccount) sdk(t *trip) *officialcontext.Context {
	return &officialcontext.Context{
		Config:            &config.Config{AppID: url.QueryEscape(a.app.id), AppSecret: url.QueryEscape(a.app.secret)},
		AccessTokenHandle: t,
	}
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
	// It makes no request, and cannot fail.
	address, _ := oauth.NewOauth(a.sdk(nil)).GetRedirectURL(redirect, string(scope), url.QueryEscape(state))
	return rewrite(a.app.client.o.BrowserBase, address)
}

// Visitor is the identity behind an authorize page's code.
type Visitor struct {
	OpenID  string
	UnionID string // with ScopeUserInfo, if the account is on an open platform
}

// Visitor exchanges an authorize page's code, which works once, for five minutes.
// A virtual identity is ErrSnapshot, a code that does not work IsBadCode.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (a *OfficialAccount) Visitor(ctx context.Context, code string) (Visitor, error) {
	var answer oauth.ResAccessToken
	err := a.app.do(ctx, func(t *trip) (err error) {
		answer, err = oauth.NewOauth(a.sdk(t)).GetUserAccessTokenContext(t.ctx, url.QueryEscape(code))
		return err
	}, code)
	if err != nil {
		return Visitor{}, err
	}
	if answer.IsSnapShotUser == 1 {
		return Visitor{}, ErrSnapshot
	}
	if answer.OpenID == "" {
		return Visitor{}, &errLocal{"/sns/oauth2/access_token", errors.New("no openid in the answer")}
	}
	visitor := Visitor{OpenID: answer.OpenID, UnionID: answer.UnionID}
	if answer.UnionID != "" || answer.Scope != string(ScopeUserInfo) {
		return visitor, nil
	}
	complete, err := a.complete(ctx, visitor, answer.AccessToken)
	switch {
	case err == nil:
		return complete, nil
	case ctx.Err() != nil, errors.Is(err, ErrSnapshot), errors.Is(err, errOther):
		return Visitor{}, err
	}
	// The union id only links somebody to what they did in the mini-program, and it is requested at
	// each sign-in: nobody is kept out for lack of it.
	return visitor, nil
}

// errOther is returned for an answer about a different person than requested.
var errOther = errors.New("the answer is about another person")

// complete fetches the union id of somebody who consented; the token is theirs.
func (a *OfficialAccount) complete(ctx context.Context, v Visitor, token string) (Visitor, error) {
	var info oauth.UserInfo
	var snapshot struct {
		User int `json:"is_snapshotuser"` // the SDK leaves it out
	}
	err := a.app.do(ctx, func(t *trip) (err error) {
		info, err = oauth.NewOauth(a.sdk(t)).GetUserInfoContext(t.ctx, url.QueryEscape(token), url.QueryEscape(v.OpenID), "zh_CN")
		if err != nil {
			return err
		}
		return json.Unmarshal(t.answer(), &snapshot)
	}, token)
	switch {
	case err != nil:
		return Visitor{}, err
	case snapshot.User == 1:
		return Visitor{}, ErrSnapshot
	case info.OpenID != v.OpenID:
		return Visitor{}, &errLocal{"/sns/userinfo", errOther}
	}
	return Visitor{OpenID: info.OpenID, UnionID: info.Unionid}, nil
}
