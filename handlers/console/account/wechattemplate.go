package account

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/secret"
	"tongxing/templates"
	"tongxing/wechat"
)

// wechatTemplateRoutes returns the routes of 消息模板: by which template of an official account each kind of message
// is sent. Who may change it depends on the account's communities, which the store checks.
func (p *Pages) wechatTemplateRoutes() []web.Route {
	edit := web.Need(core.PermSettingEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.WechatTemplatePath, Access: edit, Handler: p.wechatTemplateList},
		{Method: http.MethodGet, Path: frame.WechatTemplatePath + "/edit", Access: edit, Handler: p.wechatTemplateEdit},
		{
			Method: http.MethodPost, Path: frame.WechatTemplatePath, Access: edit, Handler: p.wechatTemplateUpdate,
			Draft: true,
		},
		{Method: http.MethodPost, Path: frame.WechatTemplatePath + "/check", Access: edit, Handler: p.wechatTemplateCheck},
		{Method: http.MethodPost, Path: frame.WechatTemplatePath + "/test", Access: edit, Handler: p.wechatTemplateTest},
		{
			Method: http.MethodPost, Path: frame.WechatTemplatePath + "/remove", Access: edit, Level: web.Asks,
			Handler: p.wechatTemplateRemove,
		},
	}
}

func wechatTemplateCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "系统设置", URL: frame.SettingPath}, {Label: "消息模板", URL: frame.WechatTemplatePath}}
}

type wechatTemplateListPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Asked *templates.Asked
	Empty *templates.Empty
	Check string // URL of 与微信核对; "" = not theirs
	List  templates.List
	Rows  []wechatTemplateRow
}

type wechatTemplateRow struct {
	Kind, URL, Title, Fields string
	State                    templates.Badge
	Menu                     templates.RowMenu
}

