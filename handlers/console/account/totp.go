package account

import (
	"html/template"
	"net/http"
	"strconv"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (p *Pages) totpRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: frame.MePath + "/totp", Access: web.SignedIn, Handler: p.totpBegin},
		{Method: http.MethodGet, Path: frame.MePath + "/totp", Access: web.SignedIn, Handler: p.totpShow},
		{Method: http.MethodPost, Path: frame.MePath + "/totp/on", Access: web.SignedIn, Handler: p.totpConfirm, PerMinute: 20},
		{Method: http.MethodGet, Path: frame.MePath + "/totp/off", Access: web.SignedIn, Handler: p.totpEndAsk},
		{Method: http.MethodPost, Path: frame.MePath + "/totp/off", Access: web.SignedIn, Handler: p.totpEnd, PerMinute: 20},
		{
			Method: http.MethodPost, Path: frame.AccountPath + "/:id/totp", Access: web.Need(core.PermAccountEdit),
			Level: web.Asks, Handler: p.totpReset,
		},
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

// totpPage is the page that sets up the second step.
type totpPage struct {
	templates.Shell
	Image template.URL
	Text  []templates.Fact // the secret, for users who cannot scan
	Form  templates.Form
}

// recoveryPage shows the recovery codes once.
type recoveryPage struct {
	templates.Shell
	Codes []string
}

func (p *Pages) totpBegin(c *web.Context) error {
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.BeginTOTP(c.Ctx(), c.Account().ID) },
		Back: frame.MePath, Next: frame.MePath + "/totp",
	})
}

// totpSetup returns the page with the secret to be confirmed.
func (p *Pages) totpSetup(c *web.Context) (totpPage, error) {
	page := totpPage{Shell: p.Shell(c, "me", "开启两步验证")}
	page.Crumbs = p.meCrumbs()
	secret, err := p.Store.WaitingTOTP(c.Ctx(), c.Account().ID)
	if err != nil {
		return page, err
	}
	picture, err := gate.QRSVG(core.TOTPAddress(c.Account().Login, secret))
	if err != nil {
		return page, err
	}
	page.Image = templates.SVG(picture)
	page.Text = []templates.Fact{{Label: "密钥", Value: core.TOTPText(secret), Copy: true, Code: true}}
	page.Form = templates.Form{Action: frame.MePath +
		"/totp/on", CSRF: page.CSRF, Submit: "开启", Cancel: frame.MePath, Sections: []templates.Section{{
		Fields: []templates.Field{
			{
				Name: "code", Label: "动态码", Required: true, Focus: true, Short: true,
				Autocomplete: "one-time-code", MaxLength: 10, Help: "手机上显示的 6 位数字。",
			},
			{
				Kind: templates.Password, Name: "password", Label: "密码", Required: true,
				Autocomplete: "current-password", MaxLength: core.MaxPassword, Help: "您现在登录用的密码。",
			},
		},
	}}}
	return page, nil
}

func (p *Pages) totpShow(c *web.Context) error {
	page, err := p.totpSetup(c)
	if core.IsNotFound(err) {
		return c.Redirect(frame.MePath) // it was turned on in another tab
	}
	if err != nil {
		return err
	}
	return p.Page(c, http.StatusOK, "console/me/totp", page)
}

type codeForm struct {
	Password string `form:"password" max:"128" text:"raw"`
	Code     string `form:"code" max:"20" required:"请填写动态码"`
}

func (p *Pages) totpConfirm(c *web.Context) error {
	var form codeForm
	err := c.Bind(&form)
	var codes []string
	if err == nil { // a person at an unattended session must not lock its owner out
		err = p.Store.Prove(c.Ctx(), p.proof(c, form.Password))
	}
	if err == nil {
		codes, err = p.Store.ConfirmTOTP(c.Ctx(), c.Actor(), c.Account().ID, form.Code)
	}
	if core.IsNotFound(err) || core.IsConflict(err) {
		c.Flash(web.FlashWarning, core.MessageOf(err))
		return c.Redirect(frame.MePath)
	}
	if err != nil {
		page, gone := p.totpSetup(c)
		if gone != nil {
			return gone
		}
		return p.FormPage(c, err, &page.Form, func(status int) error { return p.Page(c, status, "console/me/totp", page) })
	}
	page := recoveryPage{Shell: p.Shell(c, "me", "两步验证已开启"), Codes: codes}
	page.Crumbs = p.meCrumbs()
	return p.Page(c, http.StatusOK, "console/me/recovery", page)
}

func (p *Pages) totpEndPage(c *web.Context) centreFormPage {
	page := centreFormPage{Shell: p.Shell(c, "me", "关闭两步验证")}
	page.Crumbs = p.meCrumbs()
	page.Form = templates.Form{
		Action: frame.MePath + "/totp/off", CSRF: page.CSRF, Submit: "关闭两步验证", Cancel: frame.MePath,
		Sections: []templates.Section{{
			Help: "关闭后，只凭密码就能登录；恢复码同时作废。", Fields: []templates.Field{
				{
					Kind: templates.Password, Name: "password", Label: "密码", Required: true, Focus: true,
					Autocomplete: "current-password", MaxLength: core.MaxPassword,
				},
				{Name: "code", Label: "动态码", Required: true, Short: true, Autocomplete: "one-time-code", MaxLength: 20, Help: "或一个恢复码。"},
			}}},
	}
	return page
}

// proof is the account's own password, entered again.
func (p *Pages) proof(c *web.Context, password string) store.Proof {
	return store.Proof{Account: c.Account().ID, Password: password, Visit: p.visit(c)}
}

// centreFormPage is a single form in the console's frame.
type centreFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) totpEndAsk(c *web.Context) error {
	return p.Page(c, http.StatusOK, "console/me/proof", p.totpEndPage(c))
}

func (p *Pages) totpEnd(c *web.Context) error {
	var form codeForm
	err := c.Bind(&form)
	if err == nil {
		err = p.Store.EndTOTP(c.Ctx(), c.Actor(), p.proof(c, form.Password), form.Code)
	}
	if err != nil {
		page := p.totpEndPage(c)
		return p.FormPage(c, err, &page.Form, func(status int) error { return p.Page(c, status, "console/me/proof", page) })
	}
	c.Flash(web.FlashSuccess, "两步验证已关闭。")
	return c.Redirect(frame.MePath)
}

func (p *Pages) totpReset(c *web.Context) error {
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
			Title: "重置“" + account.Name + "”的两步验证？", Text: resetTOTPText, Effects: []string{out},
			Submit: "重置两步验证", Danger: true,
		},
		Do:   func() error { return p.Store.ResetTOTP(c.Ctx(), granter(c), account.ID) },
		Done: "已重置，该账号的登录全部退出，微信已解绑，下次只需密码。", Back: frame.AccountURL(account.ID),
	})
}

const resetTOTPText = "用于本人手机丢失。重置后该账号的登录全部退出，微信解绑，只凭密码就能登录；请先确认是本人提出。"
