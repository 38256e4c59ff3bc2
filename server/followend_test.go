package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/handlers/callback"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/store/database"
	"tongxing/store/outbox"
	"tongxing/testkit/hygiene"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

const followMini = "wx00000000000000c9"

// followSite is a mailroom whose official account pushes to the program, and a mini-program of the same company.
type followSite struct {
	*mailroom
	official *wechat.OfficialAccount
	mini     *wechat.MiniProgram
	syncer   *followerSyncer
}

func newFollowSite(t *testing.T) *followSite {
	t.Helper()
	s := &followSite{mailroom: newMailroom(t, 1, false)}
	redis := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { redis.Close() })
	const aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	client := wechat.New(wechat.Options{APIBase: s.simURL, Now: s.clock.Now, LoopbackOnly: true})
	var err error
	if s.official, err = client.OfficialAccount(wechat.OfficialOptions{
		AppID: outboxApp, Secret: "secret-of-the-test", Token: "token1", AESKey: aesKey, Replays: wechat.NewRedisReplays(redis),
	}); err != nil {
		t.Fatal(err)
	}
	s.mini = client.MiniProgram(followMini, "secret-of-the-test")
	log := hygiene.Logger(t)
	cache := web.RedisCache(redis, s.stores[0], log)
	calls, err := callback.New(callback.Options{
		Store: s.stores[0], Cache: cache, PublicURL: "https://pass.example.com",
		Accounts: func(context.Context, core.ID) (callback.Account, bool) {
			return callback.Account{App: core.WechatApp{AppID: outboxApp}, Official: s.official}, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	app := web.New(web.Options{Store: s.stores[0], Cache: cache, Log: log})
	app.Register(calls.Routes()...)
	program := httptest.NewServer(app)
	t.Cleanup(program.Close)
	s.sim.AddApp(simulator.App{
		AppID: outboxApp, Secret: "secret-of-the-test", Type: simulator.OfficialAccount, Name: "物业", Token: "token1", AESKey: aesKey,
		CallbackURL: program.URL + callback.Path,
		Templates:   []simulator.Template{{ID: outboxTemplate, Title: "提醒", Content: "事项：{{thing1.DATA}}\n时间：{{time2.DATA}}"}},
	})
	s.sim.AddApp(simulator.App{AppID: followMini, Secret: "secret-of-the-test", Type: simulator.MiniProgram, Name: "通行"})
	if _, err := s.stores[0].CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "物业", AppID: outboxApp, Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: strings.Repeat("s", 32), Token: "token1", AESKey: aesKey},
	}); err != nil {
		t.Fatal(err)
	}
	s.syncer = &followerSyncer{
		name: "a", store: s.stores[0], log: log, poll: followerPoll,
		official: func(string) *wechat.OfficialAccount { return s.official },
	}
	return s
}

// joins lets a person use the mini-program first, and then follow the account by the code of a poster.
func (s *followSite) joins(person string) core.ID {
	s.t.Helper()
	ctx := s.t.Context()
	login, err := s.mini.Login(ctx, s.sim.MintLoginCode(person, followMini))
	if err != nil {
		s.t.Fatal(err)
	}
	user, err := s.stores[0].SignInWechat(ctx, core.WechatIdentity{AppID: followMini, OpenID: login.OpenID, UnionID: login.UnionID})
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := s.official.TemporaryCode(ctx, "poster", time.Hour)
	if err == nil {
		_, err = s.sim.Scan(person, code.URL)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.heard()
	if err := s.syncer.runAll(ctx); err != nil {
		s.t.Fatal(err)
	}
	return user.ID
}

// heard waits until the program has answered all that WeChat told.
func (s *followSite) heard() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.sim.WaitIdle(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// told tells a user of something, sends it, and returns what became of it.
func (s *followSite) told(user core.ID) core.Message {
	s.t.Helper()
	if err := s.db.Write(s.t.Context(), "tell", func(tx *database.Tx) error {
		return outbox.Put(tx, core.MessageNote{Kind: core.MessageCertification, User: user, Title: "住户认证已通过", Link: "certification/1"})
	}); err != nil {
		s.t.Fatal(err)
	}
	stop := s.work(nil)
	defer stop()
	s.until(time.Second, 10*time.Millisecond)
	s.heard() // what WeChat says of it later
	s.until(time.Second, 10*time.Millisecond)
	return s.messages()[0]
}

// Somebody who uses the mini-program follows the account by a code, is one person in both by the union id, and gets a
// message there, whose delivery WeChat reports. Who blocks the account is reported, too: then it is not tried again.
func TestFollowToFinish(t *testing.T) {
	s := newFollowSite(t)
	s.sim.AddPerson(simulator.Person{Key: "wang"})
	s.sim.AddPerson(simulator.Person{Key: "blocker", Blocked: true})
	wang, blocker := s.joins("wang"), s.joins("blocker")
	if m := s.told(wang); m.State != core.MessageDelivered || m.Channel != core.ChannelTemplate {
		t.Errorf("to a follower: %s by %q, %q", m.State, m.Channel, m.Reason)
	}
	if sent := s.sim.SentMessages("wang"); len(sent) != 1 {
		t.Errorf("on the phone: %+v", sent)
	}
	if m := s.told(blocker); m.State != core.MessageRefused || m.Reason != core.WhyBlocked {
		t.Errorf("to who blocks the account: %s, %q", m.State, m.Reason)
	}
	before := s.sim.Calls()
	if m := s.told(blocker); m.State != core.MessageRefused || m.Channel != "" {
		t.Errorf("once more: %s by %q, %q", m.State, m.Channel, m.Reason)
	}
	for _, c := range s.sim.Calls()[len(before):] {
		if c.Kind != simulator.CallPush {
			t.Errorf("WeChat is asked to send it all the same: %+v", c)
		}
	}
	// They follow again: then they are reached.
	s.sim.AddPerson(simulator.Person{Key: "blocker"})
	if err := s.sim.Unfollow("blocker", outboxApp); err != nil {
		t.Fatal(err)
	}
	s.heard()
	s.joins("blocker")
	if m := s.told(blocker); m.State != core.MessageDelivered {
		t.Errorf("after they followed again: %s, %q", m.State, m.Reason)
	}
}
