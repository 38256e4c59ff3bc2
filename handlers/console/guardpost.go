package console

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const guardPostPath = "/console/guardpost"

func guardPostURL(id core.ID) string { return guardPostPath + "/" + id.String() }

// guardPostRoutes are 门岗: the posts, and the guards who work there.
func (h *Console) guardPostRoutes() []web.Route {
	view, edit := web.Need(core.PermGuardPostView), web.Need(core.PermGuardPostEdit)
	return append(h.guardRoutes(),
		web.Route{Method: http.MethodGet, Path: guardPostPath, Access: view, Handler: h.guardPostList},
		web.Route{Method: http.MethodGet, Path: guardPostPath + "/new", Access: edit, Handler: h.guardPostNew},
		web.Route{Method: http.MethodPost, Path: guardPostPath, Access: edit, Handler: h.guardPostCreate, Draft: true},
		web.Route{Method: http.MethodGet, Path: guardPostPath + "/:id/edit", Access: edit, Handler: h.guardPostEdit},
		web.Route{Method: http.MethodPost, Path: guardPostPath + "/:id", Access: edit, Handler: h.guardPostUpdate, Draft: true},
		web.Route{Method: http.MethodPost, Path: guardPostPath + "/:id/disable", Access: edit, Handler: h.guardPostDisable},
		web.Route{Method: http.MethodPost, Path: guardPostPath + "/:id/enable", Access: edit, Handler: h.guardPostEnable},
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
		{Label: "岗位", URL: guardPostPath, Active: active == "post"},
		{Label: "门岗人员", URL: guardPath, Active: active == "guard"},
	}}
}

