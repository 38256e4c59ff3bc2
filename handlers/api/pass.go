package api

import (
	"cmp"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

func (a *API) passRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/passes", Access: web.Resident, Handler: a.passList},
		{Method: http.MethodGet, Path: "/api/v1/passes/:id", Access: web.Resident, Handler: a.passShow},
		{Method: http.MethodGet, Path: "/api/v1/passes/:id/preview", Access: web.Resident, Handler: a.passPreview},
		{Method: http.MethodGet, Path: "/api/v1/looks", Access: web.Resident, Handler: a.lookList},
		{Method: http.MethodPost, Path: "/api/v1/passes/:id/urgent", Access: web.Resident, Handler: a.passUrgent, EachPerMinute: 10},
		{Method: http.MethodGet, Path: "/api/v1/passes/:id/family", Access: web.Resident, Handler: a.passFamily},
		{Method: http.MethodPost, Path: "/api/v1/passes/:id/vouch", Access: web.Resident, Handler: a.passVouch, EachPerMinute: 10},
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

	Restriction *restrictionBody `json:"restriction"` // null = the house is not restricted, or the holder does not live there
}

// restrictionBody is the restriction of a house, for those who live there.
type restrictionBody struct {
	Text string  `json:"text"` // what it changes
	Why  string  `json:"reason"`
	Last *string `json:"last_day"` // null = until it is lifted
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
		Passes    []passBody `json:"passes"`
		Templates []string   `json:"subscribe_templates"`
	}{bodies, a.subscribeTemplates(c, core.MessageLease, core.MessageMember, core.MessageRestriction)})
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
	previews, err := a.previews(c, ids)
	if err != nil {
		return nil, err
	}
	houses := make([]core.ID, len(passes))
	for i, pass := range passes {
		houses[i] = pass.House
	}
	restrictions, err := a.store.RestrictionsFor(c.Ctx(), houses...)
	if err != nil {
		return nil, err
	}
	bodies := make([]passBody, len(passes))
	for i, pass := range passes {
		bodies[i] = a.passBody(c, pass, previews[i])
		if x := restrictions.Of(pass.House); x != nil && pass.Kind == core.PassResident {
			bodies[i].Restriction = &restrictionBody{Text: x.Title(), Why: x.Reason}
			if x.LastDay != 0 {
				last := x.LastDay.String()
				bodies[i].Restriction.Last = &last
			}
		}
	}
	return bodies, nil
}

// previews returns what a scan on the way out would decide now; of a pass for once, one in the way in which it is used
// next.
func (a *API) previews(c *web.Context, passes []core.ID) ([]store.Preview, error) {
	previews, err := a.store.Previews(c.Ctx(), core.Out, passes)
	if err != nil {
		return nil, err
	}
	var in []core.ID
	for _, preview := range previews {
		if preview.Way == core.In {
			in = append(in, preview.Pass)
		}
	}
	inwards, err := a.store.Previews(c.Ctx(), core.In, in)
	for i := range previews {
		for _, preview := range inwards {
			if preview.Pass == previews[i].Pass {
				previews[i] = preview
			}
		}
	}
	return previews, err
}

// wayOf is the direction of a preview of previews.
func wayOf(preview store.Preview) core.Direction { return cmp.Or(preview.Way, core.Out) }

func (a *API) passBody(c *web.Context, pass store.Pass, preview store.Preview) passBody {
	body := passBody{
		ID: pass.ID, Kind: pass.Kind, Name: pass.Name, Identity: pass.Identity, IdentityText: pass.Identity.Label(),
		Community: namedBody{pass.Community, pass.CommunityName}, House: namedBody{pass.House, pass.HouseLabel},
		Rule: preview.Terms, Preview: a.preview(c, wayOf(preview), preview.Decision),
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
	direction := core.Direction(form.Direction)
	if direction != "" && !slices.Contains(core.Directions(), direction) {
		return core.InvalidFields(map[string]string{"direction": "方向应为 in 或 out"})
	}
	pass, err := a.ownPass(c)
	if err != nil {
		return err
	}
	var previews []store.Preview
	if direction == "" {
		previews, err = a.previews(c, []core.ID{pass.ID})
	} else {
		previews, err = a.store.Previews(c.Ctx(), direction, []core.ID{pass.ID})
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.preview(c, cmp.Or(direction, wayOf(previews[0])), previews[0].Decision))
}
