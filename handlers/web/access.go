package web

import (
	"slices"

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
	accessReviewer
	accessOnPhone
	accessStaff
	accessDevice
	accessCallback
	accessClient
	accessDemo
)

// Access states who may call a route. The zero value means nobody; a route with it panics at
// registration.
type Access struct {
	kind       accessKind
	permission core.Permission
	or         [5]core.Permission // others that do as well; "" = none
	and        [2]core.Permission // others that are needed, too; "" = none
	operator   bool               // only those who run the deployment
}

// Callers a route can admit.
var (
	// Public admits anybody. A form posted to it still needs the CSRF token, except under /api/.
	Public = Access{kind: accessPublic}
	// SignedIn admits any console account, whatever its permissions.
	SignedIn = Access{kind: accessSignedIn}
	// WechatUser admits anybody signed in through WeChat, certified or not.
	WechatUser = Access{kind: accessWechatUser}
	// Resident admits a WeChat user whose verified phone number matches a person of the register.
	Resident = Access{kind: accessResident}
	// Guard admits a WeChat user bound to a guard in service, and a staff member in WeWork who is one: by the mobile number
	// that WeWork told of them.
	Guard = Access{kind: accessGuard}
	// Observer admits a WeChat user bound to an observer.
	Observer = Access{kind: accessObserver}
	// Reviewer admits a WeChat user bound to an account in service that may review something, and a staff member in
	// WeWork to whom such an account belongs: the call is the account's.
	Reviewer = Access{kind: accessReviewer}
	// AccountOnPhone admits whom Reviewer admits, whether their account may review or not: to what is the account's own.
	AccountOnPhone = Access{kind: accessOnPhone}
	// StaffMember admits a staff member who works here, in WeWork. If an account in service is theirs, the call is
	// the account's.
	StaffMember = Access{kind: accessStaff}
	// Device admits a door reader; the handler checks the secret in the URL.
	Device = Access{kind: accessDevice}
	// Callback admits WeChat or WeWork; the handler checks the signature.
	Callback = Access{kind: accessCallback}
	// Client admits another system; the handler checks the signature.
	Client = Access{kind: accessClient}
	// DemoOnly admits anybody, but the route exists in the demo only.
	DemoOnly = Access{kind: accessDemo}
)

// Need admits console accounts that have the permission.
func Need(p core.Permission) Access {
	if !p.Valid() {
		panic("web: no such permission: " + string(p))
	}
	return Access{kind: accessNeed, permission: p}
}

// NeedAny admits console accounts that have one permission at least: what several features do by one page.
func NeedAny(first core.Permission, others ...core.Permission) Access {
	access := Need(first)
	for i, p := range others {
		access.or[i] = Need(p).permission
	}
	return access
}

// NeedAll admits console accounts that have all of the permissions: what changes records of several features.
func NeedAll(first core.Permission, others ...core.Permission) Access {
	access := Need(first)
	for i, p := range others {
		access.and[i] = Need(p).permission
	}
	return access
}

// NeedOperator admits console accounts that have the permission and run the deployment: what they
// change affects every community.
func NeedOperator(p core.Permission) Access {
	access := Need(p)
	access.operator = true
	return access
}

// String returns the access as the golden route table prints it.
func (a Access) String() string {
	if a.operator {
		return string(a.permission) + " operator"
	}
	if a.kind == accessNeed {
		text := string(a.permission)
		for _, p := range a.or {
			if p != "" {
				text += "|" + string(p)
			}
		}
		for _, p := range a.and {
			if p != "" {
				text += "+" + string(p)
			}
		}
		return text
	}
	return [...]string{
		"none", "public", "signed-in", "need", "wechat-user", "resident", "guard", "observer", "reviewer", "account-on-phone",
		"staff-member", "device", "callback", "client", "demo-only",
	}[a.kind]
}

// Permission returns the permission passed to Need, or the first to NeedAny or NeedAll; "" for any other access.
func (a Access) Permission() core.Permission { return a.permission }

// Admits reports whether a console account has what the access of a console route requires.
func (a Access) Admits(account core.Account) bool {
	return (a.permission == "" || a.Allows(account.Has)) && (!a.operator || account.Operator)
}

// Allows reports whether somebody with the permissions has what the access asks for.
func (a Access) Allows(has func(core.Permission) bool) bool {
	if slices.ContainsFunc(a.and[:], func(p core.Permission) bool { return p != "" && !has(p) }) {
		return false
	}
	return has(a.permission) || slices.ContainsFunc(a.or[:], func(p core.Permission) bool { return p != "" && has(p) })
}

// lacking returns the permission that somebody who is not admitted is told of.
func (a Access) lacking(has func(core.Permission) bool) core.Permission {
	for _, p := range a.and {
		if p != "" && has(a.permission) && !has(p) {
			return p
		}
	}
	return a.permission
}

// Operator reports whether only those who run the deployment are admitted.
func (a Access) Operator() bool { return a.operator }

// machine reports whether callers are not browsers: they send no cookies, so they need no CSRF
// token.
func (a Access) machine() bool {
	return a.kind == accessDevice || a.kind == accessCallback || a.kind == accessClient || a.kind == accessDemo
}

// Surface is a part of the site with a sign-in of its own. Each has its own cookie, so that one
// browser can be signed in as an admin and as a guard at the same time.
type Surface string

// The surfaces.
const (
	SurfaceConsole  Surface = "console"
	SurfaceResident Surface = "resident"
	SurfaceGuard    Surface = "guard"
	SurfaceObserver Surface = "observer"
	SurfaceReview   Surface = "review"
	SurfaceStaff    Surface = "staff" // in WeWork
)

