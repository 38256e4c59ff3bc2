package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// namePath is where somebody with a verified number states their name.
const namePath = "/h5/pass/name"

func (h *H5) wechatUserRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/phone", Access: web.WechatUser, Handler: h.phoneShow},
		{Method: http.MethodPost, Path: namePath, Access: web.Resident, Handler: h.nameConfirm, EachPerMinute: 10},
	}
}

// phonePage tells a user without a verified phone number what to do.
type phonePage struct {
	templates.Phone
	Empty templates.Empty
}

func (h *H5) phoneShow(c *web.Context) error {
	if c.User().Verified {
		return c.Redirect("/h5/pass")
	}
	page := phonePage{
		Phone: h.phone(c, "验证手机号", ""),
		Empty: templates.Empty{Icon: "device-mobile", Title: "请先验证手机号",
			Text: "在“通行”小程序里点“微信手机号一键验证”。验证后填写姓名，与物业的登记一致就立即得到通行证。"},
	}
	if h.demo { // there the mini-program is on the phones of the tour
		page.Empty.Text += "演示里的小程序在导览的手机上。"
		page.Empty.Action = templates.Action{Label: "打开导览", URL: "/demo", Primary: true}
	}
	return h.show(c, http.StatusOK, "phone/show", page)
}

// nameConfirm confirms the user's name by the register. A wrong name is answered like one of a number that nobody has.
func (h *H5) nameConfirm(c *web.Context) error {
	var form struct {
		Name string `form:"name" max:"64"`
	}
	wrong, ties := c.Bind(&form), 0
	if wrong == nil {
		ties, wrong = h.store.ConfirmName(c.Ctx(), c.User().ID, form.Name)
	}
	switch {
	case wrong == nil && ties > 0:
		c.Flash(web.FlashSuccess, "核对一致，您的通行证已生效。")
		return c.Redirect("/h5/pass")
	case wrong == nil:
		wrong = core.InvalidFields(map[string]string{"name": "没有找到姓名和手机号都一致的登记，请核对姓名，或申请认证"})
	case !core.IsInvalid(wrong) && !core.IsConflict(wrong):
		return wrong
	}
	page, err := h.passListPage(c)
	if err != nil {
		return err
	}
	page.Form.Set(c.Form(), web.FieldsOf(wrong))
	if len(web.FieldsOf(wrong)) == 0 {
		page.Form.Error = core.MessageOf(wrong)
	}
	return h.show(c, web.StatusOf(wrong), "pass/list", page)
}
