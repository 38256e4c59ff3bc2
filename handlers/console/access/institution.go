package access

import (
	"cmp"
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

// institutionRoutes returns the routes of 机构管理: whose members have dedicated passes.
func (p *Pages) institutionRoutes() []web.Route {
	view, edit := web.Need(core.PermInstitutionView), web.Need(core.PermInstitutionEdit)
	const path = frame.InstitutionPath
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: view, Handler: p.institutionList},
		{Method: http.MethodGet, Path: path + "/new", Access: edit, Handler: p.institutionNew},
		{Method: http.MethodPost, Path: path, Access: edit, Handler: p.institutionCreate, Draft: true},
		{Method: http.MethodGet, Path: path + "/:id", Access: view, Handler: p.institutionShow},
		{Method: http.MethodGet, Path: path + "/:id/edit", Access: edit, Handler: p.institutionEdit},
		{Method: http.MethodPost, Path: path + "/:id", Access: edit, Level: web.Types, Handler: p.institutionUpdate, Draft: true},
		{Method: http.MethodPost, Path: path + "/:id/disable", Access: edit, Level: web.Types, Handler: p.institutionDisable},
		{Method: http.MethodPost, Path: path + "/:id/enable", Access: edit, Handler: p.institutionEnable},
		{Method: http.MethodPost, Path: path + "/:id/remove", Access: edit, Level: web.Asks, Handler: p.institutionRemove},
	}
}

// institution returns the institution in the path, if the account may see it.
func (p *Pages) institution(c *web.Context) (core.Institution, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Institution{}, err
	}
	return p.Store.Institution(c.Ctx(), c.Scope(), id)
}

// institutionToChange returns the institution in the path, if the account may change it.
func (p *Pages) institutionToChange(c *web.Context) (core.Institution, error) {
	i, err := p.institution(c)
	if err == nil {
		err = wholly(i.Wholly)
	}
	return i, err
}

// beyondScope is why somebody may not change what also concerns other communities than theirs.
const beyondScope = "该机构还进入您管理范围以外的小区"

// wholly refuses what an account may see and not change, before anything is asked.
func wholly(of bool) error {
	if of {
		return nil
	}
	return core.Forbidden(beyondScope + "，请由上级管理员操作")
}

func institutionCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: core.PassDedicated.Label(), URL: frame.MemberPath}, {Label: "机构", URL: frame.InstitutionPath}}
}

type institutionShowPage struct {
	templates.Shell
	Detail  templates.Detail
	Members []memberRow
	All     templates.Action // leads to all members
	New     string           // the form for another member; "" = no permission, disabled, or also of communities beyond the scope
}

// institutionMembers is how many members the page of an institution shows.
const institutionMembers = 20

func (p *Pages) institutionShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	i, err := p.institution(c)
	if err != nil {
		return err
	}
	communities, err := p.Communities(c)
	if err != nil {
		return err
	}
	members, _, err := p.Store.Members(c.Ctx(), c.Scope(), store.MemberFilter{
		Institution: i.ID, Page: core.Page{Limit: institutionMembers},
	})
	if err != nil {
		return err
	}
	page := institutionShowPage{Shell: p.Shell(c, "institution", i.Name), Members: memberRows(members, p.Today(c))}
	page.Crumbs = institutionCrumbs()
	page.All = templates.Action{
		Label: "全部成员", URL: templates.WithQuery(frame.MemberPath, nil, "community", frame.AllCommunities, "institution", i.ID.String()),
	}
	page.Detail = templates.Detail{
		Path: frame.InstitutionURL(i.ID), Badges: []templates.Badge{frame.ServiceBadge(i.Disabled.IsZero(), "使用中")},
		Facts: []templates.Fact{
			{Label: "可进入的小区", Value: communitiesText(i.Communities, communities, len(communities))},
			{Label: "在用成员", Value: frame.Grouped(i.Members) + " 人"},
		},
	}
	if i.Remark != "" {
		page.Detail.Facts = append(page.Detail.Facts, templates.Fact{Label: "备注", Value: i.Remark})
	}
	if c.Has(core.PermInstitutionEdit) {
		menu := institutionMenu(i, page.CSRF)
		page.Detail.Actions, menu.Links = menu.Links, nil
		page.Detail.Menu = menu
		if i.Disabled.IsZero() && i.Wholly {
			page.New = memberNewURL(i.ID)
			page.Detail.Actions = append(
				page.Detail.Actions, templates.Action{Label: "添加成员", URL: page.New, Icon: "plus", Primary: true},
			)
		}
	}
	if page.Detail.Timeline, err = p.TimelineOfShared(c, "institution:"+i.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "成员")
	return p.Page(c, http.StatusOK, "console/institution/show", page)
}

