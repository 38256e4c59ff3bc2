package console

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const communityPath = "/console/community"

func communityURL(id core.ID) string { return communityPath + "/" + id.String() }

// communityRoutes are 小区楼栋信息: the communities and the levels of their buildings.
func (h *Console) communityRoutes() []web.Route {
	view, edit := web.Need(core.PermCommunityView), web.Need(core.PermCommunityEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: communityPath, Access: view, Handler: h.communityList},
		{Method: http.MethodGet, Path: communityPath + "/new", Access: edit, Handler: h.communityNew},
		{Method: http.MethodPost, Path: communityPath, Access: edit, Handler: h.communityCreate},
		{Method: http.MethodGet, Path: communityPath + "/:id/edit", Access: edit, Handler: h.communityEdit},
		{Method: http.MethodPost, Path: communityPath + "/:id", Access: edit, Handler: h.communityUpdate},
		{Method: http.MethodPost, Path: communityPath + "/:id/archive", Access: edit, Handler: h.communityArchive},
		{Method: http.MethodPost, Path: communityPath + "/:id/restore", Access: edit, Handler: h.communityRestore},
		{Method: http.MethodPost, Path: communityPath + "/:id/delete", Access: edit, Handler: h.communityDelete},
	}
}

const communitiesAPage = 20

type communityListPage struct {
	templates.Shell
	List templates.List
	Rows []communityRow
}

type communityRow struct {
	Name, Address, Phone, Levels string
	Houses, Residents            int
	HousesURL, EditURL           string // "" = may not
	Acts                         []templates.Submit
	CSRF                         string
}

