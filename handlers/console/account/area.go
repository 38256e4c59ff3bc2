// Package account contains the console's pages about accounts and the program itself: sign-in,
// accounts and roles, the audit log, background jobs, settings.
package account

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// Pages are the area's pages.
type Pages struct {
	*frame.Frame
	Captchas        *web.Captchas   // for the sign-in
	SignInRule      core.SignInRule // zero = 5 failures, 15 minutes
	SignInPerMinute int             // sign-in attempts per address; 0 = 20
	System          System          // shown on the about page
	// ConfiguredTemplates are the configuration file's, for its official account.
	ConfiguredTemplates map[core.MessageKind]core.MessageTemplate
	// ConfiguredSubscribe are likewise, for its mini-program.
	ConfiguredSubscribe map[core.MessageKind]core.MessageTemplate
}

// Routes returns the area's routes, feature by feature.
func (p *Pages) Routes() []web.Route {
	return slices.Concat(
		p.sessionRoutes(),
		p.accountRoutes(),
		p.roleRoutes(),
		p.totpRoutes(),
		p.wechatLoginRoutes(),
		p.auditRoutes(),
		p.jobRoutes(),
		p.batchRoutes(),
		p.savedViewRoutes(),
		p.settingRoutes(),
		p.wechatAppRoutes(),
		p.wechatTemplateRoutes(),
		p.wechatMenuRoutes(),
		p.wechatReplyRoutes(),
		p.wechatFileRoutes(),
		p.openClientRoutes(),
		p.aboutRoutes(),
	)
}
