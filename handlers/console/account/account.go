package account

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (p *Pages) accountRoutes() []web.Route {
	view, edit := web.Need(core.PermAccountView), web.Need(core.PermAccountEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.AccountPath, Access: view, Handler: p.accountList},
		{Method: http.MethodGet, Path: frame.AccountPath + "/new", Access: edit, Handler: p.accountNew},
		{Method: http.MethodPost, Path: frame.AccountPath, Access: edit, Handler: p.accountCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.AccountPath + "/:id", Access: view, Handler: p.accountShow},
		{Method: http.MethodGet, Path: frame.AccountPath + "/:id/edit", Access: edit, Handler: p.accountEdit},
		{Method: http.MethodPost, Path: frame.AccountPath + "/:id", Access: edit, Handler: p.accountUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.AccountPath + "/:id/disable", Access: edit, Level: web.Asks, Handler: p.accountDisable},
		{Method: http.MethodPost, Path: frame.AccountPath + "/:id/enable", Access: edit, Handler: p.accountEnable},
		{Method: http.MethodGet, Path: frame.AccountPath + "/:id/password", Access: edit, Handler: p.accountPasswordNew},
		{Method: http.MethodPost, Path: frame.AccountPath + "/:id/password", Access: edit, Level: web.Asks, Handler: p.accountPassword},
		{Method: http.MethodGet, Path: frame.MePath, Access: web.SignedIn, Handler: p.meShow},
		{Method: http.MethodPost, Path: meMessagePath, Access: web.SignedIn, Handler: p.meMessageUpdate},
	}
}

// granter returns the calling account as the grantor of permissions to others.
func granter(c *web.Context) core.Granter {
	return core.Granter{Actor: c.Actor(), Holds: c.Account()}
}

// accountTabs returns the tabs of 账号权限.
func accountTabs(active string) templates.Tabs {
	return templates.Tabs{Label: "账号权限", Items: []templates.NavItem{
		{Label: "账号", URL: frame.AccountPath, Active: active == "account"},
		{Label: "角色", URL: frame.RolePath, Active: active == "role"},
	}}
}

const accountPageSize = 50