func (h *Console) communityList(c *web.Context) error {
	filter := store.CommunityFilter{Keyword: c.Query("q"), Archived: c.Query("archived") == "yes", Page: c.Page(communitiesAPage)}
	communities, more, err := h.Store.CommunityRows(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page := communityListPage{Shell: h.shell(c, "community", "小区"), List: communityTable(c)}
	if c.Has(core.PermCommunityEdit) && c.Scope().All {
		page.Actions = []templates.Action{{Label: "添加小区", URL: communityPath + "/new", Icon: "plus", Primary: true}}
	}
	var first, last core.ID
	for i, community := range communities {
		page.Rows = append(page.Rows, communityRowOf(c, community, page.CSRF))
		if last = community.ID; i == 0 {
			first = last
		}
	}
	page.List.Count = len(page.Rows)
	page.List.Pager = page.List.Page(pagerCursors(filter.Page, first, last, more))
	page.List.Pager.Summary = fmt.Sprintf("本页 %d 个小区", len(page.Rows))
	return h.page(c, http.StatusOK, "console/community/list", page)
}

func communityTable(c *web.Context) templates.List {
	return templates.List{
		Path: communityPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{{Name: "q", Label: "小区名称", MaxLength: core.CommunityNameMost},
			{Kind: templates.Select, Name: "archived", Label: "状态", Choices: []templates.Choice{{Label: "使用中"}, {Value: "yes", Label: "已归档"}}}},
		Columns: []templates.Column{
			{Label: "小区"}, {Label: "楼栋结构"}, {Label: "地址"}, {Label: "办公电话"}, {Label: "房屋", Number: true}, {Label: "住户", Number: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: noCommunityYet(c),
	}
}

func communityRowOf(c *web.Context, r store.CommunityRow, csrf string) communityRow {
	row := communityRow{Name: r.Name, Address: r.Address, Phone: r.Phone, Levels: strings.Join(r.Levels, " / "), Houses: r.Houses, Residents: r.Residents, CSRF: csrf}
	if c.Has(core.PermHouseView) {
		row.HousesURL = place{Community: r.Community}.at(housePath)
	}
	if c.Has(core.PermCommunityEdit) {
		row.EditURL = communityURL(r.ID) + "/edit"
		row.Acts = communityActs(c, r)
	}
	return row
}

// communityActs are the buttons of a row; each leads to a page that asks.
func communityActs(c *web.Context, r store.CommunityRow) []templates.Submit {
	acts := []templates.Submit{{Label: "归档", URL: communityURL(r.ID) + "/archive"}}
	if !r.Archived.IsZero() {
		acts = []templates.Submit{{Label: "恢复", URL: communityURL(r.ID) + "/restore", Icon: "refresh"}}
	}
	if c.Scope().All {
		acts = append(acts, templates.Submit{Label: "删除", URL: communityURL(r.ID) + "/delete", Icon: "trash", Danger: true})
	}
	return acts
}

// communityForm is what the form sends; levels are lines.
type communityForm struct {
	Name    string `form:"name"`
	Address string `form:"address"`
	Phone   string `form:"phone"`
	Levels  string `form:"levels" text:"lines" max:"400"`
}

func (f communityForm) community(id core.ID) core.Community {
	return core.Community{ID: id, Name: f.Name, Address: f.Address, Phone: f.Phone, Levels: strings.Split(f.Levels, "\n")}
}

type communityFormPage struct {
	templates.Shell
	Form templates.Form
}

// communityPage is the form for a community; ID 0 is a new one.
func (h *Console) communityPage(c *web.Context, community core.Community) communityFormPage {
	page := communityFormPage{Shell: h.shell(c, "community", "添加小区")}
	page.Crumbs = []templates.Crumb{{Label: "小区", URL: communityPath}}
	page.Form = templates.Form{Action: communityPath, CSRF: page.CSRF, Cancel: communityPath, Submit: "添加", Sections: []templates.Section{{Fields: []templates.Field{
		{Name: "name", Label: "小区名称", Value: community.Name, Required: true, MaxLength: core.CommunityNameMost, Focus: community.ID == 0},
		{Name: "phone", Label: "办公电话", Value: community.Phone, MaxLength: 32, Placeholder: "0755-88888888"},
		{Name: "address", Label: "地址", Value: community.Address, MaxLength: core.AddressMost, Wide: true},
		{Kind: templates.Textarea, Name: "levels", Label: "楼栋结构", Value: strings.Join(community.Levels, "\n"), Required: true, Rows: 4, MaxLength: 400,
			Help: "从上到下每行一级，1 至 6 级，最后一级是门牌，例如：栋、单元、房间。名称可随时修改；有了房屋后不能增减级数。高层与别墅请分成两个小区。"},
	}}}}
	if community.ID != 0 {
		page.Title, page.Form.Action, page.Form.Submit = "修改小区", communityURL(community.ID), "保存"
	}
	return page
}

func (h *Console) communityNew(c *web.Context) error {
	return h.page(c, http.StatusOK, "console/community/form", h.communityPage(c, core.Community{Levels: core.DefaultLevels()}))
}

func (h *Console) communityCreate(c *web.Context) error {
	var form communityForm
	err := c.Bind(&form)
	if err == nil {
		_, err = h.Store.CreateCommunity(c.Ctx(), c.Actor(), c.Scope(), form.community(0))
	}
	if err != nil {
		return h.communityWrong(c, core.Community{}, err)
	}
	c.Flash(web.FlashSuccess, "小区已添加。接着添加房屋，再设置通行规则。")
	return c.Redirect(communityPath)
}

func (h *Console) communityWrong(c *web.Context, community core.Community, err error) error {
	page := h.communityPage(c, community)
	return h.formPage(c, err, &page.Form, func(status int) error { return h.page(c, status, "console/community/form", page) })
}

func (h *Console) community(c *web.Context) (core.Community, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.Community{}, err
	}
	return h.Store.Community(c.Ctx(), c.Scope(), id)
}

func (h *Console) communityEdit(c *web.Context) error {
	community, err := h.community(c)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/community/form", h.communityPage(c, community))
}

func (h *Console) communityUpdate(c *web.Context) error {
	community, err := h.community(c)
	if err != nil {
		return err
	}
	var form communityForm
	err = c.Bind(&form)
	if err == nil {
		err = h.Store.UpdateCommunity(c.Ctx(), c.Actor(), c.Scope(), form.community(community.ID))
	}
	if err != nil {
		return h.communityWrong(c, community, err)
	}
	c.Flash(web.FlashSuccess, "已保存。")
	return c.Redirect(communityPath)
}
