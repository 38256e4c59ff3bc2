package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

const visitorBlockImportPath = frame.VisitorBlockPath + "/import"

// visitorBlockImportRoutes returns the routes of the form by which a blacklist of visitors is imported. What follows is a page of
// the import.
func (p *Pages) visitorBlockImportRoutes() []web.Route {
	return p.importFormRoutes(core.ImportBlocks, web.Need(core.PermVisitorBlockEdit), importHandlers{
		form: p.visitorBlockImport, create: p.visitorBlockImportCreate, template: p.visitorBlockImportTemplate,
	})
}

func (p *Pages) visitorBlockImport(c *web.Context) error { return p.importForm(c, core.ImportBlocks) }

func (p *Pages) visitorBlockImportCreate(c *web.Context) error {
	return p.importUpload(c, core.ImportBlocks)
}

func (p *Pages) visitorBlockImportTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportBlocks)
}
