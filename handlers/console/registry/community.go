package registry

import (
	"fmt"
	"net/http"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// communityRoutes returns the routes of 小区楼栋信息: the communities and the levels of their buildings.
func (p *Pages) communityRoutes() []web.Route {
	view, edit := web.Need(core.PermCommunityView), web.Need(core.PermCommunityEdit)
	run := web.NeedOperator(core.PermCommunityEdit) // which communities there are
	return []web.Route{
		{Method: http.MethodGet, Path: frame.CommunityPath, Access: view, Handler: p.communityList},
		{Method: http.MethodGet, Path: frame.CommunityPath + "/new", Access: run, Handler: p.communityNew},
		{Method: http.MethodPost, Path: frame.CommunityPath, Access: run, Handler: p.communityCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.CommunityPath + "/:id/edit", Access: edit, Handler: p.communityEdit},
		{Method: http.MethodPost, Path: frame.CommunityPath + "/:id", Access: edit, Handler: p.communityUpdate, Draft: true},
		{Method: http.MethodGet, Path: frame.CommunityPath + "/:id/held", Access: edit, Handler: p.communityHeld},
		{Method: http.MethodPost, Path: frame.CommunityPath + "/:id/archive", Access: edit, Level: web.Types, Handler: p.communityArchive},
		{Method: http.MethodPost, Path: frame.CommunityPath + "/:id/restore", Access: edit, Level: web.Asks, Handler: p.communityRestore},
		{Method: http.MethodPost, Path: frame.CommunityPath + "/:id/delete", Access: run, Level: web.Types, Handler: p.communityRemove},
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
	Houses, Residents            string
	HousesURL                    string // "" = no permission
	Menu                         templates.RowMenu
}

func (p *Pages) communityList(c *web.Context) error {
	var asked struct {
		Keyword  string `form:"q"`
		Archived string `form:"archived" of:"yes no"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	filter := store.CommunityFilter{Keyword: asked.Keyword, Archived: asked.Archived == "yes", Page: c.CountedPage(communitiesAPage)}
	communities, more, err := p.Store.CommunityRows(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page := communityListPage{Shell: p.Shell(c, "community", "小区"), List: communityTable(c)}
	if c.Has(core.PermCommunityEdit) && c.Actor().MayOperate() {
		page.Actions = []templates.Action{{Label: "添加小区", URL: frame.CommunityPath + "/new", Icon: "plus", Primary: true}}
	}
	ids := make([]core.ID, len(communities))
	for i, community := range communities {
		ids[i] = community.ID
	}
	readers, err := p.Store.ReadersInUse(c.Ctx(), ids)
	if err != nil {
		return err
	}
	for _, community := range communities {
		page.Rows = append(page.Rows, communityRowOf(c, community, readers[community.ID], page.CSRF))
	}
	web.Paged(&page.List, filter.Page, communities, more, func(r store.CommunityRow) core.ID { return r.ID })
	page.Total = page.List.TotalText("个")
	return p.Page(c, http.StatusOK, "console/community/list", page)
}

func communityTable(c *web.Context) templates.List {
	return templates.List{
		Path: frame.CommunityPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{{Name: "q", Label: "小区名称", MaxLength: core.MaxCommunityName},
			{
				Kind: templates.Select, Name: "archived", Label: "状态",
				Choices: []templates.Choice{{Label: "使用中"}, {Value: "yes", Label: "已归档"}},
			}},
		Columns: []templates.Column{
			{Label: "小区"}, {Label: "楼栋结构"}, {Label: "地址"}, {Label: "物业电话"}, {Label: "房屋", Number: true},
			{Label: "住户", Number: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: frame.NoCommunityYet(c),
	}
}

func communityRowOf(c *web.Context, r store.CommunityRow, readers int, csrf string) communityRow {
	row := communityRow{
		Name: r.Name, Address: r.Address, Phone: r.Phone, Levels: strings.Join(r.Levels, " / "),
		Houses: frame.Grouped(r.Houses), Residents: frame.Grouped(r.Residents),
	}
	if c.Has(core.PermHouseView) {
		row.HousesURL = frame.CommunityChoice{Community: r.Community}.URL(frame.HousePath)
	}
	if c.Has(core.PermCommunityEdit) {
		row.Menu = templates.RowMenu{
			Label: r.Name + " 的操作", CSRF: csrf, Acts: communityActs(c, r, readers),
			Links: []templates.Action{{Label: "修改", URL: frame.CommunityURL(r.ID) + "/edit", Icon: "pencil"}},
		}
		if r.Houses+r.Residents > 0 && c.Actor().MayOperate() {
			row.Menu.Links = append(row.Menu.Links, templates.Action{
				Label: "为什么不能删除", URL: frame.CommunityURL(r.ID) + "/held", Icon: "info-circle",
			})
		}
		if r.Archived.IsZero() && mayImport(c, core.ImportResidents) {
			row.Menu.Links = append(row.Menu.Links, templates.Action{
				Label: "批量导入", URL: frame.NewURL(frame.ImportPath, r.ID), Icon: "upload",
			})
		}
	}
	return row
}

// communityActs returns the buttons of a row; each leads to a confirmation page.
func communityActs(c *web.Context, r store.CommunityRow, readers int) []templates.Submit {
	acts := []templates.Submit{{Label: "归档", URL: frame.CommunityURL(r.ID) + "/archive", Icon: "archive", Ask: true}}
	if readers > 0 {
		acts[0].Off = fmt.Sprintf("还有 %d 台启用的读头", readers)
	}
	if !r.Archived.IsZero() {
		acts = []templates.Submit{{Label: "恢复", URL: frame.CommunityURL(r.ID) + "/restore", Icon: "refresh", Ask: true}}
	}
	if c.Actor().MayOperate() {
		remove := templates.Submit{Label: "删除", URL: frame.CommunityURL(r.ID) + "/delete", Icon: "trash", Ask: true}
		if r.Houses > 0 {
			remove.Off = "还有 " + frame.Grouped(r.Houses) + " 套房屋"
		}
		acts = append(acts, remove)
	}
	return acts
}

// communityLink returns where a community's name leads: to its form, or to its row if the account may not change it. A
// community has no page of its own. "" = the account may not see communities.
func communityLink(c *web.Context, community core.Community) string {
	switch {
	case c.Has(core.PermCommunityEdit):
		return frame.CommunityURL(community.ID) + "/edit"
	case c.Has(core.PermCommunityView):
		return templates.WithQuery(frame.CommunityPath, nil, "q", community.Name)
	}
	return ""
}
