package frame

import (
	"cmp"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// PassageURLs are the pages of whom and what an access record names; "" = not known, or no permission.
type PassageURLs struct{ NameURL, HouseURL, GateURL string }

// PassagePages finds the pages of whom and what access records name.
type PassagePages struct {
	c       *web.Context
	holders map[core.ID]core.ID // by pass
}

// PassagePages returns the pages of some records, which the caller has read within the account's scope. It costs a query if any is of
// a pass whose holder is not in the record.
func (f *Frame) PassagePages(c *web.Context, records []core.AccessRecord) (PassagePages, error) {
	var passes []core.ID
	for _, r := range records {
		if r.Resident == 0 && r.Pass != 0 && mayOpenHolders(c, r.Kind) {
			passes = append(passes, r.Pass)
		}
	}
	holders, err := f.Store.PassHolders(c.Ctx(), passes)
	return PassagePages{c, holders}, err
}

// Holder returns whose the pass of a record is: the visit, the member or the exit slip; 0 = a resident, unknown or gone.
func (p PassagePages) Holder(r core.AccessRecord) core.ID { return p.holders[r.Pass] }

// Of returns the pages of a record that the account may open.
func (p PassagePages) Of(r core.AccessRecord) PassageURLs {
	var urls PassageURLs
	c := p.c
	if holder := cmp.Or(r.Resident, p.Holder(r)); holder != 0 {
		urls.NameURL = HolderPage(c, r.Kind, holder)
	}
	if r.House != 0 && c.Has(core.PermHouseView) {
		urls.HouseURL = HouseURL(r.House)
	}
	switch {
	case r.Reader != 0 && c.Has(core.PermReaderView):
		urls.GateURL = ReaderURL(r.Reader)
	case r.Post != 0 && c.Has(core.PermGuardPostView):
		urls.GateURL = GuardPostURL(r.Post)
	}
	return urls
}

// PassagesTab is the tab of the page of a house, a person, a reader or a post with the latest passages.
const PassagesTab = "passages"

// How many of the latest passages such a page shows: on its first tab, and on that of the passages.
const (
	passagesShown = 5
	passagesAPage = 50
)

// PassagePart is the latest passages of a house, a person, a reader or a post; partial "passages".
type PassagePart struct {
	Rows []PassageRow
	More string // the list with all of them
	Door bool   // all through one door: the rows name the house instead
}

// PassageRow is a row of the latest passages.
type PassageRow struct {
	State                             templates.Badge
	At                                time.Time
	URL                               string // of the record
	Name, House, Direction, Gate, Why string
	PassageURLs
}

// Looker returns the account that looks at somebody's data.
func Looker(c *web.Context) core.Looker { return core.Looker{Actor: c.Actor(), As: core.LookOffice} }

// Passages returns the latest passages of a filter, as many as the tab shows; nil if the account may
// not see them. Whom the filter names can read that the account looked.
func (f *Frame) Passages(c *web.Context, filter core.RecordFilter, tab string) (*PassagePart, error) {
	if !c.Has(core.PermAccessRecordView) {
		return nil, nil
	}
	limit := passagesShown
	if tab == PassagesTab {
		limit = passagesAPage
	}
	records, _, err := f.Store.AccessRecords(c.Ctx(), c.Scope(), filter, core.Page{Limit: limit})
	if err != nil {
		return nil, err
	}
	if err := f.Store.LookAtRecords(c.Ctx(), Looker(c), c.Scope(), filter, records); err != nil {
		return nil, err
	}
	pages, err := f.PassagePages(c, records)
	if err != nil {
		return nil, err
	}
	part := &PassagePart{
		Rows: make([]PassageRow, len(records)), More: passagesURL(filter), Door: filter.Reader != 0 || filter.Post != 0,
	}
	for i, r := range records {
		part.Rows[i] = passageRowOf(pages, r)
	}
	return part, nil
}

// passagesURL returns the list of all passages of a filter of one house, person, reader or post.
func passagesURL(f core.RecordFilter) string {
	var pairs []string
	switch {
	case f.Person != 0:
		pairs = []string{PickID, f.Person.String()}
	case f.Reader != 0:
		pairs = []string{"gate", "r" + f.Reader.String()}
	case f.Post != 0:
		pairs = []string{"gate", "p" + f.Post.String()}
	default:
		pairs = []string{"community", f.Community.String(), "house", f.House.String()}
	}
	return templates.WithQuery(AccessRecordPath, nil, pairs...)
}

func passageRowOf(pages PassagePages, r core.AccessRecord) PassageRow {
	row := PassageRow{
		State: templates.Badge{Tone: templates.Good, Text: r.ResultLabel()}, At: r.At, Name: r.Who(), House: r.HouseLabel,
		URL: AccessRecordURL(r.ID), Direction: r.Direction.Label(), Gate: r.Gate,
	}
	switch {
	case !r.Allowed:
		row.State.Tone, row.Why = templates.Bad, r.Why()
	case r.Urgent():
		row.State.Tone, row.Why = templates.Warn, r.Why()
	}
	row.PassageURLs = pages.Of(r)
	return row
}
