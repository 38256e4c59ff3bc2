// Package access contains the console's pages about the gates: readers, guard posts, guards and
// observers, pass rules, restrictions, access records and access alerts.
package access

import (
	"context"
	"slices"
	"sync"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// Pages are the area's pages.
type Pages struct {
	*frame.Frame
	Gate *gate.Gate // which orders doors to open; nil = none can be ordered
	// Sending returns by what messages leave this deployment now; nil = by nothing.
	Sending func(context.Context) core.MessageSetup

	wallsOnce sync.Once
	wallsOf   *web.Lookouts[string] // see walls
}

// Routes returns the area's routes, feature by feature.
func (p *Pages) Routes() []web.Route {
	return slices.Concat(
		p.visitorPassRoutes(), p.insideRoutes(),
		p.visitorBlockRoutes(),
		p.exitSlipRoutes(),
		p.accessAlertRoutes(),
		p.passRuleRoutes(),
		p.visitorRuleRoutes(),
		p.exitRuleRoutes(),
		p.rehearsalRoutes(),
		p.rulePlanRoutes(),
		p.visitorPosterRoutes(),
		p.institutionRoutes(),
		p.memberRoutes(),
		p.restrictionRoutes(),
		p.readerRoutes(),
		p.readerGroupRoutes(),
		p.doorCommandRoutes(),
		p.guardPostRoutes(),
		p.guardShiftRoutes(),
		p.observerRoutes(),
		p.accessRecordRoutes(),
	)
}

// keeping returns a function that adds the community which the page's URL names to the path of a tab.
func keeping(c *web.Context) func(path string) string {
	return func(path string) string { return frame.Keep(c, path) }
}
