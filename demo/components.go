package demo

import (
	"fmt"
	"io"
	"net/http"

	"tongxing/core"
	"tongxing/demo/components"
	"tongxing/gate"
	"tongxing/handlers/console"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/templates"
)

// componentRoutes returns the pages that show every shared part, for authors of new pages.
func (t *Tour) componentRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/console/dev/components", Access: web.DemoOnly, Handler: t.consoleComponents},
		{
			Method: http.MethodPost, Path: components.UploadPath, Access: web.DemoOnly,
			Handler: t.sampleUpload, Body: web.UploadBody(components.MaxUpload),
		},
		{Method: http.MethodPost, Path: components.PickPath, Access: web.DemoOnly, Handler: t.samplePick},
		{Method: http.MethodPost, Path: components.SuggestPath, Access: web.DemoOnly, Handler: t.sampleSuggest, Reads: true},
		{Method: http.MethodPost, Path: components.ReviewPath + "/:id/approve", Access: web.DemoOnly, Handler: t.sampleApproval},
		{Method: http.MethodPost, Path: components.ReviewPath + "/:id/reject", Access: web.DemoOnly, Handler: t.sampleRejection},
		{Method: http.MethodGet, Path: "/h5/dev/components", Access: web.DemoOnly, Handler: t.phoneComponents},
		{Method: http.MethodGet, Path: "/demo/code.png", Access: web.DemoOnly, Handler: t.sampleCode},
	}
}

func (t *Tour) consoleComponents(c *web.Context) error {
	return t.showComponents(c, http.StatusOK, newComponents(c))
}

func newComponents(c *web.Context) components.Page {
	shell := templates.Shell{Nav: console.Menu(""), CSRF: c.CSRF(), Demo: true}
	return components.New(shell, c.Request().URL.Query(), c.Now())
}

func (t *Tour) showComponents(c *web.Context, status int, page components.Page) error {
	return c.HTML(status, func(w io.Writer) error { return t.o.Pages.Render(w, "console/dev/components", page) })
}

// maxRows is the maximum number of rows in the sample upload.
const maxRows = 20

// sampleUpload reads the sample upload, and shows what it read or what is wrong.
func (t *Tour) sampleUpload(c *web.Context) error {
	page, status := newComponents(c), http.StatusOK
	u, err := c.Upload(web.UploadRule{Field: "list", Kinds: []sheet.Kind{sheet.Text, sheet.Workbook}, MaxBytes: components.MaxUpload})
	var table sheet.Table
	if err == nil {
		table, err = c.Table(u, maxRows)
	}
	switch {
	case web.FieldsOf(err) != nil:
		status = web.StatusOf(err)
		page.Upload.Set(nil, web.FieldsOf(err))
		page.Upload.Sections[0].Fields[0].Value = u.Name
	case err != nil:
		return err
	default:
		page.Flash = append(page.Flash, templates.Flash{
			Tone: templates.Good,
			Text: fmt.Sprintf("“%s”有 %d 行，第一格是“%s”。", u.Name, len(table.Rows), table.Rows[0][0]),
		})
	}
	return t.showComponents(c, status, page)
}

// samplePick shows the sample tree's form after a button was pressed.
func (t *Tour) samplePick(c *web.Context) error {
	page := newComponents(c)
	page.Picked(c.Form().Get("act"))
	return t.showComponents(c, http.StatusOK, page)
}

// sampleSuggest returns suggestions to the sample pickers while typing.
func (t *Tour) sampleSuggest(c *web.Context) error {
	form := c.Form()
	found := components.Suggestions(form.Has("who"), form.Get("house")+form.Get("who"))
	return c.HTML(http.StatusOK, func(w io.Writer) error {
		return t.o.Pages.RenderBlock(w, "console/dev/components", "sample-options", found)
	})
}

func (t *Tour) sampleApproval(c *web.Context) error { return t.decideSample(c, true) }

func (t *Tour) sampleRejection(c *web.Context) error { return t.decideSample(c, false) }

// decideSample answers a sample review with its panel's next state. Nothing is stored: on a
// reloaded page all are undecided again.
func (t *Tour) decideSample(c *web.Context, approve bool) error {
	var form struct {
		Reason  string `form:"reason" text:"lines"`
		Version string `form:"version"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	page := newComponents(c)
	status := page.Decide(components.Decision{Review: c.Param("id"), Approve: approve, Reason: form.Reason, Version: form.Version})
	if status == http.StatusNotFound {
		return core.NotFound("没有这个示例")
	}
	return t.showComponents(c, status, page)
}

func (t *Tour) phoneComponents(c *web.Context) error {
	page := components.NewPhone(templates.Phone{CSRF: c.CSRF(), Demo: true}, c.Now())
	page.QR.Image = "/demo/code.png"
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.o.Pages.Render(w, "h5/dev/components", page) })
}

// sampleCode returns a code that opens nothing, for the phone's sample page.
func (t *Tour) sampleCode(c *web.Context) error {
	picture, err := gate.QRPNG("SAMPLE", 400)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, "image/png", picture)
}