func (h *Console) guardPostList(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	chosen := chosenCommunity(c, at)
	posts, err := h.Store.GuardPosts(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	guards, err := h.Store.Guards(c.Ctx(), c.Scope(), chosen)
	if err != nil {
		return err
	}
	page := guardPostListPage{Shell: h.shell(c, "guardpost", "门岗"), Tabs: guardPostTabs("post"), List: guardPostTable(c, at)}
	if c.Has(core.PermGuardPostEdit) && len(at.All) > 0 {
		page.Actions = []templates.Action{{Label: "添加门岗", URL: newAt(guardPostPath, chosen), Icon: "plus", Primary: true}}
	}
	for _, post := range posts {
		page.Rows = append(page.Rows, guardPostRowOf(c, post, guards, at, page.CSRF))
	}
	page.List.Count = len(page.Rows)
	page.List.Pager.Summary = fmt.Sprintf("共 %d 个门岗", len(page.Rows))
	return h.page(c, http.StatusOK, "console/guardpost/list", page)
}

// chosenCommunity is the community that a list was narrowed to, 0 for all.
func chosenCommunity(c *web.Context, at place) core.ID {
	if c.Query("community") == "" {
		return 0
	}
	return at.ID
}

// newAt is the address of an empty form, for a community where one is chosen.
func newAt(path string, community core.ID) string {
	if community == 0 {
		return path + "/new"
	}
	return path + "/new?community=" + community.String()
}

// name gives a community's name where there are several to tell apart.
func (p place) name(id core.ID) string {
	if len(p.All) > 1 {
		for _, community := range p.All {
			if community.ID == id {
				return community.Name
			}
		}
	}
	return ""
}

func guardPostTable(c *web.Context, at place) templates.List {
	if len(at.All) == 0 {
		return templates.List{Path: guardPostPath, Empty: noCommunityYet(c)}
	}
	list := templates.List{
		Path: guardPostPath, Query: c.Request().URL.Query(), Cards: true,
		Columns: []templates.Column{{Label: "名称"}, {Label: "方向", Narrow: true}, {Label: "门岗人员"}, {Label: "状态", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty:   templates.Empty{Icon: "shield", Title: "还没有门岗", Text: "添加门岗和门岗人员后，门岗就能用手机扫码放行、手工登记。"},
	}
	if len(at.All) > 1 {
		list.Filters = []templates.Field{at.field("全部小区")}
	}
	return list
}

func guardPostRowOf(c *web.Context, post core.GuardPost, guards []core.Guard, at place, csrf string) guardPostRow {
	row := guardPostRow{Name: post.Name, Community: at.name(post.Community), Direction: directionWords(post.Direction), State: serviceBadge(post.Disabled.IsZero(), "使用中"), CSRF: csrf}
	for _, guard := range guards {
		for _, id := range guard.Posts {
			if id == post.ID && guard.Disabled.IsZero() {
				row.Guards = append(row.Guards, guardLink{guard.Name, guardURL(guard.ID)})
			}
		}
	}
	if !c.Has(core.PermGuardPostEdit) {
		return row
	}
	row.URL = guardPostURL(post.ID) + "/edit"
	row.Act = &templates.Submit{Label: "停用", URL: guardPostURL(post.ID) + "/disable", Icon: "ban", Danger: true, Confirm: guardPostDisableText(post)}
	if !post.Disabled.IsZero() {
		row.Act = &templates.Submit{Label: "恢复使用", URL: guardPostURL(post.ID) + "/enable", Icon: "check"}
	}
	return row
}

func guardPostDisableText(post core.GuardPost) string {
	return "停用“" + post.Name + "”后，门岗人员的手机上不再有这个岗位，不能在这里放行。出入记录保留，可以随时恢复。"
}

// serviceBadge is the state of what can be disabled.
func serviceBadge(inService bool, words string) templates.Badge {
	if inService {
		return templates.Badge{Tone: templates.Good, Text: words}
	}
	return templates.Badge{Tone: templates.Neutral, Text: "已停用"}
}

// guardPostForm is what the form sends.
type guardPostForm struct {
	Community core.ID `form:"community"`
	Name      string  `form:"name" max:"64"`
	Direction string  `form:"direction" max:"8"`
	Seen      int64   `form:"seen"`
}

func (f guardPostForm) post(id core.ID) core.GuardPost {
	return core.GuardPost{ID: id, Community: f.Community, Name: f.Name, Direction: core.Direction(f.Direction), Updated: shownAt(f.Seen)}
}

type guardPostFormPage struct {
	templates.Shell
	Form templates.Form
}

// choosePage asks for the community before a form that depends on it.
type choosePage struct {
	templates.Shell
	Choices []communityLink
}

type communityLink struct{ Label, URL string }

// chooseCommunity is what chooseCommunity asks about.
type chooseCommunity struct {
	stem, path, title string // of the menu; of the list; of the page
	crumbs            []templates.Crumb
}

// chooseCommunity asks for the community of something new, where the account has
// several and the address names none. asked tells that it did.
func (h *Console) chooseCommunity(c *web.Context, at place, ask chooseCommunity) (asked bool, err error) {
	if at.ID == 0 {
		return false, core.NotFound("还没有小区")
	}
	if len(at.All) < 2 || c.Query("community") != "" {
		return false, nil
	}
	page := choosePage{Shell: h.shell(c, ask.stem, ask.title)}
	page.Crumbs = ask.crumbs
	for _, community := range at.All {
		page.Choices = append(page.Choices, communityLink{community.Name, newAt(ask.path, community.ID)})
	}
	return true, h.page(c, http.StatusOK, "console/choose/show", page)
}

func guardPostCrumbs() []templates.Crumb {
	return []templates.Crumb{{Label: "门岗", URL: guardPostPath}}
}

func (h *Console) guardPostNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if asked, err := h.chooseCommunity(c, at, chooseCommunity{"guardpost", guardPostPath, "添加门岗", guardPostCrumbs()}); asked || err != nil {
		return err
	}
	return h.guardPostFormPage(c, core.GuardPost{Community: at.ID, Direction: core.Out}, nil)
}

// guardPostFormPage shows the form with the post's values, or as it was sent where
// it is wrong.
func (h *Console) guardPostFormPage(c *web.Context, post core.GuardPost, wrong error) error {
	community, err := h.Store.Community(c.Ctx(), c.Scope(), post.Community)
	if err != nil {
		return err
	}
	page := guardPostFormPage{Shell: h.shell(c, "guardpost", "添加门岗")}
	page.Crumbs = guardPostCrumbs()
	page.Form = templates.Form{Action: guardPostPath, CSRF: page.CSRF, Cancel: guardPostPath, Submit: "添加", Sections: guardPostFields(post, community)}
	if post.ID != 0 {
		page.Title, page.Form.Action, page.Form.Submit = "修改门岗", guardPostURL(post.ID), "保存"
		page.Form.Seen = templates.Seen(post.Updated)
	}
	show := func(status int) error { return h.page(c, status, "console/guardpost/form", page) }
	if wrong != nil {
		return h.formPage(c, wrong, &page.Form, show)
	}
	return show(http.StatusOK)
}

func guardPostFields(post core.GuardPost, community core.Community) []templates.Section {
	return []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: community.ID.String()},
		{Kind: templates.Static, Name: "community_name", Label: "小区", Value: community.Name},
		{Name: "name", Label: "名称", Value: post.Name, Required: true, MaxLength: core.GuardPostNameMost, Focus: post.ID == 0, Placeholder: "东门岗", Help: "记在出入记录里，住户也看得到。"},
		{Kind: templates.Radio, Name: "direction", Label: "默认方向", Value: string(post.Direction), Required: true, Help: "门岗扫码时预先选好，可以当场改。", Choices: []templates.Choice{
			{Value: string(core.Out), Label: "出门"}, {Value: string(core.In), Label: "进门"},
		}},
	}}}
}

