package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// accountsOffered is the maximum number of accounts to choose from.
const accountsOffered = 500

// staffOfAccount returns the staff member in the path for somebody who may change accounts, and staff.
func (p *Pages) staffOfAccount(c *web.Context) (core.Staff, error) {
	m, err := p.staff(c)
	switch {
	case err != nil:
		return m, err
	case !c.Has(core.PermStaffEdit):
		return m, core.Forbidden("关联账号也需要“修改员工”的权限")
	case !m.Left.IsZero():
		return m, errStaffLeft
	}
	return m, nil
}

// staffAccount shows which account of the console is a staff member's.
func (p *Pages) staffAccount(c *web.Context) error {
	m, err := p.staffOfAccount(c)
	if err != nil {
		return err
	}
	return p.staffAccountPage(c, m, nil)
}

func (p *Pages) staffAccountLink(c *web.Context) error {
	m, err := p.staffOfAccount(c)
	if err != nil {
		return err
	}
	var form struct {
		Account core.ID `form:"account"`
	}
	wrong := c.Bind(&form)
	if wrong == nil {
		wrong = p.Store.LinkStaffAccount(c.Ctx(), core.Granter{Actor: c.Actor(), Holds: c.Account()}, m.ID, form.Account)
	}
	if wrong != nil {
		m.Account = form.Account
		return p.staffAccountPage(c, m, wrong)
	}
	done := "已关联，“" + m.Name + "”离职时该账号一并停用。"
	if form.Account == 0 {
		done = "已取消关联。"
	}
	c.Flash(web.FlashSuccess, done)
	return c.Redirect(frame.StaffURL(m.ID))
}

func (p *Pages) staffAccountPage(c *web.Context, m core.Staff, wrong error) error {
	accounts, _, err := p.Store.Accounts(c.Ctx(), c.Scope(), store.AccountFilter{Page: store.Page{Limit: accountsOffered}})
	if err != nil {
		return err
	}
	field := templates.Field{
		Kind: templates.Select, Name: "account", Label: "后台账号", Choices: []templates.Choice{{Value: "0", Label: "不关联"}},
		Help: "离职时一并停用，登录立即失效。",
	}
	if m.Account != 0 {
		field.Value = m.Account.String()
	}
	for _, a := range accounts {
		if c.Account().Covers(a) {
			field.Choices = append(field.Choices, templates.Choice{Value: a.ID.String(), Label: a.Name + "（" + a.Login + "）"})
		}
	}
	form := templates.Form{
		Action: frame.StaffURL(m.ID) + "/account", CSRF: c.CSRF(), Cancel: frame.StaffURL(m.ID), Submit: "保存",
		Sections: []templates.Section{{Fields: []templates.Field{field}}},
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := staffFormPage{Shell: p.Shell(c, "staff", "关联账号"), Form: form}
		page.Crumbs = append(staffCrumbs(), templates.Crumb{Label: m.Name, URL: frame.StaffURL(m.ID)})
		return p.Page(c, status, "console/staff/account", page)
	})
}
