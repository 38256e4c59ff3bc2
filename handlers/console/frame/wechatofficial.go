package frame

import (
	"cmp"
	"net/url"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// OfficialParam names the official account that a page is about: WeChat's id of it.
const OfficialParam = "app"

// OfficialChoice is the official account that a page is about, and those to choose from.
type OfficialChoice struct {
	core.WechatApp // zero = not chosen yet, or there is none
	All            []core.WechatApp
	label          string // of the choice; "" = 公众号
	Change         bool   // the account may change its contents: it serves no community out of the scope
}

// OfficialOf reads which official account a page is about; without it, the only one, and of several none.
func (f *Frame) OfficialOf(c *web.Context) (OfficialChoice, error) {
	all, err := f.Store.WechatOfficials(c.Ctx(), c.Scope())
	if err != nil {
		return OfficialChoice{}, err
	}
	return OfficialChoice{All: all}.read(c)
}

// SenderOf is OfficialOf for a page that is also about mini-programs. Without a choice it is the only official account.
func (f *Frame) SenderOf(c *web.Context) (OfficialChoice, error) {
	all, err := f.Store.WechatSenders(c.Ctx(), c.Scope())
	if err != nil {
		return OfficialChoice{}, err
	}
	return OfficialChoice{All: all, label: "账号"}.read(c)
}

// read chooses what the query names.
func (o OfficialChoice) read(c *web.Context) (OfficialChoice, error) {
	asked := c.Query(OfficialParam)
	officials := 0
	for _, a := range o.All {
		if a.Kind == core.WechatOfficial {
			officials++
		}
	}
	for _, a := range o.All {
		only := len(o.All) == 1 || officials == 1 && a.Kind == core.WechatOfficial
		if a.AppID == asked || asked == "" && only {
			o.WechatApp = a
		}
	}
	if asked != "" && o.AppID == "" {
		return OfficialChoice{}, core.InvalidFields(map[string]string{OfficialParam: "没有这个账号"})
	}
	o.Change = c.Scope().Covers(o.Scope)
	return o, nil
}

// URL returns the URL of a page about the account, with further parameters by name and value.
func (o OfficialChoice) URL(path string, params ...string) string {
	query := url.Values{OfficialParam: {o.AppID}}
	for i := 0; i+1 < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	return path + "?" + query.Encode()
}

// Asked returns the form at the top of a page that chooses the account; nil if there is at most one.
func (o OfficialChoice) Asked(path string) *templates.Asked {
	if len(o.All) < 2 {
		return nil
	}
	field, label := o.Field(), "切换"
	if field.Value = o.AppID; o.AppID == "" {
		label, field.Choices = "查看", slices.Insert(field.Choices, 0, templates.Choice{Label: "请选择" + field.Label})
	}
	return &templates.Asked{Path: path, Field: field, Submit: label}
}

// Field returns the field that chooses the account.
func (o OfficialChoice) Field() templates.Field {
	field := templates.Field{
		Kind: templates.Select, Name: OfficialParam, Label: cmp.Or(o.label, core.WechatOfficial.Label()), Standing: true,
	}
	for _, a := range o.All {
		field.Choices = append(field.Choices, templates.Choice{Value: a.AppID, Label: a.Name})
	}
	return field
}

// Empty returns what is shown while there is no account to show; nil if there is one.
func (o OfficialChoice) Empty(c *web.Context) *templates.Empty {
	switch {
	case o.AppID != "":
		return nil
	case len(o.All) > 0:
		return &templates.Empty{Icon: "brand-wechat", Title: "请选择公众号", Text: "这一页一次只看一个公众号，请在上面选择。"}
	}
	empty := templates.Empty{
		Icon: "brand-wechat", Title: "还没有接入公众号", Text: "接入已认证的服务号后，才能设置这里的内容。", Ask: "请联系运维人添加。",
	}
	if c.Actor().MayOperate() {
		empty.Action = templates.Action{Label: "添加公众号", URL: WechatAppPath + "/new?kind=official", Primary: true}
	}
	return &empty
}
