package templates

import (
	"encoding/base64"
	"html/template"
	"net/url"
	"slices"
)

// Tone is the meaning that a colour carries. A badge or message says the same in
// words, so that nobody has to see the colour.
type Tone string

// The tones there are.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

// Icon gives the icon of assets/icons.txt that goes with the tone.
func (t Tone) Icon() string {
	switch t {
	case Good:
		return "circle-check"
	case Warn:
		return "alert-triangle"
	case Bad:
		return "alert-circle"
	}
	return "info-circle"
}

// Badge is a state in one or two words; partial "badge" draws it.
type Badge struct {
	Tone Tone
	Text string
}

// NewBadge is Badge for templates: {{template "badge" (badge "good" "启用")}}.
func NewBadge(tone Tone, text string) Badge { return Badge{Tone: tone, Text: text} }

// Empty stands where a list or a panel has nothing to show; partial "empty".
type Empty struct {
	Icon   string // of assets/icons.txt; "inbox" if empty
	Title  string // what is not there: "还没有门禁"
	Text   string // what to do about it
	Action Action // may be zero
}

// NewEmpty is Empty for templates: {{template "empty" empty "还没有记录" "…"}}.
func NewEmpty(title, text string) Empty { return Empty{Title: title, Text: text} }

// Action is a link that looks like a button; partial "action".
type Action struct {
	Label   string
	URL     string
	Icon    string
	Primary bool
	Plain   bool // leave htmx out of it: a download, another site
}

// Tabs are pages of one thing side by side; partial "tabs". The active one is
// marked; NavItem.Count shows as a figure.
type Tabs struct {
	Label     string // for screen readers: "住户资料"
	KeepQuery bool   // the pages share their filters: links follow the address as it changes
	Items     []NavItem
}

// Fact is a line of a page that shows one thing; partial "facts" takes a list of
// them. Of Value and Badge, one is set.
type Fact struct {
	Label string
	Value string
	Badge Badge
	Copy  bool // offers to copy Value
	Code  bool // Value is for machines: fixed width
}

// Pager moves through a list that is paged by key; partial "pager". An empty
// address draws the button disabled.
type Pager struct {
	Prev    string
	Next    string
	Summary string // "本页 20 条", "共 1,203 条"
}

// Visible reports that there is anything to show.
func (p Pager) Visible() bool { return p.Prev != "" || p.Next != "" || p.Summary != "" }

// Tick is the box in front of a row of a list with bulk actions; partial "tick".
// A row writes {{template "tick" (tick .ID .Name)}} as its first cell.
type Tick struct {
	Value any
	Label string
}

func newTick(value any, label string) Tick { return Tick{Value: value, Label: label} }

// WithQuery gives path with query, after setting the pairs of pairs; a pair with
// an empty value is removed. query itself is left alone.
func WithQuery(path string, query url.Values, pairs ...string) string {
	changed := make(url.Values, len(query))
	for name, values := range query {
		changed[name] = slices.Clone(values)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if changed.Del(pairs[i]); pairs[i+1] != "" {
			changed.Set(pairs[i], pairs[i+1])
		}
	}
	for name, values := range changed {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) == 0 {
			delete(changed, name)
		}
	}
	if len(changed) == 0 {
		return path
	}
	return path + "?" + changed.Encode()
}

func contains(list []string, value string) bool { return slices.Contains(list, value) }

// QR is a pass code on a phone page that draws itself anew; partial "qr". When
// Left has run out the script posts to Refresh and takes the part marked data-qr
// out of the reply, which may be the whole page after a redirect. Without
// scripts the button under the code posts the same.
type QR struct {
	Image   template.URL // address of the picture, or the picture itself as a data: URL
	Alt     string       // "通行码"
	Refresh string       // address to POST for a new code
	CSRF    string
	Left    int    // seconds for which this code is still good
	Life    int    // seconds a fresh code is good
	Text    string // under the code: "请将二维码对准读头"
}

// SVG is a picture of our own drawing as the address of an <img>.
func SVG(picture []byte) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture)) // ours, so safe in a page
}

// Verdict is a result that must be understood at arm's length: the door opens, or
// why not; partial "verdict".
type Verdict struct {
	Tone  Tone
	Title string // "可以通行"
	Text  string // the rule in words
	Facts []Fact
}

// Live ties a part of a page to a stream of server-sent events; partials take it
// as attributes through "live". Each event named Event replaces or extends the
// part, or makes it fetch itself again.
type Live struct {
	URL   string
	Event string // name of the event; "message" if empty
	// Swap is "refresh" (the event is a hint: the page is fetched and the part with this id
	// taken out of it), "reload" (the whole page loads again), "replace" or "prepend" (the
	// event is HTML).
	Swap string
	Max  int // prepend: children kept; 0 keeps all
}
