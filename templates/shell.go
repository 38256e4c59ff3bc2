package templates

import (
	"strconv"
	"time"
)

// Shell is the frame of every console page; a page's struct embeds it and the layout
// "layout/console" draws it.
type Shell struct {
	Title   string      // the heading and the window's title
	Note    string      // a muted line under the heading; may be empty
	Nav     []NavGroup  // the menu, limited to what the account may see
	Crumbs  []Crumb     // the path to this page, without the page itself
	Actions []Action    // beside the heading, the primary one last; more in the page's block "actions"
	Account Account     // who is signed in; zero on the sign-in and error pages
	Scope   ScopeSwitch // where the account works
	Flash   []Flash     // messages from the previous act
	CSRF    string      // added to every form; empty if not required
	Filter  string      // where the filters of lists are posted; empty: they are sent in the list's URL
	Find    string      // the search box's page; empty: there is no box
	Posted  bool        // the page answers a submitted form: going back must not resubmit it
	Demo    bool        // shows that this is a demonstration
	Views   SavedViews  // of the page's list; zero elsewhere
	Bell    Bell        // what the account was told of
	Waiting int         // what waits for the account
	Quick   []Action    // what people do most, by permission
	Star    Star        // of a page that can be on top of the menu; zero elsewhere
	Total   string      // of a list, beside its heading: "共 3,001 人"
}

// WindowTitle returns the window's title: with the number of what waits, so that it shows on a tab.
func (s Shell) WindowTitle() string {
	if s.Waiting > 0 {
		return "(" + strconv.Itoa(s.Waiting) + ") " + s.Title
	}
	return s.Title
}

// Bell is an account's newest notices; partial "bell".
type Bell struct {
	URL    string // posted to, to mark them as read; empty shows nothing
	Last   string // id of the newest
	CSRF   string
	Unread int
	Items  []BellItem
}

// BellItem is a notice.
type BellItem struct {
	Title, URL, Icon string
	Community        string // "" = of none, or the account has one alone
	At               time.Time
	New              bool // not read yet
}

// Star puts a page on top of the menu, or takes it from there; partial "star".
type Star struct {
	URL  string // posted to; empty shows nothing
	Stem string
	On   bool // the page is on top of the menu
	CSRF string
}

// ScopeSwitch shows the community in which the account works, and switches to another; partial
// "scope-switch".
type ScopeSwitch struct {
	Name    string // of the community; empty shows nothing
	URL     string // posted to, and with Search the page to search in; empty: there is no choice
	Back    string // where one is afterwards
	CSRF    string
	Choices []ScopeChoice
	Search  bool   // there are more than the choices
	Shown   string // the Value of what the page is about
}

// ScopeChoice is a community to work in.
type ScopeChoice struct {
	Value, Label string
	Active       bool
}

// Account is the signed-in account as the shell shows it.
type Account struct {
	Name    string
	Role    string // its label: "物业管理员"
	URL     string // the account's own page
	Views   string // of its saved views
	SignOut string // URL to POST to sign out
}

// NavGroup is a group of the menu. One with a single entry shows it without a heading.
type NavGroup struct {
	Name   string // under which the browser remembers that it was opened
	Label  string
	Items  []NavItem
	Active bool // contains the current page, and so is open
	Fixed  bool // has a heading and never folds
}

// Count returns the sum of the entries' counts, which the heading of a closed group shows.
func (g NavGroup) Count() int {
	sum := 0
	for _, item := range g.Items {
		sum += item.Count
	}
	return sum
}

// Folds reports whether the group has a heading that opens and closes it.
func (g NavGroup) Folds() bool { return g.Label != "" && len(g.Items) > 1 && !g.Fixed }

// NavItem is one entry of the menu.
type NavItem struct {
	Stem   string // of a menu's entry, or of a tab with a number
	Label  string
	URL    string
	Icon   string // of assets/icons.txt
	Active bool   // contains the current page
	Count  int    // pending items; 0 shows nothing
}

// Crumb is a step of the path to the page.
type Crumb struct {
	Label string
	URL   string
}

// Phone is the frame of every phone page; a page's struct embeds it and the layout "layout/phone"
// draws it.
type Phone struct {
	Title string
	Note  string    // a muted line under the heading: community, post
	Back  string    // URL of the back arrow; empty for none
	Tabs  []NavItem // at the bottom, two to five; empty for none
	Flash []Flash
	CSRF  string
	Demo  bool

	SignOut string // where to post to sign out; empty for none
	Posted  bool   // the page answers a submitted form: going back must not resubmit it
}

// Flash is a message at the top of a page.
type Flash struct {
	Tone Tone
	Text string
	Link string // the page about it; empty for none
	Undo string // where to post to take the act back; empty for nowhere
	Ask  bool   // the server asks before that
	Next Action // leads on; without URL, there is none
	CSRF string // for Undo
}
