package templates

import (
	"net/url"
	"time"
)

// TabParam is the query parameter with the tab of a detail page; empty for the first.
const TabParam = "tab"

// ActsTab is the tab with the timeline: narrow screens have no room for it beside the page.
const ActsTab = "acts"

// Limits of the head of a detail page.
const (
	MaxKeyFacts    = 5
	MaxHeadButtons = 2
)

// Detail is the frame of the page of one thing: the head with its title, state, key facts and acts; its
// tabs; and the timeline of what was done to it. A page has a field Detail and defines the block
// "main" as {{template "detail" .}} and "tab" with what the current tab shows; the block "heading" is
// {{template "detail-head" .}}.
//
// The links to the neighbours are made by the script (detail.js), from the list that one came from.
type Detail struct {
	Path     string   // of the page: "/console/house/7"
	Badges   []Badge  // its state, beside the title
	Facts    []Fact   // the key facts, at most MaxKeyFacts
	Actions  []Action // links that look like buttons; with Acts at most MaxHeadButtons
	Acts     []Submit // buttons that post; each with a URL
	CSRF     string   // for Acts
	Menu     RowMenu  // ⋯: all other acts
	Tabs     []NavItem
	Timeline *Timeline // nil: the account may not see it
	Shown    string    // the current tab: "" = the first
}

// Timeline is what was done to a thing, newest first; partial "timeline".
type Timeline struct {
	Moments []Moment
	More    Action // the whole list; may be zero
	Views   Action // who looked at the person; may be zero
}

// Moment is one entry of a Timeline.
type Moment struct {
	At    time.Time
	Title string // the act: "限制出入"
	URL   string // its page; may be empty
	Of    string // whom or what it was done to, if not the page's own thing
	By    string
	Text  string // what changed, in words
}

// NewTabs returns the tabs of a detail page at path, of pairs of a name and a label; the name of the
// first is "". A tab for the timeline is added if there is one.
func (d *Detail) NewTabs(shown string, pairs ...string) {
	d.Shown, d.Tabs = shown, nil
	for i := 0; i+1 < len(pairs); i += 2 {
		d.Tabs = append(d.Tabs, d.tab(pairs[i], pairs[i+1]))
	}
	if d.Timeline != nil {
		d.Tabs = append(d.Tabs, d.tab(ActsTab, "操作"))
	}
}

func (d *Detail) tab(name, label string) NavItem {
	return NavItem{Stem: name, Label: label, URL: WithQuery(d.Path, url.Values{}, TabParam, name), Active: name == d.Shown}
}

// Beside reports whether the timeline is beside the tab's content.
func (d Detail) Beside() bool { return d.Timeline != nil && d.Shown != ActsTab }

// ShowsActs reports whether the current tab is the timeline.
func (d Detail) ShowsActs() bool { return d.Timeline != nil && d.Shown == ActsTab }
