package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/wechat"
)

// templateSender sends template messages of the official account.
type templateSender struct {
	official  *wechat.OfficialAccount
	publicURL string
	zone      *time.Location
}

// send implements sender.
func (s templateSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	id, err := s.official.SendTemplate(ctx, wechat.TemplateMessage{
		To: d.Address, Template: d.Template.ID, ID: d.Key,
		URL: s.publicURL + "/console/" + d.Link, Fields: d.Template.Fill(d.Message, s.zone),
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

// outboxChannels returns which channels this deployment has.
func (a *app) outboxChannels(wx *weChat) (core.MessageSetup, map[core.MessageChannel]sender, error) {
	setup := core.MessageSetup{Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{}}
	senders := map[core.MessageChannel]sender{}
	if mini := wx.Mini(""); mini != nil {
		setup.Mini = mini.AppID()
	}
	if err := a.openSMS(setup, senders); err != nil {
		return setup, nil, err
	}
	// The templates are the configuration file's account's.
	configured, ok := wx.Account(context.Background(), 0)
	if !ok {
		return setup, senders, nil
	}
	official := configured.Official
	setup.Official = official.AppID()
	templates := map[core.MessageKind]core.MessageTemplate{}
	for _, text := range a.config.OfficialAccount.Templates {
		kind, t, err := core.ParseMessageTemplate(text)
		if err != nil {
			return setup, nil, fmt.Errorf("official_account.templates：%q：%s", text, core.MessageOf(err))
		}
		templates[kind] = t
	}
	setup.Templates[core.ChannelTemplate] = templates
	senders[core.ChannelTemplate] = templateSender{official, a.publicURL, a.store.Zone()}
	return setup, senders, nil
}
