package registry

import (
	"net/http"
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// houseRoutes returns the routes of a community's houses.
func (p *Pages) houseRoutes() []web.Route {
	view, edit := web.Need(core.PermHouseView), web.Need(core.PermHouseEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.HousePath, Access: view, Handler: p.houseList},
		{Method: http.MethodGet, Path: frame.HousePath + "/new", Access: edit, Handler: p.houseNew},
		{Method: http.MethodPost, Path: frame.HousePath, Access: edit, Handler: p.houseCreate, Draft: true},
		{
			Method: http.MethodGet, Path: frame.HousePath + "/export.xlsx",
			Access: web.Need(core.PermResidentExport), Handler: p.houseExport, Time: -1, EachPerMinute: 30,
		},
		{
			Method: http.MethodPost, Path: frame.HousePath + "/export.xlsx", Level: web.Asks,
			Access: web.Need(core.PermResidentExport), Handler: p.houseExportLater, EachPerMinute: 30,
		},
		{Method: http.MethodPost, Path: frame.HousePath + "/suggest", Access: view, Handler: p.houseSuggest, Reads: true},
		{Method: http.MethodGet, Path: frame.HousePath + "/tree", Access: view, Handler: p.houseTree},
		{Method: http.MethodGet, Path: housePlanPath, Access: view, Handler: p.housePlan},
		{Method: http.MethodGet, Path: frame.HousePath + "/bulk", Access: edit, Handler: p.houseBulk},
		{Method: http.MethodPost, Path: frame.HousePath + "/bulk", Access: edit, Handler: p.houseBulkCreate, Draft: true},
		{Method: http.MethodGet, Path: frame.HousePath + "/:id", Access: view, Handler: p.houseShow},
		{Method: http.MethodGet, Path: frame.HousePath + "/:id/edit", Access: edit, Handler: p.houseEdit},
		{Method: http.MethodPost, Path: frame.HousePath + "/:id", Access: edit, Handler: p.houseUpdate, Draft: true},
		{Method: http.MethodPost, Path: frame.HousePath + "/:id/delete", Access: edit, Level: web.Asks, Handler: p.houseRemove},
	}
}

// houseMoveRoutes returns the routes by which nodes are renamed, moved and merged, and houses merged.
func (p *Pages) houseMoveRoutes() []web.Route {
	edit := web.Need(core.PermHouseEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: houseNodePath + "/:id/move", Access: edit, Handler: p.houseNodeMoveForm},
		{Method: http.MethodPost, Path: houseNodePath + "/:id/move", Access: edit, Level: web.Types, Handler: p.houseNodeMove, Draft: true},
		{
			Method: http.MethodPost, Path: houseNodePath + "/:id/delete", Access: edit, Level: web.Types, Handler: p.houseNodeRemove,
		},
		{Method: http.MethodGet, Path: frame.HousePath + "/:id/held", Access: edit, Handler: p.houseHeld},
		{Method: http.MethodGet, Path: frame.HousePath + "/:id/merge", Access: edit, Handler: p.houseMergeForm},
		{Method: http.MethodPost, Path: frame.HousePath + "/:id/merge", Access: edit, Level: web.Types, Handler: p.houseMerge, Draft: true},
	}
}

// houseTransferRoutes returns the routes by which a house gets another owner.
func (p *Pages) houseTransferRoutes() []web.Route {
	edit := web.Need(core.PermResidentEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.HousePath + "/:id/transfer", Access: edit, Handler: p.houseTransferForm},
		{
			Method: http.MethodPost, Path: frame.HousePath + "/:id/transfer", Access: edit, Level: web.Asks,
			Handler: p.houseTransfer, Draft: true,
		},
		{
			Method: http.MethodPost, Path: frame.HousePath + "/:id/transfer/cancel", Access: edit, Level: web.Asks,
			Handler: p.houseTransferCancel,
		},
	}
}

// houseOwnersRoutes returns the routes of the switch that lets owners decide applications, at each place of the tree.
func (p *Pages) houseOwnersRoutes() []web.Route {
	edit := web.Need(core.PermHouseEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: houseOwnersPath, Access: edit, Handler: p.houseOwnersEdit},
		{Method: http.MethodPost, Path: houseOwnersPath, Access: edit, Level: web.Types, Handler: p.houseOwnersUpdate, Draft: true},
	}
}

const housesAPage = 50

type houseListPage struct {
	templates.Shell
	List    templates.List
	Rows    []houseRow
	TreeURL string // of the tree beside the list; "" = none
	Tabs    templates.Tabs
}

type houseRow struct {
	URL, Label   string
	Community    string // of several
	Arrears      string // amount owed in yuan; "" = nothing
	Residents    int
	State        templates.Badge
	ResidentsURL string // "" = no permission
	Menu         templates.RowMenu
}

