package templates

import (
	"net/url"
	"slices"
	"strings"
)

// Names of a list's own query parameters. All others are filters.
const (
	SortParam   = "sort"   // column name, "-" in front for descending
	AfterParam  = "after"  // cursor: the page behind it
	BeforeParam = "before" // cursor: the page in front of it
)

// List is a table with filters, sort, pager and actions on ticked rows. Its state
// lives in the address, so that links, reloads and the back button work; with
// scripts on, filtering and paging replace only the table.
//
// A page has a field List and a field Rows and defines the block "row", which
// gets one element of Rows and writes one <tr>; then {{template "list" .}}.
type List struct {
	Path    string     // "/console/reader"
	Query   url.Values // as it came; filters take their values from it
	Filters []Field    // drawn in a row above the table; the first few are best short
	More    []Field    // filters behind the button 更多筛选
	Columns []Column
	Pager   Pager
	Export  string   // address of the export, which gets the filters; empty for none
	Bulk    []Submit // what can be done with ticked rows; needs Tick in each row
	CSRF    string   // for Bulk
	Empty   Empty    // when there is nothing at all; with filters set, a text of its own is shown
	Count   int      // rows on this page
	Hint    string   // above the table, such as why it cannot be sorted
	Cards   bool     // on phones each row becomes a card: every <td> carries data-label
}

// Column is a column of a list.
type Column struct {
	Label  string
	Sort   string // the value of sort=; empty if it cannot be sorted by
	Desc   bool   // the first click sorts descending: times, counts
	Number bool   // figures: right-aligned
	Narrow bool   // as narrow as its content: states, buttons
	Hidden bool   // the label is for screen readers only: a column of buttons
}

// Submit is a button that sends the form it belongs to. With Confirm set, a
// dialog asks first; where scripts are off, the form arrives without
// "confirmed=1" and the server answers with the page of Confirm.
type Submit struct {
	Label   string
	URL     string // where to send; empty for the form's own address
	Icon    string
	Danger  bool
	Confirm string // what will happen, in a sentence; "{n}" is the number of ticked rows
}

// Cell is a column's heading as it is drawn.
type Cell struct {
	Column
	URL       string // sorts by this column; empty if it cannot
	Direction string // aria-sort: "ascending", "descending", or empty
}

// Heads gives the headings.
func (l List) Heads() []Cell {
	sort := l.Query.Get(SortParam)
	name, descending := strings.CutPrefix(sort, "-")
	heads := make([]Cell, 0, len(l.Columns))
	for _, c := range l.Columns {
		head := Cell{Column: c}
		if c.Sort != "" {
			next := c.Sort
			if c.Desc {
				next = "-" + next
			}
			if name == c.Sort {
				head.Direction, next = "ascending", "-"+c.Sort
				if descending {
					head.Direction, next = "descending", c.Sort
				}
			}
			head.URL = WithQuery(l.Path, l.Query, SortParam, next, AfterParam, "", BeforeParam, "")
		}
		heads = append(heads, head)
	}
	return heads
}

// Shown gives the filters with their values from the query.
func (l List) Shown() []Field { return l.filled(l.Filters) }

// Folded gives the filters of More with their values from the query.
func (l List) Folded() []Field { return l.filled(l.More) }

// Choosers gives the filters that take effect as soon as another choice is made. A
// text waits until it is typed, and a day until it is sent.
func (l List) Choosers() []Field {
	var fields []Field
	for _, f := range slices.Concat(l.Filters, l.More) {
		if f.Kind == Select {
			fields = append(fields, f)
		}
	}
	return fields
}

func (l List) filled(fields []Field) []Field {
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		f.Values, f.compact = l.Query[f.Name], true
		if len(f.Values) > 0 {
			f.Value = f.Values[0]
		}
		out = append(out, f)
	}
	return out
}

// Filtered reports that any filter is set, but for standing ones.
func (l List) Filtered() bool { return anySet(l.Query, l.Filters) || l.Unfolded() }

// Unfolded reports that a filter of More is set, so that they must be seen.
func (l List) Unfolded() bool { return anySet(l.Query, l.More) }

func anySet(query url.Values, fields []Field) bool {
	for _, f := range fields {
		for _, v := range query[f.Name] {
			if v != "" && !f.Standing {
				return true
			}
		}
	}
	return false
}

// Sort is the sort as it came, to be kept by the filter form.
func (l List) Sort() string { return l.Query.Get(SortParam) }

// ExportURL is Export with the filters and the sort.
func (l List) ExportURL() string {
	if l.Export == "" {
		return ""
	}
	return WithQuery(l.Export, l.Query, AfterParam, "", BeforeParam, "")
}

// Page gives the addresses of the neighbouring pages for the cursors of the first
// and last row; an empty cursor means there is no such page.
func (l List) Page(before, after string) Pager {
	var p Pager
	if before != "" {
		p.Prev = WithQuery(l.Path, l.Query, BeforeParam, before, AfterParam, "")
	}
	if after != "" {
		p.Next = WithQuery(l.Path, l.Query, AfterParam, after, BeforeParam, "")
	}
	return p
}
