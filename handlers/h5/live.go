package h5

import (
	"context"
	"io"
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// block renders one part of a page.
func (h *H5) block(c *web.Context, name, block string, data any) error {
	return c.HTML(http.StatusOK, func(w io.Writer) error { return h.pages.RenderBlock(w, "h5/"+name, block, data) })
}

// maxFollow is the maximum number of records in one event.
const maxFollow = 20

// newestOf returns what reads the newest records for pages that follow them.
func newestOf(s *store.Store) func(context.Context, web.LookoutOf) ([]core.AccessRecord, error) {
	return func(ctx context.Context, of web.LookoutOf) ([]core.AccessRecord, error) {
		newest, _, err := s.AccessRecords(ctx, of.Scope, of.Filter, store.Page{Limit: maxFollow})
		return newest, err
	}
}

// follower tracks which of a list's newest records it has reported. It stores ids rather than the
// highest one: two servers may commit records out of the order of their ids.
type follower struct {
	since core.ID // records up to this one are reported, or older than those followed
	seen  map[core.ID]bool
}

// fresh returns the records not reported before, in their order.
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
		// A record that is missing here but newer than the oldest was committed late.
		f.since = newest[len(newest)-1].ID
	}
	return fresh
}

// live connects a part of a page to a stream that starts after the records the page was rendered
// with, newest first, so that nothing is lost before the browser opens it.
func (h *H5) live(path, event, swap string, drawn []core.AccessRecord) templates.Live {
	var since core.ID
	if len(drawn) > 0 {
		since = drawn[0].ID
	}
	return templates.Live{URL: path + "?since=" + since.String(), Event: event, Swap: swap}
}

// since returns the last record that the page was rendered with; without one, only new records
// count.
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

// follow calls tell whenever there are access records newer than the page. Records are read from
// SQL; the gate's hints only trigger a read, so that a lost hint costs seconds and not an event.
// All followers of the same records share a read.
func (h *H5) follow(c *web.Context, scope core.Scope, filter core.RecordFilter, event string) error {
	return h.followAlso(c, scope, filter, event, func(context.Context) bool { return false })
}

// followAlso is follow for a page that shows more than records: also is asked at each read whether that has changed.
func (h *H5) followAlso(
	c *web.Context, scope core.Scope, filter core.RecordFilter, event string, also func(context.Context) bool,
) error {
	f := &follower{since: h.since(c)}
	return c.Events(func(ctx context.Context, send func(web.Event) error) error {
		looks, leave := h.lookouts.Join(web.LookoutOf{Scope: scope, Filter: filter})
		defer leave()
		for {
			select {
			case <-ctx.Done():
				return nil
			case newest := <-looks:
				// The event only says that something happened: the page fetches it, with the
				// permissions that its user has at that time.
				if changed := also(ctx); len(f.fresh(newest)) == 0 && !changed {
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
	Temp   string // 36.5 ℃; "" = not measured

	CommunityName, KindName string // "" = the same in every row
}

// lines converts records for display; for outsiders, other people's names are masked.
func (h *H5) lines(records []core.AccessRecord, masked bool) []line {
	lines := make([]line, len(records))
	for i, r := range records {
		l := line{AccessRecord: r, Who: r.Who(), Result: "放行", Temp: r.Degrees()}
		if masked {
			r.Name = core.MaskName(r.Name)
			l.Who = r.Who()
		}
		if l.Who == "" {
			l.Who = "未知"
		}
		switch {
		case !r.Allowed:
			l.Result = r.Why()
		case r.Urgent() || r.Reason == core.ReasonLate || r.Reason == core.ReasonDevice:
			l.Result = r.ResultLabel() + "：" + r.Why()
		}
		lines[i] = l
	}
	return lines
}

// initial returns the first character of a name, for the round badge beside it.
func initial(name string) string {
	for _, r := range name {
		return string(r)
	}
	return ""
}
