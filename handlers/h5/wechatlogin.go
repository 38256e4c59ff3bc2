package h5

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

func (h *H5) wechatLoginRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/login/:token", Access: web.WechatUser, Handler: h.askLogin},
		{Method: http.MethodPost, Path: "/h5/login/:token", Access: web.WechatUser, Handler: h.answerLogin, PerMinute: 20},
	}
}

// loginPage asks whoever scanned a QR of the console whether it is theirs.
type loginPage struct {
	templates.Phone
	Action string
	Facts  []templates.Fact
	Ask    string
	Codes  []string
	Empty  templates.Empty // instead of the question
}

func (h *H5) askLogin(c *web.Context) error {
	login, err := h.store.WechatLogin(c.Ctx(), c.Param("token"), c.User().ID)
	if err != nil {
		return err
	}
	page := loginPage{Phone: h.phone(c, "登录通行后台", login.Name), Action: "/h5/login/" + c.Param("token"), Ask: "电脑上显示的数字是哪一个？", Codes: choices(c.Param("token"), login.Code), Facts: []templates.Fact{
		{Label: "账号", Value: login.Name}, {Label: "电脑地址", Value: login.Addr}, {Label: "发起时间", Value: login.Begun.In(h.store.Zone()).Format("15:04:05")},
	}}
	if login.Account != 0 {
		page.Title = "绑定后台账号"
	}
	return h.show(c, http.StatusOK, "wechatlogin/show", page)
}

// choices are the right digits among two others, the same for the same QR.
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

func (h *H5) answerLogin(c *web.Context) error {
	var form struct {
		Code string `form:"code" max:"4"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	page := loginPage{Phone: h.phone(c, "登录通行后台", ""), Empty: templates.Empty{Icon: "circle-check", Title: "已确认", Text: "请看电脑上的页面。"}}
	if form.Code == "" {
		page.Empty = templates.Empty{Icon: "ban", Title: "已取消", Text: "没有登录，也没有绑定。"}
		if err := h.store.RefuseWechatLogin(c.Ctx(), c.Param("token")); err != nil {
			return err
		}
		return h.show(c, http.StatusOK, "wechatlogin/show", page)
	}
	by := core.Actor{Kind: core.ActorWechat, ID: c.User().ID, Name: "微信用户", Addr: c.Addr(), RequestID: c.RequestID()}
	if err := h.store.ApproveWechatLogin(c.Ctx(), by, c.Param("token"), form.Code); err != nil {
		return err
	}
	return h.show(c, http.StatusOK, "wechatlogin/show", page)
}
