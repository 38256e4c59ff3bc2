package account

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/store"
	"tongxing/templates"
)

// corpFields are the fields of a company on WeWork and its app.
func corpFields(app core.WechatApp) []templates.Field {
	name := wechatAppFields(app)[0]
	if app.ID == 0 {
		name = wechatAppFields(app)[1]
	}
	agent := templates.Field{
		Kind: templates.Number, Name: "agent", Label: "AgentId", Required: true, MaxLength: 8,
		Help: "在企业微信管理后台的“应用管理”，打开自建应用可以看到。",
	}
	if app.Agent > 0 {
		agent.Value = strconv.Itoa(app.Agent)
	}
	key := templates.Field{
		Kind: templates.Password, Name: "app_secret", Label: "应用 Secret", Required: app.ID == 0, MaxLength: core.MaxWechatKey,
		Autocomplete: "new-password", Help: "与 AgentId 在同一页。加密保存，以后不再显示。",
	}
	contact := templates.Field{
		Kind: templates.Password, Name: "contact_secret", Label: "通讯录 Secret", Required: app.ID == 0, MaxLength: core.MaxWechatKey,
		Autocomplete: "new-password", Help: "在“安全与管理—管理工具—通讯录同步”。加密保存，以后不再显示。",
	}
	if app.ID != 0 {
		key.Help, contact.Help = "不填则不变。在管理后台重置后，请填写新的。", "不填则不变。"
		return []templates.Field{name, {Kind: templates.Static, Name: "app_id", Label: "企业 ID", Value: app.AppID}, agent, key, contact}
	}
	return []templates.Field{
		{Kind: templates.Hidden, Name: "kind", Value: string(app.Kind)}, name,
		{
			Name: "app_id", Label: "企业 ID", Value: app.AppID, Required: true, MaxLength: core.MaxWechatKey, Autocomplete: "off",
			Placeholder: "ww", Help: "在管理后台的“我的企业—企业信息”最下方。一个企业只能接入一次。",
		}, agent, key, contact,
	}
}

// corpServerSection has the address and the keys of the message server of a company. For a new one the keys are made
// here.
func corpServerSection(app core.WechatApp, address []templates.Field) templates.Section {
	section := templates.Section{
		Title: "接收消息", Help: "先把三项复制到“接收消息”和“通讯录同步”，保存后再去提交。密钥不再显示。",
	}
	token, aesKey := callbackKeys()
	if app.ID == 0 {
		token.Value, aesKey.Value, token.Required, aesKey.Required = secret.Hex(16), secret.Letters(keyLetters, 43), true, true
	} else {
		section.Help = "不填则不变。两边要一致：改了这里，企业微信管理后台的两处也要改。"
	}
	section.Fields = append(address, token, aesKey)
	return section
}

// corpSteps returns the steps of a company's set-up.
func (p *Pages) corpSteps(c *web.Context, set wechatStepSet, keys wechatStep) ([]wechatStep, error) {
	app := set.app
	keys.Title = "企业、应用和 Secret"
	calls := wechatStep{
		Title: "接收消息", Badge: stepBadge(app.Called, true),
		Text: "在“应用管理—接收消息”和“管理工具—通讯录同步—接收事件服务器”两处都填写下面的地址，以及添加时复制的 Token 和 EncodingAESKey。保存时企业微信会立即来校验。",
		Facts: []templates.Fact{{
			Label: "服务器地址", Value: p.callbackURL(app.Kind, app.ID), Copy: true, Code: true,
		}},
	}
	if !app.Called.IsZero() {
		calls.Text = "最近一次收到企业微信的消息：" + p.wechatWhen(app.Called) + "。"
	}
	calls.refused(app, p.wechatWhen)
	files, err := p.fileStep(c, app.Kind)
	if err != nil {
		return nil, err
	}
	pages := set.step(core.WechatStepPages, "在“应用管理—网页授权及JS-SDK”，把可信域名填为下面的域名。", "有员工从企业微信登录手机页面")
	pages.Facts = []templates.Fact{{Label: "域名", Value: hostOf(p.PublicURL), Copy: true, Code: true}}
	home := set.step(core.WechatStepHome, "在“应用管理—应用主页”，填写下面的地址，员工就能在企业微信的工作台里打开。", "有员工从企业微信的工作台打开")
	home.Facts = []templates.Fact{{
		Label: "主页地址", Value: p.PublicURL + core.StaffEntry(app.ID), Copy: true, Code: true,
	}}
	return []wechatStep{keys, calls, files, pages, home}, nil
}

