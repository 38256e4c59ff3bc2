package account

import (
	"cmp"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (p *Pages) sessionRoutes() []web.Route {
	perMinute := cmp.Or(p.SignInPerMinute, 20)
	return []web.Route{
		{Method: http.MethodGet, Path: "/console/session", Access: web.Public, Handler: p.sessionNew},
		{Method: http.MethodPost, Path: "/console/session", Access: web.Public, Handler: p.sessionCreate, PerMinute: perMinute},
		{Method: http.MethodPost, Path: signInCodePath, Access: web.Public, Handler: p.sessionCode, PerMinute: perMinute},
		{Method: http.MethodGet, Path: signInCodePath, Access: web.Public, Handler: p.sessionNew},
		{Method: http.MethodGet, Path: web.DraftPage, Access: web.SignedIn, Handler: p.draftShow},
		web.UndoRoute(),
		{Method: http.MethodGet, Path: "/console/captcha/:id", Access: web.Public, Handler: p.captchaShow, PerMinute: 3 * perMinute},
		{Method: http.MethodPost, Path: web.SignOutPath, Access: web.SignedIn, Handler: p.sessionDelete},
		{Method: http.MethodGet, Path: web.PasswordPage, Access: web.SignedIn, Handler: p.passwordEdit},
		{Method: http.MethodPost, Path: web.PasswordPage, Access: web.SignedIn, Handler: p.passwordUpdate, PerMinute: perMinute},
		{Method: http.MethodPost, Path: frame.MePath + "/session/end", Access: web.SignedIn, Level: web.Asks, Handler: p.meSessionsEnd},
		{Method: http.MethodPost, Path: frame.MePath + "/session/:id/end", Access: web.SignedIn, Handler: p.meSessionEnd},
		{Method: http.MethodGet, Path: "/console/setup", Access: web.Public, Handler: p.setupNew, PerMinute: perMinute},
		{Method: http.MethodPost, Path: "/console/setup", Access: web.Public, Handler: p.setupCreate, PerMinute: perMinute},
	}
}

// signInCodePath is the second step of a sign-in; a GET, after a reload, starts over.
const signInCodePath = "/console/session/code"

type signInForm struct {
	Login     string `form:"login" max:"64" required:"请填写账号"`
	Password  string `form:"password" max:"128" text:"raw" required:"请填写密码"`
	CaptchaID string `form:"captcha_id" max:"100"`
	Captcha   string `form:"captcha" max:"16" required:"请填写验证码"`
	Next      string `form:"next" max:"500"`
}

// signPage is the sign-in page with a captcha; centrePage contains only a form.
type signPage struct {
	templates.Shell
	Form    templates.Form
	Picture string // URL of the captcha's picture
	Next    string
	Wechat  string // URL of the sign-in by WeChat; "" = not available
}

type centrePage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) sessionNew(c *web.Context) error {
	next := web.LocalPath(c.Query("next"), "/console")
	if c.SignedIn() {
		return c.Redirect(next)
	}
	return p.sessionNewPage(c, http.StatusOK, templates.Form{}, next)
}

// sessionNewPage shows the form with a new captcha; words has the messages of an earlier attempt.
func (p *Pages) sessionNewPage(c *web.Context, status int, words templates.Form, next string) error {
	captcha := p.Captchas.New()
	page := signPage{Shell: p.Shell(c, "", "登录"), Next: next, Picture: "/console/captcha/" + captcha}
	if p.Captchas.CacheDown(c.Ctx()) {
		page.Shell.Note = cacheDown
	}
	if p.HasOfficial() {
		page.Wechat = templates.WithQuery(wechatSignInPath, nil, "next", next)
	}
	page.Form = signInFields(words)
	page.Form.CSRF, page.Form.Error = page.Shell.CSRF, words.Error
	page.Form.Add(
		templates.Field{Kind: templates.Hidden, Name: "captcha_id", Value: captcha},
		templates.Field{Kind: templates.Hidden, Name: "next", Value: next})
	return p.Page(c, status, "console/session/new", page)
}

