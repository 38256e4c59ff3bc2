package console

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// mePath is the page of one's own account.
const mePath = "/console/me"

func (h *Console) meRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: mePath, Access: web.SignedIn, Handler: h.me},
		{Method: http.MethodPost, Path: mePath + "/session/end", Access: web.SignedIn, Handler: h.endOtherSessions},
		{Method: http.MethodPost, Path: mePath + "/session/:id/end", Access: web.SignedIn, Handler: h.endOwnSession},
		{Method: http.MethodPost, Path: mePath + "/totp", Access: web.SignedIn, Handler: h.beginTOTP},
		{Method: http.MethodGet, Path: mePath + "/totp", Access: web.SignedIn, Handler: h.waitingTOTP},
		{Method: http.MethodPost, Path: mePath + "/totp/on", Access: web.SignedIn, Handler: h.confirmTOTP, PerMinute: 20},
		{Method: http.MethodGet, Path: mePath + "/totp/off", Access: web.SignedIn, Handler: h.askEndTOTP},
		{Method: http.MethodPost, Path: mePath + "/totp/off", Access: web.SignedIn, Handler: h.endTOTP, PerMinute: 20},
	}
}

type mePage struct {
	templates.Shell
	Facts    []templates.Fact
	TOTP     []templates.Fact
	On       bool
	Sessions []sessionLine
	Others   *templates.Submit // ends the other sessions; nil = there are none
	History  []attemptLine
}

// sessionLine is a device that is signed in.
type sessionLine struct {
	core.Session
	Browser string
	Own     bool              // the one that asks
	End     *templates.Submit // nil = cannot be ended here
}

// attemptLine is a line of the sign-in history; partial "attempts" draws it.
type attemptLine struct {
	core.SignInAttempt
	Browser string
	State   templates.Badge
}

// historyLines bounds the sign-in history of a page.
const historyLines = 20

func (h *Console) attempts(c *web.Context, account core.ID) ([]attemptLine, error) {
	attempts, err := h.Store.SignInAttempts(c.Ctx(), account, historyLines)
	lines := make([]attemptLine, len(attempts))
	for i, a := range attempts {
		lines[i] = attemptLine{SignInAttempt: a, Browser: browserWords(a.Agent), State: templates.Badge{Tone: templates.Good, Text: "成功"}}
		if !a.Succeeded {
			lines[i].State = templates.Badge{Tone: templates.Bad, Text: "失败"}
		}
	}
	return lines, err
}

func (h *Console) me(c *web.Context) error {
	account := c.Account()
	names, err := h.communityNames(c)
	if err != nil {
		return err
	}
	state, err := h.Store.TOTPState(c.Ctx(), account.ID)
	if err != nil {
		return err
	}
	sessions, err := h.Store.Sessions(c.Ctx(), core.SessionAccount, account.ID)
	if err != nil {
		return err
	}
	page := mePage{Shell: h.shell(c, "me", "我的账号"), On: state.On(), TOTP: totpFacts(state), Facts: []templates.Fact{
		{Label: "登录名", Value: account.Login}, {Label: "姓名", Value: account.Name}, {Label: "角色", Value: account.Role.Name()}, {Label: "小区", Value: scopeList(account.Scope, names)},
	}}
	page.Actions = []templates.Action{{Label: "修改密码", URL: web.PasswordPage, Icon: "key"}}
	if page.History, err = h.attempts(c, account.ID); err != nil {
		return err
	}
	for _, s := range sessions {
		line := sessionLine{Session: s, Browser: browserWords(s.Agent), Own: s.ID == c.Session().ID}
		if !line.Own {
			line.End = &templates.Submit{Label: "退出", URL: mePath + "/session/" + s.ID.String() + "/end", Icon: "logout"}
			page.Others = &templates.Submit{Label: "退出其他设备", URL: mePath + "/session/end", Icon: "logout", Danger: true, Confirm: "除这台设备外，全部退出登录。"}
		}
		page.Sessions = append(page.Sessions, line)
	}
	return h.page(c, http.StatusOK, "console/me/show", page)
}

func totpFacts(state core.TOTPState) []templates.Fact {
	if !state.On() {
		return []templates.Fact{{Label: "状态", Badge: templates.Badge{Tone: templates.Neutral, Text: "未开启"}}}
	}
	left := templates.Badge{Tone: templates.Good, Text: strconv.Itoa(state.Recovery) + " 个"}
	if state.Recovery <= 2 {
		left.Tone, left.Text = templates.Warn, left.Text+"，建议关闭后重新开启，换一批新的"
	}
	return []templates.Fact{{Label: "状态", Badge: templates.Badge{Tone: templates.Good, Text: "已开启"}}, {Label: "未用的恢复码", Badge: left}}
}

func (h *Console) endOwnSession(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if id == c.Session().ID {
		return core.Conflict("这是您正在使用的登录，请用右上角的“退出登录”")
	}
	if err := h.Store.EndOwnSession(c.Ctx(), c.Account().ID, id); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "该设备已退出登录。")
	return c.Redirect(mePath)
}

func (h *Console) endOtherSessions(c *web.Context) error {
	if err := h.Store.EndOtherSessions(c.Ctx(), c.Actor(), c.Session()); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "其他设备已全部退出登录。")
	return c.Redirect(mePath)
}

// totpPage is the setting up of the second step.
type totpPage struct {
	templates.Shell
	Image template.URL
	Text  []templates.Fact // the secret, for who cannot scan
	Form  templates.Form
}

// recoveryPage shows the recovery codes, once.
type recoveryPage struct {
	templates.Shell
	Codes []string
}

