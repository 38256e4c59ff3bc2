package estate

import (
	"context"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// Holder is somebody with a pass of another kind than residents have: a visitor or a member of an institution.
type Holder struct {
	ID, Pass    core.ID // the visit or the member
	Host        core.ID // the WeChat user who invited a visitor
	Name, Phone string
}

// User signs somebody in to WeChat with a verified number and a name; "" = none is stated.
func (e *Estate) User(phone, name string) core.ID {
	e.t.Helper()
	ctx := context.Background()
	user, err := e.Store.SignInWechat(ctx, core.WechatIdentity{AppID: "wx1", OpenID: "open-" + phone})
	e.must(err)
	_, err = e.Store.BindPhone(ctx, user.ID, phone, name)
	e.must(err)
	return user.ID
}

// phone returns a number that no other of the estate has.
func (e *Estate) phone() string {
	e.phones++
	return fmt.Sprintf("15%09d", (int64(e.Community)%9_000_000*101+int64(e.phones))%1_000_000_000)
}

// Visitors lets the residents, one after the other, invite n visitors for a day.
func (e *Estate) Visitors(n int) []Holder {
	e.t.Helper()
	ctx := context.Background()
	visitors := make([]Holder, n)
	for i := range visitors {
		host := e.Residents[i%len(e.Residents)]
		v := Holder{Host: e.User(host.Phone, host.Name), Name: fmt.Sprintf("访客%d", i+1), Phone: e.phone()}
		own, err := e.Store.CreateVisitorPass(ctx, core.System, v.Host, core.VisitorPass{
			House: host.House, Name: v.Name, Phone: v.Phone, Until: e.Store.Now().Add(24 * time.Hour),
		}, store.RequestKey{})
		e.must(err)
		v.ID, v.Pass = own.ID, own.Pass
		visitors[i] = v
	}
	return visitors
}

// Members adds an institution with n members, whose passes are good for a year.
func (e *Estate) Members(n int) []Holder {
	e.t.Helper()
	ctx := context.Background()
	institution, err := e.Store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
		Name: "测试快递" + e.Store.NewID().String(), Communities: []core.ID{e.Community},
	})
	e.must(err)
	today := core.DayOf(e.Store.Now(), e.Store.Zone())
	members := make([]Holder, n)
	for i := range members {
		m := Holder{Name: fmt.Sprintf("骑手%d", i+1), Phone: e.phone()}
		m.ID, err = e.Store.CreateMember(ctx, core.System, core.Everywhere, core.Member{
			Institution: institution, Name: m.Name, Phone: m.Phone, From: today, Until: today + 365,
		})
		e.must(err)
		row, err := e.Store.Member(ctx, core.Everywhere, m.ID)
		e.must(err)
		m.Pass = row.Pass
		members[i] = m
	}
	return members
}

// Slips issues n exit slips of three things each at the desk, good today.
func (e *Estate) Slips(n int) []core.ExitSlip {
	e.t.Helper()
	ctx := context.Background()
	slips := make([]core.ExitSlip, n)
	for i := range slips {
		id, err := e.Store.CreateExitSlip(ctx, core.System, core.Everywhere, core.ExitSlip{
			House: e.Houses[i%len(e.Houses)], Name: "搬家的人", Reason: "搬家", Planned: e.Store.Now(),
			Items: []core.ExitItem{{Name: "冰箱", Count: 1}, {Name: "沙发", Count: 2}, {Name: "纸箱", Count: 12}},
		})
		e.must(err)
		slips[i], err = e.Store.ExitSlip(ctx, core.Everywhere, id)
		e.must(err)
	}
	return slips
}
