package console

import (
	"net/http"
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const accountPath = "/console/account"

func (h *Console) accountRoutes() []web.Route {
	view, edit := web.Need(core.PermAccountView), web.Need(core.PermAccountEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: accountPath, Access: view, Handler: h.accounts},
		{Method: http.MethodGet, Path: accountPath + "/new", Access: edit, Handler: h.newAccount},
		{Method: http.MethodPost, Path: accountPath, Access: edit, Handler: h.createAccount, Draft: true},
		{Method: http.MethodGet, Path: accountPath + "/:id", Access: view, Handler: h.account},
		{Method: http.MethodGet, Path: accountPath + "/:id/edit", Access: edit, Handler: h.editAccount},
		{Method: http.MethodPost, Path: accountPath + "/:id", Access: edit, Handler: h.updateAccount, Draft: true},
		{Method: http.MethodPost, Path: accountPath + "/:id/disable", Access: edit, Handler: h.disableAccount},
		{Method: http.MethodPost, Path: accountPath + "/:id/enable", Access: edit, Handler: h.enableAccount},
		{Method: http.MethodPost, Path: accountPath + "/:id/password", Access: edit, Handler: h.resetPassword},
		{Method: http.MethodGet, Path: mePath, Access: web.SignedIn, Handler: h.me},
	}
}

func accountURL(id core.ID) string { return accountPath + "/" + id.String() }

// granter is the calling account as one who makes and changes others.
func granter(c *web.Context) core.Granter {
	return core.Granter{Actor: c.Actor(), Holds: c.Account()}
}

const accountPageSize = 50

func (h *Console) accounts(c *web.Context) error {
	filter := store.AccountFilter{Keyword: c.Query("q"), Disabled: c.Query("state") == "disabled", Role: core.Role(c.Query("role")), Page: c.Page(accountPageSize)}
	list, more, err := h.Store.Accounts(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	names, err := h.communityNames(c)
	if err != nil {
		return err
	}
	page := accountListOf(accountListing{Query: c.Request().URL.Query(), Accounts: list, More: more, Page: filter.Page, Names: names, Edit: c.Has(core.PermAccountEdit)})
	page.Shell = h.shell(c, "account", "账号")
	page.Shell.Actions = page.List.Actions
	return h.page(c, http.StatusOK, "console/account/list", page)
}

// communityNames gives the names of the communities in the caller's scope.
func (h *Console) communityNames(c *web.Context) (map[core.ID]string, error) {
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	names := make(map[core.ID]string, len(communities))
	for _, community := range communities {
		names[community.ID] = community.Name
	}
	return names, err
}

func (h *Console) account(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	sessions, err := h.Store.Sessions(c.Ctx(), core.SessionAccount, account.ID)
	if err != nil {
		return err
	}
	names, err := h.communityNames(c)
	if err != nil {
		return err
	}
	editable := c.Has(core.PermAccountEdit) && account.ID != c.Account().ID && c.Account().Covers(account)
	page := accountShowOf(account, names, sessions, editable)
	if page.History, err = h.attempts(c, account.ID); err != nil {
		return err
	}
	state, err := h.Store.TOTPState(c.Ctx(), account.ID)
	if err != nil {
		return err
	}
	page.Facts = append(page.Facts, templates.Fact{Label: "两步验证", Badge: totpFacts(state)[0].Badge})
	if state.On() {
		page.Acts = append(page.Acts, templates.Submit{Label: "重置两步验证", URL: accountURL(account.ID) + "/totp", Icon: "shield", Danger: true, Confirm: resetTOTPText})
	}
	page.Facts = append(page.Facts, templates.Fact{Label: "微信", Badge: boundBadge(account.User)})
	if account.User != 0 {
		page.Acts = append(page.Acts, templates.Submit{Label: "解绑微信", URL: accountURL(account.ID) + "/wechat/off", Icon: "brand-wechat", Danger: true, Confirm: unbindOfText(account)})
	}
	page.Shell = h.shell(c, "account", account.Name)
	page.Shell.Crumbs = accountCrumbs(core.Account{})
	if editable {
		page.Shell.Actions = []templates.Action{{Label: "修改", URL: accountURL(account.ID) + "/edit", Icon: "pencil", Primary: true}}
	}
	page.Reset.CSRF = page.Shell.CSRF
	return h.page(c, http.StatusOK, "console/account/show", page)
}

func accountCrumbs(of core.Account) []templates.Crumb {
	crumbs := []templates.Crumb{{Label: "账号", URL: accountPath}}
	if of.ID != 0 {
		crumbs = append(crumbs, templates.Crumb{Label: of.Name, URL: accountURL(of.ID)})
	}
	return crumbs
}

func (h *Console) accountOf(c *web.Context) (core.Account, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Account{}, err
	}
	return h.Store.Account(c.Ctx(), c.Scope(), id)
}

// accountForm is both the form of a new account and of one that exists; the
// first password is asked for with the new one alone.
type accountForm struct {
	Login       string    `form:"login" max:"64"`
	Name        string    `form:"name" max:"64" required:"请填写姓名"`
	Password    string    `form:"password" max:"128" text:"raw"`
	Role        string    `form:"role" max:"32" required:"请选择角色"`
	Permissions []string  `form:"permissions" max:"100"`
	All         bool      `form:"all"`
	Communities []core.ID `form:"communities"`
	Seen        int64     `form:"seen"`
}

