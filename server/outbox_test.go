package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/core"
	"tongxing/store"
	"tongxing/store/database"
	"tongxing/store/outbox"
	"tongxing/testkit"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	outboxApp      = "wx00000000000000b0"
	outboxTemplate = "template-of-the-test"
	outboxSendPath = "/cgi-bin/message/template/send"
)

// movingClock is the one clock of a test's program, WeChat and database.
type movingClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *movingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *movingClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// mailroom is a database with accounts whose WeChat is told, the simulator, and servers' workers.
type mailroom struct {
	t      testing.TB
	clock  *movingClock
	sim    *simulator.Simulator
	simURL string
	stores []*store.Store // one a server, or one of all on SQLite
	db     *database.DB   // as an act has it
	told   []addressee
	corp   core.ID // of addCorp: the company, and the member to whom the first account belongs
	staff  core.ID
	redis  *cache.Cache // of addCorp
	put    int
	at     store.Options // where the database is
}

// addressee is an account and the WeChat that is bound to it.
type addressee struct{ account, user core.ID }

// newMailroom opens a mailroom with some followers: on MariaDB with two servers, otherwise on SQLite.
func newMailroom(t testing.TB, followers int, maria bool) *mailroom {
	t.Helper()
	return newMailroomAt(t, followers, maria, time.Date(2026, 11, 20, 12, 0, 0, 0, core.PlatformZone))
}

func newMailroomAt(t testing.TB, followers int, maria bool, now time.Time) *mailroom {
	t.Helper()
	m := &mailroom{t: t, clock: &movingClock{now: now}}
	o := store.Options{Keys: estate.Keys(), Now: m.clock.Now, Passwords: store.PasswordCost{Memory: 8, Passes: 1}}
	servers := 1
	if maria {
		o.MySQLDSN, servers = testkit.MariaDB(t), 2
	} else {
		o.SQLitePath = filepath.Join(t.TempDir(), "tongxing.db")
	}
	for range servers {
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		m.stores = append(m.stores, s)
	}
	m.at = o
	var err error
	m.db, err = database.Open(t.Context(), database.Options{
		SQLitePath: o.SQLitePath, MySQLDSN: o.MySQLDSN, Keys: o.Keys, Now: o.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.db.Close() })
	m.people(followers)
	return m
}

// people makes the followers, each with an account that is told by their WeChat.
func (m *mailroom) people(n int) {
	m.t.Helper()
	seed := simulator.Seed{Apps: []simulator.App{{
		AppID: outboxApp, Secret: "secret-of-the-test", Type: simulator.OfficialAccount, Name: "物业",
		Templates: []simulator.Template{{ID: outboxTemplate, Title: "提醒", Content: "事项：{{thing1.DATA}}\n时间：{{time2.DATA}}"}},
	}}}
	for i := range n {
		seed.People = append(seed.People, simulator.Person{
			Key: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("住户%d", i), Phone: fmt.Sprintf("139%08d", i), Follows: []string{outboxApp},
		})
	}
	m.sim = simulator.New(simulator.Options{Seed: seed, Now: m.clock.Now, RandomSeed: 1, MessagesKept: 1 << 20})
	web := httptest.NewServer(m.sim)
	m.t.Cleanup(web.Close)
	m.simURL = web.URL
	for i := range n {
		who := core.WechatIdentity{AppID: outboxApp, OpenID: m.sim.OpenID(fmt.Sprintf("p%d", i), outboxApp)}
		if err := m.stores[0].UpdateFollowed(m.t.Context(), who, true); err != nil {
			m.t.Fatal(err)
		}
		user, err := m.stores[0].SignInWechat(m.t.Context(), who)
		if err != nil {
			m.t.Fatal(err)
		}
		m.told = append(m.told, addressee{m.account(i, user.ID), user.ID})
	}
}

