// Package registry contains the console's pages about the register: communities, houses and
// residents, and what they and the office are told.
package registry

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

// Pages are the area's pages.
type Pages struct {
	*frame.Frame
	Channels []core.MessageChannel // by which messages leave this deployment
}

// Routes returns the area's routes, feature by feature.
func (p *Pages) Routes() []web.Route {
	return slices.Concat(
		p.communityRoutes(),
		p.houseRoutes(), p.houseArrearsRoutes(), p.visitorBlockImportRoutes(), p.readerImportRoutes(),
		p.houseMoveRoutes(), p.houseTransferRoutes(), p.houseOwnersRoutes(),
		p.residentRoutes(),
		p.importRoutes(),
		p.staffRoutes(), p.staffImportRoutes(), p.memberImportRoutes(),
		p.certificationRoutes(),
		p.followerRoutes(),
		p.followerTagRoutes(),
		p.reminderRoutes(),
		p.messageRoutes(),
	)
}
