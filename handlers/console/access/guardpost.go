package access

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// guardPostRoutes are 门岗: the posts, and the guards who work there.
func (p *Pages) guardPostRoutes() []web.Route {
	view, edit := web.Need(core.PermGuardPostView), web.Need(core.PermGuardPostEdit)
	return append(p.guardRoutes(),
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath, Access: view, Handler: p.guardPostList},
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath + "/new", Access: edit, Handler: p.guardPostNew},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath, Access: edit, Handler: p.guardPostCreate, Draft: true},
		web.Route{Method: http.MethodGet, Path: frame.GuardPostPath + "/:id/edit", Access: edit, Handler: p.guardPostEdit},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath + "/:id", Access: edit, Handler: p.guardPostUpdate, Draft: true},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath + "/:id/disable", Access: edit, Handler: p.guardPostDisable},
		web.Route{Method: http.MethodPost, Path: frame.GuardPostPath + "/:id/enable", Access: edit, Handler: p.guardPostEnable},
	)
}

type guardPostListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardPostRow
}

type guardPostRow struct {
	Name, URL, Community, Direction string
	Guards                          []guardLink
	State                           templates.Badge
	Act                             *templates.Submit // nil = may not
	CSRF                            string
}

type guardLink struct{ Name, URL string }

func guardPostTabs(active string) templates.Tabs {
	return templates.Tabs{Label: "门岗", Items: []templates.NavItem{
		{Label: "岗位", URL: frame.GuardPostPath, Active: active == "post"},
		{Label: "门岗人员", URL: frame.GuardPath, Active: active == "guard"},
	}}
}

