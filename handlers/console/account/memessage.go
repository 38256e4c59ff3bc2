package account

import (
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// meMessagePath is where an account chooses what WeChat tells it.
const meMessagePath = frame.MePath + "/message"

// messageForm returns the switches of 消息提醒: the kinds of messages that the account is sent, and when those that may come
// in a flood.
func messageForm(csrf string, told store.Preference) *templates.Form {
	var on []string
	for _, kind := range core.ChoosableKinds() {
		if !slices.Contains(told.Muted, kind) {
			on = append(on, string(kind))
		}
	}
	return &templates.Form{
		Action: meMessagePath, CSRF: csrf, Submit: "保存",
		Sections: []templates.Section{{Fields: []templates.Field{{
			Kind: templates.Checks, Name: "kinds", Label: "消息提醒", Values: on,
			Choices: templates.ChoicesOf("", core.ChoosableKinds(), core.MessageKind.Label),
			Help:    "不勾选的只在站内提醒里显示。",
		}, {
			Kind: templates.Select, Name: "digest", Label: "合并发送", Value: string(told.Digest),
			Choices: templates.ChoicesOf("", core.MessageDigests(), core.MessageDigest.Label),
			Help:    digestHelp(),
		}, {
			Kind: templates.Select, Name: "first", Label: "首选渠道", Value: string(told.First),
			Choices: templates.ChoicesOf("", core.FirstChannels(core.ToAccount), core.MessageChannel.FirstLabel),
			Help:    "先用这个渠道，发不到再用其他的。不是每种消息都有短信。",
		}}}},
	}
}

// digestHelp names the kinds that a digest has.
func digestHelp() string {
	var kinds []string
	for _, t := range core.MessageTypes {
		if t.Merge > 0 {
			kinds = append(kinds, "“"+t.Label+"”")
		}
	}
	return strings.Join(kinds, "") + "到时间合并成一条，写明共几条，每个小区一条；夜间免打扰时到早上再发。其他提醒不等。"
}

// meMessageUpdate saves the switches.
func (p *Pages) meMessageUpdate(c *web.Context) error {
	var form struct {
		Kinds  []core.MessageKind  `form:"kinds" max:"32"`
		Digest core.MessageDigest  `form:"digest" max:"16"`
		First  core.MessageChannel `form:"first" max:"16"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	muted := slices.DeleteFunc(core.ChoosableKinds(), func(k core.MessageKind) bool { return slices.Contains(form.Kinds, k) })
	if err := p.Store.UpdateToldOf(c.Ctx(), c.Account().ID, store.Told{Muted: muted, Digest: form.Digest, First: form.First}); err != nil {
		return err
	}
	c.Flash(web.FlashSuccess, "消息提醒已保存。")
	return c.Redirect(frame.MePath)
}