// cacheDown is shown where an administrator looks first when doors stay shut.
const cacheDown = "缓存连接失败，二维码暂时无法使用。仍可登录控制台。"

// signInFields returns the fields, with the values and messages of an earlier attempt.
func signInFields(earlier templates.Form) templates.Form {
	form := templates.Form{Action: "/console/session", Submit: "登录", Sign: true, Sections: []templates.Section{{Fields: []templates.Field{
		{Name: "login", Label: "账号", Required: true, Focus: true, Autocomplete: "username", MaxLength: 64},
		{
			Kind: templates.Password, Name: "password", Label: "密码", Required: true,
			Autocomplete: "current-password", MaxLength: core.MaxPassword,
		},
		{Name: "captcha", Label: "验证码", Required: true, Autocomplete: "off", MaxLength: 16, Short: true},
	}}}}
	if len(earlier.Sections) > 0 {
		form.Sections = earlier.Sections
	}
	return form
}

func (p *Pages) sessionCreate(c *web.Context) error {
	var form signInForm
	err := c.Bind(&form)
	if err == nil {
		err = p.Captchas.Check(c.Ctx(), form.CaptchaID, form.Captcha)
	}
	if err != nil {
		return p.sessionRefuse(c, form, err)
	}
	done, err := p.Store.SignIn(c.Ctx(), store.SignIn{Login: form.Login, Password: form.Password, Visit: p.visit(c)})
	if err != nil {
		return p.sessionRefuse(c, form, err)
	}
	return p.enter(c, done, web.LocalPath(form.Next, "/console"))
}

// visit returns where a sign-in comes from.
func (p *Pages) visit(c *web.Context) store.Visit {
	return store.Visit{
		Addr: c.Addr(), Network: c.Network(), Browser: c.Visitor(), Known: c.KnownBrowser(),
		Agent: c.Request().UserAgent(), Request: c.RequestID(), Rule: p.signInRule(), Life: c.ConsoleLife(),
	}
}

// codeFields returns the form of the second step.
func codeFields(pending, next string) templates.Form {
	return templates.Form{Action: signInCodePath, Submit: "登录", Cancel: "/console/session", Sign: true, Sections: []templates.Section{{
		Fields: []templates.Field{
			{
				Name: "code", Label: "动态码", Required: true, Focus: true,
				Help: "手机身份验证器上的 6 位数字。手机不在身边时，可填一个恢复码。", Autocomplete: "one-time-code", MaxLength: 20,
			},
			{Kind: templates.Hidden, Name: "pending", Value: pending},
			{Kind: templates.Hidden, Name: "next", Value: next},
		},
	}}}
}

func (p *Pages) sessionCodePage(c *web.Context, status int, form templates.Form) error {
	page := centrePage{Shell: p.Shell(c, "", "两步验证"), Form: form}
	page.Form.CSRF = page.Shell.CSRF
	return p.Page(c, status, "console/session/password", page)
}

type signInCodeForm struct {
	Pending string `form:"pending" max:"64"`
	Code    string `form:"code" max:"20" required:"请填写动态码"`
	Next    string `form:"next" max:"500"`
}

// sessionCode handles the second step of a sign-in.
func (p *Pages) sessionCode(c *web.Context) error {
	var form signInCodeForm
	err := c.Bind(&form)
	next := web.LocalPath(form.Next, "/console")
	var done store.SignedIn
	if err == nil {
		done, err = p.Store.ConfirmSignIn(c.Ctx(), form.Pending, form.Code, p.visit(c))
	}
	switch {
	case core.CodeOf(err) == core.CodeUnauthenticated:
		c.Flash(web.FlashWarning, core.MessageOf(err))
		return c.Redirect(templates.WithQuery("/console/session", nil, "next", next))
	case core.CodeOf(err) == core.CodeForbidden:
		fields := codeFields(form.Pending, next)
		fields.Error = core.MessageOf(err)
		return p.sessionCodePage(c, http.StatusTooManyRequests, fields)
	case err != nil:
		fields := codeFields(form.Pending, next)
		return p.FormPage(c, err, &fields, func(status int) error { return p.sessionCodePage(c, status, fields) })
	}
	c.SetSessionCookie(web.SurfaceConsole, done.Token, done.Session)
	return c.Redirect(next)
}

