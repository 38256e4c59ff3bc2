package h5

import (
	"net/http"
	"regexp"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (h *H5) bindTicketRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/bind/:scene", Access: web.Public, Handler: h.bindTicketAsk, PerMinute: 60},
		{Method: http.MethodPost, Path: "/h5/bind/:scene", Access: web.Public, Handler: h.bindTicketAnswer, PerMinute: 20},
	}
}

var sceneForm = regexp.MustCompile(`^bind_[0-9a-f]{32}$`)

// bindScan identifies the WeChat user who scanned a QR code; done reports whether the phone was
// redirected to WeChat for that.
func (h *H5) bindScan(c *web.Context) (scan store.BindScan, done bool, err error) {
	scan.Scene, scan.NoMini = c.Param("scene"), !h.wechat.VerifiesPhones()
	if !sceneForm.MatchString(scan.Scene) {
		return scan, false, core.NotFound("二维码已失效，请重新获取")
	}
	scan.User, done, err = h.proveForPage(c, "/h5/bind/"+scan.Scene)
	return scan, done, err
}

// bindMenus are the menu entries that a guard and an observer open afterwards. Of an account it is what it is
// bound for.
var bindMenus = map[string]string{core.BindGuard: "门岗", core.BindObserver: "观察员", core.BindAccount: "后台账号"}

// bindTicketAsk asks the person who scanned the QR code of a guard, an observer or an account for the digits
// beside it.
func (h *H5) bindTicketAsk(c *web.Context) error {
	scan, done, err := h.bindScan(c)
	if err != nil || done {
		return err
	}
	q, err := h.store.BindQuestion(c.Ctx(), scan)
	if err != nil {
		return err
	}
	menu, path := bindMenus[q.Kind], "/h5/bind/"+scan.Scene
	page := loginPage{Phone: h.phone(c, "绑定微信", menu), Action: path}
	switch {
	case q.State == core.BindDone:
		page.Empty = templates.Empty{Icon: "circle-check", Title: "已绑定", Text: "在公众号里点菜单“" + menu + "”即可使用。"}
		if q.Kind == core.BindAccount {
			page.Empty.Text = "有申请等待审核时，公众号会发消息提醒您，点开就能审核。也可以用微信扫码登录后台。"
		}
	case q.State == core.BindRefused:
		page.Empty = templates.Empty{Icon: "ban", Title: "已取消", Text: "没有绑定。如需绑定，请物业刷新二维码。"}
	case q.NeedPhone:
		page.Empty = templates.Empty{Icon: "device-mobile", Title: "请先验证手机号", Text: "在“通行”小程序里点“微信手机号一键验证”，再回到本页继续。",
			Action: templates.Action{Label: "已验证，继续", URL: path, Primary: true}}
	default:
		page.Ask, page.Codes = "电脑上显示的数字是哪一个？", choices(scan.Scene, q.Code)
		page.Facts = []templates.Fact{
			{Label: menu, Value: q.Name}, {Label: "您的微信", Value: core.WechatLabel(q.Phone)},
			{Label: "生成时间", Value: q.Begun.In(h.store.Zone()).Format("15:04:05")},
		}
	}
	return h.show(c, http.StatusOK, "wechatlogin/show", page)
}

// bindTicketAnswer handles the answer and redirects to the page that asked, which shows the result.
func (h *H5) bindTicketAnswer(c *web.Context) error {
	scan, done, err := h.bindScan(c)
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
		err = h.store.RefuseBindTicket(c.Ctx(), scan.Scene)
	} else {
		by := core.Actor{Kind: core.ActorWechat, ID: scan.User, Name: "微信用户", Addr: c.Addr(), RequestID: c.RequestID()}
		err = h.store.ApproveBindTicket(c.Ctx(), by, scan, form.Code)
	}
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	return c.Redirect("/h5/bind/" + scan.Scene)
}
