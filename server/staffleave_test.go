package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/callback"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/wechat/simulator"
)

// List 7 of what WeWork does: the whole list of members is synced; a change that is pushed is seen; and of somebody whose leaving
// was pushed in vain the nightly sync removes every right at once: session, account, post and observer.
func TestTheNightlySyncEndsALeaversRights(t *testing.T) {
	const agent, aesKey, phone = 2, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "13733334444"
	p := newInProcess(t, simulator.Seed{People: []simulator.Person{{Key: "li"}, {Key: "wang"}}})
	ctx := t.Context()
	where := estate.New(t, p.store, estate.Plan{})
	keys := core.WechatKeys{Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: aesKey}
	corp, err := p.store.CreateWechatApp(ctx, core.System, core.Everywhere, store.KeyedWechatApp{
		App: core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: syncCorp, Agent: agent, Scope: core.Everywhere}, Keys: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.sim.AddCorp(simulator.Corp{
		CorpID: syncCorp, Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}},
		Sync: simulator.Agent{
			Secret: keys.Contact, Token: keys.Token, AESKey: aesKey, CallbackURL: p.addr + callback.WorkPath + "/" + corp.String(),
		},
		Agents: []simulator.Agent{{ID: agent, Secret: keys.Secret, Visible: []int{1}}},
		Members: []simulator.CorpMember{
			{UserID: "Li", Name: "李娜", Departments: []int{1}, Person: "li"},
			{UserID: "wang", Name: "王五", Departments: []int{1}, Person: "wang"},
		},
	})
	sync := func() {
		t.Helper()
		p.heard()
		if err := p.syncer.runAll(ctx); err != nil {
			t.Fatal(err)
		}
	}
	sync()
	if !slices.ContainsFunc(p.sim.Calls(), func(c simulator.Call) bool { return strings.HasSuffix(c.Path, "/user/list_id") }) {
		t.Error("the list of members was not asked for")
	}
	li, err := p.store.StaffOfMember(ctx, corp, "li")
	if err != nil {
		t.Fatal(err)
	}
	account, guard, observer := p.rightsOf(where, li.ID, phone)

	browser, post := p.browser(), "/h5/guard/"+where.Post.String()
	if status := p.enter(browser, corp, "li", simulator.WorkID(syncCorp, agent)); status != http.StatusSeeOther {
		t.Fatalf("signed in: %d", status)
	}
	all := func(want int) {
		t.Helper()
		for _, path := range []string{"/h5/staff", "/h5/review", post} {
			if status, _ := p.open(browser, path); status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
		}
	}
	all(http.StatusOK)

	if err := p.sim.PutMember(syncCorp, simulator.CorpMember{UserID: "Li", Name: "李娜娜", Departments: []int{1}, Person: "li"}); err != nil {
		t.Fatal(err)
	}
	sync()
	if li, err = p.store.StaffOfMember(ctx, corp, "li"); err != nil || li.Name != "李娜娜" {
		t.Fatalf("a change that was pushed: %+v, %v", li, err)
	}

	p.lost.Store(true)
	if err := p.sim.RemoveMember(syncCorp, "Li"); err != nil {
		t.Fatal(err)
	}
	sync()
	all(http.StatusOK) // nobody has said it
	now := p.store.Now()
	p.ahead.Store(int64(core.StaffSyncDue(now, p.store.Zone()).AddDate(0, 0, 1).Add(time.Minute).Sub(now)))
	sync()
	all(http.StatusSeeOther)
	if got, err := p.store.Account(ctx, core.Everywhere, account); err != nil || got.Disabled.IsZero() {
		t.Errorf("the account: %+v, %v", got, err)
	}
	if got, err := p.store.Guard(ctx, core.Everywhere, guard); err != nil || got.Disabled.IsZero() {
		t.Errorf("the guard: %+v, %v", got, err)
	}
	if _, err := p.store.Observer(ctx, core.Everywhere, observer); !core.IsNotFound(err) {
		t.Errorf("the observer: %v", err)
	}
	for kind, subject := range map[core.SessionKind]core.ID{core.SessionStaff: li.ID, core.SessionAccount: account} {
		if left, err := p.store.Sessions(ctx, kind, subject); err != nil || len(left) != 0 {
			t.Errorf("%d sessions of %s are left, %v", len(left), kind, err)
		}
	}
	if _, err := p.store.StaffOfMember(ctx, corp, "wang"); err != nil {
		t.Errorf("who stayed: %v", err)
	}
}

// rightsOf makes an account with a session a member's, and a guard and an observer of their number.
func (p *inProcess) rightsOf(where *estate.Estate, staff core.ID, phone string) (account, guard, observer core.ID) {
	p.t.Helper()
	ctx := p.t.Context()
	account, err := p.store.CreateAccount(ctx, core.SystemGranter, core.Account{
		Login: "li.na", Name: "李娜", Role: core.RoleClerk, Scope: core.ScopeOf(where.Community),
		Permissions: []core.Permission{core.PermCertificationView, core.PermCertificationReview},
	}, "correct-horse-7")
	for _, do := range []func() error{
		func() error { return p.store.LinkStaffAccount(ctx, core.SystemGranter, staff, account) },
		func() error { return p.store.BindStaffPhone(ctx, core.System, staff, phone) },
		func() (err error) {
			guard, err = p.store.CreateGuard(ctx, core.System, core.Everywhere, core.Guard{
				Community: where.Community, Name: "李娜", Phone: phone, Posts: []core.ID{where.Post},
			})
			return err
		},
		func() (err error) {
			observer, err = p.store.CreateObserver(ctx, core.System, core.Everywhere, core.Observer{
				Name: "李娜", Capacity: "客服主管", Phone: phone, Communities: []core.ID{where.Community},
			})
			return err
		},
		func() error {
			_, _, err := p.store.StartSession(ctx, store.NewSession{
				Kind: core.SessionAccount, Subject: account, Life: core.SessionLife{Idle: 72 * time.Hour, MaxLife: 72 * time.Hour},
			})
			return err
		},
	} {
		if err == nil {
			err = do()
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return account, guard, observer
}
