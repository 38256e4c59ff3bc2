package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/wechat"
)

// subscribeSender sends subscribe messages of the mini-program: each uses up a consent of its recipient.
type subscribeSender struct {
	mini func(appID string) *wechat.MiniProgram // nil = not in use any more
	zone *time.Location
}

// send implements sender.
func (s subscribeSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	mini := s.mini(d.AppID)
	if mini == nil { // disabled since the message was claimed
		return core.AnswerUnsent, "", ""
	}
	id, err := mini.SendSubscribe(ctx, wechat.SubscribeMessage{
		To: d.Address, Template: d.Template.ID, Page: d.MiniPage(), Fields: d.Template.Fill(d.Message, s.zone),
	})
	answer, code := wechatAnswer(d.Channel, err)
	return answer, code, id
}

// messageMini returns the mini-program of all communities, whose users get subscribe messages, with its templates:
// those chosen in the console, and for kinds without a choice those of the configuration file, which belong to its
// mini-program. "" = there is none.
func (w *weChat) messageMini(
	ctx context.Context, configured map[core.MessageKind]core.MessageTemplate,
) (appID string, templates map[core.MessageKind]core.MessageTemplate) {
	b := w.of(ctx, core.WechatMini, 0)
	if b == nil {
		return "", nil
	}
	templates = map[core.MessageKind]core.MessageTemplate{}
	if b.App.ID == 0 {
		maps.Copy(templates, configured)
	}
	maps.Copy(templates, w.store.RecentWechatTemplates(ctx)[b.App.AppID])
	return b.App.AppID, templates
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
