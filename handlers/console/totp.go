package console

import (
	"html/template"
	"net/http"
	"strconv"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (h *Console) totpRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: mePath + "/totp", Access: web.SignedIn, Handler: h.beginTOTP},
		{Method: http.MethodGet, Path: mePath + "/totp", Access: web.SignedIn, Handler: h.waitingTOTP},
		{Method: http.MethodPost, Path: mePath + "/totp/on", Access: web.SignedIn, Handler: h.confirmTOTP, PerMinute: 20},
		{Method: http.MethodGet, Path: mePath + "/totp/off", Access: web.SignedIn, Handler: h.askEndTOTP},
		{Method: http.MethodPost, Path: mePath + "/totp/off", Access: web.SignedIn, Handler: h.endTOTP, PerMinute: 20},
		{Method: http.MethodPost, Path: accountPath + "/:id/totp", Access: web.Need(core.PermAccountEdit), Handler: h.resetTOTP},
	}
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
	page.Image = templates.SVG(picture)
	page.Text = []templates.Fact{{Label: "密钥", Value: core.TOTPText(secret), Copy: true, Code: true}}
	page.Form = templates.Form{Action: mePath + "/totp/on", CSRF: page.CSRF, Submit: "开启", Cancel: mePath, Sections: []templates.Section{{Fields: []templates.Field{
		{Name: "code", Label: "动态码", Required: true, Focus: true, Short: true, Autocomplete: "one-time-code", MaxLength: 10, Help: "手机上显示的 6 位数字。"},
		{Kind: templates.Password, Name: "password", Label: "密码", Required: true, Autocomplete: "current-password", MaxLength: core.PasswordMost, Help: "您现在登录用的密码。"},
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
	if err == nil { // whoever found the session open must not lock its owner out
		err = h.Store.Prove(c.Ctx(), h.proof(c, form.Password))
	}
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

// proof is the own password, given again.
func (h *Console) proof(c *web.Context, password string) store.Proof {
	return store.Proof{Account: c.Account().ID, Password: password, Visit: h.visit(c)}
}

// centreFormPage is a form of its own under the console's frame.
type centreFormPage struct {
	templates.Shell
	Form templates.Form
}

func (h *Console) askEndTOTP(c *web.Context) error {
	return h.page(c, http.StatusOK, "console/me/proof", h.endTOTPPage(c))
}

func (h *Console) endTOTP(c *web.Context) error {
	var form codeForm
	err := c.Bind(&form)
	if err == nil {
		err = h.Store.EndTOTP(c.Ctx(), c.Actor(), h.proof(c, form.Password), form.Code)
	}
	if err != nil {
		page := h.endTOTPPage(c)
		return h.formPage(c, err, &page.Form, func(status int) error { return h.page(c, status, "console/me/proof", page) })
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
	c.Flash(web.FlashSuccess, "已重置，该账号的登录全部退出，微信已解绑，下次只需密码。")
	return c.Redirect(accountURL(account.ID))
}

const resetTOTPText = "用于本人手机丢失。重置后该账号的登录全部退出，微信解绑，只凭密码就能登录；请先确认是本人提出。"
