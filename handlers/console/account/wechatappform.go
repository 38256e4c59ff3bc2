package account

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/secret"
	"tongxing/templates"
)

// wechatAppForm is the posted form.
type wechatAppForm struct {
	Kind        core.WechatAppKind `form:"kind" of:"official mini work"`
	Name        string             `form:"name" max:"64"`
	AppID       string             `form:"app_id" max:"64"`
	Agent       int                `form:"agent"`
	Secret      string             `form:"app_secret" max:"128"`
	Contact     string             `form:"contact_secret" max:"128"`
	Token       string             `form:"token" max:"64"`
	AESKey      string             `form:"aes_key" max:"64"`
	All         bool               `form:"all"`
	Proposed    core.ID            `form:"proposed"` // the id of a new one, which is in its addresses
	Communities []core.ID          `form:"communities"`
	Seen        int64              `form:"seen"`
}

// app returns what was typed, upon the app as it is: kind and app id of an existing one cannot change.
func (f wechatAppForm) app(old core.WechatApp) core.WechatApp {
	app := old
	app.Name, app.Updated = f.Name, frame.ShownAt(f.Seen)
	if old.ID == 0 {
		app.AppID = f.AppID
	}
	if old.Kind == core.WechatWork {
		app.Agent = f.Agent
	}
	if app.Scope = core.ScopeOf(f.Communities...); f.All {
		app.Scope = core.Everywhere
	}
	return app
}

func (f wechatAppForm) keys() core.WechatKeys {
	return core.WechatKeys{
		Secret: core.Clean(f.Secret), Contact: core.Clean(f.Contact), Token: core.Clean(f.Token), AESKey: core.Clean(f.AESKey),
	}
}

type wechatAppFormPage struct {
	templates.Shell
	Form templates.Form
}

// wechatAppFormPage shows the form of a new or an existing app, or as submitted if it is invalid. name is what an existing
// one is called.
func (p *Pages) wechatAppFormPage(c *web.Context, app core.WechatApp, name string, wrong error) error {
	form, err := p.wechatAppForm(c, app)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := wechatAppFormPage{Shell: p.Shell(c, "wechatapp", "添加"+app.Kind.Label()), Form: form}
		page.Crumbs = wechatAppCrumbs()
		if app.ID != 0 {
			page.Title = "修改" + app.Kind.Label()
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: name, URL: frame.WechatAppURL(app.ID)})
		}
		return p.Page(c, status, "console/wechatapp/form", page)
	})
}

func (p *Pages) wechatAppForm(c *web.Context, app core.WechatApp) (templates.Form, error) {
	all, err := p.Communities(c)
	if err != nil {
		return templates.Form{}, err
	}
	form := templates.Form{
		Action: frame.WechatAppPath, CSRF: c.CSRF(), Cancel: frame.WechatAppPath, Submit: "保存并检查",
		Sections: []templates.Section{{Title: "账号", Fields: wechatAppFields(app)}},
	}
	switch app.Kind {
	case core.WechatWork:
		form.Sections[0].Fields = corpFields(app)
		form.Sections = append(form.Sections, corpServerSection(app, p.callbackFields(c, app)))
	case core.WechatOfficial:
		form.Sections = append(form.Sections, wechatServerSection(app, p.callbackFields(c, app)))
	case core.WechatMini:
		form.Sections = append(form.Sections, miniServerSection(app, p.callbackFields(c, app)))
	}
	form.Sections = append(form.Sections, wechatAppScope(app, all, c.Scope().Whole()))
	if app.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.WechatAppURL(app.ID), frame.WechatAppURL(app.ID), "保存"
		form.Seen = templates.Seen(app.Updated)
	}
	return form, nil
}

func wechatAppFields(app core.WechatApp) []templates.Field {
	name := templates.Field{
		Name: "name", Label: "名称", Value: app.Name, Required: true, MaxLength: core.MaxWechatAppName, Focus: app.ID == 0,
		Placeholder: "翠湖花园物业", Help: "只在这里显示，便于区分。",
	}
	key := templates.Field{
		Kind: templates.Password, Name: "app_secret", Label: "AppSecret", Required: app.ID == 0, MaxLength: core.MaxWechatKey,
		Autocomplete: "new-password", Help: "加密保存，以后不再显示。",
	}
	if app.ID != 0 {
		key.Help = "不填则不变。在公众平台重置后，请填写新的。"
		return []templates.Field{name, {Kind: templates.Static, Name: "app_id", Label: "AppID", Value: app.AppID}, key}
	}
	return []templates.Field{
		{Kind: templates.Hidden, Name: "kind", Value: string(app.Kind)}, name,
		{
			Name: "app_id", Label: "AppID", Value: app.AppID, Required: true, MaxLength: core.MaxWechatKey, Autocomplete: "off",
			Placeholder: "wx", Help: "在公众平台的“设置与开发—基本配置”。",
		}, key,
	}
}

