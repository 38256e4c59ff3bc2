package console

import (
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const guardPath = guardPostPath + "/guard"

func guardURL(id core.ID) string { return guardPath + "/" + id.String() }

func (h *Console) guardRoutes() []web.Route {
	view, edit := web.Need(core.PermGuardPostView), web.Need(core.PermGuardPostEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: guardPath, Access: view, Handler: h.guardList},
		{Method: http.MethodGet, Path: guardPath + "/new", Access: edit, Handler: h.guardNew},
		{Method: http.MethodPost, Path: guardPath, Access: edit, Handler: h.guardCreate, Draft: true},
		{Method: http.MethodGet, Path: guardPath + "/:id", Access: view, Handler: h.guardShow},
		{Method: http.MethodGet, Path: guardPath + "/:id/edit", Access: edit, Handler: h.guardEdit},
		{Method: http.MethodPost, Path: guardPath + "/:id", Access: edit, Handler: h.guardUpdate, Draft: true},
		{Method: http.MethodPost, Path: guardPath + "/:id/disable", Access: edit, Handler: h.guardDisable},
		{Method: http.MethodPost, Path: guardPath + "/:id/enable", Access: edit, Handler: h.guardEnable},
		{Method: http.MethodPost, Path: guardPath + "/:id/qr", Access: edit, Handler: h.guardQR},
		{Method: http.MethodGet, Path: guardPath + "/:id/qr", Access: edit, Handler: h.guardWatch},
	}
}

type guardListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []guardRow
}

type guardRow struct {
	URL, Name, Phone, Community, Posts string
	Bound, State                       templates.Badge
}

