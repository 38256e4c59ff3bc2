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

// houseShowPage is what the counter needs of a house: who lives there, whether they can go out now and
// why, the restriction, and the latest passages.
type houseShowPage struct {
	templates.Shell
	Detail       templates.Detail
	Restriction  *houseRestriction // nil: none in force
	Planned      []plannedRestriction
	Transfer     *houseTransferPart // nil: none is planned
	People       []houseMember
	MayResidents bool
	Residents    int
	MoreURL      string             // of the list of all residents; "" = all are shown
	AddURL       string             // to add a resident; "" = no permission
	Passages     *frame.PassagePart // nil: no permission
	Visits       *frame.VisitPart   // likewise
	Exits        *frame.ExitPart    // exit slips; nil: no permission, or none
}

// houseRestriction is the restriction of a house.
type houseRestriction struct {
	templates.Verdict
	Lift   *templates.Submit // nil: no permission
	Change string            // URL; "" = no permission
}

// plannedRestriction is a restriction of a house that is scheduled.
type plannedRestriction struct{ Title, Text, URL string }

// plannedRestrictions returns what is scheduled for a house and will come about as it is now.
func (p *Pages) plannedRestrictions(c *web.Context, house core.House) (list []plannedRestriction, err error) {
	planned, err := p.Store.PlannedRestrictions(c.Ctx(), c.Scope(), house.Community, []core.ID{house.ID})
	for _, plan := range planned {
		if plan.Left > 0 {
			continue
		}
		row := plannedRestriction{
			Title: "已安排" + plan.Restriction.Title(), Text: plan.RulePlan.RulePlanTerm.Text() + "，" + plan.Restriction.Reason,
		}
		if c.Has(core.PermPassRuleView) {
			row.URL = templates.WithQuery(frame.RestrictionPath, nil, "community", house.Community.String())
		}
		list = append(list, row)
	}
	return list, err
}

// houseMember is a resident on the page of the house.
type houseMember struct {
	residentRow
	standing
	CallURL    string // posted to, shows the whole number; "" = none, or no permission
	CertifyURL string // "" = certified, or no permission
}

// house returns the house in the path, if the account may see it.
func (p *Pages) house(c *web.Context) (core.House, frame.CommunityChoice, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return core.House{}, frame.CommunityChoice{}, err
	}
	house, err := p.Store.House(c.Ctx(), c.Scope(), id)
	if err != nil {
		return house, frame.CommunityChoice{}, err
	}
	at, err := p.CommunityOf(c, house.Community.String())
	return house, at, err
}

// houseMerged leads to the house that the one in the path became part of.
func (p *Pages) houseMerged(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	into, label, err := p.Store.FormerHouse(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, label+" 已合并到这套房屋。")
	return c.Redirect(frame.HouseURL(into))
}

func (p *Pages) houseShow(c *web.Context) error {
	house, at, err := p.house(c)
	if core.IsNotFound(err) {
		return p.houseMerged(c)
	}
	if err != nil {
		return err
	}
	tab, err := frame.DetailTab(c, frame.PassagesTab)
	if err != nil {
		return err
	}
	page := houseShowPage{Shell: p.Shell(c, "house", house.Label), MayResidents: c.Has(core.PermResidentView)}
	page.Crumbs = []templates.Crumb{{Label: "房屋", URL: at.URL(frame.HousePath)}}
	page.Detail = templates.Detail{Path: frame.HouseURL(house.ID), CSRF: page.CSRF}
	var residents []store.ResidentRow
	if page.MayResidents {
		if residents, err = p.houseMembers(c, house, &page); err != nil {
			return err
		}
	}
	if err = p.houseHead(c, at, house, residents, &page); err != nil {
		return err
	}
	if page.Passages, err = p.Passages(c, core.RecordFilter{Community: at.ID, House: house.ID}, tab); err != nil {
		return err
	}
	if page.Visits, err = p.Visits(c, store.VisitorPassFilter{Community: at.ID, House: house.ID}); err != nil {
		return err
	}
	if page.Exits, err = p.ExitSlips(c, house.ID, store.ExitSlipFilter{Community: at.ID, House: house.ID, Now: c.Now()}); err != nil {
		return err
	}
	things := []string{"house:" + house.ID.String()}
	for _, r := range residents {
		things = append(things, "resident:"+r.ID.String())
	}
	if page.Detail.Timeline, err = p.Timeline(c, things...); err != nil {
		return err
	}
	tabs := []string{"", "住户"}
	if !page.MayResidents {
		tabs[1] = "概况"
	}
	if page.Passages != nil {
		tabs = append(tabs, frame.PassagesTab, "出入记录")
	}
	page.Detail.NewTabs(tab, tabs...)
	return p.Page(c, http.StatusOK, "console/house/show", page)
}

