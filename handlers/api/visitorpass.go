package api

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) visitorPassRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/visitors", Access: web.Resident, Handler: a.visitorPassList},
		{Method: http.MethodPost, Path: "/api/v1/visitors", Access: web.Resident, Handler: a.visitorPassCreate, EachPerMinute: 10},
		{Method: http.MethodGet, Path: "/api/v1/visitor-form", Access: web.Resident, Handler: a.visitorPassNew},
		{Method: http.MethodGet, Path: "/api/v1/visitors/:id", Access: web.Resident, Handler: a.visitorPassShow},
		{
			Method: http.MethodPost, Path: "/api/v1/visitors/:id/revoke", Access: web.Resident, Handler: a.visitorPassRevoke,
			EachPerMinute: 20,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/visitors/:id/answer", Access: web.Resident, Handler: a.visitorPassAnswer,
			EachPerMinute: 20,
		},
		{Method: http.MethodGet, Path: "/api/v1/visit-form", Access: web.Resident, Handler: a.visitNew},
		{Method: http.MethodPost, Path: "/api/v1/visits", Access: web.Resident, Handler: a.visitCreate, EachPerMinute: 10},
		{Method: http.MethodGet, Path: "/api/v1/visits", Access: web.Resident, Handler: a.visitList},
		{Method: http.MethodGet, Path: "/api/v1/visits/:code", Access: web.Public, Handler: a.visitShow, PerMinute: visitsPerMinute},
		{
			Method: http.MethodPost, Path: "/api/v1/visits/:code/token", Access: web.Public, Handler: a.visitToken,
			PerMinute: visitsPerMinute,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/visits/:code/withdraw", Access: web.Public, Handler: a.visitWithdraw,
			PerMinute: visitsPerMinute,
		},
	}
}

// visitsPerMinute limits the calls of one address that need no sign-in.
const visitsPerMinute = 120

// visitBody is a visit as host and visitor see it, masked.
type visitBody struct {
	ID        core.ID           `json:"id"`
	Pass      *core.ID          `json:"pass_id"` // null = nobody has approved it
	State     core.VisitorState `json:"state"`
	StateText string            `json:"state_text"`
	Way       core.VisitorWay   `json:"way"`
	Refusal   string            `json:"refusal"` // why it was rejected
	From      string            `json:"from"`
	Name      string            `json:"name"`
	Phone     string            `json:"phone"`
	IDNumber  string            `json:"id_number"`
	Plate     string            `json:"plate"`
	People    int               `json:"people"`
	Reason    string            `json:"reason"`
	Remark    string            `json:"remark"`
	Answers   []core.FormAnswer `json:"answers"` // to the fields that the office added to the form
	House     *namedBody        `json:"house"`   // null = an appointment that is not accepted yet
	Until     string            `json:"until"`
	Entered   *string           `json:"entered_at"`
	Left      *string           `json:"left_at"`
	Usable    bool              `json:"usable"` // its code lets somebody through
	Barred    string            `json:"barred_text"`
	Revocable bool              `json:"revocable"` // by the host
}

// barred is that the guard lets nobody in, because the house is restricted; "" = the guard does.
func (a *API) visitBody(v core.VisitorPass, barred string, now time.Time) visitBody {
	state := v.State(now)
	answers := v.Answers
	if answers == nil {
		answers = []core.FormAnswer{}
	}
	body := visitBody{
		ID: v.ID, State: state, StateText: state.Label(), Way: v.Way, Refusal: v.Refusal,
		From: a.moment(v.From), Name: v.Name, Phone: v.Phone, IDNumber: v.IDNumber,
		Plate: v.Plate, People: v.People, Reason: v.Reason, Remark: v.Remark, Answers: answers,
		Until:   a.moment(v.Until),
		Entered: a.momentOrNull(v.Entered), Left: a.momentOrNull(v.Left), Usable: v.Usable(now), Barred: barred,
		Revocable: v.Revocable(now),
	}
	if v.Pass != 0 {
		body.Pass = &v.Pass
	}
	if v.House != 0 {
		body.House = &namedBody{v.House, v.HouseLabel}
	}
	return body
}

// shareBody is what the mini-program shares: a card, or a link for everything else.
type shareBody struct {
	Title string `json:"title"`
	Path  string `json:"path"` // of the mini-program's page
	Link  string `json:"link"` // works in any browser
}

func (a *API) visitorPassList(c *web.Context) error {
	visits, _, err := a.store.OwnVisitors(c.Ctx(), c.User().ID, store.Page{Limit: 100})
	if err != nil {
		return err
	}
	houses := make([]core.ID, len(visits))
	for i, v := range visits {
		houses[i] = v.House
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return err
	}
	bodies := make([]visitBody, len(visits))
	for i, v := range visits {
		bodies[i] = a.visitBody(v, restrictions.BarsVisit(v), c.Now())
	}
	return c.JSON(http.StatusOK, struct {
		Visitors  []visitBody `json:"visitors"`
		Templates []string    `json:"subscribe_templates"`
	}{bodies, a.subscribeTemplates(c, core.MessageVisitor)})
}

// visitorFieldBody is a field of the form that a community asks for.
type visitorFieldBody struct {
	Key      string   `json:"key"` // of a member of the invitation, or of its answers if added
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Added    bool     `json:"added"`
	Kind     string   `json:"kind"` // of an added field
	Choices  []string `json:"choices"`
}

