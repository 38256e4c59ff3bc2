package templates

import (
	"net/url"
	"slices"
)

// ConfirmPage is the page "console/confirm/show".
type ConfirmPage struct {
	Shell
	Confirm Confirm
}

// PhoneConfirmPage is the page "h5/confirm/show".
type PhoneConfirmPage struct {
	Phone
	Confirm Confirm
}

// Confirm is the question before an act that is hard to undo, as a page of its own or, with
// scripts, as a dialog with the same text. Its form posts to Action with "confirmed=1" and the
// values of Keep.
type Confirm struct {
	Title   string   // "停用门禁"
	Text    string   // what will happen: "停用后，3 个门的扫码都会被拒绝。"
	Effects []string // one per line: what exactly is affected
	Action  string
	CSRF    string
	Keep    url.Values // sent along: the ticked ids, the form's values
	Submit  string     // names the act: "停用 3 个门禁"
	Cancel  string
	Danger  bool
	// Download means that the response is a file, so that this page stays.
	Download bool
}

// Kept returns Keep as pairs sorted by name.
func (c Confirm) Kept() []Choice {
	names := make([]string, 0, len(c.Keep))
	for name := range c.Keep {
		if name != "confirmed" && name != "csrf" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var kept []Choice
	for _, name := range names {
		for _, value := range c.Keep[name] {
			kept = append(kept, Choice{Label: name, Value: value})
		}
	}
	return kept
}
