package main

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	weworkCorp     = "ww00000000000000b1"
	weworkSendPath = "/cgi-bin/message/send"
)

// addCorp binds a company in whose app's range is a member to whom the account that is told belongs.
func (m *mailroom) addCorp() {
	m.t.Helper()
	m.sim.AddCorp(simulator.Corp{
		CorpID: weworkCorp, Sync: simulator.Agent{Secret: "contact"},
		Agents:      []simulator.Agent{{ID: 2, Secret: "app", Visible: []int{2}}},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}, {ID: 2, Parent: 1, Name: "工程部"}, {ID: 3, Parent: 1, Name: "总部"}},
		Members:     []simulator.CorpMember{{UserID: "Li", Name: "李娜", Departments: []int{2}, Person: "p0"}},
	})
	s := m.stores[0]
	app, err := s.CreateWechatApp(m.t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: weworkCorp, Agent: 2, Scope: core.Everywhere},
		Keys: core.WechatKeys{
			Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
		},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := s.ClaimStaffSync(m.t.Context(), "a"); err != nil {
		m.t.Fatal(err)
	}
	turn := store.SyncTurn{Runner: "a", App: app}
	err = s.SyncMembers(m.t.Context(), turn, []core.CorpMember{{UserID: "Li", Name: "李娜"}})
	if err == nil {
		err = s.EndStaffSync(m.t.Context(), turn, true, "")
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.corp, m.staff, m.redis = app, m.linked(), testRedis(m.t)
}

// testRedis returns a Redis inside the process, which all servers of a test share.
func testRedis(t testing.TB) *cache.Cache {
	t.Helper()
	redis, err := cache.Open(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { redis.Close() })
	return redis
}

// linked makes the account that is told the staff member's.
func (m *mailroom) linked() core.ID {
	m.t.Helper()
	list, _, err := m.stores[0].StaffList(m.t.Context(), core.Everywhere, store.StaffFilter{Page: store.Page{Limit: 1}})
	if err != nil || len(list) != 1 {
		m.t.Fatalf("%d staff: %v", len(list), err)
	}
	if err := m.stores[0].LinkStaffAccount(m.t.Context(), core.SystemGranter, list[0].ID, m.told[0].account); err != nil {
		m.t.Fatal(err)
	}
	return list[0].ID
}

// byWeWork makes a worker send by the company alone.
func (m *mailroom) byWeWork(w *outboxWorker) {
	client := wechat.New(wechat.Options{APIBase: m.simURL, Now: m.clock.Now, LoopbackOnly: true})
	app := client.CorpApp(wechat.CorpOptions{CorpID: weworkCorp, Secret: "app", Agent: 2})
	w.senders[core.ChannelWeWork] = weworkSender{
		func(id string) (*wechat.CorpApp, core.ID) {
			if id != weworkCorp {
				return nil, 0
			}
			return app, m.corp
		}, "https://pass.example.com", core.PlatformZone, &memberPace{redis: m.redis}, m.clock.Now,
	}
	before := w.setup
	w.setup = func(ctx context.Context) core.MessageSetup {
		setup := before(ctx)
		setup.Officials, setup.Corps = nil, map[core.ID]string{m.corp: weworkCorp}
		return setup
	}
}

// cards returns the links of the cards that the member has, latest last.
func (m *mailroom) cards() (links []string) {
	for _, message := range m.sim.SentMessages("p0") {
		if message.Kind == simulator.WorkMessage {
			links = append(links, message.URL)
		}
	}
	return links
}

