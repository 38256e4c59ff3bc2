// Package h5 serves the pages for phones inside WeChat: the resident's pass, the guard's post, the
// observer's records.
package h5

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/wechat"
)

// WeChat is what the pages need from WeChat.
type WeChat interface {
	// OfficialFor returns the official account for what concerns communities, by WeChat's id; "" if there is none.
	OfficialFor(ctx context.Context, communities core.Scope) (appID string)
	// AuthorizeURL returns the URL of WeChat's authorize page of an official account, otherwise of that of all communities.
	// WeChat redirects the phone from there to redirect with a code and the state.
	AuthorizeURL(ctx context.Context, appID, redirect, state string) (string, error)
	// Identify returns the identity for a code of that account's authorize page.
	Identify(ctx context.Context, appID, code string) (core.WechatIdentity, error)
	// IdentifyMini returns the identity for a code of the mini-program's wx.login.
	IdentifyMini(ctx context.Context, code string) (core.WechatIdentity, error)
	// VerifiesPhones reports whether there is a mini-program in which people can verify their phone
	// number.
	VerifiesPhones() bool
	// Script returns the URL of the JS-SDK for pages that a signer signs; "" if a browser with this User-Agent cannot use it.
	Script(agent string, by Signer) string
	// Corps returns the companies on WeWork in use.
	Corps(ctx context.Context) []core.WechatApp
	// MemberURL returns the URL of WeWork's authorize page for a company; with phone it also asks whether the mobile
	// number may be told.
	MemberURL(ctx context.Context, corp core.ID, redirect, state string, phone bool) (string, error)
	// Member returns who a member is, for a code of that page; somebody else is Forbidden.
	Member(ctx context.Context, corp core.ID, code string) (wechat.Identity, error)
	// MemberPhone returns the mobile number for an identity's ticket; "" if it is not told.
	MemberPhone(ctx context.Context, corp core.ID, ticket string) (string, error)
	// PageConfig signs a page, by its complete URL, so that it may use the JS-SDK.
	PageConfig(ctx context.Context, page string, by Signer) (wechat.PageConfig, error)
}

// Signer is who signs a page for the JS-SDK.
type Signer struct {
	Corp      core.ID // a company on WeWork; 0 = an official account
	Community core.ID // whose official account it is
}

// CodeSender sends codes by text message.
type CodeSender interface {
	SendCode(ctx context.Context, phone, code string) error
}

// Options configure the pages.
type Options struct {
	Store     *store.Store
	Gate      *gate.Gate
	Pages     *templates.Renderer
	WeChat    WeChat
	PublicURL string // without a trailing slash
	Demo      bool
	Codes     CodeSender // for visitors outside WeChat; nil = there are no text messages, and their numbers stay unproven
	Log       *slog.Logger
}

// H5 serves the phone pages.
type H5 struct {
	store     *store.Store
	gate      *gate.Gate
	pages     *templates.Renderer
	wechat    WeChat
	publicURL string
	demo      bool
	codes     CodeSender
	log       *slog.Logger
	lookouts  *web.Lookouts[[]core.AccessRecord]
	searches  *web.Limit  // per observer
	misses    *web.Misses // wrong codes of the mini-program
}

// New returns the phone pages.
func New(o Options) *H5 {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &H5{
		store: o.Store, gate: o.Gate, pages: o.Pages, wechat: o.WeChat, publicURL: o.PublicURL, demo: o.Demo,
		codes: o.Codes, log: o.Log,
		searches: web.NewLimit(searchesPerMinute), misses: web.NewMisses(missesPerMinute),
		lookouts: web.NewLookouts(o.Gate, o.Log, newestOf(o.Store)),
	}
}