// callbackURL returns where WeChat sends an account's messages.
func (p *Pages) callbackURL(kind core.WechatAppKind, id core.ID) string {
	path := map[core.WechatAppKind]string{core.WechatOfficial: "oa", core.WechatMini: "mini", core.WechatWork: "wework"}[kind]
	return p.PublicURL + "/callback/" + path + "/" + id.String()
}

// callbackFields show the address to enter at WeChat beside the keys. A new account's has an id that is proposed to
// the store, and stays the same while the form is shown again.
func (p *Pages) callbackFields(c *web.Context, app core.WechatApp) []templates.Field {
	id, err := app.ID, error(nil)
	var fields []templates.Field
	if id == 0 {
		if id, err = core.ParseID(c.Form().Get("proposed")); err != nil {
			id = p.Store.NewID()
		}
		fields = append(fields, templates.Field{Kind: templates.Hidden, Name: "proposed", Value: id.String()})
	}
	return append(fields, templates.Field{
		Kind: templates.Static, Name: "callback", Label: "服务器地址", Value: p.callbackURL(app.Kind, id), Copy: true, Wide: true,
	})
}

// callbackKeys are the fields of the keys of a message server, which both sides must have.
func callbackKeys() (token, aesKey templates.Field) {
	token = templates.Field{Name: "token", Label: "Token", MaxLength: 32, Autocomplete: "off", Copy: true, Make: 32}
	aesKey = templates.Field{Name: "aes_key", Label: "EncodingAESKey", MaxLength: 43, Autocomplete: "off", Copy: true, Make: 43}
	return token, aesKey
}

// wechatServerSection has the address and the keys of the message server. For a new account the keys are made here, to
// be copied.
func wechatServerSection(app core.WechatApp, address []templates.Field) templates.Section {
	token, aesKey := callbackKeys()
	section := templates.Section{Title: "消息推送", Help: "先把这三项复制到“服务器配置”，保存这里后再去提交。密钥不再显示。"}
	if app.ID == 0 {
		token.Value, aesKey.Value, token.Required = secret.Hex(16), secret.Letters(keyLetters, 43), true
		aesKey.Help = "消息加解密方式请选“安全模式”。"
	} else {
		section.Help = "不填则不变。两边要一致：改了这里，公众平台也要改。"
		aesKey.Help = "现在是明文模式，填写后改为安全模式。"
		if app.Sealed {
			aesKey.Help = "现在是安全模式。"
		}
	}
	section.Fields = append(address, token, aesKey)
	return section
}

// miniServerSection has the address and the keys of a mini-program's message server, which it can do without.
func miniServerSection(app core.WechatApp, address []templates.Field) templates.Section {
	token, aesKey := callbackKeys()
	aesKey.Help = "消息加密方式请选“安全模式”。"
	section := templates.Section{
		Title: "消息推送", Help: "选填，照公众平台的“消息推送”填写。推送到这里，订阅授权才会计数。",
		Fields: append(address, token, aesKey),
	}
	if app.ID != 0 {
		section.Help = "不填则不变。两边要一致：改了这里，公众平台也要改。"
	}
	return section
}

const keyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// wechatAppScope asks which communities an account serves.
func wechatAppScope(app core.WechatApp, all []core.Community, everywhere bool) templates.Section {
	boxes := templates.Field{
		Kind: templates.Checks, Name: "communities", Label: "小区", Values: frame.IDValues(app.Scope.Communities()),
		Help: "一个小区只能有一个" + app.Kind.Label() + "。",
	}
	for _, community := range all {
		boxes.Choices = append(boxes.Choices, templates.Choice{Value: community.ID.String(), Label: community.Name})
	}
	section := templates.Section{Title: "负责小区", Fields: []templates.Field{boxes}}
	if everywhere {
		section.Fields = slices.Insert(section.Fields, 0, templates.Field{
			Kind: templates.Switch, Name: "all", Label: "没有单独" + app.Kind.Label() + "的全部小区", Wide: true,
			Value: frame.SwitchValue(app.Scope.Whole()),
		})
	}
	return section
}
