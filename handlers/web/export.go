package web

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"tongxing/sheet"
	"tongxing/store"
)

// Exports read whole tables and share processors and connections with the doors, so only a few run
// at once, each with a deadline.
const (
	maxExports     = 2 // per server
	maxExportsEach = 1 // per account
	exportTime     = 10 * time.Minute
)

// Export is a list to download as a spreadsheet.
type Export struct {
	Name    string // of the sheet, and the start of the file name
	Of      string // what it covers: a community's name, used in the file name; may be empty
	Columns []string
}

// FileName returns the name of the file, at a moment in the zone of those who read it.
func (e Export) FileName(now time.Time) string {
	name := e.Name
	if e.Of != "" {
		name += "-" + strings.ReplaceAll(e.Of, "/", "")
	}
	return name + "-" + now.Format("20060102-150405") + ".xlsx"
}

// head is what the file begins with. It is written at full speed unless somebody stands at a door.
func (e Export) head(s *store.Store) sheet.Head {
	return sheet.Head{Name: e.Name, Columns: e.Columns, Busy: s.DoorsBusy}
}

// Export streams a spreadsheet row by row; rows reads under the context it is called with. All
// exports use it. The route's Time must be negative. An account may run one at a time, a server
// maxExports: the next is answered 429. One that takes longer than Options.ExportTime is cut off.
func (c *Context) Export(e Export, rows func(ctx context.Context, add func(values ...any) error) error) error {
	done, err := c.app.exports.begin(c.caller())
	if err != nil {
		return err
	}
	defer done() // however it ends: a caller who hung up is a panic, see Download
	ctx, cancel := context.WithTimeout(c.Ctx(), c.app.o.ExportTime)
	defer cancel()
	name := e.FileName(c.Now().In(c.app.o.Store.Zone()))
	return c.download(ctx, name, sheet.ContentType, func(w io.Writer) error {
		return sheet.Write(ctx, w, e.head(c.app.o.Store), func(add func(values ...any) error) error { return rows(ctx, add) })
	})
}

// exports are the running ones, by account.
type exports struct {
	mu      sync.Mutex
	running int
	each    map[string]int
}

// begin reserves a slot for an export of who; done releases it.
func (e *exports) begin(who string) (done func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.each[who] >= maxExportsEach:
		return nil, &limitError{wait: 10 * time.Second, words: "您的上一份导出还没有完成，请等它下载完再试"}
	case e.running >= maxExports:
		return nil, &limitError{wait: 10 * time.Second, words: "其他人正在导出，请稍后再试"}
	}
	e.running++
	e.each[who]++
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.running--
		if e.each[who]--; e.each[who] == 0 {
			delete(e.each, who)
		}
	}), nil
}