// houseMembers reads who lives in a house, with what a door would answer each of them now.
func (p *Pages) houseMembers(c *web.Context, house core.House, page *houseShowPage) ([]store.ResidentRow, error) {
	residents, more, err := p.Store.Residents(c.Ctx(), c.Scope(), store.ResidentFilter{
		Community: house.Community, House: house.ID, Page: store.Page{Limit: residentsAPage, Total: &page.Residents},
	})
	if err != nil {
		return nil, err
	}
	if page.Residents = max(page.Residents, len(residents)); more {
		page.MoreURL = templates.WithQuery(
			frame.ResidentPath, nil, "community", house.Community.String(), "house", house.ID.String(),
		)
	}
	if page.People, err = p.members(c, residents); err != nil {
		return nil, err
	}
	if c.Has(core.PermResidentEdit) {
		page.AddURL = templates.WithQuery(
			frame.ResidentPath+"/new", nil, "community", house.Community.String(), "house", house.ID.String(),
		)
	}
	return residents, nil
}

// members returns residents of a house, with what a door would answer each of them now.
func (p *Pages) members(c *web.Context, residents []store.ResidentRow) ([]houseMember, error) {
	standings, err := p.standings(c, residents)
	if err != nil {
		return nil, err
	}
	rows, list := residentRows(residents), make([]houseMember, len(residents))
	for i, r := range residents {
		member := houseMember{residentRow: rows[i], standing: standings[i]}
		if r.Phone != "" && c.Has(core.PermResidentReveal) {
			member.CallURL = frame.ResidentURL(r.ID) + "/reveal"
		}
		if r.Certified.IsZero() && c.Has(core.PermResidentCertify) {
			member.CertifyURL, member.Text = frame.ResidentURL(r.ID)+"/certify", "未认证" // the link says how
		}
		list[i] = member
	}
	return list, nil
}

// arrearsBadge returns what a house owes, and what for, in words.
func arrearsBadge(house core.House) templates.Badge {
	if house.ArrearsFen == 0 {
		return templates.Badge{Tone: templates.Good, Text: "无欠费"}
	}
	owes := templates.Badge{Tone: templates.Warn, Text: "欠费 " + core.Yuan(house.ArrearsFen) + " 元"}
	if house.Remark != "" {
		owes.Text += "（" + house.Remark + "）"
	}
	return owes
}

// houseHead fills in the head of a house's page: key facts, restriction and acts.
func (p *Pages) houseHead(
	c *web.Context, at frame.CommunityChoice, house core.House, residents []store.ResidentRow, page *houseShowPage,
) error {
	d := &page.Detail
	d.Facts = []templates.Fact{{Label: "小区", Value: at.Name, URL: communityLink(c, at.Community)}}
	if page.MayResidents {
		d.Facts = append(d.Facts, templates.Fact{Label: "住户", Value: peopleText(residents, page.Residents)})
	}
	rule, err := p.Store.PassRule(c.Ctx(), c.Scope(), at.ID)
	if err != nil {
		return err
	}
	restriction, err := p.Store.HouseRestriction(c.Ctx(), c.Scope(), house)
	switch {
	case core.IsNotFound(err), err == nil && !restriction.Holds(p.Today(c)):
		d.Facts = append(d.Facts, templates.Fact{Label: "出入", Value: "按小区规则：" + rule.Text()})
	case err != nil:
		return err
	default:
		badge := frame.RestrictionBadge(restriction, p.Today(c))
		d.Badges = append(d.Badges, badge)
		page.Restriction = houseRestrictionOf(c, at, house, restriction)
		page.Restriction.Tone, page.Restriction.Title = badge.Tone, restriction.Title()
	}
	if page.Planned, err = p.plannedRestrictions(c, house); err != nil {
		return err
	}
	d.Facts = append(d.Facts, templates.Fact{Label: "欠费", Badge: arrearsBadge(house)})
	owners, err := p.ownersPlaceOf(c, at.ID.String(), 0, house.ID)
	if err != nil {
		return err
	}
	d.Facts = append(d.Facts, templates.Fact{Label: "业主审核", Value: owners.effective()})
	if page.Transfer, err = p.houseTransferPart(c, house); err != nil {
		return err
	}
	return p.houseActs(c, at, house, page)
}

