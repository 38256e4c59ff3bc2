package frame

import (
	"context"

	"tongxing/core"
)

// WechatPart is what of WeChat an act needs.
type WechatPart int

// The parts.
const (
	WechatOfficial WechatPart = iota // the official account: codes to bind people, sign-in by scanning
	WechatBoth                       // residents certify themselves: the mini-program verifies their phone
)

// WechatStep is the page that says how WeChat is set up.
const WechatStep = GuidePath + "/wechat"

// WechatOff is the sentence beside a button that is off, with the way to the set-up; partial "wechat-off". The
// zero value shows nothing.
type WechatOff struct{ Why, Step string }

// onlyOfSome is said where there are official accounts, but none of all communities: pages on phones and codes use that
// one, since nobody knows yet which community somebody is about who opens them (decision 41).
const onlyOfSome = "已接入的公众号都只负责部分小区，绑定微信和扫码登录要用负责全部小区的公众号。"

// NoOfficial returns why somebody who works for communities cannot be bound by a QR code; "" = they can: by the official
// account of these communities, or by that of all.
func (f *Frame) NoOfficial(ctx context.Context, of core.Scope) string {
	if f.Wechat != nil && f.Wechat.OfficialFor(ctx, of) != "" {
		return ""
	}
	return f.NoWechat(WechatOfficial)
}

// OfficialOff is NoOfficial as WechatOff.
func (f *Frame) OfficialOff(ctx context.Context, of core.Scope) WechatOff {
	if why := f.NoOfficial(ctx, of); why != "" {
		return WechatOff{why, WechatStep}
	}
	return WechatOff{}
}

// NoWechat returns why what needs a part of WeChat cannot be done in this deployment; "" = it can. Pages say
// it before the act, beside a button that is off.
func (f *Frame) NoWechat(part WechatPart) string {
	switch {
	case !f.HasOfficial() && f.HasOfficials():
		return onlyOfSome
	case !f.HasOfficial():
		return "还没有接入公众号。"
	case part == WechatBoth && !f.HasMini():
		return "还没有接入小程序，住户不能验证手机号。"
	}
	return ""
}
