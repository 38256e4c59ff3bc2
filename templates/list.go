package templates

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A list's own query parameters. All others are filters.
const (
	SortParam   = "sort"   // column name, "-" in front for descending
	AfterParam  = "after"  // cursor: the page after it
	BeforeParam = "before" // cursor: the page before it
)

// List is a table with filters, sorting, paging and actions on ticked rows. Its state is in the
// URL, so that links, reloads and the back button work; with scripts, filtering and paging replace
// only the table.
//
// A page has a field List and a field Rows and defines the block "row", which gets one element of
// Rows and writes one <tr>; then {{template "list" .}}.
type List struct {
	Path    string     // "/console/reader"
	Query   url.Values // as received; filters take their values from it
	Filters []Field    // the first text and the first few selects are in the toolbar, the others behind 更多筛选
	More    []Field    // always behind 更多筛选
	Columns []Column
	Pager   Pager
	Export  string   // URL of the export, which gets the filters; empty for none
	Exports []Action // further exports, as Export
	Bulk    []Submit // actions on ticked rows; needs Tick in each row
	CSRF    string   // for Bulk
	Empty   Empty    // shown if there are no rows at all; with filters set, another text is shown
	Count   int      // rows on this page
	Total   int      // rows of the whole list; above maxTotal, more than can be counted; -1 = unknown
	Hint    string   // above the table, such as why it cannot be sorted
	Cards   bool     // on phones each row becomes a card: every <td> has data-label
	Whole   bool     // its cards are whole, since what they open has not all of their text; those that open nothing are anyway
}

// Column is a column of a list.
type Column struct {
	Label  string
	Sort   string // the value of sort=; empty = not sortable
	Desc   bool   // the first click sorts descending: times, counts
	Number bool   // numbers: right-aligned
	Narrow bool   // as narrow as its content: states, buttons
	Hidden bool   // the label is for screen readers only: a column of buttons
}

// Submit is a button that submits its form. With Ask set, the server asks first (frame.Act): its
// question is shown as a dialog with scripts, as a page without.
type Submit struct {
	Label string
	URL   string // where to post; empty for the form's own action
	Icon  string
	Ask   bool
	Off   string // why the act would be refused now: the button is drawn disabled, with this reason
}

// Cell is a column heading as drawn.
type Cell struct {
	Column
	URL       string // sorts by this column; empty = not sortable
	Direction string // aria-sort: "ascending", "descending", or empty
}

// Heads returns the headings.
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

// maxChips is how many selects the toolbar has beside the text; with more, it would take two lines.
const maxChips = 3

// Shown returns the filters in the toolbar with their values from the query: the first text, the first
// selects, and what is hidden.
func (l List) Shown() []Field {
	shown, _ := l.split()
	shown = l.filled(shown)
	for i := range shown {
		f := &shown[i]
		switch {
		case f.Kind == Select && len(f.Choices) > 0 && f.Choices[0].Label == "全部":
			f.Choices = slices.Clone(f.Choices)
			f.Choices[0].Label = f.Label + "：全部"
		case f.Kind == Text && f.Placeholder == "":
			f.Placeholder = f.Label
		}
	}
	return shown
}

// Folded returns the filters behind 更多筛选 with their values from the query.
func (l List) Folded() []Field {
	_, folded := l.split()
	return l.filled(folded)
}

func (l List) split() (shown, folded []Field) {
	texts, chips := 0, 0
	for _, f := range l.Filters {
		switch {
		case f.Kind == Hidden:
			shown = append(shown, f)
		case f.Kind == Text && texts == 0:
			shown, texts = slices.Insert(shown, 0, f), 1
		case f.Kind == Select && chips < maxChips:
			shown, chips = append(shown, f), chips+1
		default:
			folded = append(folded, f)
		}
	}
	return shown, append(folded, l.More...)
}

// Choosers returns the filters that take effect as soon as a choice is made. A text takes effect
// when typed, a day when submitted.
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

// Nothing returns what is shown in place of an empty list: with the first two of the page's actions, or the
// words for people who have none.
func (l List) Nothing(actions []Action) Empty {
	e := l.Empty
	if e.Action.URL == "" && len(actions) > 0 {
		e.Action = actions[0]
		if len(actions) > 1 {
			e.More = actions[1]
		}
		e.Action.Primary, e.More.Primary = false, false // the one in the heading is
	}
	return e.Told()
}

