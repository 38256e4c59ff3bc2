package api

import (
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) exitSlipRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/exitslip-form", Access: web.Resident, Handler: a.exitSlipNew},
		{Method: http.MethodGet, Path: "/api/v1/exitslips", Access: web.Resident, Handler: a.exitSlipList},
		{Method: http.MethodPost, Path: "/api/v1/exitslips", Access: web.Resident, Handler: a.exitSlipCreate, EachPerMinute: 10},
		{Method: http.MethodGet, Path: "/api/v1/exitslips/:id", Access: web.Resident, Handler: a.exitSlipShow},
		{
			Method: http.MethodPost, Path: "/api/v1/exitslips/:id/withdraw", Access: web.Resident, Handler: a.exitSlipWithdraw,
			EachPerMinute: 20,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/exitslips/:id/answer", Access: web.Resident, Handler: a.exitSlipAnswer,
			EachPerMinute: 20,
		},
	}
}

// exitHomeBody is a house for which the caller may apply, or why not.
type exitHomeBody struct {
	House     namedBody          `json:"house"`
	Community namedBody          `json:"community"`
	Name      string             `json:"name"` // of the caller there
	May       bool               `json:"may_apply"`
	Why       string             `json:"why_not"` // "" = may_apply
	Rule      string             `json:"rule"`    // in words
	Photos    string             `json:"photos"`  // of the items: required, optional, or "" = none are taken
	Barred    string             `json:"barred_text"`
	Fields    []visitorFieldBody `json:"fields"`
}

// exitSlipNew answers with what an application for each house of the caller needs.
func (a *API) exitSlipNew(c *web.Context) error {
	homes, err := a.store.ExitHomes(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	houses := make([]core.ID, len(homes))
	for i, home := range homes {
		houses[i] = home.House
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return err
	}
	bodies := make([]exitHomeBody, len(homes))
	for i, home := range homes {
		bodies[i] = exitHomeBody{
			House: namedBody{home.House, home.Label}, Community: namedBody{home.Community, home.CommunityName}, Name: home.Name,
			May: home.Why == nil, Rule: home.Rule.Text(), Photos: string(home.Rule.Form.Use("photo")), Fields: formFields(home.Rule.Form),
			Barred: restrictions.Bars(home.House, "物品", c.Now()),
		}
		if home.Why != nil {
			bodies[i].Why = core.MessageOf(home.Why)
		}
	}
	return c.JSON(http.StatusOK, struct {
		Houses    []exitHomeBody `json:"houses"`
		MaxItems  int            `json:"max_items"`
		Templates []string       `json:"subscribe_templates"`
	}{bodies, core.MaxExitItems, a.subscribeTemplates(c, core.MessageExitSlip)})
}

// exitItemBody is a thing that a slip lets out.
type exitItemBody struct {
	N     int      `json:"n"`
	Name  string   `json:"name"`
	Count int      `json:"count"`
	Photo *core.ID `json:"photo_id"` // null = none
	Left  *string  `json:"left_at"`  // null = it has not
	Gate  string   `json:"gate"`     // by which it left
}

// exitSlipBody is a slip as who applied for it sees it, masked.
type exitSlipBody struct {
	ID          core.ID           `json:"id"`
	State       core.ExitState    `json:"state"`
	StateText   string            `json:"state_text"`
	Refusal     string            `json:"refusal"` // why it was rejected
	House       namedBody         `json:"house"`
	Name        string            `json:"name"`
	Phone       string            `json:"phone"`
	Plate       string            `json:"plate"`
	Carrier     string            `json:"carrier"`
	Destination string            `json:"destination"`
	Reason      string            `json:"reason"`
	Remark      string            `json:"remark"`
	Answers     []core.FormAnswer `json:"answers"` // to the fields that the office added to the form
	Items       []exitItemBody    `json:"items"`
	Planned     string            `json:"planned"`
	From        string            `json:"from"`
	Until       string            `json:"until"`
	Usable      bool              `json:"usable"`      // something leaves by it still
	Barred      string            `json:"barred_text"` // that the guard lets nothing out, because the house is restricted
}

func (a *API) exitSlipBody(e core.ExitSlip, restrictions core.Restrictions, now time.Time) exitSlipBody {
	state := e.State(now)
	body := exitSlipBody{
		ID: e.ID, State: state, StateText: state.Label(), Refusal: e.Refusal, House: namedBody{e.House, e.HouseLabel}, Name: e.Name,
		Phone: e.Phone, Plate: e.Plate, Carrier: e.Carrier, Destination: e.Destination, Reason: e.Reason, Remark: e.Remark,
		Answers: e.Answers, Items: make([]exitItemBody, len(e.Items)), Planned: a.moment(e.Planned), From: a.moment(e.From),
		Until: a.moment(e.Until), Usable: e.Usable(now), Barred: restrictions.BarsSlip(e),
	}
	if body.Answers == nil {
		body.Answers = []core.FormAnswer{}
	}
	for i, item := range e.Items {
		body.Items[i] = exitItemBody{N: item.N, Name: item.Name, Count: item.Count, Left: a.momentOrNull(item.Left), Gate: item.Gate}
		if item.Photo != 0 {
			body.Items[i].Photo = &item.Photo
		}
	}
	return body
}

// ownExitSlipBody is a slip with what its page needs.
type ownExitSlipBody struct {
	exitSlipBody
	Community    string `json:"community"`
	Office       string `json:"office_phone"`
	Code         string `json:"code"`         // of its QR; "" = nothing leaves by it
	Mine         bool   `json:"mine"`         // the caller applied for it
	Withdrawable bool   `json:"withdrawable"` // by the caller
	Answerable   bool   `json:"answerable"`   // it waits for the caller's decision, as an owner of the house
}

func (a *API) ownExitSlipBody(c *web.Context, own store.OwnExitSlip) (ownExitSlipBody, error) {
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), own.House)
	body := ownExitSlipBody{
		exitSlipBody: a.exitSlipBody(own.ExitSlip, restrictions, c.Now()), Community: own.CommunityName, Office: own.OfficePhone,
		Code: own.Code, Mine: own.Mine, Answerable: own.Asks, Withdrawable: own.Mine && own.State(c.Now()) == core.ExitWaiting,
	}
	if !own.Mine { // pictures are for the office, the guard and who sent them
		for i := range body.Items {
			body.Items[i].Photo = nil
		}
	}
	return body, err
}

