package main

import (
	"context"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/wechaterror"
	"tongxing/wechat"
)

// weChat adapts the WeChat client to what handlers need.
type weChat struct {
	mini     *wechat.MiniProgram     // nil = not configured
	official *wechat.OfficialAccount // nil = not configured
	strip    string                  // removed from authorize addresses: the demo's own origin

	templates []string // of messages to admins, as the configuration has them
}

// newWeChat returns the client: for WeChat itself, or for the demo's simulator.
func (a *app) newWeChat(s *stage) (*weChat, error) {
	o := wechat.Options{
		Tokens: wechat.NewRedisTokens(a.cache), APIBase: a.config.Simulator.APIBase,
		BrowserBase: a.config.Simulator.BrowserBase,
	}
	mini, official := a.config.MiniProgram, a.config.OfficialAccount
	w := &weChat{templates: official.Templates}
	miniID, miniSecret := mini.AppID, mini.Secret.Reveal()
	account := wechat.OfficialOptions{
		AppID: official.AppID, Secret: official.Secret.Reveal(), Token: official.Token.Reveal(), AESKey: official.AESKey.Reveal(),
		Replays: wechat.NewRedisReplays(a.cache),
	}
	if s != nil {
		base := a.publicURL + simulatorPath
		o.APIBase, o.BrowserBase, o.LoopbackOnly, w.strip = base, base, true, a.publicURL
		miniID, miniSecret = demoMini, demoSecret
		account.AppID, account.Secret, account.Token, account.AESKey = demoOfficial, demoSecret, demoToken, demoAESKey
		w.templates = demoTemplates
	}
	client := wechat.New(o)
	if miniID != "" {
		w.mini = client.MiniProgram(miniID, miniSecret)
	}
	if account.AppID != "" {
		var err error
		if w.official, err = client.OfficialAccount(account); err != nil {
			return nil, err
		}
	}
	return w, nil
}

var (
	errNoOfficial = core.Conflict("还没有配置公众号，请联系管理员")
	errNoMini     = core.Conflict("还没有配置小程序，请联系管理员")
)

// AuthorizeURL implements h5.WeChat. It asks for consent, since only that yields the union id by
// which the mini-program's user is recognised.
func (w *weChat) AuthorizeURL(redirect, state string) (string, error) {
	if w.official == nil {
		return "", errNoOfficial
	}
	return strings.TrimPrefix(w.official.AuthorizeURL(redirect, state, wechat.ScopeUserInfo), w.strip), nil
}

// Identify implements h5.WeChat.
func (w *weChat) Identify(ctx context.Context, code string) (core.WechatIdentity, error) {
	if w.official == nil {
		return core.WechatIdentity{}, errNoOfficial
	}
	v, err := w.official.Visitor(ctx, code)
	return core.WechatIdentity{AppID: w.official.AppID(), OpenID: v.OpenID, UnionID: v.UnionID}, wechaterror.ForPeople(err)
}

// IdentifyMini implements h5.WeChat.
func (w *weChat) IdentifyMini(ctx context.Context, code string) (core.WechatIdentity, error) {
	if w.mini == nil {
		return core.WechatIdentity{}, errNoMini
	}
	login, err := w.mini.Login(ctx, code)
	return core.WechatIdentity{AppID: w.mini.AppID(), OpenID: login.OpenID, UnionID: login.UnionID}, wechaterror.ForPeople(err)
}

// VerifiesPhones implements h5.WeChat.
func (w *weChat) VerifiesPhones() bool { return w.mini != nil }

// Script implements h5.WeChat. WeWork's browser calls itself WeChat too, but accepts only its own
// signatures; the demo accepts any browser.
func (w *weChat) Script(agent string) string {
	if w.official == nil || w.strip == "" && (!strings.Contains(agent, "MicroMessenger") || strings.Contains(agent, "wxwork")) {
		return ""
	}
	return strings.TrimPrefix(w.official.ScriptURL(), w.strip)
}

// PageConfig implements h5.WeChat.
func (w *weChat) PageConfig(ctx context.Context, page string) (wechat.PageConfig, error) {
	if w.official == nil {
		return wechat.PageConfig{}, errNoOfficial
	}
	config, err := w.official.PageConfig(ctx, page)
	return config, wechaterror.ForPeople(err)
}

// MiniCode implements console.MiniCoder.
func (w *weChat) MiniCode(ctx context.Context, scene string) ([]byte, error) {
	if w.mini == nil {
		return nil, errNoMini
	}
	picture, err := w.mini.UnlimitedCode(ctx, wechat.CodeImage{Scene: scene})
	return picture, wechaterror.ForPeople(err)
}

// TemporaryQR implements console.QRMaker.
func (w *weChat) TemporaryQR(ctx context.Context, scene string, life time.Duration) (string, error) {
	if w.official == nil {
		return "", errNoOfficial
	}
	code, err := w.official.TemporaryCode(ctx, scene, life)
	return code.URL, wechaterror.ForPeople(err)
}
