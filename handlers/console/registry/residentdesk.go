package registry

import (
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// residentShowPage is what the counter needs of a resident: whether they can go out now and why, the
// house and its restriction, the certification and WeChat, and the latest passages.
type residentShowPage struct {
	templates.Shell
	Detail      templates.Detail
	Standing    standing
	Restriction *houseRestriction // of the house; nil: none, or no permission to see it
	Planned     []plannedRestriction
	Person      []templates.Fact
	Home        []templates.Fact
	RevealURL   string // "" = no permission
	Revealed    bool
	Call        string             // the number to dial, if it was revealed
	People      []houseMember      // who else lives in the house
	MoreURL     string             // of all who do; "" = they are here
	Ties        []residentRow      // where else this person lives or has lived
	Passages    *frame.PassagePart // nil: no permission
	Visits      *frame.VisitPart   // likewise
	Exits       *frame.ExitPart    // exit slips; nil: no permission, or none
}

// residentPage returns the page of one resident, masked as r is.
func (p *Pages) residentPage(c *web.Context, r store.ResidentRow) (residentShowPage, error) {
	tab, err := frame.DetailTab(c, frame.PassagesTab)
	if err != nil {
		return residentShowPage{}, err
	}
	page := residentShowPage{Shell: p.Shell(c, "resident", r.Name), Person: residentFacts(r)}
	page.Crumbs = []templates.Crumb{{Label: "住户", URL: frame.ResidentPath}}
	page.Detail = templates.Detail{
		Path: frame.ResidentURL(r.ID), CSRF: page.CSRF, Badges: []templates.Badge{residentBadge(r)}, Facts: residentKeyFacts(c, r),
	}
	if c.Has(core.PermResidentReveal) {
		page.RevealURL = frame.ResidentURL(r.ID) + "/reveal"
	}
	all, err := p.standings(c, []store.ResidentRow{r})
	if err != nil {
		return page, err
	}
	page.Standing = all[0]
	if err := p.residentHome(c, r, &page); err != nil {
		return page, err
	}
	if err := p.residentHouse(c, r, &page); err != nil {
		return page, err
	}
	if err := p.residentPast(c, r, tab, &page); err != nil {
		return page, err
	}
	residentActs(c, r, &page)
	tabs := []string{"", "概况"}
	if page.Passages != nil {
		tabs = append(tabs, frame.PassagesTab, "出入记录")
	}
	page.Detail.NewTabs(tab, tabs...)
	return page, nil
}

// residentKeyFacts are those in the head of the page.
func residentKeyFacts(c *web.Context, r store.ResidentRow) []templates.Fact {
	house := templates.Fact{Label: "房屋", Value: r.HouseLabel}
	if c.Has(core.PermHouseView) {
		house.URL = frame.HouseURL(r.House)
	}
	facts := []templates.Fact{
		{Label: "小区", Value: r.CommunityName}, house, {Label: "身份", Value: r.Identity.Label()},
		{Label: "手机", Value: r.PhoneText()},
	}
	if r.LeaseDay != 0 {
		facts = append(facts, templates.Fact{Label: "租约到期日", Value: r.LeaseDay.String()})
	}
	return facts
}

func residentFacts(r store.ResidentRow) []templates.Fact {
	idNumber := r.IDNumber
	if idNumber == "" {
		idNumber = "未登记"
	}
	return []templates.Fact{
		{Label: "姓名", Value: r.Name},
		{Label: "性别", Value: core.SexLabel(r.Sex)},
		{Label: "手机", Value: r.PhoneText()},
		{Label: "证件号", Value: idNumber},
	}
}

// residentHome describes certification, WeChat and pass, and the restriction of the house.
func (p *Pages) residentHome(c *web.Context, r store.ResidentRow, page *residentShowPage) error {
	page.Home = append([]templates.Fact{{Label: "认证", Badge: residentBadge(r)}}, deskFacts(r, p.Store.Zone())...)
	wechats, err := p.Store.WechatUsersOfPerson(c.Ctx(), r.Person)
	if err != nil {
		return err
	}
	wechat := templates.Fact{Label: "微信", Value: "未验证手机号"}
	if wechats > 0 {
		wechat.Value = fmt.Sprintf("已验证手机号，%d 个微信", wechats)
	}
	pass := templates.Fact{Label: "通行证", Badge: templates.Badge{Tone: templates.Neutral, Text: "没有"}}
	if r.Pass != 0 {
		pass.Badge = templates.Badge{Tone: templates.Good, Text: "可用"}
		if r.PassDisabled || r.Certified.IsZero() || r.LeaseDay != 0 && r.LeaseDay < p.Today(c) {
			pass.Badge = templates.Badge{Tone: templates.Bad, Text: "失效"}
		}
	}
	page.Home = append(page.Home, wechat, pass)
	if !c.Has(core.PermHouseView) || !r.MovedOut.IsZero() {
		return nil
	}
	house := core.House{ID: r.House, Community: r.Community, Label: r.HouseLabel}
	if page.Planned, err = p.plannedRestrictions(c, house); err != nil {
		return err
	}
	restriction, err := p.Store.HouseRestriction(c.Ctx(), c.Scope(), house)
	if core.IsNotFound(err) {
		return nil
	}
	if err != nil || !restriction.Holds(p.Today(c)) {
		return err
	}
	at := frame.CommunityChoice{Community: core.Community{ID: r.Community, Name: r.CommunityName}}
	page.Restriction = houseRestrictionOf(c, at, house, restriction)
	badge := frame.RestrictionBadge(restriction, p.Today(c))
	page.Restriction.Tone, page.Restriction.Title = badge.Tone, "本户"+restriction.Title()
	if page.Restriction.Lift != nil {
		page.Restriction.Lift.URL = templates.WithQuery(frame.RestrictionPath+"/"+house.ID.String()+"/lift", nil, "resident", r.ID.String())
	}
	return nil
}

// mates is how many of those who live in the same house the page of a resident shows.
const mates = 12

// residentHouse adds what the counter needs of the resident's house: what it owes, and who else lives there.
func (p *Pages) residentHouse(c *web.Context, r store.ResidentRow, page *residentShowPage) error {
	if !r.MovedOut.IsZero() {
		return nil
	}
	if c.Has(core.PermHouseView) {
		house, err := p.Store.House(c.Ctx(), c.Scope(), r.House)
		if err != nil {
			return err
		}
		page.Detail.Facts = append(page.Detail.Facts, templates.Fact{Label: "欠费", Badge: arrearsBadge(house)})
	}
	others, more, err := p.Store.Residents(c.Ctx(), c.Scope(), store.ResidentFilter{
		Community: r.Community, House: r.House, Page: store.Page{Limit: mates + 1},
	})
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(o store.ResidentRow) bool { return o.ID == r.ID })
	if more || len(others) > mates {
		page.MoreURL = templates.WithQuery(frame.ResidentPath, nil, "community", r.Community.String(), "house", r.House.String())
	}
	page.People, err = p.members(c, others[:min(len(others), mates)])
	return err
}

