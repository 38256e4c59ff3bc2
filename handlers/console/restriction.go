package console

import (
	"fmt"
	"net/http"
	"strconv"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const restrictionPath = "/console/restriction"

// restrictionRoutes are 通行证设置, tab 限制出入.
func (h *Console) restrictionRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermRestrictionEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: restrictionPath, Access: view, Handler: h.restrictionList},
		{Method: http.MethodGet, Path: restrictionPath + "/new", Access: edit, Handler: h.restrictionNew},
		{Method: http.MethodPost, Path: restrictionPath, Access: edit, Handler: h.restrictionSet},
		{Method: http.MethodPost, Path: restrictionPath + "/:id/lift", Access: edit, Handler: h.restrictionLift},
	}
}

const restrictionsAPage = 50

type restrictionListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []restrictionRow
}

type restrictionRow struct {
	Label, Reason, Until string
	State                templates.Badge
	Since                string
	Lift                 *templates.Submit // nil = may not
	CSRF                 string
}

// restrictionBadge says a restriction in a few words.
func restrictionBadge(r core.Restriction, today core.Day) templates.Badge {
	switch {
	case r.LastDay != 0 && r.LastDay < today:
		return templates.Badge{Tone: templates.Neutral, Text: "限制已到期"}
	case r.Exits < 0:
		return templates.Badge{Tone: templates.Bad, Text: "禁止出入"}
	case r.Exits == 0:
		return templates.Badge{Tone: templates.Good, Text: "不限次数"}
	}
	return templates.Badge{Tone: templates.Warn, Text: fmt.Sprintf("周期内 %d 次", r.Exits)}
}

func (h *Console) restrictionList(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	page := restrictionListPage{Shell: h.shell(c, "passrule", "通行证设置"), Tabs: passTabs("restriction", at)}
	if at.ID == 0 {
		page.List = templates.List{Path: restrictionPath, Empty: noCommunityYet(c)}
		return h.page(c, http.StatusOK, "console/restriction/list", page)
	}
	filter := store.RestrictionFilter{Community: at.ID, Keyword: c.Query("q"), Page: c.Page(restrictionsAPage)}
	restrictions, more, err := h.Store.Restrictions(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	page.Note, page.List = at.Name, restrictionTable(c, at)
	if c.Has(core.PermRestrictionEdit) {
		page.Actions = []templates.Action{{Label: "限制房屋", URL: at.at(restrictionPath + "/new"), Icon: "plus", Primary: true}}
	}
	var first, last core.ID
	for i, r := range restrictions {
		page.Rows = append(page.Rows, h.restrictionRow(c, r, page.CSRF))
		if last = r.House; i == 0 {
			first = last
		}
	}
	page.List.Count = len(page.Rows)
	page.List.Pager = page.List.Page(pagerCursors(filter.Page, first, last, more))
	page.List.Pager.Summary = fmt.Sprintf("本页 %d 套", len(page.Rows))
	return h.page(c, http.StatusOK, "console/restriction/list", page)
}

func restrictionTable(c *web.Context, at place) templates.List {
	return templates.List{
		Path: restrictionPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{at.field(""), {Name: "q", Label: "房号或原因", MaxLength: 64}},
		Columns: []templates.Column{{Label: "房屋"}, {Label: "出入", Narrow: true}, {Label: "原因"}, {Label: "截止", Narrow: true}, {Label: "设置于", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true}},
		Empty:   templates.Empty{Icon: "lock-open", Title: "没有被限制的房屋", Text: "被限制的房屋按各自的次数出门，不按小区的规则；解除后立即恢复。"},
	}
}

func (h *Console) restrictionRow(c *web.Context, r store.RestrictedHouse, csrf string) restrictionRow {
	row := restrictionRow{
		Label: r.Label, Reason: r.Reason, Until: "解除为止", State: restrictionBadge(r.Restriction, h.today(c)),
		Since: core.DayOf(r.Since, h.Store.Zone()).String(), CSRF: csrf,
	}
	if r.LastDay != 0 {
		row.Until = r.LastDay.String()
	}
	if c.Has(core.PermRestrictionEdit) {
		row.Lift = &templates.Submit{Label: "解除", URL: restrictionPath + "/" + r.House.String() + "/lift", Icon: "lock-open", Confirm: liftText(r.Label)}
	}
	return row
}

func liftText(label string) string { return label + " 立即恢复小区的规则。" }

// restrictionForm is what the page of a new restriction sends. Its two buttons
// are the search for houses and the saving.
type restrictionForm struct {
	Community core.ID   `form:"community"`
	Keyword   string    `form:"q" max:"64"`
	Houses    []core.ID `form:"houses" max:"500"`
	Exits     string    `form:"exits" max:"8"`
	Reason    string    `form:"reason"`
	LastDay   core.Day  `form:"last_day"`
	Act       string    `form:"act"`
}

type restrictionNewPage struct {
	templates.Shell
	Search templates.Field
	Form   templates.Form
	More   bool // the search found more houses than are shown
}

// housesFound bounds what a search for houses shows.
const housesFound = 60

func (h *Console) restrictionNew(c *web.Context) error {
	at, err := h.placeOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	if at.ID == 0 {
		return core.NotFound("还没有小区")
	}
	form := restrictionForm{Keyword: c.Query("q"), Exits: "-1"}
	if id, err := core.ParseID(c.Query("house")); err == nil {
		form.Houses = []core.ID{id}
	}
	page, err := h.restrictionPage(c, at, form)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "console/restriction/form", page)
}

