package account

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// savedViewRoutes returns the routes of an account's saved views.
func (p *Pages) savedViewRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: frame.SavedViewPath, Access: web.SignedIn, Handler: p.savedViewList},
		{
			Method: http.MethodPost, Path: frame.SavedViewPath, Access: web.SignedIn, Handler: p.savedViewCreate,
			EachPerMinute: 60, Draft: true,
		},
		{Method: http.MethodPost, Path: frame.SavedViewPath + "/:id", Access: web.SignedIn, Handler: p.savedViewUpdate, Draft: true},
		{
			Method: http.MethodPost, Path: frame.SavedViewPath + "/:id/delete", Access: web.SignedIn,
			Level: web.Asks, Handler: p.savedViewRemove,
		},
	}
}

type savedViewForm struct {
	Stem  string `form:"stem" max:"32"`
	Name  string `form:"name" max:"200"`
	Query string `form:"query" max:"6000"`
}

func (p *Pages) savedViewCreate(c *web.Context) error {
	var form savedViewForm
	err := c.Bind(&form)
	if web.IsResumed(err) {
		return p.savedViewResumed(c, frame.SavedViewPath, form, err)
	}
	if err != nil {
		return err
	}
	if !p.MayOpen(c, form.Stem) {
		return core.NotFound("没有这个列表")
	}
	query, err := core.ViewQuery(form.Query)
	if err != nil {
		return err
	}
	_, err = p.Store.CreateSavedView(c.Ctx(), core.SavedView{Account: c.Account().ID, Stem: form.Stem, Name: form.Name, Query: query})
	switch {
	case err == nil:
		c.Flash(web.FlashSuccess, "已保存视图“"+strings.TrimSpace(form.Name)+"”。")
	case core.IsInvalid(err) || core.IsConflict(err): // the user stays on the list
		c.Flash(web.FlashError, "没有保存视图："+nameMessage(err)+"。")
	default:
		return err
	}
	return c.Redirect(frame.StemURL(form.Stem, query))
}

// nameMessage returns what is wrong with a view's name.
func nameMessage(err error) string {
	if message := web.FieldsOf(err)["name"]; message != "" {
		return message
	}
	return core.MessageOf(err)
}

// savedViewResumed shows the name of a view, typed before the session ended, in a form of its own: the list has it
// in its bar.
func (p *Pages) savedViewResumed(c *web.Context, action string, typed savedViewForm, resumed error) error {
	form := templates.Form{Action: action, CSRF: c.CSRF(), Cancel: frame.SavedViewPath, Sections: []templates.Section{{
		Fields: []templates.Field{
			{Kind: templates.Hidden, Name: "stem", Value: typed.Stem}, {Kind: templates.Hidden, Name: "query", Value: typed.Query},
			{Name: "name", Label: "视图名称", Value: typed.Name, Required: true, MaxLength: 20, Autocomplete: "off"},
		},
	}}}
	return p.FormPage(c, resumed, &form, func(status int) error {
		page := savedViewListPage{Shell: p.Shell(c, savedViewStem, "我的视图"), Form: &form}
		return p.Page(c, status, "console/savedview/list", page)
	})
}

type savedViewListPage struct {
	templates.Shell
	Form *templates.Form // shown in place of the list: a draft
	List templates.List
	Rows []savedViewRow
}

type savedViewRow struct {
	ID                            core.ID
	URL, Name, Self, Typed, Error string
	List                          string // that it is of
	Menu                          templates.RowMenu
	CSRF                          string
}

// savedViewStem is no stem of the menu.
const savedViewStem = "savedview"

func (p *Pages) savedViewList(c *web.Context) error {
	return p.savedViewPage(c, http.StatusOK, c.Query("stem"), savedViewRow{})
}

