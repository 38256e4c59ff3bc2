package account

import (
	"crypto/rand"
	"encoding/base64"
	"html/template"
	"io"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// wechatSignInPath is where one signs in by scanning a QR with WeChat.
const (
	wechatSignInPath = "/console/session/wechat"
	wechatBindPath   = frame.MePath + "/wechat"
)

func (p *Pages) wechatLoginRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: wechatSignInPath, Access: web.Public, Handler: p.wechatSignInPage, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatSignInPath + "/state", Access: web.Public, Handler: p.wechatSignInState},
		{Method: http.MethodPost, Path: wechatSignInPath, Access: web.Public, Handler: p.wechatSignIn, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatBindPath + "/new", Access: web.SignedIn, Handler: p.wechatBindAsk},
		{Method: http.MethodPost, Path: wechatBindPath, Access: web.SignedIn, Handler: p.wechatBind, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatBindPath, Access: web.SignedIn, Handler: p.wechatBindState},
		{Method: http.MethodPost, Path: wechatBindPath + "/off", Access: web.SignedIn, Handler: p.wechatUnbind},
		{
			Method: http.MethodPost, Path: frame.AccountPath + "/:id/wechat/off",
			Access: web.Need(core.PermAccountEdit), Handler: p.wechatUnbindOf,
		},
	}
}

// wechatLoginPage shows a QR to scan, and the digits to compare.
type wechatLoginPage struct {
	templates.Shell
	Image template.URL
	Code  string
	Link  string // what the QR holds; in the demo, for phones that cannot look at a screen
	State wechatLoginState
	Back  string
}

// wechatLoginState is the part that the page asks for again and again.
type wechatLoginState struct {
	Ask    string // where to ask; "" = no more
	Words  string
	Tone   templates.Tone
	Finish string // where to post once the phone said yes; "" = not yet
	Again  templates.Action
	CSRF   string
	Next   string
}

// wechatCookie keeps which QR this browser shows, and its secret: TOKEN.SECRET.
const wechatCookie = "wechat-login"

// beginWechat makes the QR; account 0 is a sign-in.
func (p *Pages) beginWechat(c *web.Context, account core.ID) (page wechatLoginPage, err error) {
	if p.QR == nil {
		return page, core.Conflict("还没有配置公众号，请联系系统管理员")
	}
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	browser := base64.RawURLEncoding.EncodeToString(secret[:])
	token, code, err := p.Store.BeginWechatLogin(c.Ctx(), store.NewWechatLogin{
		Account: account, Browser: browser, Addr: c.Addr(), Network: c.Network(), Agent: c.Request().UserAgent(),
	})
	if err != nil {
		return page, err
	}
	c.SetCookie(wechatCookie, token+"."+browser, core.WechatLoginLife)
	link := strings.TrimRight(p.PublicURL, "/") + "/h5/login/" + token
	picture, err := gate.QRSVG(link)
	if err != nil {
		return page, err
	}
	page.Image, page.Code = templates.SVG(picture), code
	if p.Demo {
		page.Link = link
	}
	return page, nil
}

// ownWechat gives the QR that this browser shows.
func (p *Pages) ownWechat(c *web.Context) (token, browser string) {
	token, browser, _ = strings.Cut(c.Cookie(wechatCookie), ".")
	return token, browser
}

func (p *Pages) wechatSignInPage(c *web.Context) error {
	next := web.LocalPath(c.Query("next"), "/console")
	if c.SignedIn() {
		return c.Redirect(next)
	}
	page, err := p.beginWechat(c, 0)
	if err != nil {
		return err
	}
	page.Shell = p.Shell(c, "", "微信扫码登录")
	page.Back = templates.WithQuery("/console/session", nil, "next", next)
	page.State = p.wechatState(c, core.WechatLoginWaiting, next)
	return p.Page(c, http.StatusOK, "console/wechatlogin/sign", page)
}

// wechatState is what a sign-in's page says of it.
func (p *Pages) wechatState(c *web.Context, state core.WechatLoginState, next string) wechatLoginState {
	again := templates.Action{
		Label: "换一个二维码", URL: templates.WithQuery(wechatSignInPath, nil, "next", next), Icon: "refresh",
		Primary: true,
	}
	switch state {
	case core.WechatLoginApproved:
		return wechatLoginState{Words: "已确认，正在登录…", Tone: templates.Good, Finish: wechatSignInPath, CSRF: c.CSRF(), Next: next}
	case core.WechatLoginRefused:
		return wechatLoginState{Words: "手机上取消了登录", Tone: templates.Warn, Again: again}
	case core.WechatLoginOver:
		return wechatLoginState{Words: "二维码已失效", Tone: templates.Warn, Again: again}
	}
	return wechatLoginState{Ask: templates.WithQuery(wechatSignInPath+"/state", nil, "next", next), Words: "等待扫码", Tone: templates.Info}
}

func (p *Pages) wechatSignInState(c *web.Context) error {
	token, _ := p.ownWechat(c)
	state, err := p.Store.WechatLoginState(c.Ctx(), token)
	if err != nil {
		return err
	}
	return p.wechatPart(c, p.wechatState(c, state, web.LocalPath(c.Query("next"), "/console")))
}

func (p *Pages) wechatPart(c *web.Context, part wechatLoginState) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/wechatlogin/sign", "wechat-state", part)
	})
}

