package frame

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/wechat"
)

// Wechat is what the console needs of WeChat.
type Wechat interface {
	// Has reports whether there is an account of a kind that serves all communities.
	Has(kind core.WechatAppKind) bool
	// OfficialFor returns the official account for what concerns communities, by WeChat's id; "" if there is none.
	OfficialFor(ctx context.Context, communities core.Scope) (appID string)
	// TemporaryQR makes a parametric QR code of an official account: a scan of it reaches the callback with its
	// scene. text is the code's content.
	TemporaryQR(ctx context.Context, appID, scene string, life time.Duration) (text string, err error)
	// MiniCode draws a code of the mini-program that serves a community: it opens the front page with a scene.
	MiniCode(ctx context.Context, community core.ID, scene string) (jpeg []byte, err error)
	// Try makes a call with an account's keys; its error is one of WeChat's, or says that WeChat cannot be reached.
	Try(ctx context.Context, appID string) error
	// HasOfficials reports whether any official account is in use.
	HasOfficials() bool
	// Quota returns how often an account in use may call an API today, by WeChat's id of the account.
	Quota(ctx context.Context, appID, path string) (wechat.Quota, error)
	// HasCorps reports whether any company on WeWork is in use.
	HasCorps() bool
	// VerifyFile reads a verification file at its public address as the platform will; its error is a *wechat.FileFault.
	VerifyFile(ctx context.Context, address, content string) error
	// Official returns an official account in use by WeChat's id of it; nil if there is none.
	Official(appID string) *wechat.OfficialAccount
	// MiniProgram returns a mini-program in use by WeChat's id of it; nil if there is none.
	MiniProgram(appID string) *wechat.MiniProgram
}

// HasOfficials reports whether any official account is in use.
func (f *Frame) HasOfficials() bool { return f.Wechat != nil && f.Wechat.HasOfficials() }

// HasCorps reports whether any company on WeWork is in use.
func (f *Frame) HasCorps() bool { return f.Wechat != nil && f.Wechat.HasCorps() }

// Official returns the client of an official account in use; a conflict if there is none.
func (f *Frame) Official(appID string) (*wechat.OfficialAccount, error) {
	if f.Wechat != nil {
		if official := f.Wechat.Official(appID); official != nil {
			return official, nil
		}
	}
	return nil, core.Conflict("这个公众号没有在使用，请先在“微信接入”检查")
}

// MiniProgram returns the client of a mini-program in use; a conflict if there is none.
func (f *Frame) MiniProgram(appID string) (*wechat.MiniProgram, error) {
	if f.Wechat != nil {
		if mini := f.Wechat.MiniProgram(appID); mini != nil {
			return mini, nil
		}
	}
	return nil, core.Conflict("这个小程序没有在使用，请先在“微信接入”检查")
}

// HasOfficial reports whether people can be bound by a QR code.
func (f *Frame) HasOfficial() bool { return f.Wechat != nil && f.Wechat.Has(core.WechatOfficial) }

// TryWechat makes a call with an account's keys; see Wechat.
func (f *Frame) TryWechat(ctx context.Context, appID string) error {
	if f.Wechat == nil {
		return errors.New("frame: this program has no client of WeChat")
	}
	return f.Wechat.Try(ctx, appID)
}

// HasMini reports whether residents can verify their phone number.
func (f *Frame) HasMini() bool { return f.Wechat != nil && f.Wechat.Has(core.WechatMini) }

// Binding is a person whom scanning a QR code binds to their WeChat.
type Binding struct {
	Kind   string // core.BindGuard, core.BindObserver, core.BindAccount
	Target core.ID
	Of     core.Scope // the communities they work for, whose official account it is
	Name   string
	Menu   string // what they can then open in the official account; "" = they are told of what waits
	Stem   string // of the console's menu
	URL    string // of the person's page; that of the QR code is below it
	List   string // where the way back leads, of somebody without a page; "" = URL
	Crumbs []templates.Crumb
}

type bindPage struct {
	templates.Shell
	Image template.URL
	Code  string // two digits to compare on the phone
	Text  string // content of the QR code; in the demo, for phones that cannot scan a screen
	Then  string // what the person can do once they are bound
	Back  string
	State bindState
}

// bindState is the part that the page polls.
type bindState struct {
	URL   string // "" = stop polling
	Words string
	Tone  templates.Tone
	Again string // where to post for a new code; "" = this one is still valid
	CSRF  string
}

