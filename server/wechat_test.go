package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// weChatSite is the adapter of a program whose WeChat is the simulator.
type weChatSite struct {
	*weChat
	t        *testing.T
	sim      *simulator.Simulator
	platform string // where it is served
}

const siteSecret = "0123456789abcdef0123456789abcdef"

func newWeChatSite(t *testing.T, configured ...store.KeyedWechatApp) *weChatSite {
	t.Helper()
	var apps []simulator.App
	for id, kind := range map[string]simulator.AppType{
		"wx00000000000000a1": simulator.OfficialAccount, "wx00000000000000a2": simulator.OfficialAccount,
		"wx00000000000000b1": simulator.MiniProgram, "wx00000000000000b2": simulator.MiniProgram,
	} {
		apps = append(apps, simulator.App{AppID: id, Secret: siteSecret, Type: kind, Name: id})
	}
	sim := simulator.New(simulator.Options{Seed: simulator.Seed{Apps: apps, People: []simulator.Person{{Key: "zhou"}}}})
	platform := httptest.NewServer(sim)
	t.Cleanup(platform.Close)
	st := estate.Store(t, store.Options{SQLitePath: estate.SQLite(t), WechatApps: configured})
	return &weChatSite{t: t, sim: sim, platform: platform.URL, weChat: &weChat{
		client: wechat.New(wechat.Options{APIBase: platform.URL, BrowserBase: platform.URL, LoopbackOnly: true}),
		store:  st, built: map[string]*builtApp{},
	}}
}