// visitorPassNew answers with what an invitation to a house needs.
func (a *API) visitorPassNew(c *web.Context) error {
	var asked struct {
		House core.ID `form:"house_id"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	rule, err := a.store.VisitorRuleOfHouse(c.Ctx(), c.User(), asked.House)
	if err != nil {
		return err
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), asked.House)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Invite bool               `json:"invite"`
		PerDay int                `json:"per_day"`
		Fields []visitorFieldBody `json:"fields"`
		Barred string             `json:"barred_text"`

		Templates []string `json:"subscribe_templates"`
	}{
		rule.Invite, rule.PerDay, formFields(rule.FormOf(core.VisitInvited)), restrictions.Bars(asked.House, "访客", c.Now()),
		a.subscribeTemplates(c, core.MessageVisitor),
	})
}

// visitorForm is an invitation.
type visitorForm struct {
	House    core.ID           `json:"house_id"`
	Name     string            `json:"name" max:"64"`
	Phone    string            `json:"phone" max:"40"`
	IDNumber string            `json:"id_number" max:"40"`
	Plate    string            `json:"plate" max:"20"`
	People   *int              `json:"people"` // null = nobody said
	Reason   string            `json:"reason" max:"200"`
	Remark   string            `json:"remark" max:"200"`
	Until    string            `json:"until" max:"40"`
	Photo    core.ID           `json:"photo"`   // of POST /photos; 0 = none
	Answers  map[string]string `json:"answers"` // to added fields, by key
}

func (a *API) visitorPassCreate(c *web.Context) error {
	var form visitorForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	key, err := requestKey(c, form)
	if err != nil {
		return err
	}
	v, err := form.visit()
	if err != nil {
		return err
	}
	own, err := a.store.CreateVisitorPass(c.Ctx(), c.Actor(), c.User().ID, v, key)
	if core.IsNotFound(err) {
		return core.InvalidFields(map[string]string{"house_id": "不是您已认证的房屋"})
	}
	if err != nil {
		return err
	}
	body, err := a.ownVisitorBody(c, own)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, body)
}

// ownVisitorBody is a visitor with what the host sends them.
type ownVisitorBody struct {
	visitBody
	Answerable bool      `json:"answerable"` // it waits for the caller's answer
	Photo      *core.ID  `json:"photo_id"`   // the visitor's, while Answerable; null = none
	Share      shareBody `json:"share"`
}

func (a *API) ownVisitorBody(c *web.Context, own store.OwnVisitor) (ownVisitorBody, error) {
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), own.House)
	visit := a.visitBody(own.VisitorPass, restrictions.BarsVisit(own.VisitorPass), c.Now())
	body := ownVisitorBody{visitBody: visit, Answerable: own.Mine, Share: shareBody{
		Title: "邀请您到 " + own.Community + " 做客", Path: "pages/visit/visit?code=" + own.Code, Link: a.publicURL + "/h5/visit/" + own.Code,
	}}
	if own.Photo != 0 {
		body.Photo = &own.Photo
	}
	return body, err
}

// ownVisitor returns the visitor in the URL; another's is NotFound.
func (a *API) ownVisitor(c *web.Context) (store.OwnVisitor, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.OwnVisitor{}, err
	}
	return a.store.OwnVisitor(c.Ctx(), c.User().ID, id)
}

func (a *API) visitorPassShow(c *web.Context) error {
	own, err := a.ownVisitor(c)
	if err != nil {
		return err
	}
	body, err := a.ownVisitorBody(c, own)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, body)
}

func (a *API) visitorPassRevoke(c *web.Context) error {
	own, err := a.ownVisitor(c)
	if err != nil {
		return err
	}
	if err := a.store.RevokeOwnVisitor(c.Ctx(), c.Actor(), c.User().ID, own.ID); err != nil {
		return err
	}
	return c.NoContent()
}

// guestBody is a visit as the visitor sees it.
type guestBody struct {
	visitBody
	Community string `json:"community"`
	Office    string `json:"office_phone"`
	Host      string `json:"host"` // masked
}

// guestBodies returns visits as the visitor sees them. Of the house's restriction a visitor learns no more than that, and only once
// they have a pass: nobody finds out about a house by applying for it.
func (a *API) guestBodies(c *web.Context, visits ...store.OwnVisit) ([]guestBody, error) {
	houses := make([]core.ID, len(visits))
	for i, v := range visits {
		houses[i] = v.House
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), houses...)
	bodies := make([]guestBody, len(visits))
	for i, v := range visits {
		barred := ""
		if v.Usable(c.Now()) && restrictions.BarsVisit(v.VisitorPass) != "" {
			barred = "来访房屋已被限制出入"
		}
		bodies[i] = guestBody{a.visitBody(v.VisitorPass, barred, c.Now()), v.Community, v.OfficePhone, v.Host}
	}
	return bodies, err
}

func (a *API) visitList(c *web.Context) error {
	visits, err := a.store.OwnVisits(c.Ctx(), c.User())
	if err != nil {
		return err
	}
	bodies, err := a.guestBodies(c, visits...)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Visits []guestBody `json:"visits"`
	}{bodies})
}

func (a *API) visitShow(c *web.Context) error {
	visit, err := a.store.VisitByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	bodies, err := a.guestBodies(c, visit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, bodies[0])
}

// visitToken makes the one valid token of a visitor's pass.
func (a *API) visitToken(c *web.Context) error {
	var form tokenForm
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	if err := form.check(); err != nil {
		return err
	}
	visit, err := a.store.VisitByCode(c.Ctx(), c.Param("code"))
	if err != nil {
		return err
	}
	if !visit.Usable(c.Now()) {
		return core.Conflict("这次来访" + visit.State(c.Now()).Label() + "，没有可用的通行码")
	}
	return a.issueToken(c, visit.Pass, form)
}

// visitWithdraw takes back what nobody has decided.
func (a *API) visitWithdraw(c *web.Context) error {
	if err := a.store.WithdrawVisit(c.Ctx(), c.Actor(), c.Param("code")); err != nil {
		return err
	}
	return c.NoContent()
}
