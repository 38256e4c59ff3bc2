package account

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type accountListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []accountListRow
}

type accountListRow struct {
	URL, Login, Name, Role, Communities string
	State                               templates.Badge
	Created                             time.Time
}

type accountFormPage struct {
	templates.Shell
	Form templates.Form
}

// accountListing is the data of an account list.
type accountListing struct {
	Query    url.Values
	Accounts []core.Account
	More     bool
	Page     core.Page
	Names    map[core.ID]string
}

func accountListOf(l accountListing) accountListPage {
	page := accountListPage{List: templates.List{
		Path: frame.AccountPath, Query: l.Query, Cards: true, Count: len(l.Accounts),
		Filters: []templates.Field{
			{Name: "q", Label: "搜索", Placeholder: "账号或姓名"},
			{Kind: templates.Select, Name: "role", Label: "角色", Choices: roleChoices("全部角色")},
			{
				Kind: templates.Select, Name: "state", Label: "状态",
				Choices: []templates.Choice{{Label: "使用中"}, {Value: "disabled", Label: "已停用"}},
			},
		},
		Columns: []templates.Column{
			{Label: "姓名"}, {Label: "账号"}, {Label: "角色"}, {Label: "小区"}, {Label: "状态", Narrow: true},
			{Label: "添加时间", Narrow: true},
		},
		Empty: templates.Empty{Icon: "user-cog", Title: "还没有账号", Text: "同事各用各的账号，操作日志才分得清是谁。", Ask: "请联系管理员添加。"},
	}}
	for _, a := range l.Accounts {
		page.Rows = append(page.Rows, accountListRow{
			URL: frame.AccountURL(a.ID), Login: a.Login, Name: a.Name, Role: a.Role.Name(), Communities: scopeText(a.Scope, l.Names),
			State: accountBadge(a), Created: a.Created,
		})
	}
	web.Paged(&page.List, l.Page, l.Accounts, l.More, func(a core.Account) core.ID { return a.ID })
	return page
}

func accountBadge(a core.Account) templates.Badge {
	switch {
	case !a.Disabled.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
	case a.MustChange:
		return templates.Badge{Tone: templates.Warn, Text: "待改密码"}
	}
	return templates.Badge{Tone: templates.Good, Text: "使用中"}
}

func scopeText(scope core.Scope, names map[core.ID]string) string {
	if scope.Whole() {
		return "全部小区"
	}
	if one, ok := scope.One(); ok {
		return names[one]
	}
	return strconv.Itoa(len(scope.Communities())) + " 个小区"
}

// accountFields returns the form of an account; by limits what can be ticked.
func accountFields(by, a core.Account, communities []core.Community) templates.Form {
	form := templates.Form{Action: frame.AccountPath, Submit: "添加账号", Cancel: frame.AccountPath}
	login := templates.Field{
		Name: "login", Label: "账号", Required: true, Focus: true, MaxLength: 64, Autocomplete: "off",
		Help: "3 位以上小写字母、数字或 . _ @ -", Value: a.Login,
	}
	fields := []templates.Field{login, {Name: "name", Label: "姓名", Required: true, MaxLength: 64, Value: a.Name, Autocomplete: "off"}}
	if a.ID == 0 {
		fields = append(fields, templates.Field{
			Kind: templates.Password, Name: "password", Label: "初始密码", Required: true,
			Help: passwordHelp + "；首次登录须修改", MaxLength: core.MaxPassword, Autocomplete: "new-password",
		})
	} else {
		form.Action, form.Submit, form.Cancel, form.Seen = frame.AccountURL(a.ID), "", frame.AccountURL(a.ID), templates.Seen(a.Updated)
		fields[0] = templates.Field{Kind: templates.Static, Name: "login", Label: "账号", Value: a.Login}
	}
	role := templates.Field{
		Kind: templates.Select, Name: "role", Label: "角色", Required: true, Choices: roleChoices("请选择"),
		Value: string(a.Role),
	}
	role.Presets, role.Help = "permissions", "选好后按角色勾选下面的权限，可再增减；权限一项不勾，即按角色授予"
	if a.ID != 0 {
		role.Help = "换角色时重新勾选下面的权限，可再增减；能做什么以勾选为准"
	}
	for i, preset := range core.RoleTable {
		for _, p := range preset.Permissions {
			role.Choices[i+1].Ticks = append(role.Choices[i+1].Ticks, string(p))
		}
	}
	fields = append(fields, role)
	form.Sections = []templates.Section{{Title: "基本信息", Fields: fields}}
	form.Sections = append(form.Sections, scopeSection(by, a, communities), permissionSection(by, a))
	if by.Operator {
		operator := templates.Field{
			Kind: templates.Switch, Name: "operator", Label: "运维人", Wide: true,
			Help: "可以修改系统设置、添加和删除小区、校验操作日志；仍须勾选相应的权限",
		}
		if a.Operator {
			operator.Value = "1"
		}
		form.Sections = append(form.Sections, templates.Section{Title: "整个系统", Fields: []templates.Field{operator}})
	}
	return form
}

// roleChoices returns the roles, after an empty choice labelled none.
func roleChoices(none string) []templates.Choice {
	choices := []templates.Choice{{Label: none}}
	for _, preset := range core.RoleTable {
		choices = append(choices, templates.Choice{Value: string(preset.Role), Label: preset.Name})
	}
	return choices
}

func scopeSection(by, a core.Account, communities []core.Community) templates.Section {
	section := templates.Section{Title: "管理的小区"}
	if by.Scope.Whole() {
		all := templates.Field{Kind: templates.Switch, Name: "all", Label: "全部小区，包括以后添加的", Wide: true}
		if a.Scope.Whole() {
			all.Value = "1"
		}
		section.Fields = append(section.Fields, all)
	}
	field := templates.Field{Kind: templates.Checks, Name: "communities", Label: "小区"}
	for _, community := range communities {
		field.Choices = append(field.Choices, templates.Choice{Value: community.ID.String(), Label: community.Name})
	}
	for _, id := range a.Scope.Communities() {
		field.Values = append(field.Values, id.String())
	}
	section.Fields = append(section.Fields, field)
	return section
}

// permissionSection returns the permissions as a group of checkboxes each, all with the same name.
func permissionSection(by, a core.Account) templates.Section {
	section := templates.Section{Title: "权限", Matrix: true, Help: "只能授予自己有的权限。勾选修改、导出，会一起授予所需的查看"}
	var ticked []string
	for _, p := range a.Permissions {
		ticked = append(ticked, string(p))
	}
	for _, group := range core.PermissionTable {
		field := templates.Field{Kind: templates.Checks, Name: "permissions", Label: group.Name, Values: ticked}
		for _, item := range group.Items {
			stem, verb, _ := strings.Cut(string(item.Permission), ".")
			field.Choices = append(field.Choices, templates.Choice{
				Value: string(item.Permission), Label: item.Name, Disabled: !by.Has(item.Permission),
				Row: core.TargetLabel(stem), Column: verb,
			})
		}
		section.Fields = append(section.Fields, field)
	}
	return section
}

func resetFields(id core.ID) templates.Form {
	return templates.Form{Action: frame.AccountURL(id) +
		"/password", Submit: "重置密码", Ask: true, Cancel: frame.AccountURL(id), Sections: []templates.Section{{
		Fields: []templates.Field{
			{
				Kind: templates.Password, Name: "password", Label: "新的初始密码", Required: true, Help: passwordHelp,
				MaxLength: core.MaxPassword, Autocomplete: "new-password",
			},
		},
	}}}
}
