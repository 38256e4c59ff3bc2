package api

import (
	"net/http"
	"regexp"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
	"tongxing/wechat"
)

func (a *API) sessionRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: "/api/v1/session", Access: web.Public, Handler: a.sessionStart},
		{Method: http.MethodGet, Path: "/api/v1/session", Access: web.WechatUser, Handler: a.sessionShow},
		{Method: http.MethodDelete, Path: "/api/v1/session", Access: web.WechatUser, Handler: a.sessionEnd},
	}
}

// codeForm is a single-use code of WeChat.
type codeForm struct {
	Code string `json:"code" max:"512" required:"缺少微信给的 code"`
}

// sessionBody is a new session: the only response that contains its token.
type sessionBody struct {
	Token   string   `json:"token"`
	Expires string   `json:"expires_at"`
	User    userBody `json:"user"`
}

type userBody struct {
	ID            core.ID `json:"id"`
	PhoneVerified bool    `json:"phone_verified"`
}

func userOf(u core.WechatUser) userBody { return userBody{ID: u.ID, PhoneVerified: u.Verified} }

// callerApp matches the Referer that WeChat adds to a mini-program's requests, with its app id; see
// https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
var callerApp = regexp.MustCompile(`^https://servicewechat\.com/(wx[0-9a-f]{16})/`)

// miniOf returns the mini-program that sends a request: a deployment may have several, and a code is good for
// the one that it was made in.
func (a *API) miniOf(c *web.Context) *wechat.MiniProgram {
	appID := ""
	if found := callerApp.FindStringSubmatch(c.Request().Referer()); found != nil {
		appID = found[1]
	}
	return a.mini(appID)
}

// subscribeTemplates returns the templates of kinds, at most three, which WeChat shows in one question, for which the
// mini-program of a request asks its user's consent: each mini-program has its own.
func (a *API) subscribeTemplates(c *web.Context, kinds ...core.MessageKind) []string {
	templates := []string{}
	mini := a.miniOf(c)
	if mini == nil {
		return templates
	}
	ids := a.subscribe(c.Ctx(), mini.AppID())
	for _, kind := range kinds {
		if id := ids[kind]; id != "" && !slices.Contains(templates, id) {
			templates = append(templates, id)
		}
	}
	return templates
}

// sessionStart exchanges a code of wx.login for a bearer token.
func (a *API) sessionStart(c *web.Context) error {
	var form codeForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	mini := a.miniOf(c)
	if mini == nil {
		return errNoMini
	}
	login, err := mini.Login(c.Ctx(), form.Code)
	if err != nil {
		return wechaterror.ForPeople(err)
	}
	if callerApp.MatchString(c.Request().Referer()) {
		if err := a.store.NoteMiniCalled(c.Ctx(), mini.AppID()); err != nil {
			c.Shortfall("note that a mini-program calls", err)
		}
	}
	user, err := a.store.SignInWechat(c.Ctx(), core.WechatIdentity{AppID: mini.AppID(), OpenID: login.OpenID, UnionID: login.UnionID})
	if err != nil {
		return err
	}
	token, session, err := c.NewToken(user.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, sessionBody{Token: token, Expires: a.moment(session.Expires), User: userOf(user)})
}

// sessionShow returns whose token it is.
func (a *API) sessionShow(c *web.Context) error {
	return c.JSON(http.StatusOK, struct {
		Expires string   `json:"expires_at"`
		User    userBody `json:"user"`
	}{a.moment(c.Session().Expires), userOf(c.User())})
}

func (a *API) sessionEnd(c *web.Context) error {
	if err := c.EndSession(); err != nil {
		return err
	}
	return c.NoContent()
}
