package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// RecordList is a list of records that belong to communities: what differs from one feature to the
// next.
type RecordList[T any] struct {
	Stem, Title string          // of the menu entry; of the page
	Edit        core.Permission // who may add a record
	Add, Unit   string          // label of the button for it; of a number of records: 人
	Table       templates.List  // path, columns, filters, and what an empty list shows

	// Find returns a page of the records that the query asks for, of one community or, with 0, all in
	// scope. An error of BindQuery is returned as it is.
	Find func(community core.ID, page core.Page) (records []T, more bool, err error)
	ID   func(T) core.ID
}

// ListedRecords is a page of a RecordList; the caller converts the records to rows.
type ListedRecords[T any] struct {
	Shell   templates.Shell
	List    templates.List
	Records []T
	At      CommunityChoice
}

// RecordsAPage is the number of records per page.
const RecordsAPage = 50

// ListRecords reads the page of a list that the request asks for, and sets its pager, the filter by
// community if there are several, and the button to add a record if the account may.
func ListRecords[T any](f *Frame, c *web.Context, l RecordList[T]) (found ListedRecords[T], err error) {
	if found.At, err = f.CommunityOf(c, c.Query("community")); err != nil {
		return found, err
	}
	community, page := ChosenCommunity(c, found.At), c.CountedPage(RecordsAPage)
	records, more, err := l.Find(community, page)
	if err != nil {
		return found, err
	}
	found.Records, found.List = records, l.Table
	found.List.Query, found.List.Cards = c.Request().URL.Query(), true
	switch found.Shell = f.Shell(c, l.Stem, l.Title); {
	case len(found.At.All) == 0:
		found.List = templates.List{Path: l.Table.Path, Empty: NoCommunityYet(c)}
	case c.Has(l.Edit):
		found.Shell.Actions = []templates.Action{{Label: l.Add, URL: NewURL(l.Table.Path, community), Icon: "plus", Primary: true}}
	}
	if len(found.At.All) > 1 {
		found.List.Filters = append(found.List.Filters, found.At.Field("全部小区"))
	}
	web.Paged(&found.List, page, records, more, l.ID)
	found.Shell.Total = found.List.TotalText(l.Unit)
	return found, nil
}