// syncStep returns the state of the sync of the staff as a step.
func (p *Pages) syncStep(c *web.Context, sync core.StaffSync) wechatStep {
	step := wechatStep{Title: "同步员工", Badge: stepBadge(sync.Ended, sync.Problem == "")}
	switch {
	case sync.Run != 0 && sync.Problem != "" && sync.Asked.IsZero():
		step.Text = p.wechatWhen(sync.Ended) + " 中断：" + sync.Problem + "。" + sync.Words() + "，稍后从中断处继续。"
	case sync.Run != 0 && sync.Problem == "":
		step.Badge, step.Text = templates.Badge{Tone: templates.Warn, Text: "同步中"}, "正在同步："+sync.Words()+"。"
	case !sync.Asked.IsZero():
		step.Badge, step.Text = templates.Badge{Tone: templates.Warn, Text: "等待中"}, "几秒内开始同步。"
	case sync.Ended.IsZero():
		step.Text = "接入后自动开始，以后每天夜里核对一次，企业微信里的变更几秒内同步。"
	case sync.Problem != "":
		step.Text = p.wechatWhen(sync.Ended) + " 没有完成：" + sync.Problem
		if sync.Leaving > 0 && c.Actor().MayOperate() {
			step.CSRF = c.CSRF()
			if c.Has(core.PermStaffView) {
				step.Link = templates.Action{Label: "查看这些员工", URL: staffUnseenURL(sync.App)}
			}
			step.Confirm = &templates.Submit{
				Label: fmt.Sprintf("确认 %d 人离职", sync.Leaving), Icon: "check", Ask: true,
				URL: frame.WechatAppURL(sync.App) + "/leave?n=" + strconv.Itoa(sync.Leaving),
			}
		}
	default:
		step.Text = p.wechatWhen(sync.Ended) + " 同步完成：" + sync.Words() + "。手机号企业微信不提供，需要在员工信息里填写。"
	}
	return step
}

func (p *Pages) wechatAppSync(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.AskStaffSync(c.Ctx(), c.Actor(), c.Scope(), app.ID) },
		Done: "几秒内开始同步，结果在“同步员工”一步。", Back: frame.BackTo(c, frame.WechatAppPath, frame.WechatAppURL(app.ID)),
	})
}

