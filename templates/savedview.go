package templates

// SavedViews is the menu of a list's saved views; partial "saved-views". A view is a link with
// filters, so it always shows current rows. The shell makes one for each list; the zero SavedViews
// draws nothing.
type SavedViews struct {
	Stem   string // of the list: "reader"
	Save   string // where to post a new one; empty for none
	Manage string // the page where they are renamed and deleted
	Query  string // of the current URL, to be saved
	Views  []NavItem
	Full   bool // the maximum number is saved
	CSRF   string
}

// Current returns the name of the view that the URL shows; empty for none.
func (v SavedViews) Current() string {
	for _, item := range v.Views {
		if item.Active {
			return item.Label
		}
	}
	return ""
}