// residentPast adds other homes of the person, the latest passages and what was done to the resident.
func (p *Pages) residentPast(c *web.Context, r store.ResidentRow, tab string, page *residentShowPage) error {
	ties, err := p.Store.ResidentTies(c.Ctx(), c.Scope(), r.Person)
	if err != nil {
		return err
	}
	page.Ties = residentRows(slices.DeleteFunc(ties, func(t store.ResidentRow) bool { return t.ID == r.ID }))
	for i := range page.Ties {
		if tie := &page.Ties[i]; tie.Name != r.Name { // a mistyped number usually belongs to somebody else
			tie.OtherName = tie.Name
		}
	}
	if page.Passages, err = p.Passages(c, core.RecordFilter{Community: r.Community, Person: r.Person}, tab); err != nil {
		return err
	}
	if page.Visits, err = p.Visits(c, store.VisitorPassFilter{Community: r.Community, Host: r.ID}); err != nil {
		return err
	}
	if page.Exits, err = p.ExitSlips(c, r.House, store.ExitSlipFilter{Community: r.Community, Tie: r.ID, Now: c.Now()}); err != nil {
		return err
	}
	page.Detail.Timeline, err = p.Timeline(c, "resident:"+r.ID.String())
	frame.SeenBy(page.Detail.Timeline, r.Person)
	return err
}

// residentActs sets the buttons and the menu of the page.
func residentActs(c *web.Context, r store.ResidentRow, page *residentShowPage) {
	d, at := &page.Detail, frame.ResidentURL(r.ID)
	if page.RevealURL != "" && r.Phone != "" && !page.Revealed {
		d.Acts = []templates.Submit{{Label: "打电话", URL: page.RevealURL, Icon: "phone"}}
	}
	d.Menu = templates.RowMenu{Label: r.Name + " 的操作", CSRF: page.CSRF}
	here, edit := r.MovedOut.IsZero(), c.Has(core.PermResidentEdit)
	change := templates.Action{Label: "修改", URL: at + "/edit", Icon: "pencil", Primary: true}
	switch {
	case here && r.Certified.IsZero() && c.Has(core.PermResidentCertify):
		d.Actions = []templates.Action{{Label: "现场核验", URL: at + "/certify", Icon: "check", Primary: true}}
		if edit {
			d.Menu.Links = append(d.Menu.Links, change)
		}
	case here && edit:
		d.Actions = []templates.Action{change}
	}
	if here && r.Desk.How != "" && !r.Certified.IsZero() && c.Has(core.PermResidentCertify) {
		d.Menu.Links = append(d.Menu.Links, templates.Action{Label: "撤销核验", URL: at + "/withdraw", Icon: "x"})
	}
	if !edit {
		return
	}
	if r.Restorable(c.Now()) {
		d.Menu.Acts = append(d.Menu.Acts, residentRestoreButton(r))
	}
	if here && !r.Certified.IsZero() {
		d.Menu.Links = append(d.Menu.Links, templates.Action{Label: "卡码", URL: at + "/card", Icon: "qrcode"})
	}
	d.Menu.Acts = append(d.Menu.Acts, templates.Submit{Label: signOutLabel, URL: at + "/signout", Icon: "brand-wechat", Ask: true})
	if here {
		d.Menu.Acts = append(d.Menu.Acts, templates.Submit{Label: "迁出", URL: at + "/moveout", Icon: "logout", Ask: true})
	}
}
