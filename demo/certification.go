package demo

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"

	"tongxing/core"
	"tongxing/photo"
	"tongxing/store"
)

// applicant has moved in and asks to be certified. The others who do so have no phone in the simulator.
var applicant = Member{Key: "sun-lijuan", Name: "孙丽娟", Role: "新住户（申请认证）", Phone: "19900000010"}

// application is somebody who asks to be certified in a house.
type application struct {
	who      Member
	house    int // of the estate
	identity core.Identity
	pictures int
	decision *core.ReviewDecision // nil = it waits
}

// certifications sends applications of people who are not in the register so. The office has decided two; three wait.
func (s *seeder) certifications(ctx context.Context, e *estate, identify Identify) error {
	return s.apply(ctx, e, identify, []application{
		{Member{Key: "cao-yuting", Name: "曹雨婷", Phone: "19900000011"}, 14, core.Family, 1, &core.ReviewDecision{
			Approve: true, Internal: "与户主电话核对过"}},
		{Member{Key: "dong-jianping", Name: "董建平", Phone: "19900000012"}, 66, core.Tenant, 1, &core.ReviewDecision{
			Reason: "照片看不清", Note: "请重新拍租赁合同的第一页。"}},
		{applicant, 30, core.Tenant, 2, nil},
		{Member{Key: "wu-haoran", Name: "吴浩然", Phone: "19900000008"}, 55, core.Owner, 1, nil},
		{Member{Key: "liu-zhiyuan", Name: "刘志远", Phone: "19900000009"}, 87, core.Lodger, 3, nil},
	}...)
}

// apply sends applications, each from a WeChat of its own.
func (s *seeder) apply(ctx context.Context, e *estate, identify Identify, applications ...application) error {
	for i, a := range applications {
		user, err := s.store.SignInWechat(ctx, identify(a.who))
		if err != nil {
			return err
		}
		if _, err := s.store.BindPhone(ctx, user.ID, a.who.Phone, ""); err != nil {
			return err
		}
		request := core.CertificationRequest{House: e.houses[a.house], Name: a.who.Name, Identity: a.identity}
		if a.identity == core.Lodger {
			request.LeaseDay = core.DayOf(s.now, s.store.Zone()) + 300
		}
		for n := range a.pictures {
			kept, err := s.picture(ctx, user.ID, i*4+n)
			if err != nil {
				return err
			}
			request.Photos = append(request.Photos, kept)
		}
		by := core.Actor{Kind: core.ActorWechat, ID: user.ID, Name: "微信用户"}
		sent, err := s.store.CreateCertification(ctx, by, user.ID, request, store.RequestKey{
			Key: "demo-application-" + a.who.Key,
		})
		if err == nil && a.decision != nil {
			err = s.decide(ctx, sent.Review, *a.decision)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// misspelt sends the application of a registered owner whose name has a slip of the pen: the register bears the number out, so
// that it can be approved from the list.
func (s *seeder) misspelt(ctx context.Context, e *estate, identify Identify) error {
	for _, r := range e.residents[len(e.residents)/2:] {
		name := []rune(r.Name)
		if r.Identity != core.Owner || len(name) != 3 || name[2] == '婷' || r.Phone == "" {
			continue
		}
		name[2] = '婷'
		user, err := s.store.SignInWechat(ctx, identify(Member{Key: "misspelt"}))
		if err == nil {
			_, err = s.store.BindPhone(ctx, user.ID, r.Phone, "")
		}
		var paper core.ID
		if err == nil {
			paper, err = s.picture(ctx, user.ID, 21)
		}
		if err == nil {
			_, err = s.store.CreateCertification(ctx, core.Actor{Kind: core.ActorWechat, ID: user.ID, Name: "微信用户"}, user.ID,
				core.CertificationRequest{House: r.House, Name: string(name), Identity: core.Owner, Photos: []core.ID{paper}},
				store.RequestKey{Key: "demo-application-misspelt"})
		}
		return err
	}
	return nil
}

// decide decides an application as the administrator.
func (s *seeder) decide(ctx context.Context, r core.Review, d core.ReviewDecision) error {
	d.ID, d.Version = r.ID, r.Version
	by := core.Actor{Kind: core.ActorAccount, ID: s.cast.Admin, Name: adminName}
	_, err := s.store.DecideReview(ctx, by, core.Everywhere, d)
	return err
}

// picture sends a picture as an applicant does.
func (s *seeder) picture(ctx context.Context, owner core.ID, n int) (core.ID, error) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, document(n), nil); err != nil {
		return 0, err
	}
	made, err := photo.Make(ctx, core.PhotoPersonal, file.Bytes())
	if err != nil {
		return 0, err
	}
	kept, err := s.store.CreatePhoto(ctx, owner, made)
	return kept.ID, err
}

// document draws what looks like a photo of a paper on a table: a title, lines of text, a red seal.
func document(n int) image.Image {
	const w, h = 960, 720
	tables := []color.RGBA{{0x8c, 0x6d, 0x4f, 0xff}, {0x5d, 0x6f, 0x7d, 0xff}, {0x70, 0x7a, 0x5e, 0xff}}
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	fill := func(r image.Rectangle, c color.RGBA) {
		draw.Draw(picture, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(picture.Rect, tables[n%len(tables)])
	paper := image.Rect(140, 60, w-140, h-60)
	fill(paper, color.RGBA{0xf7, 0xf5, 0xee, 0xff})
	ink := color.RGBA{0x54, 0x54, 0x58, 0xff}
	fill(image.Rect(paper.Min.X+200, paper.Min.Y+50, paper.Max.X-200, paper.Min.Y+84), ink)
	for line := range 9 {
		y := paper.Min.Y + 140 + line*44
		fill(image.Rect(paper.Min.X+60, y, paper.Max.X-60-(line*53+n*31)%240, y+14), ink)
	}
	seal, at := color.RGBA{0xb8, 0x3a, 0x34, 0xff}, image.Pt(paper.Max.X-130, paper.Max.Y-120)
	for y := -70; y <= 70; y++ {
		for x := -70; x <= 70; x++ {
			if d := x*x + y*y; d <= 70*70 && d >= 60*60 {
				picture.SetRGBA(at.X+x, at.Y+y, seal)
			}
		}
	}
	return picture
}
