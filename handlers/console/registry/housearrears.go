package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

const houseArrearsPath = frame.HousePath + "/arrears"

// houseArrearsRoutes returns the routes by which what houses owe is imported. What follows is a page of the import.
func (p *Pages) houseArrearsRoutes() []web.Route {
	return p.importFormRoutes(core.ImportArrears, importAccess(core.ImportArrears), importHandlers{
		form: p.houseArrears, create: p.houseArrearsCreate, template: p.houseArrearsTemplate,
	})
}

func (p *Pages) houseArrears(c *web.Context) error { return p.importForm(c, core.ImportArrears) }

func (p *Pages) houseArrearsCreate(c *web.Context) error {
	return p.importUpload(c, core.ImportArrears)
}

func (p *Pages) houseArrearsTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportArrears)
}
