package wechat_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// subscribe sends a message of the mini-program.
func (w *world) subscribe(person, page string, fields map[string]string) (string, error) {
	return w.mini.SendSubscribe(w.t.Context(), wechat.SubscribeMessage{
		To: w.sim.OpenID(person, miniApp), Template: template, Page: page, Fields: fields,
	})
}

var message = map[string]string{"thing1": "张三", "time2": "2026-11-20 12:00"}

// TestSubscribeMessage: an acceptance pays for one message; what people answer and what became of a
// message is heard, in both formats.
func TestSubscribeMessage(t *testing.T) {
	for _, json := range []bool{false, true} {
		t.Run(fmt.Sprintf("JSON %t", json), func(t *testing.T) {
			w := newWorldWith(t, json)
			if _, err := w.subscribe("zhang", "", message); wechat.CodeOf(err) != 43101 {
				t.Errorf("without a grant: %v", err)
			}
			if err := w.sim.AnswerPrompt("zhang", miniApp, map[string]bool{template: true, "other": false}); err != nil {
				t.Fatal(err)
			}
			want := []wechat.Subscription{{Template: "other"}, {Template: template, Accepted: true}}
			if events := w.heard(); len(events) != 1 || events[0].Name != "subscribe_msg_popup_event" ||
				events[0].FromUser != w.sim.OpenID("zhang", miniApp) || !reflect.DeepEqual(events[0].Subscriptions, want) {
				t.Errorf("the answer is heard as %+v", events)
			}
			id, err := w.subscribe("zhang", "pages/pass?id=1", map[string]string{"thing1": strings.Repeat("张\n",
				30), "time2": "12:00"})
			if err != nil || id == "" {
				t.Fatal(id, err)
			}
			sent := []wechat.Subscription{{Template: template, MsgID: id}}
			if events := w.heard(); len(events) != 1 || events[0].Name != "subscribe_msg_sent_event" ||
				!reflect.DeepEqual(events[0].Subscriptions, sent) {
				t.Errorf("the delivery is heard as %+v", events)
			}
			if _, err := w.subscribe("zhang", "", message); wechat.CodeOf(err) != 43101 {
				t.Errorf("a second message for one grant: %v", err)
			}
			if got := w.sim.SentMessages("zhang"); len(got) != 1 || got[0].MiniPath != "pages/pass?id=1" ||
				len([]rune(got[0].Lines[0].Value)) != 20 {
				t.Errorf("arrived: %+v", got)
			}
		})
	}
}

// TestSubscribeSwitch: a template that is turned off is refused whatever was paid for.
func TestSubscribeSwitch(t *testing.T) {
	w := newWorldWith(t, true)
	w.sim.Grant("zhang", miniApp, template, 2)
	for _, on := range []bool{false, true} {
		if err := w.sim.SwitchTemplate("zhang", miniApp, template, on); err != nil {
			t.Fatal(err)
		}
		want := []wechat.Subscription{{Template: template, Accepted: on}}
		if events := w.heard(); len(events) != 1 || events[0].Name != "subscribe_msg_change_event" ||
			!reflect.DeepEqual(events[0].Subscriptions, want) {
			t.Errorf("on %t is heard as %+v", on, events)
		}
		if _, err := w.subscribe("zhang", "", message); (err == nil) != on {
			t.Errorf("on %t: %v", on, err)
		}
	}
}

func TestSubscribeErrors(t *testing.T) {
	w := newWorld(t)
	w.sim.Grant("zhang", miniApp, template, 9)
	ctx, to := t.Context(), w.sim.OpenID("zhang", miniApp)
	for name, c := range map[string]struct {
		message wechat.SubscribeMessage
		code    int
	}{
		"another template": {wechat.SubscribeMessage{To: to, Template: "x", Fields: message}, 40037},
		"another account's person": {wechat.SubscribeMessage{To: w.sim.OpenID("zhang", officialApp),
			Template: template, Fields: message},
			40003},
		"a field too many": {wechat.SubscribeMessage{To: to, Template: template, Fields: map[string]string{"thing9": "x"}},
			47003},
		"a page with a slash": {wechat.SubscribeMessage{To: to, Template: template, Page: "/pages/x", Fields: message},
			41030},
	} {
		if _, err := w.mini.SendSubscribe(ctx, c.message); wechat.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	calls := w.calls("/cgi-bin/message/subscribe/send")
	for _, m := range []wechat.SubscribeMessage{
		{Template: template, Fields: message}, {To: to, Fields: message}, {To: to, Template: template},
		{To: to, Template: template, Fields: map[string]string{"thing1": " \n"}},
	} {
		if _, err := w.mini.SendSubscribe(ctx, m); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%+v: %v", m, err)
		}
	}
	if again := w.calls("/cgi-bin/message/subscribe/send"); again != calls {
		t.Errorf("%d calls that the platform would refuse", again-calls)
	}
}

