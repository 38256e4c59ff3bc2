package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/h5"
	"tongxing/sms"
)

// smsSender sends text messages.
type smsSender struct {
	sms  sms.Sender
	zone *time.Location
}

// send implements sender.
func (s smsSender) send(ctx context.Context, d core.Dispatch) (core.SendAnswer, string, string) {
	m := sms.Message{Phone: d.Address, Template: d.Template.ID}
	for name, part := range d.Template.Fields {
		m.Values = append(m.Values, sms.Value{Name: name, Text: d.Part(part, s.zone)})
	}
	slices.SortFunc(m.Values, func(a, b sms.Value) int { return byNumber(a.Name, b.Name) })
	id, err := s.sms.Send(ctx, m)
	answer, code := smsAnswer(err)
	return answer, code, id
}

// byNumber compares names of variables: v10 is after v9.
func byNumber(a, b string) int {
	name := func(v string) string { return strings.TrimRight(v, "0123456789") }
	if name(a) == name(b) {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

// smsAnswers are what the SMS client's actions mean for a message.
var smsAnswers = map[sms.Action]core.SendAnswer{
	sms.ActionNone: core.AnswerAccepted, sms.ActionSlow: core.AnswerTooMany, // Of this phone, as a rule: the others are still sent to.
	sms.ActionTomorrow: core.AnswerNoQuota, sms.ActionFull: core.AnswerFull,
	sms.ActionOptOut: core.AnswerOptedOut, sms.ActionUnknown: core.AnswerBadTo, sms.ActionKeys: core.AnswerBadSecret,
	sms.ActionTemplate: core.AnswerBadID, sms.ActionAlarm: core.AnswerNoRight, sms.ActionFault: core.AnswerBadBody,
	sms.ActionOther: core.AnswerOther,
}

// smsAnswer returns what an error of the SMS client means for a message.
func smsAnswer(err error) (answer core.SendAnswer, code string) {
	code = sms.CodeOf(err)
	switch action := sms.ActionOf(err); {
	case sms.MayHaveHappened(err):
		return core.AnswerUnsure, code
	case action == sms.ActionRetry && code != "":
		return core.AnswerBusy, code
	case action == sms.ActionRetry:
		return core.AnswerUnsent, code
	default:
		return smsAnswers[action], code
	}
}

// openSMS adds the channel of text messages, if there is a provider.
func (a *app) openSMS(setup core.MessageSetup, senders map[core.MessageChannel]sender) error {
	c := a.config.SMS
	if c.Provider == "" {
		return nil
	}
	templates, err := configuredTemplates("sms.templates", c.Templates)
	if err != nil {
		return err
	}
	for _, kind := range core.MessageKinds() {
		if _, has := templates[kind]; !has && slices.Contains(kind.Type().Channels, core.ChannelSMS) {
			return fmt.Errorf("sms.templates：缺少“%s”（%s）的短信模板", kind.Type().Label, kind)
		}
	}
	s, err := a.newSMS()
	if err != nil {
		return err
	}
	setup.Templates[core.ChannelSMS] = templates
	senders[core.ChannelSMS] = smsSender{s, a.store.Zone()}
	return nil
}

// newSMS returns the client of the provider.
func (a *app) newSMS() (sms.Sender, error) {
	c := a.config.SMS
	return sms.New(sms.Options{
		Provider: sms.Provider(c.Provider), KeyID: c.KeyID, Secret: c.Secret.Reveal(), Sign: c.Sign, AppID: c.AppID, Region: c.Region,
		Log: a.log,
	})
}

// codeSender sends visitors' codes at once: they wait for them.
type codeSender struct {
	sms                sms.Sender
	template, variable string
}

// codeSender returns who sends codes; nil if there is no template. What only writes to the log sends none that anybody could enter:
// outside the demonstration, whose page shows the code, it counts as none.
func (a *app) codeSender() (h5.CodeSender, error) {
	c := a.config.SMS
	if c.Provider == "" || c.CodeTemplate == "" || c.Provider == string(sms.Log) && !a.mode.demo {
		return nil, nil
	}
	s, err := a.newSMS()
	if err != nil {
		return nil, err
	}
	template, variable, _ := strings.Cut(c.CodeTemplate, ":")
	return codeSender{s, template, variable}, nil
}

// codeTimeout bounds the wait of a visitor's page for the provider.
const codeTimeout = 8 * time.Second

// SendCode implements h5.CodeSender.
func (s codeSender) SendCode(ctx context.Context, phone, code string) error {
	ctx, cancel := context.WithTimeout(ctx, codeTimeout)
	defer cancel()
	_, err := s.sms.Send(ctx, sms.Message{Phone: phone, Template: s.template, Values: []sms.Value{{Name: s.variable, Text: code}}})
	return err
}
