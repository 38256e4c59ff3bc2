package access

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// memberRoutes returns the routes of 专用通行证: the members of institutions.
func (p *Pages) memberRoutes() []web.Route {
	view, edit := web.Need(core.PermInstitutionView), web.Need(core.PermInstitutionEdit)
	const path = frame.MemberPath
	return []web.Route{
		{Method: http.MethodGet, Path: path, Access: view, Handler: p.memberList},
		{Method: http.MethodGet, Path: path + "/new", Access: edit, Handler: p.memberNew},
		{Method: http.MethodPost, Path: path, Access: edit, Handler: p.memberCreate, Draft: true},
		{Method: http.MethodPost, Path: path + "/renew", Access: edit, Level: web.Types, Handler: p.membersRenew},
		{Method: http.MethodGet, Path: path + "/:id", Access: view, Handler: p.memberShow},
		{Method: http.MethodGet, Path: path + "/:id/edit", Access: edit, Handler: p.memberEdit},
		{Method: http.MethodPost, Path: path + "/:id", Access: edit, Handler: p.memberUpdate, Draft: true},
		{Method: http.MethodPost, Path: path + "/:id/disable", Access: edit, Level: web.Asks, Handler: p.memberDisable},
		{Method: http.MethodPost, Path: path + "/:id/enable", Access: edit, Handler: p.memberEnable},
		{Method: http.MethodPost, Path: path + "/:id/remove", Access: edit, Level: web.Asks, Handler: p.memberRemove},
		// Who may change members may look at their pictures.
		{Method: http.MethodGet, Path: memberPhotoPath + "/:id", Access: edit, Handler: p.memberPhoto},
		{Method: http.MethodGet, Path: path + "/:id/photo", Access: edit, Handler: p.memberPhotoNew},
		{
			Method: http.MethodPost, Path: path + "/:id/photo", Access: edit, Handler: p.memberPhotoCreate,
			EachPerMinute: memberPhotosPerMinute, Body: web.UploadBody(core.MaxPhotoBytes),
		},
		{Method: http.MethodPost, Path: path + "/:id/photo/remove", Access: edit, Level: web.Asks, Handler: p.memberPhotoRemove},
	}
}

// member returns the member in the path, if the account may see them.
func (p *Pages) member(c *web.Context) (core.Member, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Member{}, err
	}
	return p.Store.Member(c.Ctx(), c.Scope(), id)
}

// memberToChange returns the member in the path, if the account may change them.
func (p *Pages) memberToChange(c *web.Context) (core.Member, error) {
	m, err := p.member(c)
	if err == nil {
		err = wholly(m.Wholly)
	}
	return m, err
}

func memberCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: core.PassDedicated.Label(), URL: frame.MemberPath}}
}

// memberNewURL returns the URL of an empty form for a member of an institution.
func memberNewURL(institution core.ID) string {
	return templates.WithQuery(frame.MemberPath+"/new", nil, "institution", institution.String())
}

// memberForm is the posted form.
type memberForm struct {
	Institution core.ID `form:"institution"`
	Name        string  `form:"name" max:"40"`
	Phone       string  `form:"phone" max:"40"`
	IDNumber    string  `form:"id_number" max:"40"`
	From        string  `form:"from" max:"10"`
	Until       string  `form:"until" max:"10"`
	Remark      string  `form:"remark" max:"200"`
	Seen        int64   `form:"seen"`
}

// member returns what was typed. A day that cannot be read is 0: the check says that it is missing.
func (f memberForm) member(id core.ID) core.Member {
	day := func(text string) core.Day {
		d, err := core.ParseDay(text)
		if err != nil {
			return 0
		}
		return d
	}
	return core.Member{
		ID: id, Institution: f.Institution, Name: f.Name, Phone: f.Phone, IDNumber: f.IDNumber, From: day(f.From), Until: day(f.Until),
		Remark: f.Remark, Updated: frame.ShownAt(f.Seen),
	}
}

type memberFormPage struct {
	templates.Shell
	Form  templates.Form
	Empty templates.Empty // in place of the form: what comes first
}

