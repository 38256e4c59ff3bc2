package api

import (
	"maps"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) householdRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/households", Access: web.Resident, Handler: a.householdList},
		{
			Method: http.MethodPost, Path: "/api/v1/households/:id/members", Access: web.Resident, Handler: a.householdCreate,
			EachPerMinute: 10,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/households/members/:id/remove", Access: web.Resident, Handler: a.householdRemove,
			EachPerMinute: 10,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/households/applications/:id", Access: web.Resident, Handler: a.householdDecide,
			EachPerMinute: 20,
		},
		{Method: http.MethodGet, Path: "/api/v1/residences", Access: web.Resident, Handler: a.residenceList},
		{
			Method: http.MethodPost, Path: "/api/v1/residences/:id/accept", Access: web.Resident, Handler: a.residenceAccept,
			EachPerMinute: 10,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/residences/:id/leave", Access: web.Resident, Handler: a.residenceLeave,
			EachPerMinute: 10,
		},
	}
}

// householdBody is a house as its certified owner sees it.
type householdBody struct {
	Community    namedBody         `json:"community"`
	House        namedBody         `json:"house"`
	Decides      bool              `json:"owner_decides"`
	Reasons      []string          `json:"refusal_reasons"` // to choose from
	Members      []memberBody      `json:"members"`
	Applications []applicationBody `json:"applications"` // that the owner may decide
}

// memberBody is somebody registered in a house, masked.
type memberBody struct {
	ID           core.ID       `json:"id"`
	Name         string        `json:"name"`
	Identity     core.Identity `json:"identity"`
	IdentityText string        `json:"identity_text"`
	Phone        string        `json:"phone"`
	LeaseLast    *string       `json:"lease_last_day"`
	Certified    bool          `json:"certified"`
	Removable    bool          `json:"removable"`
}

// applicationBody is an application as an owner of its house sees it.
type applicationBody struct {
	ID           core.ID       `json:"id"`
	Version      int           `json:"version"`
	Name         string        `json:"name"`
	Identity     core.Identity `json:"identity"`
	IdentityText string        `json:"identity_text"`
	Phone        string        `json:"phone"`
	LeaseLast    *string       `json:"lease_last_day"`
	Created      string        `json:"created_at"`
	Due          string        `json:"due_at"`
	Effect       string        `json:"effect_text"` // of approving: whom it certifies, under which name
}