func (p *Pages) signInRule() core.SignInRule {
	return core.SignInRule{After: cmp.Or(p.SignInRule.After, 5), MaxWait: cmp.Or(p.SignInRule.MaxWait, 15*time.Minute)}
}

// sessionRefuse shows the form again with a new captcha. If the user has to wait, the page says so
// too.
func (p *Pages) sessionRefuse(c *web.Context, form signInForm, err error) error {
	status := web.StatusOf(err)
	switch core.CodeOf(err) {
	case core.CodeForbidden:
		status = http.StatusTooManyRequests
	case core.CodeInvalid, core.CodeUnavailable:
	default:
		return err
	}
	fields := signInFields(templates.Form{})
	messages := web.FieldsOf(err)
	fields.Set(c.Form(), messages)
	if messages == nil {
		fields.Error = core.MessageOf(err)
	}
	fields.Change("captcha", func(f *templates.Field) { f.Value = "" }) // there is a new picture
	return p.sessionNewPage(c, status, fields, web.LocalPath(form.Next, "/console"))
}

func (p *Pages) captchaShow(c *web.Context) error {
	picture, err := p.Captchas.Picture(c.Param("id"))
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, "image/png", picture)
}

func (p *Pages) sessionDelete(c *web.Context) error {
	if err := c.EndSession(); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已退出登录。")
	return c.Redirect("/console/session")
}

type passwordForm struct {
	Old      string `form:"old" max:"128" text:"raw" required:"请填写原密码"`
	Password string `form:"password" max:"128" text:"raw" required:"请填写新密码"`
	Again    string `form:"again" max:"128" text:"raw" required:"请再次填写新密码"`
}

const passwordHelp = "10 至 128 位，不要使用姓名、账号或常见密码"

func (p *Pages) passwordFields(c *web.Context) templates.Form {
	form := templates.Form{Action: web.PasswordPage, Submit: "修改密码", Sign: true, Sections: []templates.Section{{Fields: []templates.Field{
		{
			Kind: templates.Password, Name: "old", Label: "原密码", Required: true, Focus: true,
			Autocomplete: "current-password", MaxLength: core.MaxPassword,
		},
		{
			Kind: templates.Password, Name: "password", Label: "新密码", Required: true, Help: passwordHelp,
			Autocomplete: "new-password", MaxLength: core.MaxPassword,
		},
		{
			Kind: templates.Password, Name: "again", Label: "再次输入新密码", Required: true,
			Autocomplete: "new-password", MaxLength: core.MaxPassword,
		},
	}}}}
	if !c.Account().MustChange {
		form.Cancel = "/console"
	}
	return form
}

func (p *Pages) passwordEdit(c *web.Context) error {
	return p.passwordFormPage(c, http.StatusOK, p.passwordFields(c))
}

func (p *Pages) passwordFormPage(c *web.Context, status int, form templates.Form) error {
	page := centrePage{Shell: p.Shell(c, "", "修改密码"), Form: form}
	if c.Account().MustChange {
		page.Shell.Note = "首次登录或密码被重置后，请先设置自己的密码"
	}
	page.Form.CSRF = page.Shell.CSRF
	return p.Page(c, status, "console/session/password", page)
}

func (p *Pages) passwordUpdate(c *web.Context) error {
	var form passwordForm
	err := c.Bind(&form)
	if err == nil && form.Again != form.Password {
		err = core.InvalidFields(map[string]string{"again": "两次输入的新密码不一致"})
	}
	if err == nil {
		err = p.Store.ChangePassword(c.Ctx(), c.Actor(), store.PasswordChange{
			Session: c.Session(), Old: form.Old, New: form.Password, Visit: p.visit(c),
		})
	}
	if err != nil {
		fields := p.passwordFields(c)
		return p.FormPage(c, err, &fields, func(status int) error { return p.passwordFormPage(c, status, fields) })
	}
	c.Flash(web.FlashSuccess, "密码已修改，其他设备上的登录已退出。")
	return c.Redirect("/console")
}

