package main

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/wechat"
)

// subscribeSender sends subscribe messages of the mini-program: each uses up a consent of its recipient.
type subscribeSender struct {
	mini *wechat.MiniProgram
	zone *time.Location
}

// send implements sender.
func (s subscribeSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	id, err := s.mini.SendSubscribe(ctx, wechat.SubscribeMessage{
		To: d.Address, Template: d.Template.ID, Page: d.MiniPage(), Fields: d.Template.Fill(d.Message, s.zone),
	})
	answer, code := wechatAnswer(d.Channel, err)
	return answer, code, id
}

// openSubscribe adds the channel of subscribe messages, if the configuration file has a mini-program with templates
// for them.
func (a *app) openSubscribe(
	wx *weChat, setup *core.MessageSetup, senders map[core.MessageChannel]sender,
) error {
	c := a.config.MiniProgram
	templates, err := configuredTemplates("mini_program.templates", c.Templates)
	if err != nil || c.AppID == "" || len(templates) == 0 {
		return err
	}
	mini := wx.Mini(c.AppID)
	if mini == nil || mini.AppID() != c.AppID { // its keys are wrong: the other channels tell
		return nil
	}
	setup.Mini = c.AppID
	setup.Templates[core.ChannelSubscribe] = templates
	senders[core.ChannelSubscribe] = subscribeSender{mini, a.store.Zone()}
	return nil
}

// subscribeIDs returns the templates for which the mini-program asks its user's consent, by the kind of message.
func subscribeIDs(setup core.MessageSetup) map[core.MessageKind]string {
	ids := map[core.MessageKind]string{}
	for kind, t := range setup.Templates[core.ChannelSubscribe] {
		if slices.Contains(kind.Type().Channels, core.ChannelSubscribe) {
			ids[kind] = t.ID
		}
	}
	return ids
}