func (p *Pages) guardPostList(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	chosen := frame.ChosenCommunity(c, at)
	posts, err := p.Store.GuardPosts(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	guards, err := p.Store.Guards(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	page := guardPostListPage{Shell: p.Shell(c, "guardpost", "门岗"), Tabs: guardPostTabs("post"), List: guardPostTable(c, at)}
	if c.Has(core.PermGuardPostEdit) && len(at.All) > 0 {
		page.Actions = []templates.Action{{Label: "添加门岗", URL: frame.NewURL(frame.GuardPostPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, post := range posts {
		page.Rows = append(page.Rows, guardPostRowOf(c, post, guards, at, page.CSRF))
	}
	page.List.Count = len(page.Rows)
	page.List.Pager.Summary = fmt.Sprintf("共 %d 个门岗", len(page.Rows))
	return p.Page(c, http.StatusOK, "console/guardpost/list", page)
}

func guardPostTable(c *web.Context, at frame.CommunityChoice) templates.List {
	if len(at.All) == 0 {
		return templates.List{Path: frame.GuardPostPath, Empty: frame.NoCommunityYet(c)}
	}
	list := templates.List{
		Path: frame.GuardPostPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{
			{Label: "名称"}, {Label: "方向", Narrow: true}, {Label: "门岗人员"}, {Label: "状态", Narrow: true},
			{Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{Icon: "shield", Title: "还没有门岗", Text: "添加门岗和门岗人员后，门岗就能用手机扫码放行、手工登记。"},
	}
	if len(at.All) > 1 {
		list.Filters = []templates.Field{at.Field("全部小区")}
	}
	return list
}

func guardPostRowOf(c *web.Context, post core.GuardPost, guards []core.Guard, at frame.CommunityChoice, csrf string) guardPostRow {
	row := guardPostRow{
		Name: post.Name, Community: at.NameOf(post.Community), Direction: frame.DirectionWords(post.Direction),
		State: frame.ServiceBadge(post.Disabled.IsZero(), "使用中"), CSRF: csrf,
	}
	for _, guard := range guards {
		for _, id := range guard.Posts {
			if id == post.ID && guard.Disabled.IsZero() {
				row.Guards = append(row.Guards, guardLink{guard.Name, frame.GuardURL(guard.ID)})
			}
		}
	}
	if !c.Has(core.PermGuardPostEdit) {
		return row
	}
	row.URL = frame.GuardPostURL(post.ID) + "/edit"
	row.Act = &templates.Submit{
		Label: "停用", URL: frame.GuardPostURL(post.ID) + "/disable", Icon: "ban", Danger: true,
		Confirm: guardPostDisableText(post),
	}
	if !post.Disabled.IsZero() {
		row.Act = &templates.Submit{Label: "恢复使用", URL: frame.GuardPostURL(post.ID) + "/enable", Icon: "check"}
	}
	return row
}

func guardPostDisableText(post core.GuardPost) string {
	return "停用“" + post.Name + "”后，门岗人员的手机上不再有这个岗位，不能在这里放行。出入记录保留，可以随时恢复。"
}

// guardPostForm is what the form sends.
type guardPostForm struct {
	Community core.ID `form:"community"`
	Name      string  `form:"name" max:"64"`
	Direction string  `form:"direction" max:"8"`
	Seen      int64   `form:"seen"`
}

func (f guardPostForm) post(id core.ID) core.GuardPost {
	return core.GuardPost{
		ID: id, Community: f.Community, Name: f.Name, Direction: core.Direction(f.Direction),
		Updated: frame.ShownAt(f.Seen),
	}
}

type guardPostFormPage struct {
	templates.Shell
	Form templates.Form
}

func guardPostCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "门岗", URL: frame.GuardPostPath}}
}

func (p *Pages) guardPostNew(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if asked, err := p.ChooseCommunity(c, at, frame.ChooseCommunity{
		Stem: "guardpost", Path: frame.GuardPostPath, Title: "添加门岗", Crumbs: guardPostCrumbs(),
	}); asked || err != nil {
		return err
	}
	return p.guardPostFormPage(c, core.GuardPost{Community: at.ID, Direction: core.Out}, nil)
}

// guardPostFormPage shows the form with the post's values, or as it was sent where
// it is wrong.
func (p *Pages) guardPostFormPage(c *web.Context, post core.GuardPost, wrong error) error {
	community, err := p.Store.Community(c.Ctx(), c.Scope(), post.Community)
	if err != nil {
		return err
	}
	page := guardPostFormPage{Shell: p.Shell(c, "guardpost", "添加门岗")}
	page.Crumbs = guardPostCrumbs()
	page.Form = templates.Form{
		Action: frame.GuardPostPath, CSRF: page.CSRF, Cancel: frame.GuardPostPath, Submit: "添加",
		Sections: guardPostFields(post, community),
	}
	if post.ID != 0 {
		page.Title, page.Form.Action, page.Form.Submit = "修改门岗", frame.GuardPostURL(post.ID), "保存"
		page.Form.Seen = templates.Seen(post.Updated)
	}
	show := func(status int) error { return p.Page(c, status, "console/guardpost/form", page) }
	if wrong != nil {
		return p.FormPage(c, wrong, &page.Form, show)
	}
	return show(http.StatusOK)
}

func guardPostFields(post core.GuardPost, community core.Community) []templates.Section {
	return []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: community.ID.String()},
		{Kind: templates.Static, Name: "community_name", Label: "小区", Value: community.Name},
		{
			Name: "name", Label: "名称", Value: post.Name, Required: true, MaxLength: core.GuardPostNameMost,
			Focus: post.ID == 0, Placeholder: "东门岗", Help: "记在出入记录里，住户也看得到。",
		},
		{
			Kind: templates.Radio, Name: "direction", Label: "默认方向", Value: string(post.Direction),
			Required: true, Help: "门岗扫码时预先选好，可以当场改。", Choices: []templates.Choice{
				{Value: string(core.Out), Label: "出门"}, {Value: string(core.In), Label: "进门"},
			},
		},
	}}}
}

func (p *Pages) guardPostCreate(c *web.Context) error {
	var form guardPostForm
	wrong := c.Bind(&form)
	if wrong == nil {
		_, wrong = p.Store.CreateGuardPost(c.Ctx(), c.Actor(), c.Scope(), form.post(0))
	}
	if wrong != nil {
		return p.guardPostFormPage(c, form.post(0), wrong)
	}
	c.Flash(web.FlashSuccess, "门岗已添加。")
	return c.Redirect(frame.GuardPostPath)
}

// guardPost gives the post that the path names, where the account may see it.
func (p *Pages) guardPost(c *web.Context) (core.GuardPost, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.GuardPost{}, err
	}
	return p.Store.GuardPost(c.Ctx(), c.Scope(), id)
}

func (p *Pages) guardPostEdit(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	return p.guardPostFormPage(c, post, nil)
}

func (p *Pages) guardPostUpdate(c *web.Context) error {
	old, err := p.guardPost(c)
	if err != nil {
		return err
	}
	var form guardPostForm
	wrong := c.Bind(&form)
	post := form.post(old.ID)
	post.Community, post.Disabled = old.Community, old.Disabled
	if wrong == nil {
		wrong = p.Store.UpdateGuardPost(c.Ctx(), c.Actor(), c.Scope(), post)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			post = old
		}
		return p.guardPostFormPage(c, post, wrong)
	}
	c.Flash(web.FlashSuccess, "已保存，立即生效。")
	return c.Redirect(frame.GuardPostPath)
}

func (p *Pages) guardPostDisable(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Ask:  templates.Confirm{Title: "停用“" + post.Name + "”？", Text: guardPostDisableText(post), Submit: "停用", Danger: true},
		Do:   func() error { return p.Store.SetGuardPostInService(c.Ctx(), c.Actor(), c.Scope(), post.ID, false) },
		Done: "已停用“" + post.Name + "”，立即生效。", Back: frame.GuardPostPath,
	})
}

func (p *Pages) guardPostEnable(c *web.Context) error {
	post, err := p.guardPost(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Do:   func() error { return p.Store.SetGuardPostInService(c.Ctx(), c.Actor(), c.Scope(), post.ID, true) },
		Done: "已恢复使用“" + post.Name + "”，立即生效。", Back: frame.GuardPostPath,
	})
}