// surface returns the surface the route's caller signs in at; "" = none.
func (r Route) surface() Surface {
	switch r.Access.kind {
	case accessSignedIn, accessNeed:
		return SurfaceConsole
	case accessGuard:
		return SurfaceGuard
	case accessObserver:
		return SurfaceObserver
	case accessReviewer, accessOnPhone:
		return SurfaceReview
	case accessStaff:
		return SurfaceStaff
	case accessResident, accessWechatUser:
		return SurfaceResident
	case accessPublic:
		return publicSurface(r.Path)
	}
	return ""
}

// publicSurface returns the surface a public page belongs to, so that the page can tell who is
// signed in.
func publicSurface(path string) Surface {
	for _, s := range []struct {
		prefix  string
		surface Surface
	}{
		{"/console", SurfaceConsole}, {"/h5/guard", SurfaceGuard}, {"/h5/observer", SurfaceObserver}, {"/h5/review", SurfaceReview},
		{core.StaffPages, SurfaceStaff}, {"/h5", SurfaceResident}, {"/api/", SurfaceResident},
	} {
		if under(path, s.prefix) {
			return s.surface
		}
	}
	return ""
}

// kind returns the kind of the surface's sessions.
func (s Surface) kind() core.SessionKind {
	switch s {
	case SurfaceConsole:
		return core.SessionAccount
	case SurfaceStaff:
		return core.SessionStaff
	}
	return core.SessionWechat
}

// admit checks the caller against the route's access and loads the role the access requires.
func (a *App) admit(c *Context) error {
	need := c.route.Access
	switch need.kind {
	case accessPublic, accessDevice, accessCallback, accessClient, accessDemo:
		return nil
	case accessSignedIn, accessNeed:
		return c.admitAccount(need)
	}
	if c.who.Staff.ID != 0 {
		switch need.kind {
		case accessStaff, accessReviewer, accessOnPhone, accessGuard:
			return c.admitStaff()
		}
	}
	if c.who.User.ID == 0 {
		return errNotSignedIn
	}
	var err error
	switch need.kind {
	case accessGuard:
		c.who.Guard, err = a.o.Store.GuardOfUser(c.Ctx(), c.who.User.ID)
		return roleError(err, notGuard)
	case accessObserver:
		c.who.Observer, err = a.o.Store.ObserverOfUser(c.Ctx(), c.who.User.ID)
		return roleError(err, "您不是观察员，或已被移除")
	case accessReviewer, accessOnPhone:
		return c.admitBound()
	case accessResident:
		if !c.who.User.Verified {
			return errNoPhone
		}
	}
	return nil
}

// notGuard is told to who is no guard.
const notGuard = "您不是在岗门岗，或已被停用"

// admitStaff reads the staff member again, so that who has left is refused although their session was kept, with the
// account that is theirs.
func (c *Context) admitStaff() error {
	m, err := c.app.o.Store.StaffAtWork(c.Ctx(), c.who.Staff.ID)
	if core.IsNotFound(err) {
		c.who = Who{}
		return core.Unauthenticated("您已不在员工信息中，请联系管理员")
	}
	if err != nil {
		return err
	}
	c.who.Staff = m
	if c.route.Access.kind == accessGuard { // the guard alone acts, not the account
		c.who.Account = core.Account{}
		post, _ := core.ParseID(c.Param("post")) // a wrong one is found out by the handler
		c.who.Guard, err = c.app.o.Store.GuardOfStaff(c.Ctx(), m.ID, post)
		return roleError(err, notGuard+"。员工须先在工作台用企业微信登记手机号")
	}
	account, err := c.app.o.Store.AccountOfStaff(c.Ctx(), m)
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	c.who.Account = account
	switch c.route.Access.kind {
	case accessReviewer:
		if err != nil || len(core.ReviewKinds(account.Has)) == 0 {
			return core.Forbidden("没有关联可以审核的后台账号，或账号已停用")
		}
	case accessOnPhone:
		return roleError(err, "没有关联后台账号，或账号已停用")
	}
	return nil
}

// admitBound makes the call that of the account to which the WeChat user is bound.
func (c *Context) admitBound() error {
	account, err := c.app.o.Store.AccountOfUser(c.Ctx(), c.who.User.ID)
	if c.route.Access.kind == accessOnPhone && err != nil {
		return roleError(err, "这个微信没有绑定后台账号，或账号已停用")
	}
	if c.route.Access.kind == accessReviewer && err == nil && len(core.ReviewKinds(account.Has)) == 0 {
		err = core.NotFound("")
	}
	if err != nil {
		return roleError(err, "这个微信没有绑定可以审核的后台账号，或账号已停用")
	}
	c.who.Account = account
	return nil
}

func (c *Context) admitAccount(need Access) error {
	account := c.who.Account
	switch {
	case account.ID == 0:
		return errNotSignedIn
	case account.MustChange && !passwordPath(c.route.Path):
		return errMustChange
	case need.kind == accessNeed && !need.Allows(account.Has):
		return core.Forbidden("您没有“" + need.lacking(account.Has).Name() + "”的权限")
	case need.operator && !account.Operator:
		return core.Forbidden("这项操作关系到整个系统，只有运维人可以办理，请联系运维人")
	}
	return nil
}

// PasswordPage is the page for changing an initial password. Until it is changed, an account may
// call only this page and sign-out.
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
