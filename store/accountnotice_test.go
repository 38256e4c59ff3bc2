package store

import (
	"fmt"
	"testing"

	"tongxing/core"
)

// The owner of an account hears of each sign-in, with a word where nobody ever signed in
// from there, and of a WeChat that was bound or removed, even by themselves.
func TestAccountNotices(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		if _, err := o.s.BindPhone(t.Context(), o.owner.ID, "13800138009", ""); err != nil {
			t.Fatal(err)
		}
		o.bind(t)
		for _, network := range []string{"home", "home", "elsewhere"} {
			if _, err := o.s.SignIn(t.Context(), signInAs("office", testPassword, network)); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.s.UnbindAccountOf(t.Context(), core.SystemGranter, o.account.ID); err != nil {
			t.Fatal(err)
		}
		want := []core.AccountNotice{
			{Kind: core.NoticeWechatOff, Wechat: "138****8009"},
			{Kind: core.NoticeSignIn, Way: core.WayPassword, NewAddr: true},
			{Kind: core.NoticeSignIn, Way: core.WayPassword},
			{Kind: core.NoticeSignIn, Way: core.WayPassword, NewAddr: true},
			{Kind: core.NoticeWechatOn, Wechat: "138****8009"},
		}
		got, err := o.s.AccountNotices(t.Context(), o.account.ID, 10)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, w := range want {
			if g := got[i]; g.Kind != w.Kind || g.Way != w.Way || g.Wechat != w.Wechat || g.NewAddr != w.NewAddr || g.At.IsZero() ||
				!g.Read.IsZero() {
				t.Errorf("notice %d is %+v, want %+v", i, g, w)
			}
		}
		if err := o.s.ReadAccountNotices(t.Context(), o.account.ID, got[1].ID); err != nil {
			t.Fatal(err)
		}
		if got, err = o.s.AccountNotices(t.Context(), o.account.ID, 10); err != nil || !got[0].Read.IsZero() || got[1].Read.IsZero() ||
			got[4].Read.IsZero() {
			t.Errorf("read: %+v, %v", got, err)
		}
	})
}

// A sign-in by another kind of device is told of, though it is from where one always signs in; a new version of it does not count.
func TestSignInByAnotherDeviceIsTold(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		const chrome, phone = "Mozilla/5.0 (Windows NT 10.0) Chrome/%d", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Safari/%d"
		for i, agent := range []string{chrome, chrome, phone, phone, chrome} {
			in := signInAs("office", testPassword, "home")
			in.Agent = fmt.Sprintf(agent, i)
			if _, err := o.s.SignIn(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		got, err := o.s.AccountNotices(t.Context(), o.account.ID, 5)
		if err != nil || len(got) != 5 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, n := range got {
			if n.NewAgent != (i == 2) || n.NewAddr != (i == 4) {
				t.Errorf("%s: %+v", n.Agent, n)
			}
		}
		bell, _, err := o.s.Notices(t.Context(), o.account.ID)
		if err != nil || len(bell) != 2 || bell[0].Title != "账号从新设备登录（密码）" {
			t.Errorf("told of %+v, %v", bell, err)
		}
	})
}

// An account tells which WeChat is bound to it, and since when.
func TestWechatOfAccount(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		if none, err := o.s.WechatOfAccount(t.Context(), o.account.ID); err != nil || none != (core.BoundWechat{}) {
			t.Errorf("%+v, %v", none, err)
		}
		if _, err := o.s.BindPhone(t.Context(), o.owner.ID, "13800138009", ""); err != nil {
			t.Fatal(err)
		}
		o.bind(t)
		bound, err := o.s.WechatOfAccount(t.Context(), o.account.ID)
		if err != nil || bound.User != o.owner.ID || bound.Phone != "138****8009" || !bound.At.Equal(o.clock.Now()) {
			t.Errorf("%+v, %v", bound, err)
		}
	})
}

// A proof is found for its purpose, in its browser, for its life.
func TestWechatProof(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		proof := WechatProof{Browser: "b", Purpose: "page /x"}
		for range 2 {
			if err := o.s.CreateWechatProof(t.Context(), proof, o.owner.ID); err != nil {
				t.Fatal(err)
			}
		}
		if user, err := o.s.WechatProven(t.Context(), proof); err != nil || user != o.owner.ID {
			t.Errorf("%d, %v", user, err)
		}
		for _, other := range []WechatProof{
			{}, {Browser: "b"}, {Purpose: "page /x"}, {Browser: "c", Purpose: "page /x"},
			{Browser: "b", Purpose: "page /y"},
		} {
			_, err := o.s.WechatProven(t.Context(), other)
			wantRefused(t, other.Purpose, err, core.CodeUnauthenticated)
		}
		o.clock.Add(WechatProofLife)
		_, err := o.s.WechatProven(t.Context(), proof)
		wantRefused(t, "too late", err, core.CodeUnauthenticated)
	})
}