// Every code of WeWork, and every way in which it fails to answer, leads to its action; nothing arrives twice.
func TestEveryAnswerOfWeWork(t *testing.T) {
	errcode := func(code, times int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultErrcode, Path: weworkSendPath, Code: code, Times: times}
	}
	status := func(kind simulator.FaultKind) simulator.Fault {
		return simulator.Fault{Kind: kind, Path: weworkSendPath, Times: 1}
	}
	cases := []struct {
		name    string
		fault   simulator.Fault
		channel core.MessageChannel
		why     core.MessageReason
		code    string
	}{
		{"ok", simulator.Fault{}, core.ChannelWeWork, "", ""},
		{"busy", errcode(-1, 1), core.ChannelWeWork, "", ""},
		{"too many calls at once", errcode(45033, 1), core.ChannelWeWork, "", ""},
		{"busy for ever", errcode(-1, 0), core.ChannelInApp, core.WhyBusy, "-1"},
		{"nobody reached", errcode(81013, 1), core.ChannelInApp, core.WhyNoStaff, "81013"},
		{"no such member", errcode(60111, 1), core.ChannelInApp, core.WhyNoStaff, "60111"},
		{"out of range", errcode(60011, 1), core.ChannelInApp, core.WhyNoStaff, "60011"},
		{"another app's agent", errcode(301002, 1), core.ChannelInApp, core.WhyNoRight, "301002"},
		{"no such agent", errcode(40056, 1), core.ChannelInApp, core.WhyNoRight, "40056"},
		{"the contact sync's secret", errcode(48002, 1), core.ChannelInApp, core.WhyNoRight, "48002"},
		{"wrong parameters", errcode(40058, 1), core.ChannelInApp, core.WhyBadContent, "40058"},
		{"quota", errcode(45009, 1), core.ChannelInApp, core.WhyNoQuota, "45009"},
		{"not on the list, once", errcode(60020, 1), core.ChannelWeWork, "", ""},
		{"not on the list", errcode(60020, 0), core.ChannelInApp, core.WhyBadIP, "60020"},
		{"a token that expired", errcode(42001, 1), core.ChannelWeWork, "", ""},
		{"no token is right", errcode(40001, 0), core.ChannelInApp, core.WhyBadSecret, "40001"},
		{"unheard of", errcode(99999, 1), core.ChannelInApp, core.WhyOther, "99999"},
		{"502", status(simulator.FaultStatus), core.ChannelWeWork, "", ""},
		{"half an answer", status(simulator.FaultTruncate), core.ChannelWeWork, "", ""},
		{"no answer", status(simulator.FaultHang), core.ChannelWeWork, "", ""},
	}
	m := newMailroom(t, 1, false)
	m.addCorp()
	defer m.work(func(w *outboxWorker) { m.byWeWork(w); w.sendTime = 3 * time.Second })()
	for _, c := range cases {
		m.sim.ClearFaults()
		if c.fault != (simulator.Fault{}) {
			m.sim.InjectFault(c.fault)
		}
		m.clock.Add(25 * time.Hour) // whatever rested goes on, and the token is renewed
		before := len(m.cards())
		m.tell(1)
		m.until(20*time.Second, 30*time.Millisecond)
		got, arrived := m.messages()[0], len(m.cards())-before
		if got.State != core.MessageSent || got.Channel != c.channel || got.Reason != c.why || got.Code != c.code {
			t.Errorf("%s: %s by %q, %q (%s)", c.name, got.State, got.Channel, got.Reason, got.Code)
		}
		if want := map[bool]int{true: 1}[c.channel == core.ChannelWeWork]; arrived != want {
			t.Errorf("%s: arrived %d times", c.name, arrived)
		}
	}
}

// More messages to one member than WeWork delivers in a minute are sent later, by two servers as by one: none is dropped.
func TestManyMessagesByWeWork(t *testing.T) {
	m := newMailroom(t, 1, false)
	m.addCorp()
	m.stores = append(m.stores, m.stores[0]) // two servers
	defer m.work(m.byWeWork)()
	const messages = 5 * weworkPace
	m.tell(messages)
	m.until(10*time.Second, 30*time.Millisecond)
	arrived := map[string]int{}
	for _, link := range m.cards() {
		arrived[link]++
	}
	byWeWork := 0
	for _, message := range m.messages() {
		if message.Channel == core.ChannelWeWork && message.State == core.MessageSent {
			byWeWork++
		}
	}
	if len(arrived) != messages || byWeWork != messages || len(m.cards()) != messages {
		t.Errorf("%d of %d arrived, %d cards; %d are said to be sent", len(arrived), messages, len(m.cards()), byWeWork)
	}
	var failed int // that a member must wait is no failure of the channel
	if err := m.db.Get(t.Context(), &failed, "SELECT SUM(failed) FROM message_day"); err != nil || failed != 0 {
		t.Errorf("%d are counted as failed, %v", failed, err)
	}
}

// Two servers that send to one member at once keep the pace together; without Redis each keeps a share of it.
func TestServersShareThePaceOfAMember(t *testing.T) {
	shared := testRedis(t)
	servers := []*memberPace{{redis: shared}, {redis: shared}}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, core.PlatformZone)
	took := func(member string, now time.Time) int {
		var sent atomic.Int32
		var all sync.WaitGroup
		for _, p := range servers {
			all.Go(func() {
				for range 2 * weworkPace {
					if p.take(t.Context(), member, now) {
						sent.Add(1)
					}
				}
			})
		}
		all.Wait()
		return int(sent.Load())
	}
	if n := took("corp li", now); n != weworkPace {
		t.Errorf("a member got %d in a minute", n)
	}
	if n := took("corp wang", now); n != weworkPace {
		t.Errorf("another got %d", n)
	}
	if n := took("corp li", now.Add(time.Minute)); n != weworkPace {
		t.Errorf("the minute after, %d", n)
	}
	shared.Close()
	if n := took("corp li", now.Add(2*time.Minute)); n != 2*weworkAlone || n > weworkPace {
		t.Errorf("without Redis a member got %d", n)
	}
}