// account makes the account of a follower.
func (m *mailroom) account(number int, user core.ID) core.ID {
	m.t.Helper()
	id, err := m.stores[0].CreateAccount(m.t.Context(), core.SystemGranter, core.Account{
		Login: fmt.Sprintf("told%d", number), Name: "值班", Role: core.RoleClerk,
		Permissions: []core.Permission{core.PermHouseView}, Scope: core.Everywhere,
	}, "horse-battery-7")
	if err != nil {
		m.t.Fatal(err)
	}
	err = m.db.Write(m.t.Context(), "bind", func(tx *database.Tx) error {
		return tx.ExecOne(errors.New("no account"), "UPDATE account SET user_id = ? WHERE id = ?", user, id)
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return id
}

// tell puts n messages, each with a link of its own, to the followers in turn.
func (m *mailroom) tell(n int) {
	m.t.Helper()
	for done := 0; done < n; {
		part := min(n-done, 500)
		err := m.db.Write(m.t.Context(), "tell", func(tx *database.Tx) error {
			notes := make([]core.MessageNote, part)
			for i := range notes {
				at := m.put + done + i
				to := m.told[at%len(m.told)]
				notes[i] = core.MessageNote{
					Kind: core.MessageSignIn, Account: to.account, User: to.user, Notice: tx.NewID(),
					Title: "新地点登录", Link: fmt.Sprintf("me?n=%d", at),
				}
			}
			return outbox.Put(tx, notes...)
		})
		if err != nil {
			m.t.Fatal(err)
		}
		done += part
	}
	m.put += n
}

// client returns a server's WeChat.
func (m *mailroom) client() *wechat.OfficialAccount {
	m.t.Helper()
	return outboxClient(m.t, m.simURL, m.clock.Now)
}

func outboxClient(t testing.TB, base string, now func() time.Time) *wechat.OfficialAccount {
	t.Helper()
	client := wechat.New(wechat.Options{
		APIBase: base, Now: now, LoopbackOnly: true,
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: outboxSenders}},
	})
	official, err := client.OfficialAccount(wechat.OfficialOptions{AppID: outboxApp, Secret: "secret-of-the-test", Token: "token1"})
	if err != nil {
		t.Fatal(err)
	}
	return official
}

// outboxTestWorker returns a worker that sends by an account.
func outboxTestWorker(t testing.TB, s *store.Store, official *wechat.OfficialAccount) *outboxWorker {
	templates := map[core.MessageKind]core.MessageTemplate{}
	for _, kind := range core.MessageKinds() {
		templates[kind] = core.MessageTemplate{ID: outboxTemplate, Fields: map[string]string{"thing1": "title", "time2": "time"}}
	}
	account := core.MessageAccount{App: core.WechatApp{AppID: outboxApp, Scope: core.Everywhere}, Templates: templates}
	setup := func(context.Context) core.MessageSetup {
		return core.MessageSetup{Officials: []core.MessageAccount{account}}
	}
	w := newOutboxWorker(s, hygiene.Logger(t), setup, map[core.MessageChannel]sender{
		core.ChannelTemplate: templateSender{
			func(string) *wechat.OfficialAccount { return official }, func(_, path string) string { return path },
			"https://pass.example.com", core.PlatformZone,
		},
	})
	w.poll = 5 * time.Millisecond
	return w
}

// work starts the servers' workers; stop ends them and waits.
func (m *mailroom) work(change func(*outboxWorker)) (stop func()) {
	ctx, cancel := context.WithCancel(m.t.Context())
	var working sync.WaitGroup
	for _, s := range m.stores {
		w := outboxTestWorker(m.t, s, m.client())
		if change != nil {
			change(w)
		}
		working.Go(func() { w.loop(ctx) })
	}
	return func() { cancel(); working.Wait() }
}

// messages returns the whole ledger.
func (m *mailroom) messages() []core.Message {
	m.t.Helper()
	var all []core.Message
	for page := (store.Page{Limit: 1000}); ; {
		list, more, err := m.stores[0].Messages(m.t.Context(), core.Everywhere, core.MessageFilter{}, page)
		if err != nil {
			m.t.Fatal(err)
		}
		if all = append(all, list...); !more {
			return all
		}
		page.Next = list[len(list)-1].ID
	}
}

