package account

import (
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// accountSignInsTab is the tab with an account's sessions and sign-ins.
const accountSignInsTab = "signins"

// accountShowPage is one account: what it may do and where, its sign-ins, what was done to it, and the
// way to what it did and looked at.
type accountShowPage struct {
	templates.Shell
	Detail      templates.Detail
	Scope       string
	Permissions templates.Section // a matrix of those it has
	Log         []templates.Action
	Sessions    []sessionLine
	History     []attemptLine
}

func (p *Pages) accountShow(c *web.Context) error {
	tab, err := frame.DetailTab(c, accountSignInsTab)
	if err != nil {
		return err
	}
	account, err := p.account(c)
	if err != nil {
		return err
	}
	names, err := p.CommunityNames(c)
	if err != nil {
		return err
	}
	state, err := p.Store.TOTPState(c.Ctx(), account.ID)
	if err != nil {
		return err
	}
	page := accountShowOf(account, names, totpFacts(state)[0].Badge)
	page.Shell = p.Shell(c, "account", account.Name)
	page.Crumbs = accountCrumbs(core.Account{})
	if page.Detail.CSRF = page.CSRF; c.Has(core.PermAuditView) {
		page.Log = accountLog(account.ID)
	}
	if c.Has(core.PermAccountEdit) && account.ID != c.Account().ID && c.Account().Covers(account) {
		page.Detail.Actions = []templates.Action{
			{Label: "修改", URL: frame.AccountURL(account.ID) + "/edit", Icon: "pencil", Primary: true},
		}
		page.Detail.Menu = accountMenu(account, state.On(), page.CSRF)
	}
	if err := p.accountSignIns(c, account.ID, tab, &page); err != nil {
		return err
	}
	if page.Detail.Timeline, err = p.Timeline(c, "account:"+account.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "权限", accountSignInsTab, "登录")
	return p.Page(c, http.StatusOK, "console/account/show", page)
}

// accountSignIns adds the sessions and sign-ins, on their tab.
func (p *Pages) accountSignIns(c *web.Context, account core.ID, tab string, page *accountShowPage) (err error) {
	if tab != accountSignInsTab {
		return nil
	}
	sessions, err := p.Store.Sessions(c.Ctx(), core.SessionAccount, account)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		page.Sessions = append(page.Sessions, sessionLine{Session: s, Browser: core.AgentLabel(s.Agent)})
	}
	page.History, err = p.attempts(c, account)
	return err
}

// accountShowOf returns the page of an account that the caller may see.
func accountShowOf(a core.Account, names map[core.ID]string, totp templates.Badge) accountShowPage {
	page := accountShowPage{Scope: scopeList(a.Scope, names)}
	page.Detail = templates.Detail{
		Path: frame.AccountURL(a.ID), Badges: []templates.Badge{accountBadge(a)},
		Facts: []templates.Fact{
			{Label: "账号", Value: a.Login}, {Label: "角色", Value: a.Role.Name()}, {Label: "小区", Value: scopeText(a.Scope, names)},
			{Label: "两步验证", Badge: totp}, {Label: "微信", Badge: frame.BoundBadge(a.User)},
		},
	}
	if a.Operator {
		page.Detail.Badges = append(page.Detail.Badges, templates.Badge{Tone: templates.Info, Text: "运维人"})
	}
	page.Permissions = permissionSection(a, a)
	for i := range page.Permissions.Fields {
		field := &page.Permissions.Fields[i]
		field.Choices = slices.DeleteFunc(field.Choices, func(c templates.Choice) bool { return !field.Chosen(c.Value) })
	}
	page.Permissions.Fields = slices.DeleteFunc(page.Permissions.Fields, func(f templates.Field) bool {
		return len(f.Choices) == 0
	})
	return page
}

// accountMenu returns the acts of the page.
func accountMenu(a core.Account, totp bool, csrf string) templates.RowMenu {
	at := frame.AccountURL(a.ID)
	menu := templates.RowMenu{
		Label: a.Name + " 的操作", CSRF: csrf,
		Links: []templates.Action{{Label: "重置密码", URL: at + "/password", Icon: "key"}},
	}
	if totp {
		menu.Acts = append(menu.Acts, templates.Submit{Label: "重置两步验证", URL: at + "/totp", Icon: "shield", Ask: true})
	}
	if a.User != 0 {
		menu.Acts = append(menu.Acts, templates.Submit{
			Label: "解绑微信", URL: at + "/wechat/off", Icon: "brand-wechat", Ask: true,
		})
	}
	if a.Disabled.IsZero() {
		menu.Acts = append(menu.Acts, templates.Submit{Label: "停用账号", URL: at + "/disable", Icon: "ban", Ask: true})
		return menu
	}
	menu.Acts = append(menu.Acts, templates.Submit{Label: "启用账号", URL: at + "/enable", Icon: "check"})
	return menu
}

// accountLog leads to what an account did and whose whole numbers it looked at.
func accountLog(id core.ID) []templates.Action {
	actor := actorChoice(core.Actor{Kind: core.ActorAccount, ID: id})
	return []templates.Action{
		{Label: "做过的操作", URL: templates.WithQuery(frame.AuditPath, nil, "actor", actor), Icon: "history"},
		{
			Label: "看过谁的号码", Icon: "eye",
			URL: templates.WithQuery(frame.AuditPath, nil, "actor", actor, "act", auditReveal),
		},
	}
}

func scopeList(scope core.Scope, names map[core.ID]string) string {
	if scope.Whole() {
		return "全部小区"
	}
	words := ""
	for i, id := range scope.Communities() {
		if i > 0 {
			words += "、"
		}
		words += names[id]
	}
	return words
}
