package account

import (
	"net/url"
	"strconv"

	"tongxing/core"
	"tongxing/secret"
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
			Placeholder: "ww", Help: "在企业微信管理后台的“我的企业—企业信息”最下方。一个企业只能接入一次。",
		}, agent, key, contact,
	}
}

// corpServerSection has the keys of the message server of a company. For a new one they are made here.
func corpServerSection(app core.WechatApp) templates.Section {
	section := templates.Section{
		Title: "接收消息", Help: "已随机生成。请现在就复制到应用的“接收消息”和“通讯录同步”的“接收事件服务器”，保存后不再显示。",
	}
	token := templates.Field{Name: "token", Label: "Token", MaxLength: 32, Autocomplete: "off"}
	aesKey := templates.Field{Name: "aes_key", Label: "EncodingAESKey", MaxLength: 43, Autocomplete: "off"}
	if app.ID == 0 {
		token.Value, aesKey.Value, token.Required, aesKey.Required = secret.Hex(16), secret.Letters(keyLetters, 43), true, true
	} else {
		section.Help = "不填则不变。两边要一致：改了这里，企业微信管理后台的两处也要改。"
	}
	section.Fields = []templates.Field{token, aesKey}
	return section
}

// corpSteps returns the steps of a company's set-up.
func (p *Pages) corpSteps(app core.WechatApp, keys wechatStep, host string) []wechatStep {
	keys.Title = "企业、应用和 Secret"
	calls := wechatStep{
		Title: "接收消息", Badge: stepBadge(app.Called, true),
		Text: "在“应用管理—接收消息”和“管理工具—通讯录同步—接收事件服务器”两处都填写下面的地址，以及添加时复制的 Token 和 EncodingAESKey。保存时企业微信会马上来校验。",
		Facts: []templates.Fact{{
			Label: "服务器地址", Value: p.PublicURL + "/callback/wework/" + app.ID.String(), Copy: true, Code: true,
		}},
	}
	if !app.Called.IsZero() {
		calls.Text = "最近一次收到企业微信的消息：" + p.wechatWhen(app.Called) + "。"
	}
	return []wechatStep{keys, calls, {
		Title: "网页授权", Text: "在“应用管理—网页授权及JS-SDK”，把可信域名填为：",
		Facts: []templates.Fact{{Label: "域名", Value: host, Copy: true, Code: true}},
	}}
}

// hostOf returns the host of an address.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return address
}
