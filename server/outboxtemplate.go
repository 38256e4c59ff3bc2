package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/wechat"
)

// templateSender sends template messages of the official accounts.
type templateSender struct {
	official  func(appID string) *wechat.OfficialAccount // nil = not in use any more
	via       func(appID, path string) string            // a page as an account leads to it
	publicURL string
	zone      *time.Location
}

// send implements sender.
func (s templateSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	official := s.official(d.AppID)
	if official == nil { // disabled since the message was claimed
		return core.AnswerUnsent, "", ""
	}
	id, err := official.SendTemplate(ctx, wechat.TemplateMessage{
		To: d.Address, Template: d.Template.ID, ID: d.Key,
		URL: s.publicURL + s.via(d.AppID, "/"+d.Path()), Fields: d.Template.Fill(d.Message, s.zone),
	})
	answer, code := wechatAnswer(d.Channel, err)
	return answer, code, id
}

// wechatAnswer returns what an error of the WeChat client means for a message.
func wechatAnswer(c core.MessageChannel, err error) (answer core.SendAnswer, code string) {
	var e *wechat.Error
	switch {
	case err == nil:
		return core.AnswerAccepted, ""
	case errors.Is(err, wechat.ErrInvalid):
		return core.AnswerBadBody, ""
	case wechat.MayHaveHappened(err):
		if errors.As(err, &e) {
			code = "HTTP " + strconv.Itoa(e.HTTP)
		}
		return core.AnswerUnsure, code
	case errors.As(err, &e) && e.HTTP == 0:
		return core.WechatAnswer(c, e.Code), strconv.Itoa(e.Code)
	}
	return core.AnswerUnsent, ""
}

// outboxChannels returns which channels this deployment has, and by which accounts they send, which may change at
// any time.
func (a *app) outboxChannels(wx *weChat) (func(context.Context) core.MessageSetup, map[core.MessageChannel]sender, error) {
	setup := core.MessageSetup{Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{}}
	senders := map[core.MessageChannel]sender{}
	subscribe, err := configuredTemplates("mini_program.templates", a.config.MiniProgram.Templates)
	if err != nil {
		return nil, nil, err
	}
	senders[core.ChannelSubscribe] = subscribeSender{wx.MiniProgram, a.store.Zone()}
	if err := a.openSMS(setup, senders); err != nil {
		return nil, nil, err
	}
	configured, err := configuredTemplates("official_account.templates", a.config.OfficialAccount.Templates)
	if err != nil {
		return nil, nil, err
	}
	senders[core.ChannelTemplate] = templateSender{wx.Official, wx.pageVia, a.publicURL, a.store.Zone()}
	senders[core.ChannelWeWork] = weworkSender{
		wx.corpApp, a.publicURL, a.store.Zone(), &memberPace{redis: a.cache}, a.store.Now,
	}
	setup.Open = openBy(senders)
	return func(ctx context.Context) core.MessageSetup {
		setup := setup
		setup.Officials, setup.Corps = wx.messageAccounts(ctx, configured), wx.messageCorps(ctx)
		setup.Minis = wx.messageMinis(ctx, subscribe)
		return setup
	}, senders, nil
}

// configuredTemplates reads the templates of a path of the configuration file, which are its account's.
func configuredTemplates(path string, texts []string) (map[core.MessageKind]core.MessageTemplate, error) {
	templates := map[core.MessageKind]core.MessageTemplate{}
	for _, text := range texts {
		kind, t, err := core.ParseMessageTemplate(text)
		if err != nil {
			return nil, fmt.Errorf("%s：%q：%s", path, text, core.MessageOf(err))
		}
		templates[kind] = t
	}
	return templates, nil
}

// messageAccounts returns the official accounts in use with their templates: those chosen in the console, and for
// kinds without a choice those of the configuration file, which belong to its account.
func (w *weChat) messageAccounts(
	ctx context.Context, configured map[core.MessageKind]core.MessageTemplate,
) (accounts []core.MessageAccount) {
	chosen := w.store.RecentWechatTemplates(ctx)
	for _, b := range w.apps(ctx) {
		if b.official == nil {
			continue
		}
		a := core.MessageAccount{App: b.App, Templates: map[core.MessageKind]core.MessageTemplate{}}
		if b.App.ID == 0 {
			maps.Copy(a.Templates, configured)
		}
		maps.Copy(a.Templates, chosen[b.App.AppID])
		accounts = append(accounts, a)
	}
	return accounts
}
