package account

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// meMessagePath is where an account chooses what WeChat tells it.
const meMessagePath = frame.MePath + "/message"

// messageForm returns the switches of 微信提醒: the kinds of messages that the account is sent.
func messageForm(csrf string, muted []core.MessageKind) *templates.Form {
	var on []string
	for _, kind := range core.MessageKinds() {
		if !slices.Contains(muted, kind) {
			on = append(on, string(kind))
		}
	}
	return &templates.Form{
		Action: meMessagePath, CSRF: csrf, Submit: "保存",
		Sections: []templates.Section{{Fields: []templates.Field{{
			Kind: templates.Checks, Name: "kinds", Label: "微信提醒", Values: on,
			Choices: templates.ChoicesOf("", core.MessageKinds(), core.MessageKind.Label),
			Help:    "不勾选的只在站内提醒里显示。",
		}}}},
	}
}

// meMessageUpdate saves the switches.
func (p *Pages) meMessageUpdate(c *web.Context) error {
	var form struct {
		Kinds []core.MessageKind `form:"kinds" max:"32"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	muted := slices.DeleteFunc(core.MessageKinds(), func(k core.MessageKind) bool { return slices.Contains(form.Kinds, k) })
	if err := p.Store.UpdateMuted(c.Ctx(), c.Account().ID, muted); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "微信提醒已保存。")
	return c.Redirect(frame.MePath)
}
