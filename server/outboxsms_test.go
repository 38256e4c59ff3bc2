package main

import (
	"errors"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	"tongxing/configs"
	"tongxing/core"
	"tongxing/sms"
	"tongxing/sms/simulator"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// Tencent Cloud's variables have no names: they are in the order of their numbers here, however many they are.
func TestVariablesAreInTheOrderOfTheirNumbers(t *testing.T) {
	names := []string{"v10", "v2", "when", "v1", "v11", "v9", "what"}
	slices.SortFunc(names, byNumber)
	if want := []string{"v1", "v2", "v9", "v10", "v11", "what", "when"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

// TestSMSSender: a message goes out by either provider, and each refusal has its answer.
func TestSMSSender(t *testing.T) {
	for _, provider := range []sms.Provider{sms.Tencent, sms.Alibaba} {
		account := simulator.Account{KeyID: "k", Secret: "s", Sign: "翠湖物业", AppID: "1400006666",
			Templates: []string{"SMS_123456789"}}
		sim := simulator.New(simulator.Options{Account: account, PerDay: 2})
		server := httptest.NewServer(sim)
		defer server.Close()
		client, err := sms.New(sms.Options{Provider: provider, KeyID: "k", Secret: "s", Sign: account.Sign,
			AppID: account.AppID, Base: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, template, err := core.ParseMessageTemplate("binding=SMS_123456789:v1=title;v2=time;v3=count")
		if err != nil {
			t.Fatal(err)
		}
		d := core.Dispatch{Address: "13800138000", Template: template}
		d.Kind = core.MessageReview
		d.Title, d.Events, d.Created = "新的设备登录", 2, time.Date(2026, 11, 29, 1, 2, 0, 0, time.UTC)
		send := func() (core.SendAnswer, string) {
			answer, code, id := smsSender{client, time.UTC}.send(t.Context(), d)
			if (answer == core.AnswerAccepted) != (id != "") {
				t.Errorf("%s: answer %d, id %q", provider, answer, id)
			}
			return answer, code
		}
		if answer, code := send(); answer != core.AnswerAccepted {
			t.Fatal(provider, answer, code)
		}
		want := []string{"2 条待审核，最早一条：新的设备登录", "2026-11-29 01:02", "2"}
		if got := sim.Sent("+8613800138000"); len(got) != 1 || !reflect.DeepEqual(got[0].Values, want) {
			t.Errorf("%s: arrived %+v, want %q", provider, got, want)
		}
		for name, c := range map[string]struct {
			fault *simulator.Fault
			want  core.SendAnswer
		}{
			"half an answer": {&simulator.Fault{Half: true, Times: 1}, core.AnswerUnsure},
			"502":            {&simulator.Fault{Status: 502, Times: 1}, core.AnswerUnsure},
			"not listed":     {&simulator.Fault{Code: "isv.SOMETHING_NEW", Times: 1}, core.AnswerOther},
			"busy":           {&simulator.Fault{Code: "isp.SYSTEM_ERROR", Times: 1}, busyAnswer[provider]},
		} {
			sim.InjectFault(c.fault)
			if answer, code := send(); answer != c.want {
				t.Errorf("%s: %s: answer %d (%s), want %d", provider, name, answer, code, c.want)
			}
		}
		if answer, _ := send(); answer != core.AnswerFull {
			t.Errorf("%s: the third of the day: answer %d", provider, answer)
		}
		sim.Reset()
		sim.Block("+8613800138000")
		if answer, _ := send(); answer != core.AnswerOptedOut {
			t.Errorf("%s: unsubscribed: answer %d", provider, answer)
		}
		d.Template.ID = "SMS_other"
		if answer, _ := send(); answer != core.AnswerBadID {
			t.Errorf("%s: another template: answer %d", provider, answer)
		}
		d.Address = "x"
		if answer, _ := send(); answer != core.AnswerBadBody {
			t.Errorf("%s: no number: answer %d", provider, answer)
		}
	}
	if answer, code := smsAnswer(errors.New("x")); answer != core.AnswerUnsent || code != "" {
		t.Errorf("an error of ours: %d, %q", answer, code)
	}
}

// busyAnswer is the answer to Alibaba Cloud's code of an own fault, which Tencent Cloud does not have.
var busyAnswer = map[sms.Provider]core.SendAnswer{sms.Alibaba: core.AnswerBusy, sms.Tencent: core.AnswerOther}

// TestSMSNeedsItsTemplates: a start without a template for what is sent by SMS is refused.
func TestSMSNeedsItsTemplates(t *testing.T) {
	const (
		binding = "binding=SMS_123456789:what=title"
		review  = "review=SMS_123456790:what=title"
		visit   = "visit_review=SMS_123456791:what=title"
		exit    = "exit_review=SMS_123456792:what=title"
	)
	for _, templates := range [][]string{
		nil, {binding, visit, exit}, {review, visit, exit}, {binding, review, exit}, {binding, review, visit},
		{binding, visit, exit, "review=SMS_123456790:what=nothing"}, {binding, visit, exit, "sign_in=SMS_123456790:what=title"},
	} {
		a := &app{config: configs.Default()}
		a.config.SMS = configs.SMS{Provider: "log", Templates: templates}
		setup := core.MessageSetup{Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{}}
		senders := map[core.MessageChannel]sender{}
		if err := a.openSMS(setup, senders); err == nil || len(senders) != 0 {
			t.Errorf("%q are taken", templates)
		}
	}
	a := &app{config: configs.Default(), log: hygiene.Logger(t), store: estate.Store(t, store.Options{})}
	a.config.SMS = configs.SMS{Provider: "log", Templates: []string{binding, review, visit, exit}}
	setup := core.MessageSetup{Templates: map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{}}
	if err := a.openSMS(setup, map[core.MessageChannel]sender{}); err != nil {
		t.Errorf("all that are needed: %v", err)
	}
}
