// Package api is the JSON API of the mini-program, /api/v1. docs/openapi.yaml describes it; a test
// checks that they agree.
//
// All reads and writes use the same acts of the store and the gate as the phone pages: this package
// has no rules of its own.
package api

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat"
)

// Options configure an API.
type Options struct {
	Store *store.Store
	Gate  *gate.Gate
	// Mini returns the mini-program of an app id, without one that of all communities; nil = there is none, and
	// nobody can sign in here.
	Mini func(appID string) *wechat.MiniProgram
	// Subscribe returns the templates for which a mini-program asks its user's consent, by the kind of message.
	Subscribe func(ctx context.Context, appID string) map[core.MessageKind]string
	PublicURL string // of links to pages; without a trailing slash
}

// API handles the mini-program's calls.
type API struct {
	store *store.Store
	gate  *gate.Gate
	mini  func(appID string) *wechat.MiniProgram

	subscribe func(ctx context.Context, appID string) map[core.MessageKind]string
	publicURL string
}

// New returns the API.
func New(o Options) *API {
	if o.Mini == nil {
		o.Mini = func(string) *wechat.MiniProgram { return nil }
	}
	if o.Subscribe == nil {
		o.Subscribe = func(context.Context, string) map[core.MessageKind]string { return nil }
	}
	return &API{store: o.Store, gate: o.Gate, mini: o.Mini, subscribe: o.Subscribe, publicURL: o.PublicURL}
}

// Routes returns all routes of the API.
func (a *API) Routes() []web.Route {
	return slices.Concat(a.sessionRoutes(), a.wechatUserRoutes(), a.passRoutes(), a.tokenRoutes(), a.recordRoutes(),
		a.photoRoutes(), a.certificationRoutes(), a.householdRoutes(), a.messageRoutes(), a.visitorPassRoutes(),
		a.exitSlipRoutes())
}

// moment formats a time for the API: RFC 3339 to the second, in the deployment's time zone.
func (a *API) moment(t time.Time) string {
	return t.In(a.store.Zone()).Format(time.RFC3339)
}

// momentOrNull returns nil, JSON's null, for the zero time.
func (a *API) momentOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := a.moment(t)
	return &text
}

// errNoMini is returned by a deployment without a mini-program: phones use the official account.
var errNoMini = core.Conflict("还没有配置小程序，请联系管理员")
