package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tongxing/core"
)

// Context is one request and its response. It is not safe for concurrent use, and must not be used
// after the handler returns.
type Context struct {
	app     *App
	route   Route
	w       http.ResponseWriter
	r       *http.Request
	param   func(string) string
	state   *requestState
	who     Who
	surface Surface
	once    map[any]any // by Once
	api     bool        // errors are JSON, sessions use bearer tokens
}

// Who is the caller: an account, or a WeChat user in the role that the route requires. The zero
// value is an anonymous caller.
type Who struct {
	Session  core.Session
	Account  core.Account
	User     core.WechatUser
	Guard    core.Guard    // on Guard routes
	Observer core.Observer // on Observer routes
	Staff    core.Staff    // in WeWork; on StaffMember routes it is complete
}

func (a *App) newContext(route Route, w http.ResponseWriter, r *http.Request, param func(string) string) *Context {
	return &Context{
		app: a, route: route, w: w, r: r, param: param, state: stateOf(r.Context()),
		surface: route.surface(), api: strings.HasPrefix(r.URL.Path, "/api/"),
	}
}

// Ctx returns the request's context, with its deadline.
func (c *Context) Ctx() context.Context { return c.r.Context() }

// lastingTime is how long a result is recorded after a browser has gone.
const lastingTime = 5 * time.Second

// Lasting returns a context for recording what another service has taken: it outlives a browser that has gone, by some
// seconds.
func (c *Context) Lasting() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.Ctx()), lastingTime)
}

// Request returns the underlying request, for anything Context does not wrap.
func (c *Context) Request() *http.Request { return c.r }

// Writer returns the underlying response writer, for anything Context does not wrap.
func (c *Context) Writer() http.ResponseWriter { return c.w }

// Header returns the response header.
func (c *Context) Header() http.Header { return c.w.Header() }

// Now returns the current time by the store's clock.
func (c *Context) Now() time.Time { return c.app.o.Store.Now() }

// RequestID returns the id of the request, for logs and error pages.
func (c *Context) RequestID() string { return c.state.id }

// Addr returns the client's address: the peer's, or the one reported by a trusted proxy.
func (c *Context) Addr() string { return c.state.addr.String() }

// Network returns the key that limits count the client by: the address, or the /64 of IPv6.
func (c *Context) Network() string { return addressKey(c.state.addr) }

// Subnet returns the client's network for the log, under NetworkKey: the /24, or the /64 of IPv6.
func (c *Context) Subnet() string { return subnet(c.state.addr) }

// HungUp reports whether the caller has disconnected: errors after that are not our failures.
func (c *Context) HungUp() bool { return errors.Is(c.r.Context().Err(), context.Canceled) }

// Route returns the route that was called.
func (c *Context) Route() Route { return c.route }

// Param returns a path parameter: "id" of /console/reader/:id.
func (c *Context) Param(name string) string { return c.param(name) }

// ParamID returns a path parameter that is an id; a malformed one is NotFound.
func (c *Context) ParamID(name string) (core.ID, error) { return core.ParseID(c.param(name)) }

// Query returns a URL parameter, cleaned like text of a form; "" if it is absent or longer than
// maxDefaultText. Values that are not text were rejected before the handler (checkQuery). Use it for
// parameters that choose the display, the community or the page; parameters that filter a list are
// read by BindQuery, which reports one that is too long.
func (c *Context) Query(name string) string {
	text, err := cleanText(c.r.URL.Query().Get(name), textRule{max: maxDefaultText})
	if err != nil {
		return ""
	}
	return text
}

// IsPartial reports whether htmx requests a part of a page.
func (c *Context) IsPartial() bool { return c.r.Header.Get("HX-Request") == "true" }

// Once returns what read returned when it was first called with key in this request. It keeps errors
// too.
func Once[T any](c *Context, key any, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	kept, ok := c.once[key].(result)
	if !ok {
		kept.value, kept.err = read()
		if c.once == nil {
			c.once = map[any]any{}
		}
		c.once[key] = kept
	}
	return kept.value, kept.err
}

// Who returns the caller.
func (c *Context) Who() Who { return c.who }

