package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentNewURL keeps the community and the house that the list shows.
func residentNewURL(f store.ResidentFilter) string {
	var pairs []string
	if f.Community != 0 {
		pairs = append(pairs, "community", f.Community.String())
	}
	if f.House != 0 {
		pairs = append(pairs, "house", f.House.String())
	}
	return templates.WithQuery(frame.ResidentPath+"/new", nil, pairs...)
}

type residentListPage struct {
	templates.Shell
	Tabs    templates.Tabs
	List    templates.List
	Rows    []residentRow
	TreeURL string // of the tree beside the list; "" = not one community
}

type residentRow struct {
	Tick                                              templates.Tick // zero = cannot be ticked
	URL, Name, Sex, Identity, Phone, House, Community string
	HouseURL                                          string // "" = no permission
	State                                             templates.Badge
	OtherName                                         string            // of a person's other homes: the name there, if different
	Menu                                              templates.RowMenu // empty = no permission
}

// residentActURL returns the URL of an act on residents of the list, with the list's filters, for
// the redirect afterwards.
func residentActURL(c *web.Context, verb string) string {
	return templates.WithQuery(frame.ResidentPath+verb, c.Request().URL.Query())
}

// residentBulk returns the bulk actions on ticked residents.
func residentBulk(c *web.Context) []templates.Submit {
	return []templates.Submit{
		{Label: "迁出", URL: residentActURL(c, "/moveout"), Icon: "logout", Ask: true},
		{Label: "删除登记", URL: residentActURL(c, "/delete"), Icon: "trash", Ask: true},
	}
}

// residentTable returns the list. It can be sorted if one community is chosen.
func residentTable(c *web.Context, at frame.CommunityChoice, f store.ResidentFilter) templates.List {
	_, one := c.Scope().One()
	sortable := (one || f.Community != 0) && f.House == 0 && f.Keyword == ""
	hint := ""
	if !sortable {
		hint = "选定一个小区、不输关键词时，可按姓名、性别、身份排序。"
	}
	by := func(column templates.Column, name string) templates.Column {
		if sortable {
			column.Sort = name
		}
		return column
	}
	identities := []templates.Choice{{Label: "全部身份"}}
	for _, i := range core.Identities() {
		identities = append(identities, templates.Choice{Value: string(i), Label: i.Label()})
	}
	return at.BesideTree(templates.List{
		Path: frame.ResidentPath, Query: c.Request().URL.Query(), Cards: true, Hint: hint,
		Filters: []templates.Field{
			{Name: "q", Label: "姓名、房号或手机后四位", MaxLength: 64},
			frame.Whole(at.Field("全部小区")),
			{
				Kind: templates.Select, Name: "certified", Label: "认证",
				Choices: []templates.Choice{{Label: "全部状态"}, {Value: "yes", Label: "已认证"}, {Value: "no", Label: "未认证"}},
			},
			{Kind: templates.Select, Name: "identity", Label: "身份", Choices: identities},
			{Kind: templates.Hidden, Name: "house"},
			{Kind: templates.Hidden, Name: "node"},
		},
		More: []templates.Field{
			{Kind: templates.Select, Name: "ties", Label: "居住", Choices: []templates.Choice{{Label: "在住"}, {Value: "out", Label: "已迁出"}}},
		},
		Columns: []templates.Column{
			by(templates.Column{Label: "姓名"}, "name"), {Label: "认证", Narrow: true},
			by(templates.Column{Label: "性别", Narrow: true}, "sex"),
			by(templates.Column{Label: "身份", Narrow: true}, "identity"), {Label: "手机"}, {Label: "房屋"},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{Icon: "users", Title: "还没有住户", Text: "添加住户后，本人在微信里验证手机号，就能拿到通行证。", Ask: "请联系管理员添加。"},
	})
}

// fill sets the rows and the pager of the page; held is why the program would refuse to delete whom.
func (p *residentListPage) fill(
	c *web.Context, residents []store.ResidentRow, held map[core.ID]core.BatchWhy, at core.Page, more bool,
) {
	p.Rows = residentRows(residents)
	for i, r := range residents {
		if c.Has(core.PermHouseView) {
			p.Rows[i].HouseURL = frame.HouseURL(r.House)
		}
		if !c.Has(core.PermResidentEdit) {
			continue
		}
		p.Rows[i].Menu = residentMenu(c, r, held[r.ID], p.CSRF)
		if len(p.List.Bulk) > 0 {
			p.Rows[i].Tick = templates.Tick{Value: r.ID, Label: r.Name}
		}
	}
	web.Paged(&p.List, at, residents, more, func(r store.ResidentRow) core.ID { return r.ID })
	p.Total = p.List.TotalText("人")
}

// residentMenu returns the menu of a resident's row.
func residentMenu(c *web.Context, r store.ResidentRow, held core.BatchWhy, csrf string) templates.RowMenu {
	at := frame.ResidentURL(r.ID)
	menu := templates.RowMenu{
		Label: r.Name + " 的操作", CSRF: csrf, Keep: []templates.Choice{{Label: "id", Value: r.ID.String()}},
	}
	if r.MovedOut.IsZero() {
		menu.Links = []templates.Action{{Label: "修改", URL: at + "/edit", Icon: "pencil"}}
		menu.Acts = []templates.Submit{
			{Label: "迁出", URL: at + "/moveout", Icon: "logout", Ask: true},
			{Label: "删除登记", URL: residentActURL(c, "/delete"), Icon: "trash", Ask: true},
		}
		if held != "" {
			menu.Acts[1].Off = held.Label() + "，只能迁出"
		}
	} else if r.Restorable(c.Now()) {
		menu.Acts = []templates.Submit{residentRestoreButton(r)}
	}
	return menu
}

func residentRestoreButton(r store.ResidentRow) templates.Submit {
	return templates.Submit{Label: "恢复居住", URL: frame.ResidentURL(r.ID) + "/restore", Icon: "arrow-back-up", Ask: true}
}

func residentRows(residents []store.ResidentRow) []residentRow {
	rows := make([]residentRow, len(residents))
	for i, r := range residents {
		rows[i] = residentRow{
			URL: frame.ResidentURL(r.ID), Name: r.Name, Sex: core.SexLabel(r.Sex), Identity: r.Identity.Label(), Phone: r.PhoneText(),
			House: r.HouseLabel, Community: r.CommunityName, State: residentBadge(r),
		}
	}
	return rows
}

func residentBadge(r store.ResidentRow) templates.Badge {
	switch {
	case !r.MovedOut.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "已迁出"}
	case r.Certified.IsZero():
		return templates.Badge{Tone: templates.Warn, Text: "未认证"}
	}
	return templates.Badge{Tone: templates.Good, Text: "已认证"}
}