// savedViewPage shows an account's views of a list, of all lists for stem ""; wrong is a row that could not be renamed, if
// any.
func (p *Pages) savedViewPage(c *web.Context, status int, stem string, wrong savedViewRow) error {
	if stem != "" && !p.MayOpen(c, stem) {
		return c.Redirect("/console")
	}
	views, err := p.Store.SavedViews(c.Ctx(), c.Account().ID, stem)
	if err != nil {
		return err
	}
	views = slices.DeleteFunc(views, func(v core.SavedView) bool { return !p.MayOpen(c, v.Stem) })
	page := savedViewListPage{Shell: p.Shell(c, cmp.Or(stem, savedViewStem), "我的视图"), List: templates.List{
		Path: frame.SavedViewPath, Count: len(views), Cards: true,
		Columns: []templates.Column{{Label: "视图"}, {Label: "列表", Narrow: true}, {Label: "改名"}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty: templates.Empty{
			Icon: "bookmark", Title: "还没有保存的视图", Text: "在列表上筛选后，用“视图”保存。",
			Action: templates.Action{Label: "回到列表", URL: frame.StemURL(stem, "")},
		},
	}}
	page.Total = fmt.Sprintf("共 %d 个，最多 %d 个", len(views), core.MaxSavedView)
	page.Crumbs = []templates.Crumb{{Label: listLabel(page.Nav, stem), URL: frame.StemURL(stem, "")}}
	if stem == "" {
		page.Total, page.Crumbs, page.List.Empty.Action = fmt.Sprintf("共 %d 个", len(views)), nil, templates.Action{}
	}
	for _, v := range views {
		row := savedViewRow{
			ID: v.ID, URL: frame.StemURL(v.Stem, v.Query), Name: v.Name, List: listLabel(page.Nav, v.Stem),
			Self: frame.SavedViewPath + "/" + v.ID.String(), Typed: v.Name, CSRF: c.CSRF(),
			Menu: templates.RowMenu{Label: v.Name + " 的操作", CSRF: c.CSRF(), Acts: []templates.Submit{
				{Label: "删除", URL: frame.SavedViewPath + "/" + v.ID.String() + "/delete", Icon: "trash", Ask: true},
			}},
		}
		if v.ID == wrong.ID {
			row.Typed, row.Error = wrong.Typed, wrong.Error
		}
		page.Rows = append(page.Rows, row)
	}
	return p.Page(c, status, "console/savedview/list", page)
}

// listLabel returns the menu's label of a list, or the name of a tab.
func listLabel(nav []templates.NavGroup, stem string) string {
	for _, group := range nav {
		for _, item := range group.Items {
			if item.URL == frame.StemURL(stem, "") {
				return item.Label
			}
		}
	}
	if name, ok := core.ListName(stem); ok {
		return name
	}
	return "列表"
}

// savedView returns the view in the path, which must be the account's own.
func (p *Pages) savedView(c *web.Context) (core.SavedView, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.SavedView{}, err
	}
	return p.Store.SavedView(c.Ctx(), c.Account().ID, id)
}

func (p *Pages) savedViewUpdate(c *web.Context) error {
	view, err := p.savedView(c)
	if err != nil {
		return err
	}
	var form savedViewForm
	if err = c.Bind(&form); web.IsResumed(err) {
		return p.savedViewResumed(c, frame.SavedViewPath+"/"+view.ID.String(), form, err)
	}
	if err != nil {
		return err
	}
	view.Name = form.Name
	err = p.Store.UpdateSavedView(c.Ctx(), view)
	if core.IsInvalid(err) {
		return p.savedViewPage(c, web.StatusOf(err), view.Stem, savedViewRow{ID: view.ID, Typed: form.Name, Error: nameMessage(err)})
	}
	if err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已改名为“"+strings.TrimSpace(form.Name)+"”。")
	return c.Redirect(templates.WithQuery(frame.SavedViewPath, nil, "stem", view.Stem))
}

func (p *Pages) savedViewRemove(c *web.Context) error {
	view, err := p.savedView(c)
	if err != nil {
		return err
	}
	return p.Act(c, frame.Act{
		Stem: view.Stem,
		Ask:  templates.Confirm{Title: "删除视图“" + view.Name + "”？", Text: "列表里的内容不受影响。", Submit: "删除视图", Danger: true},
		Do:   func() error { return p.Store.RemoveSavedView(c.Ctx(), view.Account, view.ID) },
		Done: "已删除视图“" + view.Name + "”。", Back: templates.WithQuery(frame.SavedViewPath, nil, "stem", view.Stem),
	})
}