// houseFilter reads the list's community and filters.
func (p *Pages) houseFilter(c *web.Context) (frame.CommunityChoice, store.HouseFilter, error) {
	var asked struct {
		Keyword  string  `form:"q"`
		Arrears  string  `form:"arrears" of:"yes"`
		Transfer string  `form:"transfer" of:"planned"`
		Node     core.ID `form:"node"`
		Plan     core.ID `form:"plan"` // a scheduled restriction
	}
	if err := c.BindQuery(&asked); err != nil {
		return frame.CommunityChoice{}, store.HouseFilter{}, err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	return at, store.HouseFilter{
		Community: at.ID, Node: asked.Node, Keyword: asked.Keyword, Arrears: asked.Arrears == "yes",
		Transfer: asked.Transfer != "", Plan: asked.Plan, Page: c.CountedPage(housesAPage),
	}, err
}

func (p *Pages) houseList(c *web.Context) error {
	at, filter, err := p.houseFilter(c)
	if err != nil {
		return err
	}
	page := houseListPage{Shell: p.Shell(c, "house", "房屋")}
	if len(at.All) == 0 {
		page.List = templates.List{Path: frame.HousePath, Empty: frame.NoCommunityYet(c)}
		return p.Page(c, http.StatusOK, "console/house/list", page)
	}
	houses, more, err := p.Store.Houses(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page.Note, page.List, page.Tabs = at.Name, houseTable(c, at), houseTabs(at, "")
	if filter.Plan != 0 {
		plan, err := p.Store.RulePlan(c.Ctx(), c.Scope(), filter.Plan)
		if err != nil {
			return err
		}
		page.Flash = append(page.Flash, templates.Flash{Tone: templates.Info, Text: "只列出安排了“" + plan.Restriction.Title() + "”（" +
			plan.RulePlanTerm.Text() + "）的房屋。"})
	}
	if at.ID != 0 {
		page.TreeURL = at.URL(frame.HousePath+"/tree", "node", c.Query("node"))
	}
	if at.ID != 0 && c.Has(core.PermResidentExport) { // a column for each level of the community
		page.List.Export = frame.HousePath + "/export.xlsx"
	}
	if c.Has(core.PermHouseEdit) {
		page.Actions = []templates.Action{
			{Label: "导入欠费", URL: at.URL(houseArrearsPath), Icon: "upload"},
			{Label: "批量生成", URL: at.URL(frame.HousePath + "/bulk"), Icon: "building"},
			{Label: "添加房屋", URL: at.URL(frame.HousePath + "/new"), Icon: "plus", Primary: true},
		}
	}
	for _, house := range houses {
		page.Rows = append(page.Rows, p.houseRowOf(c, at, house))
	}
	web.Paged(&page.List, filter.Page, houses, more, func(r store.HouseRow) core.ID { return r.ID })
	page.Total = page.List.TotalText("套")
	return p.Page(c, http.StatusOK, "console/house/list", page)
}

// housesSuggested is the maximum number of suggestions under a field.
const housesSuggested = 20

// houseSuggest answers a house field while typing with the labels that contain the text.
func (p *Pages) houseSuggest(c *web.Context) error {
	var form struct {
		Community string `form:"community" max:"24"`
		Text      string `form:"house" max:"64"`
	}
	err := c.Bind(&form)
	if err != nil {
		return err
	}
	at, err := p.FormCommunity(c, form.Community)
	if err != nil {
		return err
	}
	var houses []store.HouseRow
	if at.ID != 0 {
		houses, _, err = p.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{
			Community: at.ID, Keyword: form.Text, Page: store.Page{Limit: housesSuggested},
		})
	}
	if err != nil {
		return err
	}
	suggestions := make([]templates.Suggestion, len(houses))
	for i, house := range houses {
		suggestions[i].Value = house.Label
	}
	return p.Suggest(c, suggestions)
}

func houseTable(c *web.Context, at frame.CommunityChoice) templates.List {
	return at.BesideTree(templates.List{
		Path: frame.HousePath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{
			frame.Whole(at.Field("全部小区")),
			{Name: "q", Label: "房号", MaxLength: 64},
			{
				Kind: templates.Select, Name: "arrears", Label: "欠费",
				Choices: []templates.Choice{{Label: "全部"}, {Value: "yes", Label: "有欠费"}},
			},
			{
				Kind: templates.Select, Name: "transfer", Label: "过户",
				Choices: []templates.Choice{{Label: "全部"}, {Value: "planned", Label: "已安排过户"}},
			},
			{Kind: templates.Hidden, Name: "node"},
			{Kind: templates.Hidden, Name: "plan"},
		},
		Columns: []templates.Column{
			{Label: "房屋"}, {Label: "住户", Number: true}, {Label: "欠费", Number: true},
			{Label: "出入", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{Icon: "home-2", Title: "还没有房屋", Text: "添加房屋后，就能登记住户。", Ask: "请联系管理员添加。"},
	})
}

func (p *Pages) houseRowOf(c *web.Context, at frame.CommunityChoice, r store.HouseRow) houseRow {
	at.Community = core.Community{ID: r.Community, Name: at.NameOf(r.Community)}
	row := houseRow{
		URL: frame.HouseURL(r.ID), Label: r.Label, Community: at.NameOf(r.Community), Residents: r.Residents,
		Menu: templates.RowMenu{Label: r.Label + " 的操作"},
	}
	if r.ArrearsFen > 0 {
		row.Arrears = core.Yuan(r.ArrearsFen) + " 元"
	}
	if r.Restriction != nil {
		row.State = frame.RestrictionBadge(*r.Restriction, p.Today(c))
	}
	if c.Has(core.PermResidentView) {
		row.ResidentsURL = at.URL(frame.ResidentPath, "house", r.ID.String())
	}
	if c.Has(core.PermResidentEdit) {
		row.Menu.Links = append(row.Menu.Links, templates.Action{
			Label: "添加住户", URL: at.URL(frame.ResidentPath+"/new", "house", r.ID.String()), Icon: "plus",
		})
	}
	if c.Has(core.PermRestrictionEdit) {
		row.Menu.Links = append(row.Menu.Links, templates.Action{
			Label: "限制出入", URL: at.URL(frame.RestrictionPath+"/new", "house", r.ID.String()), Icon: "ban",
		})
	}
	return row
}

// houseForm is the posted form; it also has a name for each level of the community, by levelField.
type houseForm struct {
	Community core.ID `form:"community"`
}

type houseFormPage struct {
	templates.Shell
	Form templates.Form
}

func levelField(i int) string { return "level" + strconv.Itoa(i) }

// houseFormPage shows the form of a house; ID 0 means a new one.
func (p *Pages) houseFormPage(
	c *web.Context, at frame.CommunityChoice, house core.House, form templates.Form, wrong error,
) error {
	return p.FormPage(c, wrong, &form, func(status int) error {
		page := houseFormPage{Shell: p.Shell(c, "house", "添加房屋"), Form: form}
		page.Crumbs, page.Note = []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}, at.Name
		if house.ID != 0 {
			page.Title = "修改房屋"
			page.Crumbs = append(page.Crumbs, templates.Crumb{Label: house.Label, URL: frame.HouseURL(house.ID)})
		}
		return p.Page(c, status, "console/house/form", page)
	})
}

// houseNewForm returns the form of a new house, with a field for each level of the community.
func houseNewForm(c *web.Context, at frame.CommunityChoice) templates.Form {
	fields, focused := at.FormFields(frame.HousePath), false
	for i, level := range at.Levels {
		field := templates.Field{
			Name: levelField(i), Label: level, Required: true, MaxLength: core.MaxNodeName, Value: c.Query(levelField(i)),
			Short: true, Autocomplete: "off",
		}
		if field.Focus = field.Value == "" && !focused; field.Focus {
			focused = true
		}
		if i == 0 && len(at.Levels) > 1 {
			field.Help = "只填数字或字母也可以：3 即 3" + level + "。"
		}
		fields = append(fields, field)
	}
	return templates.Form{
		Action: frame.HousePath, CSRF: c.CSRF(), Cancel: at.URL(frame.HousePath), Submit: "添加", More: true,
		Sections: []templates.Section{{Fields: fields}},
	}
}

func (p *Pages) houseNew(c *web.Context) error {
	at, err := p.FormCommunity(c, c.Query("community"))
	if err != nil {
		return err
	}
	return p.houseFormPage(c, at, core.House{}, houseNewForm(c, at), nil)
}

func (p *Pages) houseCreate(c *web.Context) error {
	var form houseForm
	wrong := p.BindForm(c, &form)
	at, err := p.FormCommunity(c, form.Community.String())
	if err != nil {
		return err
	}
	names := make([]string, len(at.Levels))
	for i := range names {
		names[i] = c.Form().Get(levelField(i))
	}
	if wrong == nil {
		wrong = houseNamesWrong(at.Community, names)
	}
	if wrong == nil {
		_, wrong = p.Store.CreateHouses(c.Ctx(), c.Actor(), c.Scope(), at.ID, [][]string{names})
	}
	if wrong != nil {
		return p.houseFormPage(c, at, core.House{}, houseNewForm(c, at), wrong)
	}
	whole, err := at.NodeNames(names) // 3 as 3栋
	if err != nil {
		return err
	}
	var same []string // the next room is near
	for i, name := range whole[:len(whole)-1] {
		same = append(same, levelField(i), name)
	}
	return p.Added(c, frame.Added{
		Name: strings.Join(whole, ""), Message: "房屋已添加。", Page: at.URL(frame.HousePath),
		Another: at.URL(frame.HousePath+"/new", same...),
	})
}

// houseNamesWrong returns which level's name is missing or too long.
func houseNamesWrong(community core.Community, names []string) error {
	fields := map[string]string{}
	for i := range names {
		// The other levels get a valid name, so that each is checked alone.
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
