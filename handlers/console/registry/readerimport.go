package registry

import (
	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
)

const readerImportPath = frame.ReaderPath + "/import"

// readerImportRoutes returns the routes of the form by which readers are imported. What follows is a page of the import.
func (p *Pages) readerImportRoutes() []web.Route {
	return p.importFormRoutes(core.ImportReaders, web.Need(core.PermReaderEdit), importHandlers{
		form: p.readerImport, create: p.readerImportCreate, template: p.readerImportTemplate,
	})
}

func (p *Pages) readerImport(c *web.Context) error { return p.importForm(c, core.ImportReaders) }

func (p *Pages) readerImportCreate(c *web.Context) error {
	return p.importUpload(c, core.ImportReaders)
}

func (p *Pages) readerImportTemplate(c *web.Context) error {
	return p.importTemplateOf(c, core.ImportReaders)
}