type setupForm struct {
	Token    string `form:"token" max:"64"`
	Login    string `form:"login" max:"64" required:"请填写账号"`
	Name     string `form:"name" max:"64" required:"请填写姓名"`
	Password string `form:"password" max:"128" text:"raw" required:"请填写密码"`
	Again    string `form:"again" max:"128" text:"raw" required:"请再次填写密码"`
}

func setupFields(token string) templates.Form {
	// The URL keeps the token, so that the page of a rejected form can be reloaded.
	action := templates.WithQuery("/console/setup", nil, "token", token)
	return templates.Form{Action: action, Submit: "添加管理员", Sign: true, Sections: []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "token", Value: token},
		{Name: "login", Label: "账号", Required: true, Focus: true, Help: "小写字母和数字，如 admin", Autocomplete: "username", MaxLength: 64},
		{Name: "name", Label: "姓名", Required: true, Autocomplete: "name", MaxLength: 64},
		{
			Kind: templates.Password, Name: "password", Label: "密码", Required: true, Help: passwordHelp,
			Autocomplete: "new-password", MaxLength: core.MaxPassword,
		},
		{
			Kind: templates.Password, Name: "again", Label: "再次输入密码", Required: true,
			Autocomplete: "new-password", MaxLength: core.MaxPassword,
		},
	}}}}
}

// setupNew is the page of the first start's one-time link.
func (p *Pages) setupNew(c *web.Context) error {
	token := c.Query("token")
	err := p.Store.CheckFirstAdminToken(c.Ctx(), token)
	if core.IsConflict(err) {
		return firstAdminMade(c, err)
	}
	if err != nil {
		return err
	}
	return p.setupFormPage(c, http.StatusOK, setupFields(token))
}

// firstAdminMade leads anybody who comes back to the link, or sent its form twice, to the sign-in.
func firstAdminMade(c *web.Context, err error) error {
	c.Flash(web.FlashSuccess, core.MessageOf(err))
	return c.Redirect("/console/session")
}

func (p *Pages) setupFormPage(c *web.Context, status int, form templates.Form) error {
	c.Header().Set("Referrer-Policy", "no-referrer") // the URL contains the token
	page := centrePage{Shell: p.Shell(c, "", "添加第一位管理员"), Form: form}
	page.Shell.Note = "该链接只能使用一次"
	page.Form.CSRF = page.Shell.CSRF
	return p.Page(c, status, "console/session/password", page)
}

func (p *Pages) setupCreate(c *web.Context) error {
	var form setupForm
	err := c.Bind(&form)
	if err == nil && form.Again != form.Password {
		err = core.InvalidFields(map[string]string{"again": "两次输入的密码不一致"})
	}
	if err == nil {
		_, err = p.Store.ConsumeFirstAdminToken(c.Ctx(), c.Actor(), form.Token, store.FirstAdmin{
			Login: form.Login, Name: form.Name, Password: form.Password,
		})
	}
	if core.IsConflict(err) {
		return firstAdminMade(c, err)
	}
	if err != nil {
		fields := setupFields(form.Token)
		return p.FormPage(c, err, &fields, func(status int) error { return p.setupFormPage(c, status, fields) })
	}
	// The password was typed a moment ago, twice.
	done, err := p.Store.SignIn(c.Ctx(), store.SignIn{Login: form.Login, Password: form.Password, Visit: p.visit(c)})
	if err != nil {
		c.Shortfall("sign-in of the first admin", err)
		c.Flash(web.FlashSuccess, "管理员已添加，请登录。")
		return c.Redirect("/console/session")
	}
	c.Flash(web.FlashSuccess, "管理员已添加，已登录。")
	return p.enter(c, done, "/console")
}
