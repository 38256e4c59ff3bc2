package frame

import (
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitsShown is how many of the latest visits the page of a house or a resident shows.
const visitsShown = 5

// VisitPart is the latest visits to a house, or to a resident; partial "latest-visits".
type VisitPart struct {
	Rows []VisitRow
	More string // the list with all of them
}

// VisitRow is a row of the latest visits.
type VisitRow struct {
	Name, URL, People, Said string
	At                      time.Time
	State                   templates.Badge
}

// Visits returns the latest visits of a filter by house or by host; nil if the account may not see visitors.
func (f *Frame) Visits(c *web.Context, filter store.VisitorPassFilter) (*VisitPart, error) {
	if !c.Has(core.PermVisitorPassView) {
		return nil, nil
	}
	filter.Now, filter.Page = c.Now(), core.Page{Limit: visitsShown}
	visits, _, err := f.Store.VisitorPasses(c.Ctx(), c.Scope(), filter)
	if err != nil {
		return nil, err
	}
	part := &VisitPart{Rows: make([]VisitRow, len(visits)), More: templates.WithQuery(
		VisitorPassPath, nil, "community", filter.Community.String(), "house", idText(filter.House), "host", idText(filter.Host),
	)}
	for i, v := range visits {
		said, at := VisitMoment(v, c.Now())
		part.Rows[i] = VisitRow{
			Name: v.Name, URL: VisitorPassURL(v.ID), People: v.PeopleText(), Said: said, At: at, State: VisitorBadge(v.State(c.Now())),
		}
	}
	return part, nil
}

// idText returns an id for an address; "" for none, which leaves it out.
func idText(id core.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// VisitMoment returns the moment that counts of a visit, with what it is: when a visitor came, when the pass was taken back
// or ended, or until when it is good.
func VisitMoment(v core.VisitorPass, now time.Time) (said string, at time.Time) {
	switch state := v.State(now); {
	case !v.Entered.IsZero():
		return "进门", v.Entered
	case state == core.VisitRevoked:
		return "已撤销", v.Revoked
	case state == core.VisitExpired:
		return "已过期", v.Until
	case v.Way.Asked():
		return "来访", v.At()
	}
	return "有效至", v.Until
}

// VisitorBadge returns how far a visit has come.
func VisitorBadge(s core.VisitorState) templates.Badge {
	tones := map[core.VisitorState]templates.Tone{
		core.VisitWaiting: templates.Warn, core.VisitGranted: templates.Good, core.VisitMade: templates.Info,
		core.VisitRejected: templates.Bad,
	}
	tone, ok := tones[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}
