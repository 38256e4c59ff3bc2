package account

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

// Pages for signing in by scanning a QR code with WeChat.
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
		{Method: http.MethodPost, Path: wechatBindPath + "/off", Access: web.SignedIn, Level: web.Asks, Handler: p.wechatUnbind},
		{
			Method: http.MethodPost, Path: frame.AccountPath + "/:id/wechat/off",
			Access: web.Need(core.PermAccountEdit), Level: web.Asks, Handler: p.wechatUnbindOf,
		},
	}
}

// wechatLoginPage shows a QR code to scan, and the digits to compare.
type wechatLoginPage struct {
	templates.Shell
	Image template.URL
	Code  string
	Link  string // content of the QR code; in the demo, for phones that cannot scan a screen
	State wechatLoginState
	Back  string
	mark  string
}

// wechatLoginState is the part that the page polls.
type wechatLoginState struct {
	Ask    string // URL to poll; "" = stop
	Words  string
	Tone   templates.Tone
	Finish string // where to post after confirmation on the phone; "" = not yet
	Again  templates.Action
	CSRF   string
	Next   string
}

// wechatCookie contains the QR code that this browser shows: all its tabs show the same one, and so
// does a page after a reload or the back button.
const wechatCookie = "wechat-login"

// shownWechat is a QR code that a browser shows. Its cookie is TOKEN.SECRET.CODE.ACCOUNT.
type shownWechat struct {
	token   string
	browser string // the browser's secret: no other browser can finish the sign-in
	code    string
	account core.ID // to bind; 0 = a sign-in
}

func (s shownWechat) text() string {
	return strings.Join([]string{s.token, s.browser, s.code, fmt.Sprint(int64(s.account))}, ".")
}

// mark distinguishes the pages of two QR codes, if two tabs began at the same time.
func (s shownWechat) mark() string { return s.token[:min(len(s.token), 8)] }

// ownWechat returns the QR code that this browser shows; the zero value if none.
func (p *Pages) ownWechat(c *web.Context) (own shownWechat) {
	parts := strings.Split(c.Cookie(wechatCookie), ".")
	if len(parts) != 4 {
		return own
	}
	account, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil {
		return own
	}
	return shownWechat{token: parts[0], browser: parts[1], code: parts[2], account: core.ID(account)}
}

// ownWechatState returns the QR code that this browser shows, to bind account, or for a sign-in if
// 0, and its state. The page of another QR code is over.
func (p *Pages) ownWechatState(c *web.Context, account core.ID) (shownWechat, core.WechatLoginState, error) {
	own := p.ownWechat(c)
	if mark := c.Query("qr"); own.account != account || mark != "" && mark != own.mark() {
		return own, core.WechatLoginOver, nil
	}
	state, err := p.Store.WechatLoginState(c.Ctx(), own.token)
	return own, state, err
}

// showWechat returns the QR code that this browser already shows, or a new one; account 0 means a
// sign-in.
func (p *Pages) showWechat(c *web.Context, account core.ID) (page wechatLoginPage, state core.WechatLoginState, err error) {
	of := core.Everywhere
	if account != 0 {
		of = c.Account().Scope
	}
	if why := p.NoOfficial(c.Ctx(), of); why != "" {
		return page, "", core.Conflict(why + "请联系系统管理员。")
	}
	own, state, err := p.ownWechatState(c, account)
	// A sign-in confirmed on the phone still has to be finished here; a binding is done.
	good := state == core.WechatLoginWaiting || state == core.WechatLoginApproved && account == 0
	if err == nil && !good {
		state = core.WechatLoginWaiting
		own, err = p.beginWechat(c, account)
	}
	if err != nil {
		return page, "", err
	}
	link := strings.TrimRight(p.PublicURL, "/") + "/h5/login/" + own.token
	if by := p.Wechat.OfficialFor(c.Ctx(), of); by != p.Wechat.OfficialFor(c.Ctx(), core.Everywhere) {
		link = templates.WithQuery(link, nil, core.ViaParam, by)
	}
	picture, err := gate.QRSVG(link)
	if err != nil {
		return page, "", err
	}
	page.Image, page.Code, page.mark = templates.SVG(picture), own.code, own.mark()
	if p.Demo {
		page.Link = link
	}
	return page, state, nil
}

func (p *Pages) beginWechat(c *web.Context, account core.ID) (shownWechat, error) {
	own := shownWechat{browser: secret.Text(24), account: account}
	var err error
	own.token, own.code, err = p.Store.BeginWechatLogin(c.Ctx(), store.NewWechatLogin{
		Account: account, Browser: own.browser, Addr: c.Addr(), Network: c.Network(), Agent: c.Request().UserAgent(),
	})
	if err == nil {
		c.SetCookie(wechatCookie, own.text(), core.WechatLoginLife)
	}
	return own, err
}

func (p *Pages) wechatSignInPage(c *web.Context) error {
	next := web.LocalPath(c.Query("next"), "/console")
	if c.SignedIn() {
		return c.Redirect(next)
	}
	page, state, err := p.showWechat(c, 0)
	if err != nil {
		return err
	}
	page.Shell = p.Shell(c, "", "微信扫码登录")
	page.Back = templates.WithQuery("/console/session", nil, "next", next)
	page.State = p.wechatState(c, state, wechatAt{page.mark, next})
	return p.Page(c, http.StatusOK, "console/wechatlogin/sign", page)
}

// wechatAt is which QR code a page shows, and where the page redirects afterwards.
type wechatAt struct{ mark, next string }

