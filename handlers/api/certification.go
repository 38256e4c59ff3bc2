package api

import (
	"encoding/json"
	"net/http"
	"regexp"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) certificationRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/communities", Access: web.WechatUser, Handler: a.communityList},
		{Method: http.MethodGet, Path: "/api/v1/communities/:id/houses", Access: web.WechatUser, Handler: a.houseList},
		{Method: http.MethodGet, Path: "/api/v1/certifications", Access: web.Resident, Handler: a.certificationList},
		{
			Method: http.MethodPost, Path: "/api/v1/certifications", Access: web.Resident, Handler: a.certificationCreate,
			EachPerMinute: 10,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/certifications/:id/withdraw", Access: web.Resident,
			Handler: a.certificationWithdraw, EachPerMinute: 10,
		},
	}
}

// communityBody is a community in which one may have a house.
type communityBody struct {
	ID      core.ID  `json:"id"`
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Levels  []string `json:"levels"` // what the levels of its houses are called, top first
}

func (a *API) communityList(c *web.Context) error {
	communities, err := a.store.Communities(c.Ctx(), core.Everywhere)
	if err != nil {
		return err
	}
	bodies := []communityBody{}
	for _, m := range communities {
		if m.Archived.IsZero() {
			bodies = append(bodies, communityBody{m.ID, m.Name, m.Address, m.Levels})
		}
	}
	return c.JSON(http.StatusOK, struct {
		Communities []communityBody `json:"communities"`
	}{bodies})
}

// houseLevelBody is one level of a community's houses.
type houseLevelBody struct {
	Nodes  []namedBody `json:"nodes"` // to go on from
	Houses []namedBody `json:"houses"`
	More   bool        `json:"more"` // there are further ones, to be found by a part of the name
}

func (a *API) houseList(c *web.Context) error {
	var form struct {
		Node    core.ID `form:"node"`
		Keyword string  `form:"q" max:"40"`
	}
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	community, err := c.ParamID("id")
	if err != nil {
		return err
	}
	level, err := a.store.HouseLevel(c.Ctx(), store.HouseLevelFilter{Community: community, Node: form.Node, Keyword: form.Keyword})
	if err != nil {
		return err
	}
	body := houseLevelBody{Nodes: []namedBody{}, Houses: []namedBody{}, More: level.More}
	for _, n := range level.Nodes {
		body.Nodes = append(body.Nodes, namedBody{n.ID, n.Name})
	}
	for _, h := range level.Houses {
		body.Houses = append(body.Houses, namedBody{h.ID, h.Name})
	}
	return c.JSON(http.StatusOK, body)
}

// certificationForm is an application. The phone number is the caller's verified one.
type certificationForm struct {
	House    core.ID       `json:"house_id"`
	Name     string        `json:"name" max:"64"`
	Identity core.Identity `json:"identity" max:"16"`
	LeaseDay string        `json:"lease_last_day" max:"10"`
	IDNumber string        `json:"id_number" max:"40"`
	Photos   []core.ID     `json:"photos" max:"9"`
	Replaces core.ID       `json:"replaces_id"` // the caller's address that this one takes the place of
}

// certificationBody is an application as its applicant sees it. Nothing in it depends on what the register has,
// but that it was certified at once.
type certificationBody struct {
	ID        core.ID          `json:"id"`
	State     core.ReviewState `json:"state"`
	StateText string           `json:"state_text"`
	Community namedBody        `json:"community"`
	House     namedBody        `json:"house"`
	Name      string           `json:"name"`
	Identity  core.Identity    `json:"identity"`
	Photos    []core.ID        `json:"photos"` // until they are deleted
	Reason    string           `json:"reason"`
	Note      string           `json:"note"`
	Next      string           `json:"next_text"`
	Created   string           `json:"created_at"`
	Decided   *string          `json:"decided_at"`
}

func (a *API) certificationBody(own store.OwnCertification) certificationBody {
	r, photos := own.Review, own.Photos
	if photos == nil {
		photos = []core.ID{}
	}
	return certificationBody{
		Photos: photos,
		ID:     r.ID, State: r.State, StateText: r.State.Label(), Community: namedBody{r.Community, own.Community},
		House: namedBody{own.House, r.Subject}, Name: r.Name, Identity: own.Identity, Reason: r.Reason, Note: r.Note, Next: r.NextStep(),
		Created: a.moment(r.Created), Decided: a.momentOrNull(r.Decided),
	}
}

func (a *API) certificationList(c *web.Context) error {
	list, err := a.store.OwnCertifications(c.Ctx(), c.User().ID)
	if err != nil {
		return err
	}
	bodies := make([]certificationBody, len(list))
	for i, own := range list {
		bodies[i] = a.certificationBody(own)
	}
	templates := a.subscribeTemplates(c, core.MessageCertification, core.MessageHousehold)
	return c.JSON(http.StatusOK, struct {
		Certifications []certificationBody `json:"certifications"`
		Templates      []string            `json:"subscribe_templates"`
	}{bodies, templates})
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestKey returns the key by which a call that is sent again takes effect once, and what the call says.
func requestKey(c *web.Context, form any) (store.RequestKey, error) {
	key := c.Request().Header.Get("Idempotency-Key")
	if !keyForm.MatchString(key) {
		return store.RequestKey{}, core.Invalid("请求缺少 Idempotency-Key：8 至 64 个字母、数字或 . _ -")
	}
	body, err := json.Marshal(form)
	return store.RequestKey{Key: key, Body: string(body)}, err
}

func (a *API) certificationCreate(c *web.Context) error {
	var form certificationForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	key, err := requestKey(c, form)
	if err != nil {
		return err
	}
	request := core.CertificationRequest{
		House: form.House, Name: form.Name, Identity: form.Identity, IDNumber: form.IDNumber, Photos: form.Photos,
		Replaces: form.Replaces,
	}
	if form.LeaseDay != "" {
		if request.LeaseDay, err = core.ParseDay(form.LeaseDay); err != nil {
			return core.InvalidFields(map[string]string{"lease_last_day": "日期应写作 2026-12-31"})
		}
	}
	own, err := a.store.CreateCertification(c.Ctx(), c.Actor(), c.User().ID, request, key)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, a.certificationBody(own))
}

func (a *API) certificationWithdraw(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	if _, err := a.store.WithdrawReview(c.Ctx(), c.Actor(), c.User().ID, id); err != nil {
		return err
	}
	return c.NoContent()
}
