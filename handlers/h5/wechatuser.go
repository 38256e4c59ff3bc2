package h5

import (
	"net/http"

	"tongxing/handlers/web"
	"tongxing/templates"
)

func (h *H5) wechatUserRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/phone", Access: web.WechatUser, Handler: h.phoneShow},
	}
}

// phonePage tells a user without a verified phone number what to do.
type phonePage struct {
	templates.Phone
	Empty templates.Empty
}

func (h *H5) phoneShow(c *web.Context) error {
	if c.User().Person != 0 {
		return c.Redirect("/h5/pass")
	}
	return h.show(c, http.StatusOK, "phone/show", phonePage{
		Phone: h.phone(c, "验证手机号", ""),
		Empty: templates.Empty{Icon: "device-mobile", Title: "请先验证手机号",
			Text: "在“通行”小程序里点“微信手机号一键验证”。验证后，物业登记在册的住户会立即得到通行证。"},
	})
}