// Routes returns the routes of all phone pages.
func (h *H5) Routes() []web.Route {
	var routes []web.Route
	for _, some := range [][]web.Route{
		h.sessionRoutes(), h.wechatUserRoutes(), h.passRoutes(), h.passAidRoutes(), h.lookRoutes(), h.guardRoutes(), h.observerRoutes(),
		h.wechatLoginRoutes(), h.bindTicketRoutes(), h.reviewRoutes(), h.certificationRoutes(), h.certificationPhotoRoutes(),
		h.certificationWithdrawRoutes(), h.householdRoutes(), h.messageRoutes(), h.noticeRoutes(), h.visitorPassRoutes(),
		h.exitSlipRoutes(), h.staffRoutes(),
	} {
		routes = append(routes, some...)
	}
	return routes
}

// phone returns the frame of a page.
func (h *H5) phone(c *web.Context, title, note string) templates.Phone {
	p := templates.Phone{Title: title, Note: note, CSRF: c.CSRF(), Demo: h.demo, Posted: posted(c)}
	if c.SignedIn() {
		p.SignOut = signOutPath(c.Request().URL.Path)
	}
	if flash, ok := c.TakeFlash(); ok {
		p.Flash = []templates.Flash{{Tone: tones[flash.Kind], Text: flash.Message}}
	}
	return p
}

// posted reports whether the page answers a submitted form.
func posted(c *web.Context) bool { return c.Request().Method == http.MethodPost }

var tones = map[web.FlashKind]templates.Tone{
	web.FlashSuccess: templates.Good, web.FlashDone: templates.Good, web.FlashWarning: templates.Warn, web.FlashError: templates.Bad,
}

// show renders a page of templates/h5.
func (h *H5) show(c *web.Context, status int, name string, page any) error {
	return c.HTML(status, func(w io.Writer) error { return h.pages.Render(w, "h5/"+name, page) })
}

// ErrorPage renders an error page for phones.
func (h *H5) ErrorPage(c *web.Context, p web.ErrorPage) error {
	problem := p.Problem()
	problem.Status = 0 // the number says nothing to people at a gate
	if p.Status < http.StatusInternalServerError {
		problem.Request = ""
	}
	problem.Actions = wayOut(surfaceOf(c.Request().URL.Path), p.Status)
	if p.Status == http.StatusUnauthorized && p.Cause != "" { // they never were
		problem.Actions[0].Label = "登录"
	}
	if again := retryOf(c); again != "" && p.Status == http.StatusServiceUnavailable {
		problem.Actions = []templates.Action{{Label: "重试", URL: again, Icon: "refresh", Primary: true}}
	}
	return h.show(c, p.Status, "error/show", templates.PhoneProblem{
		Phone: templates.Phone{Title: "出错了", Demo: h.demo, Posted: posted(c)}, Problem: problem,
	})
}

// retryOf returns the address at which what failed is tried again; "" = none. A round begins again: its code may have been used.
func retryOf(c *web.Context) string {
	if posted(c) {
		return ""
	}
	if c.Request().URL.Path == roundPath {
		if r, ok := roundOf(c, c.Query("state")); ok {
			return r.again()
		}
	}
	return c.Request().URL.RequestURI()
}

// wayOut returns what leads on from an error: who is not signed in any more signs in again, who has
// lost the way goes to the first page of the surface.
func wayOut(surface web.Surface, status int) []templates.Action {
	switch status {
	case http.StatusUnauthorized:
		return []templates.Action{{Label: "重新登录", URL: "/h5/session/" + string(surface), Icon: "login", Primary: true}}
	case http.StatusForbidden: // its first page would be refused, too
		return []templates.Action{{Label: "打开通行证", URL: fronts[web.SurfaceResident], Icon: "qrcode"}}
	case http.StatusNotFound:
		first := map[web.Surface]templates.Action{
			web.SurfaceResident: {Label: "打开通行证", Icon: "qrcode"},
			web.SurfaceGuard:    {Label: "打开门岗", Icon: "shield"},
			web.SurfaceObserver: {Label: "打开出入记录", Icon: "history"},
			web.SurfaceReview:   {Label: "打开手机端审核", Icon: "checklist"},
			web.SurfaceStaff:    {Label: "打开工作台", Icon: "id-badge-2"},
		}[surface]
		first.URL = fronts[surface]
		return []templates.Action{first}
	}
	return nil
}