// BindQR shows a new QR code for ten minutes. Earlier ones of the same person become invalid. If a
// WeChat is already bound, it first asks whether to replace it.
func (f *Frame) BindQR(c *web.Context, b Binding) error {
	if why := f.NoOfficial(c.Ctx(), b.Of); why != "" {
		return core.Conflict(why + "请联系系统管理员。")
	}
	target := store.BindTarget{Kind: b.Kind, ID: b.Target, App: f.Wechat.OfficialFor(c.Ctx(), b.Of), Holder: c.Account()}
	bound, err := f.Store.BoundWechat(c.Ctx(), target)
	if err != nil {
		return err
	}
	if target.Replaces, _ = core.ParseID(c.Form().Get("replaces")); bound.User != 0 && (target.Replaces != bound.User || !Confirmed(c)) {
		return f.Confirm(c, b.Stem, f.replaceQuestion(b, bound))
	}
	ticket, err := f.Store.CreateBindTicket(c.Ctx(), c.Actor(), c.Scope(), target)
	if err != nil {
		return err
	}
	text, err := f.Wechat.TemporaryQR(c.Ctx(), target.App, ticket.Scene, store.BindTicketLife)
	if err != nil {
		return err
	}
	picture, err := gate.QRSVG(text)
	if err != nil {
		return err
	}
	page := bindPage{Shell: f.Shell(c, b.Stem, b.title()), Code: ticket.Code, Then: b.then(), Back: b.back()}
	page.Crumbs = b.Crumbs
	if b.List == "" {
		page.Crumbs = append(page.Crumbs, templates.Crumb{Label: b.Name, URL: b.URL})
	}
	page.Image = templates.SVG(picture)
	page.State = bindStateOf(c, b, bindProgress{core.BindWaiting, ticket.Expires, ticket.ID()})
	if f.Demo {
		page.Text = text
	}
	return f.Page(c, http.StatusOK, "console/bind/show", page)
}

// title names the page with the code.
func (b Binding) title() string {
	if b.Menu == "" {
		return "邀请关联：" + b.Name
	}
	return "微信登录：" + b.Name
}

// then returns what the person can do once they are bound.
func (b Binding) then() string {
	if b.Menu == "" {
		return "有申请等待审核时会收到公众号的消息。"
	}
	return "可以在公众号里打开“" + b.Menu + "”。"
}

// back returns the page that the one with the code leads back to.
func (b Binding) back() string { return cmp.Or(b.List, b.URL) }

// replaceQuestion is the confirmation before a bound WeChat is replaced.
func (f *Frame) replaceQuestion(b Binding, bound core.BoundWechat) templates.Confirm {
	return templates.Confirm{
		Title: "重新绑定“" + b.Name + "”的微信？", Text: "现已绑定微信：" + f.BoundLabel(bound) + "。新的微信确认后，原来的微信立即不能再使用。",
		Action: b.URL + "/qr", Keep: url.Values{"replaces": {bound.User.String()}}, Submit: "重新绑定", Cancel: b.URL, Danger: true,
	}
}

// BoundLabel returns which WeChat is bound, and since when.
func (f *Frame) BoundLabel(bound core.BoundWechat) string {
	words := core.WechatLabel(bound.Phone)
	if !bound.At.IsZero() {
		words += "，" + bound.At.In(f.Store.Zone()).Format("2006-01-02 15:04") + " 绑定"
	}
	return words
}

// BoundFact returns which WeChat is bound, for the page of a guard or an observer.
func (f *Frame) BoundFact(c *web.Context, kind string, target core.ID) (templates.Fact, error) {
	bound, err := f.Store.BoundWechat(c.Ctx(), store.BindTarget{Kind: kind, ID: target})
	if err != nil || bound.User == 0 {
		return templates.Fact{Label: "微信", Badge: BoundBadge(0)}, err
	}
	return templates.Fact{Label: "微信", Value: f.BoundLabel(bound)}, nil
}

// BindWatch responds to the polling of the page with the QR code: how long it is still valid, and
// where to go once it was scanned.
func (f *Frame) BindWatch(c *web.Context, b Binding) error {
	target, ticket := store.BindTarget{Kind: b.Kind, ID: b.Target}, c.Query("ticket")
	state, expires, err := f.Store.BindState(c.Ctx(), target, ticket)
	if err != nil {
		return err
	}
	if state == core.BindDone && c.IsPartial() {
		bound, err := f.Store.BoundWechat(c.Ctx(), target)
		if err != nil {
			return err
		}
		c.Flash(web.FlashSuccess, b.Name+"已绑定微信（"+core.WechatLabel(bound.Phone)+"），"+b.then())
	}
	if state == core.BindDone || !c.IsPartial() {
		return c.Redirect(b.back())
	}
	part := bindStateOf(c, b, bindProgress{state, expires, ticket})
	return c.HTML(http.StatusOK, func(w io.Writer) error { return f.Renderer.RenderBlock(w, "console/bind/show", "bind-state", part) })
}

// bindProgress is the state of a ticket.
type bindProgress struct {
	state   core.BindState
	expires time.Time
	ticket  string
}

func bindStateOf(c *web.Context, b Binding, at bindProgress) bindState {
	if at.state != core.BindWaiting {
		words := "二维码已失效，请刷新二维码。"
		if at.state == core.BindRefused {
			words = "手机上选错了数字或取消了，请刷新二维码。"
		}
		return bindState{Words: words, Tone: templates.Warn, Again: b.URL + "/qr", CSRF: c.CSRF()}
	}
	left := max(0, int(at.expires.Sub(c.Now()).Seconds()))
	words := fmt.Sprintf("等待扫码，剩余 %d 分 %02d 秒", left/60, left%60)
	return bindState{URL: b.URL + "/qr?ticket=" + at.ticket, Words: words, Tone: templates.Info}
}
