package main

import (
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/configs"
	"tongxing/core"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	subscribeApp      = "wx00000000000mini"
	subscribeTemplate = "template-of-an-outcome"
)

// A subscribe message goes out for each consent, fills the template, and opens the application; without a consent,
// or once the template is turned off, WeChat refuses it with the code that uses the consents up.
func TestSubscribeSender(t *testing.T) {
	sim := simulator.New(simulator.Options{Seed: simulator.Seed{
		Apps: []simulator.App{{
			AppID: subscribeApp, Secret: "secret-of-the-test", Type: simulator.MiniProgram, Name: "通行",
			Templates: []simulator.Template{{ID: subscribeTemplate, Title: "审核结果", Content: "结果：{{thing1.DATA}}\n时间：{{time2.DATA}}"}},
		}},
		People: []simulator.Person{{Key: "lin", Name: "林", Phone: "13900000001"}},
	}})
	web := httptest.NewServer(sim)
	defer web.Close()
	client := wechat.New(wechat.Options{APIBase: web.URL, LoopbackOnly: true})
	mini := client.MiniProgram(subscribeApp, "secret-of-the-test")
	_, template, err := core.ParseMessageTemplate("certification=" + subscribeTemplate + ":thing1=title;time2=time")
	if err != nil {
		t.Fatal(err)
	}
	d := core.Dispatch{AppID: subscribeApp, Address: sim.OpenID("lin", subscribeApp), Template: template}
	d.Kind, d.Channel, d.Link, d.Title = core.MessageCertification, core.ChannelSubscribe, "certification/77", "住户认证未通过：照片看不清"
	d.Events, d.Created = 1, time.Date(2026, 11, 29, 1, 2, 0, 0, time.UTC)
	send := func() (core.SendAnswer, string) {
		own := func(appID string) *wechat.MiniProgram {
			if appID == subscribeApp {
				return mini
			}
			return nil
		}
		answer, code, _ := subscribeSender{own, time.UTC}.send(t.Context(), d)
		return answer, code
	}
	if answer, code := send(); answer != core.AnswerNoGrant || code != "43101" {
		t.Errorf("without a consent: answer %d (%s)", answer, code)
	}
	sim.Grant("lin", subscribeApp, subscribeTemplate, 1)
	if answer, code := send(); answer != core.AnswerAccepted {
		t.Fatalf("with one: answer %d (%s)", answer, code)
	}
	got := sim.SentMessages("lin")
	if len(got) != 1 || got[0].MiniPath != "pages/certification/certification?id=77" || len(got[0].Lines) != 2 ||
		got[0].Lines[0].Value != "住户认证未通过：照片看不清" {
		t.Errorf("arrived: %+v", got)
	}
	if answer, _ := send(); answer != core.AnswerNoGrant {
		t.Errorf("a consent is good for one: answer %d", answer)
	}
	d.AppID = "wx00000000000gone"
	if answer, _ := send(); answer != core.AnswerUnsent {
		t.Errorf("a mini-program that is not in use any more: answer %d", answer)
	}
}

// The configuration takes a template for every kind of message, and refuses one for what is no kind.
func TestConfiguredTemplates(t *testing.T) {
	for _, kind := range core.MessageKinds() {
		text := string(kind) + "=ABCDEF123456:thing1=title"
		for _, name := range []string{"MINI_PROGRAM_TEMPLATES", "SMS_TEMPLATES"} {
			if _, err := configs.Load(configs.Options{Environ: []string{configs.EnvPrefix + name + "=" + text}}); err != nil {
				t.Errorf("%s=%s: %v", name, text, err)
			}
		}
		if got, err := configuredTemplates("x", []string{text}); err != nil || got[kind].ID != "ABCDEF123456" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	if _, err := configuredTemplates("mini_program.templates", []string{"nothing=ABCDEF123456:thing1=title"}); err == nil {
		t.Error("a template for no kind")
	}
}

// Who writes a configuration file reads in it for which kinds a template may be set.
func TestTheSampleNamesEveryKindOfAChannel(t *testing.T) {
	text, err := os.ReadFile("../configs/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`[a-z_]+`)
	for section, channel := range map[string]core.MessageChannel{
		"official_account": core.ChannelTemplate, "mini_program": core.ChannelSubscribe, "sms": core.ChannelSMS,
	} {
		_, found, _ := strings.Cut(string(text), "\n"+section+":\n")
		found, _, _ = strings.Cut(found, "\n\n")
		named := words.FindAllString(found, -1)
		for _, kind := range core.MessageTypes {
			has := slices.Contains(kind.Channels, channel) || slices.Contains(kind.Asked, channel)
			if has && !slices.Contains(named, string(kind.Kind)) {
				t.Errorf("%s does not name %s", section, kind.Kind)
			}
		}
	}
}
