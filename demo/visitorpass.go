package demo

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// visitors has a resident invite three: one who comes by car, one who is inside, one who
// does not come.
func (s *seeder) visitors(ctx context.Context, e *estate, identify Identify) error {
	host := e.residents[5]
	user, err := s.store.SignInWechat(ctx, core.WechatIdentity{AppID: identify(father).AppID, OpenID: "demo-host-of-visitors"})
	if err != nil {
		return err
	}
	if _, err := s.store.BindPhone(ctx, user.ID, host.Phone, host.Name); err != nil {
		return err
	}
	guests := []core.VisitorPass{
		{Name: "方志远", Phone: "19900000031", Plate: "京A12345", People: 3, Reason: "家庭聚会"},
		{Name: "沈佳", Phone: "19900000033", Reason: "送货上门", People: 1},
		{Name: "曹伟", Phone: "19900000032", Reason: "看房"},
	}
	for i, guest := range guests {
		guest.House, guest.Until = host.House, s.now.Add(time.Duration(6+i)*time.Hour)
		visit, err := s.store.CreateVisitorPass(ctx, core.System, user.ID, guest, store.RequestKey{})
		if err != nil {
			return err
		}
		switch i {
		case 1:
			_, err = s.store.Scan(ctx, store.ScanAttempt{
				Via: core.ViaManual, Post: s.post, GuardName: guard.Name, Direction: core.In, Pass: visit.Pass, TokenDigest: "demo visitor",
			})
		case 2:
			err = s.store.RevokeVisitorPass(ctx, core.System, core.Everywhere, visit.ID)
		}
		if err != nil {
			return err
		}
	}
	if err := s.unwelcome(ctx, e); err != nil {
		return err
	}
	return s.applicants(ctx, e, host)
}

// unwelcome puts on the estate's blacklist whom it does not let in: a number for good, a plate for a while.
func (s *seeder) unwelcome(ctx context.Context, e *estate) error {
	by := core.Actor{Kind: core.ActorAccount, ID: s.cast.Admin, Name: adminName}
	_, err := s.store.CreateVisitorBlocks(ctx, by, core.Everywhere, e.id, []core.VisitorBlock{
		{Kind: core.BlockPhone, Value: "19900000037", Reason: "冒充物业人员上门推销"},
		{Kind: core.BlockPlate, Value: "京D13579", Reason: "多次占用消防通道", LastDay: core.DayOf(s.now, s.store.Zone()) + 60},
	})
	return err
}

// applicants has a visitor apply for a pass to a house by the poster at a gate, and another ask the host for an appointment.
func (s *seeder) applicants(ctx context.Context, e *estate, host core.Resident) error {
	id, err := s.store.CreateVisitorPoster(ctx, core.System, core.Everywhere, core.VisitorPoster{Community: e.id, Post: s.post})
	if err != nil {
		return err
	}
	poster, err := s.store.VisitorPoster(ctx, core.Everywhere, id)
	if err != nil {
		return err
	}
	tomorrow := s.store.Now().Add(24 * time.Hour)
	for _, v := range []store.VisitApplication{
		{Poster: poster.Code, VisitorPass: core.VisitorPass{
			Way: core.VisitApplied, House: host.House, Name: "许文静", Phone: "19900000034", People: 2, Reason: "探望老人", Until: tomorrow,
		}},
		{Poster: poster.Code, Host: host.Phone, VisitorPass: core.VisitorPass{
			Way: core.VisitBooked, Name: "孟凡", Phone: "19900000035", Reason: "上门维修", Until: tomorrow,
		}},
	} {
		if _, err := s.store.ApplyVisit(ctx, core.System, 0, v, store.RequestKey{}); err != nil {
			return err
		}
	}
	return nil
}
