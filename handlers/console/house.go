package console

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const housePath = "/console/house"

// houseRoutes are the houses of a community.
func (h *Console) houseRoutes() []web.Route {
	view, edit := web.Need(core.PermHouseView), web.Need(core.PermHouseEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: housePath, Access: view, Handler: h.houseList},
		{Method: http.MethodGet, Path: housePath + "/new", Access: edit, Handler: h.houseNew},
		{Method: http.MethodPost, Path: housePath, Access: edit, Handler: h.houseCreate, Draft: true},
		{Method: http.MethodGet, Path: housePath + "/export.xlsx", Access: web.Need(core.PermResidentExport), Handler: h.houseExport, Time: -1, EachPerMinute: 30},
		{Method: http.MethodGet, Path: housePath + "/suggest", Access: view, Handler: h.houseSuggest},
		{Method: http.MethodGet, Path: housePath + "/tree", Access: view, Handler: h.houseTree},
		{Method: http.MethodGet, Path: housePath + "/bulk", Access: edit, Handler: h.houseBulk},
		{Method: http.MethodPost, Path: housePath + "/bulk", Access: edit, Handler: h.houseBulkCreate, Draft: true},
		{Method: http.MethodGet, Path: housePath + "/:id", Access: view, Handler: h.houseShow},
		{Method: http.MethodGet, Path: housePath + "/:id/edit", Access: edit, Handler: h.houseEdit},
		{Method: http.MethodPost, Path: housePath + "/:id", Access: edit, Handler: h.houseUpdate, Draft: true},
		{Method: http.MethodPost, Path: housePath + "/:id/delete", Access: edit, Handler: h.houseDelete},
	}
}

const housesAPage = 50

type houseListPage struct {
	templates.Shell
	List    templates.List
	Rows    []houseRow
	TreeURL string // of the tree beside the list; "" = nothing to show
}

type houseRow struct {
	URL, Label   string
	Arrears      string // what is owed, in yuan; "" = nothing
	Residents    int
	State        templates.Badge
	ResidentsURL string // "" = may not
	AddURL       string // to add a resident
	RestrictURL  string
}

// houseFilter reads the filters of the list, and the community whose it is.
func (h *Console) houseFilter(c *web.Context) (place, store.HouseFilter, error) {
	at, err := h.placeOf(c, c.Query("community"))
	filter := store.HouseFilter{Community: at.ID, Keyword: c.Query("q"), Arrears: c.Query("arrears") == "yes", Page: c.Page(housesAPage)}
	if node, err := core.ParseID(c.Query("node")); err == nil {
		filter.Node = node
	}
	return at, filter, err
}

func (h *Console) houseList(c *web.Context) error {
	at, filter, err := h.houseFilter(c)
	if err != nil {
		return err
	}
	page := houseListPage{Shell: h.shell(c, "house", "房屋")}
	if at.ID == 0 {
		page.List = templates.List{Path: housePath, Empty: noCommunityYet(c)}
		return h.page(c, http.StatusOK, "console/house/list", page)
	}
	houses, more, err := h.Store.Houses(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page.Note, page.List = at.Name, houseTable(c, at)
	page.TreeURL = at.at(housePath+"/tree", "node", c.Query("node"))
	if c.Has(core.PermResidentExport) {
		page.List.Export = housePath + "/export.xlsx"
	}
	if c.Has(core.PermHouseEdit) {
		page.Actions = []templates.Action{{Label: "批量生成", URL: at.at(housePath + "/bulk"), Icon: "building"}, {Label: "添加房屋", URL: at.at(housePath + "/new"), Icon: "plus", Primary: true}}
	}
	var first, last core.ID
	for i, house := range houses {
		page.Rows = append(page.Rows, h.houseRowOf(c, at, house))
		if last = house.ID; i == 0 {
			first = last
		}
	}
	page.List.Count = len(page.Rows)
	page.List.Pager = page.List.Page(pagerCursors(filter.Page, first, last, more))
	page.List.Pager.Summary = fmt.Sprintf("本页 %d 套", len(page.Rows))
	return h.page(c, http.StatusOK, "console/house/list", page)
}

// housesSuggested bounds the choices under a field.
const housesSuggested = 20

// houseSuggest answers a field that asks for a house, while it is typed, with the
// labels that hold the text.
func (h *Console) houseSuggest(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	var houses []store.HouseRow
	if at.ID != 0 {
		houses, _, err = h.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{Community: at.ID, Keyword: c.Query("house"), Page: store.Page{Limit: housesSuggested}})
	}
	if err != nil {
		return err
	}
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return h.Renderer.RenderBlock(w, "console/resident/form", "house-options", houses)
	})
}