func (p *Pages) accountList(c *web.Context) error {
	var asked struct {
		Keyword string    `form:"q"`
		State   string    `form:"state" of:"enabled disabled"`
		Role    core.Role `form:"role" max:"32"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	filter := store.AccountFilter{
		Keyword: asked.Keyword, Disabled: asked.State == "disabled", Role: asked.Role, Page: c.CountedPage(accountPageSize),
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	filter.At = frame.ChosenCommunity(c, at)
	list, more, err := p.Store.Accounts(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page := accountListOf(accountListing{
		Query: c.Request().URL.Query(), Accounts: list, More: more, Page: filter.Page, Names: at.Names(),
	})
	if len(at.All) > 1 {
		page.List.Filters = append(page.List.Filters, at.Field("全部小区"))
	}
	page.Shell, page.Tabs = p.Shell(c, "account", "账号"), accountTabs("account")
	page.Total = page.List.TotalText("个")
	if c.Has(core.PermAccountEdit) {
		page.Actions = []templates.Action{{Label: "添加账号", URL: frame.NewURL(frame.AccountPath, filter.At), Icon: "plus", Primary: true}}
	}
	return p.Page(c, http.StatusOK, "console/account/list", page)
}

func accountCrumbs(of core.Account) []templates.Crumb {
	crumbs := []templates.Crumb{{Label: "账号", URL: frame.AccountPath}}
	if of.ID != 0 {
		crumbs = append(crumbs, templates.Crumb{Label: of.Name, URL: frame.AccountURL(of.ID)})
	}
	return crumbs
}

func (p *Pages) account(c *web.Context) (core.Account, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Account{}, err
	}
	return p.Store.Account(c.Ctx(), c.Scope(), id)
}

// accountForm is the form of a new and of an existing account; only a new one has an initial
// password.
type accountForm struct {
	Login       string    `form:"login" max:"64"`
	Name        string    `form:"name" max:"64" required:"请填写姓名"`
	Password    string    `form:"password" max:"128" text:"raw"`
	Role        string    `form:"role" max:"32" required:"请选择角色"`
	Permissions []string  `form:"permissions" max:"100"`
	All         bool      `form:"all"`
	Operator    bool      `form:"operator"`
	Communities []core.ID `form:"communities"`
	Seen        int64     `form:"seen"`
}

func (f accountForm) account(id core.ID) core.Account {
	a := core.Account{
		ID: id, Login: f.Login, Name: f.Name, Role: core.Role(f.Role), Scope: core.ScopeOf(f.Communities...),
		Operator: f.Operator, Updated: frame.ShownAt(f.Seen),
	}
	for _, p := range f.Permissions {
		a.Permissions = append(a.Permissions, core.Permission(p))
	}
	if id == 0 && len(a.Permissions) == 0 { // nothing ticked: use the role's permissions
		if preset, err := a.Role.Preset(); err == nil {
			a.Permissions = slices.Clone(preset.Permissions)
		}
	}
	a.Permissions = core.WithNeeded(a.Permissions)
	if f.All {
		a.Scope = core.Everywhere
	}
	return a
}

// wrong returns everything that is wrong with a new account. The required permissions depend on its
// role.
func (f accountForm) wrong() error {
	a := f.account(0).Trimmed()
	fields := web.FieldsOf(frame.MergeFields(a.Check(), core.CheckPassword(a.Login, f.Password)))
	if fields["role"] != "" {
		delete(fields, "permissions")
	}
	return core.InvalidFields(fields)
}

func (p *Pages) accountNew(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	var start core.Account
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		start.Scope = core.ScopeOf(chosen)
	}
	return p.accountFormPage(c, http.StatusOK, core.Account{}, accountFields(c.Account(), start, at.All))
}

func (p *Pages) accountFormPage(c *web.Context, status int, account core.Account, form templates.Form) error {
	page := accountFormPage{Shell: p.Shell(c, "account", "添加账号"), Form: form}
	page.Shell.Crumbs = accountCrumbs(account)
	if account.ID != 0 {
		page.Shell.Title = "修改账号"
	}
	page.Form.CSRF = page.Shell.CSRF
	return p.Page(c, status, "console/account/form", page)
}

func (p *Pages) accountCreate(c *web.Context) error {
	var form accountForm
	err := frame.MergeFields(c.Bind(&form), form.wrong())
	if err == nil {
		var id core.ID
		id, err = p.Store.CreateAccount(c.Ctx(), granter(c), form.account(0), form.Password)
		if err == nil {
			c.Flash(web.FlashSuccess, "账号已添加，首次登录须修改密码。")
			return c.Redirect(frame.AccountURL(id))
		}
	}
	return p.accountWrong(c, core.Account{}, err)
}

// accountWrong shows the form again with its values and messages.
func (p *Pages) accountWrong(c *web.Context, account core.Account, wrong error) error {
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	form := accountFields(c.Account(), account, communities)
	return p.FormPage(c, wrong, &form, func(status int) error { return p.accountFormPage(c, status, account, form) })
}

func (p *Pages) accountEdit(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	return p.accountFormPage(c, http.StatusOK, account, accountFields(c.Account(), account, communities))
}

func (p *Pages) accountUpdate(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	var form accountForm
	err = c.Bind(&form)
	var updated time.Time
	if err == nil {
		after := form.account(account.ID)
		after.Login = account.Login
		updated, err = p.Store.UpdateAccount(c.Ctx(), granter(c), after)
	}
	if err != nil {
		return p.accountWrong(c, account, err)
	}
	p.Edited(c, "账号已保存，立即生效。", accountFields(c.Account(), account, communities), updated)
	return c.Redirect(frame.AccountURL(account.ID))
}

func (p *Pages) accountDisable(c *web.Context) error {
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
			Title: "停用账号“" + account.Name + "”？", Text: "立即生效，不能再登录；可随时重新启用。", Effects: []string{out},
			Submit: "停用账号", Danger: true,
		},
		Do:   func() error { return p.Store.DisableAccount(c.Ctx(), granter(c), account.ID) },
		Done: "账号已停用，该账号的登录已全部退出。", Back: frame.AccountURL(account.ID),
	})
}

// signsOut returns, for a question, how many signed-in devices an act on an account ends.
func (p *Pages) signsOut(c *web.Context, account core.Account) (string, error) {
	sessions, err := p.Store.Sessions(c.Ctx(), core.SessionAccount, account.ID)
	return fmt.Sprintf("退出该账号的 %d 处登录", len(sessions)), err
}

func (p *Pages) accountEnable(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableAccount(c.Ctx(), granter(c), account.ID) },
		Done: "账号已启用。", Back: frame.AccountURL(account.ID),
	})
}

type resetForm struct {
	Password string `form:"password" max:"128" text:"raw" required:"请填写新的初始密码"`
}

func (p *Pages) accountPasswordNew(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	return p.accountPasswordPage(c, http.StatusOK, account, resetFields(account.ID))
}

func (p *Pages) accountPassword(c *web.Context) error {
	account, err := p.account(c)
	if err != nil {
		return err
	}
	var form resetForm
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = core.CheckPassword(account.Login, form.Password)
	}
	if wrong == nil {
		ask, err := p.resetQuestion(c, account)
		if err != nil {
			return err
		}
		if asked, err := p.Ask(c, "account", ask); asked {
			return err
		}
		wrong = p.Store.ResetPassword(c.Ctx(), granter(c), account.ID, form.Password)
	}
	if wrong != nil {
		reset := resetFields(account.ID)
		return p.FormPage(c, wrong, &reset, func(status int) error { return p.accountPasswordPage(c, status, account, reset) })
	}
	c.Flash(web.FlashSuccess, "密码已重置，该账号的登录全部退出，微信绑定一并解除；下次登录须修改。")
	return c.Redirect(frame.AccountURL(account.ID))
}

// resetQuestion asks before a password is reset, with what else that ends.
func (p *Pages) resetQuestion(c *web.Context, account core.Account) (templates.Confirm, error) {
	out, err := p.signsOut(c, account)
	q := templates.Confirm{
		Title: "重置“" + account.Name + "”的密码？", Text: "原密码立即失效；用新的初始密码登录后须修改。",
		Effects: []string{out}, Submit: "重置密码", Danger: true, Keep: c.Form(),
		Action: frame.AccountURL(account.ID) + "/password", Cancel: frame.AccountURL(account.ID),
	}
	if account.User != 0 {
		q.Effects = append(q.Effects, "解除绑定的 1 个微信，须重新绑定")
	}
	return q, err
}

func (p *Pages) accountPasswordPage(c *web.Context, status int, account core.Account, form templates.Form) error {
	page := accountFormPage{Shell: p.Shell(c, "account", "重置密码"), Form: form}
	page.Note = account.Name + "的登录全部退出，微信绑定一并解除；下次登录须修改密码。"
	page.Shell.Crumbs = accountCrumbs(account)
	page.Form.CSRF = page.Shell.CSRF
	return p.Page(c, status, "console/account/form", page)
}
