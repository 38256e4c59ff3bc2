package console

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const savedViewPath = "/console/savedview"

// savedViewRoutes are the views that an account keeps of its lists.
func (h *Console) savedViewRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: savedViewPath, Access: web.SignedIn, Handler: h.savedViewList},
		{Method: http.MethodPost, Path: savedViewPath, Access: web.SignedIn, Handler: h.savedViewCreate, EachPerMinute: 60},
		{Method: http.MethodPost, Path: savedViewPath + "/:id", Access: web.SignedIn, Handler: h.savedViewRename},
		{Method: http.MethodPost, Path: savedViewPath + "/:id/delete", Access: web.SignedIn, Handler: h.savedViewDelete},
	}
}

// stemURL is the address of a list under a view's query.
func stemURL(stem, query string) string {
	if query == "" {
		return "/console/" + stem
	}
	return "/console/" + stem + "?" + query
}

// viewed reports that stem is a list that the account may open.
func (h *Console) viewed(c *web.Context, stem string) bool {
	permission, ok := h.stems[stem]
	return ok && c.Has(permission)
}

// savedViews is the menu of views where the request is for a list's own page; the
// zero value elsewhere. Without it the list works as well, so that no error is one
// of the page.
func (h *Console) savedViews(c *web.Context) templates.SavedViews {
	stem, ok := strings.CutPrefix(c.Route().Path, "/console/")
	if !ok || c.Request().Method != http.MethodGet || !h.viewed(c, stem) {
		return templates.SavedViews{}
	}
	query, err := core.ViewQuery(c.Request().URL.RawQuery)
	if err != nil {
		return templates.SavedViews{}
	}
	views, err := h.Store.SavedViews(c.Ctx(), c.Account().ID, stem)
	if err != nil {
		return templates.SavedViews{}
	}
	menu := templates.SavedViews{
		Stem: stem, Save: savedViewPath, Manage: templates.WithQuery(savedViewPath, nil, "stem", stem), Query: query,
		Full: len(views) >= core.SavedViewMost, CSRF: c.CSRF(),
	}
	for _, v := range views {
		menu.Views = append(menu.Views, templates.NavItem{Label: v.Name, URL: stemURL(v.Stem, v.Query), Active: v.Query == query})
	}
	return menu
}

type savedViewForm struct {
	Stem  string `form:"stem" max:"32"`
	Name  string `form:"name" max:"200"`
	Query string `form:"query" max:"6000"`
}

func (h *Console) savedViewCreate(c *web.Context) error {
	var form savedViewForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if !h.viewed(c, form.Stem) {
		return core.NotFound("没有这个列表")
	}
	query, err := core.ViewQuery(form.Query)
	if err != nil {
		return err
	}
	_, err = h.Store.SaveView(c.Ctx(), core.SavedView{Account: c.Account().ID, Stem: form.Stem, Name: form.Name, Query: query})
	switch code := core.CodeOf(err); {
	case err == nil:
		c.Flash(web.FlashSuccess, "已保存视图“"+strings.TrimSpace(form.Name)+"”。")
	case code == core.CodeInvalid || code == core.CodeConflict: // the list is where one was, and stays so
		c.Flash(web.FlashError, "没有保存视图："+nameMessage(err)+"。")
	default:
		return err
	}
	return c.Redirect(stemURL(form.Stem, query))
}

// nameMessage says what is wrong with a view's name.
func nameMessage(err error) string {
	if message := web.FieldsOf(err)["name"]; message != "" {
		return message
	}
	return core.MessageOf(err)
}

type savedViewListPage struct {
	templates.Shell
	List templates.List
	Rows []savedViewRow
}

type savedViewRow struct {
	ID                            core.ID
	URL, Name, Self, Typed, Error string
	CSRF                          string
}

func (h *Console) savedViewList(c *web.Context) error {
	return h.savedViewPage(c, http.StatusOK, c.Query("stem"), savedViewRow{})
}

// savedViewPage shows an account's views of a list; wrong is a row that could not be
// renamed, if any.
func (h *Console) savedViewPage(c *web.Context, status int, stem string, wrong savedViewRow) error {
	if !h.viewed(c, stem) {
		return c.Redirect("/console")
	}
	views, err := h.Store.SavedViews(c.Ctx(), c.Account().ID, stem)
	if err != nil {
		return err
	}
	page := savedViewListPage{Shell: h.shell(c, stem, "我的视图"), List: templates.List{
		Path: savedViewPath, Count: len(views), Cards: true,
		Columns: []templates.Column{{Label: "视图"}, {Label: "改名"}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty:   templates.Empty{Icon: "bookmark", Title: "还没有保存的视图", Text: "在列表上筛选后，用“视图”保存。", Action: templates.Action{Label: "回到列表", URL: stemURL(stem, "")}},
	}}
	page.List.Pager.Summary = fmt.Sprintf("共 %d 个，最多 %d 个", len(views), core.SavedViewMost)
	page.Crumbs = []templates.Crumb{{Label: menuLabel(page.Nav, stem), URL: stemURL(stem, "")}}
	for _, v := range views {
		row := savedViewRow{ID: v.ID, URL: stemURL(v.Stem, v.Query), Name: v.Name, Self: savedViewPath + "/" + v.ID.String(), Typed: v.Name, CSRF: c.CSRF()}
		if v.ID == wrong.ID {
			row.Typed, row.Error = wrong.Typed, wrong.Error
		}
		page.Rows = append(page.Rows, row)
	}
	return h.page(c, status, "console/savedview/list", page)
}

// menuLabel is what the menu calls a stem.
func menuLabel(nav []templates.NavGroup, stem string) string {
	for _, group := range nav {
		for _, item := range group.Items {
			if item.URL == stemURL(stem, "") {
				return item.Label
			}
		}
	}
	return "列表"
}

// savedView gives the view that the path names, of the account itself.
func (h *Console) savedView(c *web.Context) (core.SavedView, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.SavedView{}, err
	}
	return h.Store.SavedView(c.Ctx(), c.Account().ID, id)
}

func (h *Console) savedViewRename(c *web.Context) error {
	view, err := h.savedView(c)
	if err != nil {
		return err
	}
	var form savedViewForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	view.Name = form.Name
	err = h.Store.RenameView(c.Ctx(), view)
	if core.CodeOf(err) == core.CodeInvalid {
		return h.savedViewPage(c, web.StatusOf(err), view.Stem, savedViewRow{ID: view.ID, Typed: form.Name, Error: nameMessage(err)})
	}
	if err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已改名为“"+strings.TrimSpace(form.Name)+"”。")
	return c.Redirect(templates.WithQuery(savedViewPath, nil, "stem", view.Stem))
}

func (h *Console) savedViewDelete(c *web.Context) error {
	view, err := h.savedView(c)
	if err != nil {
		return err
	}
	back := templates.WithQuery(savedViewPath, nil, "stem", view.Stem)
	if !confirmed(c) {
		return h.confirm(c, view.Stem, templates.Confirm{
			Title: "删除视图“" + view.Name + "”？", Text: "列表里的内容不受影响。",
			Action: savedViewPath + "/" + view.ID.String() + "/delete", Submit: "删除", Cancel: back, Danger: true,
		})
	}
	if err := h.Store.DeleteView(c.Ctx(), view.Account, view.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已删除视图“"+view.Name+"”。")
	return c.Redirect(back)
}