// wechatSignIn finishes what the phone said yes to.
func (p *Pages) wechatSignIn(c *web.Context) error {
	var form struct {
		Next string `form:"next" max:"500"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	next := web.LocalPath(form.Next, "/console")
	token, browser := p.ownWechat(c)
	done, err := p.Store.FinishWechatLogin(c.Ctx(), token, browser, p.visit(c))
	if core.CodeOf(err) == core.CodeUnauthenticated {
		c.Flash(web.FlashWarning, core.MessageOf(err))
		return c.Redirect(templates.WithQuery(wechatSignInPath, nil, "next", next))
	}
	if err != nil {
		return err
	}
	c.SetCookie(wechatCookie, "", 0)
	return p.enter(c, done, next)
}

// enter goes in, or to the second step.
func (p *Pages) enter(c *web.Context, done store.SignedIn, next string) error {
	if done.Pending != "" {
		return p.sessionCodePage(c, http.StatusOK, codeFields(done.Pending, next))
	}
	c.SetSessionCookie(web.SurfaceConsole, done.Token, done.Session)
	return c.Redirect(next)
}

// wechatBindAsk asks for the password before a WeChat is bound: with it one signs in
// without the password from then on.
func (p *Pages) wechatBindAsk(c *web.Context) error {
	if p.QR == nil || c.Account().User != 0 {
		return c.Redirect(frame.MePath)
	}
	return p.Page(c, http.StatusOK, "console/me/proof", p.wechatBindForm(c))
}

func (p *Pages) wechatBindForm(c *web.Context) centreFormPage {
	page := centreFormPage{Shell: p.Shell(c, "me", "绑定微信")}
	page.Crumbs = p.meCrumbs()
	page.Form = templates.Form{Action: wechatBindPath, CSRF: page.CSRF, Submit: "下一步", Cancel: frame.MePath, Sections: []templates.Section{{
		Help: "绑定后，用您的微信扫码就能登录这个账号。", Fields: []templates.Field{
			{
				Kind: templates.Password, Name: "password", Label: "密码", Required: true, Focus: true,
				Autocomplete: "current-password", MaxLength: core.MaxPassword,
			},
		}}}}
	return page
}

// wechatBind shows the QR that binds the scanner's WeChat to this account.
func (p *Pages) wechatBind(c *web.Context) error {
	var form struct {
		Password string `form:"password" max:"128" text:"raw" required:"请填写密码"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = p.Store.Prove(c.Ctx(), p.proof(c, form.Password))
	}
	if wrong != nil {
		page := p.wechatBindForm(c)
		return p.FormPage(c, wrong, &page.Form, func(status int) error { return p.Page(c, status, "console/me/proof", page) })
	}
	page, err := p.beginWechat(c, c.Account().ID)
	if err != nil {
		return p.Refused(c, err, frame.MePath)
	}
	page.Shell = p.Shell(c, "me", "绑定微信")
	page.Crumbs, page.Back = p.meCrumbs(), frame.MePath
	page.State = p.bindState(core.WechatLoginWaiting)
	return p.Page(c, http.StatusOK, "console/wechatlogin/bind", page)
}

func (p *Pages) bindState(state core.WechatLoginState) wechatLoginState {
	back := templates.Action{Label: "返回我的账号", URL: frame.MePath, Primary: true}
	switch state {
	case core.WechatLoginRefused:
		return wechatLoginState{Words: "手机上取消了绑定", Tone: templates.Warn, Again: back}
	case core.WechatLoginOver:
		return wechatLoginState{Words: "二维码已失效", Tone: templates.Warn, Again: back}
	}
	return wechatLoginState{Ask: wechatBindPath, Words: "等待扫码", Tone: templates.Info}
}

// wechatBindState answers the page that shows the QR; after a reload, there is
// none to show.
func (p *Pages) wechatBindState(c *web.Context) error {
	token, _ := p.ownWechat(c)
	state, err := p.Store.WechatLoginState(c.Ctx(), token)
	if err != nil {
		return err
	}
	if state == core.WechatLoginApproved && c.IsPartial() {
		c.Flash(web.FlashSuccess, "微信已绑定，以后可以扫码登录。")
	}
	if state == core.WechatLoginApproved || !c.IsPartial() {
		return c.Redirect(frame.MePath)
	}
	return p.wechatPart(c, p.bindState(state))
}

func (p *Pages) wechatUnbind(c *web.Context) error {
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "解绑微信？", Text: unbindText, Submit: "解绑", Danger: true},
		Do:   func() error { return p.Store.UnbindAccount(c.Ctx(), c.Actor()) },
		Done: "已解绑，不能再用微信扫码登录。", Back: frame.MePath,
	})
}

// wechatUnbindOf takes WeChat off somebody's account: they lost the phone, or left.
func (p *Pages) wechatUnbindOf(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "解绑“" + account.Name + "”的微信？", Text: unbindOfText(account), Submit: "解绑微信", Danger: true},
		Do:   func() error { return p.Store.UnbindAccountOf(c.Ctx(), granter(c), account.ID) },
		Done: "已解绑，该账号的登录全部退出；仍可用密码登录。", Back: frame.AccountURL(account.ID),
	})
}

func unbindOfText(a core.Account) string {
	return "“" + a.Name + "”（" + a.Login + "）不能再用微信扫码登录，现在的登录全部退出；仍可用密码登录，由本人重新绑定。"
}

const unbindText = "解绑后不能再用这个微信扫码登录，仍可用密码登录。"
