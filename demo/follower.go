package demo

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/store"
)

// Fan follows the estate's official account, and has no phone in the simulator.
type Fan struct {
	Member
	Hours  int    // for how long
	Scene  string // by which WeChat says they came
	Remark string
	Tags   []string
}

// strangers are how many of the fans nobody knows: they follow, and are not certified.
const strangers = 5

// Fans returns the followers beside People. All but the last few are residents, whose names WeChat does not tell.
func Fans() []Fan {
	scenes := []string{"", "", "ADD_SCENE_SEARCH", "", "ADD_SCENE_PROFILE_CARD", "", "ADD_SCENE_WXA"}
	marks := map[int]Fan{
		1: {Remark: "业委会主任", Tags: []string{"业委会"}}, 3: {Remark: "晚上 7 点后再联系", Tags: []string{"老人照护"}},
		4: {Tags: []string{"业委会", "志愿者"}}, 6: {Remark: "装修到月底", Tags: []string{"装修中"}}, 9: {Tags: []string{"志愿者"}},
		11: {Tags: []string{"装修中"}}, 12: {Remark: "子女代看消息", Tags: []string{"老人照护"}}, 15: {Tags: []string{"志愿者"}},
	}
	var fans []Fan
	for i := range 22 {
		f := marks[i]
		f.Member = Member{Key: fmt.Sprintf("fan-%02d", i+1), Name: fmt.Sprintf("关注用户 %d", i+1), Role: "关注公众号"}
		f.Hours, f.Scene = 50+i*i*23, scenes[i%len(scenes)]
		fans = append(fans, f)
	}
	return fans
}

// fans makes certified residents of the estate the people who follow.
func (s *seeder) fans(ctx context.Context, e *estate, identify Identify) error {
	fans, next := Fans(), 20
	for _, f := range fans[:len(fans)-strangers] {
		for e.residents[next].Certified.IsZero() {
			next++
		}
		user, err := s.store.SignInWechat(ctx, identify(f.Member))
		if err != nil {
			return err
		}
		if _, err := s.store.BindPhone(ctx, user.ID, e.residents[next].Phone, e.residents[next].Name); err != nil {
			return err
		}
		next += 30
	}
	return nil
}

// replies adds what the official accounts answer, beside what the product says by itself.
func (s *seeder) replies(ctx context.Context, e *estate) error {
	apps, err := s.store.WechatOfficials(ctx, core.Everywhere)
	for _, app := range apps {
		if err == nil {
			err = s.repliesOf(ctx, e, app.AppID)
		}
	}
	return err
}

func (s *seeder) repliesOf(ctx context.Context, e *estate, appID string) error {
	for _, r := range []core.WechatReply{
		{Kind: core.ReplyExact, Word: "电话", Text: "物业客服电话：" + e.phone + "，每天 8:00–20:00。夜间请拨同一号码，转值班室。"},
		{Kind: core.ReplyContains, Word: "停车", Text: "临时停车前 30 分钟免费，之后每小时 5 元，每天最多 40 元。月卡请到客服中心办理。"},
		{Kind: core.ReplyContains, Word: "装修", Text: "装修前请到客服中心登记。施工时间：工作日 8:00–12:00，14:00–18:00。"},
		{Kind: core.ReplyContains, Word: "快递", Text: "快递柜在南门和 3 栋架空层，全天开放。"},
	} {
		r.AppID = appID
		if _, err := s.store.CreateWechatReply(ctx, core.System, core.Everywhere, r); err != nil {
			return err
		}
	}
	return nil
}

// reviewer binds the clerk's WeChat to the clerk's account: applications are told to it, and decided on that phone.
func (s *seeder) reviewer(ctx context.Context, identify Identify) error {
	admin, err := s.store.Account(ctx, core.Everywhere, s.cast.Admin)
	if err != nil {
		return err
	}
	target := store.BindTarget{Kind: core.BindAccount, ID: s.clerk, Holder: admin}
	return s.bind(ctx, target, identify(clerk))
}