// open counts the messages that are still on their way.
func (m *mailroom) open() (n int) {
	m.t.Helper()
	if err := m.db.Get(m.t.Context(), &n, "SELECT COUNT(*) FROM message WHERE state IN ('waiting', 'sending')"); err != nil {
		m.t.Fatal(err)
	}
	return n
}

// until moves the clock until no message is on its way any more, each step taking some real time.
func (m *mailroom) until(step, real time.Duration) {
	m.t.Helper()
	tick := time.NewTicker(real)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Minute); m.open() > 0; m.clock.Add(step) {
		if time.Now().After(end) {
			m.t.Fatalf("%d messages are still on their way", m.open())
		}
		<-tick.C
	}
}

// arrived counts by the page that they open the messages that lie on the followers' phones.
func (m *mailroom) arrived() map[string]int {
	counts := map[string]int{}
	for i := range m.told {
		for _, message := range m.sim.SentMessages(fmt.Sprintf("p%d", i)) {
			counts[strings.TrimPrefix(message.URL, "https://pass.example.com/")]++
		}
	}
	return counts
}

// fates checks that each message arrived once, or is in the ledger with its reason, and returns how many ended
// how.
func (m *mailroom) fates() map[string]int {
	m.t.Helper()
	arrived, fates := m.arrived(), map[string]int{}
	for _, message := range m.messages() {
		n := arrived[message.Path()]
		fate := string(message.State) + " " + string(message.Channel)
		fates[fate]++
		switch {
		case n > 1:
			m.t.Errorf("%s arrived %d times", message.Link, n)
		case message.State == core.MessageUnknown:
			if message.Reason == "" {
				m.t.Errorf("%s is unknown without a reason", message.Link)
			}
		case fate == "sent template" || fate == "delivered template":
			if n != 1 {
				m.t.Errorf("%s is %s and arrived %d times", message.Link, fate, n)
			}
		case n != 0 || message.Reason == "":
			m.t.Errorf("%s is %s, %q, and arrived %d times", message.Link, fate, message.Reason, n)
		}
	}
	if total := len(m.messages()); total != m.put {
		m.t.Errorf("%d of %d messages are in the ledger", total, m.put)
	}
	return fates
}

// Every code of the platform, and every way in which it fails to answer, leads to its action.
func TestEveryAnswerOfWeChat(t *testing.T) {
	errcode := func(code, times int) simulator.Fault {
		return simulator.Fault{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: code, Times: times}
	}
	cases := []struct {
		name    string
		fault   simulator.Fault
		channel core.MessageChannel
		why     core.MessageReason
		code    string
	}{
		{"ok", errcode(-1, 0), "", "", ""}, // cleared below
		{"busy", errcode(-1, 1), core.ChannelTemplate, "", ""},
		{"busy for ever", errcode(-1, 0), core.ChannelInApp, core.WhyBusy, "-1"},
		{"unfollowed", errcode(43004, 1), core.ChannelInApp, core.WhyNotFollowed, "43004"},
		{"refused", errcode(43101, 1), core.ChannelInApp, core.WhyOptedOut, "43101"},
		{"too many", errcode(43117, 2), core.ChannelTemplate, "", ""},
		{"no template", errcode(40037, 1), core.ChannelInApp, core.WhyBadTemplate, "40037"},
		{"another account's", errcode(40003, 1), core.ChannelInApp, core.WhyBadAddress, "40003"},
		{"no JSON", errcode(47001, 1), core.ChannelInApp, core.WhyBadContent, "47001"},
		{"a wrong field", errcode(47003, 1), core.ChannelInApp, core.WhyBadContent, "47003"},
		{"quota", errcode(45009, 1), core.ChannelInApp, core.WhyNoQuota, "45009"},
		{"customer service", errcode(45047, 1), core.ChannelInApp, core.WhyOther, "45047"},
		{"no permission", errcode(48001, 1), core.ChannelInApp, core.WhyNoRight, "48001"},
		{"not on the list, once", errcode(40164, 1), core.ChannelTemplate, "", ""},
		{"not on the list", errcode(40164, 0), core.ChannelInApp, core.WhyBadIP, "40164"},
		{"a token that expired", errcode(42001, 1), core.ChannelTemplate, "", ""},
		{"no token is right", errcode(40001, 0), core.ChannelInApp, core.WhyBadSecret, "40001"},
		{"unheard of", errcode(99999, 1), core.ChannelInApp, core.WhyOther, "99999"},
		{"502", simulator.Fault{Kind: simulator.FaultStatus, Path: outboxSendPath, Times: 1}, core.ChannelTemplate, "", ""},
		{"half an answer", simulator.Fault{Kind: simulator.FaultTruncate, Path: outboxSendPath, Times: 1}, core.ChannelTemplate, "", ""},
		{"no answer", simulator.Fault{Kind: simulator.FaultHang, Path: outboxSendPath, Times: 1}, core.ChannelTemplate, "", ""},
		{"no token", simulator.Fault{Kind: simulator.FaultStatus, Path: "/cgi-bin/stable_token", Times: 2}, core.ChannelTemplate, "", ""},
	}
	m := newMailroom(t, len(cases), false)
	defer m.work(func(w *outboxWorker) { w.sendTime = 3 * time.Second })()
	for i, c := range cases {
		m.sim.ClearFaults()
		if i > 0 {
			m.sim.InjectFault(c.fault)
		} else {
			c.channel = core.ChannelTemplate
		}
		m.clock.Add(25 * time.Hour) // whatever rested goes on, and the token is renewed
		m.tell(1)
		m.until(20*time.Second, 30*time.Millisecond)
		got := m.messages()[0]
		if got.State != core.MessageSent || got.Channel != c.channel || got.Reason != c.why || got.Code != c.code {
			t.Errorf("%s: %s by %q, %q (%s)", c.name, got.State, got.Channel, got.Reason, got.Code)
		}
	}
	m.fates()
}

