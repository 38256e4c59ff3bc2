package registry

import (
	"fmt"

	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

const signOutLabel = "退出该住户的微信登录"

func signOutText(r store.ResidentRow) string {
	return "“" + r.Name + "”在所有手机上退出登录，用于手机丢失。本人在微信里重新打开即可再登录。"
}

// residentSignOut ends a resident's sign-ins on every phone, after one was lost.
func (p *Pages) residentSignOut(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	r, err := p.Store.Resident(c.Ctx(), c.Scope(), id)
	if err != nil {
		return err
	}
	if !frame.Confirmed(c) {
		return p.Confirm(c, "resident", templates.Confirm{
			Title: signOutLabel + "？", Text: signOutText(r), Action: frame.ResidentURL(id) + "/signout",
			Submit: "退出微信登录", Cancel: frame.ResidentURL(id), Danger: true,
		})
	}
	ended, err := p.Store.EndResidentSessions(c.Ctx(), c.Actor(), c.Scope(), id)
	if err != nil {
		return err
	}
	words := fmt.Sprintf("已退出 %d 个微信登录。", ended)
	if ended == 0 {
		words = "该住户没有登录中的手机。"
	}
	c.Flash(web.FlashSuccess, words)
	return c.Redirect(frame.ResidentURL(id))
}