func (f accountForm) account(id core.ID) core.Account {
	a := core.Account{ID: id, Login: f.Login, Name: f.Name, Role: core.Role(f.Role), Scope: core.Scope{All: f.All}, Updated: shownAt(f.Seen)}
	for _, p := range f.Permissions {
		a.Permissions = append(a.Permissions, core.Permission(p))
	}
	if id == 0 && len(a.Permissions) == 0 { // nothing ticked: the role's own
		if preset, err := a.Role.Preset(); err == nil {
			a.Permissions = slices.Clone(preset.Permissions)
		}
	}
	a.Permissions = core.WithNeeded(a.Permissions)
	if !f.All {
		a.Scope.IDs = f.Communities
	}
	return a
}

// wrong is all that is wrong with a new account, at once. Which permissions it needs
// hangs on its role.
func (f accountForm) wrong() error {
	a := f.account(0).Trimmed()
	fields := web.FieldsOf(mergeFields(a.Check(), core.CheckPassword(a.Login, f.Password)))
	if fields["role"] != "" {
		delete(fields, "permissions")
	}
	return core.InvalidFields(fields)
}

func (h *Console) newAccount(c *web.Context) error {
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	return h.showAccountForm(c, http.StatusOK, core.Account{}, accountFields(c.Account(), core.Account{}, communities))
}

func (h *Console) showAccountForm(c *web.Context, status int, account core.Account, form templates.Form) error {
	page := accountFormPage{Shell: h.shell(c, "account", "添加账号"), Form: form}
	page.Shell.Crumbs = accountCrumbs(account)
	if account.ID != 0 {
		page.Shell.Title = "修改账号"
	}
	page.Form.CSRF = page.Shell.CSRF
	return h.page(c, status, "console/account/form", page)
}

func (h *Console) createAccount(c *web.Context) error {
	var form accountForm
	err := mergeFields(c.Bind(&form), form.wrong())
	if err == nil {
		var id core.ID
		id, err = h.Store.CreateAccount(c.Ctx(), granter(c), form.account(0), form.Password)
		if err == nil {
			c.Flash(web.FlashSuccess, "账号已创建，首次登录须修改密码。")
			return c.Redirect(accountURL(id))
		}
	}
	return h.accountFormAgain(c, core.Account{}, err)
}

// accountFormAgain shows the form with what was typed and what is wrong with it.
func (h *Console) accountFormAgain(c *web.Context, account core.Account, wrong error) error {
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	form := accountFields(c.Account(), account, communities)
	return h.formPage(c, wrong, &form, func(status int) error { return h.showAccountForm(c, status, account, form) })
}

func (h *Console) editAccount(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	communities, err := h.Store.Communities(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	return h.showAccountForm(c, http.StatusOK, account, accountFields(c.Account(), account, communities))
}

func (h *Console) updateAccount(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	var form accountForm
	err = c.Bind(&form)
	if err == nil {
		after := form.account(account.ID)
		after.Login = account.Login
		err = h.Store.UpdateAccount(c.Ctx(), granter(c), after)
	}
	if err != nil {
		return h.accountFormAgain(c, account, err)
	}
	c.Flash(web.FlashSuccess, "账号已保存，立即生效。")
	return c.Redirect(accountURL(account.ID))
}

func (h *Console) disableAccount(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	if c.Form().Get("confirmed") != "1" {
		return h.confirmDisable(c, account)
	}
	if err := h.Store.DisableAccount(c.Ctx(), granter(c), account.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "账号已停用，该账号的登录已全部退出。")
	return c.Redirect(accountURL(account.ID))
}

func (h *Console) confirmDisable(c *web.Context, account core.Account) error {
	page := templates.ConfirmPage{Shell: h.shell(c, "account", "停用账号")}
	page.Shell.Crumbs = accountCrumbs(account)
	page.Confirm = templates.Confirm{
		Title: "停用账号 " + account.Name, Text: "停用后立即退出该账号在所有设备上的登录，且不能再登录。可随时重新启用。",
		Action: accountURL(account.ID) + "/disable", CSRF: page.Shell.CSRF, Keep: url.Values{}, Submit: "停用账号", Cancel: accountURL(account.ID), Danger: true,
	}
	return h.page(c, http.StatusOK, "console/confirm/show", page)
}

func (h *Console) enableAccount(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	if err := h.Store.EnableAccount(c.Ctx(), granter(c), account.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "账号已启用。")
	return c.Redirect(accountURL(account.ID))
}

type resetForm struct {
	Password string `form:"password" max:"128" text:"raw" required:"请填写新的初始密码"`
}

func (h *Console) resetPassword(c *web.Context) error {
	account, err := h.accountOf(c)
	if err != nil {
		return err
	}
	var form resetForm
	err = c.Bind(&form)
	if err == nil {
		err = h.Store.ResetPassword(c.Ctx(), granter(c), account.ID, form.Password)
	}
	if err != nil {
		reset := resetFields(account.ID)
		return h.formPage(c, err, &reset, func(status int) error { return h.showReset(c, status, account, reset) })
	}
	c.Flash(web.FlashSuccess, "密码已重置，该账号的登录全部退出，微信绑定一并解除；下次登录须修改。")
	return c.Redirect(accountURL(account.ID))
}

func (h *Console) showReset(c *web.Context, status int, account core.Account, form templates.Form) error {
	page := accountFormPage{Shell: h.shell(c, "account", "重置密码"), Form: form}
	page.Shell.Crumbs = accountCrumbs(account)
	page.Form.CSRF = page.Shell.CSRF
	return h.page(c, status, "console/account/form", page)
}
