package h5

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
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
		{Method: http.MethodGet, Path: "/h5/session/:seat", Access: web.Public, Handler: h.beginSession},
		{Method: http.MethodGet, Path: "/h5/session/callback", Access: web.Public, Handler: h.finishSession},
		{Method: http.MethodGet, Path: "/h5/session/mini", Access: web.Public, Handler: h.miniSession},
		{Method: http.MethodPost, Path: "/h5/session/mini", Access: web.WechatUser, Handler: h.changeSession},
		{Method: http.MethodPost, Path: "/h5/session/end", Access: web.WechatUser, Handler: h.endSession},
	}
}

const (
	stateCookie = "oauth"
	stateLife   = 10 * time.Minute
)

// fronts is where each seat's people begin.
var fronts = map[web.Seat]string{
	web.SeatResident: "/h5/pass", web.SeatGuard: "/h5/guard", web.SeatObserver: "/h5/observer",
}

// beginSession sends the phone to WeChat's authorize page. The state is random,
// and known to this browser alone: a link that somebody else made signs nobody in.
func (h *H5) beginSession(c *web.Context) error {
	seat := web.Seat(c.Param("seat"))
	front, ok := fronts[seat]
	if !ok {
		return core.NotFound("页面不存在")
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	state := hex.EncodeToString(secret[:])
	next := web.LocalPath(c.Query("next"), front)
	c.Keep(stateCookie, state+"."+string(seat)+"."+base64.RawURLEncoding.EncodeToString([]byte(next)), stateLife)
	address, err := h.wechat.AuthorizeURL(h.publicURL+"/h5/session/callback", state)
	if err != nil {
		return err
	}
	return c.RedirectAway(address)
}

// finishSession is where WeChat sends the phone back.
func (h *H5) finishSession(c *web.Context) error {
	seat, next, ok := checkState(c.Kept(stateCookie), c.Query("state"))
	c.Keep(stateCookie, "", 0)
	if !ok {
		return core.Invalid("登录链接已失效，请从公众号菜单重新进入")
	}
	code := c.Query("code")
	if code == "" {
		return h.refused(c, seat)
	}
	who, err := h.wechat.Identify(c.Ctx(), code)
	if err != nil {
		return err
	}
	return h.enter(c, who, seat, next)
}

// checkState compares what came back with what this browser was given.
func checkState(kept, state string) (seat web.Seat, next string, ok bool) {
	parts := strings.SplitN(kept, ".", 3)
	if len(parts) != 3 || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(state)) != 1 {
		return "", "", false
	}
	path, err := base64.RawURLEncoding.DecodeString(parts[2])
	seat = web.Seat(parts[1])
	return seat, web.LocalPath(string(path), fronts[seat]), err == nil && fronts[seat] != ""
}

func (h *H5) enter(c *web.Context, who core.WechatIdentity, seat web.Seat, next string) error {
	user, err := h.store.SignInWechat(c.Ctx(), who)
	if err != nil {
		return err
	}
	if err := c.StartSession(seat, user.ID); err != nil {
		return err
	}
	return c.Redirect(next)
}

// refusedPage is for somebody who did not allow WeChat to say who they are.
type refusedPage struct {
	templates.Phone
	Empty templates.Empty
}

func (h *H5) refused(c *web.Context, seat web.Seat) error {
	return h.show(c, http.StatusOK, "session/refused", refusedPage{
		Phone: h.phone(c, "未登录", ""),
		Empty: templates.Empty{Icon: "brand-wechat", Title: "您没有同意授权", Text: "同意后才能确认您的身份。",
			Action: templates.Action{Label: "重新授权", URL: "/h5/session/" + url.PathEscape(string(seat)), Primary: true}},
	})
}

// miniSession signs in a page that the mini-program opened in its web-view, with
// a code of wx.login and, right after the resident allowed it, one of
// getPhoneNumber. Both work once, within five minutes. Where somebody else is
// signed in, they are asked first.
func (h *H5) miniSession(c *web.Context) error {
	who, err := h.wechat.IdentifyMini(c.Ctx(), c.Query("code"))
	if err != nil {
		return err
	}
	user, err := h.store.SignInWechat(c.Ctx(), who)
	if err != nil {
		return err
	}
	if code := c.Query("phone_code"); code != "" {
		if err := h.bindPhone(c, user.ID, code); err != nil {
			return err
		}
	}
	next := web.LocalPath(c.Query("next"), fronts[web.SeatResident])
	// The demonstration plays many people in one browser.
	if c.SignedIn() && c.User().ID != user.ID && !h.demo {
		return h.askChange(c, user.ID, next)
	}
	if err := c.StartSession(web.SeatResident, user.ID); err != nil {
		return err
	}
	return c.Redirect(next)
}

const (
	changeCookie = "change"
	changeLife   = 5 * time.Minute
)

// askChange asks before the session of somebody else is replaced: the address may
// be a link that a stranger made with a code of their own, so that whoever taps it
// goes on under the stranger's name. The code is spent by now; what it was good for
// waits in a cookie, and for the person's answer.
func (h *H5) askChange(c *web.Context, user core.ID, next string) error {
	token, _, err := c.NewToken(user)
	if err != nil {
		return err
	}
	c.Keep(changeCookie, token, changeLife)
	return h.show(c, http.StatusOK, "confirm/show", templates.PhoneConfirmPage{
		Phone: h.phone(c, "更换登录的人", ""),
		Confirm: templates.Confirm{
			Title: "换一个人登录？", Text: "这部手机上已经有另一位用户登录。如果不是您自己在小程序里打开了本页，请取消。",
			Action: "/h5/session/mini", CSRF: c.CSRF(), Keep: url.Values{"next": {next}}, Submit: "换人登录", Cancel: fronts[web.SeatResident],
		},
	})
}

// changeForm is what the answer to askChange sends.
type changeForm struct {
	Next string `form:"next" max:"300"`
}

// changeSession puts the session that waits in the place of the caller's.
func (h *H5) changeSession(c *web.Context) error {
	var form changeForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	token := c.Kept(changeCookie)
	c.Keep(changeCookie, "", 0)
	session, err := h.store.SessionByToken(c.Ctx(), token)
	if core.CodeOf(err) == core.CodeUnauthenticated || err == nil && session.Kind != core.SessionWechat {
		return core.Invalid("确认已超时，请从小程序重新打开")
	}
	if err != nil {
		return err
	}
	if err := h.store.EndSession(c.Ctx(), c.Session().ID); err != nil {
		return err
	}
	c.SetSessionCookie(web.SeatResident, token, session)
	return c.Redirect(web.LocalPath(form.Next, fronts[web.SeatResident]))
}

func (h *H5) endSession(c *web.Context) error {
	if err := c.EndSession(); err != nil {
		return err
	}
	return c.Redirect("/h5/session/" + string(web.SeatResident))
}
