package frame

import (
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// slipsShown is how many exit slips the page of a house or a resident shows.
const slipsShown = 3

// ExitPart is the latest exit slips of a house or a resident; partial "exit-part".
type ExitPart struct {
	Rows []ExitPartRow
	More string // the list with all of the house; "" = these are all
	New  string // where one is issued for the house; "" = no permission
}

// ExitPartRow is one of them.
type ExitPartRow struct {
	URL, Name, Items string
	Planned          time.Time
	State            templates.Badge
}

// ExitSlips returns the latest exit slips of a filter of a house or a resident of it; nil if the account may not see them, or there are
// none.
func (f *Frame) ExitSlips(c *web.Context, house core.ID, filter store.ExitSlipFilter) (*ExitPart, error) {
	if !c.Has(core.PermExitSlipView) {
		return nil, nil
	}
	filter.Page = store.Page{Limit: slipsShown}
	slips, more, err := f.Store.ExitSlips(c.Ctx(), c.Scope(), filter)
	if err != nil || len(slips) == 0 {
		return nil, err
	}
	part := &ExitPart{}
	for _, e := range slips {
		part.Rows = append(part.Rows, ExitPartRow{
			URL: ExitSlipURL(e.ID), Name: e.Name, Items: e.GoneText(), Planned: e.Planned, State: ExitBadge(e.State(c.Now())),
		})
	}
	if more {
		part.More = templates.WithQuery(ExitSlipPath, nil, "house", house.String())
	}
	if c.Has(core.PermExitSlipEdit) {
		part.New = templates.WithQuery(ExitSlipPath+"/new", nil, "house", house.String())
	}
	return part, nil
}

// ExitBadge is the state of an exit slip.
func ExitBadge(s core.ExitState) templates.Badge {
	tones := map[core.ExitState]templates.Tone{
		core.ExitWaiting: templates.Warn, core.ExitGranted: templates.Good, core.ExitPartial: templates.Good, core.ExitLeft: templates.Info,
		core.ExitRejected: templates.Bad,
	}
	tone, ok := tones[s]
	if !ok {
		tone = templates.Neutral
	}
	return templates.Badge{Tone: tone, Text: s.Label()}
}
