package account

import (
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// wechatMenuForm is the posted form of one button.
type wechatMenuForm struct {
	Kind  core.MenuButtonKind `form:"kind" of:"group view click miniprogram"`
	Name  string              `form:"name" max:"64"`
	URL   string              `form:"url" max:"2048"`
	Reply string              `form:"reply" max:"4096" text:"lines"`
	Mini  string              `form:"mini" max:"64"`
	Path  string              `form:"path" max:"512"`
	Seen  int64               `form:"seen"`
}

func (f wechatMenuForm) button() core.MenuButton {
	return core.MenuButton{Kind: f.Kind, Name: f.Name, URL: f.URL, Reply: f.Reply, Mini: f.Mini, Path: f.Path}.Trimmed()
}

type wechatMenuFormPage struct {
	templates.Shell
	Form templates.Form
}

// wechatMenuEditing is the button that a form is about.
type wechatMenuEditing struct {
	menuChoice
	menu   core.WechatMenu
	place  core.MenuPlace
	button core.MenuButton
	fresh  bool // it is to be added
}

func (p *Pages) wechatMenuEditing(c *web.Context) (e wechatMenuEditing, err error) {
	if e.menuChoice, err = p.menuChoice(c); err != nil {
		return e, err
	}
	if e.place, err = core.ParseMenuPlace(c.Query("at")); err != nil {
		return e, err
	}
	if e.AppID == "" {
		return e, core.InvalidFields(map[string]string{frame.OfficialParam: "请选择公众号"})
	}
	problem := ""
	if e.menu, problem, err = p.wechatMenuDraft(c, e.menuChoice); err != nil {
		return e, err
	}
	_ = problem // a menu that cannot be read is begun again; publishing replaces the other
	found := false
	if e.button, found = core.MenuButtonAt(e.menu.Draft, e.place); !found {
		e.fresh, e.button = true, core.MenuButton{Kind: core.ButtonView}
	}
	return e, nil
}

func (p *Pages) wechatMenuEdit(c *web.Context) error {
	e, err := p.wechatMenuEditing(c)
	if err != nil {
		return err
	}
	return p.wechatMenuFormPage(c, e, nil)
}

func (p *Pages) wechatMenuUpdate(c *web.Context) error {
	e, err := p.wechatMenuEditing(c)
	if err != nil {
		return err
	}
	was := e.menu
	var form wechatMenuForm
	wrong := c.Bind(&form)
	if web.FieldsOf(wrong) == nil {
		e.button = form.button()
	}
	if frame.Redrawn(c) {
		return p.wechatMenuFormPage(c, e, nil)
	}
	if wrong == nil {
		wrong = e.button.Check(e.place)
	}
	if wrong == nil {
		e.menu.Updated = frame.ShownAt(form.Seen)
		e.menu.Draft, wrong = core.PutMenuButton(was.Draft, e.place, e.button)
	}
	if wrong == nil {
		_, wrong = p.Store.UpdateWechatMenu(c.Ctx(), c.Actor(), c.Scope(), e.menu)
	}
	if wrong != nil {
		e.menu = was
		return p.wechatMenuFormPage(c, e, wrong)
	}
	c.Flash(web.FlashSuccess, "已保存到草稿，发布后生效。")
	return c.Redirect(e.URL(frame.WechatMenuPath))
}

func (p *Pages) wechatMenuFormPage(c *web.Context, e wechatMenuEditing, wrong error) error {
	form := e.form()
	form.CSRF = c.CSRF()
	return p.FormPage(c, wrong, &form, func(status int) error {
		title := "修改菜单"
		if e.fresh {
			title = "添加菜单"
			if e.place.Sub >= 0 {
				title = "添加子菜单"
			}
		}
		page := wechatMenuFormPage{Shell: p.Shell(c, "wechatmenu", title), Form: form}
		page.Crumbs, page.Note = wechatMenuCrumbs(e.menuChoice), e.note()
		return p.Page(c, status, "console/wechatmenu/form", page)
	})
}

// form returns the form: what the button's kind needs.
func (e wechatMenuEditing) form() templates.Form {
	action, b := e.URL(frame.WechatMenuPath, "at", e.place.String()), e.button
	kinds, letters := core.MenuButtonKinds, 4
	if e.place.Sub >= 0 {
		kinds, letters = slices.DeleteFunc(slices.Clone(kinds), func(k core.MenuButtonKind) bool { return k == core.ButtonGroup }), 8
	}
	fields := []templates.Field{
		{
			Name: "name", Label: "名称", Value: b.Name, Required: true, MaxLength: 2 * letters, Short: true, Focus: e.fresh,
			Help: fmt.Sprintf("最多 %d 个汉字或 %d 个字母", letters, 2*letters),
		},
		{
			Kind: templates.Select, Name: "kind", Label: "点了以后", Value: string(b.Kind), Required: true, Redraw: action,
			Choices: templates.ChoicesOf("", kinds, core.MenuButtonKind.Label),
		},
	}
	address := templates.Field{
		Name: "url", Label: "网址", Value: b.URL, Required: true, MaxLength: 1024, Placeholder: "https://", Autocomplete: "off",
	}
	switch b.Kind {
	case core.ButtonView:
		fields = append(fields, address)
	case core.ButtonReply:
		fields = append(fields, templates.Field{
			Kind: templates.Textarea, Name: "reply", Label: "回复的文字", Value: b.Reply, Required: true, MaxLength: core.MaxReplyText,
		})
	case core.ButtonMini:
		address.Label, address.Help = "备用网址", "旧版微信打不开小程序时打开它。"
		fields = append(fields, templates.Field{
			Name: "mini", Label: "小程序 AppID", Value: b.Mini, Required: true, MaxLength: 64, Placeholder: "wx", Autocomplete: "off",
			Help: "小程序要先在公众平台关联到这个公众号。",
		}, templates.Field{
			Name: "path", Label: "页面", Value: b.Path, Required: true, MaxLength: 256, Placeholder: "pages/index/index", Autocomplete: "off",
		}, address)
	case core.ButtonGroup:
		fields[1].Help = "保存后，在它的“更多操作”里添加子菜单。"
	}
	return templates.Form{
		Action: action, Cancel: e.URL(frame.WechatMenuPath), Submit: "保存到草稿", Sections: []templates.Section{{Fields: fields}},
		Seen: templates.Seen(e.menu.Updated),
	}
}
