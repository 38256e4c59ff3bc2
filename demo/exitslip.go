package demo

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// movers has a resident apply for an exit slip to move out, and the office issue another, of which a part has left.
func (s *seeder) movers(ctx context.Context, e *estate, identify Identify) error {
	mover := e.residents[5]
	user, err := s.store.SignInWechat(ctx, core.WechatIdentity{AppID: identify(father).AppID, OpenID: "demo-host-of-visitors"})
	if err != nil {
		return err
	}
	if _, err := s.store.ApplyExitSlip(ctx, core.System, user.ID, core.ExitSlip{
		House: mover.House, Plate: "京B67890", Reason: "搬家", Planned: s.store.Now().Add(24 * time.Hour),
		Items: []core.ExitItem{
			{Name: "双开门冰箱", Count: 1}, {Name: "布艺沙发", Count: 2}, {Name: "纸箱", Count: 12}, {Name: "自行车", Count: 1},
		},
	}, store.RequestKey{}); err != nil {
		return err
	}
	by := core.Actor{Kind: core.ActorAccount, ID: s.cast.Admin, Name: adminName}
	id, err := s.store.CreateExitSlip(ctx, by, core.Everywhere, core.ExitSlip{
		House: e.residents[6].House, Name: "安居搬家 王师傅", Phone: "19900000036", Plate: "京C24680", Reason: "更换家具",
		Planned: s.store.Now().Add(time.Minute), Items: []core.ExitItem{{Name: "旧床垫", Count: 2}, {Name: "旧衣柜", Count: 1}},
	})
	if err != nil {
		return err
	}
	slip, err := s.store.ExitSlip(ctx, core.Everywhere, id)
	if err != nil {
		return err
	}
	_, err = s.store.Scan(ctx, store.ScanAttempt{
		Via: core.ViaManual, Post: s.post, GuardName: guard.Name, Direction: core.Out, Pass: slip.Pass, TokenDigest: "demo exit slip",
		Items: []int{1}, ItemWords: slip.ItemsText([]int{1}),
	})
	return err
}
