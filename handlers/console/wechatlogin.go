package console

import (
	"crypto/rand"
	"encoding/base64"
	"html/template"
	"io"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// wechatSignInPath is where one signs in by scanning a QR with WeChat.
const (
	wechatSignInPath = "/console/session/wechat"
	wechatBindPath   = mePath + "/wechat"
)

func (h *Console) wechatLoginRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: wechatSignInPath, Access: web.Public, Handler: h.wechatSignInPage, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatSignInPath + "/state", Access: web.Public, Handler: h.wechatSignInState},
		{Method: http.MethodPost, Path: wechatSignInPath, Access: web.Public, Handler: h.wechatSignIn, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatBindPath + "/new", Access: web.SignedIn, Handler: h.wechatBindAsk},
		{Method: http.MethodPost, Path: wechatBindPath, Access: web.SignedIn, Handler: h.wechatBind, PerMinute: 20},
		{Method: http.MethodGet, Path: wechatBindPath, Access: web.SignedIn, Handler: h.wechatBindState},
		{Method: http.MethodPost, Path: wechatBindPath + "/off", Access: web.SignedIn, Handler: h.wechatUnbind},
		{Method: http.MethodPost, Path: accountPath + "/:id/wechat/off", Access: web.Need(core.PermAccountEdit), Handler: h.wechatUnbindOf},
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
func (h *Console) beginWechat(c *web.Context, account core.ID) (page wechatLoginPage, err error) {
	if h.QR == nil {
		return page, core.Conflict("还没有配置公众号，请联系系统管理员")
	}
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	browser := base64.RawURLEncoding.EncodeToString(secret[:])
	token, code, err := h.Store.BeginWechatLogin(c.Ctx(), store.NewWechatLogin{Account: account, Browser: browser, Addr: c.Addr(), Agent: c.Request().UserAgent()})
	if err != nil {
		return page, err
	}
	c.Keep(wechatCookie, token+"."+browser, core.WechatLoginLife)
	link := strings.TrimRight(h.PublicURL, "/") + "/h5/login/" + token
	picture, err := gate.QRSVG(link)
	if err != nil {
		return page, err
	}
	page.Image, page.Code = templates.SVG(picture), code
	if h.Demo {
		page.Link = link
	}
	return page, nil
}

// ownWechat gives the QR that this browser shows.
func (h *Console) ownWechat(c *web.Context) (token, browser string) {
	token, browser, _ = strings.Cut(c.Kept(wechatCookie), ".")
	return token, browser
}

func (h *Console) wechatSignInPage(c *web.Context) error {
	next := web.LocalPath(c.Query("next"), "/console")
	if c.SignedIn() {
		return c.Redirect(next)
	}
	page, err := h.beginWechat(c, 0)
	if err != nil {
		return err
	}
	page.Shell = h.shell(c, "", "微信扫码登录")
	page.Back = templates.WithQuery("/console/session", nil, "next", next)
	page.State = h.wechatState(c, core.WechatLoginWaiting, next)
	return h.page(c, http.StatusOK, "console/wechatlogin/sign", page)
}

// wechatState is what a sign-in's page says of it.
func (h *Console) wechatState(c *web.Context, state core.WechatLoginState, next string) wechatLoginState {
	again := templates.Action{Label: "换一个二维码", URL: templates.WithQuery(wechatSignInPath, nil, "next", next), Icon: "refresh", Primary: true}
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

func (h *Console) wechatSignInState(c *web.Context) error {
	token, _ := h.ownWechat(c)
	state, err := h.Store.WechatLoginState(c.Ctx(), token)
	if err != nil {
		return err
	}
	return h.wechatPart(c, h.wechatState(c, state, web.LocalPath(c.Query("next"), "/console")))
}

func (h *Console) wechatPart(c *web.Context, part wechatLoginState) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return h.Renderer.RenderBlock(w, "console/wechatlogin/sign", "wechat-state", part)
	})
}

