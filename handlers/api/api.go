// Package api is the JSON API of the mini-program, /api/v1. docs/openapi.yaml
// describes it; a test holds the two together.
//
// Everything that reads or changes something goes through the same acts of the
// store and the gate as the phone pages: no rule is kept here.
package api

import (
	"errors"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat"
)

// Options make an API.
type Options struct {
	Store *store.Store
	Gate  *gate.Gate
	Mini  *wechat.MiniProgram // nil = none is configured: nobody can sign in here
}

// API answers the mini-program.
type API struct {
	store *store.Store
	gate  *gate.Gate
	mini  *wechat.MiniProgram
}

// New makes the API.
func New(o Options) *API { return &API{store: o.Store, gate: o.Gate, mini: o.Mini} }

// Routes are all of the API.
func (a *API) Routes() []web.Route {
	return slices.Concat(a.sessionRoutes(), a.phoneRoutes(), a.passRoutes(), a.tokenRoutes(), a.recordRoutes())
}

// moment is a time as the API writes it: RFC 3339 to the second, in the
// deployment's zone.
func (a *API) moment(t time.Time) string {
	return t.In(a.store.Zone()).Format(time.RFC3339)
}

// momentOrNull is nil, JSON's null, for the zero time.
func (a *API) momentOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := a.moment(t)
	return &text
}

// Codes of WeChat that a caller is told of; see the platform's list of return codes:
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
const (
	foreignCode = 40013 // a code that another account's page was given
	riskyUser   = 40226
)

// errNoMini is a deployment that serves phones through the official account alone.
var errNoMini = core.Conflict("还没有配置小程序，请联系管理员")

// codeError says to people what became of a code of WeChat. What they cannot help
// is the log's.
func codeError(err error) error {
	switch {
	case err == nil:
		return nil
	case wechat.IsBadCode(err), wechat.CodeOf(err) == foreignCode:
		return &core.Error{Code: core.CodeInvalid, Message: "微信给的凭证已失效，请重试", Fields: map[string]string{"code": "凭证无效、已使用或已过期"}, Err: err}
	case errors.Is(err, wechat.ErrForeignPhone):
		return &core.Error{Code: core.CodeInvalid, Message: "目前只支持中国大陆手机号", Err: err}
	case wechat.CodeOf(err) == riskyUser:
		return &core.Error{Code: core.CodeForbidden, Message: "微信认为此账号有风险，暂时不能登录", Err: err}
	}
	return &core.Error{Code: core.CodeInternal, Message: "微信服务暂时没有应答，请稍后再试", Err: err}
}
