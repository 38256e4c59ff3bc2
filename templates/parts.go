package templates

import (
	"encoding/base64"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Tone is the meaning of a colour. A badge or message says the same in words, so that nobody
// depends on seeing the colour.
type Tone string

// The tones.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

// Icon returns the tone's icon in assets/icons.txt.
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

// Badge is a state in one or two words; partial "badge".
type Badge struct {
	Tone Tone
	Text string
}

// NewBadge is Badge for templates: {{template "badge" (badge "good" "启用")}}.
func NewBadge(tone Tone, text string) Badge { return Badge{Tone: tone, Text: text} }

// Empty is shown if a list or a panel has nothing to show; partial "empty".
type Empty struct {
	Icon   string // of assets/icons.txt; "inbox" if empty
	Title  string // what is missing: "还没有门禁"
	Text   string // what to do about it
	Action Action // may be zero
	More   Action // a second one; may be zero
	Ask    string // to people who cannot act: whom to ask
}

// Told returns e with the words for people who cannot act, if there is nothing to press.
func (e Empty) Told() Empty {
	if e.Action.URL == "" {
		e.Text += e.Ask
	}
	return e
}

// Asked is the form with which a page asks once which of several it is about; partial "asked".
type Asked struct {
	Path   string // of the page
	Field  Field
	Submit string
}

// NewEmpty is Empty for templates: {{template "empty" empty "还没有记录" "…"}}.
func NewEmpty(title, text string) Empty { return Empty{Title: title, Text: text} }

// Action is a link that looks like a button; partial "action".
type Action struct {
	Label   string
	URL     string
	Icon    string
	Primary bool
	Plain   bool // without htmx: a download, another site
}

// Tabs are related pages side by side; partial "tabs". The active one is marked; NavItem.Count is
// shown as a number.
type Tabs struct {
	Label     string // for screen readers: "住户资料"
	KeepQuery bool   // the pages share their filters: links follow the URL as it changes
	Items     []NavItem
}

// Figure is a large number with a link to the rows that it counts; partial "figures" takes a list of them.
type Figure struct {
	Label string
	N     int
	URL   string
	Tone  Tone

	Bounded bool // N is counted no further than a list's total
}

// Value returns the number with thousands commas, or 1 万以上 of one that is not counted further.
func (f Figure) Value() string {
	if f.Bounded && f.N > maxTotal {
		return overTotal
	}
	digits := strconv.Itoa(f.N)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Fact is a line of a detail page; partial "facts" takes a list of them. Either Value or Badge is
// set.
type Fact struct {
	Label string
	Value string
	URL   string // of the page about Value
	Badge Badge
	Copy  bool // has a button to copy Value
	Code  bool // Value is for machines: monospaced
}

// Pager moves through a list paged by key; partial "pager". A button without a URL is disabled.
type Pager struct {
	Prev string
	Next string
}

// Visible reports whether there is anything to show.
func (p Pager) Visible() bool { return p.Prev != "" || p.Next != "" }

// Tick is the checkbox of a row in a list with bulk actions; partial "tick". A row writes
// {{template "tick" (tick .ID .Name)}} as its first cell.
type Tick struct {
	Value any
	Label string
}

func newTick(value any, label string) Tick { return Tick{Value: value, Label: label} }

// PersonalParams are the parameters with names, phone numbers and houses. Each has a SealParam in a
// URL, which contains the same text sealed; links contain only that.
var PersonalParams = []string{"q", "who"}

// SealParam returns the name of the parameter with the seal of another.
func SealParam(name string) string { return name + "_" }

// WithQuery returns path with a copy of query in which the pairs are set; a pair with an empty
// value is removed. A personal parameter that has a seal is omitted; the seal is kept.
func WithQuery(path string, query url.Values, pairs ...string) string {
	names := make([]string, 0, len(query)+len(pairs)/2)
	for name := range query {
		names = append(names, name)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if _, ok := query[pairs[i]]; !ok {
			names = append(names, pairs[i])
		}
	}
	slices.Sort(names)
	values := func(name string) []string {
		for i := len(pairs) - len(pairs)%2 - 2; i >= 0; i -= 2 {
			switch name {
			case pairs[i]:
				return pairs[i+1 : i+2]
			case SealParam(pairs[i]): // of the value before
				return nil
			}
		}
		return query[name]
	}
	made := make([]byte, 0, 128)
	made = append(made, path...)
	mark := byte('?')
	for _, name := range slices.Compact(names) {
		if slices.Contains(PersonalParams, name) && strings.Join(values(SealParam(name)), "") != "" {
			continue
		}
		for _, value := range values(name) {
			if value == "" {
				continue
			}
			made = append(append(made, mark), url.QueryEscape(name)...)
			made = append(append(made, '='), url.QueryEscape(value)...)
			mark = '&'
		}
	}
	return string(made)
}

func contains(list []string, value string) bool { return slices.Contains(list, value) }

// QR is a pass code on a phone page that refreshes itself; partial "qr". When Left has run out the
// script posts to Refresh and takes the part marked data-qr from the response, which may be the
// whole page after a redirect. Without scripts the button under the code posts the same.
type QR struct {
	Image   template.URL // URL of the picture, or the picture itself as a data: URL
	Alt     string       // "通行码"
	Refresh string       // URL to POST for a new code
	CSRF    string
	Left    int    // seconds left until this code expires
	Life    int    // seconds a new code is valid
	Text    string // under the code: "请将二维码对准读头"
}

// SVG returns a picture drawn by this program as the URL of an <img>.
func SVG(picture []byte) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture)) // ours, so safe in a page
}

// JPEG returns a picture as an image's source.
func JPEG(picture []byte) template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(picture)) // base64, so safe in a page
}

// Verdict is a result that must be readable at arm's length: the door opens, or why not; partial
// "verdict".
type Verdict struct {
	Tone  Tone
	Title string // "可以通行"
	Text  string // the rule in words
	Facts []Fact
}

// Live connects a part of a page to a stream of server-sent events; partials take it as attributes
// through "live-attributes". Each event named Event replaces or extends the part, or makes it fetch itself
// again.
type Live struct {
	URL   string
	Event string // name of the event; "message" if empty
	// Swap is "refresh" (the event is a hint: the page is fetched and the part with this id taken
	// from it), "reload" (the whole page is reloaded), "replace" or "prepend" (the event is HTML).
	Swap string
	Max  int // prepend: maximum number of children; 0 = no maximum
	// Pauses ends the stream while nobody sees the page, which then is fetched.
	Pauses bool
}