func (a *API) exitSlipList(c *web.Context) error {
	slips, _, err := a.store.OwnExitSlips(c.Ctx(), c.User().ID, store.Page{Limit: 100})
	if err != nil {
		return err
	}
	houses := make([]core.ID, len(slips))
	for i, e := range slips {
		houses[i] = e.House
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return err
	}
	bodies := make([]exitSlipBody, len(slips))
	for i, e := range slips {
		bodies[i] = a.exitSlipBody(e, restrictions, c.Now())
		for j := range bodies[i].Items {
			if e.Applicant != c.User().ID {
				bodies[i].Items[j].Photo = nil
			}
		}
	}
	return c.JSON(http.StatusOK, struct {
		Slips []exitSlipBody `json:"exitslips"`
	}{bodies})
}

// exitSlipForm is an application.
type exitSlipForm struct {
	House       core.ID           `json:"house_id"`
	Phone       string            `json:"phone" max:"40"`
	Plate       string            `json:"plate" max:"20"`
	Carrier     string            `json:"carrier" max:"200"`
	Destination string            `json:"destination" max:"200"`
	Reason      string            `json:"reason" max:"200"`
	Remark      string            `json:"remark" max:"200"`
	Planned     string            `json:"planned" max:"40"`
	Items       []exitItemForm    `json:"items"`
	Answers     map[string]string `json:"answers"` // to added fields, by key
}

type exitItemForm struct {
	Name  string  `json:"name" max:"200"`
	Count int     `json:"count"`
	Photo core.ID `json:"photo_id"`
}

// slip returns what was filled in.
func (f exitSlipForm) slip() (core.ExitSlip, error) {
	e := core.ExitSlip{
		House: f.House, Phone: f.Phone, Plate: f.Plate, Carrier: f.Carrier, Destination: f.Destination, Reason: f.Reason, Remark: f.Remark,
		Given: map[string]string{},
	}
	if len(f.Items) > 2*core.MaxExitItems {
		return e, core.InvalidFields(map[string]string{"items": "物品太多，请分几张出门条申请"})
	}
	for _, item := range f.Items {
		e.Items = append(e.Items, core.ExitItem{Name: item.Name, Count: item.Count, Photo: item.Photo})
	}
	for key, answer := range f.Answers {
		if !(core.FormField{Key: key}).Added() {
			return e, core.InvalidFields(map[string]string{"answers": "只写表单另外添加的内容"})
		}
		e.Given[key] = answer
	}
	var err error
	if e.Planned, err = time.Parse(time.RFC3339, f.Planned); err != nil {
		err = core.InvalidFields(map[string]string{"planned": "时间应写作 2026-12-31T20:00:00+08:00"})
	}
	return e, err
}

func (a *API) exitSlipCreate(c *web.Context) error {
	var form exitSlipForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	key, err := requestKey(c, form)
	if err != nil {
		return err
	}
	e, err := form.slip()
	if err != nil {
		return err
	}
	id, err := a.store.ApplyExitSlip(c.Ctx(), c.Actor(), c.User().ID, e, key)
	if core.IsNotFound(err) {
		return core.InvalidFields(map[string]string{"house_id": "不是您已认证的房屋"})
	}
	if err != nil {
		return err
	}
	own, err := a.store.OwnExitSlip(c.Ctx(), c.User().ID, id)
	if err != nil {
		return err
	}
	body, err := a.ownExitSlipBody(c, own)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, body)
}

// ownExitSlip returns the slip in the URL; another's is NotFound.
func (a *API) ownExitSlip(c *web.Context) (store.OwnExitSlip, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.OwnExitSlip{}, err
	}
	return a.store.OwnExitSlip(c.Ctx(), c.User().ID, id)
}

func (a *API) exitSlipShow(c *web.Context) error {
	own, err := a.ownExitSlip(c)
	if err != nil {
		return err
	}
	body, err := a.ownExitSlipBody(c, own)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, body)
}

func (a *API) exitSlipWithdraw(c *web.Context) error {
	own, err := a.ownExitSlip(c)
	if err != nil {
		return err
	}
	if _, err := a.store.WithdrawReview(c.Ctx(), c.Actor(), c.User().ID, own.ID); err != nil {
		return err
	}
	return c.NoContent()
}

// exitSlipAnswer decides a slip that waits for the caller, as an owner of the house.
func (a *API) exitSlipAnswer(c *web.Context) error {
	own, err := a.ownExitSlip(c)
	if err != nil {
		return err
	}
	var form struct {
		Approve bool   `json:"approve"`
		Reason  string `json:"reason" max:"200"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	if err := a.store.AnswerExitSlip(c.Ctx(), c.Actor(), c.User().ID, core.ReviewDecision{
		ID: own.ID, Approve: form.Approve, Reason: form.Reason,
	}); err != nil {
		return err
	}
	return c.NoContent()
}
