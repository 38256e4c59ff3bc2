package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

const memberImportPath = frame.MemberPath + "/import"

// memberImportRoutes returns the routes of the form by which members of institutions are imported. What follows is a page
// of the import.
func (p *Pages) memberImportRoutes() []web.Route {
	return p.importFormRoutes(core.ImportMembers, web.Need(core.PermInstitutionEdit), importHandlers{
		form: p.memberImport, create: p.memberImportCreate, template: p.memberImportTemplate,
	})
}

func (p *Pages) memberImport(c *web.Context) error { return p.importForm(c, core.ImportMembers) }

func (p *Pages) memberImportCreate(c *web.Context) error {
	return p.importUpload(c, core.ImportMembers)
}

func (p *Pages) memberImportTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportMembers)
}