// templateKinds are the kinds of messages that an account of a kind sends by templates.
func templateKinds(of core.WechatAppKind) (kinds []core.MessageKind) {
	for _, t := range core.MessageTypes {
		if slices.Contains(t.Channels, of.TemplateChannel()) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

func (p *Pages) wechatTemplateList(c *web.Context) error {
	at, err := p.SenderOf(c)
	if err != nil {
		return err
	}
	page := wechatTemplateListPage{
		Shell: p.Shell(c, "wechattemplate", "消息模板"), Tabs: settingTabs("wechattemplate"),
		Asked: at.Asked(frame.WechatTemplatePath), Empty: at.Empty(c),
	}
	if page.Empty != nil {
		return p.Page(c, http.StatusOK, "console/wechattemplate/list", page)
	}
	chosen, err := p.Store.WechatTemplates(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	kinds := templateKinds(at.Kind)
	page.List = templates.List{
		Path: frame.WechatTemplatePath, Query: c.Request().URL.Query(), Count: len(kinds), Total: len(kinds), Cards: true,
		Columns: []templates.Column{
			{Label: "提醒"}, {Label: "模板"}, {Label: "字段"}, {Label: "状态", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
	}
	page.Note, page.Total = at.Name, page.List.TotalText("种")
	for _, kind := range kinds {
		page.Rows = append(page.Rows, p.wechatTemplateRow(at, kind, chosen, page.CSRF))
	}
	if at.Change {
		page.Check = at.URL(frame.WechatTemplatePath + "/check")
	}
	return p.Page(c, http.StatusOK, "console/wechattemplate/list", page)
}

// configured returns the configuration file's template, if the account is the configuration file's; otherwise none.
func (p *Pages) configured(at frame.OfficialChoice, kind core.MessageKind) core.MessageTemplate {
	switch {
	case at.ID != 0:
		return core.MessageTemplate{}
	case at.Kind == core.WechatMini:
		return p.ConfiguredSubscribe[kind]
	}
	return p.ConfiguredTemplates[kind]
}

func (p *Pages) wechatTemplateRow(
	at frame.OfficialChoice, kind core.MessageKind, chosen []core.WechatTemplate, csrf string,
) wechatTemplateRow {
	row := wechatTemplateRow{Kind: kind.Label(), Title: "–", State: templates.Badge{Tone: templates.Neutral, Text: "不发送"}}
	edit := at.URL(frame.WechatTemplatePath+"/edit", "kind", string(kind))
	if at.Change {
		row.URL = edit
		row.Menu = templates.RowMenu{
			Label: kind.Label() + " 的操作", CSRF: csrf,
			Links: []templates.Action{{Label: "设置", URL: edit, Icon: "pencil"}},
		}
	}
	test := templates.Submit{
		Label: "发给我试试", URL: at.URL(frame.WechatTemplatePath+"/test", "kind", string(kind)), Icon: "brand-wechat",
	}
	for _, t := range chosen {
		if t.Kind != kind {
			continue
		}
		row.Title, row.State = t.Title, templates.Badge{Tone: templates.Good, Text: "已设置"}
		var words []string
		for _, f := range t.Fields {
			words = append(words, f.Label+"："+core.MessagePartLabel(f.Part))
		}
		row.Fields = strings.Join(words, "；")
		row.Menu.Acts = []templates.Submit{test, {
			Label: "取消设置", URL: at.URL(frame.WechatTemplatePath+"/remove", "kind", string(kind)), Icon: "ban", Ask: true,
		}}
		return row
	}
	if configured := p.configured(at, kind); configured.ID != "" {
		row.Title, row.State = "写在配置文件里", templates.Badge{Tone: templates.Good, Text: "已设置"}
		var words []string
		fields := configured.Fields
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			words = append(words, core.MessagePartLabel(fields[key]))
		}
		row.Fields = strings.Join(words, "；")
		row.Menu.Acts = []templates.Submit{test}
	}
	return row
}

// wechatTemplateAsked is an account and a kind of message that a URL names.
type wechatTemplateAsked struct {
	frame.OfficialChoice
	Kind core.MessageKind
}

// back is the list's URL.
func (a wechatTemplateAsked) back() string { return a.URL(frame.WechatTemplatePath) }

func (p *Pages) wechatTemplateAsked(c *web.Context) (asked wechatTemplateAsked, err error) {
	if asked.OfficialChoice, err = p.SenderOf(c); err != nil {
		return asked, err
	}
	asked.Kind = core.MessageKind(c.Query("kind"))
	if asked.AppID == "" || !slices.Contains(templateKinds(asked.OfficialChoice.Kind), asked.Kind) {
		return asked, core.InvalidFields(map[string]string{"kind": "没有这种提醒"})
	}
	return asked, nil
}

// wechatTemplateNow returns the choice for a kind; without one its AppID and Kind alone.
func (p *Pages) wechatTemplateNow(c *web.Context, asked wechatTemplateAsked) (core.WechatTemplate, error) {
	chosen, err := p.Store.WechatTemplates(c.Ctx(), c.Scope(), asked.AppID)
	for _, t := range chosen {
		if t.Kind == asked.Kind {
			return t, nil
		}
	}
	return core.WechatTemplate{AppID: asked.AppID, Kind: asked.Kind}, err
}

// templatesOf reads an account's templates from WeChat; what went wrong is a conflict in words.
func (p *Pages) templatesOf(ctx context.Context, at frame.OfficialChoice) ([]wechat.Template, error) {
	var list []wechat.Template
	var wrong error
	if at.Kind == core.WechatMini {
		mini, err := p.MiniProgram(at.AppID)
		if err != nil {
			return nil, err
		}
		list, wrong = mini.Templates(ctx)
	} else {
		official, err := p.Official(at.AppID)
		if err != nil {
			return nil, err
		}
		list, wrong = official.Templates(ctx)
	}
	if wrong != nil {
		return nil, &core.Error{
			Code: core.CodeConflict, Message: "读取" + at.Kind.Label() + "的模板失败：" + wechaterror.ForSetup(wrong), Err: wrong,
		}
	}
	return list, nil
}

// fieldsOf returns the fields of a template of WeChat, nothing chosen for them.
func fieldsOf(t wechat.Template) (fields []core.WechatTemplateField) {
	for _, f := range t.Fields {
		fields = append(fields, core.WechatTemplateField{Key: f.Key, Label: f.Label})
	}
	return fields
}

// wechatTemplateCheck compares what is chosen with the account's templates, which may have changed at WeChat.
func (p *Pages) wechatTemplateCheck(c *web.Context) error {
	at, err := p.SenderOf(c)
	if err != nil {
		return err
	}
	back := at.URL(frame.WechatTemplatePath)
	chosen, err := p.Store.WechatTemplates(c.Ctx(), c.Scope(), at.AppID)
	if err != nil {
		return err
	}
	list, err := p.templatesOf(c.Ctx(), at)
	if err != nil {
		return p.Refused(c, err, back)
	}
	var problems []string
	for _, t := range chosen {
		if problem := templateProblem(t, list); problem != "" {
			problems = append(problems, "“"+t.Kind.Label()+"”的"+problem)
		}
	}
	if len(problems) > 0 {
		c.Flash(web.FlashWarning, strings.Join(problems, "；")+"。请重新设置。")
	} else {
		c.Flash(web.FlashSuccess, fmt.Sprintf("%s有 %d 个模板，设置过的都在，字段没有变化。", at.Kind.Label(), len(list)))
	}
	return c.Redirect(back)
}

// templateProblem returns what is wrong with a choice by the account's templates; "" = nothing.
func templateProblem(t core.WechatTemplate, list []wechat.Template) string {
	at := slices.IndexFunc(list, func(own wechat.Template) bool { return own.ID == t.Template })
	if at < 0 {
		return "模板“" + t.Title + "”已从账号删除"
	}
	var keys []string
	for _, f := range list[at].Fields {
		keys = append(keys, f.Key)
	}
	return t.Missing(keys)
}

// wechatTemplateTest sends a message of a kind to the WeChat of the person signed in.
func (p *Pages) wechatTemplateTest(c *web.Context) error {
	asked, err := p.wechatTemplateAsked(c)
	if err != nil {
		return err
	}
	now, err := p.wechatTemplateNow(c, asked)
	if err != nil {
		return err
	}
	filled := now.MessageTemplate()
	if now.ID == 0 {
		filled = p.configured(asked.OfficialChoice, asked.Kind)
	}
	if filled.ID == "" {
		return p.Refused(c, core.Conflict("请先设置模板"), asked.back())
	}
	left, err := p.sendTest(c, asked, filled)
	if err != nil {
		if core.IsConflict(err) && c.Account().User == 0 {
			c.ShowFlash(web.Flash{Kind: web.FlashError, Message: core.MessageOf(err) + "。", Link: frame.MePath})
			return c.Redirect(asked.back())
		}
		if core.IsConflict(err) {
			return p.Refused(c, err, asked.back())
		}
		c.Flash(web.FlashError, "没有发出："+testProblem(err))
		return c.Redirect(asked.back())
	}
	done := "已发到您的微信，请在手机上查看“" + asked.Name + "”的消息。"
	if asked.OfficialChoice.Kind == core.WechatMini {
		done += fmt.Sprintf("用掉了您的 1 次允许，还剩 %d 次。", left)
	}
	c.Flash(web.FlashSuccess, done)
	return c.Redirect(asked.back())
}

// sendTest sends a sample to the WeChat of the person signed in; a conflict says what is missing. left is how many consents
// to subscribe messages they have left.
func (p *Pages) sendTest(c *web.Context, asked wechatTemplateAsked, filled core.MessageTemplate) (left int, err error) {
	fields := filled.Fill(core.SampleMessage(asked.Kind, c.Now()), p.Store.Zone())
	if asked.OfficialChoice.Kind == core.WechatMini {
		return p.sendSubscribeTest(c, asked.AppID, wechat.SubscribeMessage{Template: filled.ID, Fields: fields})
	}
	to, err := p.Store.FollowerOpenID(c.Ctx(), c.Account().ID, asked.AppID)
	if err != nil {
		return 0, err
	}
	official, err := p.Official(asked.AppID)
	if err != nil {
		return 0, err
	}
	_, err = official.SendTemplate(c.Ctx(), wechat.TemplateMessage{
		To: to, Template: filled.ID, ID: "t" + secret.Hex(12), URL: p.PublicURL + "/console", Fields: fields,
	})
	if err != nil {
		return 0, err
	}
	who := core.WechatIdentity{AppID: asked.AppID, OpenID: to}
	if err := p.Store.Outbox().SwitchTemplate(c.Ctx(), who, filled.ID, true); err != nil { // they get it, so they want it again
		c.Shortfall("note that a test arrived", err)
	}
	return 0, nil
}

// sendSubscribeTest sends a sample by a mini-program, which uses up one of the person's consents.
func (p *Pages) sendSubscribeTest(c *web.Context, appID string, m wechat.SubscribeMessage) (left int, err error) {
	mini, err := p.MiniProgram(appID)
	if err != nil {
		return 0, err
	}
	opens, err := p.Store.OpenIDs(c.Ctx(), c.Account().User)
	if err != nil {
		return 0, err
	}
	who := core.WechatIdentity{AppID: appID, OpenID: opens[appID]}
	if who.OpenID == "" {
		return 0, core.Conflict("您的微信还没有用过这个小程序。请先绑定微信，用它打开小程序，并在里面允许接收这种消息")
	}
	m.To = who.OpenID
	_, sent := mini.SendSubscribe(c.Ctx(), m)
	err = p.countTest(c.Ctx(), who, m.Template, sent)
	if err == nil {
		left, err = p.Store.Outbox().Grants(c.Ctx(), who, m.Template)
	}
	if err != nil {
		c.Shortfall("count the consent of a test", err)
	}
	return left, sent
}

// countTest counts the consent that a subscribe message used up, sent or perhaps sent; err is what WeChat said to it.
func (p *Pages) countTest(ctx context.Context, who core.WechatIdentity, template string, err error) error {
	switch {
	case err == nil || wechat.MayHaveHappened(err):
		return p.Store.Outbox().SpendGrant(ctx, who, template)
	case core.WechatAnswer(core.ChannelSubscribe, wechat.CodeOf(err)) == core.AnswerNoGrant:
		return p.Store.Outbox().EndGrants(ctx, who, template)
	}
	return nil
}

// testProblem returns why a test message was refused, in words.
func testProblem(err error) string {
	switch wechat.CodeOf(err) {
	case 43004:
		return "您的微信没有关注这个公众号。"
	case 43101:
		return "您没有允许接收这种消息，或在微信里关闭了它。"
	case 40037:
		return "模板已不属于这个账号，请重新设置。"
	case 47003:
		return "模板的字段与微信要求的不一致，请重新设置。"
	}
	return wechaterror.ForSetup(err)
}

func (p *Pages) wechatTemplateRemove(c *web.Context) error {
	asked, err := p.wechatTemplateAsked(c)
	if err != nil {
		return err
	}
	effect := "1 个模板不再使用，这种提醒改用其余的渠道"
	if p.configured(asked.OfficialChoice, asked.Kind).ID != "" {
		effect = "1 个模板不再使用，改用配置文件里的模板"
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "取消“" + asked.Kind.Label() + "”的模板？", Text: "各服务器在几秒内生效。", Submit: "取消设置",
			Effects: []string{effect},
		},
		Do: func() error {
			return p.Store.RemoveWechatTemplate(c.Ctx(), c.Actor(), c.Scope(), asked.AppID, asked.Kind)
		},
		Done: "已取消“" + asked.Kind.Label() + "”的模板。", Back: asked.back(),
	})
}

func (p *Pages) wechatTemplateEdit(c *web.Context) error {
	asked, err := p.wechatTemplateAsked(c)
	if err != nil {
		return err
	}
	now, err := p.wechatTemplateNow(c, asked)
	if err != nil {
		return err
	}
	list, problem := p.templatesOf(c.Ctx(), asked.OfficialChoice)
	draft := wechatTemplateDraft{asked, now, list, problem, p.configured(asked.OfficialChoice, asked.Kind)}
	if now.ID == 0 {
		draft.now = draft.fromFile(list)
	}
	return p.wechatTemplateFormPage(c, draft, nil)
}

func (p *Pages) wechatTemplateUpdate(c *web.Context) error {
	asked, err := p.wechatTemplateAsked(c)
	if err != nil {
		return err
	}
	var form wechatTemplateForm
	wrong := c.Bind(&form)
	now, err := p.wechatTemplateNow(c, asked)
	if err != nil {
		return err
	}
	list, problem := p.templatesOf(c.Ctx(), asked.OfficialChoice)
	draft := wechatTemplateDraft{
		asked, form.template(c.Form(), now, list), list, problem, p.configured(asked.OfficialChoice, asked.Kind),
	}
	if problem != nil {
		draft.now = now
	}
	if wrong == nil {
		wrong = problem
	}
	if frame.Redrawn(c) {
		return p.wechatTemplateFormPage(c, draft, nil)
	}
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateWechatTemplate(c.Ctx(), c.Actor(), c.Scope(), draft.now)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			draft.now = now
		}
		return p.wechatTemplateFormPage(c, draft, wrong)
	}
	p.Edited(c, "已保存“"+asked.Kind.Label()+"”的模板。各服务器在几秒内生效，可以点“发给我试试”。",
		wechatTemplateFields(wechatTemplateDraft{asked, now, list, nil, draft.file}, p.Store.Zone(), c.Now()), updated)
	return c.Redirect(asked.back())
}
