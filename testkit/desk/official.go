package desk

import (
	"net/http/httptest"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

// OfficialID is WeChat's id of the account of Official.
const OfficialID = "wx00000000000000d1"

// Official connects an official account, served by the simulator of WeChat, that serves the communities of a scope. Its
// followers are the simulator's.
func (d *Desk) Official(t *testing.T, scope core.Scope, people ...simulator.Person) *simulator.Simulator {
	t.Helper()
	secret := strings.Repeat("s", 32)
	sim := simulator.New(simulator.Options{Seed: simulator.Seed{
		Apps: []simulator.App{{
			AppID: OfficialID, Secret: secret, Type: simulator.OfficialAccount, Name: "翠湖花园物业", Token: "token123",
		}},
		People: people,
	}})
	platform := httptest.NewServer(sim)
	t.Cleanup(platform.Close)
	official, err := wechat.New(wechat.Options{APIBase: platform.URL, BrowserBase: platform.URL, LoopbackOnly: true}).
		OfficialAccount(wechat.OfficialOptions{AppID: OfficialID, Secret: secret, Token: "token123"})
	if err != nil {
		t.Fatal(err)
	}
	d.Frame.Wechat = &Wechat{Officials: map[string]*wechat.OfficialAccount{OfficialID: official}}
	if _, err := d.Store.CreateWechatApp(t.Context(), core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatOfficial, Name: "翠湖花园物业", AppID: OfficialID, Scope: scope},
		Keys: core.WechatKeys{Secret: secret, Token: "token123"},
	}); err != nil {
		t.Fatal(err)
	}
	return sim
}

// Follows records that somebody of the simulator follows the account of Official, and returns the follower.
func (d *Desk) Follows(t *testing.T, sim *simulator.Simulator, person string) core.Follower {
	t.Helper()
	who := core.WechatIdentity{AppID: OfficialID, OpenID: sim.OpenID(person, OfficialID)}
	if err := d.Store.UpdateFollowed(t.Context(), who, true); err != nil {
		t.Fatal(err)
	}
	return d.Follower(t, who.OpenID)
}

// Follower loads a follower of the account of Official.
func (d *Desk) Follower(t *testing.T, openID string) core.Follower {
	t.Helper()
	list, _, err := d.Store.Followers(t.Context(), core.Everywhere, store.FollowerFilter{AppID: OfficialID})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.OpenID == openID {
			return f
		}
	}
	t.Fatalf("%s does not follow", openID)
	return core.Follower{}
}