func (h *Console) beginTOTP(c *web.Context) error {
	if err := h.Store.BeginTOTP(c.Ctx(), c.Account().ID); err != nil {
		return h.backWith(c, err, mePath)
	}
	return c.Redirect(mePath + "/totp")
}

func (h *Console) meCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "我的账号", URL: mePath}}
}

// totpSetup is the page with the secret that waits.
func (h *Console) totpSetup(c *web.Context) (totpPage, error) {
	page := totpPage{Shell: h.shell(c, "me", "开启两步验证")}
	page.Crumbs = h.meCrumbs()
	secret, err := h.Store.WaitingTOTP(c.Ctx(), c.Account().ID)
	if err != nil {
		return page, err
	}
	picture, err := gate.QRSVG(core.TOTPAddress(c.Account().Login, secret))
	if err != nil {
		return page, err
	}
	page.Image = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture)) //nolint:gosec // our own drawing
	page.Text = []templates.Fact{{Label: "密钥", Value: core.TOTPText(secret), Copy: true, Code: true}}
	page.Form = templates.Form{Action: mePath + "/totp/on", CSRF: page.CSRF, Submit: "开启", Cancel: mePath, Sections: []templates.Section{{Fields: []templates.Field{
		{Name: "code", Label: "动态码", Required: true, Focus: true, Short: true, Autocomplete: "one-time-code", MaxLength: 10, Help: "手机上显示的 6 位数字。"},
	}}}}
	return page, nil
}

func (h *Console) waitingTOTP(c *web.Context) error {
	page, err := h.totpSetup(c)
	if core.IsNotFound(err) {
		return c.Redirect(mePath) // turned on in another tab
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/me/totp", page)
}

type codeForm struct {
	Password string `form:"password" max:"128" text:"raw"`
	Code     string `form:"code" max:"20" required:"请填写动态码"`
}

func (h *Console) confirmTOTP(c *web.Context) error {
	var form codeForm
	err := c.Bind(&form)
	var codes []string
	if err == nil {
		codes, err = h.Store.ConfirmTOTP(c.Ctx(), c.Actor(), c.Account().ID, form.Code)
	}
	if core.IsNotFound(err) || core.CodeOf(err) == core.CodeConflict {
		c.Flash(web.FlashWarning, core.MessageOf(err))
		return c.Redirect(mePath)
	}
	if err != nil {
		page, gone := h.totpSetup(c)
		if gone != nil {
			return gone
		}
		return h.formPage(c, err, &page.Form, func(status int) error { return h.page(c, status, "console/me/totp", page) })
	}
	page := recoveryPage{Shell: h.shell(c, "me", "两步验证已开启"), Codes: codes}
	page.Crumbs = h.meCrumbs()
	return h.page(c, http.StatusOK, "console/me/recovery", page)
}

func (h *Console) endTOTPPage(c *web.Context) centreFormPage {
	page := centreFormPage{Shell: h.shell(c, "me", "关闭两步验证")}
	page.Crumbs = h.meCrumbs()
	page.Form = templates.Form{Action: mePath + "/totp/off", CSRF: page.CSRF, Submit: "关闭两步验证", Cancel: mePath, Sections: []templates.Section{{
		Help: "关闭后，只凭密码就能登录；恢复码同时作废。", Fields: []templates.Field{
			{Kind: templates.Password, Name: "password", Label: "密码", Required: true, Focus: true, Autocomplete: "current-password", MaxLength: core.PasswordMost},
			{Name: "code", Label: "动态码", Required: true, Short: true, Autocomplete: "one-time-code", MaxLength: 20, Help: "或一个恢复码。"},
		}}}}
	return page
}

// centreFormPage is a form of its own under the console's frame.
type centreFormPage struct {
	templates.Shell
	Form templates.Form
}

func (h *Console) askEndTOTP(c *web.Context) error {
	return h.page(c, http.StatusOK, "console/me/off", h.endTOTPPage(c))
}

func (h *Console) endTOTP(c *web.Context) error {
	var form codeForm
	err := c.Bind(&form)
	if err == nil {
		err = h.Store.EndTOTP(c.Ctx(), c.Actor(), c.Account().ID, form.Password, form.Code)
	}
	if err != nil {
		page := h.endTOTPPage(c)
		return h.formPage(c, err, &page.Form, func(status int) error { return h.page(c, status, "console/me/off", page) })
	}
	c.Flash(web.FlashSuccess, "两步验证已关闭。")
	return c.Redirect(mePath)
}

func (h *Console) resetTOTP(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		return h.confirm(c, "account", templates.Confirm{
			Title: "重置“" + account.Name + "”的两步验证？", Text: resetTOTPText, Action: accountURL(account.ID) + "/totp", Submit: "重置两步验证", Cancel: accountURL(account.ID), Danger: true,
		})
	}
	if err := h.Store.ResetTOTP(c.Ctx(), granter(c), account.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已重置，该账号的登录全部退出，下次只需密码。")
	return c.Redirect(accountURL(account.ID))
}

const resetTOTPText = "用于本人手机丢失。重置后该账号的登录全部退出，只凭密码就能登录；请先确认是本人提出。"

// browserWords makes of a User-Agent what people call it: "Chrome · Windows".
func browserWords(agent string) string {
	known := func(names ...string) string {
		for i := 0; i+1 < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	browser := known("MicroMessenger", "微信", "Edg", "Edge", "Firefox", "Firefox", "OPR", "Opera", "Chrome", "Chrome", "Safari", "Safari")
	system := known("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "Mac", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return "其他"
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " · " + system
}
