package frame

import (
	"cmp"
	"context"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// Export is a list to be exported: at once while it is short, else in the background, by a job.
type Export struct {
	web.Export
	store.NewExport // without its File

	// Beyond reports whether the list has more than n rows; Rows reads it for a file that is sent at once, and puts that into
	// the audit log first.
	Beyond func(n int) (bool, error)
	Rows   func(ctx context.Context, add func(values ...any) error) error
	What   []string // what the file would have, for the question
	Back   string   // the list
}

// ExportRows are the rows of a file that a job makes.
type ExportRows struct {
	web.Export
	Rows func(ctx context.Context, add func(values ...any) error) error
}

// ExportSheets return the rows of an export's file, by its kind.
type ExportSheets map[core.ExportKind]func(ctx context.Context, s *store.Store, e store.Export) (ExportRows, error)

// Export sends a list that is short, and asks whether a longer one is to be made in the background.
func (f *Frame) Export(c *web.Context, e Export) error {
	many, err := e.Beyond(f.exportAtOnce())
	switch {
	case err != nil:
		return err
	case many:
		return f.Confirm(c, string(e.Kind), f.exportQuestion(c, e))
	}
	return c.Export(e.Export, e.Rows)
}

// ExportAnswered is Export for a list that somebody was asked about already: a long one is made in the background.
func (f *Frame) ExportAnswered(c *web.Context, e Export) error {
	many, err := e.Beyond(f.exportAtOnce())
	switch {
	case err != nil:
		return err
	case many:
		return f.exportLater(c, e)
	}
	return c.Export(e.Export, e.Rows)
}

// ExportLater asks, and has the file of a list made in the background, however short it is.
func (f *Frame) ExportLater(c *web.Context, e Export) error {
	if asked, err := f.Ask(c, string(e.Kind), f.exportQuestion(c, e)); asked {
		return err
	}
	return f.exportLater(c, e)
}

func (f *Frame) exportLater(c *web.Context, e Export) error {
	e.File = e.FileName(c.Now().In(f.Store.Zone()))
	id, err := f.Store.CreateExport(c.Ctx(), c.Actor(), c.Scope(), e.NewExport)
	if err != nil {
		return f.Refused(c, err, e.Back)
	}
	return c.Redirect(JobURL(id))
}

func (f *Frame) exportAtOnce() int { return cmp.Or(f.ExportAtOnce, core.ExportAtOnce) }

// exportQuestion asks whether a file is to be made in the background.
func (f *Frame) exportQuestion(c *web.Context, e Export) templates.Confirm {
	of, _ := e.Kind.Type()
	return templates.Confirm{
		Title: "在后台导出" + of.Label + "？", Effects: e.What,
		Text: "超过 " + Grouped(f.exportAtOnce()) + " " + of.Unit + "，生成文件需要几分钟，可以先做别的。" +
			"完成后通知您；文件保留 24 小时，只有您能下载。",
		Action: c.Request().URL.RequestURI(), Submit: "在后台导出", Cancel: e.Back,
	}
}
