package registry

import (
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// staffForm is the posted form.
type staffForm struct {
	Name        string    `form:"name" max:"40"`
	Sex         string    `form:"sex" of:"male female"`
	Phone       string    `form:"phone" max:"40"`
	Departments []core.ID `form:"departments" max:"50"`
	Path        string    `form:"new_department" max:"200"`
	Position    string    `form:"position" max:"40"`
	Grade       string    `form:"grade" max:"40"`
	Wechat      string    `form:"wechat" max:"40"`
	Address     string    `form:"address" max:"100"`
	Communities []core.ID `form:"communities" max:"500"`
	Seen        int64     `form:"seen"`
}

// staff returns what was typed, upon the staff member as they are.
func (f staffForm) staff(old core.Staff) core.Staff {
	typed := core.Staff{
		Name: f.Name, Sex: f.Sex, Phone: f.Phone, Departments: f.Departments, Position: f.Position, Grade: f.Grade,
		Wechat: f.Wechat, Address: f.Address, Communities: f.Communities,
	}
	m := typed.Over(old)
	m.Phone, m.Updated = f.Phone, frame.ShownAt(f.Seen)
	return m
}

// path returns the department that is added.
func (f staffForm) path() ([]string, error) {
	path, err := core.DepartmentPath(f.Path)
	if err != nil {
		return nil, core.InvalidFields(map[string]string{"new_department": core.MessageOf(err)})
	}
	return path, nil
}

type staffFormPage struct {
	templates.Shell
	Form templates.Form
}

// staffDraft is a staff member as the form shows them.
type staffDraft struct {
	core.Staff
	Path string
}

func (p *Pages) staffNew(c *web.Context) error {
	var asked struct {
		Department core.ID `form:"department"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	m := core.Staff{Name: frame.SoughtName(c), Phone: frame.SoughtPhone(c)}
	if chosen := frame.ChosenCommunity(c, at); chosen != 0 {
		m.Communities = []core.ID{chosen}
	}
	if asked.Department != 0 {
		m.Departments = []core.ID{asked.Department}
	}
	return p.staffFormPage(c, staffDraft{Staff: m}, nil)
}

func (p *Pages) staffCreate(c *web.Context) error {
	var form staffForm
	wrong := c.Bind(&form)
	m := form.staff(core.Staff{})
	path, err := form.path()
	wrong = frame.MergeFields(wrong, err)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateStaff(c.Ctx(), c.Actor(), c.Scope(), m, path)
	}
	if wrong != nil {
		return p.staffFormPage(c, staffDraft{m, form.Path}, wrong)
	}
	another := frame.StaffPath + "/new"
	if len(m.Communities) == 1 {
		another = frame.NewURL(frame.StaffPath, m.Communities[0])
	}
	return p.Added(c, frame.Added{Name: m.Name, Message: "已添加“" + m.Name + "”。", Page: frame.StaffURL(id), Another: another})
}

// errStaffLeft refuses to change somebody who left.
var errStaffLeft = core.Conflict("该员工已离职，不能修改")

func (p *Pages) staffEdit(c *web.Context) error {
	m, err := p.staff(c)
	if err == nil && !m.Left.IsZero() {
		err = errStaffLeft
	}
	if err != nil {
		return err
	}
	return p.staffFormPage(c, staffDraft{Staff: m}, nil)
}

func (p *Pages) staffUpdate(c *web.Context) error {
	old, err := p.staff(c)
	if err == nil && !old.Left.IsZero() {
		err = errStaffLeft
	}
	if err != nil {
		return err
	}
	was, err := p.staffForm(c, staffDraft{Staff: old})
	if err != nil {
		return err
	}
	var form staffForm
	wrong := c.Bind(&form)
	m := form.staff(old)
	path, err := form.path()
	wrong = frame.MergeFields(wrong, err)
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateStaff(c.Ctx(), c.Actor(), c.Scope(), m, path)
	}
	if wrong != nil {
		if m.Phone = old.Phone; core.IsStale(wrong) {
			m = old
		}
		return p.staffFormPage(c, staffDraft{m, form.Path}, wrong)
	}
	p.Edited(c, "已保存。", was, updated, "phone", "new_department")
	return c.Redirect(frame.StaffURL(old.ID))
}

// staffFormPage shows the form of a new or an existing staff member, or as submitted if it is invalid.
func (p *Pages) staffFormPage(c *web.Context, m staffDraft, wrong error) error {
	form, err := p.staffForm(c, m)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := staffFormPage{Shell: p.Shell(c, "staff", "添加员工"), Form: form}
		page.Crumbs = staffCrumbs()
		if m.ID != 0 {
			page.Title = "修改员工"
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: m.Name, URL: frame.StaffURL(m.ID)})
		}
		return p.Page(c, status, "console/staff/form", page)
	})
}

func (p *Pages) staffForm(c *web.Context, m staffDraft) (templates.Form, error) {
	communities, err := p.Communities(c)
	if err != nil {
		return templates.Form{}, err
	}
	tree, err := p.departments(c)
	if err != nil {
		return templates.Form{}, err
	}
	form := templates.Form{
		Action: frame.StaffPath, CSRF: c.CSRF(), Cancel: frame.StaffPath, Submit: "保存", More: m.ID == 0,
		Sections: staffSections(m, tree, communities),
	}
	if m.ID != 0 {
		form.Action, form.Cancel, form.Seen = frame.StaffURL(m.ID), frame.StaffURL(m.ID), templates.Seen(m.Updated)
	}
	return form, nil
}

// staffSections are the fields of a staff member. What WeWork says of its members is only shown.
func staffSections(m staffDraft, tree core.DepartmentTree, communities []core.Community) []templates.Section {
	phone := templates.Field{Kind: templates.Telephone, Name: "phone", Label: "手机", MaxLength: 20, Required: m.ID == 0, Autocomplete: "off"}
	if phone.Value = m.Phone; m.ID != 0 {
		phone.Value, phone.Help = "", "还没有登记手机号。"
		if m.Phone != "" {
			phone.Help = "现在是 " + m.Phone + "，不填则不变。"
		}
	}
	boxes := templates.Field{
		Kind: templates.Checks, Name: "communities", Label: "服务小区", Values: frame.IDValues(m.Communities), Required: m.Corp == 0,
	}
	for _, community := range communities {
		boxes.Choices = append(boxes.Choices, templates.Choice{Value: community.ID.String(), Label: community.Name})
	}
	fields := []templates.Field{
		{Name: "name", Label: "姓名", Value: m.Name, Required: true, MaxLength: core.MaxName, Focus: m.ID == 0, Autocomplete: "off"},
		{
			Kind: templates.Radio, Name: "sex", Label: "性别", Value: m.Sex, Required: m.Corp == 0,
			Choices: []templates.Choice{{Value: "male", Label: "男"}, {Value: "female", Label: "女"}},
		},
		phone, departmentBoxes(m, tree),
		{
			Name: "new_department", Label: "新部门", Value: m.Path, MaxLength: 100, Placeholder: "工程部—维修组",
			Help: "上面没有合适的才填写，一级一级用—隔开，保存时建立。", Autocomplete: "off",
		},
		{
			Name: "position", Label: "职位", Value: m.Position, Required: m.Corp == 0, MaxLength: core.MaxStaffText, Placeholder: "维修员",
			Autocomplete: "off",
		},
		{Name: "grade", Label: "职级", Value: m.Grade, MaxLength: core.MaxStaffText, Autocomplete: "off"},
		{Name: "wechat", Label: "微信号", Value: m.Wechat, MaxLength: core.MaxStaffText, Autocomplete: "off"},
		{Name: "address", Label: "住址", Value: m.Address, MaxLength: core.MaxStaffAddress, Autocomplete: "off", Wide: true},
		boxes,
	}
	if m.Corp != 0 {
		fields = slices.DeleteFunc(fields, func(f templates.Field) bool { return f.Name == "departments" || f.Name == "new_department" })
		for i, f := range fields {
			if f.Name == "name" || f.Name == "position" {
				fields[i] = templates.Field{Kind: templates.Static, Name: f.Name, Label: f.Label, Value: f.Value, Help: "由企业微信同步。"}
			}
		}
	}
	return []templates.Section{{Fields: fields}}
}

// departmentBoxes are the departments that are kept by hand, as a tree.
func departmentBoxes(m staffDraft, tree core.DepartmentTree) templates.Field {
	boxes := templates.Field{
		Kind: templates.Checks, Name: "departments", Label: "所属部门", Required: true, Values: frame.IDValues(m.Departments),
	}
	for _, node := range tree {
		if node.Corp == 0 {
			boxes.Choices = append(boxes.Choices, templates.Choice{Value: node.ID.String(), Label: node.Path})
		}
	}
	if len(boxes.Choices) == 0 {
		boxes.Help = "还没有手工建立的部门，请在下面填写第一个。"
	}
	return boxes
}
