package api

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/handlers/wechaterror"
)

func (a *API) wechatUserRoutes() []web.Route {
	return []web.Route{
		// Each number costs a fee to WeChat.
		{Method: http.MethodPost, Path: "/api/v1/phone", Access: web.WechatUser, Handler: a.phoneBind, EachPerMinute: 10},
		{Method: http.MethodPost, Path: "/api/v1/name", Access: web.Resident, Handler: a.nameConfirm, EachPerMinute: 10},
	}
}

// phoneForm is a code with which WeChat tells the number, and, if the user states it, their name.
type phoneForm struct {
	Code string `json:"code" max:"512" required:"缺少微信给的 code"`
	Name string `json:"name" max:"64"`
}

// phoneBody is what the register has for number and name: homes, each with its pass.
type phoneBody struct {
	Phone   string `json:"phone"` // masked
	Ties    int    `json:"ties"`
	Message string `json:"message"`
}

// phoneBind notes the phone number verified by WeChat, and confirms the name if there is one.
func (a *API) phoneBind(c *web.Context) error {
	var form phoneForm
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	mini := a.miniOf(c)
	if mini == nil {
		return errNoMini
	}
	given, err := mini.PhoneNumber(c.Ctx(), form.Code)
	if err != nil {
		return wechaterror.ForPeople(err)
	}
	phone, err := core.NormalizeMobile(given)
	if err != nil {
		return err
	}
	ties, err := a.store.BindPhone(c.Ctx(), c.User().ID, phone, form.Name)
	if err != nil {
		return err
	}
	body := phoneBody{Phone: core.MaskPhone(phone), Ties: ties, Message: nameMessage(ties)}
	if ties == 0 && form.Name == "" {
		body.Message = "手机号已验证，请填写姓名"
	}
	return c.JSON(http.StatusOK, body)
}

// nameMessage describes what stating a name has led to, the same for a wrong one and for a number that nobody has.
func nameMessage(ties int) string {
	if ties == 0 {
		return "没有找到姓名和手机号都一致的登记，请核对姓名，或申请认证"
	}
	return "核对一致，您的通行证已生效"
}

// nameBody is what stating a name has led to.
type nameBody struct {
	Ties    int    `json:"ties"`
	Message string `json:"message"`
}

// nameConfirm confirms the user's name by the register.
func (a *API) nameConfirm(c *web.Context) error {
	var form struct {
		Name string `json:"name" max:"64"`
	}
	if err := c.BindJSON(&form); err != nil {
		return err
	}
	ties, err := a.store.ConfirmName(c.Ctx(), c.User().ID, form.Name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, nameBody{Ties: ties, Message: nameMessage(ties)})
}
