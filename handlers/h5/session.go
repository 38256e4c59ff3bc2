package h5

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (h *H5) sessionRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/session/:surface", Access: web.Public, Handler: h.sessionBegin},
		{Method: http.MethodGet, Path: "/h5/session/callback", Access: web.Public, Handler: h.roundFinish},
		{Method: http.MethodGet, Path: "/h5/session/mini", Access: web.Public, Handler: h.miniSession},
		{Method: http.MethodPost, Path: "/h5/session/mini", Access: web.Public, Handler: h.miniSessionStart},
		{Method: http.MethodGet, Path: sessionOverPath, Access: web.Public, Handler: h.sessionOver},
		// A user who has lost access may still sign out.
		{Method: http.MethodPost, Path: "/h5/session/end", Access: web.Public, Handler: h.sessionEnd},
		{Method: http.MethodPost, Path: "/h5/guard/session/end", Access: web.Public, Handler: h.sessionEnd},
		{Method: http.MethodPost, Path: "/h5/observer/session/end", Access: web.Public, Handler: h.sessionEnd},
		{Method: http.MethodPost, Path: "/h5/review/session/end", Access: web.Public, Handler: h.sessionEnd},
		{Method: http.MethodPost, Path: "/h5/staff/session/end", Access: web.Public, Handler: h.sessionEnd},
	}
}

// missesPerMinute limits the wrong codes of one address: each costs a call to WeChat. Right ones are
// not counted, since all residents of an estate may open their pass through one network.
const missesPerMinute = 60

// fronts maps each surface to its home page.
var fronts = map[web.Surface]string{
	web.SurfaceResident: "/h5/pass", web.SurfaceGuard: "/h5/guard", web.SurfaceObserver: "/h5/observer",
	web.SurfaceReview: reviewPath, web.SurfaceStaff: staffPath,
}

// sessionBegin redirects the phone to WeChat's authorize page, or to WeWork's.
func (h *H5) sessionBegin(c *web.Context) error {
	surface := web.Surface(c.Param("surface"))
	front, ok := fronts[surface]
	if !ok {
		return core.NotFound("页面不存在")
	}
	next := web.LocalPath(c.Query("next"), front)
	if surface == web.SurfaceStaff || inWeWork(c) && (surface == web.SurfaceReview || surface == web.SurfaceGuard) {
		return h.beginStaff(c, next)
	}
	return h.beginRound(c, surface, next)
}

// miniSession is opened by the mini-program in its web-view, with a code of wx.login, which works
// once, within five minutes. It always asks before it signs anybody in: the link may have been made
// by a stranger with a code of their own, and the user who taps it would continue under the stranger's
// name.
func (h *H5) miniSession(c *web.Context) error {
	code := c.Query("code")
	next := web.LocalPath(c.Query("next"), fronts[web.SurfaceResident])
	if code == "" {
		return h.lost(c, "链接不完整，请从小程序重新打开", next)
	}
	sum := sha256.Sum256([]byte(code))
	link := hex.EncodeToString(sum[:])
	user, err := h.prove(c, miniPurpose(link), func() (core.WechatIdentity, error) { return h.identifyMini(c, code) })
	if err != nil {
		return err
	}
	present, err := c.UserAt(web.SurfaceResident)
	if err != nil {
		return err
	}
	if present.Subject == user {
		return c.Redirect(next)
	}
	return h.askMini(c, miniQuestion{user: user, link: link, next: next, replaces: present.Subject != 0})
}

// identifyMini returns the identity for a code, unless too many codes of the address were wrong.
func (h *H5) identifyMini(c *web.Context, code string) (core.WechatIdentity, error) {
	if h.misses.Spent(c) {
		return core.WechatIdentity{}, web.TooMany(time.Minute / missesPerMinute)
	}
	who, err := h.wechat.IdentifyMini(c.Ctx(), code)
	if core.IsInvalid(err) {
		h.misses.Add(c)
	}
	return who, err
}

func miniPurpose(link string) string { return "mini " + link }

