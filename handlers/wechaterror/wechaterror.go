// Package wechaterror turns errors of calls to WeChat into errors for people.
package wechaterror

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"tongxing/core"
	"tongxing/wechat"
)

// WeChat's return codes that have messages of their own; see the platform's list:
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
const (
	foreignCode = 40013 // a code issued for another account's page
	riskyUser   = 40226
)

// ForPeople converts an error of a call to WeChat or WeWork into one that tells users what they can do
// about it. The details are for the log. nil stays nil, and an error that already has a message is
// unchanged. What only the office can mend is not to be tried again and again.
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
	message := "微信服务暂时没有应答，请稍后再试"
	switch code := wechat.CodeOf(err); {
	case code == quotaUsed:
		message = "今天调用微信的次数已用完，请明天再试"
	case slices.Contains(settingCodes, code):
		message = "微信的接入设置有误，请联系物业检查账号的密钥和设置"
	}
	return &core.Error{Code: core.CodeUnavailable, Message: message, Err: err}
}

// ForMembers is ForPeople of a call to WeWork. A member works for the property company and cannot ask it as a resident does; WeWork
// limits calls for minutes, not for the day; and a wrong company id is no code that has expired.
func ForMembers(err error) error {
	if err == nil || errors.As(err, new(*core.Error)) {
		return err
	}
	said := ForPeople(err)
	code := wechat.CodeOf(err)
	setting := code == wrongAppID || slices.Contains(settingCodes, code)
	if core.CodeOf(said) != core.CodeUnavailable && !setting {
		return said
	}
	message := "企业微信暂时没有应答，请稍后再试"
	switch {
	case setting:
		message = "企业微信的接入设置有误，请联系管理员检查密钥和设置"
	case code == quotaUsed:
		message = "企业微信的调用太频繁，请几分钟后再试"
	}
	return &core.Error{Code: core.CodeUnavailable, Message: message, Err: err}
}

// settingCodes are the codes of an account or a company whose settings are wrong.
var settingCodes = []int{
	wrongSecret, noToken, wrongIP, noRight, frozen, corpWrongIP, corpNoRange, corpWrongAgent, corpNotContact,
}

// Refused returns why WeChat did not do what was asked of it, in words. Without an answer it may have done it.
func Refused(err error, words string) string {
	if wechat.MayHaveHappened(err) && !errors.As(err, new(*core.Error)) {
		return "微信没有应答，可能已生效，请稍后刷新查看"
	}
	return "微信没有接受：" + words
}

// Codes that a set-up can meet; see the platform's list:
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
const (
	wrongAppID  = 40013
	wrongSecret = 40125
	noToken     = 40001 // also of a secret that was reset
	wrongIP     = 40164
	noRight     = 48001
	frozen      = 50002
	quotaUsed   = 45009
)

// address matches the address of this server in the message of wrongIP: "invalid ip 203.0.113.9 ipv6 …".
var address = regexp.MustCompile(`invalid ip ([0-9A-Fa-f.:]+)`)

// ForSetup returns what is wrong with an account's settings in words, and what to do; "" for nil. It is for
// people who run the deployment.
func ForSetup(err error) string {
	var e *wechat.Error
	var corp *wechat.CorpProblem
	var ours *core.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &ours):
		return ours.Message
	case errors.As(err, &corp):
		return forCorp(corp)
	case errors.Is(err, context.DeadlineExceeded):
		return "微信的服务器 api.weixin.qq.com 没有及时答复，请稍后再试；一直这样，请检查这台服务器的网络。"
	case !errors.As(err, &e) || e.HTTP != 0:
		return "连接不上微信的服务器 api.weixin.qq.com。请检查这台服务器的网络，再检查一次。"
	case e.Code == wrongAppID:
		return "AppID 不正确，或与类型不符。请在公众平台的“设置与开发—基本配置”核对。"
	case e.Code == wrongSecret, e.Code == noToken:
		return "AppSecret 不正确，可能已在公众平台重置。请填写新的 AppSecret。"
	case e.Code == wrongIP:
		at := "这台服务器的地址"
		if found := address.FindStringSubmatch(e.Msg); found != nil {
			at += " " + found[1] + " "
		}
		return at + "不在 IP 白名单。请在公众平台的“基本配置—IP 白名单”添加，再检查一次。"
	case e.Code == noRight:
		return "账号没有这个接口的权限。需要已认证的服务号。"
	case e.Code == frozen:
		return "账号已被微信冻结。请登录公众平台处理。"
	case e.Code == quotaUsed:
		return "今天的调用次数已用完，明天再试。"
	}
	return fmt.Sprintf("微信答复了错误码 %d，请对照公众平台的“全局返回码”处理。", e.Code)
}

// Codes of WeWork; see https://developer.work.weixin.qq.com/document/path/90313.
const (
	corpWrongSecret = 40001
	corpWrongIP     = 60020
	corpNoRange     = 60011
	corpWrongAgent  = 301002
	corpNotContact  = 48002
)

// corpAddress matches the address of this server in a message of WeWork: "…, from ip: 203.0.113.9, more info …".
var corpAddress = regexp.MustCompile(`from ip: ([0-9A-Fa-f.:]+)`)

// forCorp returns what is wrong with a part of a company's settings.
func forCorp(p *wechat.CorpProblem) string {
	var e *wechat.Error
	contact := p.Part == wechat.CorpPartContact
	switch {
	case errors.Is(p.Err, context.DeadlineExceeded):
		return "企业微信的服务器 qyapi.weixin.qq.com 没有及时答复，请稍后再试；一直这样，请检查这台服务器的网络。"
	case !errors.As(p.Err, &e) || e.HTTP != 0:
		return "连接不上企业微信的服务器 qyapi.weixin.qq.com。请检查这台服务器的网络，再检查一次。"
	case e.Code == wrongAppID:
		return "企业 ID 不正确。请在企业微信管理后台的“我的企业—企业信息”最下方核对。"
	case e.Code == corpWrongSecret && contact:
		return "通讯录 Secret 不正确。请在“安全与管理—管理工具—通讯录同步”查看。"
	case e.Code == corpWrongSecret:
		return "应用 Secret 不正确，或是另一个应用的。请在“应用管理”打开这个应用查看。"
	case e.Code == corpWrongIP:
		at := "这台服务器的地址"
		if found := corpAddress.FindStringSubmatch(e.Msg); found != nil {
			at += " " + found[1] + " "
		}
		where := "请在“应用管理”打开这个应用，在“企业可信IP”添加"
		if contact {
			where = "请在“管理工具—通讯录同步”的“企业可信IP”添加"
		}
		return at + "不在企业可信 IP 中。" + where + "，再检查一次。"
	case e.Code == corpWrongAgent:
		return "AgentId 与应用 Secret 不是同一个应用的。请在“应用管理”打开这个应用核对。"
	case e.Code == corpNoRange && p.Part == wechat.CorpPartRange:
		return "应用看不到任何部门。请在“应用管理”打开这个应用，在“可见范围”添加部门。"
	case e.Code == corpNotContact && contact:
		return "通讯录 Secret 填的是应用的 Secret。请在“安全与管理—管理工具—通讯录同步”查看。"
	case e.Code == quotaUsed:
		return "调用太频繁，企业微信暂时不再应答。一般几分钟到一小时后恢复，不需要处理。"
	}
	return fmt.Sprintf("企业微信答复了错误码 %d，请对照企业微信的“全局错误码”处理。", e.Code)
}