func moveOutText(r store.ResidentRow) string {
	return "“" + r.Name + "”在 " + r.HouseLabel + " 的" + moveOutWords
}

type residentFormPage struct {
	templates.Shell
	Form templates.Form
}

// residentNewPage shows the form of a new resident of a house.
func (p *Pages) residentNewPage(c *web.Context, at frame.CommunityChoice, house string, wrong error) error {
	form := residentNewForm(c, at, house)
	askResidentAnyway(c, &form, wrong)
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := residentFormPage{Shell: p.Shell(c, "resident", "添加住户"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "住户", URL: frame.ResidentPath}}
		return p.Page(c, status, "console/resident/form", page)
	})
}

// askResidentAnyway adds the button that answers what wrong asks; what was answered before stays.
func askResidentAnyway(c *web.Context, form *templates.Form, wrong error) {
	switch {
	case core.IsNamesake(wrong):
		form.Anyway = templates.Anyway{Name: "namesake", Label: "仍然添加"}
	case core.IsNumberHeld(wrong):
		form.Anyway = templates.Anyway{Name: "held", Label: "仍然保存"}
	default:
		return
	}
	for _, name := range []string{"namesake", "held"} {
		if name != form.Anyway.Name && c.Form().Get(name) != "" {
			form.Sections[0].Fields = append(form.Sections[0].Fields, templates.Field{Kind: templates.Hidden, Name: name, Value: "1"})
		}
	}
}

