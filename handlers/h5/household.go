package h5

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const householdPath = "/h5/household"

// householdRoutes returns the routes of 我的房屋: an owner's family, tenants, and the applications that the owner decides.
func (h *H5) householdRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: householdPath, Access: web.Resident, Handler: h.householdList},
		{Method: http.MethodGet, Path: householdPath + "/new", Access: web.Resident, Handler: h.householdNew},
		{Method: http.MethodPost, Path: householdPath + "/new", Access: web.Resident, Handler: h.householdCreate, EachPerMinute: 10},
		{Method: http.MethodGet, Path: householdPath + "/:id", Access: web.Resident, Handler: h.householdShow},
		{Method: http.MethodPost, Path: householdPath + "/:id", Access: web.Resident, Handler: h.householdDecide, EachPerMinute: 20},
		{Method: http.MethodGet, Path: householdPath + "/member/:id", Access: web.Resident, Handler: h.householdRemoveAsk},
		{
			Method: http.MethodPost, Path: householdPath + "/member/:id/remove", Access: web.Resident, Handler: h.householdRemove,
			EachPerMinute: 10,
		},
	}
}

type householdPage struct {
	templates.Phone
	Houses []householdCard
	Empty  templates.Empty
}

// householdCard is one house of the owner.
type householdCard struct {
	Title, Place string
	Waiting      []reviewLine
	People       []householdLine
	Add          string // where to add somebody
	Office       string // who decides applications, in words
}

type householdLine struct {
	Name, Identity, Phone, Lease string
	Certified                    templates.Badge
	Remove                       string // ""= the owner cannot remove them
}

func (h *H5) householdList(c *web.Context) error {
	houses, err := h.store.Households(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	page := householdPage{
		Phone: h.phone(c, "我的房屋", ""),
		Empty: templates.Empty{
			Icon: "home-2", Title: "没有您是业主的房屋",
			Text:   "只有已认证的业主可以管理家属和租客。如您是业主，请先申请认证，或带身份证件到物业现场核验。",
			Action: templates.Action{Label: "我的地址与认证", URL: certificationPath},
		},
	}
	page.Back = fronts[web.SurfaceResident]
	for _, house := range houses {
		page.Houses = append(page.Houses, householdCardOf(house))
	}
	return h.show(c, http.StatusOK, "household/list", page)
}

func householdCardOf(house store.Household) householdCard {
	card := householdCard{
		Title: house.Label, Place: house.Place, Add: householdPath + "/new?house=" + house.House.String(),
		Office: "家属和租客的认证申请由物业审核。",
	}
	if house.Reviews {
		card.Office = "家属和租客的认证申请由您审核；到期没有审核的，由物业审核。"
	}
	if house.Office > 0 {
		card.Office += fmt.Sprintf("另有 %d 份申请等物业审核。", house.Office)
	}
	for _, r := range house.Waiting {
		card.Waiting = append(card.Waiting, reviewLine{
			URL: householdURL(r.ID), Name: r.Name, Subject: r.Subject, Kind: r.Kind.Label(), Created: r.Created,
		})
	}
	for _, p := range house.People {
		line := householdLine{
			Name: p.Name, Identity: p.Identity.Label(), Phone: p.PhoneText(),
			Certified: web.CertifiedBadge(p.Resident),
		}
		if p.LeaseDay != 0 {
			line.Lease = "租约到 " + p.LeaseDay.String()
		}
		if p.Identity != core.Owner {
			line.Remove = householdPath + "/member/" + p.ID.String()
		}
		card.People = append(card.People, line)
	}
	return card
}

func householdURL(id core.ID) string { return householdPath + "/" + id.String() }

// householdMember returns somebody of the owner's houses whom the owner may remove.
func (h *H5) householdMember(c *web.Context) (store.ResidentRow, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.ResidentRow{}, err
	}
	houses, err := h.store.Households(c.Ctx(), c.User().ID)
	for _, house := range houses {
		for _, p := range house.People {
			if p.ID == id && p.Identity != core.Owner {
				return p, nil
			}
		}
	}
	if err == nil {
		err = core.NotFound("住户不存在")
	}
	return store.ResidentRow{}, err
}

// householdRemoveAsk asks before somebody is removed.
func (h *H5) householdRemoveAsk(c *web.Context) error {
	p, err := h.householdMember(c)
	if err != nil {
		return err
	}
	confirm := templates.Confirm{
		Title: "移除“" + p.Name + "”？", Text: p.HouseLabel + " · " + p.Identity.Label(),
		Effects: []string{"通行证立即失效", "本人绑定了微信的，会收到通知", "以后可以重新添加，出入记录保留"},
		Action:  householdPath + "/member/" + p.ID.String() + "/remove", CSRF: c.CSRF(), Keep: url.Values{},
		Submit: "移除住户", Cancel: householdPath,
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "移除住户", ""), Confirm: confirm})
}

