package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tongxing/configs"
	"tongxing/core"
	"tongxing/handlers/callback"
	"tongxing/handlers/h5"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/wechat"
)

// weChat adapts the WeChat client to what handlers need. The accounts are those of the configuration file and
// of the console, which may change at any time.
type weChat struct {
	client *wechat.Client
	store  *store.Store
	cache  wechat.ReplayStore
	strip  string // removed from authorize addresses: the demo's own origin

	mu    sync.Mutex
	built map[string]*builtApp // by app id
}

// builtApp is an app with its client, which lives as long as its keys.
type builtApp struct {
	store.KeyedWechatApp
	official *wechat.OfficialAccount // of that kind
	mini     *wechat.MiniProgram     // of that kind
	corp     *wechat.CorpApp         // of WeWork: the company's app
	contact  *wechat.CorpApp         // of WeWork: the contact sync
	inbox    *wechat.CorpInbox       // of WeWork
	pushes   *wechat.Inbox           // of a mini-program of the console that has a token; nil otherwise
	err      error                   // its keys are of no use
	codes    *sync.Map               // pictures of its codes by scene, which never change
}

// configuredWechat returns the configuration file's accounts.
func configuredWechat(c configs.Config) []store.KeyedWechatApp {
	var apps []store.KeyedWechatApp
	add := func(kind core.WechatAppKind, id string, keys core.WechatKeys) {
		if id != "" {
			apps = append(apps, store.KeyedWechatApp{
				App: core.WechatApp{
					Kind: kind, Name: "配置文件的" + kind.Label(), AppID: id, Scope: core.Everywhere, Sealed: keys.AESKey != "",
				},
				Keys: keys,
			})
		}
	}
	mini, official := c.MiniProgram, c.OfficialAccount
	add(core.WechatOfficial, official.AppID, core.WechatKeys{
		Secret: official.Secret.Reveal(), Token: official.Token.Reveal(), AESKey: official.AESKey.Reveal(),
	})
	add(core.WechatMini, mini.AppID, core.WechatKeys{Secret: mini.Secret.Reveal()})
	return apps
}

// newWeChat returns the client: for WeChat itself, or for the demo's simulator.
func (a *app) newWeChat(s *stage) *weChat {
	o := wechat.Options{
		Tokens: wechat.NewRedisTokens(a.cache), APIBase: a.config.Simulator.APIBase,
		BrowserBase: a.config.Simulator.BrowserBase,
	}
	// The outbox sends many messages at once: a connection for each is worth keeping.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = outboxSenders
	o.HTTP = &http.Client{Transport: transport, Timeout: outboxSend}
	w := &weChat{store: a.store, cache: wechat.NewRedisReplays(a.cache), built: map[string]*builtApp{}}
	if s != nil {
		base := a.publicURL + simulatorPath
		o.APIBase, o.BrowserBase, o.LoopbackOnly, w.strip = base, base, true, a.publicURL
	}
	w.client = wechat.New(o)
	return w
}

