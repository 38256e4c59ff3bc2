package account

import (
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

type wechatAppListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []wechatAppRow
}

type wechatAppRow struct {
	Name, URL, Kind, AppID, Serves string
	State                          templates.Badge
	Menu                           templates.RowMenu
}

// settingTabs returns the tabs of 系统设置.
func settingTabs(active string) templates.Tabs {
	return templates.Tabs{Label: "系统设置", Items: []templates.NavItem{
		{Label: "基本", URL: frame.SettingPath, Active: active == "setting"},
		{Label: "微信接入", URL: frame.WechatAppPath, Active: active == "wechatapp"},
		{Label: "消息模板", URL: frame.WechatTemplatePath, Active: active == "wechattemplate"},
		{Label: "自定义菜单", URL: frame.WechatMenuPath, Active: active == "wechatmenu"},
		{Label: "自动回复", URL: frame.WechatReplyPath, Active: active == "wechatreply"},
		{Label: "校验文件", URL: frame.WechatFilePath, Active: active == "wechatfile"},
		{Label: "开放接口", URL: frame.OpenClientPath, Active: active == "openclient"},
	}}
}

// wechatAppList shows all accounts: there are few, so that it has no pages and no filters.
func (p *Pages) wechatAppList(c *web.Context) error {
	apps, err := p.Store.WechatApps(c.Ctx(), c.Scope())
	if err != nil {
		return err
	}
	page := wechatAppListPage{Shell: p.Shell(c, "wechatapp", "微信接入"), Tabs: settingTabs("wechatapp")}
	page.List = templates.List{
		Path: frame.WechatAppPath, Query: c.Request().URL.Query(), Count: len(apps), Total: len(apps), Cards: true,
		Columns: []templates.Column{
			{Label: "名称"}, {Label: "类型", Narrow: true}, {Label: "账号 ID"}, {Label: "负责小区"}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{
			Icon: "brand-wechat", Title: "还没有接入微信", Text: "接入公众号后可以发提醒、扫码登录；接入小程序后住户可以验证手机号；接入企业微信后可以同步员工。", Ask: "请联系运维人添加。",
		},
	}
	page.Total = page.List.TotalText("个账号")
	for _, app := range apps {
		row := wechatAppRow{Name: app.Name, Kind: app.Kind.Label(), AppID: app.AppID, State: wechatAppBadge(app)}
		if row.Serves, err = p.wechatAppServes(c, app); err != nil {
			return err
		}
		switch {
		case app.ID == 0:
			row.Menu = configuredAppMenu(c, app)
		case c.Actor().MayOperate():
			row.Menu = wechatAppMenu(app, page.CSRF)
		}
		if app.ID != 0 {
			row.URL = frame.WechatAppURL(app.ID)
		}
		page.Rows = append(page.Rows, row)
	}
	if c.Actor().MayOperate() {
		page.Actions = []templates.Action{
			{Label: "添加公众号", URL: frame.WechatAppPath + "/new?kind=official", Icon: "plus", Primary: true},
			{Label: "添加小程序", URL: frame.WechatAppPath + "/new?kind=mini", Icon: "plus"},
			{Label: "添加企业微信", URL: frame.WechatAppPath + "/new?kind=work", Icon: "plus"},
		}
		page.List.Empty.Action, page.List.Empty.More = page.Actions[0], page.Actions[1]
	}
	return p.Page(c, http.StatusOK, "console/wechatapp/list", page)
}

// wechatAppBadge returns the state of an app: what is wrong first.
func wechatAppBadge(app core.WechatApp) templates.Badge {
	switch {
	case !app.Disabled.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
	case app.ID == 0:
		return templates.Badge{Tone: templates.Good, Text: "使用中"}
	case app.Checked.At.IsZero():
		return templates.Badge{Tone: templates.Warn, Text: "未检查"}
	case app.Checked.Problem != "":
		return templates.Badge{Tone: templates.Bad, Text: "检查未通过"}
	case app.Kind != core.WechatMini && app.Called.IsZero():
		return templates.Badge{Tone: templates.Warn, Text: "未收到消息"}
	}
	return templates.Badge{Tone: templates.Good, Text: "使用中"}
}

// configuredAppMenu leads from an account of the configuration file, which is changed there, to what is set of it here.
func configuredAppMenu(c *web.Context, app core.WechatApp) templates.RowMenu {
	menu := templates.RowMenu{Label: app.Name + " 的操作"}
	if app.Kind == core.WechatOfficial {
		at := frame.OfficialChoice{WechatApp: app}
		menu.Links = []templates.Action{
			{Label: "自定义菜单", URL: at.URL(frame.WechatMenuPath), Icon: "menu-2"},
			{Label: "自动回复", URL: at.URL(frame.WechatReplyPath), Icon: "brand-wechat"},
			{Label: "消息模板", URL: at.URL(frame.WechatTemplatePath), Icon: "list"},
		}
		if c.Has(core.PermFollowerView) {
			menu.Links = append(menu.Links, templates.Action{Label: "关注用户", URL: at.URL(frame.FollowerPath), Icon: "users"})
		}
	}
	if c.Has(core.PermMessageView) {
		menu.Links = append(menu.Links, templates.Action{Label: "发送渠道", URL: frame.MessagePath + "/channel", Icon: "bell"})
	}
	return menu
}

func wechatAppMenu(app core.WechatApp, csrf string) templates.RowMenu {
	at := frame.WechatAppURL(app.ID)
	menu := templates.RowMenu{
		Label: app.Name + " 的操作", CSRF: csrf,
		Links: []templates.Action{{Label: "修改", URL: at + "/edit", Icon: "pencil"}},
		Acts: []templates.Submit{
			{Label: "检查", URL: at + "/check", Icon: "refresh"},
			{Label: "停用", URL: at + "/disable", Icon: "ban", Ask: true},
			{Label: "删除", URL: at + "/remove", Icon: "trash", Off: "请先停用，再删除。"},
		},
	}
	if app.Kind == core.WechatWork {
		menu.Links = append(menu.Links, templates.Action{Label: "更换关联企业", URL: at + "/replace", Icon: "arrows-sort"})
		menu.Acts = slices.Insert(menu.Acts, 1, templates.Submit{Label: "同步员工", URL: at + "/sync", Icon: "refresh"})
	}
	if !app.Disabled.IsZero() {
		menu.Acts = []templates.Submit{
			{Label: "启用", URL: at + "/enable", Icon: "check"}, {Label: "删除", URL: at + "/remove", Icon: "trash", Ask: true},
		}
	}
	return menu
}

// wechatAppShowPage is one account: how far its set-up is, and what to enter where.
type wechatAppShowPage struct {
	templates.Shell
	Detail templates.Detail
	Steps  []wechatStep
}

func (p *Pages) wechatAppShow(c *web.Context) error {
	tab, err := frame.DetailTab(c)
	if err != nil {
		return err
	}
	app, err := p.wechatApp(c)
	if err != nil {
		return err
	}
	serves, err := p.wechatAppServes(c, app)
	if err != nil {
		return err
	}
	page := wechatAppShowPage{Shell: p.Shell(c, "wechatapp", app.Name)}
	if page.Steps, err = p.wechatSteps(c, app); err != nil {
		return err
	}
	if app.Kind == core.WechatWork {
		sync, err := p.Store.StaffSync(c.Ctx(), app.ID)
		if err != nil {
			return err
		}
		page.Steps = append(page.Steps, p.syncStep(c, sync))
	}
	page.Crumbs = wechatAppCrumbs()
	id := templates.Fact{Label: "AppID", Value: app.AppID, Copy: true, Code: true}
	if app.Kind == core.WechatWork {
		id.Label = "企业 ID"
	}
	page.Detail = templates.Detail{
		Path: frame.WechatAppURL(app.ID), CSRF: page.CSRF, Badges: []templates.Badge{wechatAppBadge(app)},
		Facts: []templates.Fact{
			{Label: "类型", Value: app.Kind.Label()}, id,
			{Label: "负责小区", Value: serves},
		},
	}
	if c.Actor().MayOperate() {
		menu := wechatAppMenu(app, page.CSRF)
		page.Detail.Acts, menu.Acts = menu.Acts[:1], menu.Acts[1:]
		page.Detail.Menu = menu
	}
	if page.Detail.Timeline, err = p.Timeline(c, "wechatapp:"+app.ID.String()); err != nil {
		return err
	}
	page.Detail.NewTabs(tab, "", "接入步骤")
	return p.Page(c, http.StatusOK, "console/wechatapp/show", page)
}

// wechatSteps returns the steps of an account's set-up.
func (p *Pages) wechatSteps(c *web.Context, app core.WechatApp) ([]wechatStep, error) {
	set, err := p.wechatStepSet(c, app)
	if err != nil {
		return nil, err
	}
	keys := wechatStep{Title: "AppID 和 AppSecret", Badge: stepBadge(app.Checked.At, app.Checked.Problem == ""), Text: app.Checked.Problem}
	if keys.Text == "" && !app.Checked.At.IsZero() {
		platform := "微信"
		if app.Kind == core.WechatWork {
			platform = "企业微信"
		}
		keys.Text = p.wechatWhen(app.Checked.At) + " 检查，" + platform + "已应答。"
	}
	switch app.Kind {
	case core.WechatWork:
		return p.corpSteps(c, set, keys)
	case core.WechatMini:
		server := set.step(core.WechatStepServer, "在公众平台的“开发管理—开发设置—服务器域名”，把 request 合法域名填为下面的域名。", "住户从这个小程序登录")
		server.Facts = []templates.Fact{{Label: "域名", Value: "https://" + hostOf(p.PublicURL), Copy: true, Code: true}}
		files, err := p.fileStep(c, app.Kind)
		return []wechatStep{keys, p.miniCalls(app), server, files}, err
	}
	return p.officialSteps(c, set, keys)
}

// officialSteps returns the steps of an official account.
func (p *Pages) officialSteps(c *web.Context, set wechatStepSet, keys wechatStep) ([]wechatStep, error) {
	app := set.app
	calls := wechatStep{
		Title: "消息推送", Badge: stepBadge(app.Called, true),
		Text: "在公众平台的“基本配置—服务器配置”填写下面的地址，以及添加时复制的 Token 和 EncodingAESKey，再启用。微信会立即来校验。",
		Facts: []templates.Fact{{
			Label: "服务器地址", Value: p.callbackURL(app.Kind, app.ID), Copy: true, Code: true,
		}},
	}
	if !app.Called.IsZero() {
		calls.Text = "最近一次收到微信的消息：" + p.wechatWhen(app.Called) + "。"
	}
	calls.refused(app, p.wechatWhen)
	files, err := p.fileStep(c, app.Kind)
	if err != nil {
		return nil, err
	}
	domain := []templates.Fact{{Label: "域名", Value: hostOf(p.PublicURL), Copy: true, Code: true}}
	pages := set.step(core.WechatStepPages, "在公众平台的“设置与开发—功能设置”，把网页授权域名填为下面的域名。", "有人从公众号打开手机页面")
	script := set.step(core.WechatStepScript, "在同一页，把业务域名和 JS 接口安全域名也填为下面的域名，手机页面才能扫码。", "")
	pages.Facts, script.Facts = domain, domain
	linked := set.step(core.WechatStepLinked, "菜单和提醒要打开小程序时，在公众平台的“广告与服务—小程序管理”关联它。", "发布带小程序的菜单")
	if !set.known[core.WechatStepLinked].Done() {
		apps, err := p.Store.WechatApps(c.Ctx(), core.Everywhere)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(apps, core.WechatApp.MiniInUse) {
			linked = wechatStep{
				Title: linked.Title, Badge: templates.Badge{Tone: templates.Neutral, Text: "不需要"},
				Text: "还没有接入小程序，不用关联。接入小程序以后再做这一步。",
			}
		}
	}
	menu, err := p.menuStep(c, app)
	return append([]wechatStep{keys, calls, files, pages, script, linked}, menu...), err
}

// miniCalls is the step of a mini-program's message server.
func (p *Pages) miniCalls(app core.WechatApp) wechatStep {
	step := wechatStep{
		Title: "消息推送", Badge: stepBadge(app.Called, true),
		Text: "选填。在公众平台的“开发管理—消息推送”填写下面的地址，以及这里修改页面里填的 Token 和 EncodingAESKey。微信会立即来校验。",
		Facts: []templates.Fact{{
			Label: "服务器地址", Value: p.callbackURL(app.Kind, app.ID), Copy: true, Code: true,
		}},
	}
	if !app.Called.IsZero() {
		step.Text = "最近一次收到微信的消息：" + p.wechatWhen(app.Called) + "。"
	}
	step.refused(app, p.wechatWhen)
	return step
}

// refused marks the step if the last callback was not acted on.
func (s *wechatStep) refused(app core.WechatApp, when func(time.Time) string) {
	if wrong := app.WrongCalls(); wrong != "" {
		s.Badge = stepBadge(app.Refused, false)
		s.Text += when(app.Refused) + " " + wrong
	}
}

func (p *Pages) wechatWhen(at time.Time) string {
	return at.In(p.Store.Zone()).Format("2006-01-02 15:04")
}

// stepBadge returns the state of a step that was last tried at a time.
func stepBadge(at time.Time, right bool) templates.Badge {
	switch {
	case at.IsZero():
		return templates.Badge{Tone: templates.Neutral, Text: "未完成"}
	case right:
		return templates.Badge{Tone: templates.Good, Text: "已完成"}
	}
	return templates.Badge{Tone: templates.Bad, Text: "有问题"}
}
