package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tongxing/core"
)

// router wraps Echo, which is used only to match routes. This is the only file that imports it.
type router struct {
	app  *App
	echo *echo.Echo
}

func newRouter(a *App) *router {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	// Echo's own client address is never used; if it were, it would trust no header.
	e.IPExtractor = echo.ExtractIPDirect()
	e.HTTPErrorHandler = func(err error, c echo.Context) { a.noRoute(c, err) }
	return &router{app: a, echo: e}
}

func (r *router) add(route Route) {
	call := newRouteCall(r.app, route)
	serve := func(c echo.Context) error {
		call.serve(c.Response().Writer, c.Request(), c.Param)
		return nil
	}
	r.echo.Add(route.Method, route.Path, serve)
	// Monitors send HEAD. Streams are excluded, since they never end, and so are readers' routes,
	// since readers never send it.
	if route.Method == http.MethodGet && route.Time >= 0 && route.Access.kind != accessDevice {
		r.echo.Add(http.MethodHead, route.Path, serve)
	}
}

// ServeHTTP implements http.Handler. No route ends with a slash; the router would take a page with
// a trailing slash for one of its records without an id.
func (r *router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if page := withoutSlash(req); page != "" {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, req, page, http.StatusSeeOther)
		return
	}
	r.echo.ServeHTTP(w, req)
}

// noRoute answers requests that match no route. It is Echo's error handler: only an unknown path or
// method ever returns an error from the router. For an unsupported method, Echo has set Allow.
func (a *App) noRoute(c echo.Context, err error) {
	route := Route{Method: c.Request().Method, Path: c.Request().URL.Path, Access: Public}
	if under(route.Path, "/door") || under(route.Path, "/callback") {
		route.OnError = wordless
	}
	own := a.newContext(route, c.Response().Writer, c.Request(), func(string) string { return "" })
	if errors.Is(err, echo.ErrMethodNotAllowed) {
		a.fail(own, errMethod)
		return
	}
	a.fail(own, core.NotFound("页面不存在"))
}

// withoutSlash returns the page meant by a URL with a trailing slash; "" if there is no such page,
// and for programs, which get an error. The result is always on this server: "//host/" is not.
func withoutSlash(r *http.Request) string {
	for _, prefix := range []string{"/door", "/callback", "/api", "/assets"} {
		if under(r.URL.Path, prefix) {
			return ""
		}
	}
	path := strings.TrimRight(r.URL.EscapedPath(), "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead || path == r.URL.EscapedPath() || path == "" {
		return ""
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return LocalPath(path, "")
}

// wordless answers machines, which need no page.
func wordless(c *Context, err error) error {
	return c.Bytes(StatusOf(err), "text/plain; charset=utf-8", nil)
}
