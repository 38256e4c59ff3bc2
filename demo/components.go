package demo

import (
	"io"
	"net/http"

	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// componentRoutes are the pages that show every part a page is made of, for those
// who write the next one.
func (t *Tour) componentRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/console/dev/components", Access: web.DemoOnly, Handler: t.consoleComponents},
		{Method: http.MethodGet, Path: "/h5/dev/components", Access: web.DemoOnly, Handler: t.phoneComponents},
		{Method: http.MethodGet, Path: "/demo/code.png", Access: web.DemoOnly, Handler: t.sampleCode},
	}
}

func (t *Tour) consoleComponents(c *web.Context) error {
	shell := templates.Shell{Nav: templates.ConsoleMenu("", func(string) bool { return true }), CSRF: c.CSRF(), Demo: true}
	page := templates.NewComponentsPage(shell, c.Request().URL.Query(), c.Now())
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.o.Pages.Render(w, "console/dev/components", page) })
}

func (t *Tour) phoneComponents(c *web.Context) error {
	page := templates.NewPhoneComponentsPage(templates.Phone{CSRF: c.CSRF(), Demo: true}, c.Now())
	page.QR.Image = "/demo/code.png"
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.o.Pages.Render(w, "h5/dev/components", page) })
}

// sampleCode is a code that opens nothing, for the phone's sample page.
func (t *Tour) sampleCode(c *web.Context) error {
	picture, err := gate.QRPNG("SAMPLE", 400)
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, "image/png", picture)
}
