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

// messageMinis returns the mini-programs in use, whose users get subscribe messages, with their templates: those chosen in
// the console, and for kinds without a choice those of the configuration file, which belong to its mini-program.
func (w *weChat) messageMinis(
	ctx context.Context, configured map[core.MessageKind]core.MessageTemplate,
) (minis []core.MessageAccount) {
	chosen := w.store.RecentWechatTemplates(ctx)
	for _, b := range w.apps(ctx) {
		if b.mini == nil {
			continue
		}
		a := core.MessageAccount{App: b.App, Templates: map[core.MessageKind]core.MessageTemplate{}}
		if b.App.ID == 0 {
			maps.Copy(a.Templates, configured)
		}
		maps.Copy(a.Templates, chosen[b.App.AppID])
		minis = append(minis, a)
	}
	return minis
}

// subscribeIDs returns the templates for which a mini-program asks its user's consent, by the kind of message.
func subscribeIDs(setup core.MessageSetup, appID string) map[core.MessageKind]string {
	ids := map[core.MessageKind]string{}
	for _, mini := range setup.Minis {
		for kind, t := range mini.Templates {
			if mini.App.AppID == appID && slices.Contains(kind.Type().Channels, core.ChannelSubscribe) {
				ids[kind] = t.ID
			}
		}
	}
	return ids
}