// restrictionPage is the form with the houses to tick: those ticked already, and
// what the search finds.
func (h *Console) restrictionPage(c *web.Context, at place, form restrictionForm) (restrictionNewPage, error) {
	page := restrictionNewPage{Shell: h.shell(c, "passrule", "限制房屋")}
	page.Note, page.Crumbs = at.Name, []templates.Crumb{{Label: "限制出入", URL: at.at(restrictionPath)}}
	choices, err := h.tickedHouses(c, form.Houses)
	if err != nil {
		return page, err
	}
	if form.Keyword != "" || len(choices) == 0 {
		var found []store.HouseRow
		found, page.More, err = h.Store.Houses(c.Ctx(), c.Scope(), store.HouseFilter{Community: at.ID, Keyword: form.Keyword, Page: store.Page{Limit: housesFound}})
		if err != nil {
			return page, err
		}
		choices = addHouses(choices, found)
	}
	page.Search = templates.Field{Name: "q", Label: "找房屋", Value: form.Keyword, MaxLength: 64, Placeholder: "3栋2单元 或 501", Autocomplete: "off"}
	page.Form = templates.Form{Action: restrictionPath, CSRF: page.CSRF, Cancel: at.at(restrictionPath), Submit: "限制出入", Sections: restrictionSections(at, form, choices)}
	return page, nil
}

func restrictionSections(at place, form restrictionForm, houses []templates.Choice) []templates.Section {
	day := ""
	if form.LastDay != 0 {
		day = form.LastDay.String()
	}
	return []templates.Section{{Fields: []templates.Field{
		{Kind: templates.Hidden, Name: "community", Value: at.ID.String()},
		{Kind: templates.Checks, Name: "houses", Label: "房屋", Values: idValues(form.Houses), Required: true, Choices: houses},
		{Kind: templates.Number, Name: "exits", Label: "周期内可出门次数", Value: form.Exits, Required: true, Min: "-1", Max: "99", Unit: "次", Short: true,
			Help: "-1 为禁止出入，0 为不限。代替小区的次数，其余规则照旧。"},
		{Kind: templates.Date, Name: "last_day", Label: "截止日期", Value: day, Help: "当天仍有效；不填则到解除为止。"},
		{Name: "reason", Label: "原因", Value: form.Reason, Required: true, MaxLength: 100, Wide: true},
	}}}
}

// tickedHouses names the ticked houses; one of another community is not found.
func (h *Console) tickedHouses(c *web.Context, ids []core.ID) ([]templates.Choice, error) {
	houses, err := h.Store.HousesByID(c.Ctx(), c.Scope(), ids)
	choices := make([]templates.Choice, len(houses))
	for i, house := range houses {
		choices[i] = templates.Choice{Value: house.ID.String(), Label: house.Label}
	}
	return choices, err
}

func addHouses(choices []templates.Choice, found []store.HouseRow) []templates.Choice {
	known := map[string]bool{}
	for _, choice := range choices {
		known[choice.Value] = true
	}
	for _, house := range found {
		if !known[house.ID.String()] {
			choices = append(choices, templates.Choice{Value: house.ID.String(), Label: house.Label})
		}
	}
	return choices
}

func (h *Console) restrictionSet(c *web.Context) error {
	var form restrictionForm
	wrong := c.Bind(&form)
	at, err := h.placeOf(c, form.Community.String())
	if err != nil {
		return err
	}
	page, err := h.restrictionPage(c, at, form)
	if err != nil {
		return err
	}
	if form.Act == "search" {
		page.Form.Set(c.Form(), nil)
		return h.page(c, http.StatusOK, "console/restriction/form", page)
	}
	if wrong == nil {
		wrong = h.Store.SetRestrictions(c.Ctx(), c.Actor(), c.Scope(), at.ID, form.Houses,
			core.Restriction{Exits: exitsOf(form.Exits), Reason: form.Reason, LastDay: form.LastDay})
	}
	if wrong != nil {
		return h.formPage(c, wrong, &page.Form, func(status int) error { return h.page(c, status, "console/restriction/form", page) })
	}
	c.Flash(web.FlashSuccess, "已限制 "+strconv.Itoa(len(form.Houses))+" 套房屋的出入，立即生效。")
	return c.Redirect(at.at(restrictionPath))
}

func (h *Console) restrictionLift(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	house, err := h.Store.House(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	back := templates.WithQuery(restrictionPath, nil, "community", house.Community.String())
	if !confirmed(c) {
		return h.confirm(c, "passrule", templates.Confirm{
			Title: "解除 " + house.Label + " 的限制？", Text: liftText(house.Label), Action: restrictionPath + "/" + id.String() + "/lift", Submit: "解除", Cancel: back,
		})
	}
	if err := h.Store.LiftRestriction(c.Ctx(), c.Actor(), c.Scope(), id); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已解除 "+house.Label+" 的限制，立即恢复小区的规则。")
	return c.Redirect(back)
}
