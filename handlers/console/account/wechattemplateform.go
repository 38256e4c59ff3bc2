package account

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
	"tongxing/wechat"
)

// wechatTemplateForm is the posted form. What fills the template's fields is under core.TemplateFieldName.
type wechatTemplateForm struct {
	Template string `form:"template" max:"64"`
	Shown    string `form:"shown" max:"64"` // the template whose fields the form has
	Seen     int64  `form:"seen"`
}

// template returns what was chosen. The fields are those that the account's template has now; for another template
// than the form showed they are proposed.
func (f wechatTemplateForm) template(
	form url.Values, now core.WechatTemplate, list []wechat.Template,
) core.WechatTemplate {
	t := core.WechatTemplate{ID: now.ID, AppID: now.AppID, Kind: now.Kind, Updated: frame.ShownAt(f.Seen)}
	at := slices.IndexFunc(list, func(own wechat.Template) bool { return own.ID == f.Template })
	if at < 0 {
		return t
	}
	t.Template, t.Title, t.Fields = f.Template, list[at].Title, fieldsOf(list[at])
	if f.Template != f.Shown {
		t.Fields = core.ProposeParts(t.Fields)
		return t
	}
	for i, field := range t.Fields {
		t.Fields[i].Part = form.Get(core.TemplateFieldName(field.Key))
	}
	return t
}

type wechatTemplateFormPage struct {
	templates.Shell
	Form templates.Form
}

// wechatTemplateDraft is a choice that is being made.
type wechatTemplateDraft struct {
	wechatTemplateAsked
	now     core.WechatTemplate
	list    []wechat.Template    // of the account
	problem error                // why they could not be read
	file    core.MessageTemplate // of the configuration file for the kind
}

// fromFile returns the configuration file's template as a choice, which the form begins with; without one nothing is
// chosen.
func (d wechatTemplateDraft) fromFile(list []wechat.Template) core.WechatTemplate {
	t := d.now
	at := slices.IndexFunc(list, func(own wechat.Template) bool { return own.ID == d.file.ID })
	if at < 0 {
		return t
	}
	t.Template, t.Title, t.Fields = list[at].ID, list[at].Title, fieldsOf(list[at])
	for i, field := range t.Fields {
		t.Fields[i].Part = d.file.Fields[field.Key]
	}
	return t
}

func (p *Pages) wechatTemplateFormPage(c *web.Context, d wechatTemplateDraft, wrong error) error {
	form := wechatTemplateFields(d, p.Store.Zone(), c.Now())
	form.CSRF = c.CSRF()
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := wechatTemplateFormPage{Shell: p.Shell(c, "wechattemplate", d.Kind.Label()+"的模板"), Form: form}
		page.Crumbs, page.Note = wechatTemplateCrumbs(), d.Name
		if d.problem != nil {
			page.Actions = []templates.Action{wechatAppAction(d.OfficialChoice)}
		}
		return p.Page(c, status, "console/wechattemplate/form", page)
	})
}

// wechatTemplateFields returns the form: the template, what fills its fields, and how a message looks then.
func wechatTemplateFields(d wechatTemplateDraft, zone *time.Location, now time.Time) templates.Form {
	action := d.URL(frame.WechatTemplatePath, "kind", string(d.Kind))
	choose := templates.Field{
		Kind: templates.Select, Name: "template", Label: d.OfficialChoice.Kind.Label() + "的模板", Value: d.now.Template,
		Required: true, Redraw: action,
		Choices: []templates.Choice{{Label: "请选择"}},
	}
	if d.file.ID != "" && d.now.ID == 0 {
		choose.Help = "现在用配置文件里的。保存后以这里为准，“取消设置”后恢复。"
	}
	if d.problem == nil && len(d.list) == 0 {
		choose.Help = "公众号还没有模板。请在公众平台的“模板消息—模板库”添加。"
		if d.OfficialChoice.Kind == core.WechatMini {
			choose.Help = "小程序还没有模板。请在公众平台的“订阅消息—公共模板库”添加。"
		}
	}
	for _, t := range d.list {
		choose.Choices = append(choose.Choices, templates.Choice{Value: t.ID, Label: fmt.Sprintf("%s（%d 个字段）", t.Title, len(t.Fields))})
	}
	if d.problem != nil && d.now.Template != "" {
		choose.Choices = append(choose.Choices, templates.Choice{Value: d.now.Template, Label: d.now.Title})
	}
	form := templates.Form{
		Action: action, Cancel: d.back(), Sections: []templates.Section{{Fields: []templates.Field{
			{Kind: templates.Hidden, Name: "shown", Value: d.now.Template}, choose,
		}}},
		Seen: templates.Seen(d.now.Updated),
	}
	if d.problem != nil {
		form.Error = core.MessageOf(d.problem)
	}
	if len(d.now.Fields) == 0 {
		return form
	}
	fill := templates.Section{Title: "字段", Help: "微信要求每个字段都填，超过字数的自动截短。"}
	preview := templates.Section{Title: "预览", Help: "发出的消息大致是这样。"}
	texts := d.now.MessageTemplate().Fill(core.SampleMessage(d.Kind, now), zone)
	for _, f := range d.now.Fields {
		fill.Fields = append(fill.Fields, templates.Field{
			Kind: templates.Select, Name: core.TemplateFieldName(f.Key), Label: f.Label, Value: f.Part, Required: true,
			Choices: templates.ChoicesOf("请选择", core.PartsOfField(f.Key), core.MessagePartLabel), Redraw: action,
			Help: templateFieldHelp(f.Key),
		})
		preview.Fields = append(preview.Fields, templates.Field{
			Kind: templates.Static, Name: "preview_" + f.Key, Label: f.Label, Value: texts[f.Key],
		})
	}
	form.Sections = append(form.Sections, fill, preview)
	return form
}

// templateFieldHelp returns which texts WeChat takes in a field.
func templateFieldHelp(key string) string {
	switch parts := core.PartsOfField(key); {
	case slices.Equal(parts, []string{"time"}):
		return "微信规定填日期和时间。"
	case slices.Equal(parts, []string{"count"}):
		return "微信规定填数字。"
	}
	return fmt.Sprintf("最多 %d 个字", core.FieldMax(key))
}