func houseTable(c *web.Context, at place) templates.List {
	return templates.List{
		Path: housePath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			whole(at.field("")),
			{Name: "q", Label: "房号", MaxLength: 64},
			{Kind: templates.Select, Name: "arrears", Label: "欠费", Choices: []templates.Choice{{Label: "全部"}, {Value: "yes", Label: "有欠费"}}},
			{Kind: templates.Hidden, Name: "node"},
		},
		Columns: []templates.Column{{Label: "房屋"}, {Label: "住户", Number: true}, {Label: "欠费（元）", Number: true}, {Label: "出入", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty:   templates.Empty{Icon: "home-2", Title: "这个小区还没有房屋", Text: "添加房屋后，就能登记住户。"},
	}
}

func (h *Console) houseRowOf(c *web.Context, at place, r store.HouseRow) houseRow {
	row := houseRow{URL: houseURL(r.ID), Label: r.Label, Residents: r.Residents}
	if r.ArrearsFen > 0 {
		row.Arrears = core.Yuan(r.ArrearsFen)
	}
	if r.Restriction != nil {
		row.State = restrictionBadge(*r.Restriction, h.today(c))
	}
	if c.Has(core.PermResidentView) {
		row.ResidentsURL = at.at(residentPath, "house", r.ID.String())
	}
	if c.Has(core.PermResidentEdit) {
		row.AddURL = at.at(residentPath+"/new", "house", r.ID.String())
	}
	if c.Has(core.PermRestrictionEdit) {
		row.RestrictURL = at.at(restrictionPath+"/new", "house", r.ID.String())
	}
	return row
}

// houseForm is what the form sends; besides it, a name for each level of the
// community, by levelField.
type houseForm struct {
	Community core.ID `form:"community" required:"请选择小区"`
}

type houseFormPage struct {
	templates.Shell
	Form templates.Form
}

func levelField(i int) string { return "level" + strconv.Itoa(i) }

func houseURL(id core.ID) string { return housePath + "/" + id.String() }

func (h *Console) housePage(c *web.Context, at place) houseFormPage {
	page := houseFormPage{Shell: h.shell(c, "house", "添加房屋")}
	page.Crumbs, page.Note = []templates.Crumb{{Label: "房屋", URL: at.at(housePath)}}, at.Name
	fields := []templates.Field{{Kind: templates.Hidden, Name: "community", Value: at.ID.String()}}
	for i, level := range at.Levels {
		field := templates.Field{Name: levelField(i), Label: level, Required: true, MaxLength: core.NodeNameMost, Focus: i == 0, Short: true, Autocomplete: "off"}
		if i == 0 && len(at.Levels) > 1 {
			field.Help = "只填数字或字母也可以：3 即 3" + level + "。"
		}
		fields = append(fields, field)
	}
	page.Form = templates.Form{Action: housePath, CSRF: page.CSRF, Cancel: at.at(housePath), Submit: "添加", Sections: []templates.Section{{Fields: fields}}}
	return page
}

func (h *Console) houseNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return core.NotFound("还没有小区")
	}
	return h.page(c, http.StatusOK, "console/house/form", h.housePage(c, at))
}

func (h *Console) houseCreate(c *web.Context) error {
	var form houseForm
	wrong := c.Bind(&form)
	at, err := h.placeOf(c, form.Community.String())
	if err != nil {
		return err
	}
	page := h.housePage(c, at)
	names := make([]string, len(at.Levels))
	for i := range names {
		names[i] = c.Form().Get(levelField(i))
	}
	if wrong == nil {
		wrong = houseNamesWrong(at.Community, names)
	}
	if wrong == nil {
		_, wrong = h.Store.CreateHouses(c.Ctx(), c.Actor(), c.Scope(), at.ID, [][]string{names})
	}
	if wrong != nil {
		return h.formPage(c, wrong, &page.Form, func(status int) error { return h.page(c, status, "console/house/form", page) })
	}
	c.Flash(web.FlashSuccess, "房屋已添加。")
	return c.Redirect(at.at(housePath))
}

// houseNamesWrong says which level's name is missing or too long.
func houseNamesWrong(community core.Community, names []string) error {
	fields := map[string]string{}
	for i := range names {
		// Every other level stands in with a good name, so that each is judged alone.
		alone := make([]string, len(names))
		for j := range alone {
			alone[j] = "1"
		}
		alone[i] = names[i]
		if _, err := community.NodeNames(alone); err != nil {
			fields[levelField(i)] = core.MessageOf(err)
		}
	}
	return core.InvalidFields(fields)
}
