package demo_test

import (
	"fmt"
	"testing"

	"tongxing/core"
	"tongxing/demo"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A step is ticked by what happened, and by nothing of the seeded month.
func TestTheTourKnowsWhatIsDone(t *testing.T) {
	s := estate.Store(t, store.Options{})
	cast, err := demo.Seed(t.Context(), s, func(m demo.Member) core.WechatIdentity {
		return core.WechatIdentity{AppID: "wx", OpenID: "o-" + m.Key}
	}, keys)
	if err != nil {
		t.Fatal(err)
	}
	is := func(want demo.Done) {
		t.Helper()
		if got, err := demo.WhatIsDone(t.Context(), s, cast); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	is(demo.Done{})
	father := cast.Family[0]
	user, err := s.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-" + father.Key})
	if err != nil {
		t.Fatal(err)
	}
	is(demo.Done{}) // a phone without a verified number has no pass
	if _, err := s.BindPhone(t.Context(), user.ID, father.Phone, father.Name); err != nil {
		t.Fatal(err)
	}
	is(demo.Done{Opened: true})
	if user, err = s.WechatUser(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	n := 0
	passage := func(via core.Via, allowed bool, reason core.Reason) {
		t.Helper()
		n++
		if err := s.ImportAccessRecords(t.Context(), []core.AccessRecord{{
			Community: cast.Community, At: s.Now(), Via: via, Direction: core.Out, Kind: core.PassResident, Person: user.Person,
			Name: father.Name, HouseLabel: cast.House, Allowed: allowed, Reason: reason, TokenDigest: fmt.Sprintf("%064d", n),
		}}); err != nil {
			t.Fatal(err)
		}
	}
	passage(core.ViaReader, true, core.ReasonAllowed)
	is(demo.Done{Opened: true, Passed: true})
	passage(core.ViaReader, false, core.ReasonTokenUsed)
	passage(core.ViaManual, false, core.ReasonGuard) // not a release
	is(demo.Done{Opened: true, Passed: true, Refused: true})
	passage(core.ViaManual, true, core.ReasonAllowed)
	is(demo.Done{Opened: true, Passed: true, Refused: true, Released: true})
}
