package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/sms"
	smssimulator "tongxing/sms/simulator"
	"tongxing/store"
	"tongxing/store/database"
	"tongxing/store/outbox"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// mixed is a mailroom whose people are reached by different channels: one each.
type mixed struct {
	*mailroom
	text   *smssimulator.Simulator
	smsURL string
	people []mixedPerson
}

// mixedPerson is somebody who is told by one channel alone.
type mixedPerson struct {
	by   core.MessageChannel
	note core.MessageNote
}

const (
	mixedSMS   = "SMS_123456789"
	mixedPhone = "13800138009"
)

// newMixed opens a mailroom with a follower, a member of WeWork, somebody with a mobile number, and somebody who has consented
// to subscribe messages.
func newMixed(t *testing.T, now time.Time) *mixed {
	t.Helper()
	m := &mixed{mailroom: newMailroomAt(t, 2, false, now)}
	m.addCorp() // of the first account
	m.sim.AddApp(simulator.App{
		AppID: subscribeApp, Secret: "secret-of-the-test", Type: simulator.MiniProgram, Name: "通行",
		Templates: []simulator.Template{{ID: subscribeTemplate, Title: "审核结果", Content: "结果：{{thing1.DATA}}\n时间：{{time2.DATA}}"}},
	})
	m.text = smssimulator.New(smssimulator.Options{
		Account: smssimulator.Account{KeyID: "k", Secret: "s", Sign: "翠湖物业", AppID: "1400006666"}, PerDay: 10_000,
	})
	server := httptest.NewServer(m.text)
	t.Cleanup(server.Close)
	m.smsURL = server.URL
	m.exec("UPDATE wechat_identity SET followed_at = NULL WHERE user_id = ?", m.told[0].user)
	s := m.stores[0]
	settings, err := s.Settings(t.Context())
	if err == nil {
		settings.Quiet = core.QuietHours{} // whatever the hour is
		_, err = s.UpdateSettings(t.Context(), core.System, settings)
	}
	if err != nil {
		t.Fatal(err)
	}
	texted, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: subscribeApp, OpenID: "texted"})
	if err == nil {
		_, err = s.BindPhone(t.Context(), texted.ID, mixedPhone, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	consents := m.consents("p1", 500)
	m.people = []mixedPerson{
		{core.ChannelWeWork, core.MessageNote{Kind: core.MessageSignIn, Account: m.told[0].account, User: m.told[0].user}},
		{core.ChannelTemplate, core.MessageNote{Kind: core.MessageSignIn, Account: m.told[1].account, User: m.told[1].user}},
		{core.ChannelSMS, core.MessageNote{Kind: core.MessageBinding, Account: m.account(9, texted.ID), User: texted.ID}},
		{core.ChannelSubscribe, core.MessageNote{Kind: core.MessageCertification, User: consents}},
	}
	return m
}

func (m *mixed) exec(query string, args ...any) {
	m.t.Helper()
	if err := m.db.Write(m.t.Context(), "test", func(tx *database.Tx) error {
		n, err := tx.Exec(query, args...)
		if err == nil && n == 0 {
			err = errors.New("nothing is changed")
		}
		return err
	}); err != nil {
		m.t.Fatal(err)
	}
}

// consents makes somebody consent to n subscribe messages, and returns the WeChat user.
func (m *mixed) consents(person string, n int) core.ID {
	m.t.Helper()
	who := core.WechatIdentity{AppID: subscribeApp, OpenID: m.sim.OpenID(person, subscribeApp)}
	user, err := m.stores[0].SignInWechat(m.t.Context(), who)
	if err == nil {
		err = m.stores[0].Outbox().AddGrant(m.t.Context(), who, subscribeTemplate)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.exec("UPDATE message_grant SET n = ?", n)
	m.sim.Grant(person, subscribeApp, subscribeTemplate, n)
	return user.ID
}

// tellAll puts n messages for each person, each with a title of its own.
func (m *mixed) tellAll(n int) {
	m.t.Helper()
	err := m.db.Write(m.t.Context(), "tell", func(tx *database.Tx) error {
		for _, p := range m.people {
			for range n {
				note := p.note
				if note.Account != 0 {
					note.Notice = tx.NewID()
				}
				note.Title, note.Link = fmt.Sprintf("提醒 m%d.", m.put), fmt.Sprintf("me?n=%d", m.put)
				if err := outbox.Put(tx, note); err != nil {
					return err
				}
				m.put++
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// mixedWorker returns a worker with all channels; base and smsBase are where the simulators are.
func mixedWorker(t testing.TB, s *store.Store, at mixedAt) *outboxWorker {
	t.Helper()
	client := wechat.New(wechat.Options{APIBase: at.base, Now: at.now, LoopbackOnly: true})
	official := outboxClient(t, at.base, at.now)
	corp := client.CorpApp(wechat.CorpOptions{CorpID: weworkCorp, Secret: "app", Agent: 2})
	mini := client.MiniProgram(subscribeApp, "secret-of-the-test")
	text, err := sms.New(sms.Options{Provider: sms.Tencent, KeyID: "k", Secret: "s", Sign: "翠湖物业", AppID: "1400006666", Base: at.smsBase})
	if err != nil {
		t.Fatal(err)
	}
	w := outboxTestWorker(t, s, official)
	w.senders[core.ChannelWeWork] = weworkSender{
		func(string) (*wechat.CorpApp, core.ID) { return corp, at.corp }, "https://pass.example.com", core.PlatformZone,
		&memberPace{redis: at.redis}, at.now,
	}
	w.senders[core.ChannelSMS] = smsSender{text, core.PlatformZone}
	w.senders[core.ChannelSubscribe] = subscribeSender{func(string) *wechat.MiniProgram { return mini }, core.PlatformZone}
	before := w.setup
	w.setup = func(ctx context.Context) core.MessageSetup {
		setup := before(ctx)
		setup.Corps = map[core.ID]string{at.corp: weworkCorp}
		setup.Minis = []core.MessageAccount{{
			App: core.WechatApp{AppID: subscribeApp, Scope: core.Everywhere},
			Templates: map[core.MessageKind]core.MessageTemplate{core.MessageCertification: {
				ID: subscribeTemplate, Fields: map[string]string{"thing1": "title", "time2": "time"},
			}},
		}}
		setup.Templates = map[core.MessageChannel]map[core.MessageKind]core.MessageTemplate{
			core.ChannelSMS: {core.MessageBinding: {ID: mixedSMS, Fields: map[string]string{"1": "title"}}},
		}
		return setup
	}
	return w
}

// mixedAt is where a worker of all channels finds what it needs.
type mixedAt struct {
	base, smsBase string
	corp          core.ID
	redis         *cache.Cache
	now           func() time.Time
}

func (m *mixed) at() mixedAt { return mixedAt{m.simURL, m.smsURL, m.corp, m.redis, m.clock.Now} }

var mixedTitle = regexp.MustCompile(`m[0-9]+\.`)

// arrivals counts by title what lies on the phones, whatever brought it.
func (m *mixed) arrivals() map[string]int {
	counts := map[string]int{}
	for _, person := range []string{"p0", "p1"} {
		for _, message := range m.sim.SentMessages(person) {
			counts[mixedTitle.FindString(fmt.Sprintf("%+v", message))]++
		}
	}
	for _, text := range m.text.Sent("") {
		counts[mixedTitle.FindString(strings.Join(text.Values, " "))]++
	}
	return counts
}

// settled checks that each message arrived once, or is in the ledger with its reason, and returns by channel how many arrived.
func (m *mixed) settled() map[core.MessageChannel]int {
	m.t.Helper()
	arrived, by := m.arrivals(), map[core.MessageChannel]int{}
	list := m.messages()
	for _, message := range list {
		n := arrived[mixedTitle.FindString(message.Title)]
		reached := message.Channel != core.ChannelInApp &&
			(message.State == core.MessageSent || message.State == core.MessageDelivered)
		switch {
		case n > 1, reached && n != 1, !reached && message.State != core.MessageUnknown && n != 0:
			m.t.Errorf("%s is %s by %s, %q, and arrived %d times", message.Title, message.State, message.Channel, message.Reason, n)
		case !reached && message.Reason == "":
			m.t.Errorf("%s is %s by %s without a reason", message.Title, message.State, message.Channel)
		}
		if reached {
			by[message.Channel]++
		}
	}
	if len(list) != m.put || m.open() > 0 {
		m.t.Errorf("%d of %d messages are in the ledger, %d open", len(list), m.put, m.open())
	}
	return by
}

// Every platform breaks in every way, one after another: each message of each channel arrives once, or is in the ledger with
// its reason.
func TestEveryPlatformIsBroken(t *testing.T) {
	m := newMixed(t, time.Date(2026, 11, 20, 12, 0, 0, 0, core.PlatformZone))
	m.tellAll(40)
	ctx, cancel := context.WithCancel(t.Context())
	w := mixedWorker(t, m.stores[0], m.at())
	w.sendTime = 2 * time.Second
	ended := make(chan struct{})
	go func() { defer close(ended); w.loop(ctx) }()
	defer func() { cancel(); <-ended }()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for _, broken := range []struct {
		kind  simulator.FaultKind
		code  int
		text  smssimulator.Fault
		times int
	}{
		{simulator.FaultHang, 0, smssimulator.Fault{Hang: true}, 6},
		{simulator.FaultStatus, 0, smssimulator.Fault{Status: 502}, 0},
		{simulator.FaultTruncate, 0, smssimulator.Fault{Half: true}, 6},
		{simulator.FaultErrcode, -1, smssimulator.Fault{Code: "InternalError.Timeout"}, 0},
		{simulator.FaultErrcode, 40001, smssimulator.Fault{Code: "RequestLimitExceeded"}, 2},
	} {
		m.sim.ClearFaults()
		broken.text.Times = broken.times
		m.text.InjectFault(&broken.text)
		for _, path := range []string{outboxSendPath, weworkSendPath, "/cgi-bin/message/subscribe/send"} {
			m.sim.InjectFault(simulator.Fault{Kind: broken.kind, Path: path, Code: broken.code, Times: broken.times})
		}
		m.tellAll(4)
		for range 20 {
			<-tick.C
			m.clock.Add(time.Second)
		}
	}
	m.sim.ClearFaults()
	m.text.InjectFault(nil)
	m.until(10*time.Second, 25*time.Millisecond)
	by := m.settled()
	t.Logf("arrived: %v", by)
	for _, p := range m.people {
		if by[p.by] == 0 {
			t.Errorf("nothing arrived by %s", p.by)
		}
	}
}

// The quota of a day: after 45009 nothing more is sent by the account until midnight in China, and then all that waited is.
func TestQuotaOfTheDay(t *testing.T) {
	m := newMailroom(t, 1, false)
	m.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: 45009})
	put := func(n int) {
		t.Helper()
		err := m.db.Write(t.Context(), "tell", func(tx *database.Tx) error {
			for range n { // not in the bell: it would be the next channel
				note := core.MessageNote{
					Kind: core.MessageSignIn, Account: m.told[0].account, User: m.told[0].user, Title: "x",
					Link: fmt.Sprintf("me?n=%d", m.put),
				}
				if err := outbox.Put(tx, note); err != nil {
					return err
				}
				m.put++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	calls := func() (n int) {
		for _, c := range m.sim.Calls() {
			if c.Kind == simulator.CallAPI && strings.HasSuffix(c.Path, outboxSendPath) {
				n++
			}
		}
		return n
	}
	put(1)
	defer m.work(nil)()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); m.messages()[0].Reason != core.WhyNoQuota && time.Now().Before(end); {
		<-tick.C
	}
	put(3)
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, core.PlatformZone)
	for m.clock.Now().Add(20 * time.Minute).Before(midnight) {
		<-tick.C
		m.clock.Add(20 * time.Minute)
	}
	<-tick.C
	if n := calls(); n != 1 {
		t.Errorf("%d calls before midnight", n)
	}
	for _, message := range m.messages() {
		if message.State != core.MessageWaiting || message.Reason != core.WhyNoQuota {
			t.Errorf("before midnight it is %s, %q", message.State, message.Reason)
		}
	}
	m.sim.ClearFaults()
	m.clock.Add(midnight.Sub(m.clock.Now()))
	m.until(time.Second, 30*time.Millisecond)
	sent, arrived := 0, 0
	for _, message := range m.messages() {
		if message.State == core.MessageSent && message.Channel == core.ChannelTemplate {
			sent++
		}
	}
	for _, n := range m.arrived() { // all open the same page
		arrived += n
	}
	if sent != 4 || arrived != 4 || m.clock.Now().Before(midnight) {
		t.Errorf("%d sent, %d arrived at %s", sent, arrived, m.clock.Now())
	}
}