// peopleText counts the residents of a house: 3 人，1 人未认证.
func peopleText(residents []store.ResidentRow, total int) string {
	waiting := 0
	for _, r := range residents {
		if r.Certified.IsZero() {
			waiting++
		}
	}
	switch {
	case total > len(residents):
		return fmt.Sprintf("%d 人", total)
	case len(residents) == 0:
		return "无住户"
	case waiting == 0:
		return fmt.Sprintf("%d 人", len(residents))
	}
	return fmt.Sprintf("%d 人，%d 人未认证", len(residents), waiting)
}

func houseRestrictionOf(c *web.Context, at frame.CommunityChoice, house core.House, r core.Restriction) *houseRestriction {
	until := "长期"
	if r.LastDay != 0 {
		until = "到 " + r.LastDay.String() + " 为止"
	}
	x := &houseRestriction{}
	if x.Text = until; r.Reason != "" {
		x.Text = r.Reason + "，" + until
	}
	if c.Has(core.PermRestrictionEdit) {
		x.Lift = &templates.Submit{Label: "解除", URL: frame.RestrictionPath + "/" + house.ID.String() + "/lift?from=house", Ask: true}
		x.Change = at.URL(frame.RestrictionPath+"/new", "house", house.ID.String())
	}
	return x
}

// houseActs sets the buttons and the menu of a house's page.
func (p *Pages) houseActs(c *web.Context, at frame.CommunityChoice, house core.House, page *houseShowPage) error {
	d := &page.Detail
	if page.AddURL != "" {
		d.Actions = append(d.Actions, templates.Action{Label: "添加住户", URL: page.AddURL, Icon: "plus", Primary: true})
	}
	if c.Has(core.PermRestrictionEdit) && page.Restriction == nil {
		d.Actions = append(d.Actions, templates.Action{
			Label: "限制出入", URL: at.URL(frame.RestrictionPath+"/new", "house", house.ID.String()), Icon: "ban",
		})
	}
	if c.Has(core.PermResidentEdit) && page.Transfer == nil {
		d.Menu = templates.RowMenu{Label: house.Label + " 的操作", CSRF: page.CSRF, Links: []templates.Action{
			{Label: "房屋过户", URL: frame.HouseURL(house.ID) + "/transfer", Icon: "key"},
		}}
	}
	if c.Has(core.PermHouseEdit) {
		held, err := p.Store.HouseObstacles(c.Ctx(), house)
		if err != nil {
			return err
		}
		remove := templates.Submit{Label: "删除房屋", Icon: "trash", URL: frame.HouseURL(house.ID) + "/delete", Ask: true}
		d.Menu = templates.RowMenu{
			Label: house.Label + " 的操作", CSRF: page.CSRF,
			Links: append([]templates.Action{
				{Label: "修改", URL: frame.HouseURL(house.ID) + "/edit", Icon: "pencil"},
			}, d.Menu.Links...),
		}
		merge := frame.HouseURL(house.ID) + "/merge"
		if page.Transfer == nil {
			d.Menu.Links = append(d.Menu.Links, templates.Action{Label: "合并到…", URL: merge, Icon: "building-community"})
		} else {
			d.Menu.Acts = []templates.Submit{{
				Label: "合并到…", URL: merge, Icon: "building-community", Off: "已安排过户，请先取消过户",
			}}
		}
		d.Menu.Links = append(d.Menu.Links, templates.Action{Label: "业主审核", URL: ownersURL(at, 0, house.ID), Icon: "shield-check"})
		if d.Menu.Acts = append(d.Menu.Acts, remove); len(held) > 0 {
			d.Menu.Acts[len(d.Menu.Acts)-1].Off = "还有" + strings.Join(core.ObstacleTexts(held), "、")
			d.Menu.Links = append(d.Menu.Links, templates.Action{
				Label: "为什么不能删除", URL: frame.HouseURL(house.ID) + "/held", Icon: "info-circle",
			})
		}
	}
	return nil
}
