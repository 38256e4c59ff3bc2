package web

import (
	"tongxing/core"
)

type accessKind int

const (
	accessNone accessKind = iota
	accessPublic
	accessSignedIn
	accessNeed
	accessWechatUser
	accessResident
	accessGuard
	accessObserver
	accessDevice
	accessCallback
	accessDemo
)

// Access says who may call a route. Its zero value is nobody's and refused at
// registration.
type Access struct {
	kind       accessKind
	permission core.Permission
}

// Who may call a route.
var (
	// Public is anybody. A form posted to it still needs the form token, save under /api/.
	Public = Access{kind: accessPublic}
	// SignedIn is any console account, whatever it may do.
	SignedIn = Access{kind: accessSignedIn}
	// WechatUser is anybody signed in through WeChat, certified or not.
	WechatUser = Access{kind: accessWechatUser}
	// Resident is a WeChat user whose verified phone made them a person of the register.
	Resident = Access{kind: accessResident}
	// Guard is a WeChat user who is bound to a guard in service.
	Guard = Access{kind: accessGuard}
	// Observer is a WeChat user who is bound to an observer.
	Observer = Access{kind: accessObserver}
	// Device is a door reader; the handler checks the secret in the URL.
	Device = Access{kind: accessDevice}
	// Callback is WeChat or WeWork; the handler checks the signature.
	Callback = Access{kind: accessCallback}
	// DemoOnly exists in the demo alone, for anybody.
	DemoOnly = Access{kind: accessDemo}
)

// Need is a console account that has the permission.
func Need(p core.Permission) Access {
	if !p.Valid() {
		panic("web: no such permission: " + string(p))
	}
	return Access{kind: accessNeed, permission: p}
}

// String is the access as the golden route table shows it.
func (a Access) String() string {
	if a.kind == accessNeed {
		return string(a.permission)
	}
	return [...]string{
		"none", "public", "signed-in", "need", "wechat-user", "resident", "guard", "observer", "device",
		"callback", "demo-only",
	}[a.kind]
}

// Permission is what Need named; "" otherwise.
func (a Access) Permission() core.Permission { return a.permission }

// machine reports callers that are no browsers: no cookies, so no form token.
func (a Access) machine() bool {
	return a.kind == accessDevice || a.kind == accessCallback || a.kind == accessDemo
}

// Surface is one of the places where a browser may be signed in. They have cookies
// of their own, so that one browser can be an admin and a guard at once.
type Surface string

// The surfaces.
const (
	SurfaceConsole  Surface = "console"
	SurfaceResident Surface = "resident"
	SurfaceGuard    Surface = "guard"
	SurfaceObserver Surface = "observer"
)

// surface is where the route's caller is signed in; "" = nowhere.
func (r Route) surface() Surface {
	switch r.Access.kind {
	case accessSignedIn, accessNeed:
		return SurfaceConsole
	case accessGuard:
		return SurfaceGuard
	case accessObserver:
		return SurfaceObserver
	case accessResident, accessWechatUser:
		return SurfaceResident
	case accessPublic:
		return publicSurface(r.Path)
	}
	return ""
}

// publicSurface lets a public page know who is signed in around it.
func publicSurface(path string) Surface {
	for _, s := range []struct {
		prefix  string
		surface Surface
	}{
		{"/console", SurfaceConsole}, {"/h5/guard", SurfaceGuard}, {"/h5/observer", SurfaceObserver},
		{"/h5", SurfaceResident}, {"/api/", SurfaceResident},
	} {
		if under(path, s.prefix) {
			return s.surface
		}
	}
	return ""
}

// kind is the kind of session a surface holds.
func (s Surface) kind() core.SessionKind {
	if s == SurfaceConsole {
		return core.SessionAccount
	}
	return core.SessionWechat
}

// admit checks the caller against the route, and finds the role it asks for.
func (a *App) admit(c *Context) error {
	need := c.route.Access
	switch need.kind {
	case accessPublic, accessDevice, accessCallback, accessDemo:
		return nil
	case accessSignedIn, accessNeed:
		return c.admitAccount(need)
	}
	if c.who.User.ID == 0 {
		return core.Unauthenticated("请先登录")
	}
	var err error
	switch need.kind {
	case accessGuard:
		c.who.Guard, err = a.o.Store.GuardOfUser(c.Ctx(), c.who.User.ID)
		return roleError(err, "您不是在岗门岗，或已被停用")
	case accessObserver:
		c.who.Observer, err = a.o.Store.ObserverOfUser(c.Ctx(), c.who.User.ID)
		return roleError(err, "您不是观察员，或已被移除")
	case accessResident:
		if c.who.User.Person == 0 {
			return errNoPhone
		}
	}
	return nil
}

func (c *Context) admitAccount(need Access) error {
	account := c.who.Account
	switch {
	case account.ID == 0:
		return core.Unauthenticated("请先登录")
	case account.MustChange && !passwordPath(c.route.Path):
		return errMustChange
	case need.kind == accessNeed && !account.Has(need.permission):
		return core.Forbidden("您没有“" + need.permission.Name() + "”的权限")
	}
	return nil
}

// PasswordPage is where a first password is changed: with it and the sign-out,
// all that an account may call until it has.
const PasswordPage = "/console/password"

// SignOutPath ends a console session.
const SignOutPath = "/console/session/end"

func passwordPath(path string) bool { return path == PasswordPage || path == SignOutPath }

func roleError(err error, message string) error {
	if core.IsNotFound(err) {
		return core.Forbidden(message)
	}
	return err
}
