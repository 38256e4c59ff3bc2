package templates

// SavedViews is the menu of a list's saved views; partial "saved-views". A view is a
// link: choosing one opens an address with its filters, and it stays a view of
// today's rows. The shell makes one for each list; the zero SavedViews draws nothing.
type SavedViews struct {
	Stem   string // of the list: "reader"
	Save   string // where to post a new one; empty for none
	Manage string // the page where they are renamed and deleted
	Query  string // of the present address, to be saved
	Views  []NavItem
	Full   bool // no more can be saved
	CSRF   string
}

// Current is the name of the view that the address shows; empty for none.
func (v SavedViews) Current() string {
	for _, item := range v.Views {
		if item.Active {
			return item.Label
		}
	}
	return ""
}