func (h *Console) guardPostCreate(c *web.Context) error {
	var form guardPostForm
	wrong := c.Bind(&form)
	if wrong == nil {
		_, wrong = h.Store.SaveGuardPost(c.Ctx(), c.Actor(), c.Scope(), form.post(0))
	}
	if wrong != nil {
		return h.guardPostWrong(c, form.post(0), wrong)
	}
	c.Flash(web.FlashSuccess, "门岗已添加。")
	return c.Redirect(guardPostPath)
}

// guardPostWrong shows the form again where it is what is wrong.
func (h *Console) guardPostWrong(c *web.Context, post core.GuardPost, wrong error) error {
	if core.CodeOf(wrong) != core.CodeInvalid && !core.IsStale(wrong) {
		return wrong
	}
	return h.guardPostFormPage(c, post, wrong)
}

// guardPost gives the post that the path names, where the account may see it.
func (h *Console) guardPost(c *web.Context) (core.GuardPost, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.GuardPost{}, err
	}
	return h.Store.GuardPost(c.Ctx(), c.Scope(), id)
}

func (h *Console) guardPostEdit(c *web.Context) error {
	post, err := h.guardPost(c)
	if err != nil {
		return err
	}
	return h.guardPostFormPage(c, post, nil)
}

func (h *Console) guardPostUpdate(c *web.Context) error {
	old, err := h.guardPost(c)
	if err != nil {
		return err
	}
	var form guardPostForm
	wrong := c.Bind(&form)
	post := form.post(old.ID)
	post.Community, post.Disabled = old.Community, old.Disabled
	if wrong == nil {
		_, wrong = h.Store.SaveGuardPost(c.Ctx(), c.Actor(), c.Scope(), post)
	}
	if wrong != nil {
		if core.IsStale(wrong) {
			post = old
		}
		return h.guardPostWrong(c, post, wrong)
	}
	c.Flash(web.FlashSuccess, "已保存，立即生效。")
	return c.Redirect(guardPostPath)
}

func (h *Console) guardPostDisable(c *web.Context) error {
	post, err := h.guardPost(c)
	if err != nil {
		return err
	}
	if !confirmed(c) {
		return h.confirm(c, "guardpost", templates.Confirm{
			Title: "停用“" + post.Name + "”？", Text: guardPostDisableText(post), Action: guardPostURL(post.ID) + "/disable", Submit: "停用", Cancel: guardPostPath, Danger: true,
		})
	}
	return h.guardPostInService(c, post, false)
}

func (h *Console) guardPostEnable(c *web.Context) error {
	post, err := h.guardPost(c)
	if err != nil {
		return err
	}
	return h.guardPostInService(c, post, true)
}

func (h *Console) guardPostInService(c *web.Context, post core.GuardPost, inService bool) error {
	if err := h.Store.SetGuardPostInService(c.Ctx(), c.Actor(), c.Scope(), post.ID, inService); err != nil {
		return err
	}
	words := map[bool]string{true: "已恢复使用“", false: "已停用“"}[inService]
	c.Flash(web.FlashSuccess, words+post.Name+"”，立即生效。")
	return c.Redirect(guardPostPath)
}

// joined lists names in one line.
func joined(names []string) string { return strings.Join(names, "、") }
