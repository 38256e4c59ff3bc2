package registry

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// staffRoutes returns the routes of 员工信息.
func (p *Pages) staffRoutes() []web.Route {
	view, edit := web.Need(core.PermStaffView), web.Need(core.PermStaffEdit)
	link := web.Need(core.PermAccountEdit) // and to change staff, see staffOfAccount
	return []web.Route{
		{Method: http.MethodGet, Path: frame.StaffPath, Access: view, Handler: p.staffList},
		{Method: http.MethodGet, Path: frame.StaffPath + "/new", Access: edit, Handler: p.staffNew},
		{Method: http.MethodPost, Path: frame.StaffPath, Access: edit, Handler: p.staffCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.StaffPath + "/:id", Access: view, Handler: p.staffShow},
		{Method: http.MethodGet, Path: frame.StaffPath + "/:id/edit", Access: edit, Handler: p.staffEdit},
		{Method: http.MethodPost, Path: frame.StaffPath + "/:id", Access: edit, Handler: p.staffUpdate, Draft: true},
		{Method: http.MethodGet, Path: frame.StaffPath + "/:id/account", Access: link, Handler: p.staffAccount},
		{Method: http.MethodPost, Path: frame.StaffPath + "/:id/account", Access: link, Handler: p.staffAccountLink},
		{Method: http.MethodPost, Path: frame.StaffPath + "/:id/remove", Access: edit, Level: web.Asks, Handler: p.staffRemove},
	}
}

func staffCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "员工信息", URL: frame.StaffPath}}
}

// staff returns the staff member in the path.
func (p *Pages) staff(c *web.Context) (core.Staff, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Staff{}, err
	}
	return p.Store.Staff(c.Ctx(), c.Scope(), id)
}

// departments returns the departments of the account's scope as a tree.
func (p *Pages) departments(c *web.Context) (core.DepartmentTree, error) {
	all, err := p.Store.DepartmentsWithin(c.Ctx(), c.Scope())
	return core.NewDepartmentTree(all), err
}

// departmentText names departments by their paths.
func departmentText(tree core.DepartmentTree, ids []core.ID) string {
	var paths []string
	for _, id := range ids {
		if node, ok := tree.Of(id); ok {
			paths = append(paths, node.Path)
		}
	}
	return frame.Joined(paths)
}

// servedText names the communities that somebody serves; those out of sight are counted.
func servedText(all []core.Community, ids []core.ID) string {
	if len(ids) == 0 {
		return "未分配"
	}
	var names []string
	for _, community := range all {
		for _, id := range ids {
			if community.ID == id {
				names = append(names, community.Name)
			}
		}
	}
	text := frame.Joined(names)
	if n := len(ids) - len(names); n > 0 {
		text += " 等 " + frame.Grouped(len(ids)) + " 个小区"
	}
	return text
}

type staffShowPage struct {
	templates.Shell
	Detail templates.Detail
	Facts  []templates.Fact
	Ties   []staffTie
}

// staffTie is what ends when somebody leaves; URL is "" without the permission.
type staffTie struct{ What, Name, URL string }

// tiesOf returns what else belongs to a staff member, in words.
func (p *Pages) tiesOf(c *web.Context, m core.Staff) ([]staffTie, error) {
	if !m.Left.IsZero() {
		return nil, nil
	}
	found, err := p.Store.StaffTies(c.Ctx(), c.Scope(), m.ID)
	ties := make([]staffTie, len(found))
	for i, tie := range found {
		ties[i] = staffTie{Name: tie.Name}
		switch tie.Stem {
		case "account":
			if ties[i].What = "后台账号"; c.Has(core.PermAccountView) {
				ties[i].URL = frame.AccountURL(tie.ID)
			}
		case "guard":
			if ties[i].What = "门岗人员"; c.Has(core.PermGuardPostView) {
				ties[i].URL = frame.GuardURL(tie.ID)
			}
		case "observer":
			if ties[i].What = "观察员"; c.Has(core.PermObserverView) {
				ties[i].URL = frame.ObserverURL(tie.ID)
			}
		}
	}
	return ties, err
}