// wechatSignIn finishes what the phone said yes to.
func (h *Console) wechatSignIn(c *web.Context) error {
	var form struct {
		Next string `form:"next" max:"500"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	next := web.LocalPath(form.Next, "/console")
	token, browser := h.ownWechat(c)
	done, err := h.Store.FinishWechatLogin(c.Ctx(), token, browser, h.visit(c))
	if core.CodeOf(err) == core.CodeUnauthenticated {
		c.Flash(web.FlashWarning, core.MessageOf(err))
		return c.Redirect(templates.WithQuery(wechatSignInPath, nil, "next", next))
	}
	if err != nil {
		return err
	}
	c.Keep(wechatCookie, "", 0)
	return h.enter(c, done, next)
}

// enter goes in, or to the second step.
func (h *Console) enter(c *web.Context, done store.SignedIn, next string) error {
	if done.Pending != "" {
		return h.showSignInCode(c, http.StatusOK, codeFields(done.Pending, next))
	}
	c.SetSessionCookie(web.SeatConsole, done.Token, done.Session)
	return c.Redirect(next)
}

// wechatBindAsk asks for the password before a WeChat is bound: with it one signs in
// without the password from then on.
func (h *Console) wechatBindAsk(c *web.Context) error {
	if h.QR == nil || c.Account().User != 0 {
		return c.Redirect(mePath)
	}
	return h.page(c, http.StatusOK, "console/me/proof", h.wechatBindForm(c))
}

func (h *Console) wechatBindForm(c *web.Context) centreFormPage {
	page := centreFormPage{Shell: h.shell(c, "me", "绑定微信")}
	page.Crumbs = h.meCrumbs()
	page.Form = templates.Form{Action: wechatBindPath, CSRF: page.CSRF, Submit: "下一步", Cancel: mePath, Sections: []templates.Section{{
		Help: "绑定后，用您的微信扫码就能登录这个账号。", Fields: []templates.Field{
			{Kind: templates.Password, Name: "password", Label: "密码", Required: true, Focus: true, Autocomplete: "current-password", MaxLength: core.PasswordMost},
		}}}}
	return page
}

// wechatBind shows the QR that binds the scanner's WeChat to this account.
func (h *Console) wechatBind(c *web.Context) error {
	var form struct {
		Password string `form:"password" max:"128" text:"raw" required:"请填写密码"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = h.Store.Prove(c.Ctx(), h.proof(c, form.Password))
	}
	if wrong != nil {
		page := h.wechatBindForm(c)
		return h.formPage(c, wrong, &page.Form, func(status int) error { return h.page(c, status, "console/me/proof", page) })
	}
	page, err := h.beginWechat(c, c.Account().ID)
	if err != nil {
		return h.backWith(c, err, mePath)
	}
	page.Shell = h.shell(c, "me", "绑定微信")
	page.Crumbs, page.Back = h.meCrumbs(), mePath
	page.State = h.bindState(core.WechatLoginWaiting)
	return h.page(c, http.StatusOK, "console/wechatlogin/bind", page)
}

func (h *Console) bindState(state core.WechatLoginState) wechatLoginState {
	back := templates.Action{Label: "返回我的账号", URL: mePath, Primary: true}
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
func (h *Console) wechatBindState(c *web.Context) error {
	token, _ := h.ownWechat(c)
	state, err := h.Store.WechatLoginState(c.Ctx(), token)
	if err != nil {
		return err
	}
	if state == core.WechatLoginApproved && c.IsPartial() {
		c.Flash(web.FlashSuccess, "微信已绑定，以后可以扫码登录。")
	}
	if state == core.WechatLoginApproved || !c.IsPartial() {
		return c.Redirect(mePath)
	}
	return h.wechatPart(c, h.bindState(state))
}

func (h *Console) wechatUnbind(c *web.Context) error {
	if !confirmed(c) {
		return h.confirm(c, "me", templates.Confirm{Title: "解绑微信？", Text: unbindText, Action: wechatBindPath + "/off", Submit: "解绑", Cancel: mePath, Danger: true})
	}
	if err := h.Store.UnbindAccount(c.Ctx(), c.Actor()); err != nil {
		return h.backWith(c, err, mePath)
	}
	c.Flash(web.FlashSuccess, "已解绑，不能再用微信扫码登录。")
	return c.Redirect(mePath)
}

// wechatUnbindOf takes WeChat off somebody's account: they lost the phone, or left.
func (h *Console) wechatUnbindOf(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		return h.confirm(c, "account", templates.Confirm{
			Title: "解绑“" + account.Name + "”的微信？", Text: unbindOfText(account), Action: accountURL(account.ID) + "/wechat/off", Submit: "解绑微信", Cancel: accountURL(account.ID), Danger: true,
		})
	}
	if err := h.Store.UnbindAccountOf(c.Ctx(), granter(c), account.ID); err != nil {
		return h.backWith(c, err, accountURL(account.ID))
	}
	c.Flash(web.FlashSuccess, "已解绑，该账号的登录全部退出；仍可用密码登录。")
	return c.Redirect(accountURL(account.ID))
}

func unbindOfText(a core.Account) string {
	return "“" + a.Name + "”（" + a.Login + "）不能再用微信扫码登录，现在的登录全部退出；仍可用密码登录，由本人重新绑定。"
}

const unbindText = "解绑后不能再用这个微信扫码登录，仍可用密码登录。"