// Two messages of the same words both arrive, each with a link of its own that leads through WeWork's sign-in.
func TestWeWorkMessagesOfTheSameWords(t *testing.T) {
	m := newMailroom(t, 1, false)
	m.addCorp()
	defer m.work(m.byWeWork)()
	m.tell(2)
	m.until(time.Second, 20*time.Millisecond)
	links := m.cards()
	if len(links) != 2 || links[0] == links[1] {
		t.Fatalf("arrived %q", links)
	}
	u, err := url.Parse(links[0])
	if err != nil || u.Path != "/h5/staff/enter/"+m.corp.String() || u.Query().Get("message") == "" ||
		u.Query().Get("next") != "/h5/notice?from="+m.messages()[0].Notice.String() && u.Query().Get("next") != "/"+m.messages()[1].Path() {
		t.Errorf("the card opens %s", links[0])
	}
}

// Somebody who left, whose account is not theirs any more, or whose company is out of use, is not told by WeWork.
func TestWhoIsToldByWeWork(t *testing.T) {
	for name, do := range map[string]func(m *mailroom) error{
		"left": func(m *mailroom) error {
			err := m.stores[0].LinkStaffAccount(m.t.Context(), core.SystemGranter, m.staff, 0)
			if err != nil {
				return err
			}
			return m.stores[0].RemoveStaff(m.t.Context(), core.System, core.Everywhere, m.staff)
		},
		"not linked": func(m *mailroom) error {
			return m.stores[0].LinkStaffAccount(m.t.Context(), core.SystemGranter, m.staff, 0)
		},
		"out of use": func(m *mailroom) error {
			return m.stores[0].DisableWechatApp(m.t.Context(), core.System, core.Everywhere, m.corp)
		},
	} {
		m := newMailroom(t, 1, false)
		m.addCorp()
		if err := do(m); err != nil {
			t.Fatal(err)
		}
		stop := m.work(m.byWeWork)
		m.tell(1)
		m.until(time.Second, 20*time.Millisecond)
		stop()
		if got := m.messages()[0]; got.Channel != core.ChannelInApp || len(m.cards()) != 0 {
			t.Errorf("%s: by %q, %q; %d cards", name, got.Channel, got.Reason, len(m.cards()))
		}
	}
}

// What the platform says of single receivers is an answer, too.
func TestWeWorkSenderReadsReceivers(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	server := httptest.NewServer(sim)
	defer server.Close()
	sim.AddCorp(simulator.Corp{
		CorpID: weworkCorp, Sync: simulator.Agent{Secret: "contact"}, Agents: []simulator.Agent{{ID: 2, Secret: "app"}},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}},
		Members: []simulator.CorpMember{
			{UserID: "Li", Departments: []int{1}}, {UserID: "Wang", Departments: []int{1}, Unlicensed: true},
		},
	})
	client := wechat.New(wechat.Options{APIBase: server.URL, LoopbackOnly: true})
	app := client.CorpApp(wechat.CorpOptions{CorpID: weworkCorp, Secret: "app", Agent: 2})
	s := weworkSender{
		func(string) (*wechat.CorpApp, core.ID) { return app, 7 }, "https://pass.example.com", core.PlatformZone,
		&memberPace{redis: testRedis(t)}, time.Now,
	}
	for id, want := range map[string]core.SendAnswer{
		"Li": core.AnswerAccepted, "Wang": core.AnswerNoLicence, "nobody": core.AnswerGone, "": core.AnswerBadBody,
	} {
		d := core.Dispatch{Address: id, Key: "m1"}
		d.Channel, d.Kind, d.Title, d.Link = core.ChannelWeWork, core.MessageSignIn, "新地点登录", "me"
		if answer, code, _ := s.send(t.Context(), d); answer != want {
			t.Errorf("%q: answer %d (%s), want %d", id, answer, code, want)
		}
	}
	card := core.Dispatch{Message: core.Message{Title: "待审核", Place: "翠湖花园", Events: 1, Created: time.Unix(0, 0)}}
	if text := s.text(card); text != "待审核\n翠湖花园 · 1 月 1 日 08:00" {
		t.Errorf("a card says %q", text)
	}
	gone := weworkSender{corp: func(string) (*wechat.CorpApp, core.ID) { return nil, 0 }}
	if answer, _, _ := gone.send(t.Context(), core.Dispatch{}); answer != core.AnswerUnsent {
		t.Errorf("a company out of use: answer %d", answer)
	}
}