func (p *Pages) staffShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	m, err := p.staff(c)
	if err != nil {
		return err
	}
	tree, err := p.departments(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	page := staffShowPage{Shell: p.Shell(c, "staff", m.Name), Facts: []templates.Fact{
		{Label: "性别", Value: core.SexLabel(m.Sex)}, {Label: "职级", Value: m.Grade}, {Label: "微信号", Value: m.Wechat},
		{Label: "住址", Value: m.Address},
	}}
	page.Crumbs = staffCrumbs()
	page.Detail = templates.Detail{
		Path: frame.StaffURL(m.ID), CSRF: page.CSRF, Badges: staffBadges(m),
		Facts: []templates.Fact{
			{Label: "手机", Value: m.Phone}, {Label: "所属部门", Value: departmentText(tree, m.Departments)},
			{Label: "职位", Value: m.Position}, {Label: "服务小区", Value: servedText(communities, m.Communities)},
		},
	}
	if page.Ties, err = p.tiesOf(c, m); err != nil {
		return err
	}
	if c.Has(core.PermStaffEdit) && m.Left.IsZero() {
		page.Detail.Menu = staffMenu(m, page.CSRF)
		page.Detail.Actions, page.Detail.Menu.Links = page.Detail.Menu.Links, nil
		page.Detail.Actions[0].Primary = true
		if c.Has(core.PermAccountEdit) { // it links the account
			page.Detail.Actions = append(page.Detail.Actions, templates.Action{
				Label: "关联账号", URL: frame.StaffURL(m.ID) + "/account", Icon: "user-cog",
			})
		}
	}
	if page.Detail.Timeline, err = p.Timeline(c, "staff:"+m.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "资料")
	return p.Page(c, http.StatusOK, "console/staff/show", page)
}

// staffBadges are the states of a staff member.
func staffBadges(m core.Staff) []templates.Badge {
	switch {
	case !m.Left.IsZero():
		return []templates.Badge{{Tone: templates.Neutral, Text: "已离职"}}
	case m.Corp != 0:
		return []templates.Badge{{Tone: templates.Good, Text: "企业微信"}}
	}
	return []templates.Badge{{Tone: templates.Neutral, Text: "手工录入"}}
}

// staffMenu returns the menu of a staff member's row.
func staffMenu(m core.Staff, csrf string) templates.RowMenu {
	return templates.RowMenu{
		Label: m.Name + " 的操作", CSRF: csrf,
		Links: []templates.Action{{Label: "修改", URL: frame.StaffURL(m.ID) + "/edit", Icon: "pencil"}},
		Acts:  []templates.Submit{{Label: "删除", URL: frame.StaffURL(m.ID) + "/remove", Icon: "trash", Ask: true}},
	}
}

func (p *Pages) staffRemove(c *web.Context) error {
	m, err := p.staff(c)
	if err != nil {
		return err
	}
	ties, err := p.tiesOf(c, m)
	if err != nil {
		return err
	}
	ask := templates.Confirm{
		Title: "删除员工“" + m.Name + "”？", Submit: "删除员工", Danger: true,
		Text: "用于离职或登记有误。本人的手机页面和登录立即失效，操作日志保留。不能撤销，需要时重新添加。",
	}
	if m.Corp != 0 {
		ask.Text += "只要还在企业微信的可见范围内，下次同步会重新出现；请先在企业微信里移除。"
	}
	ask.Effects = []string{fmt.Sprintf("1 名员工不再服务 %d 个小区", len(m.Communities))}
	for _, tie := range ties {
		ask.Effects = append(ask.Effects, tie.What+"“"+tie.Name+"”一并停用")
	}
	return p.Act(c, frame.Act{
		Ask:  ask,
		Do:   func() error { return p.Store.RemoveStaff(c.Ctx(), c.Actor(), c.Scope(), m.ID) },
		Done: "已删除员工“" + m.Name + "”，立即生效。", Back: frame.BackTo(c, frame.StaffPath, frame.StaffURL(m.ID)),
		Next: frame.StaffPath,
	})
}
