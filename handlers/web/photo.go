package web

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/templates"
)

// PhotoURL returns the address of a picture below base, whose route calls SendPhoto. It holds for
// core.PhotoLinkLife and for this session only, so that one who finds it in a history or a log sees nothing.
func (c *Context) PhotoURL(base string, id core.ID, part core.PhotoPart) string {
	// Rounded, so that a page that is drawn again has the same address, and the browser its picture.
	until := c.Now().Truncate(core.PhotoLinkLife / 2).Add(core.PhotoLinkLife + core.PhotoLinkLife/2).Unix()
	return templates.WithQuery(base+"/"+id.String(), nil,
		"part", string(part), "until", strconv.FormatInt(until, 10), "sign", c.photoSign(id, part, until))
}

func (c *Context) photoSign(id core.ID, part core.PhotoPart, until int64) string {
	return c.app.o.Store.Signer("photo link").Sum(id.String(), string(part), strconv.FormatInt(until, 10), c.Session().ID.String())
}

// SendPhoto sends the picture that the address of a PhotoURL names, if it lies in the caller's scope and is of
// something of a stem for which may returns true.
func (c *Context) SendPhoto(may func(stem string) bool) error {
	id, part, err := c.PhotoAsked()
	if err != nil {
		return err
	}
	photo, err := c.app.o.Store.Photo(c.Ctx(), c.Scope(), id)
	if err != nil || !may(photo.Use) {
		return core.NotFound("图片不存在，或已过保存期限")
	}
	content, err := c.app.o.Store.ViewPhoto(c.Ctx(), c.Actor(), c.Scope(), id, part)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "private, max-age="+strconv.Itoa(int(time.Minute/time.Second)))
	return c.Bytes(http.StatusOK, core.PhotoMediaType, content)
}

// PhotoAsked returns which picture the address of a PhotoURL names, if it still holds.
func (c *Context) PhotoAsked() (id core.ID, part core.PhotoPart, err error) {
	var form struct {
		Part  core.PhotoPart `form:"part" of:"whole thumb"`
		Until int64          `form:"until"`
		Sign  string         `form:"sign" max:"64"`
	}
	if err := c.BindQuery(&form); err != nil {
		return 0, "", err
	}
	if id, err = c.ParamID("id"); err != nil {
		return 0, "", err
	}
	if form.Until < c.Now().Unix() || form.Until > c.Now().Add(2*core.PhotoLinkLife).Unix() ||
		subtle.ConstantTimeCompare([]byte(form.Sign), []byte(c.photoSign(id, form.Part, form.Until))) == 0 {
		return 0, "", core.NotFound("图片的链接已失效，请回到页面刷新")
	}
	return id, form.Part, nil
}

// SendUserPhoto sends a picture that the WeChat user who calls has sent, or that of a visitor who waits for their answer.
func (c *Context) SendUserPhoto(id core.ID, part core.PhotoPart) error {
	err := c.SendOwnPhoto(id, part)
	if !core.IsNotFound(err) {
		return err
	}
	content, err := c.app.o.Store.WaitingPhoto(c.Ctx(), c.Actor(), c.User().ID, id, part)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, core.PhotoMediaType, content)
}

// SendOwnPhoto sends a picture that the WeChat user who calls has sent.
func (c *Context) SendOwnPhoto(id core.ID, part core.PhotoPart) error {
	content, err := c.app.o.Store.OwnPhoto(c.Ctx(), c.User().ID, id, part)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, core.PhotoMediaType, content)
}
