package api

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) passRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/passes", Access: web.Resident, Handler: a.passList},
		{Method: http.MethodGet, Path: "/api/v1/passes/:id", Access: web.Resident, Handler: a.passShow},
		{Method: http.MethodGet, Path: "/api/v1/passes/:id/preview", Access: web.Resident, Handler: a.passPreview},
	}
}

// passBody is a pass as the mini-program shows it.
type passBody struct {
	ID           core.ID       `json:"id"`
	Kind         core.PassKind `json:"kind"`
	Name         string        `json:"name"`
	Identity     core.Identity `json:"identity"`
	IdentityText string        `json:"identity_text"`
	Community    namedBody     `json:"community"`
	House        namedBody     `json:"house"`
	LeaseLast    *string       `json:"lease_last_day"`
	Rule         string        `json:"rule_text"`
	Preview      previewBody   `json:"preview"`
}

type namedBody struct {
	ID   core.ID `json:"id"`
	Name string  `json:"name"`
}

// previewBody is what a scan would decide now.
type previewBody struct {
	At        string         `json:"at"`
	Direction core.Direction `json:"direction"`
	Allowed   bool           `json:"allowed"`
	Reason    core.Reason    `json:"reason"`
	Sentence  string         `json:"sentence"`
	Limit     *int           `json:"limit"` // null = no limit
	Left      *int           `json:"left"`  // null = no limit
	Next      *string        `json:"next_exit_at"`
	NeedTemp  bool           `json:"need_temperature"`
	NeedID    bool           `json:"need_id_number"`
}

// passList returns all passes of the caller; more passes need no further query.
func (a *API) passList(c *web.Context) error {
	passes, err := a.store.PassesOfUser(c.Ctx(), c.User())
	if err != nil {
		return err
	}
	bodies, err := a.passBodies(c, passes)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Passes []passBody `json:"passes"`
	}{bodies})
}

func (a *API) passShow(c *web.Context) error {
	pass, err := a.ownPass(c)
	if err != nil {
		return err
	}
	bodies, err := a.passBodies(c, []store.Pass{pass})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, bodies[0])
}

// ownPass returns the pass in the URL; another person's is NotFound.
func (a *API) ownPass(c *web.Context) (store.Pass, error) {
	id, err := c.ParamID("id")
	if err != nil {
		return store.Pass{}, err
	}
	return a.store.PassOfUser(c.Ctx(), id, c.User())
}

func (a *API) passBodies(c *web.Context, passes []store.Pass) ([]passBody, error) {
	ids := make([]core.ID, len(passes))
	for i, pass := range passes {
		ids[i] = pass.ID
	}
	previews, err := a.store.Previews(c.Ctx(), core.Out, ids)
	if err != nil {
		return nil, err
	}
	bodies := make([]passBody, len(passes))
	for i, pass := range passes {
		bodies[i] = a.passBody(c, pass, previews[i])
	}
	return bodies, nil
}

func (a *API) passBody(c *web.Context, pass store.Pass, preview store.Preview) passBody {
	body := passBody{
		ID: pass.ID, Kind: pass.Kind, Name: pass.Name, Identity: pass.Identity, IdentityText: pass.Identity.Label(),
		Community: namedBody{pass.Community, pass.CommunityName}, House: namedBody{pass.House, pass.HouseLabel},
		Rule:    preview.Rule.Under(preview.Restriction, core.DayOf(c.Now(), a.store.Zone())).Text(),
		Preview: a.preview(c, core.Out, preview.Decision),
	}
	if pass.Kind == core.PassDedicated {
		body.Rule = pass.RuleText()
	}
	if pass.LeaseDay != 0 {
		last := pass.LeaseDay.String()
		body.LeaseLast = &last
	}
	return body
}

func (a *API) preview(c *web.Context, direction core.Direction, d core.Decision) previewBody {
	body := previewBody{
		At: a.moment(c.Now()), Direction: direction, Allowed: d.Allowed, Reason: d.Reason, Sentence: d.Sentence,
		Next: a.momentOrNull(d.Next), NeedTemp: d.NeedTemp, NeedID: d.NeedID,
	}
	if !d.Unlimited {
		body.Limit, body.Left = &d.Limit, &d.Left
	}
	return body
}

// passPreview answers "can I go out (or in) now, and why".
func (a *API) passPreview(c *web.Context) error {
	var form struct {
		Direction string `form:"direction" max:"10"`
	}
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	direction := core.Out
	switch form.Direction {
	case "", string(core.Out):
	case string(core.In):
		direction = core.In
	default:
		return core.InvalidFields(map[string]string{"direction": "方向应为 in 或 out"})
	}
	pass, err := a.ownPass(c)
	if err != nil {
		return err
	}
	previews, err := a.store.Previews(c.Ctx(), direction, []core.ID{pass.ID})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.preview(c, direction, previews[0].Decision))
}
