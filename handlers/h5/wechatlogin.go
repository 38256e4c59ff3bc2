package h5

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (h *H5) wechatLoginRoutes() []web.Route {
	return []web.Route{
		// This browser's session is not required, and would not be accepted: see proveForPage.
		{Method: http.MethodGet, Path: "/h5/login/:token", Access: web.Public, Handler: h.loginAsk, PerMinute: 60},
		{Method: http.MethodPost, Path: "/h5/login/:token", Access: web.Public, Handler: h.loginAnswer, PerMinute: 20},
	}
}

// loginPage asks the person who scanned a QR code of the console whether the request is theirs.
type loginPage struct {
	templates.Phone
	Action  string
	Warning string
	Facts   []templates.Fact
	Ask     string
	Codes   []string
	Empty   templates.Empty // instead of the question
}

// loginPath returns the path of the page that a console's QR code leads to.
func loginPath(c *web.Context) (path string, err error) {
	if token := c.Param("token"); store.TokenForm(token) {
		return "/h5/login/" + token, nil
	}
	return "", core.NotFound("二维码已失效，请在电脑上刷新二维码")
}

func (h *H5) loginAsk(c *web.Context) error {
	path, err := loginPath(c)
	if err != nil {
		return err
	}
	user, done, err := h.proveForPage(c, path)
	if err != nil || done {
		return err
	}
	login, err := h.store.WechatLogin(c.Ctx(), c.Param("token"), user)
	if err != nil {
		return err
	}
	page := loginPage{Phone: h.phone(c, "登录通行后台", login.Name), Action: path}
	if login.Binds {
		page.Title = "绑定后台账号"
	}
	switch login.State {
	case core.WechatLoginApproved:
		page.Empty = templates.Empty{Icon: "circle-check", Title: "已确认", Text: "请看电脑上的页面。"}
	case core.WechatLoginRefused:
		page.Empty = templates.Empty{Icon: "ban", Title: "已取消", Text: "没有登录，也没有绑定。"}
	default:
		err = h.loginQuestion(c, &page, login, user)
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "wechatlogin/show", page)
}

// loginQuestion fills in whose account, which WeChat, and which browser is asking.
func (h *H5) loginQuestion(c *web.Context, page *loginPage, login core.WechatLogin, user core.ID) error {
	phone, err := h.store.WechatPhone(c.Ctx(), user)
	if err != nil {
		return err
	}
	page.Ask, page.Codes = "电脑上显示的数字是哪一个？", choices(c.Param("token"), login.Code)
	page.Facts = []templates.Fact{
		{Label: "账号", Value: login.Name}, {Label: "您的微信", Value: core.WechatLabel(phone)},
		{Label: "电脑", Value: core.AgentLabel(login.Agent)},
		{Label: "电脑地址", Value: login.Addr}, {Label: "发起时间", Value: login.Begun.In(h.store.Zone()).Format("15:04:05")},
	}
	if login.NewAddr {
		page.Warning = "从未在此地址登录过。如果不是您本人在电脑前操作，请取消。"
	}
	return nil
}

// choices returns the right digits among two others, always the same for one QR code.
func choices(token, code string) []string {
	sum := sha256.Sum256([]byte(token))
	found := []string{code}
	for i := 0; len(found) < 3; i++ {
		if other := fmt.Sprint(10 + int(sum[i])%90); !slices.Contains(found, other) {
			found = append(found, other)
		}
	}
	slices.Sort(found)
	return found
}

// loginAnswer handles the answer. The page that asked shows the result, also if the same answer
// comes twice.
func (h *H5) loginAnswer(c *web.Context) error {
	path, err := loginPath(c)
	if err != nil {
		return err
	}
	user, done, err := h.proveForPage(c, path)
	if err != nil || done {
		return err
	}
	var form struct {
		Code string `form:"code" max:"4"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Code == "" {
		err = h.store.RefuseWechatLogin(c.Ctx(), c.Param("token"))
	} else {
		by := core.Actor{Kind: core.ActorWechat, ID: user, Name: "微信用户", Addr: c.Addr(), RequestID: c.RequestID()}
		err = h.store.ApproveWechatLogin(c.Ctx(), by, c.Param("token"), form.Code)
	}
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	return c.Redirect(path)
}