// institutionMenu returns the menu of an institution's row.
func institutionMenu(i core.Institution, csrf string) templates.RowMenu {
	menu := templates.RowMenu{
		Label: i.Name + " 的操作", CSRF: csrf,
		Links: []templates.Action{{Label: "修改", URL: frame.InstitutionURL(i.ID) + "/edit", Icon: "pencil"}},
		Acts:  []templates.Submit{{Label: "停用", URL: frame.InstitutionURL(i.ID) + "/disable", Icon: "ban", Ask: true}},
	}
	if !i.Disabled.IsZero() {
		menu.Acts = []templates.Submit{{Label: "启用", URL: frame.InstitutionURL(i.ID) + "/enable", Icon: "check"}}
	}
	remove := templates.Submit{Label: "删除", URL: frame.InstitutionURL(i.ID) + "/remove", Icon: "trash", Ask: true}
	if i.Everyone > 0 {
		remove.Off = "还有 " + frame.Grouped(i.Everyone) + " 名成员"
	}
	menu.Acts = offBeyond(i.Wholly, append(menu.Acts, remove))
	return menu
}

// offBeyond draws acts off that would be refused since they concern communities beyond the account's.
func offBeyond(wholly bool, acts []templates.Submit) []templates.Submit {
	for i := range acts {
		if !wholly {
			acts[i].Off = beyondScope
		}
	}
	return acts
}

// institutionForm is the posted form.
type institutionForm struct {
	Name        string    `form:"name" max:"60"`
	Remark      string    `form:"remark" max:"200"`
	Communities []core.ID `form:"communities" max:"500"`
	Seen        int64     `form:"seen"`
}

func (f institutionForm) institution(id core.ID) core.Institution {
	return core.Institution{
		ID: id, Name: f.Name, Remark: f.Remark, Communities: f.Communities, Updated: frame.ShownAt(f.Seen),
	}
}

type institutionFormPage struct {
	templates.Shell
	Form templates.Form
}

func (p *Pages) institutionNew(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	i := core.Institution{}
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		i.Communities = []core.ID{chosen}
	}
	return p.institutionFormPage(c, i, nil)
}

// institutionFormPage shows the form with the institution's values, or as submitted if it is invalid.
func (p *Pages) institutionFormPage(c *web.Context, i core.Institution, wrong error) error {
	form, err := p.institutionForm(c, i)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := institutionFormPage{Shell: p.Shell(c, "institution", "添加机构"), Form: form}
		page.Crumbs = institutionCrumbs()
		if i.ID != 0 {
			page.Title = "修改机构"
		}
		return p.Page(c, status, "console/institution/form", page)
	})
}

func (p *Pages) institutionForm(c *web.Context, i core.Institution) (templates.Form, error) {
	communities, err := p.Communities(c)
	if err != nil {
		return templates.Form{}, err
	}
	if len(communities) == 0 {
		return templates.Form{}, frame.ErrNoCommunityYet
	}
	form := templates.Form{
		Action: frame.InstitutionPath, CSRF: c.CSRF(), Cancel: frame.InstitutionPath, Submit: "添加", More: i.ID == 0,
		Sections: institutionFields(i, communities),
	}
	if i.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.InstitutionURL(i.ID), frame.InstitutionURL(i.ID), "保存"
		form.Seen = templates.Seen(i.Updated)
	}
	return form, nil
}

func institutionFields(i core.Institution, communities []core.Community) []templates.Section {
	fields := []templates.Field{
		{
			Name: "name", Label: "名称", Value: i.Name, Required: true, MaxLength: core.MaxInstitutionName, Focus: i.ID == 0,
			Placeholder: "顺丰速运", Autocomplete: "off",
		},
		communityChecks("可进入的小区", communities, i.Communities, i.ID == 0),
		{Name: "remark", Label: "备注", Value: i.Remark, MaxLength: core.MaxInstitutionRemark, Placeholder: "联系人、合同期限等"},
	}
	if i.ID != 0 && !i.Wholly {
		fields[0] = templates.Field{Kind: templates.Static, Name: "name", Label: "名称", Value: i.Name, Help: beyondScope + "，只能改小区。"}
		fields[2] = templates.Field{Kind: templates.Static, Name: "remark", Label: "备注", Value: cmp.Or(i.Remark, "没有填写")}
	}
	return []templates.Section{{Fields: fields}}
}