func (a *API) householdList(c *web.Context) error {
	houses, err := a.store.Households(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	bodies := make([]householdBody, len(houses))
	for i, h := range houses {
		if bodies[i], err = a.householdBody(c, h); err != nil {
			return err
		}
	}
	templates := a.subscribeTemplates(c, core.MessageHousehold, core.MessageRestriction)
	return c.JSON(http.StatusOK, struct {
		Households []householdBody `json:"households"`
		Templates  []string        `json:"subscribe_templates"`
	}{bodies, templates})
}

func (a *API) householdBody(c *web.Context, h store.Household) (householdBody, error) {
	community, err := a.store.Community(c.Ctx(), core.Everywhere, h.Community)
	if err != nil {
		return householdBody{}, err
	}
	body := householdBody{
		Community: namedBody{h.Community, h.Place}, House: namedBody{h.House, h.Label}, Decides: h.Reviews,
		Reasons: community.OwnersReasons(core.ReviewCertification), Members: []memberBody{}, Applications: []applicationBody{},
	}
	for _, p := range h.People {
		body.Members = append(body.Members, memberOf(p))
	}
	for _, r := range h.Waiting {
		_, request, err := a.store.HouseholdReview(c.Ctx(), c.User().ID, r.ID)
		if core.IsNotFound(err) {
			continue // the house has become another's
		}
		if err != nil {
			return body, err
		}
		match, err := c.OwnersMatch(a.store, r)
		if err != nil {
			return body, err
		}
		warning, effect := match.Before(r)
		body.Applications = append(body.Applications, applicationBody{
			Effect: warning + effect, ID: r.ID, Version: r.Version, Name: r.Name,
			Identity: request.Identity, IdentityText: request.Identity.Label(),
			Phone: request.Phone, LeaseLast: dayOrNull(request.LeaseDay), Created: a.moment(r.Created), Due: a.moment(r.Due),
		})
	}
	return body, nil
}

func memberOf(p store.ResidentRow) memberBody {
	return memberBody{
		ID: p.ID, Name: p.Name, Identity: p.Identity, IdentityText: p.Identity.Label(), Phone: p.Phone,
		LeaseLast: dayOrNull(p.LeaseDay), Certified: !p.Certified.IsZero(), Removable: p.Identity != core.Owner,
	}
}

// dayOrNull returns nil, JSON's null, for no day.
func dayOrNull(d core.Day) *string {
	if d == 0 {
		return nil
	}
	text := d.String()
	return &text
}

// memberForm is somebody whom an owner adds.
type memberForm struct {
	Name     string        `json:"name" max:"64"`
	Identity core.Identity `json:"identity" max:"16"`
	LeaseDay string        `json:"lease_last_day" max:"10"`
	Phone    string        `json:"phone" max:"40"`
	Namesake bool          `json:"namesake"`
}

func (a *API) householdCreate(c *web.Context) error {
	house, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form memberForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	r := core.Resident{Name: form.Name, Identity: form.Identity, Phone: form.Phone, Namesake: form.Namesake}
	if form.LeaseDay != "" {
		if r.LeaseDay, err = core.ParseDay(form.LeaseDay); err != nil {
			return core.InvalidFields(map[string]string{"lease_last_day": "日期应写作 2026-12-31"})
		}
	}
	id, err := a.store.CreateHouseholdMember(c.Ctx(), c.Actor(), c.User().ID, house, r)
	if err != nil {
		return leaseNamed(err)
	}
	return c.JSON(http.StatusCreated, struct {
		ID core.ID `json:"id"`
	}{id})
}

// leaseNamed names the lease's field as the API does.
func leaseNamed(err error) error {
	fields := maps.Clone(web.FieldsOf(err))
	message, told := fields["lease_day"]
	if !told {
		return err
	}
	delete(fields, "lease_day")
	fields["lease_last_day"] = message
	return core.InvalidFields(fields)
}

func (a *API) householdRemove(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if _, err := a.store.RemoveHouseholdMember(c.Ctx(), c.Actor(), c.User().ID, id); err != nil {
		return err
	}
	return c.NoContent()
}

func (a *API) householdDecide(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form struct {
		Approve bool   `json:"approve"`
		Reason  string `json:"reason" max:"200"`
		Version int    `json:"version"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	if _, err := a.store.DecideAsOwner(c.Ctx(), c.Actor(), c.User().ID, core.ReviewDecision{
		ID: id, Approve: form.Approve, Reason: form.Reason, Version: form.Version,
	}); err != nil {
		return err
	}
	return c.NoContent()
}

// residenceBody is where the caller is registered.
type residenceBody struct {
	ID           core.ID       `json:"id"`
	Community    namedBody     `json:"community"`
	House        namedBody     `json:"house"`
	Name         string        `json:"name"`
	Identity     core.Identity `json:"identity"`
	IdentityText string        `json:"identity_text"`
	LeaseLast    *string       `json:"lease_last_day"`
	Certified    bool          `json:"certified"`
	Leavable     bool          `json:"leavable"`
	Next         string        `json:"next_text"`
}

func (a *API) residenceList(c *web.Context) error {
	rows, err := a.store.Residences(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	bodies := make([]residenceBody, len(rows))
	for i, r := range rows {
		bodies[i] = residenceBody{
			ID: r.ID, Community: namedBody{r.Community, r.CommunityName}, House: namedBody{r.House, r.HouseLabel}, Name: r.Name,
			Identity: r.Identity, IdentityText: r.Identity.Label(), LeaseLast: dayOrNull(r.LeaseDay), Certified: !r.Certified.IsZero(),
			Leavable: r.Identity != core.Owner, Next: r.NextStep(),
		}
	}
	return c.JSON(http.StatusOK, struct {
		Residences []residenceBody `json:"residences"`
	}{bodies})
}

func (a *API) residenceAccept(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if err := a.store.AcceptHome(c.Ctx(), c.Actor(), c.User().ID, id); err != nil {
		return err
	}
	return c.NoContent()
}

func (a *API) residenceLeave(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if err := a.store.LeaveHouse(c.Ctx(), c.Actor(), c.User().ID, id); err != nil {
		return err
	}
	return c.NoContent()
}