// miniQuestion is the user whom a link would sign in.
type miniQuestion struct {
	user     core.ID
	link     string // digest of its code
	next     string
	replaces bool // another user is signed in
}

func (h *H5) askMini(c *web.Context, q miniQuestion) error {
	phone, err := h.store.WechatPhone(c.Ctx(), q.user)
	if err != nil {
		return err
	}
	confirm := templates.Confirm{
		Title: "以 " + phone + " 的身份继续？", Text: "如果这不是您的手机号，或者不是您自己在小程序里打开了本页，请取消。",
		Action: "/h5/session/mini", CSRF: c.CSRF(), Keep: url.Values{"link": {q.link}, "next": {q.next}},
		Submit: "继续", Cancel: fronts[web.SurfaceResident],
	}
	if phone == "" {
		confirm.Title, confirm.Text = "以打开小程序的微信继续？", "该微信还没有验证手机号。如果不是您自己在小程序里打开了本页，请取消。"
	}
	if q.replaces {
		confirm.Effects = []string{"这部手机上已经有另一位用户登录，继续后该用户退出登录"}
	}
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{Phone: h.phone(c, "确认身份", ""), Confirm: confirm})
}

// miniForm is the answer to miniSession's question.
type miniForm struct {
	Link string `form:"link" max:"64"`
	Next string `form:"next" max:"300"`
}

// miniSessionStart signs in the user whom this browser was asked about.
func (h *H5) miniSessionStart(c *web.Context) error {
	var form miniForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	next := web.LocalPath(form.Next, fronts[web.SurfaceResident])
	user, err := h.proven(c, miniPurpose(form.Link))
	if err != nil {
		return err
	}
	if user == 0 {
		return core.Invalid("确认已超时，请从小程序重新打开")
	}
	present, err := c.UserAt(web.SurfaceResident)
	if err != nil {
		return err
	}
	if present.Subject == user { // the answer of a second tab
		return c.Redirect(next)
	}
	if present.ID != 0 {
		if err := h.store.EndSession(c.Ctx(), present.ID); err != nil {
			return err
		}
	}
	if err := c.StartLinkSession(user); err != nil {
		return err
	}
	return c.Redirect(next)
}

const sessionOverPath = "/h5/session/over"

// surfaceOf returns the surface of a path.
func surfaceOf(path string) web.Surface {
	if path == noticePath { // the same accounts, by the same sign-in
		return web.SurfaceReview
	}
	for _, surface := range []web.Surface{web.SurfaceGuard, web.SurfaceObserver, web.SurfaceReview, web.SurfaceStaff} {
		if path == fronts[surface] || strings.HasPrefix(path, fronts[surface]+"/") {
			return surface
		}
	}
	return web.SurfaceResident
}

// signOutPath returns the sign-out URL for a page: each kind of sign-in has its own.
func signOutPath(path string) string {
	if surface := surfaceOf(path); surface != web.SurfaceResident {
		return fronts[surface] + "/session/end"
	}
	return "/h5/session/end"
}

// sessionEnd signs the caller out, and forgets what was proved in this browser: going back must not
// sign anybody in again.
func (h *H5) sessionEnd(c *web.Context) error {
	surface := surfaceOf(c.Request().URL.Path)
	c.ForgetBrowser()
	if err := c.EndSession(); err != nil {
		return err
	}
	return c.Redirect(templates.WithQuery(sessionOverPath, nil, "surface", string(surface)))
}

// sessionOver confirms the sign-out; it must not lead back in automatically.
func (h *H5) sessionOver(c *web.Context) error {
	surface := web.Surface(c.Query("surface"))
	if fronts[surface] == "" {
		surface = web.SurfaceResident
	}
	return h.show(c, http.StatusOK, "session/refused", sessionPage{
		Phone: h.phone(c, "已退出登录", ""),
		Empty: templates.Empty{Icon: "logout", Title: "已退出登录", Text: "这部手机上不再显示您的信息。",
			Action: templates.Action{Label: "重新登录", URL: "/h5/session/" + string(surface), Primary: true}},
	})
}