func (p *Pages) institutionCreate(c *web.Context) error {
	var form institutionForm
	wrong := c.Bind(&form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateInstitution(c.Ctx(), c.Actor(), c.Scope(), form.institution(0))
	}
	if wrong != nil {
		return p.institutionFormPage(c, form.institution(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: "机构已添加。请添加成员，每人一张专用通行证。", Page: frame.InstitutionURL(id),
		Another: frame.InstitutionPath + "/new",
	})
}

func (p *Pages) institutionEdit(c *web.Context) error {
	i, err := p.institution(c)
	if err != nil {
		return err
	}
	return p.institutionFormPage(c, i, nil)
}

func (p *Pages) institutionUpdate(c *web.Context) error {
	old, err := p.institution(c)
	if err != nil {
		return err
	}
	was, err := p.institutionForm(c, old)
	if err != nil {
		return err
	}
	var form institutionForm
	wrong := c.Bind(&form)
	i := form.institution(old.ID)
	i.Disabled, i.Wholly = old.Disabled, old.Wholly
	if !old.Wholly { // the form shows them, and does not send them
		i.Name, i.Remark = old.Name, old.Remark
	}
	if wrong == nil && frame.EditsAgain(c) {
		return p.institutionFormPage(c, i, nil)
	}
	if wrong == nil {
		asked, err := p.institutionAsk(c, old, i)
		if asked || err != nil {
			return err
		}
	}
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateInstitution(c.Ctx(), c.Actor(), c.Scope(), i)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			i = old
		}
		return p.institutionFormPage(c, i, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated)
	return c.Redirect(frame.InstitutionURL(i.ID))
}

// institutionAsk asks before members lose communities or gain some, and reports whether it did. What is wrong with the form
// is the store's to say, and taking back asks nothing.
func (p *Pages) institutionAsk(c *web.Context, old, i core.Institution) (asked bool, err error) {
	if old.Members == 0 || i.Trimmed().Check() != nil || c.Form().Has(web.UndoneField) {
		return false, nil
	}
	if !i.Updated.IsZero() && i.Updated.UnixMilli() != old.Updated.UnixMilli() {
		return false, nil // the store says that it is stale
	}
	communities, err := p.Communities(c)
	if err != nil {
		return false, err
	}
	members := frame.Grouped(old.Members) + " 名成员"
	var lost, gained []string
	for _, community := range communities {
		was, is := slices.Contains(old.Communities, community.ID), slices.Contains(i.Communities, community.ID)
		if was && !is {
			lost = append(lost, members+"不能再进出"+community.Name)
		}
		if is && !was {
			gained = append(gained, members+"可以进出"+community.Name)
		}
	}
	if len(lost)+len(gained) == 0 {
		return false, nil
	}
	effects := append(lost, gained...)
	return p.Ask(c, "institution", templates.Confirm{
		Title: "改变“" + old.Name + "”可进入的小区？", Text: "立即生效，可以再改回来。", Submit: "保存机构", Edit: true,
		Effects: frame.Named(len(effects), "个小区", func(n int) string { return effects[n] }),
		Action:  frame.InstitutionURL(old.ID), Cancel: frame.InstitutionURL(old.ID), Keep: c.Form(), Typed: frame.TypedNumber(old.Members),
	})
}

func (p *Pages) institutionDisable(c *web.Context) error {
	i, err := p.institutionToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + i.Name + "”？", Submit: "停用机构", Danger: true,
			Text:    "全部成员的专用通行证立即失效，进出都会被拒绝。成员资料保留，可以随时启用。",
			Effects: []string{fmt.Sprintf("%s 名成员的通行证立即失效", frame.Grouped(i.Members))},
			Typed:   frame.TypedNumber(i.Members),
		},
		Do:   func() error { return p.Store.DisableInstitution(c.Ctx(), c.Actor(), c.Scope(), i.ID) },
		Done: "已停用“" + i.Name + "”，成员的通行证立即失效。",
		Back: frame.BackTo(c, frame.InstitutionPath, frame.InstitutionURL(i.ID)),
	})
}

// institutionRemove deletes an institution that was added by mistake: one with members is refused.
func (p *Pages) institutionRemove(c *web.Context) error {
	i, err := p.institutionToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除“" + i.Name + "”？", Submit: "删除机构", Danger: true,
			Text:    "只能删除没有成员的机构。不能撤销，需要时重新添加。",
			Effects: []string{"从 " + frame.Grouped(len(i.Communities)) + " 个小区的机构里去掉"},
		},
		Do:   func() error { return p.Store.RemoveInstitution(c.Ctx(), c.Actor(), c.Scope(), i.ID) },
		Done: "已删除“" + i.Name + "”。", Back: frame.BackTo(c, frame.InstitutionPath, frame.InstitutionPath),
	})
}

func (p *Pages) institutionEnable(c *web.Context) error {
	i, err := p.institutionToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableInstitution(c.Ctx(), c.Actor(), c.Scope(), i.ID) },
		Done: "已启用“" + i.Name + "”，有效期内的成员立即可以通行。",
		Back: frame.BackTo(c, frame.InstitutionPath, frame.InstitutionURL(i.ID)),
	})
}