// SignedIn reports whether the caller is signed in.
func (c *Context) SignedIn() bool { return c.who.Session.ID != 0 }

// Session returns the caller's session; the zero value if anonymous.
func (c *Context) Session() core.Session { return c.who.Session }

// Account returns the calling console account.
func (c *Context) Account() core.Account { return c.who.Account }

// User returns the calling WeChat user.
func (c *Context) User() core.WechatUser { return c.who.User }

// Guard returns the guard who calls a Guard route.
func (c *Context) Guard() core.Guard { return c.who.Guard }

// Observer returns the observer who calls an Observer route.
func (c *Context) Observer() core.Observer { return c.who.Observer }

// Staff returns the staff member who calls from WeWork.
func (c *Context) Staff() core.Staff { return c.who.Staff }

// Has reports whether the calling account has permission p, for menus and buttons.
func (c *Context) Has(p core.Permission) bool { return c.who.Account.Has(p) }

// Scope returns the communities the caller works for. A resident's is empty: their data is found by
// their person id.
func (c *Context) Scope() core.Scope {
	switch {
	case c.who.Account.ID != 0:
		return c.who.Account.Scope
	case c.who.Guard.ID != 0:
		return core.ScopeOf(c.who.Guard.Community)
	case c.who.Observer.ID != 0:
		return core.ScopeOf(c.who.Observer.Communities...)
	}
	return core.Scope{}
}

// Actor returns the caller for the audit log.
func (c *Context) Actor() core.Actor {
	by := core.Actor{Addr: c.Addr(), RequestID: c.RequestID()}
	switch {
	case c.who.Account.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorAccount, c.who.Account.ID, c.who.Account.Name
		by.Operator = c.who.Account.Operator
	case c.who.Guard.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorWechat, c.who.User.ID, c.who.Guard.Name
		if c.who.Staff.ID != 0 {
			by.Kind, by.ID = core.ActorStaff, c.who.Staff.ID
		}
	case c.who.Observer.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorWechat, c.who.User.ID, c.who.Observer.Name
	case c.who.User.ID != 0:
		by.Kind, by.ID = core.ActorWechat, c.who.User.ID
	case c.who.Staff.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorStaff, c.who.Staff.ID, c.who.Staff.Name
	case c.route.Access.kind == accessDevice:
		by.Kind = core.ActorDevice
	default:
		by.Kind = core.ActorSystem
	}
	return by
}

// Body reads the whole body, within the route's limit.
func (c *Context) Body() ([]byte, error) {
	body, err := io.ReadAll(c.r.Body)
	return body, bodyError(err)
}

// bodyError converts the error of a body that is too large or cut short into one with a message.
func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return errTooLarge
	}
	return &core.Error{Code: core.CodeInvalid, Message: "请求内容不完整，请重试", Err: err}
}

// Redirect sends the browser to a path on this site by 303, after a successful form. A URL outside
// this site becomes "/".
func (c *Context) Redirect(path string) error {
	if !localPath(path) {
		path = "/"
	}
	return c.RedirectAway(path)
}

// RedirectAway sends the browser to any URL, such as WeChat's authorize page. The URL must be built
// by this program.
func (c *Context) RedirectAway(address string) error {
	if c.IsPartial() {
		c.Header().Set("HX-Redirect", address)
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	c.Header().Set("Location", address)
	c.Header().Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// localPath reports whether path is on this server. Browsers take "//host" and "/\host" for hosts.
func localPath(path string) bool {
	u, err := url.Parse(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, "\\") &&
		u.Host == "" && u.Scheme == "" && !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// LocalPath returns path if it is on this server, otherwise the fallback: for "next" parameters.
func LocalPath(path, fallback string) string {
	if localPath(path) {
		return path
	}
	return fallback
}

// CameFrom returns the page of this server that the request was sent from, with its query; "" if
// the browser sends no Referer or it is another site's.
func (c *Context) CameFrom() string {
	u, err := url.Parse(c.r.Referer())
	if err != nil || u.Host == "" || u.Host != c.r.Host {
		return ""
	}
	return LocalPath(u.RequestURI(), "")
}

// under reports whether path is prefix or below it.
func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(prefix, "/"))
}