func (h *H5) householdRemove(c *web.Context) error {
	p, err := h.householdMember(c)
	if err != nil {
		return err
	}
	if _, err := h.store.RemoveHouseholdMember(c.Ctx(), c.Actor(), c.User().ID, p.ID); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "已移除"+p.Name+"，通行证已失效。")
	return c.Redirect(householdPath)
}

// householdReviewPage is an application as an owner of its house sees it: no picture, and no number but masked.
type householdReviewPage struct {
	templates.Phone
	Action  string
	Version int
	State   templates.Badge
	Facts   []templates.Fact
	Decided string // hides the buttons
	Late    bool   // somebody else was first
	Presets []string
	Reason  templates.Field
	Effect  string
	Warning string // what approving does, if the owner may not expect it
	Failed  string // why a decision just now did not count
	Office  bool   // an approval leaves it to the office
}

func (h *H5) householdShow(c *web.Context) error {
	page, err := h.householdReviewPage(c)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "household/show", page)
}

func (h *H5) householdReviewPage(c *web.Context) (page householdReviewPage, err error) {
	id, err := c.ParamID("id")
	if err != nil {
		return page, err
	}
	r, request, err := h.store.HouseholdReview(c.Ctx(), c.User().ID, id)
	if err != nil {
		return page, err
	}
	community, err := h.store.Community(c.Ctx(), core.Everywhere, r.Community)
	if err != nil {
		return page, err
	}
	if r.Owner == 0 && r.DecidedBy != 0 {
		r.Decider = "物业"
	}
	zone := h.store.Zone()
	page = householdReviewPage{
		Phone: h.phone(c, r.Kind.Label(), r.Subject), Action: householdURL(r.ID), Version: r.Version, State: outcomeBadge(r.State),
		Presets: community.OwnersReasons(r.Kind), Reason: templates.ReviewReason(core.ToldText(r.Applicant)),
		Decided: r.DecidedText(func(t time.Time) string { return t.In(zone).Format("1 月 2 日 15:04") }),
		Facts: []templates.Fact{
			{Label: "姓名", Value: r.Name}, {Label: "身份", Value: request.Identity.Label()},
			{Label: "手机", Value: request.Phone + "（微信已验证）"},
		},
	}
	match, err := c.OwnersMatch(h.store, r)
	if err != nil {
		return page, err
	}
	page.Warning, page.Effect = match.Before(r)
	page.Back, page.Office = householdPath, match.ToOffice()
	if request.LeaseDay != 0 {
		page.Facts = append(page.Facts, templates.Fact{Label: "租约到期", Value: request.LeaseDay.String()})
	}
	page.Facts = append(page.Facts, templates.Fact{Label: "申请时间", Value: r.Created.In(zone).Format("2006-01-02 15:04")})
	if page.Decided == "" && !r.Asked {
		page.Decided = "这份申请由物业审核。"
	}
	return page, nil
}

// householdDecide decides as an owner of the house. If somebody else was first, the page says who.
func (h *H5) householdDecide(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form struct {
		Version int    `form:"version"`
		Approve string `form:"approve" of:"yes"`
		Preset  string `form:"preset" max:"200"`
		Reason  string `form:"reason" text:"lines" max:"200"`
	}
	wrong := c.Bind(&form)
	var decided core.Review
	if wrong == nil {
		d := core.ReviewDecision{ID: id, Approve: form.Approve != "", Reason: form.Preset, Version: form.Version}
		if d.Reason == "" {
			d.Reason = form.Reason
		}
		decided, wrong = h.store.DecideAsOwner(c.Ctx(), c.Actor(), c.User().ID, d)
	}
	switch {
	case wrong == nil:
		c.Flash(web.FlashSuccess, decided.Name+"的申请已审核："+decided.State.Label()+"，会告诉申请人。")
		return c.Redirect(householdPath)
	case errors.Is(wrong, store.ErrLeftToOffice):
		c.Flash(web.FlashWarning, core.MessageOf(wrong)+"。")
		return c.Redirect(householdPath)
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	page, err := h.householdReviewPage(c)
	if err != nil {
		return err
	}
	page.Late = page.Decided != ""
	page.Reason.Value, page.Reason.Error = form.Reason, web.FieldsOf(wrong)["reason"]
	if !page.Late && page.Reason.Error == "" {
		page.Failed = core.MessageOf(wrong)
	}
	return h.show(c, web.StatusOf(wrong), "household/show", page)
}
