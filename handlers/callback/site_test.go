package callback

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const (
	sealedApp = "wx00000000000000aa" // with an AES key
	plainApp  = "wx00000000000000bb" // without
	corpID    = "ww00000000000000a1"
	miniApp   = "wx00000000000000a9"
	aesKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// site is a server with the callbacks of one account, and the simulated WeChat that calls them.
type site struct {
	*estate.Estate
	t        *testing.T
	appID    string
	sim      *simulator.Simulator
	official *wechat.OfficialAccount
	redis    *miniredis.Miniredis
	addr     string
	log      *hygiene.Log
	path     string // of the database
	handler  http.Handler
}

func newSite(t *testing.T, appID string) *site {
	t.Helper()
	s := &site{t: t, appID: appID, log: hygiene.NewLog(t), redis: miniredis.RunT(t), path: estate.SQLite(t)}
	log := s.log.Logger()
	st := estate.Store(t, store.Options{SQLitePath: s.path, Log: log})
	client := redis.NewClient(&redis.Options{Addr: s.redis.Addr(), MaxRetries: -1})
	s.Estate = estate.New(t, st, estate.Plan{Houses: 1, Members: 1, Doors: 1})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }))
	s.addr = server.URL
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.sim.ServeHTTP(w, r) }))
	s.seed()
	s.build(st, client, platform.URL, log)
	t.Cleanup(func() {
		s.idle()
		server.Close()
		platform.Close()
		client.Close()
	})
	return s
}

func (s *site) seed() {
	app := simulator.App{AppID: s.appID, Secret: "s", Type: simulator.OfficialAccount, Name: "物业", Token: "tok",
		CallbackURL: s.addr + Path}
	if s.appID == sealedApp {
		app.AESKey = aesKey
	}
	s.sim = simulator.New(simulator.Options{Seed: simulator.Seed{
		Apps: []simulator.App{app, {AppID: miniApp, Secret: "s", Type: simulator.MiniProgram, Name: "通行",
			Token: "tok", AESKey: aesKey,
			CallbackURL: s.addr + MiniPath, JSON: s.appID == sealedApp}},
		People: []simulator.Person{{Key: "zhou", Follows: []string{s.appID}}, {Key: "new"}},
	}})
}

// rename renames a table behind the server's back.
func (s *site) rename(from, to string) {
	db, err := sql.Open("sqlite", s.path)
	if err == nil {
		_, err = db.Exec("ALTER TABLE " + from + " RENAME TO " + to)
		db.Close()
	}
	if err != nil {
		s.t.Error(err)
	}
}

func (s *site) build(st *store.Store, client *redis.Client, platform string, log *slog.Logger) {
	s.t.Helper()
	o := wechat.OfficialOptions{AppID: s.appID, Secret: "s", Token: "tok", Replays: wechat.NewRedisReplays(client)}
	if s.appID == sealedApp {
		o.AESKey = aesKey
	}
	var err error
	if s.official, err = wechat.New(wechat.Options{APIBase: platform, BrowserBase: platform,
		LoopbackOnly: true}).OfficialAccount(o); err != nil {
		s.t.Fatal(err)
	}
	cache := web.RedisCache(client, st, log)
	mini := wechat.New(wechat.Options{LoopbackOnly: true}).MiniProgram(miniApp, "s")
	inbox, err := mini.Inbox(wechat.InboxOptions{Token: "tok", AESKey: aesKey, Replays: wechat.NewRedisReplays(client)})
	if err != nil {
		s.t.Fatal(err)
	}
	corp := wechat.New(wechat.Options{LoopbackOnly: true}).CorpApp(wechat.CorpOptions{CorpID: corpID, Secret: "s", Agent: 2})
	corpInbox, err := corp.Inbox(wechat.InboxOptions{Token: "tok", AESKey: aesKey, Replays: wechat.NewRedisReplays(client)})
	if err != nil {
		s.t.Fatal(err)
	}
	corps := func(_ context.Context, id core.ID) (Corp, bool) {
		return Corp{core.WechatApp{ID: id, Kind: core.WechatWork, AppID: corpID}, corpInbox}, id == 7
	}
	minis := func(_ context.Context, id core.ID) (Mini, bool) {
		app := core.WechatApp{ID: id, Kind: core.WechatMini, AppID: miniApp}
		return Mini{App: app, AppID: miniApp, Inbox: inbox}, id == 7
	}
	b, err := New(Options{Corps: corps, Mini: Mini{AppID: miniApp, Inbox: inbox}, Minis: minis, Store: st, Cache: cache,
		Accounts: s.account, PublicURL: "https://pass.example.com", Log: log,
		Files: map[string]string{"MP_verify_Ab12.txt": "Ab12"}})
	if err != nil {
		s.t.Fatal(err)
	}
	app := web.New(web.Options{Store: st, Cache: cache, Log: log})
	app.Register(b.Routes()...)
	s.handler = app
}

// account has one account, as the configuration file does.
func (s *site) account(_ context.Context, id core.ID) (Account, bool) {
	return Account{core.WechatApp{AppID: s.appID}, s.official}, id == 0
}

// idle waits until all callbacks in flight are answered.
func (s *site) idle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.sim.WaitIdle(ctx); err != nil {
		s.t.Error(err)
	}
}

// heard returns the last message of the account in somebody's chat.
func (s *site) heard(person string) string {
	s.t.Helper()
	s.idle()
	last := ""
	for _, m := range s.sim.Chat(person, s.appID) {
		if m.Kind == simulator.ReplyMessage {
			last = m.Text
		}
	}
	return last
}

// pushes returns how many attempts the simulator made, and fails if WeChat would have rejected a
// response.
func (s *site) pushes(tolerate bool) int {
	s.t.Helper()
	s.idle()
	n := 0
	for _, c := range s.sim.Calls() {
		if c.Kind != simulator.CallPush {
			continue
		}
		n++
		if c.Failed && !tolerate {
			s.t.Errorf("a callback failed: %s %d %s", c.Note, c.Status, c.Reply)
		}
	}
	return n
}

func (s *site) user(person string) core.WechatUser {
	s.t.Helper()
	user, err := s.Store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: s.appID, OpenID: s.sim.OpenID(person, s.appID)})
	if err != nil {
		s.t.Fatal(err)
	}
	return user
}

// scene makes a sign-in QR code as the console does, through WeChat, and returns its content.
func (s *site) scene(kind string, target core.ID) string {
	s.t.Helper()
	ticket, err := s.Store.CreateBindTicket(s.t.Context(), core.System, core.Everywhere, store.BindTarget{Kind: kind, ID: target})
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := s.official.TemporaryCode(s.t.Context(), ticket.Scene, store.BindTicketLife)
	if err != nil {
		s.t.Fatal(err)
	}
	return code.URL
}

func (s *site) scan(person, text string) {
	s.t.Helper()
	if _, err := s.sim.Scan(person, text); err != nil {
		s.t.Fatal(err)
	}
	s.idle()
}

func (s *site) get(path string) (int, string) {
	s.t.Helper()
	res, err := http.Get(s.addr + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// connect enters the account in the console, so that its menu and its replies can be set.
func (s *site) connect(t *testing.T) {
	t.Helper()
	if _, err := s.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "物业", AppID: s.appID, Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123"},
	}); err != nil {
		t.Fatal(err)
	}
}