// wechatAppLeave lets as many staff leave as the page says that the last sync did not find.
func (p *Pages) wechatAppLeave(c *web.Context) error {
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	var asked struct {
		N int `form:"n"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	ask := templates.Confirm{
		Title: fmt.Sprintf("让 %d 名员工离职？", asked.N), Submit: fmt.Sprintf("确认 %d 人离职", asked.N), Danger: true,
		Typed:   strconv.Itoa(asked.N), // also of few: there is no way back
		Text:    "几秒内重新核对一遍，仍不在可见范围内的人离职。回到可见范围以后，账号、门岗人员和观察员也不会自动恢复。",
		Effects: []string{"登录立即失效，后台账号停用", "不再是门岗人员、观察员"},
	}
	if c.Has(core.PermStaffView) && !frame.Confirmed(c) {
		names, err := p.unseenStaff(c, app.ID)
		if err != nil {
			return err
		}
		ask.Effects = append(ask.Effects, names...)
		if len(names) > frame.ThingsNamed {
			ask.All = &templates.Action{Label: "查看全部", URL: staffUnseenURL(app.ID)}
		}
	}
	return p.Act(c, frame.Act{
		Ask:  ask,
		Do:   func() error { return p.Store.AllowStaffLeave(c.Ctx(), c.Actor(), c.Scope(), app.ID, asked.N) },
		Done: "几秒内重新核对，结果在“同步员工”一步。", Back: frame.WechatAppURL(app.ID),
	})
}

// staffUnseenURL is the list of the staff of a company whom the last sync did not find, whatever community the account works in.
func staffUnseenURL(app core.ID) string {
	return frame.StaffPath + "?" + url.Values{
		"community": {frame.AllCommunities}, "corp": {app.String()}, "state": {"unseen"},
	}.Encode()
}

// unseenStaff names the staff of a company whom the last sync did not find, with their departments and whether they have an
// account: who left is told by that from a department that went out of the app's range.
func (p *Pages) unseenStaff(c *web.Context, app core.ID) ([]string, error) {
	filter := store.StaffFilter{Corp: app, Unseen: true, Sort: "name", Page: store.Page{Limit: frame.ThingsNamed}}
	n, err := p.Store.CountStaff(c.Ctx(), c.Scope(), filter)
	if err != nil || n == 0 {
		return nil, err
	}
	list, _, err := p.Store.StaffList(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return nil, err
	}
	departments, err := p.Store.DepartmentsWithin(c.Ctx(), c.Scope())
	if err != nil {
		return nil, err
	}
	tree := core.NewDepartmentTree(departments)
	return frame.Named(max(n, len(list)), "人", func(i int) string {
		if i >= len(list) { // left meanwhile
			return "–"
		}
		var notes []string
		for _, id := range list[i].Departments {
			if node, ok := tree.Of(id); ok {
				notes = append(notes, node.Path)
			}
		}
		if list[i].Account != 0 {
			notes = append(notes, "有后台账号")
		}
		if len(notes) == 0 {
			return list[i].Name
		}
		return list[i].Name + "（" + frame.Joined(notes) + "）"
	}), nil
}

// corpReplaceForm is what the page of 更换关联企业 sends: all in one form, so that no secret is sent back to the
// browser for a question.
type corpReplaceForm struct {
	Name    string `form:"name" max:"64"`
	AppID   string `form:"app_id" max:"64"`
	Agent   int    `form:"agent"`
	Secret  string `form:"app_secret" max:"128"`
	Contact string `form:"contact_secret" max:"128"`
	Token   string `form:"token" max:"64"`
	AESKey  string `form:"aes_key" max:"64"`
	Stay    string `form:"staff" of:"stay leave"`
	Typed   string `form:"typed" max:"64"`
	Seen    int64  `form:"seen"`
}

func (f corpReplaceForm) keys() core.WechatKeys {
	return wechatAppForm{Secret: f.Secret, Contact: f.Contact, Token: f.Token, AESKey: f.AESKey}.keys()
}

func (p *Pages) wechatAppReplace(c *web.Context) error {
	app, err := p.wechatCorp(c)
	if err != nil {
		return err
	}
	return p.corpReplacePage(c, app, corpReplaceForm{Name: app.Name}, nil)
}

// wechatCorp returns the company in the path.
func (p *Pages) wechatCorp(c *web.Context) (core.WechatApp, error) {
	app, err := p.wechatApp(c)
	if err == nil && app.Kind != core.WechatWork {
		err = core.Conflict("只有企业微信可以更换关联企业")
	}
	return app, err
}

func (p *Pages) wechatAppReplaced(c *web.Context) error {
	old, err := p.wechatCorp(c)
	if err != nil {
		return err
	}
	var form corpReplaceForm
	wrong := c.Bind(&form)
	fields := map[string]string{}
	if form.Stay == "" {
		fields["staff"] = "请选择原企业的员工怎么办"
	}
	if form.Typed != old.Name {
		fields["typed"] = "请输入“" + old.Name + "”确认"
	}
	wrong = frame.MergeFields(wrong, core.InvalidFields(fields))
	app := old
	app.Name, app.AppID, app.Agent, app.Updated = form.Name, form.AppID, form.Agent, frame.ShownAt(form.Seen)
	if wrong == nil {
		changed := store.KeyedWechatApp{App: app, Keys: form.keys()}
		wrong = p.Store.ReplaceWechatCorp(c.Ctx(), c.Actor(), c.Scope(), changed, form.Stay == "stay")
	}
	if wrong != nil {
		return p.corpReplacePage(c, old, form, wrong)
	}
	app.AppID = core.Clean(form.AppID)
	p.wechatAppTried(c, app, "已更换关联企业。")
	return c.Redirect(frame.WechatAppURL(old.ID))
}

// corpReplacePage shows the form of another company; secrets that were typed are not shown again.
func (p *Pages) corpReplacePage(c *web.Context, old core.WechatApp, typed corpReplaceForm, wrong error) error {
	staff, err := p.Store.CorpStaff(c.Ctx(), old.ID)
	if err != nil {
		return err
	}
	fresh := core.WechatApp{Kind: core.WechatWork, Name: typed.Name, AppID: typed.AppID, Agent: typed.Agent}
	fields := corpFields(fresh)[1:] // without the kind
	fields[1].Focus = true          // the name may be right as it is
	form := templates.Form{
		Action: frame.WechatAppURL(old.ID) + "/replace", CSRF: c.CSRF(), Cancel: frame.WechatAppURL(old.ID), Submit: "更换关联企业",
		Danger: true, Seen: templates.Seen(old.Updated), Sections: []templates.Section{
			{Title: "新的企业", Fields: fields}, corpServerSection(fresh, p.callbackFields(c, old)),
			{Title: "原企业的员工", Fields: []templates.Field{
				{
					Kind: templates.Radio, Name: "staff", Label: "原企业同步来的 " + frame.Grouped(staff.People) + " 名员工", Value: typed.Stay,
					Required: true, Wide: true, Choices: corpStaffChoices(staff),
				},
				{
					Name: "typed", Label: "输入“" + old.Name + "”确认", Value: typed.Typed, Required: true, MaxLength: core.MaxWechatAppName,
					Autocomplete: "off",
				},
			}},
		},
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := wechatAppFormPage{Shell: p.Shell(c, "wechatapp", "更换关联企业"), Form: form}
		page.Crumbs = append(wechatAppCrumbs(), templates.Crumb{Label: old.Name, URL: frame.WechatAppURL(old.ID)})
		page.Note = "现在是 " + old.AppID
		return p.Page(c, status, "console/wechatapp/replace", page)
	})
}

// corpStaffChoices are what becomes of the staff of a company that is replaced, with whom it concerns.
func corpStaffChoices(n store.CorpStaff) []templates.Choice {
	var who []string
	for _, of := range []struct {
		n    int
		what string
	}{{n.Accounts, "有后台账号"}, {n.Guards, "是门岗人员"}, {n.Observers, "是观察员"}} {
		if of.n > 0 {
			who = append(who, frame.Grouped(of.n)+" 人"+of.what)
		}
	}
	ends := ""
	if len(who) > 0 {
		ends = "，其中 " + strings.Join(who, "、")
	}
	return []templates.Choice{
		{Value: "stay", Label: "留下，以后手工维护"},
		{Value: corpStaffLeave, Label: "全部离职" + ends + "；登录和权限立即失效，不能撤销"},
	}
}

// corpStaffLeave is the choice that the staff of a company leave.
const corpStaffLeave = "leave"

// askCorpStaff lets the question of deleting a company say and ask what becomes of its staff.
func (p *Pages) askCorpStaff(c *web.Context, app core.ID, ask *templates.Confirm) error {
	staff, err := p.Store.CorpStaff(c.Ctx(), app)
	if err != nil {
		return err
	}
	ask.Text = "Secret 等密钥一并永久删除，不能恢复。以后再接入这个企业，同步到的仍是原来的员工，不会重复。"
	if staff.People > 0 {
		ask.Choices, ask.Choose = corpStaffChoices(staff), "同步来的 "+frame.Grouped(staff.People)+" 名员工"
		ask.Effects = append(ask.Effects, "留下的员工以后离职时，要在员工信息里删除")
	}
	return nil
}

// hostOf returns the host of an address.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return address
}
