package demo

import (
	"io"
	"net/http"

	"tongxing/handlers/web"
	"tongxing/templates"
)

// componentRoutes are the pages that show every part a page is made of, for those
// who write the next one.
func (t *Tour) componentRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/console/dev/components", Access: web.DemoOnly, Handler: t.consoleComponents},
		{Method: http.MethodGet, Path: "/h5/dev/components", Access: web.DemoOnly, Handler: t.phoneComponents},
	}
}

func (t *Tour) consoleComponents(c *web.Context) error {
	shell := templates.Shell{Nav: templates.ConsoleMenu("", func(string) bool { return true }), CSRF: c.CSRF(), Demo: true}
	page := templates.NewComponentsPage(shell, c.Request().URL.Query(), c.Now())
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.o.Pages.Render(w, "console/dev/components", page) })
}

func (t *Tour) phoneComponents(c *web.Context) error {
	page := templates.NewPhoneComponentsPage(templates.Phone{CSRF: c.CSRF(), Demo: true}, c.Now())
	return c.HTML(http.StatusOK, func(w io.Writer) error { return t.o.Pages.Render(w, "h5/dev/components", page) })
}