// apps returns the accounts in use with their clients.
func (w *weChat) apps(ctx context.Context) []*builtApp {
	recent := w.store.RecentWechatApps(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	apps, built := make([]*builtApp, len(recent)), map[string]*builtApp{}
	for i, r := range recent {
		b := w.built[r.App.AppID]
		if b == nil || b.Keys != r.Keys || b.App.Kind != r.App.Kind || b.App.Agent != r.App.Agent {
			b = w.build(r)
		} else if b.App.ID != r.App.ID || !b.App.Updated.Equal(r.App.Updated) || !b.App.Called.Equal(r.App.Called) ||
			!b.App.Refused.Equal(r.App.Refused) || b.App.Refusal != r.App.Refusal ||
			!b.App.Checked.At.Equal(r.App.Checked.At) {
			same := *b
			same.App = r.App
			if r.App.Checked.Problem == "" && r.App.Checked.At.After(b.App.Checked.At) {
				same.mend()
			}
			b = &same
		}
		apps[i], built[r.App.AppID] = b, b
	}
	w.built = built
	return apps
}

// mend lets an account be called again at once that another server found to work: this one may remember that it did not.
func (b *builtApp) mend() {
	switch {
	case b.official != nil:
		b.official.Mend()
	case b.mini != nil:
		b.mini.Mend()
	case b.corp != nil:
		b.corp.Mend()
		b.contact.Mend()
	}
}

func (w *weChat) build(r store.KeyedWechatApp) *builtApp {
	b := &builtApp{KeyedWechatApp: r, codes: &sync.Map{}}
	switch r.App.Kind {
	case core.WechatOfficial:
		b.official, b.err = w.client.OfficialAccount(wechat.OfficialOptions{
			AppID: r.App.AppID, Secret: r.Keys.Secret, Token: r.Keys.Token, AESKey: r.Keys.AESKey, Replays: w.cache,
		})
	case core.WechatMini:
		b.mini = w.client.MiniProgram(r.App.AppID, r.Keys.Secret)
		if r.Keys.Token != "" {
			b.pushes, b.err = b.mini.Inbox(wechat.InboxOptions{Token: r.Keys.Token, AESKey: r.Keys.AESKey, Replays: w.cache})
		}
	case core.WechatWork:
		b.corp = w.client.CorpApp(wechat.CorpOptions{CorpID: r.App.AppID, Secret: r.Keys.Secret, Agent: r.App.Agent})
		b.contact = w.client.CorpApp(wechat.CorpOptions{CorpID: r.App.AppID, Secret: r.Keys.Contact})
		b.inbox, b.err = b.corp.Inbox(wechat.InboxOptions{Token: r.Keys.Token, AESKey: r.Keys.AESKey, Replays: w.cache})
	}
	return b
}

// of returns the account of a kind that serves a community, 0 for all; nil if there is none.
func (w *weChat) of(ctx context.Context, kind core.WechatAppKind, community core.ID) *builtApp {
	apps := w.apps(ctx)
	plain := make([]core.WechatApp, len(apps))
	for i, b := range apps {
		plain[i] = b.App
	}
	found, ok := core.WechatAppOf(plain, kind, community)
	if !ok {
		return nil
	}
	return apps[slices.IndexFunc(plain, func(a core.WechatApp) bool { return a.AppID == found.AppID })]
}

// named returns an account in use by the platform's id of it; the zero value if there is no such account.
func (w *weChat) named(ctx context.Context, appID string) *builtApp {
	return w.find(ctx, func(a core.WechatApp) bool { return a.AppID == appID })
}

// numbered returns an account in use by our id of it; the zero value if there is no such account.
func (w *weChat) numbered(ctx context.Context, id core.ID) *builtApp {
	return w.find(ctx, func(a core.WechatApp) bool { return a.ID == id })
}

func (w *weChat) find(ctx context.Context, is func(core.WechatApp) bool) *builtApp {
	apps := w.apps(ctx)
	if at := slices.IndexFunc(apps, func(b *builtApp) bool { return is(b.App) }); at >= 0 {
		return apps[at]
	}
	return &builtApp{}
}

// official returns the account that phone pages and QR codes use which are about no community; nil if there is none.
func (w *weChat) official() *wechat.OfficialAccount {
	if b := w.officialAt(context.Background(), ""); b != nil {
		return b.official
	}
	return nil
}

// officialAt returns an official account in use by WeChat's id of it, otherwise that of all communities; nil if there is none.
func (w *weChat) officialAt(ctx context.Context, appID string) *builtApp {
	if b := w.named(ctx, appID); b.official != nil {
		return b
	}
	return w.of(ctx, core.WechatOfficial, 0)
}

// OfficialFor implements console.Wechat and h5.WeChat.
func (w *weChat) OfficialFor(ctx context.Context, communities core.Scope) string {
	var plain []core.WechatApp
	for _, b := range w.apps(ctx) {
		plain = append(plain, b.App)
	}
	app, _ := core.WechatAppFor(plain, core.WechatOfficial, communities)
	return app.AppID
}

// pageVia returns the path of a phone page as an official account leads to it.
func (w *weChat) pageVia(appID, path string) string {
	if b := w.named(context.Background(), appID); b.App.AppID != "" {
		return b.App.PageVia(path)
	}
	return path
}

// VerifyFile implements console.Wechat.
func (w *weChat) VerifyFile(ctx context.Context, address, content string) error {
	return w.client.VerifyFile(ctx, address, content)
}

// HasOfficials implements console.Wechat.
func (w *weChat) HasOfficials() bool {
	return slices.ContainsFunc(w.apps(context.Background()), func(b *builtApp) bool { return b.official != nil })
}

// HasCorps implements console.Wechat.
func (w *weChat) HasCorps() bool {
	return slices.ContainsFunc(w.apps(context.Background()), func(b *builtApp) bool { return b.corp != nil })
}

// Official implements console.Wechat: an official account in use, by WeChat's id of it; nil if there is none.
func (w *weChat) Official(appID string) *wechat.OfficialAccount {
	return w.named(context.Background(), appID).official
}

// Mini implements api.Options: the mini-program of an app id, or without one the mini-program of all.
func (w *weChat) Mini(appID string) *wechat.MiniProgram {
	if b := w.named(context.Background(), appID); b.mini != nil {
		return b.mini
	}
	if b := w.of(context.Background(), core.WechatMini, 0); b != nil {
		return b.mini
	}
	return nil
}

// MiniProgram implements console.Wechat.
func (w *weChat) MiniProgram(appID string) *wechat.MiniProgram {
	if b := w.named(context.Background(), appID); b.err == nil {
		return b.mini
	}
	return nil
}

// Account implements callback.Accounts.
func (w *weChat) Account(ctx context.Context, id core.ID) (callback.Account, bool) {
	b := w.numbered(ctx, id)
	return callback.Account{App: b.App, Official: b.official}, b.official != nil
}

// MiniCaller implements callback.Minis.
func (w *weChat) MiniCaller(ctx context.Context, id core.ID) (callback.Mini, bool) {
	b := w.numbered(ctx, id)
	return callback.Mini{App: b.App, AppID: b.App.AppID, Inbox: b.pushes}, b.pushes != nil
}

// Quota implements console.Wechat.
func (w *weChat) Quota(ctx context.Context, appID, path string) (wechat.Quota, error) {
	switch b := w.named(ctx, appID); {
	case b.err != nil:
	case b.official != nil:
		return b.official.Quota(ctx, path)
	case b.mini != nil:
		return b.mini.Quota(ctx, path)
	}
	return wechat.Quota{}, core.Conflict("账号没有在使用，请先在“微信接入”检查")
}

// Corp implements callback.Corps.
func (w *weChat) Corp(ctx context.Context, id core.ID) (callback.Corp, bool) {
	b := w.numbered(ctx, id)
	return callback.Corp{App: b.App, Inbox: b.inbox}, b.inbox != nil
}

var (
	errNoOfficial    = core.Conflict("还没有接入公众号，请联系管理员")
	errSomeOfficials = core.Conflict("已接入的公众号都只负责部分小区，这里要用负责全部小区的公众号，请联系管理员")
	errNoMini        = core.Conflict("还没有接入小程序，请联系管理员")
)

// noOfficial says why there is no account that phone pages and QR codes of all communities could use.
func (w *weChat) noOfficial() error {
	if w.HasOfficials() {
		return errSomeOfficials
	}
	return errNoOfficial
}

// Has implements console.Wechat.
func (w *weChat) Has(kind core.WechatAppKind) bool { return w.of(context.Background(), kind, 0) != nil }

// check returns an error unless WeChat grants tokens to all accounts of a kind.
func (w *weChat) check(ctx context.Context, kind core.WechatAppKind) error {
	found := false
	for _, b := range w.apps(ctx) {
		if b.App.Kind != kind {
			continue
		}
		found = true
		var err error
		switch {
		case b.official != nil:
			err = b.official.Check(ctx)
		case b.mini != nil:
			err = b.mini.Check(ctx)
		case b.corp != nil:
			if err = b.corp.Check(ctx); err == nil {
				err = b.contact.Check(ctx)
			}
		}
		if err = cmp.Or(b.err, err); err != nil {
			return err
		}
	}
	if !found {
		return core.NotFound("未接入")
	}
	return nil
}

// Try implements console.Wechat: it makes a call with an account's keys.
func (w *weChat) Try(ctx context.Context, appID string) error {
	switch b := w.named(ctx, appID); {
	case b.err != nil:
		return b.err
	case b.official != nil:
		return b.official.Probe(ctx)
	case b.mini != nil:
		return b.mini.Probe(ctx)
	case b.corp != nil:
		return wechat.ProbeCorp(ctx, b.corp, b.contact)
	}
	return core.Conflict("账号没有在使用，没有检查")
}

// AuthorizeURL implements h5.WeChat. It asks for consent, since only that yields the union id by
// which the mini-program's user is recognised.
func (w *weChat) AuthorizeURL(ctx context.Context, appID, redirect, state string) (string, error) {
	b := w.officialAt(ctx, appID)
	if b == nil {
		return "", w.noOfficial()
	}
	return strings.TrimPrefix(b.official.AuthorizeURL(redirect, state, wechat.ScopeUserInfo), w.strip), nil
}

// Identify implements h5.WeChat.
func (w *weChat) Identify(ctx context.Context, appID, code string) (core.WechatIdentity, error) {
	b := w.officialAt(ctx, appID)
	if b == nil {
		return core.WechatIdentity{}, w.noOfficial()
	}
	v, err := b.official.Visitor(ctx, code)
	if err == nil {
		w.proven(ctx, b.App.ID, core.WechatStepPages)
	}
	return core.WechatIdentity{AppID: b.App.AppID, OpenID: v.OpenID, UnionID: v.UnionID}, wechaterror.ForPeople(err)
}

// proven notes that a request came through a step of an account's set-up. It is worth no failure of the request.
func (w *weChat) proven(ctx context.Context, app core.ID, step core.WechatAppStep) {
	if err := w.store.NoteWechatStep(ctx, app, step); err != nil {
		slog.Warn("note a step of a WeChat app", "err", err)
	}
}

// IdentifyMini implements h5.WeChat.
func (w *weChat) IdentifyMini(ctx context.Context, code string) (core.WechatIdentity, error) {
	mini := w.Mini("")
	if mini == nil {
		return core.WechatIdentity{}, errNoMini
	}
	login, err := mini.Login(ctx, code)
	return core.WechatIdentity{AppID: mini.AppID(), OpenID: login.OpenID, UnionID: login.UnionID}, wechaterror.ForPeople(err)
}

// Corps implements h5.WeChat.
func (w *weChat) Corps(ctx context.Context) (corps []core.WechatApp) {
	for _, b := range w.apps(ctx) {
		if b.corp != nil && b.err == nil {
			corps = append(corps, b.App)
		}
	}
	return corps
}

var errNoCorp = core.Conflict("企业微信没有接入或已停用，请联系管理员")

// MemberURL implements h5.WeChat.
func (w *weChat) MemberURL(ctx context.Context, id core.ID, redirect, state string, phone bool) (string, error) {
	corp, _ := w.corps(ctx, id)
	if corp == nil {
		return "", errNoCorp
	}
	scope := wechat.ScopeMember
	if phone {
		scope = wechat.ScopePrivate
	}
	return strings.TrimPrefix(corp.AuthorizeURL(redirect, state, scope), w.strip), nil
}

// Member implements h5.WeChat.
func (w *weChat) Member(ctx context.Context, id core.ID, code string) (wechat.Identity, error) {
	corp, _ := w.corps(ctx, id)
	if corp == nil {
		return wechat.Identity{}, errNoCorp
	}
	who, err := corp.Identity(ctx, code)
	if err == nil || errors.Is(err, wechat.ErrOutsider) {
		w.proven(ctx, id, core.WechatStepPages)
	}
	if errors.Is(err, wechat.ErrOutsider) {
		return who, &core.Error{Code: core.CodeForbidden, Message: "您不是这家企业的成员，不能使用", Err: err}
	}
	return who, wechaterror.ForMembers(err)
}

// MemberPhone implements h5.WeChat.
func (w *weChat) MemberPhone(ctx context.Context, id core.ID, ticket string) (string, error) {
	corp, _ := w.corps(ctx, id)
	if corp == nil {
		return "", errNoCorp
	}
	detail, err := corp.Detail(ctx, ticket)
	return detail.Mobile, wechaterror.ForMembers(err)
}

// VerifiesPhones implements h5.WeChat.
func (w *weChat) VerifiesPhones() bool { return w.Mini("") != nil }

// Script implements h5.WeChat. WeWork's browser calls itself WeChat too, but accepts only its own
// signatures; the demo accepts any browser.
func (w *weChat) Script(agent string, by h5.Signer) string {
	if by.Corp != 0 {
		app, _ := w.corps(context.Background(), by.Corp)
		if app == nil || w.strip == "" && !strings.Contains(agent, "wxwork") {
			return ""
		}
		return strings.TrimPrefix(app.ScriptURL(), w.strip)
	}
	b := w.of(context.Background(), core.WechatOfficial, by.Community)
	if b == nil || w.strip == "" && (!strings.Contains(agent, "MicroMessenger") || strings.Contains(agent, "wxwork")) {
		return ""
	}
	return strings.TrimPrefix(b.official.ScriptURL(), w.strip)
}

// PageConfig implements h5.WeChat.
func (w *weChat) PageConfig(ctx context.Context, page string, by h5.Signer) (wechat.PageConfig, error) {
	if by.Corp != 0 {
		app, _ := w.corps(ctx, by.Corp)
		if app == nil {
			return wechat.PageConfig{}, errNoCorp
		}
		config, err := app.PageConfig(ctx, page)
		return config.Page(), wechaterror.ForMembers(err)
	}
	b := w.of(ctx, core.WechatOfficial, by.Community)
	if b == nil {
		return wechat.PageConfig{}, w.noOfficial()
	}
	config, err := b.official.PageConfig(ctx, page)
	return config, wechaterror.ForPeople(err)
}

// MiniCode implements console.Wechat.
func (w *weChat) MiniCode(ctx context.Context, community core.ID, scene string) ([]byte, error) {
	b := w.of(ctx, core.WechatMini, community)
	if b == nil {
		return nil, errNoMini
	}
	if picture, ok := b.codes.Load(scene); ok {
		return picture.([]byte), nil
	}
	picture, err := b.mini.UnlimitedCode(ctx, wechat.CodeImage{Scene: scene})
	if err == nil {
		b.codes.Store(scene, picture)
	}
	return picture, wechaterror.ForPeople(err)
}

// TemporaryQR implements console.Wechat.
func (w *weChat) TemporaryQR(ctx context.Context, appID, scene string, life time.Duration) (string, error) {
	b := w.officialAt(ctx, appID)
	if b == nil {
		return "", w.noOfficial()
	}
	code, err := b.official.TemporaryCode(ctx, scene, life)
	return code.URL, wechaterror.ForPeople(err)
}
