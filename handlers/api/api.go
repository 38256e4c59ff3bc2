// Package api is the JSON API of the mini-program, /api/v1. docs/openapi.yaml
// describes it; a test holds the two together.
//
// Everything that reads or changes something goes through the same acts of the
// store and the gate as the phone pages: no rule is kept here.
package api

import (
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
	return slices.Concat(a.sessionRoutes(), a.wechatUserRoutes(), a.passRoutes(), a.tokenRoutes(), a.recordRoutes())
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

// errNoMini is a deployment that serves phones through the official account alone.
var errNoMini = core.Conflict("还没有配置小程序，请联系管理员")
