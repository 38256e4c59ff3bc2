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
	}
}

// phoneBody is what the register has for the number: links to houses, each with its pass.
type phoneBody struct {
	Phone   string `json:"phone"` // masked
	Ties    int    `json:"ties"`
	Message string `json:"message"`
}

// phoneBind links the user to the person with the phone number verified by WeChat.
func (a *API) phoneBind(c *web.Context) error {
	var form codeForm
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
	ties, err := a.store.BindPhone(c.Ctx(), c.User().ID, phone)
	if err != nil {
		return err
	}
	body := phoneBody{Phone: core.MaskPhone(phone), Ties: ties, Message: "验证成功，您的通行证已生效"}
	if ties == 0 {
		body.Message = "这个手机号没有登记在册，请联系物业登记后再试"
	}
	return c.JSON(http.StatusOK, body)
}
