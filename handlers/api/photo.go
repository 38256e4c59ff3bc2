package api

import (
	"cmp"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/photo"
)

func (a *API) photoRoutes() []web.Route {
	return []web.Route{
		{
			Method: http.MethodPost, Path: "/api/v1/photos", Access: web.WechatUser, Handler: a.photoCreate,
			EachPerMinute: photosPerMinute, Body: core.MaxPhotoBytes + 1<<20,
		},
		{Method: http.MethodGet, Path: "/api/v1/photos/:id", Access: web.WechatUser, Handler: a.photoShow},
	}
}

// photosPerMinute limits the pictures of one person: each takes a processor for up to a second.
const photosPerMinute = 20

// photoBody is a picture that waits to be used.
type photoBody struct {
	ID      core.ID `json:"id"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Expires string  `json:"expires_at"` // if nothing uses it until then
}

// photoShow sends a picture that the caller has sent, or decides on.
func (a *API) photoShow(c *web.Context) error {
	var asked struct {
		Part core.PhotoPart `form:"part" of:"whole thumb"`
	}
	if err := c.BindQuery(&asked); err != nil {
		return err
	}
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	return c.SendUserPhoto(id, cmp.Or(asked.Part, core.PhotoWhole))
}

// photoCreate keeps a picture for a form that the caller is filling in.
func (a *API) photoCreate(c *web.Context) error {
	file, err := c.Picture("file", core.MaxPhotoBytes)
	if err != nil {
		return err
	}
	made, err := photo.Make(c.Ctx(), core.PhotoPersonal, file)
	if core.IsInvalid(err) {
		return core.InvalidFields(map[string]string{"file": core.MessageOf(err)})
	}
	if err != nil {
		return err
	}
	kept, err := a.store.CreatePhoto(c.Ctx(), c.User().ID, made)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, photoBody{
		ID: kept.ID, Width: kept.Width, Height: kept.Height, Expires: a.moment(kept.Created.Add(core.IdlePhotoLife)),
	})
}
