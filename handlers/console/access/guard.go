package access

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (p *Pages) guardRoutes() []web.Route {
	view, edit := web.Need(core.PermGuardPostView), web.Need(core.PermGuardPostEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.GuardPath, Access: view, Handler: p.guardList},
		{Method: http.MethodGet, Path: frame.GuardPath + "/new", Access: edit, Handler: p.guardNew},
		{Method: http.MethodPost, Path: frame.GuardPath, Access: edit, Handler: p.guardCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.GuardPath + "/:id", Access: view, Handler: p.guardShow},
		{Method: http.MethodGet, Path: frame.GuardPath + "/:id/edit", Access: edit, Handler: p.guardEdit},
		{Method: http.MethodPost, Path: frame.GuardPath + "/:id", Access: edit, Handler: p.guardUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.GuardPath + "/:id/disable", Access: edit, Level: web.Asks, Handler: p.guardDisable},
		{Method: http.MethodPost, Path: frame.GuardPath + "/:id/enable", Access: edit, Handler: p.guardEnable},
		{Method: http.MethodPost, Path: frame.GuardPath + "/:id/qr", Access: edit, Handler: p.guardQR},
		{Method: http.MethodGet, Path: frame.GuardPath + "/:id/qr", Access: edit, Handler: p.guardWatch},
	}
}

type guardShowPage struct {
	templates.Shell
	Facts  []templates.Fact
	URL    string
	Edit   bool
	Acts   []templates.Submit
	Wechat frame.WechatOff // the code cannot be shown
}

// guard returns the guard in the path, if the account may see it.
func (p *Pages) guard(c *web.Context) (core.Guard, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Guard{}, err
	}
	return p.Store.Guard(c.Ctx(), c.Scope(), id)
}

func (p *Pages) guardShow(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	posts, err := p.Store.PostsOfGuards(c.Ctx(), c.Scope(), []core.ID{g.ID})
	if err != nil {
		return err
	}
	bound, err := p.BoundFact(c, core.BindGuard, g.ID)
	if err != nil {
		return err
	}
	page := guardShowPage{Shell: p.Shell(c, "guardpost", g.Name), URL: frame.GuardURL(g.ID), Edit: c.Has(core.PermGuardPostEdit)}
	page.Crumbs, page.Note = guardCrumbs(), community.Name
	page.Facts = []templates.Fact{
		{Label: "姓名", Value: g.Name}, {Label: "手机", Value: g.Phone}, {Label: "小区", Value: community.Name},
		{Label: "门岗", Value: frame.Joined(posts[g.ID])},
		bound, {Label: "状态", Badge: frame.ServiceBadge(g.Disabled.IsZero(), "在岗")},
	}
	if page.Edit {
		page.Actions = []templates.Action{{Label: "修改", URL: frame.GuardURL(g.ID) + "/edit", Icon: "pencil"}}
		page.Acts, page.Wechat = guardActs(g), p.OfficialOff(c.Ctx(), core.ScopeOf(g.Community))
		for i := range page.Acts {
			if page.Acts[i].Icon == "qrcode" {
				page.Acts[i].Off = page.Wechat.Why
			}
		}
	}
	return p.Page(c, http.StatusOK, "console/guardpost/guard", page)
}

func guardCrumbs() []templates.Crumb {
	return append(guardPostCrumbs(), templates.Crumb{Label: "门岗人员", URL: frame.GuardPath})
}

// guardActs returns the buttons on a guard's page.
func guardActs(g core.Guard) []templates.Submit {
	if !g.Disabled.IsZero() {
		return []templates.Submit{{Label: "启用", URL: frame.GuardURL(g.ID) + "/enable", Icon: "check"}}
	}
	return []templates.Submit{
		{Label: "微信二维码", URL: frame.GuardURL(g.ID) + "/qr", Icon: "qrcode"},
		{Label: "停用", URL: frame.GuardURL(g.ID) + "/disable", Icon: "ban", Ask: true},
	}
}

func guardDisableText(g core.Guard) string {
	return "“" + g.Name + "”的门岗页面立即失效，不能再扫码、登记和放行。可以随时启用。"
}

// guardForm is the posted form.
type guardForm struct {
	Community core.ID   `form:"community"`
	Name      string    `form:"name" max:"40"`
	Phone     string    `form:"phone" max:"40"`
	Posts     []core.ID `form:"posts" max:"200"`
	Seen      int64     `form:"seen"`
}

func (f guardForm) guard(id core.ID) core.Guard {
	return core.Guard{ID: id, Community: f.Community, Name: f.Name, Phone: f.Phone, Posts: f.Posts, Updated: frame.ShownAt(f.Seen)}
}

func (p *Pages) guardNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.guardFormPage(c, core.Guard{Community: at.ID, Name: frame.SoughtName(c)}, nil)
}

// guardFormPage shows the form with the guard's values, or as submitted if it is invalid.
func (p *Pages) guardFormPage(c *web.Context, g core.Guard, wrong error) error {
	form, err := p.guardForm(c, g)
	if err != nil {
		return err
	}
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := guardPostFormPage{Shell: p.Shell(c, "guardpost", "添加门岗人员"), Form: form}
		page.Crumbs = guardCrumbs()
		if g.ID != 0 {
			page.Title = "修改门岗人员"
		}
		return p.Page(c, status, "console/guardpost/form", page)
	})
}