func (s *weChatSite) add(kind core.WechatAppKind, appID string, scope core.Scope) core.ID {
	s.t.Helper()
	id, err := s.store.CreateWechatApp(s.t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: kind, Name: appID, AppID: appID, Scope: scope},
		Keys: core.WechatKeys{Secret: siteSecret, Token: "token123"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// calls returns how often the platform was asked for something.
func (s *weChatSite) calls(path string) (n int) {
	for _, c := range s.sim.Calls() {
		if strings.HasSuffix(c.Path, path) {
			n++
		}
	}
	return n
}

// What is added in the console is in use at once, beside the configuration file's, and what is disabled is not.
func TestWeChatAccountsOfTheConsole(t *testing.T) {
	s := newWeChatSite(t)
	if s.Has(core.WechatOfficial) || s.VerifiesPhones() || s.official() != nil {
		t.Fatal("an account out of nowhere")
	}
	id := s.add(core.WechatOfficial, "wx00000000000000a1", core.Everywhere)
	if !s.Has(core.WechatOfficial) || s.Has(core.WechatMini) || s.official().AppID() != "wx00000000000000a1" {
		t.Fatal("the account that was added is not in use")
	}
	if err := s.Try(t.Context(), "wx00000000000000a1"); err != nil {
		t.Error(err)
	}
	if a, ok := s.Account(t.Context(), id); !ok || a.Official.AppID() != "wx00000000000000a1" {
		t.Error("its callbacks have no account")
	}
	if err := s.store.DisableWechatApp(t.Context(), core.System, core.Everywhere, id); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Account(t.Context(), id); ok || s.Has(core.WechatOfficial) {
		t.Error("the account that was disabled is in use")
	}
	if err := s.Try(t.Context(), "wx00000000000000a1"); !core.IsConflict(err) {
		t.Errorf("keys that nobody tried are said to be right: %v", err)
	}
}

// With accounts of some communities alone nobody is told that there is none: what is missing is one of all.
func TestWeChatAccountsOfSomeCommunities(t *testing.T) {
	s := newWeChatSite(t)
	if _, err := s.TemporaryQR(t.Context(), "", "x", time.Minute); !strings.Contains(core.MessageOf(err), "还没有接入公众号") {
		t.Errorf("without any: %v", err)
	}
	community, err := s.store.CreateCommunity(t.Context(), core.System, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	s.add(core.WechatOfficial, "wx00000000000000a1", core.ScopeOf(community))
	_, address := s.AuthorizeURL(t.Context(), "", "https://pass.example.com/", "state")
	_, code := s.TemporaryQR(t.Context(), "", "x", time.Minute)
	for _, err := range []error{address, code} {
		if said := core.MessageOf(err); !strings.Contains(said, "负责全部小区") || strings.Contains(said, "还没有接入") {
			t.Errorf("with one of a community: %v", err)
		}
	}
}

// That somebody was identified proves the domain of the account's pages; a code that is of no use proves nothing.
func TestWeChatStepIsProven(t *testing.T) {
	s := newWeChatSite(t)
	const appID = "wx00000000000000a1"
	id := s.add(core.WechatOfficial, appID, core.Everywhere)
	proven := func() bool {
		t.Helper()
		steps, err := s.store.WechatAppSteps(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return steps[core.WechatStepPages].Done()
	}
	if _, err := s.Identify(t.Context(), "", "no-code"); err == nil || proven() {
		t.Errorf("proven by nothing: %v", err)
	}
	who, err := s.Identify(t.Context(), "", s.sim.MintOAuthCode("zhou", appID, "snsapi_userinfo"))
	if err != nil || who.AppID != appID || !proven() {
		t.Errorf("%+v, %v: proven %v", who, err, proven())
	}
}

// A wrong secret is found out although a token of the right one is stored; a new one is used at once.
func TestWeChatKeysAreReplaced(t *testing.T) {
	s := newWeChatSite(t)
	const appID = "wx00000000000000a1"
	id := s.add(core.WechatOfficial, appID, core.Everywhere)
	if err := s.official().Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	replace := func(secret string) {
		app, err := s.store.WechatApp(t.Context(), core.Everywhere, id)
		if err == nil {
			_, err = s.store.UpdateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
				App: app, Keys: core.WechatKeys{Secret: secret},
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	replace(strings.Repeat("f", 32))
	if err := s.Try(t.Context(), appID); wechat.CodeOf(err) != 40125 {
		t.Errorf("a wrong secret: %v", err)
	}
	replace(siteSecret)
	if err := s.Try(t.Context(), appID); err != nil {
		t.Error(err)
	}
}

// A community's notice has its own mini-program's code, which WeChat draws once; the API takes the mini-program that
// calls.
func TestMiniProgramsOfCommunities(t *testing.T) {
	s := newWeChatSite(t)
	community, err := s.store.CreateCommunity(t.Context(), core.System, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	s.add(core.WechatMini, "wx00000000000000b1", core.Everywhere)
	s.add(core.WechatMini, "wx00000000000000b2", core.ScopeOf(community))
	for range 2 {
		own, err := s.MiniCode(t.Context(), community, "from=notice")
		if err != nil || len(own) == 0 {
			t.Fatal(err)
		}
	}
	if _, err := s.MiniCode(t.Context(), 0, "from=notice"); err != nil {
		t.Fatal(err)
	}
	if n := s.calls("/wxa/getwxacodeunlimit"); n != 2 {
		t.Errorf("WeChat drew %d codes, want one of each mini-program", n)
	}
	for caller, want := range map[string]string{
		"": "wx00000000000000b1", "wx00000000000000b2": "wx00000000000000b2", "wx00000000000000ff": "wx00000000000000b1",
		"wx00000000000000a1": "wx00000000000000b1",
	} {
		if got := s.Mini(caller).AppID(); got != want {
			t.Errorf("called by %q: %s, want %s", caller, got, want)
		}
	}
}

// 恢复发送 of an account of the configuration file lets every server call it again, though it has no row that all read.
func TestConfiguredAccountIsMendedEverywhere(t *testing.T) {
	const appID = "wx00000000000000a1"
	configured := store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "公众号", AppID: appID, Scope: core.Everywhere},
		Keys: core.WechatKeys{Secret: siteSecret, Token: "token123"},
	}
	s := newWeChatSite(t, configured)
	other := &weChat{client: wechat.New(wechat.Options{
		APIBase: s.platform, BrowserBase: s.platform, LoopbackOnly: true,
	}), store: s.store, built: map[string]*builtApp{}}
	servers := []*weChat{s.weChat, other}
	calls := func(server *weChat) error {
		_, err := server.official().Quota(t.Context(), "/cgi-bin/menu/get")
		return err
	}
	s.sim.SetWhitelist(appID, "192.0.2.1")
	for _, server := range servers {
		if err := calls(server); err == nil {
			t.Fatal("called from an address that is not on the list")
		}
	}
	s.sim.SetWhitelist(appID, "127.0.0.1")
	if err := calls(other); err == nil {
		t.Fatal("the breaker is closed by itself")
	}
	stop := core.ChannelStop{
		Channel: core.ChannelTemplate, AppID: appID, Until: s.store.Now().Add(time.Hour).Truncate(time.Millisecond), Reason: core.WhyBadIP,
	}
	by := core.Actor{Kind: core.ActorAccount, ID: 1, Name: "运维", Operator: true}
	if err := s.store.Outbox().Stop(t.Context(), stop); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.ResumeChannel(t.Context(), by, core.Everywhere, stop); err != nil {
		t.Fatal(err)
	}
	for i, server := range servers {
		if err := calls(server); err != nil {
			t.Errorf("server %d: %v", i, err)
		}
	}
}
