package core

import (
	"slices"
	"time"
)

// WechatAppStep is a step of an account's set-up that no call of the platform can check. It is proven by the first
// request that comes through it, or somebody confirms it.
type WechatAppStep string

// The steps.
const (
	WechatStepPages  WechatAppStep = "pages"  // the domain of pages that identify people: somebody was identified
	WechatStepLinked WechatAppStep = "linked" // a mini-program linked to an official account: a menu with it was taken
	WechatStepScript WechatAppStep = "script" // the domain whose pages may scan; nothing proves it
	WechatStepServer WechatAppStep = "server" // the domain that a mini-program may call: it has called
	WechatStepHome   WechatAppStep = "home"   // WeWork's entry of the app: it was opened from there
)

var wechatAppSteps = map[WechatAppKind][]WechatAppStep{
	WechatOfficial: {WechatStepPages, WechatStepScript, WechatStepLinked},
	WechatMini:     {WechatStepServer},
	WechatWork:     {WechatStepPages, WechatStepHome},
}

// HasStep reports whether an account of the kind has a step.
func (k WechatAppKind) HasStep(step WechatAppStep) bool {
	return slices.Contains(wechatAppSteps[k], step)
}

// Label returns the step's heading for a kind.
func (s WechatAppStep) Label(kind WechatAppKind) string {
	switch s {
	case WechatStepPages:
		if kind == WechatWork {
			return "可信域名"
		}
		return "网页授权域名"
	case WechatStepLinked:
		return "关联小程序"
	case WechatStepScript:
		return "业务域名和 JS 接口安全域名"
	case WechatStepServer:
		return "服务器域名"
	case WechatStepHome:
		return "应用主页"
	}
	return string(s)
}

// WechatStepState is what is known of a step.
type WechatStepState struct {
	Proven    time.Time // the last request through it, to a day; zero = none yet
	Confirmed time.Time // by somebody, unchecked; zero = nobody
}

// Done reports whether the step is proven or confirmed.
func (s WechatStepState) Done() bool { return !s.Proven.IsZero() || !s.Confirmed.IsZero() }
