package registry

import (
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// passagesTab is the tab of a house's or resident's page with the latest passages.
const passagesTab = "passages"

// How many of the latest passages the page of a house or person shows: on its first tab, and on that
// of the passages.
const (
	passagesShown = 5
	passagesAPage = 50
)

// passagePart is the latest passages of a house or person.
type passagePart struct {
	Rows []passageRow
	More string // the list with all of them
}

// passageRow is a row of the latest passages; partial "passages".
type passageRow struct {
	State                      templates.Badge
	At                         time.Time
	URL                        string // of the record
	Name, Direction, Gate, Why string
	frame.PassageURLs
}

// passages returns the latest passages of a filter, as many as the tab shows; nil if the account may
// not see them.
func (p *Pages) passages(c *web.Context, f core.RecordFilter, tab string) (*passagePart, error) {
	if !c.Has(core.PermAccessRecordView) {
		return nil, nil
	}
	limit := passagesShown
	if tab == passagesTab {
		limit = passagesAPage
	}
	records, _, err := p.Store.AccessRecords(c.Ctx(), c.Scope(), f, store.Page{Limit: limit})
	if err != nil {
		return nil, err
	}
	part := &passagePart{Rows: make([]passageRow, len(records))}
	for i, r := range records {
		part.Rows[i] = passageRowOf(c, r)
	}
	pairs := []string{"community", f.Community.String(), "house", f.House.String()}
	if f.Person != 0 {
		pairs = []string{frame.PickID, f.Person.String()}
	}
	part.More = templates.WithQuery(frame.AccessRecordPath, nil, pairs...)
	return part, nil
}

func passageRowOf(c *web.Context, r core.AccessRecord) passageRow {
	row := passageRow{
		State: templates.Badge{Tone: templates.Good, Text: r.ResultLabel()}, At: r.At, Name: r.Name,
		URL: frame.AccessRecordURL(r.ID), Direction: r.Direction.Label(), Gate: r.Gate,
	}
	switch {
	case !r.Allowed:
		row.State.Tone, row.Why = templates.Bad, r.Why()
	case r.Urgent():
		row.State.Tone, row.Why = templates.Warn, r.Why()
	}
	row.PassageURLs = frame.PassageURLsOf(c, r)
	return row
}