func (h *Console) guardList(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	chosen := chosenCommunity(c, at)
	guards, err := h.Store.Guards(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	posts, err := h.Store.GuardPosts(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	page := guardListPage{Shell: h.shell(c, "guardpost", "门岗"), Tabs: guardPostTabs("guard"), List: guardTable(c, at)}
	if c.Has(core.PermGuardPostEdit) && len(at.All) > 0 {
		page.Actions = []templates.Action{{Label: "添加门岗人员", URL: newAt(guardPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, g := range guards {
		if state := c.Query("state"); !boundIs(c.Query("bound"), g.User) || state != "" && (state == "on") != g.Disabled.IsZero() {
			continue
		}
		page.Rows = append(page.Rows, guardRow{
			URL: guardURL(g.ID), Name: g.Name, Phone: g.Phone, Community: at.name(g.Community), Posts: joined(postNames(g, posts)),
			Bound: boundBadge(g.User), State: serviceBadge(g.Disabled.IsZero(), "在岗"),
		})
	}
	page.List.Count = len(page.Rows)
	page.List.Pager.Summary = fmt.Sprintf("共 %d 人", len(page.Rows))
	return h.page(c, http.StatusOK, "console/guardpost/guards", page)
}

func postNames(g core.Guard, posts []core.GuardPost) []string {
	var names []string
	for _, post := range posts {
		if slices.Contains(g.Posts, post.ID) {
			names = append(names, post.Name)
		}
	}
	return names
}

func guardTable(c *web.Context, at place) templates.List {
	list := guardPostTable(c, at)
	list.Path = guardPath
	if len(at.All) == 0 {
		return list
	}
	state := templates.Field{Kind: templates.Select, Name: "state", Label: "状态", Choices: []templates.Choice{{Label: "全部"}, {Value: "on", Label: "在岗"}, {Value: "off", Label: "已停用"}}}
	list.Filters = append(list.Filters, boundField(), state)
	list.Columns = []templates.Column{{Label: "姓名"}, {Label: "手机"}, {Label: "岗位"}, {Label: "微信", Narrow: true}, {Label: "状态", Narrow: true}}
	list.Empty = templates.Empty{Icon: "shield", Title: "还没有门岗人员", Text: "添加后，本人用微信扫码绑定，就能在手机上放行。"}
	return list
}

type guardShowPage struct {
	templates.Shell
	Facts []templates.Fact
	URL   string
	Edit  bool
	Acts  []templates.Submit
}

// guard gives the guard that the path names, where the account may see it.
func (h *Console) guard(c *web.Context) (core.Guard, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Guard{}, err
	}
	return h.Store.Guard(c.Ctx(), c.Scope(), id)
}

func (h *Console) guardShow(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	community, err := h.Store.Community(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	posts, err := h.Store.GuardPosts(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	page := guardShowPage{Shell: h.shell(c, "guardpost", g.Name), URL: guardURL(g.ID), Edit: c.Has(core.PermGuardPostEdit)}
	page.Crumbs, page.Note = guardCrumbs(), community.Name
	page.Facts = []templates.Fact{
		{Label: "姓名", Value: g.Name}, {Label: "手机", Value: g.Phone}, {Label: "小区", Value: community.Name}, {Label: "岗位", Value: joined(postNames(g, posts))},
		{Label: "微信", Badge: boundBadge(g.User)}, {Label: "状态", Badge: serviceBadge(g.Disabled.IsZero(), "在岗")},
	}
	if page.Edit {
		page.Actions = []templates.Action{{Label: "修改", URL: guardURL(g.ID) + "/edit", Icon: "pencil"}}
		page.Acts = guardActs(g)
	}
	return h.page(c, http.StatusOK, "console/guardpost/guard", page)
}

func guardCrumbs() []templates.Crumb {
	return append(guardPostCrumbs(), templates.Crumb{Label: "门岗人员", URL: guardPath})
}

// guardActs are the buttons on a guard's page.
func guardActs(g core.Guard) []templates.Submit {
	if !g.Disabled.IsZero() {
		return []templates.Submit{{Label: "恢复在岗", URL: guardURL(g.ID) + "/enable", Icon: "check"}}
	}
	return []templates.Submit{
		{Label: "微信登录二维码", URL: guardURL(g.ID) + "/qr", Icon: "qrcode"},
		{Label: "停用", URL: guardURL(g.ID) + "/disable", Icon: "ban", Danger: true, Confirm: guardDisableText(g)},
	}
}

func guardDisableText(g core.Guard) string {
	return "“" + g.Name + "”的门岗页面立即失效，不能再扫码、登记和放行。可以随时恢复。"
}

// guardForm is what the form sends.
type guardForm struct {
	Community core.ID   `form:"community"`
	Name      string    `form:"name" max:"40"`
	Phone     string    `form:"phone" max:"40"`
	Posts     []core.ID `form:"posts" max:"200"`
	Seen      int64     `form:"seen"`
}

func (f guardForm) guard(id core.ID) core.Guard {
	return core.Guard{ID: id, Community: f.Community, Name: f.Name, Phone: f.Phone, Posts: f.Posts, Updated: shownAt(f.Seen)}
}

func (h *Console) guardNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if asked, err := h.chooseCommunity(c, at, chooseCommunity{"guardpost", guardPath, "添加门岗人员", guardPostCrumbs()}); asked || err != nil {
		return err
	}
	return h.guardFormPage(c, core.Guard{Community: at.ID}, nil)
}

// guardFormPage shows the form with the guard's values, or as it was sent where it
// is wrong.
func (h *Console) guardFormPage(c *web.Context, g core.Guard, wrong error) error {
	community, err := h.Store.Community(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	posts, err := h.Store.GuardPosts(c.Ctx(), c.Scope(), g.Community)
	if err != nil {
		return err
	}
	page := guardPostFormPage{Shell: h.shell(c, "guardpost", "添加门岗人员")}
	page.Crumbs = guardCrumbs()
	page.Form = templates.Form{Action: guardPath, CSRF: page.CSRF, Cancel: guardPath, Submit: "添加", Sections: guardFields(g, community, posts)}
	if g.ID != 0 {
		page.Title, page.Form.Action, page.Form.Cancel, page.Form.Submit = "修改门岗人员", guardURL(g.ID), guardURL(g.ID), "保存"
		page.Form.Seen = templates.Seen(g.Updated)
	}
	show := func(status int) error { return h.page(c, status, "console/guardpost/form", page) }
	if wrong != nil {
		return h.formPage(c, wrong, &page.Form, show)
	}
	return show(http.StatusOK)
}

func guardFields(g core.Guard, community core.Community, posts []core.GuardPost) []templates.Section {
	var choices []templates.Choice
	for _, post := range posts {
		if post.Disabled.IsZero() || slices.Contains(g.Posts, post.ID) {
			choices = append(choices, templates.Choice{Value: post.ID.String(), Label: post.Name})
		}
	}
	fields := []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: community.ID.String()},
		{Kind: templates.Static, Name: "community_name", Label: "小区", Value: community.Name},
		{Name: "name", Label: "姓名", Value: g.Name, Required: true, MaxLength: core.NameMost, Focus: g.ID == 0, Autocomplete: "off"},
		phoneField(g.Phone, g.ID == 0),
		{Kind: templates.Checks, Name: "posts", Label: "岗位", Values: idValues(g.Posts), Choices: choices, Help: "可以在哪些门岗放行。"},
	}
	if len(choices) == 0 {
		fields[len(fields)-1] = templates.Field{Kind: templates.Static, Name: "no_posts", Label: "岗位", Value: "还没有门岗，请先添加"}
	}
	return []templates.Section{{Fields: fields}}
}

// phoneField asks for a phone number. One on file shows masked beside an empty
// field: it is filled in to change it.
func phoneField(masked string, isNew bool) templates.Field {
	field := templates.Field{Kind: templates.Telephone, Name: "phone", Label: "手机", Required: isNew, MaxLength: 40, Autocomplete: "off"}
	if !isNew {
		field.Placeholder, field.Help = masked, "现为 "+masked+"，不填则不变。"
	}
	return field
}

func (h *Console) guardCreate(c *web.Context) error {
	var form guardForm
	wrong := c.Bind(&form)
	var id core.ID
	if wrong == nil {
		id, wrong = h.Store.SaveGuard(c.Ctx(), c.Actor(), c.Scope(), form.guard(0))
	}
	if wrong != nil {
		return h.guardWrong(c, form.guard(0), wrong)
	}
	c.Flash(web.FlashSuccess, "门岗人员已添加。请本人扫“微信登录二维码”绑定微信。")
	return c.Redirect(guardURL(id))
}

// guardWrong shows the form again where it is what is wrong.
func (h *Console) guardWrong(c *web.Context, g core.Guard, wrong error) error {
	if core.CodeOf(wrong) != core.CodeInvalid && !core.IsStale(wrong) {
		return wrong
	}
	return h.guardFormPage(c, g, wrong)
}

func (h *Console) guardEdit(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	return h.guardFormPage(c, g, nil)
}

func (h *Console) guardUpdate(c *web.Context) error {
	old, err := h.guard(c)
	if err != nil {
		return err
	}
	var form guardForm
	wrong := c.Bind(&form)
	g := form.guard(old.ID)
	g.Community, g.Disabled = old.Community, old.Disabled
	if wrong == nil {
		_, wrong = h.Store.SaveGuard(c.Ctx(), c.Actor(), c.Scope(), g)
	}
	if wrong != nil {
		if g.Phone = old.Phone; core.IsStale(wrong) {
			g = old
		}
		return h.guardWrong(c, g, wrong)
	}
	c.Flash(web.FlashSuccess, "已保存，立即生效。")
	return c.Redirect(guardURL(g.ID))
}

func (h *Console) guardDisable(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		return h.confirm(c, "guardpost", templates.Confirm{
			Title: "停用“" + g.Name + "”？", Text: guardDisableText(g), Action: guardURL(g.ID) + "/disable", Submit: "停用", Cancel: guardURL(g.ID), Danger: true,
		})
	}
	return h.guardInService(c, g, false)
}

func (h *Console) guardEnable(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	return h.guardInService(c, g, true)
}

func (h *Console) guardInService(c *web.Context, g core.Guard, inService bool) error {
	if err := h.Store.SetGuardInService(c.Ctx(), c.Actor(), c.Scope(), g.ID, inService); err != nil {
		return h.backWith(c, err, guardURL(g.ID))
	}
	c.Flash(web.FlashSuccess, map[bool]string{true: "已恢复在岗。", false: "已停用，门岗页面立即失效。"}[inService])
	return c.Redirect(guardURL(g.ID))
}

func guardBinding(g core.Guard) binding {
	return binding{kind: core.BindGuard, target: g.ID, name: g.Name, menu: "门岗", stem: "guardpost", url: guardURL(g.ID), crumbs: guardCrumbs()}
}

func (h *Console) guardQR(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	if !g.Disabled.IsZero() {
		return core.Conflict("“" + g.Name + "”已停用，请先恢复在岗")
	}
	return h.bindQR(c, guardBinding(g))
}

func (h *Console) guardWatch(c *web.Context) error {
	g, err := h.guard(c)
	if err != nil {
		return err
	}
	return h.bindWatch(c, guardBinding(g))
}