func (p *Pages) guardForm(c *web.Context, g core.Guard) (templates.Form, error) {
	at, err := p.formCommunity(c, g.Community, g.ID == 0)
	if err != nil {
		return templates.Form{}, err
	}
	var posts []core.GuardPost
	if at.ID != 0 {
		posts, err = p.Store.AllGuardPosts(c.Ctx(), c.Scope(), at.ID)
	}
	if err != nil {
		return templates.Form{}, err
	}
	form := templates.Form{
		Action: frame.GuardPath, CSRF: c.CSRF(), Cancel: frame.GuardPath, Submit: "添加", More: g.ID == 0,
		Sections: guardFields(g, at, posts),
	}
	if g.ID != 0 {
		form.Action, form.Cancel, form.Submit = frame.GuardURL(g.ID), frame.GuardURL(g.ID), "保存"
		form.Seen = templates.Seen(g.Updated)
	}
	return form, nil
}

func guardFields(g core.Guard, at frame.CommunityChoice, posts []core.GuardPost) []templates.Section {
	var choices []templates.Choice
	for _, post := range posts {
		if post.Disabled.IsZero() || slices.Contains(g.Posts, post.ID) {
			choices = append(choices, templates.Choice{Value: post.ID.String(), Label: post.Name})
		}
	}
	fields := append(at.FormFields(frame.GuardPath), []templates.Field{
		{Name: "name", Label: "姓名", Value: g.Name, Required: true, MaxLength: core.MaxName, Focus: g.ID == 0, Autocomplete: "off"},
		frame.PhoneField(g.Phone, g.ID == 0),
		{Kind: templates.Checks, Name: "posts", Label: "门岗", Values: frame.IDValues(g.Posts), Choices: choices, Help: "可以在哪些门岗放行。"},
	}...)
	if last := &fields[len(fields)-1]; at.ID == 0 {
		*last = templates.Field{Kind: templates.Static, Name: "no_posts", Label: "门岗", Value: frame.ChooseCommunity}
	} else if len(choices) == 0 {
		*last = templates.Field{Kind: templates.Static, Name: "no_posts", Label: "门岗", Value: "还没有门岗，请先添加"}
	}
	return []templates.Section{{Fields: fields}}
}

func (p *Pages) guardCreate(c *web.Context) error {
	var form guardForm
	wrong := p.BindForm(c, &form)
	var id core.ID
	if wrong == nil {
		id, wrong = p.Store.CreateGuard(c.Ctx(), c.Actor(), c.Scope(), form.guard(0))
	}
	if wrong != nil {
		return p.guardFormPage(c, form.guard(0), wrong)
	}
	return p.Added(c, frame.Added{
		Name: core.Clean(form.Name), Message: "门岗人员已添加。请本人扫“微信二维码”绑定微信。", Page: frame.GuardURL(id),
		Another: templates.WithQuery(frame.GuardPath+"/new", nil, "community", form.Community.String()),
	})
}

func (p *Pages) guardEdit(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	return p.guardFormPage(c, g, nil)
}

func (p *Pages) guardUpdate(c *web.Context) error {
	old, err := p.guard(c)
	if err != nil {
		return err
	}
	was, err := p.guardForm(c, old)
	if err != nil {
		return err
	}
	var form guardForm
	wrong := c.Bind(&form)
	g := form.guard(old.ID)
	g.Community, g.Disabled = old.Community, old.Disabled
	var updated time.Time
	if wrong == nil {
		updated, wrong = p.Store.UpdateGuard(c.Ctx(), c.Actor(), c.Scope(), g)
	}
	if wrong != nil {
		if g.Phone = old.Phone; core.IsStale(wrong) {
			g = old
		}
		return p.guardFormPage(c, g, wrong)
	}
	p.Edited(c, "已保存，立即生效。", was, updated, "phone")
	return c.Redirect(frame.GuardURL(g.ID))
}

func (p *Pages) guardDisable(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask: templates.Confirm{
			Title: "停用“" + g.Name + "”？", Text: guardDisableText(g), Submit: "停用门岗人员", Danger: true,
			Effects: []string{fmt.Sprintf("负责的 %d 个门岗少一人", len(g.Posts)), "立即生效"},
		},
		Do:   func() error { return p.Store.DisableGuard(c.Ctx(), c.Actor(), c.Scope(), g.ID) },
		Done: "已停用，门岗页面立即失效。", Back: frame.GuardURL(g.ID),
	})
}

func (p *Pages) guardEnable(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.EnableGuard(c.Ctx(), c.Actor(), c.Scope(), g.ID) },
		Done: "已启用。", Back: frame.GuardURL(g.ID),
	})
}

func guardBinding(g core.Guard) frame.Binding {
	return frame.Binding{
		Kind: core.BindGuard, Target: g.ID, Of: core.ScopeOf(g.Community), Name: g.Name, Menu: "门岗", Stem: "guardpost",
		URL: frame.GuardURL(g.ID), Crumbs: guardCrumbs(),
	}
}

func (p *Pages) guardQR(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	if !g.Disabled.IsZero() {
		return core.Conflict("“" + g.Name + "”已停用，请先启用")
	}
	return p.BindQR(c, guardBinding(g))
}

func (p *Pages) guardWatch(c *web.Context) error {
	g, err := p.guard(c)
	if err != nil {
		return err
	}
	return p.BindWatch(c, guardBinding(g))
}
