package main

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/sms"
	smssimulator "tongxing/sms/simulator"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// Text messages go to whom WeChat does not reach. A call without an answer is not made again, and never by
// another channel: it may have arrived.
func TestSMSInDoubtIsNotRepeated(t *testing.T) {
	m := newMailroom(t, 1, false)
	const phone = "13800138009"
	if _, err := m.stores[0].BindPhone(t.Context(), m.told[0].user, phone, ""); err != nil {
		t.Fatal(err)
	}
	who := core.WechatIdentity{AppID: outboxApp, OpenID: m.sim.OpenID("p0", outboxApp)}
	if err := m.stores[0].UpdateFollowed(t.Context(), who, false); err != nil {
		t.Fatal(err)
	}
	sim := smssimulator.New(smssimulator.Options{Now: m.clock.Now, Account: smssimulator.Account{
		KeyID: "AKIDtest", Secret: "secret-of-the-test", AppID: "1400000000", Sign: "物业", Templates: []string{"449739"},
	}})
	web := httptest.NewServer(sim)
	defer web.Close()
	provider, err := sms.New(sms.Options{
		Provider: sms.Tencent, KeyID: "AKIDtest", Secret: "secret-of-the-test", AppID: "1400000000", Sign: "物业", Base: web.URL,
		Now: m.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := outboxTestWorker(t, m.stores[0], m.client())
	w.senders[core.ChannelSMS] = smsSender{provider, core.PlatformZone}
	official := w.setup
	w.setup = func(ctx context.Context) core.MessageSetup {
		setup := official(ctx)
		setup.Templates = map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{core.ChannelSMS: {
			core.MessageBinding: {ID: "449739", Fields: map[string]string{"thing1": "title"}},
		}}
		return setup
	}
	w.sendTime = 2 * time.Second
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.loop(ctx) }()
	defer func() { cancel(); <-ended }()
	for _, c := range []struct {
		name    string
		fault   *smssimulator.Fault
		blocked bool
		state   core.MessageState
		channel core.MessageChannel
		why     core.MessageReason
		sent    int
	}{
		{"ok", nil, false, core.MessageSent, core.ChannelSMS, "", 1},
		{"no answer", &smssimulator.Fault{Hang: true, Times: 1}, false, core.MessageUnknown, core.ChannelSMS, core.WhyUnsure, 0},
		{"half an answer", &smssimulator.Fault{Half: true, Times: 1}, false, core.MessageUnknown, core.ChannelSMS, core.WhyUnsure, 1},
		{"502", &smssimulator.Fault{Status: 502, Times: 1}, false, core.MessageUnknown, core.ChannelSMS, core.WhyUnsure, 0},
		{"unsubscribed", nil, true, core.MessageSent, core.ChannelInApp, core.WhyOptedOut, 0},
	} {
		sim.Reset()
		sim.InjectFault(c.fault)
		if c.blocked {
			sim.Block("+86" + phone)
		}
		m.clock.Add(25 * time.Hour)
		err := m.db.Write(t.Context(), "tell", func(tx *database.Tx) error {
			return outbox.Put(tx, core.MessageNote{
				Kind: core.MessageBinding, Account: m.told[0].account, User: m.told[0].user, Notice: tx.NewID(),
				Title: "账号绑定了微信", Link: "me",
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		m.until(time.Second, 30*time.Millisecond)
		got := m.messages()[0]
		if n := len(sim.Sent("")); got.State != c.state || got.Channel != c.channel || got.Reason != c.why || n != c.sent {
			t.Errorf("%s: %s by %q, %q (%s), sent %d times", c.name, got.State, got.Channel, got.Reason, got.Code, n)
		}
	}
	var kept int
	if err := m.db.Get(t.Context(), &kept, "SELECT COUNT(*) FROM message_optout"); err != nil || kept != 0 {
		t.Errorf("%d phone numbers are kept, %v", kept, err)
	}
}