// TestTemplates: both kinds of accounts take templates from the library, list and drop them, up to 25.
func TestTemplates(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for name, account := range map[string]struct {
		add     func() (string, error)
		list    func() ([]wechat.Template, error)
		drop    func(string) error
		full    int
		missing int
	}{
		"official account": {
			func() (string, error) {
				return w.official.AddTemplate(ctx, "2102", []string{"审核结果", "审核事项"})
			},
			func() ([]wechat.Template, error) { return w.official.Templates(ctx) },
			func(id string) error { return w.official.DeleteTemplate(ctx, id) }, 45026, 40037,
		},
		"mini-program": {
			func() (string, error) { return w.mini.AddTemplate(ctx, "2102", []int{2, 1}, "审核提醒") },
			func() ([]wechat.Template, error) { return w.mini.Templates(ctx) },
			func(id string) error { return w.mini.DeleteTemplate(ctx, id) }, 200012, 20001,
		},
	} {
		id, err := account.add()
		if err != nil {
			t.Fatal(name, err)
		}
		want := wechat.Template{ID: id, Title: "审核结果通知", Example: "审核结果：示例\n审核事项：示例",
			Fields: []wechat.TemplateField{{Key: "phrase2", Label: "审核结果"}, {Key: "thing1", Label: "审核事项"}}}
		list, err := account.list()
		if err != nil || len(list) != 2 || !reflect.DeepEqual(list[1], want) {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
		for range 23 {
			if _, err := account.add(); err != nil {
				t.Fatal(name, err)
			}
		}
		if _, err := account.add(); wechat.CodeOf(err) != account.full {
			t.Errorf("%s: the 26th template: %v", name, err)
		}
		if err := account.drop(id); err != nil {
			t.Error(name, err)
		}
		if err := account.drop(id); wechat.CodeOf(err) != account.missing {
			t.Errorf("%s: dropped twice: %v", name, err)
		}
		if list, err := account.list(); err != nil || len(list) != 24 {
			t.Errorf("%s: %d, %v", name, len(list), err)
		}
	}
	if _, err := w.mini.AddTemplate(ctx, "9999", []int{1, 2}, "x"); wechat.CodeOf(err) != 200014 {
		t.Error(err)
	}
	if _, err := w.mini.AddTemplate(ctx, "2102", []int{1, 9}, "x"); wechat.CodeOf(err) != 200020 {
		t.Error(err)
	}
	if _, err := w.official.AddTemplate(ctx, "9999", nil); wechat.CodeOf(err) != 40037 {
		t.Error(err)
	}
	for _, kids := range [][]int{nil, {1}, {1, 2, 3, 4, 5, 6}} {
		if _, err := w.mini.AddTemplate(ctx, "2102", kids, "x"); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%v: %v", kids, err)
		}
	}
}

// TestTemplateJobs: the three ends of a template message.
func TestTemplateJobs(t *testing.T) {
	w := newWorld(t)
	if err := w.sim.Follow("zhang", officialApp); err != nil {
		t.Fatal(err)
	}
	w.heard()
	for person, want := range map[string]wechat.Job{"zhang": wechat.JobDone, "blocker": wechat.JobBlocked,
		"unlucky": wechat.JobFailed} {
		id, err := w.send(person)
		if err != nil {
			t.Fatal(person, err)
		}
		if events := w.heard(); len(events) != 1 || events[0].Job() != want || events[0].JobID != id {
			t.Errorf("%s: %+v", person, events)
		}
	}
	if err := w.sim.SwitchTemplate("zhang", officialApp, template, false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.send("zhang"); wechat.CodeOf(err) != 43101 {
		t.Errorf("a template that is switched off: %v", err)
	}
	if events := w.heard(); len(events) != 0 {
		t.Errorf("the account is told of %+v", events)
	}
	w.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Code: 40164, Times: 1})
	if _, err := w.send("zhang"); wechat.CodeOf(err) != 40164 {
		t.Errorf("from an address that is not listed: %v", err)
	}
}
