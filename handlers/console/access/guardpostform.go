package access

import (
	"cmp"
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// guardPostForm is the posted form.
type guardPostForm struct {
	Community core.ID `form:"community"`
	Name      string  `form:"name" max:"64"`
	Direction string  `form:"direction" max:"8"`
	Urgent    bool    `form:"urgent"`
	Seen      int64   `form:"seen"`
}

func (f guardPostForm) post(id core.ID) core.GuardPost {
	return core.GuardPost{
		ID: id, Community: f.Community, Name: f.Name, Direction: core.Direction(f.Direction), Urgent: f.Urgent,
		Updated: frame.ShownAt(f.Seen),
	}
}

type guardPostFormPage struct {
	templates.Shell
	Form templates.Form
}

// guardPostFormPage shows the form of a new or an existing post, or as submitted if it is invalid.
func (p *Pages) guardPostFormPage(c *web.Context, post core.GuardPost, wrong error) error {
	form, err := p.guardPostForm(c, post)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := guardPostFormPage{Shell: p.Shell(c, "guardpost", "添加门岗"), Form: form}
		page.Crumbs = guardPostCrumbs()
		if post.ID != 0 {
			page.Title = "修改门岗"
			named := cmp.Or(post.Name, "门岗") // the name that was typed may be empty
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: named, URL: frame.GuardPostURL(post.ID)})
		}
		return p.Page(c, status, "console/guardpost/form", page)
	})
}

func (p *Pages) guardPostForm(c *web.Context, post core.GuardPost) (templates.Form, error) {
	at, err := p.formCommunity(c, post.Community, post.ID == 0)
	if err != nil {
		return templates.Form{}, err
	}
	form := templates.Form{
		Action: frame.GuardPostPath, CSRF: c.CSRF(), Cancel: frame.GuardPostPath, Submit: "添加", More: post.ID == 0,
		Sections: guardPostFields(post, at),
	}
	if post.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.GuardPostURL(post.ID), frame.GuardPostURL(post.ID), "保存"
		form.Seen = templates.Seen(post.Updated)
	}
	return form, nil
}

func guardPostFields(post core.GuardPost, at frame.CommunityChoice) []templates.Section {
	return []templates.Section{{Fields: append(at.FormFields(""), []templates.Field{
		{
			Name: "name", Label: "名称", Value: post.Name, Required: true, MaxLength: core.MaxGuardPostName,
			Focus: post.ID == 0, Placeholder: "东门岗", Help: "记在出入记录里，住户也看得到。",
		},
		{
			Kind: templates.Radio, Name: "direction", Label: "默认方向", Value: string(post.Direction), Required: true,
			Help:    "门岗扫码时预先选好，可以当场改。",
			Choices: []templates.Choice{{Value: string(core.Out), Label: "出门"}, {Value: string(core.In), Label: "进门"}},
		},
		{
			Kind: templates.Switch, Name: "urgent", Label: "允许紧急放行", Value: frame.SwitchValue(post.Urgent), Wide: true,
			Help: "只限时段、次数、限制或体温不符的住户；须写原因，会告警。",
		},
	}...)}}
}
