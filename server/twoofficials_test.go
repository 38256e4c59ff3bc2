package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/callback"
	"tongxing/store"
	"tongxing/store/database"
	"tongxing/store/outbox"
	"tongxing/testkit/estate"
	"tongxing/wechat/simulator"
)

// official is an official account of a test, and the community that it serves.
type official struct {
	appID, template, reply string
	id, community          core.ID
}

// twoOfficials is the program with two official accounts, each of a community of its own.
type twoOfficials struct {
	*inProcess
	accounts [2]official
	db       *database.DB
	put      int
}

func newTwoOfficials(t *testing.T) *twoOfficials {
	t.Helper()
	w := &twoOfficials{inProcess: newInProcess(t, simulator.Seed{
		People: []simulator.Person{{Key: "first"}, {Key: "second"}, {Key: "both"}},
	})}
	now := w.store.Now().In(w.store.Zone())
	w.ahead.Store(int64(time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, now.Location()).Sub(now))) // not at night
	for i := range w.accounts {
		o := &w.accounts[i]
		*o = official{
			appID: fmt.Sprintf("wx00000000000000d%d", i+1), template: fmt.Sprintf("template-of-account-%d", i+1),
			reply:     fmt.Sprintf("这是第 %d 个公众号", i+1),
			community: estate.New(t, w.store, estate.Plan{Name: fmt.Sprintf("花园%d期", i+1)}).Community,
		}
		w.connect(o)
	}
	var err error
	if w.db, err = database.Open(t.Context(), database.Options{SQLitePath: w.file, Keys: estate.Keys(), Now: w.store.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	return w
}

// connect enters an account in the console, with a template of its own and an answer of its own, and in WeChat.
func (w *twoOfficials) connect(o *official) {
	w.t.Helper()
	ctx := w.t.Context()
	number := o.appID[len(o.appID)-1:]
	keys := core.WechatKeys{Secret: strings.Repeat(number, 32), Token: "token" + number, AESKey: strings.Repeat(number, 43)}
	var err error
	if o.id, err = w.store.CreateWechatApp(ctx, core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: o.appID, AppID: o.appID, Scope: core.ScopeOf(o.community)},
		Keys: keys,
	}); err != nil {
		w.t.Fatal(err)
	}
	w.sim.AddApp(simulator.App{
		AppID: o.appID, Secret: keys.Secret, Type: simulator.OfficialAccount, Name: o.appID, Token: keys.Token, AESKey: keys.AESKey,
		CallbackURL: w.addr + callback.Path + "/" + o.id.String(),
		Templates:   []simulator.Template{{ID: o.template, Title: "提醒", Content: "事项：{{thing1.DATA}}\n小区：{{thing2.DATA}}"}},
	})
	if _, err = w.store.UpdateWechatTemplate(ctx, core.System, core.Everywhere, core.WechatTemplate{
		AppID: o.appID, Kind: core.MessageHousehold, Template: o.template, Title: "提醒",
		Fields: []core.WechatTemplateField{{Key: "thing1", Label: "事项", Part: "title"}, {Key: "thing2", Label: "小区", Part: "community"}},
	}); err == nil {
		_, err = w.store.CreateWechatReply(ctx, core.System, core.Everywhere,
			core.WechatReply{AppID: o.appID, Kind: core.ReplyOther, Text: o.reply})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// follow lets somebody follow accounts, which tell the program.
func (w *twoOfficials) follow(person string, accounts ...official) {
	w.t.Helper()
	for _, o := range accounts {
		if err := w.sim.Follow(person, o.appID); err != nil {
			w.t.Fatal(err)
		}
	}
	w.heard()
}

// followers returns the open ids that the program knows of an account.
func (w *twoOfficials) followers(o official) (openIDs []string) {
	w.t.Helper()
	list, _, err := w.store.Followers(w.t.Context(), core.Everywhere, store.FollowerFilter{AppID: o.appID})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range list {
		openIDs = append(openIDs, f.OpenID)
	}
	slices.Sort(openIDs)
	return openIDs
}

// user returns the program's user for a person, by all accounts.
func (w *twoOfficials) user(person string) (id core.ID) {
	w.t.Helper()
	for _, o := range w.accounts {
		who := core.WechatIdentity{AppID: o.appID, OpenID: w.sim.OpenID(person, o.appID), UnionID: w.sim.UnionID(person)}
		user, err := w.store.SignInWechat(w.t.Context(), who)
		if err != nil {
			w.t.Fatal(err)
		}
		id = user.ID
	}
	return id
}

// tell tells a user of something in the community of an account, and returns what became of the message.
func (w *twoOfficials) tell(user core.ID, of official) core.Message {
	w.t.Helper()
	w.put++
	err := w.db.Write(w.t.Context(), "tell", func(tx *database.Tx) error {
		return outbox.Put(tx, core.MessageNote{
			Kind: core.MessageHousehold, Community: of.community, User: user, Title: fmt.Sprintf("家人已登记 %d", w.put),
			Link: fmt.Sprintf("household/%d", w.put),
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
		list, _, err := w.store.Messages(w.t.Context(), core.Everywhere, core.MessageFilter{}, store.Page{Limit: 1})
		if err != nil {
			w.t.Fatal(err)
		}
		if s := list[0].State; s != core.MessageWaiting && s != core.MessageSending {
			return list[0]
		}
	}
	w.t.Fatal("a message is still on its way")
	return core.Message{}
}

// arrives reports whether a message was sent by an official account; WeChat tells by itself that it was delivered.
func arrives(m core.Message) bool {
	return m.Channel == core.ChannelTemplate && (m.State == core.MessageSent || m.State == core.MessageDelivered)
}

// works runs the program's worker of messages until the test ends.
func (w *twoOfficials) works() {
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	w.outbox.poll = 5 * time.Millisecond
	working.Go(func() { w.outbox.loop(ctx) })
	w.t.Cleanup(func() { cancel(); working.Wait() })
}

// Two official accounts, each of a community: followers, answers, messages and sign-ins are each by the right one, and what
// comes for one at the address of the other is refused.
func TestTwoOfficialAccounts(t *testing.T) {
	w := newTwoOfficials(t)
	one, two := w.accounts[0], w.accounts[1]
	w.follow("first", one)
	w.follow("second", two)
	w.follow("both", one, two)
	for o, people := range map[official][]string{one: {"first", "both"}, two: {"second", "both"}} {
		var want []string
		for _, person := range people {
			want = append(want, w.sim.OpenID(person, o.appID))
		}
		if slices.Sort(want); !slices.Equal(w.followers(o), want) {
			t.Errorf("followers of %s: %v, want %v", o.appID, w.followers(o), want)
		}
		if err := w.sim.SendText("both", o.appID, "你好"); err != nil {
			t.Fatal(err)
		}
		w.heard()
		chat := w.sim.Chat("both", o.appID)
		if last := chat[len(chat)-1]; last.Text != o.reply {
			t.Errorf("%s answers %q", o.appID, last.Text)
		}
	}

	w.works()
	first, both := w.user("first"), w.user("both")
	for i, o := range w.accounts {
		m := w.tell(both, o)
		sent := w.sim.SentMessages("both")
		if !arrives(m) || len(sent) != i+1 {
			t.Fatalf("of %s: %+v, %d arrived", o.appID, m, len(sent))
		}
		got := sent[i]
		if got.AppID != o.appID || got.TemplateID != o.template {
			t.Errorf("what concerns %s came by %s, template %s", o.appID, got.AppID, got.TemplateID)
		}
		if place := (simulator.Line{Label: "小区", Value: fmt.Sprintf("花园%d期", i+1)}); !slices.Contains(got.Lines, place) {
			t.Errorf("it says %+v", got.Lines)
		}
		// Opened on the phone, it signs in by the account that sent it.
		status, away := w.open(w.browser(), strings.TrimPrefix(got.URL, w.addr))
		for range 2 { // the page, the sign-in, WeChat
			if status == http.StatusSeeOther && away.Host == "" {
				status, away = w.open(w.browser(), away.String())
			}
		}
		if away.Query().Get("appid") != o.appID {
			t.Errorf("%s: led to %s", got.URL, away)
		}
	}
	m := w.tell(first, two)
	if m.State != core.MessageUnreached || m.Reason != core.WhyNotFollowed || len(w.sim.SentMessages("first")) > 0 {
		t.Errorf("who follows the other account alone: %s, %q", m.State, m.Reason)
	}

	// Who leaves one follows the other still.
	if err := w.sim.Unfollow("both", one.appID); err != nil {
		t.Fatal(err)
	}
	w.heard()
	if m := w.tell(both, one); m.State != core.MessageUnreached {
		t.Errorf("by the account that was left: %s by %s", m.State, m.Channel)
	}
	if m := w.tell(both, two); !arrives(m) {
		t.Errorf("by the other: %s, %q", m.State, m.Reason)
	}
}

// What an account pushes to the address of another is refused: nobody follows that one by it, and nothing is answered.
func TestAnAccountAtTheAddressOfAnother(t *testing.T) {
	w := newTwoOfficials(t)
	one, two := w.accounts[0], w.accounts[1]
	app, _ := w.sim.App(one.appID)
	app.CallbackURL = w.addr + callback.Path + "/" + two.id.String()
	w.sim.AddApp(app)
	w.follow("first", one)
	for _, o := range w.accounts {
		if got := w.followers(o); len(got) != 0 {
			t.Errorf("%s has followers %v", o.appID, got)
		}
	}
	if err := w.sim.SendText("first", one.appID, "你好"); err != nil {
		t.Fatal(err)
	}
	w.heard()
	for _, m := range w.sim.Chat("first", one.appID) {
		if m.Kind == simulator.ReplyMessage {
			t.Errorf("answered %q", m.Text)
		}
	}
	refused := 0
	for _, c := range w.sim.Calls() {
		if c.Kind == simulator.CallPush && c.Status == http.StatusForbidden {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was pushed")
	}
	// Nor does the keys' owner get anything by naming the other's account within.
	app.AppID, app.CallbackURL = two.appID, w.addr+callback.Path+"/"+one.id.String()
	w.sim.AddApp(app)
	w.follow("second", two)
	for _, o := range w.accounts {
		if got := w.followers(o); len(got) != 0 {
			t.Errorf("%s has followers %v", o.appID, got)
		}
	}
}

// Both accounts' followers are synced, each by the account's own keys.
func TestFollowersOfTwoAccountsAreSynced(t *testing.T) {
	w := newTwoOfficials(t)
	w.lost.Store(true) // what they push does not arrive
	w.follow("first", w.accounts[0])
	w.follow("second", w.accounts[1])
	if err := w.fans.runAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, person := range []string{"first", "second"} {
		o := w.accounts[i]
		if got := w.followers(o); !slices.Equal(got, []string{w.sim.OpenID(person, o.appID)}) {
			t.Errorf("followers of %s: %v", o.appID, got)
		}
	}
	for _, c := range w.sim.Calls() {
		if query, err := url.ParseQuery(c.Query); c.Failed && c.Kind == simulator.CallAPI || err != nil || query.Get("secret") != "" {
			t.Errorf("%s: %d %s", c.Path, c.Status, c.Reply)
		}
	}
}
