package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

const staffImportPath = frame.StaffPath + "/import"

// staffImportRoutes returns the routes of the form by which staff are imported. What follows is a page of the import.
func (p *Pages) staffImportRoutes() []web.Route {
	return p.importFormRoutes(core.ImportStaff, importAccess(core.ImportStaff), importHandlers{
		form: p.staffImport, create: p.staffImportCreate, template: p.staffImportTemplate,
	})
}

func (p *Pages) staffImport(c *web.Context) error { return p.importForm(c, core.ImportStaff) }

func (p *Pages) staffImportCreate(c *web.Context) error { return p.importUpload(c, core.ImportStaff) }

func (p *Pages) staffImportTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportStaff)
}