func (p *Pages) memberNew(c *web.Context) error {
	var asked struct {
		Institution core.ID `form:"institution"`
		Community   string  `form:"community" max:"20"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	today := p.Today(c)
	m := core.Member{Institution: asked.Institution, From: today, Name: frame.SoughtName(c)}
	m.Until = (core.Member{Until: today - 1}).Renewed(12, today)
	if empty, err := p.noInstitution(c, asked.Community); err != nil || empty.Title != "" {
		if err != nil {
			return err
		}
		page := memberFormPage{Shell: p.Shell(c, "institution", "添加成员"), Empty: empty}
		page.Crumbs = memberCrumbs()
		return p.Page(c, http.StatusOK, "console/member/form", page)
	}
	return p.memberFormPage(c, m, nil)
}

// noInstitution returns what comes before a member, if there is no institution that the account could add one to.
func (p *Pages) noInstitution(c *web.Context, community string) (empty templates.Empty, err error) {
	communities, err := p.Communities(c)
	if err == nil && len(communities) == 0 {
		err = frame.ErrNoCommunityYet
	}
	if err != nil {
		return empty, err
	}
	institutions, err := p.Store.InstitutionsFor(c.Ctx(), c.Scope())
	if err != nil || len(institutions) > 0 {
		return empty, err
	}
	empty = templates.Empty{
		Icon: "building-community", Title: "还没有机构", Text: "成员都属于一个机构：先添加快递、保洁等机构，再添加它的成员。",
		Action: templates.Action{Label: "添加机构", URL: frame.InstitutionPath + "/new", Icon: "plus", Primary: true},
	}
	if community != "" {
		empty.Action.URL = templates.WithQuery(empty.Action.URL, nil, "community", community)
	}
	others, _, err := p.Store.Institutions(c.Ctx(), c.Scope(), store.InstitutionFilter{Page: store.Page{Limit: 1}})
	if len(others) > 0 {
		empty.Title = "没有您可以添加成员的机构"
		empty.Text = "现有的机构已停用，或还进入您管理范围以外的小区：这样的机构请由上级管理员添加成员。"
		empty.More = templates.Action{Label: "查看机构", URL: frame.InstitutionPath}
	}
	return empty, err
}

// memberFormPage shows the form with the member's values, or as submitted if it is invalid.
func (p *Pages) memberFormPage(c *web.Context, m core.Member, wrong error) error {
	form, err := p.memberForm(c, m)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := memberFormPage{Shell: p.Shell(c, "institution", "添加成员"), Form: form}
		page.Crumbs = memberCrumbs()
		if m.ID != 0 {
			page.Title = "修改成员"
		}
		return p.Page(c, status, "console/member/form", page)
	})
}

func (p *Pages) memberForm(c *web.Context, m core.Member) (templates.Form, error) {
	form := templates.Form{
		Action: frame.MemberPath, CSRF: c.CSRF(), Cancel: frame.MemberPath, Submit: "添加", More: m.ID == 0,
	}
	of := templates.Field{Kind: templates.Static, Name: "institution_name", Label: "机构", Value: m.InstitutionName}
	if m.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.MemberURL(m.ID), frame.MemberURL(m.ID), "保存"
		form.Seen = templates.Seen(m.Updated)
	} else {
		institutions, err := p.Store.InstitutionsFor(c.Ctx(), c.Scope())
		if err != nil {
			return form, err
		}
		of = institutionField(m.Institution, institutions)
	}
	form.Sections = memberFields(m, of)
	return form, nil
}

// institutionField chooses the institution of a new member: the one that was asked for, or the only one if none was.
func institutionField(chosen core.ID, institutions []core.Institution) templates.Field {
	field := templates.Field{
		Kind: templates.Select, Name: "institution", Label: "机构", Required: true, Choices: []templates.Choice{{Label: "请选择机构"}},
	}
	if chosen == 0 && len(institutions) == 1 {
		field.Value = institutions[0].ID.String()
	}
	for _, i := range institutions {
		if i.ID == chosen {
			field.Value = i.ID.String()
		}
		field.Choices = append(field.Choices, templates.Choice{Value: i.ID.String(), Label: i.Name})
	}
	return field
}

func memberFields(m core.Member, of templates.Field) []templates.Section {
	idNumber := templates.Field{Name: "id_number", Label: "证件号", MaxLength: 40, Autocomplete: "off"}
	if m.ID != 0 && m.IDNumber != "" {
		idNumber.Placeholder, idNumber.Help = m.IDNumber, "现为 "+m.IDNumber+"，不填则不变。"
	}
	date := func(d core.Day) string {
		if d == 0 {
			return ""
		}
		return d.String()
	}
	return []templates.Section{{Fields: []templates.Field{
		of,
		{Name: "name", Label: "姓名", Value: m.Name, Required: true, MaxLength: core.MaxName, Focus: m.ID == 0, Autocomplete: "off"},
		frame.PhoneField(m.Phone, m.ID == 0),
		idNumber,
		{Kind: templates.Date, Name: "from", Label: "开始日期", Value: date(m.From), Required: true},
		{Kind: templates.Date, Name: "until", Label: "有效期至", Value: date(m.Until), Required: true, Help: "含当天，到期后不能通行。"},
		{Name: "remark", Label: "备注", Value: m.Remark, MaxLength: core.MaxMemberRemark, Autocomplete: "off"},
	}}}
}

func (p *Pages) memberCreate(c *web.Context) error {
	var form memberForm
	wrong := c.Bind(&form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateMember(c.Ctx(), c.Actor(), c.Scope(), form.member(0))
	}
	if wrong != nil {
		return p.memberFormPage(c, form.member(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name:    core.Clean(form.Name),
		Message: "成员已添加。本人用这个手机号登录小程序或公众号并核对姓名，就有专用通行证。可以继续添加照片。",
		Page:    frame.MemberURL(id), Another: memberNewURL(form.Institution),
	})
}

func (p *Pages) memberEdit(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	return p.memberFormPage(c, m, nil)
}

func (p *Pages) memberUpdate(c *web.Context) error {
	old, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	was, err := p.memberForm(c, old)
	if err != nil {
		return err
	}
	var form memberForm
	wrong := c.Bind(&form)
	m := form.member(old.ID)
	m.Institution, m.InstitutionName, m.Disabled = old.Institution, old.InstitutionName, old.Disabled
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateMember(c.Ctx(), c.Actor(), c.Scope(), m)
	}
	if wrong != nil {
		if m.Phone, m.IDNumber = old.Phone, old.IDNumber; core.IsStale(wrong) {
			m = old
		}
		return p.memberFormPage(c, m, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated, "phone", "id_number")
	return c.Redirect(frame.MemberURL(m.ID))
}

func (p *Pages) memberDisable(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + m.Name + "”？", Submit: "停用成员", Danger: true,
			Text:    "专用通行证立即失效，进出都会被拒绝。资料和出入记录保留，可以随时启用。",
			Effects: []string{m.InstitutionName + " 的 1 名成员，立即生效"},
		},
		Do:   func() error { return p.Store.DisableMember(c.Ctx(), c.Actor(), c.Scope(), m.ID) },
		Done: "已停用“" + m.Name + "”，通行证立即失效。", Back: frame.BackTo(c, frame.MemberPath, frame.MemberURL(m.ID)),
	})
}

// memberRemove deletes a member who was added by mistake: one to whom records of doors lead is refused.
func (p *Pages) memberRemove(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "删除“" + m.Name + "”？", Submit: "删除成员", Danger: true,
			Text:    "资料、照片和专用通行证一起删除，不能撤销。有出入记录的成员不能删除，请停用。",
			Effects: []string{m.InstitutionName + " 的 1 名成员"},
		},
		Do:   func() error { return p.Store.RemoveMember(c.Ctx(), c.Actor(), c.Scope(), m.ID) },
		Done: "已删除“" + m.Name + "”。", Back: frame.BackTo(c, frame.MemberPath, frame.MemberPath),
	})
}

func (p *Pages) memberEnable(c *web.Context) error {
	m, err := p.memberToChange(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableMember(c.Ctx(), c.Actor(), c.Scope(), m.ID) },
		Done: "已启用“" + m.Name + "”。", Back: frame.BackTo(c, frame.MemberPath, frame.MemberURL(m.ID)),
	})
}