func residentNewForm(c *web.Context, at frame.CommunityChoice, house string) templates.Form {
	form := templates.Form{Action: frame.ResidentPath, CSRF: c.CSRF(), Cancel: frame.ResidentPath,
		Submit: "添加", More: true, Sections: []templates.Section{
			{Title: "房屋", Fields: append(at.FormFields(""), templates.Field{
				Name: "house", Label: "房屋", Value: house, Required: true, MaxLength: 250,
				Focus: house == "", Autocomplete: "off", Placeholder: "3栋2单元501", Help: "输入一部分，从列出的房屋里选。",
				Suggest: frame.HousePath + "/suggest",
			})},
			{Title: "本人", Fields: residentFields(core.Resident{Name: frame.SoughtName(c), Identity: core.Owner}, true)},
		}}
	form.Change("phone", func(f *templates.Field) { f.Value = frame.SoughtPhone(c) })
	if house != "" {
		form.Change("name", func(f *templates.Field) { f.Focus = true })
	}
	return form
}

// residentEditPage shows the form of an existing resident.
func (p *Pages) residentEditPage(c *web.Context, r store.ResidentRow, wrong error) error {
	form := residentEditForm(c, r)
	askResidentAnyway(c, &form, wrong)
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := residentFormPage{Shell: p.Shell(c, "resident", "修改住户"), Form: form}
		page.Crumbs = []templates.Crumb{{Label: "住户", URL: frame.ResidentPath}, {Label: r.Name, URL: frame.ResidentURL(r.ID)}}
		page.Note = r.CommunityName + " · " + r.HouseLabel
		return p.Page(c, status, "console/resident/form", page)
	})
}

func residentEditForm(c *web.Context, r store.ResidentRow) templates.Form {
	fields := residentFields(r.Resident, false)
	if r.Phone != "" {
		fields = append(fields, templates.Field{
			Kind: templates.Switch, Name: "clear_phone", Label: "删除已登记的号码", Help: "没有手机的住户须现场核验。",
		})
	}
	if r.IDNumber != "" {
		fields = append(fields, templates.Field{Kind: templates.Switch, Name: "clear_id", Label: "删除已登记的证件号"})
	}
	return templates.Form{
		Action: frame.ResidentURL(r.ID), CSRF: c.CSRF(), Cancel: frame.ResidentURL(r.ID),
		Seen: templates.Seen(r.Updated), Sections: []templates.Section{{Fields: fields}},
	}
}

// residentFields returns the fields of a resident. An existing phone or ID number is shown masked
// beside an empty field, which is filled in to change it.
func residentFields(r core.Resident, isNew bool) []templates.Field {
	lease := ""
	if r.LeaseDay != 0 {
		lease = r.LeaseDay.String()
	}
	phone := templates.Field{
		Kind: templates.Telephone, Name: "phone", Label: "手机", MaxLength: 40, Autocomplete: "off",
		Help: "选填，座机加区号，港澳台加 +852、+853、+886。没有手机的现场核验。",
	}
	shared := templates.Field{
		Kind: templates.Switch, Name: "phone_shared", Label: "家人共用号码",
		Help: "老人、孩子等留家人的手机：通行证和次数仍单独计算，须现场核验。",
	}
	if r.PhoneShared {
		shared.Value = "1"
	}
	idNumber := templates.Field{Name: "id_number", Label: "证件号", MaxLength: 60, Autocomplete: "off", Help: "身份证、护照或通行证号，选填。"}
	if !isNew && r.Phone != "" {
		phone.Placeholder, phone.Help = r.Phone, "现为 "+r.PhoneText()+"，不填则不变。改本人号码后须重新认证。"
	}
	if !isNew {
		if r.IDNumber != "" {
			idNumber.Placeholder, idNumber.Help = r.IDNumber, "现为 "+r.IDNumber+"，不填则不变。"
		}
	}
	identities := make([]templates.Choice, 0, 4)
	for _, i := range core.Identities() {
		identities = append(identities, templates.Choice{Value: string(i), Label: i.Label()})
	}
	return []templates.Field{
		{Name: "name", Label: "姓名", Value: r.Name, Required: true, MaxLength: core.MaxName, Autocomplete: "off"},
		{
			Kind: templates.Radio, Name: "sex", Label: "性别", Value: r.Sex,
			Choices: []templates.Choice{{Value: "male", Label: "男"}, {Value: "female", Label: "女"}, {Label: "不填"}},
		},
		{Kind: templates.Radio, Name: "identity", Label: "身份", Value: string(r.Identity), Required: true, Choices: identities},
		{Kind: templates.Date, Name: "lease_day", Label: "租约到期日", Value: lease, Help: "限期租客必填；到期次日起通行证失效。"},
		phone, shared, idNumber,
	}
}
