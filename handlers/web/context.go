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

// Context is one request and its answer. It is not safe for concurrent use and
// dies with the request.
type Context struct {
	app     *App
	route   Route
	w       http.ResponseWriter
	r       *http.Request
	param   func(string) string
	state   *requestState
	who     Who
	surface Surface
	api     bool // errors as JSON, sessions by bearer token
}

// Who is the caller: an account, or a WeChat user in the role the route asks for.
// The zero Who is nobody.
type Who struct {
	Session  core.Session
	Account  core.Account
	User     core.WechatUser
	Guard    core.Guard    // on Guard routes
	Observer core.Observer // on Observer routes
}

func (a *App) newContext(route Route, w http.ResponseWriter, r *http.Request, param func(string) string) *Context {
	return &Context{
		app: a, route: route, w: w, r: r, param: param, state: stateOf(r.Context()),
		surface: route.surface(), api: strings.HasPrefix(r.URL.Path, "/api/"),
	}
}

// Ctx is the request's context, with its deadline.
func (c *Context) Ctx() context.Context { return c.r.Context() }

// Request is the request itself, for what Context has no word for.
func (c *Context) Request() *http.Request { return c.r }

// Writer is the answer itself, for what Context has no word for.
func (c *Context) Writer() http.ResponseWriter { return c.w }

// Header is the answer's header.
func (c *Context) Header() http.Header { return c.w.Header() }

// Now is the present moment by the store's clock.
func (c *Context) Now() time.Time { return c.app.o.Store.Now() }

// RequestID names the request in logs and to people.
func (c *Context) RequestID() string { return c.state.id }

// Addr is the client's address: the peer's, or what a trusted proxy says.
func (c *Context) Addr() string { return c.state.addr.String() }

// Network is what the client is counted by: the address, or the /64 of IPv6.
func (c *Context) Network() string { return addressKey(c.state.addr) }

// Subnet is the client's network as the log names it, under NetworkKey: the /24, or
// the /64 of IPv6.
func (c *Context) Subnet() string { return subnet(c.state.addr) }

// HungUp reports that the caller is no longer there to hear the answer: what fails
// then is no failure of ours.
func (c *Context) HungUp() bool { return errors.Is(c.r.Context().Err(), context.Canceled) }

// Route is the route that was called.
func (c *Context) Route() Route { return c.route }

// Param is a part of the path: "id" of /console/reader/:id.
func (c *Context) Param(name string) string { return c.param(name) }

// ParamID is a part of the path that is an id; a malformed one is "not found".
func (c *Context) ParamID(name string) (core.ID, error) { return core.ParseID(c.param(name)) }

// Query is a parameter of the URL, cleaned like a form's text; "" where absent or
// unusable. It is for what chooses a page's look or its next page; what narrows a list
// is read by BindQuery, which reports what it cannot use.
func (c *Context) Query(name string) string {
	text, err := cleanText(c.r.URL.Query().Get(name), textRule{max: maxDefaultText})
	if err != nil {
		return ""
	}
	return text
}

// IsPartial reports a request of htmx for a part of a page.
func (c *Context) IsPartial() bool { return c.r.Header.Get("HX-Request") == "true" }

// Who is the caller.
func (c *Context) Who() Who { return c.who }

// SignedIn reports that the caller is somebody.
func (c *Context) SignedIn() bool { return c.who.Session.ID != 0 }

// Session is the caller's session; zero for nobody.
func (c *Context) Session() core.Session { return c.who.Session }

// Account is the console account that calls.
func (c *Context) Account() core.Account { return c.who.Account }

// User is the WeChat user who calls.
func (c *Context) User() core.WechatUser { return c.who.User }

// Guard is the guard who calls a Guard route.
func (c *Context) Guard() core.Guard { return c.who.Guard }

// Observer is the observer who calls an Observer route.
func (c *Context) Observer() core.Observer { return c.who.Observer }

// Has reports whether the calling account may do p, for menus and buttons.
func (c *Context) Has(p core.Permission) bool { return c.who.Account.Has(p) }

// Scope is the communities the caller works for. A resident's is empty: what is
// theirs is found by their person.
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

// Actor is the caller as the audit log knows them.
func (c *Context) Actor() core.Actor {
	by := core.Actor{Addr: c.Addr(), RequestID: c.RequestID()}
	switch {
	case c.who.Account.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorAccount, c.who.Account.ID, c.who.Account.Name
		by.Operator = c.who.Account.Operator()
	case c.who.Guard.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorWechat, c.who.User.ID, c.who.Guard.Name
	case c.who.Observer.ID != 0:
		by.Kind, by.ID, by.Name = core.ActorWechat, c.who.User.ID, c.who.Observer.Name
	case c.who.User.ID != 0:
		by.Kind, by.ID = core.ActorWechat, c.who.User.ID
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

// bodyError turns a body that is too large, or cut short, into an error for people.
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

// Redirect sends the browser to a path of ours by 303; after a form's success.
// Anything but a path of ours becomes "/".
func (c *Context) Redirect(path string) error {
	if !localPath(path) {
		path = "/"
	}
	return c.RedirectAway(path)
}

// RedirectAway sends the browser to any address, such as WeChat's authorize page.
// The address must be the program's own making.
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

// localPath reports a path on this server. "//host" and "/\host" are hosts to browsers.
func localPath(path string) bool {
	u, err := url.Parse(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, "\\") &&
		u.Host == "" && u.Scheme == "" && !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// LocalPath gives path where it is one of this server, else the other: for "next"
// parameters.
func LocalPath(path, otherwise string) string {
	if localPath(path) {
		return path
	}
	return otherwise
}

// CameFrom is the page of this server that the request was sent from, with its
// query; "" where the browser does not say or it is another site's.
func (c *Context) CameFrom() string {
	u, err := url.Parse(c.r.Referer())
	if err != nil || u.Host == "" || u.Host != c.r.Host {
		return ""
	}
	return LocalPath(u.RequestURI(), "")
}

// under reports that a path is prefix or lies below it.
func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(prefix, "/"))
}
