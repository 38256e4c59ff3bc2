package access

import (
	"fmt"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// restrictionRoutes returns the routes of 通行证设置, tab 限制出入.
func (p *Pages) restrictionRoutes() []web.Route {
	view, edit := web.Need(core.PermPassRuleView), web.Need(core.PermRestrictionEdit)
	return []web.Route{
		{Method: http.MethodGet, Path: frame.RestrictionPath, Access: view, Handler: p.restrictionList},
		{Method: http.MethodGet, Path: frame.RestrictionPath + "/new", Access: edit, Handler: p.restrictionNew},
		{
			Method: http.MethodPost, Path: frame.RestrictionPath, Access: edit, Level: web.Types, Handler: p.restrictionCreate,
			Draft: true, Body: web.UploadBody(maxRestrictionList), EachPerMinute: restrictionsAMinute,
		},
		{
			Method: http.MethodPost, Path: restrictionPreviewPath, Access: edit, Handler: p.restrictionPreview,
			Draft: true, Body: web.UploadBody(maxRestrictionList), EachPerMinute: restrictionsAMinute,
		},
		{Method: http.MethodPost, Path: restrictionLiftPath, Access: edit, Level: web.Types, Handler: p.restrictionsLift},
		{Method: http.MethodPost, Path: frame.RestrictionPath + "/:id/lift", Access: edit, Level: web.Asks, Handler: p.restrictionLift},
	}
}

// restrictionPreviewPath shows the form again with more or fewer houses ticked.
const restrictionPreviewPath = frame.RestrictionPath + "/preview"

// restrictionsAMinute limits the posts of one account, each of which may contain a workbook: nobody
// clicks through a tree that fast.
const restrictionsAMinute = 60

const restrictionsAPage = 50

type restrictionListPage struct {
	templates.Shell
	Tabs templates.Tabs
	List templates.List
	Rows []restrictionRow

	Plans   rulePlans
	LiftAll string // where to post to lift all of the list; "" = no permission, or none
}

type restrictionRow struct {
	Label, Reason, Until string
	Community            string // of several
	URL                  string // of the house; "" = no permission
	State                templates.Badge
	People, PeopleURL    string // who lives there; no address if nobody does, or no permission
	Since                string
	Tick                 templates.Tick    // zero = no permission
	Lift                 *templates.Submit // nil = no permission
	CSRF                 string
}

func (p *Pages) restrictionList(c *web.Context) error {
	at, filter, err := p.restrictionFilter(c)
	if err != nil {
		return err
	}
	page := restrictionListPage{Shell: p.Shell(c, "passrule", "通行证设置"), Tabs: p.CountTabs(c, passTabs(c.Has, "restriction", at))}
	if len(at.All) == 0 {
		page.List = templates.List{Path: frame.RestrictionPath, Empty: frame.NoCommunityYet(c)}
		return p.Page(c, http.StatusOK, "console/restriction/list", page)
	}
	restrictions, more, err := p.Store.Restrictions(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return err
	}
	if page.Plans, err = p.rulePlans(c, at, "restriction"); err != nil {
		return err
	}
	page.Note, page.List = at.Name, restrictionTable(c, at)
	if c.Has(core.PermRestrictionEdit) {
		page.Actions = []templates.Action{
			{Label: "限制房屋", URL: at.URL(frame.RestrictionPath + "/new"), Icon: "plus", Primary: true},
		}
	}
	if c.Has(core.PermRestrictionEdit) && len(restrictions) > 0 && at.ID != 0 { // a batch is of one community
		// Both keep the list's filters, to which the act returns.
		lift := func(all string) string {
			return templates.WithQuery(
				restrictionLiftPath, c.Request().URL.Query(), "all", all, "community", at.ID.String(),
				templates.AfterParam, "", templates.BeforeParam, "",
			)
		}
		page.List.Bulk, page.List.CSRF = []templates.Submit{
			{Label: "解除限制", URL: lift(""), Icon: "lock-open", Ask: true},
		}, page.CSRF
		page.LiftAll = lift("1")
	}
	people, err := p.Store.ResidentsByHouse(c.Ctx(), c.Scope(), restrictedHouses(restrictions))
	if err != nil {
		return err
	}
	for _, r := range restrictions {
		row := p.restrictionRow(c, at, r)
		if row.People = "没有住户"; people[r.House].Residents > 0 {
			row.People = peopleOfHouse(people[r.House])
			if c.Has(core.PermResidentView) {
				row.PeopleURL = templates.WithQuery(
					frame.ResidentPath, nil, "community", r.Community.String(), "house", r.House.String(),
				)
			}
		}
		page.Rows = append(page.Rows, row)
	}
	web.Paged(&page.List, filter.Page, restrictions, more, func(r store.RestrictedHouse) core.ID { return r.House })
	page.Total = page.List.TotalText("套")
	return p.Page(c, http.StatusOK, "console/restriction/list", page)
}

func restrictedHouses(list []store.RestrictedHouse) []core.ID {
	houses := make([]core.ID, len(list))
	for i, r := range list {
		houses[i] = r.House
	}
	return houses
}

// peopleOfHouse returns in words how many live in a house, and whether all of them have a pass.
func peopleOfHouse(n store.HouseResidents) string {
	if n.Certified == n.Residents {
		return fmt.Sprintf("%d 人", n.Residents)
	}
	return fmt.Sprintf("%d 人，已认证 %d 人", n.Residents, n.Certified)
}

// restrictionFilter reads the list's community and filters.
func (p *Pages) restrictionFilter(c *web.Context) (frame.CommunityChoice, store.RestrictionFilter, error) {
	var asked struct {
		Keyword string              `form:"q"`
		Due     core.RestrictionDue `form:"due" max:"8"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return frame.CommunityChoice{}, store.RestrictionFilter{}, err
	}
	at, err := p.CommunityOf(c, c.Query("community"))
	return at, store.RestrictionFilter{
		Community: at.ID, Keyword: asked.Keyword, Due: asked.Due, Page: c.CountedPage(restrictionsAPage),
	}, err
}

func restrictionTable(c *web.Context, at frame.CommunityChoice) templates.List {
	return templates.List{
		Path: frame.RestrictionPath, Query: c.Request().URL.Query(), Cards: true,
		Filters: []templates.Field{frame.Whole(at.Field("全部小区")), {Name: "q", Label: "房号或原因", MaxLength: 64}, restrictionDueField()},
		Columns: []templates.Column{
			{Label: "房屋"}, {Label: "住户"}, {Label: "出入", Narrow: true}, {Label: "原因"}, {Label: "截止", Narrow: true},
			{Label: "设置于", Narrow: true}, {Label: "操作", Narrow: true, Hidden: true},
		},
		Empty: templates.Empty{Icon: "lock-open", Title: "没有被限制的房屋", Text: "被限制的房屋按各自的次数出门，不按小区的规则；解除后立即恢复。"},
	}
}

// restrictionDueField is the filter by the last day.
func restrictionDueField() templates.Field {
	return templates.Field{Kind: templates.Select, Name: "due", Label: "截止", Choices: []templates.Choice{
		{Label: "全部"},
		{Value: string(core.RestrictionSoon), Label: fmt.Sprintf("%d 天内到期", core.RestrictionDueDays)},
		{Value: string(core.RestrictionOver), Label: "已到期"},
	}}
}

func (p *Pages) restrictionRow(c *web.Context, at frame.CommunityChoice, r store.RestrictedHouse) restrictionRow {
	row := restrictionRow{
		Label: r.Label, Reason: r.Reason, Until: "长期", State: frame.RestrictionBadge(r.Restriction, p.Today(c)),
		Since: core.DayOf(r.Since, p.Store.Zone()).String(), CSRF: c.CSRF(), Community: at.NameOf(r.Community),
	}
	if r.LastDay != 0 {
		row.Until = "至 " + r.LastDay.String()
	}
	if c.Has(core.PermHouseView) {
		row.URL = frame.HouseURL(r.House)
	}
	if c.Has(core.PermRestrictionEdit) {
		if at.ID != 0 {
			row.Tick = templates.Tick{Value: r.House, Label: r.Label}
		}
		row.Lift = &templates.Submit{
			Label: "解除", URL: frame.RestrictionPath + "/" + r.House.String() + "/lift", Icon: "lock-open",
			Ask: true,
		}
	}
	return row
}

func liftText(label string) string { return label + " 立即恢复小区的规则。" }

func (p *Pages) restrictionLift(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	house, err := p.Store.House(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	back := templates.WithQuery(frame.RestrictionPath, nil, "community", house.Community.String())
	if c.Query("from") == "house" {
		back = frame.HouseURL(house.ID)
	} else if resident, err := core.ParseID(c.Query("resident")); err == nil && resident != 0 {
		back = frame.ResidentURL(resident)
	}
	told, err := p.forecast(c, house.Community, []core.ID{id}, 0)
	if err != nil {
		return err
	}
	planned, err := p.Store.PlannedRestrictions(c.Ctx(), c.Scope(), house.Community, []core.ID{id})
	if err != nil {
		return err
	}
	said, missed := missedAfter(c, house.Community, told)
	return p.Act(c, frame.Act{
		Stem: "passrule",
		Ask: templates.Confirm{
			Title: "解除 " + house.Label + " 的限制？", Text: liftText(house.Label), Submit: "解除 1 套房屋",
			Effects: append(toldEffects(told, 0), plannedStill(planned)...),
		},
		Batch: func() (core.Batch, error) {
			return p.Store.LiftRestriction(c.Ctx(), c.Actor(), c.Scope(), id)
		},
		Done: "已解除 " + house.Label + " 的限制，立即恢复小区的规则。" + said,
		Back: back, Missed: missed,
	})
}
