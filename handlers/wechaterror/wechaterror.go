// Package wechaterror turns errors of calls to WeChat into errors for people.
package wechaterror

import (
	"errors"

	"tongxing/core"
	"tongxing/wechat"
)

// WeChat's return codes that have messages of their own; see the platform's list:
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
const (
	foreignCode = 40013 // a code issued for another account's page
	riskyUser   = 40226
)

// ForPeople converts an error of a call to WeChat into one that tells users what they can do
// about it. The details are for the log. nil stays nil, and an error that already has a message is
// unchanged.
func ForPeople(err error) error {
	switch {
	case err == nil || errors.As(err, new(*core.Error)):
		return err
	case wechat.IsBadCode(err), wechat.CodeOf(err) == foreignCode:
		return &core.Error{
			Code: core.CodeInvalid, Message: "微信授权已失效，请重新打开页面再试",
			Fields: map[string]string{"code": "凭证无效、已使用或已过期"}, Err: err,
		}
	case errors.Is(err, wechat.ErrForeignPhone):
		return &core.Error{Code: core.CodeInvalid, Message: "目前只支持中国大陆或港澳台手机号", Err: err}
	case errors.Is(err, wechat.ErrSnapshot):
		return &core.Error{Code: core.CodeForbidden, Message: "请点击页面底部的“使用完整服务”后再试", Err: err}
	case wechat.CodeOf(err) == riskyUser:
		return &core.Error{Code: core.CodeForbidden, Message: "微信认为此账号有风险，暂时不能登录", Err: err}
	}
	return &core.Error{Code: core.CodeInternal, Message: "微信服务暂时没有应答，请稍后再试", Err: err}
}
