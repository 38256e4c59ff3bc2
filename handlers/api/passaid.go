package api

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
)

// passUrgent notes that the next exit of the caller's pass is an emergency.
func (a *API) passUrgent(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form struct {
		Reason string `json:"reason" max:"60"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	if err := a.store.DeclareUrgent(c.Ctx(), c.Actor(), c.User(), id, form.Reason); err != nil {
		return err
	}
	return c.NoContent()
}

// familyBody is a family member whom the caller may let out.
type familyBody struct {
	Pass core.ID `json:"pass_id"`
	Name string  `json:"name"`
	As   string  `json:"identity_text"`
}

func (a *API) passFamily(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	_, family, err := a.store.FamilyPasses(c.Ctx(), c.User(), id)
	if err != nil {
		return err
	}
	bodies := make([]familyBody, len(family))
	for i, p := range family {
		bodies[i] = familyBody{p.ID, p.Name, p.As()}
	}
	return c.JSON(http.StatusOK, struct {
		Family []familyBody `json:"family"`
	}{bodies})
}

// passVouch lets a family member out, and answers with the code for it.
func (a *API) passVouch(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	var form struct {
		Member core.ID `json:"pass_id"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	member, err := a.store.VouchExit(c.Ctx(), c.Actor(), c.User(), id, form.Member)
	if err != nil {
		return err
	}
	return a.issueToken(c, member.ID, tokenForm{})
}