// Ten minutes in which WeChat is broken in every way, and ten thousand messages; then the quota of the day is used up.
func TestWeChatIsBrokenForTenMinutes(t *testing.T) {
	const messages = 10_000
	test := func(t *testing.T, m *mailroom) {
		m.tell(messages)
		defer m.work(func(w *outboxWorker) { w.sendTime, w.ask.Lease = 2*time.Second, 10*time.Minute })()
		tick := time.NewTicker(25 * time.Millisecond)
		defer tick.Stop()
		for _, f := range []simulator.Fault{
			{Kind: simulator.FaultHang, Path: outboxSendPath},
			{Kind: simulator.FaultStatus, Path: outboxSendPath},
			{Kind: simulator.FaultTruncate, Path: outboxSendPath, Times: 500},
			{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: 40001, Times: 20},
			{Kind: simulator.FaultTruncate, Path: outboxSendPath, Times: 200},
			{Kind: simulator.FaultStatus, Path: "/cgi-bin/stable_token"},
			{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: -1},
			{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: 43117, Times: 100},
			{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: 43004, Times: 10},
			{Kind: simulator.FaultHang, Path: outboxSendPath, Times: 100},
		} {
			m.sim.ClearFaults()
			m.sim.InjectFault(f)
			for range 60 {
				<-tick.C
				m.clock.Add(time.Second)
			}
		}
		m.sim.ClearFaults()
		m.until(time.Second, 25*time.Millisecond)
		fates := m.fates()
		t.Logf("%v", fates)
		if fates["sent template"] < messages/2 {
			t.Errorf("most are to arrive once WeChat is back: %v", fates)
		}

		// The day's quota is used up: what comes is in the bell alone, without a call for each, until midnight.
		const late, tomorrow = 1000, 100 // ten of the fifty have left by 43004
		m.sim.InjectFault(simulator.Fault{Kind: simulator.FaultErrcode, Path: outboxSendPath, Code: 45009})
		m.tell(late)
		m.until(time.Second, 25*time.Millisecond)
		m.sim.ClearFaults()
		calls := 0 // the simulator keeps the newest 500
		for _, c := range m.sim.Calls() {
			if c.Errcode == 45009 {
				calls++
			}
		}
		if calls == 0 || calls >= late/2 {
			t.Errorf("%d calls for %d messages beyond the quota", calls, late)
		}
		spent := m.fates()
		m.clock.Add(core.NextMidnight(m.clock.Now()).Sub(m.clock.Now()))
		m.tell(tomorrow)
		m.until(time.Second, 25*time.Millisecond)
		after := m.fates()
		if spent["sent inapp"] != fates["sent inapp"]+late || after["sent template"] < fates["sent template"]+tomorrow/2 {
			t.Errorf("%v, beyond the quota %v, the day after %v", fates, spent, after)
		}
	}
	t.Run("SQLite", func(t *testing.T) { test(t, newMailroom(t, 50, false)) })
	t.Run("MariaDB, two servers", func(t *testing.T) { test(t, newMailroom(t, 50, true)) })
}

