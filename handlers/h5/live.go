package h5

import (
	"context"
	"io"
	"net/http"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// lookEvery bounds how stale a live page may get when hints are lost.
const lookEvery = 5 * time.Second

// block sends one part of a page.
func (h *H5) block(c *web.Context, name, block string, data any) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error { return h.pages.RenderBlock(w, "h5/"+name, block, data) })
}

// maxFollow bounds the records of one event.
const maxFollow = 20

// follower knows which of a list's newest records it has told of. It remembers
// ids rather than the highest one: records of two servers may be committed out of
// the order of their ids.
type follower struct {
	since core.ID // records up to this one are told of, or older than what is followed
	seen  map[core.ID]bool
}

// fresh gives the records not told of before, in their order.
func (f *follower) fresh(newest []core.AccessRecord) []core.AccessRecord {
	var fresh []core.AccessRecord
	seen := make(map[core.ID]bool, len(newest))
	for _, r := range newest {
		seen[r.ID] = true
		if r.ID > f.since && !f.seen[r.ID] {
			fresh = append(fresh, r)
		}
	}
	if f.seen = seen; len(newest) > 0 {
		// What a look did not show and is above its oldest was committed late.
		f.since = newest[len(newest)-1].ID
	}
	return fresh
}

// live ties a page's part to a stream that begins with what the page was drawn
// from, newest first: what happens before the browser opens it is not lost.
func (h *H5) live(path, event, swap string, drawn []core.AccessRecord) templates.Live {
	var since core.ID
	if len(drawn) > 0 {
		since = drawn[0].ID
	}
	return templates.Live{URL: path + "?since=" + since.String(), Event: event, Swap: swap}
}

// since is the last record that the page was drawn with; else there is none before now.
func (h *H5) since(c *web.Context) core.ID {
	text := c.Query("since")
	if text == "0" { // a page without records
		return 0
	}
	if id, err := core.ParseID(text); err == nil {
		return id
	}
	return h.store.NewID()
}

// follow calls tell whenever access records came since the page was drawn. Records come
// from SQL; the hints of the gate only say when to look, so that a lost hint costs
// seconds and not an event. All who follow the same share one look.
func (h *H5) follow(c *web.Context, scope core.Scope, filter core.RecordFilter, event string) error {
	f := &follower{since: h.since(c)}
	return c.Events(func(ctx context.Context, send func(web.Event) error) error {
		looks, leave := h.lookouts.join(lookoutOf{scope, filter})
		defer leave()
		for {
			select {
			case <-ctx.Done():
				return nil
			case newest := <-looks:
				// The event says that there is something, and nothing of what: the page
				// fetches it, with the rights that its reader then has.
				if len(f.fresh(newest)) == 0 {
					continue
				}
				if err := send(web.Event{Name: event, Data: "1"}); err != nil {
					return err
				}
			}
		}
	})
}

// line is an access record as phone pages show it.
type line struct {
	core.AccessRecord
	Who    string
	Result string
	Temp   string // 36.5 ℃; "" = not taken
}

// lines turns records into what is shown; names of others are masked for
// outsiders.
func (h *H5) lines(records []core.AccessRecord, masked bool) []line {
	lines := make([]line, len(records))
	for i, r := range records {
		l := line{AccessRecord: r, Who: r.Name, Result: "放行", Temp: r.Degrees()}
		if masked {
			l.Who = core.MaskName(r.Name)
		}
		if l.Who == "" {
			l.Who = "未知"
		}
		if !r.Allowed {
			l.Result = r.Why()
		}
		lines[i] = l
	}
	return lines
}

// initial is the first character of a name, for the round sign beside it.
func initial(name string) string {
	for _, r := range name {
		return string(r)
	}
	return ""
}
