package api

import (
	"encoding/base64"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
)

func (a *API) tokenRoutes() []web.Route {
	return []web.Route{
		{
			Method: http.MethodPost, Path: "/api/v1/passes/:id/token", Access: web.Resident,
			Handler: a.passToken, EachPerMinute: tokensPerMinute,
		},
	}
}

// tokensPerMinute limits the tokens one person may request: an open page requests one in ten
// minutes.
const tokensPerMinute = 30

// Pixels of a PNG's side.
const (
	pixelsDefault = 480
	minPixels     = 128
	maxPixels     = 1024
)

type tokenForm struct {
	Image  string `form:"image" max:"10"` // "", svg, png
	Pixels int    `form:"pixels"`         // of a PNG; 0 = pixelsDefault
}

func (f tokenForm) check() error {
	fields := map[string]string{}
	if f.Image != "" && f.Image != "svg" && f.Image != "png" {
		fields["image"] = "图片格式应为 svg 或 png"
	}
	if f.Pixels != 0 && (f.Pixels < minPixels || f.Pixels > maxPixels) {
		fields["pixels"] = "图片边长应为 128 至 1024 像素"
	}
	return core.InvalidFields(fields)
}

// tokenBody is a new token: the only response that contains its text. The text is not stored, so no
// GET could draw it again.
type tokenBody struct {
	Text    string     `json:"text"`
	Expires string     `json:"expires_at"`
	Seconds int        `json:"seconds"` // until it expires
	Image   *imageBody `json:"image"`
}

type imageBody struct {
	Type string `json:"type"`
	Data string `json:"data_url"`
}

// passToken makes the pass's one valid token; the previous one becomes invalid.
func (a *API) passToken(c *web.Context) error {
	var form tokenForm
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	if err := form.check(); err != nil {
		return err
	}
	pass, err := a.ownPass(c)
	if err != nil {
		return err
	}
	return a.issueToken(c, pass.ID, form)
}

func (a *API) issueToken(c *web.Context, pass core.ID, form tokenForm) error {
	issued, err := a.gate.Issue(c.Ctx(), pass)
	if err != nil {
		return err
	}
	picture, err := form.draw(issued.Text)
	if err != nil {
		return err
	}
	// The cache's clock may differ slightly from ours.
	left := min(max(issued.Expires.Sub(c.Now()), 0), gate.TokenLife)
	return c.JSON(http.StatusCreated, tokenBody{
		Text: issued.Text, Expires: a.moment(issued.Expires), Seconds: int(left / time.Second), Image: picture,
	})
}

// draw returns the QR code in a form that a page can show directly; nil if not requested.
func (f tokenForm) draw(text string) (*imageBody, error) {
	kind, draw := "image/svg+xml", gate.QRSVG
	switch f.Image {
	case "":
		return nil, nil
	case "png":
		pixels := f.Pixels
		if pixels == 0 {
			pixels = pixelsDefault
		}
		kind, draw = "image/png", func(text string) ([]byte, error) { return gate.QRPNG(text, pixels) }
	}
	picture, err := draw(text)
	if err != nil {
		return nil, err
	}
	return &imageBody{Type: kind, Data: "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(picture)}, nil
}