// wechatState returns what the page shows for the state of a sign-in.
func (p *Pages) wechatState(c *web.Context, state core.WechatLoginState, at wechatAt) wechatLoginState {
	again := templates.Action{
		Label: "刷新二维码", URL: templates.WithQuery(wechatSignInPath, nil, "next", at.next), Icon: "refresh",
		Primary: true,
	}
	switch state {
	case core.WechatLoginApproved:
		return wechatLoginState{Words: "已确认，正在登录…", Tone: templates.Good, Finish: wechatSignInPath, CSRF: c.CSRF(), Next: at.next}
	case core.WechatLoginRefused:
		return wechatLoginState{Words: "手机上取消了登录", Tone: templates.Warn, Again: again}
	case core.WechatLoginOver:
		return wechatLoginState{Words: "二维码已失效", Tone: templates.Warn, Again: again}
	}
	ask := templates.WithQuery(wechatSignInPath+"/state", nil, "next", at.next, "qr", at.mark)
	return wechatLoginState{Ask: ask, Words: "等待扫码", Tone: templates.Info}
}

func (p *Pages) wechatSignInState(c *web.Context) error {
	next := web.LocalPath(c.Query("next"), "/console")
	if c.SignedIn() { // in another tab
		return c.Redirect(next)
	}
	own, state, err := p.ownWechatState(c, 0)
	if err != nil {
		return err
	}
	return p.wechatPart(c, p.wechatState(c, state, wechatAt{own.mark(), next}))
}

func (p *Pages) wechatPart(c *web.Context, part wechatLoginState) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return p.Renderer.RenderBlock(w, "console/wechatlogin/sign", "wechat-state", part)
	})
}

// wechatSignIn completes a sign-in confirmed on the phone.
func (p *Pages) wechatSignIn(c *web.Context) error {
	var form struct {
		Next string `form:"next" max:"500"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	next := web.LocalPath(form.Next, "/console")
	if c.SignedIn() { // by another tab of the same QR
		return c.Redirect(next)
	}
	own := p.ownWechat(c)
	done, err := p.Store.FinishWechatLogin(c.Ctx(), own.token, own.browser, p.visit(c))
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

// enter redirects to the console, or to the second step.
func (p *Pages) enter(c *web.Context, done store.SignedIn, next string) error {
	if done.Pending != "" {
		return p.sessionCodePage(c, http.StatusOK, codeFields(done.Pending, next))
	}
	c.SetSessionCookie(web.SurfaceConsole, done.Token, done.Session)
	return c.Redirect(next)
}

// wechatBindAsk asks for the password before a WeChat is bound, since it then signs in without the
// password.
func (p *Pages) wechatBindAsk(c *web.Context) error {
	if p.NoOfficial(c.Ctx(), c.Account().Scope) != "" || c.Account().User != 0 {
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

// wechatBind shows the QR code that binds the scanner's WeChat to this account.
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
	return p.wechatBindPage(c)
}

func (p *Pages) wechatBindPage(c *web.Context) error {
	page, state, err := p.showWechat(c, c.Account().ID)
	if err != nil {
		return p.Refused(c, err, frame.MePath)
	}
	page.Shell = p.Shell(c, "me", "绑定微信")
	page.Crumbs, page.Back = p.meCrumbs(), frame.MePath
	page.State = p.bindState(state, page.mark)
	return p.Page(c, http.StatusOK, "console/wechatlogin/bind", page)
}

func (p *Pages) bindState(state core.WechatLoginState, mark string) wechatLoginState {
	back := templates.Action{Label: "返回我的账号", URL: frame.MePath, Primary: true}
	switch state {
	case core.WechatLoginRefused:
		return wechatLoginState{Words: "手机上取消了绑定", Tone: templates.Warn, Again: back}
	case core.WechatLoginOver:
		return wechatLoginState{Words: "二维码已失效", Tone: templates.Warn, Again: back}
	}
	return wechatLoginState{Ask: templates.WithQuery(wechatBindPath, nil, "qr", mark), Words: "等待扫码", Tone: templates.Info}
}

// wechatBindState responds to the polling of the page with the QR code, and to a reload of it.
func (p *Pages) wechatBindState(c *web.Context) error {
	own, state, err := p.ownWechatState(c, c.Account().ID)
	if err != nil {
		return err
	}
	switch {
	case state == core.WechatLoginApproved:
		if c.IsPartial() {
			c.Flash(web.FlashSuccess, "微信已绑定，以后可以扫码登录。")
		}
		return c.Redirect(frame.MePath)
	case c.IsPartial():
		return p.wechatPart(c, p.bindState(state, own.mark()))
	case state == core.WechatLoginWaiting:
		return p.wechatBindPage(c)
	}
	return c.Redirect(frame.MePath)
}

func (p *Pages) wechatUnbind(c *web.Context) error {
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "解绑微信？", Text: unbindText, Submit: "解绑微信", Danger: true},
		Do:   func() error { return p.Store.UnbindAccount(c.Ctx(), c.Actor()) },
		Done: "已解绑，不能再用微信扫码登录。", Back: frame.MePath,
	})
}

// wechatUnbindOf unbinds the WeChat of another account, whose owner lost the phone or left.
func (p *Pages) wechatUnbindOf(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	out, err := p.signsOut(c, account)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "解绑“" + account.Name + "”的微信？", Text: unbindOfText(account), Effects: []string{out},
			Submit: "解绑微信", Danger: true,
		},
		Do:   func() error { return p.Store.UnbindAccountOf(c.Ctx(), granter(c), account.ID) },
		Done: "已解绑，该账号的登录全部退出；仍可用密码登录。", Back: frame.AccountURL(account.ID),
	})
}

func unbindOfText(a core.Account) string {
	return "“" + a.Name + "”（" + a.Login + "）不能再用微信扫码登录，现在的登录全部退出；仍可用密码登录，由本人重新绑定。"
}

const unbindText = "解绑后不能再用这个微信扫码登录，仍可用密码登录。"