// Add returns the act that adds what was not found, or the page's first one: its form begins with the text that was searched for,
// which the address holds sealed alone.
func (l List) Add(actions []Action) Action {
	add := l.Nothing(actions).Action
	if i := slices.IndexFunc(actions, func(a Action) bool { return a.Primary }); i >= 0 {
		add = actions[i]
	}
	add.Primary = false
	path, query, _ := strings.Cut(add.URL, "?")
	values, err := url.ParseQuery(query)
	if seal := l.Query.Get(SealParam("q")); err == nil && seal != "" && strings.HasSuffix(path, "/new") {
		add.URL = WithQuery(path, values, SealParam("q"), seal)
	}
	return add
}

// Sought returns the text that was searched for; "" = none.
func (l List) Sought() string {
	for _, f := range l.Shown() {
		if (f.Kind == Text || f.Kind == "") && f.Value != "" {
			return f.Value
		}
	}
	return ""
}

// Tried returns the other filters that are set: 认证：未认证、身份：业主.
func (l List) Tried() string {
	var tried []string
	for _, f := range slices.Concat(l.filled(l.Filters), l.filled(l.More)) {
		if f.Kind == Hidden || f.Standing || f.Value == "" || f.Value == l.Sought() {
			continue
		}
		value := f.Value
		for _, choice := range f.Choices {
			if choice.Value == value {
				value = choice.Label
			}
		}
		tried = append(tried, f.Label+"："+value)
	}
	return strings.Join(tried, "、")
}

// Filtered reports whether any filter is set, except standing ones.
func (l List) Filtered() bool { return anySet(l.Query, l.Filters) || anySet(l.Query, l.More) }

// Unfolded reports whether a filter behind 更多筛选 is set or has a message, so that they must be shown.
func (l List) Unfolded() bool {
	_, folded := l.split()
	return anySet(l.Query, folded) || slices.ContainsFunc(folded, func(f Field) bool { return f.Error != "" || len(f.Offers) > 0 })
}

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

// Sort returns the current sort, which the filter form keeps.
func (l List) Sort() string { return l.Query.Get(SortParam) }

// maxTotal is the number of rows up to which totals are exact.
const maxTotal = 10000

// overTotal is said of more.
const overTotal = "1 万以上"

// TotalText returns the number of rows of the whole list: 共 3,001 人, 1 万以上.
func (l List) TotalText(unit string) string {
	switch {
	case l.Total > maxTotal:
		return overTotal
	case l.Total < 0:
		return fmt.Sprintf("%d %s以上", l.Count, unit)
	}
	digits := fmt.Sprint(l.Total)
	if n := len(digits) - 3; n > 0 {
		digits = digits[:n] + "," + digits[n:]
	}
	return "共 " + digits + " " + unit
}

// AllExports returns every export with the filters and the sort; nil if there is none.
func (l List) AllExports() []Action {
	var all []Action
	if l.Export != "" {
		all = append(all, Action{Label: "导出", URL: l.ExportURL(), Icon: "download", Plain: true})
	}
	for _, a := range l.Exports {
		a.URL = WithQuery(a.URL, l.Query, AfterParam, "", BeforeParam, "")
		all = append(all, a)
	}
	return all
}

// ExportURL returns Export with the filters and the sort.
func (l List) ExportURL() string {
	if l.Export == "" {
		return ""
	}
	return WithQuery(l.Export, l.Query, AfterParam, "", BeforeParam, "")
}

// Page returns the URLs of the adjacent pages for the cursors of the first and last row; an empty
// cursor means that there is no such page.
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

// RowMenu is the menu ⋯ of a row; partial "row-menu". Deleting is its last act, after those that are
// taken back. It is drawn only if it has something.
type RowMenu struct {
	Label string // for screen readers: "3栋501 的操作"
	CSRF  string
	Links []Action
	Keep  []Choice // sent along with each act: name as Label, and Value
	Acts  []Submit // posted; each with a URL
}
