package api

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
)

// lookBody is a look at the caller's data.
type lookBody struct {
	ID   core.ID `json:"id"`
	At   string  `json:"at"`
	Who  string  `json:"who"`
	What string  `json:"what"`
}

// lookList lists who looked at the caller's data, the latest first.
func (a *API) lookList(c *web.Context) error {
	var form recordsForm
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	if err := form.check(); err != nil {
		return err
	}
	list, more, err := a.store.OwnLooks(c.Ctx(), c.User(), store.Page(form.page()))
	if err != nil {
		return err
	}
	bodies := make([]lookBody, len(list))
	for i, r := range list {
		bodies[i] = lookBody{r.ID, a.moment(r.At), core.LookerText(r), core.LookText(r.Action)}
	}
	return c.JSON(http.StatusOK, struct {
		Looks []lookBody `json:"looks"`
		More  bool       `json:"more"`
	}{bodies, more})
}