// An account that does not answer rests alone: the others of its channel send on.
func TestAnAccountRestsAlone(t *testing.T) {
	m := newMailroom(t, 1, false)
	w := outboxTestWorker(t, m.stores[0], m.client())
	batch := make([]core.SendResult, 0, outboxTrouble)
	for range outboxTrouble {
		for app, answer := range map[string]core.SendAnswer{"wx1": core.AnswerUnsure, "wx2": core.AnswerAccepted} {
			d := core.Dispatch{AppID: app}
			d.Channel = core.ChannelTemplate
			batch = append(batch, core.SendResult{Dispatch: d, Answer: answer})
		}
	}
	w.watch(t.Context(), batch)
	days, err := m.stores[0].Outbox().Today(t.Context(), core.Everywhere)
	if err != nil || len(days[0].Stops) != 1 || days[0].Stops[0].AppID != "wx1" {
		t.Errorf("stops %+v, %v", days, err)
	}
}

// A process that was suspended longer than its lease does not send what it held: it may have been sent since.
func TestSuspendedServerSendsNothing(t *testing.T) {
	m := newMailroom(t, 1, false)
	m.tell(1)
	w := outboxTestWorker(t, m.stores[0], m.client())
	ask := w.ask
	ask.Setup, ask.Limit = w.setup(t.Context()), 10
	ask.Setup.Open = map[core.MessageChannel]bool{core.ChannelTemplate: true}
	list, _, err := m.stores[0].Outbox().Claim(t.Context(), ask)
	if err != nil || len(list) != 1 {
		t.Fatalf("claimed %+v, %v", list, err)
	}
	m.clock.Add(outboxLease)
	queue, results := make(chan core.Dispatch, 1), make(chan core.SendResult, 1)
	queue <- list[0]
	close(queue)
	w.sendAll(t.Context(), w.senders[core.ChannelTemplate], queue, results)
	if len(results) != 0 || len(m.arrived()) != 0 {
		t.Errorf("sent after all: %v", m.arrived())
	}
	if got := m.messages()[0]; got.State != core.MessageWaiting {
		t.Errorf("it is %s", got.State)
	}
}

// A server that shuts down finishes its calls, returns what has not gone out, and leaves nothing on a lease that
// others would have to wait for.
func TestOutboxIsDrainedAtShutdown(t *testing.T) {
	m := newMailroom(t, 10, false)
	const messages = 2000
	m.tell(messages)
	for stops := 0; m.open() > 0; stops++ {
		stop := m.work(nil)
		tick := time.NewTicker(time.Millisecond)
		for before := m.open(); m.open() == before; {
			<-tick.C
		}
		tick.Stop()
		stop()
		var held int
		if err := m.db.Get(t.Context(), &held, "SELECT COUNT(*) FROM message WHERE state = 'sending'"); err != nil || held > 0 {
			t.Fatalf("stop %d: %d messages are held by a server that is gone, %v", stops, held, err)
		}
		if stops > messages {
			t.Fatal("nothing goes out between stops")
		}
	}
	if fates := m.fates(); fates["sent template"] != messages {
		t.Errorf("%v", fates)
	}
	var unsure int
	if err := m.db.Get(t.Context(), &unsure, "SELECT COUNT(*) FROM message_attempt WHERE state = 'unknown'"); err != nil || unsure > 0 {
		t.Errorf("%d attempts are in doubt, %v", unsure, err)
	}
}
