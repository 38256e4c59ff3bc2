package web

import (
	"context"
	"io"
	"strings"

	"tongxing/sheet"
)

// Export is a list to download as a spreadsheet.
type Export struct {
	Name    string // of the sheet, and the start of the file name
	Of      string // what it covers: a community's name, used in the file name; may be empty
	Columns []string
}

// Export streams a spreadsheet row by row; rows reads under the context it is called with. All
// exports use it. The route's Time must be negative.
func (c *Context) Export(e Export, rows func(ctx context.Context, add func(values ...any) error) error) error {
	name := e.Name
	if e.Of != "" {
		name += "-" + strings.ReplaceAll(e.Of, "/", "")
	}
	name += "-" + c.Now().In(c.app.o.Store.Zone()).Format("20060102-150405") + ".xlsx"
	return c.Download(name, sheet.ContentType, func(w io.Writer) error {
		return sheet.Write(w, e.Name, e.Columns, func(add func(values ...any) error) error {
			return rows(c.Ctx(), add)
		})
	})
}
