package templates

import (
	"fmt"
	"slices"
)

// SearchAnswer is what the search box shows below what was typed; partial "search-answer".
type SearchAnswer struct {
	Typed  bool // something was typed; otherwise the groups are what one may want next
	Groups []SearchGroup
	Late   []string // kinds that could not be searched now: "记录"
	Sought string   // what was typed
	Adds   []Action // if nothing is found: forms on which to add it
	Again  bool     // Late is being asked for once more, with more time
	Within string   // the community to which the answer is limited, of several; "" = it is of all
}

// SearchGroup is the answers of one kind: 住户.
type SearchGroup struct {
	Label  string
	Hits   []SearchHit
	More   string   // URL of the list with all of them; "" = these are all
	Unread []Action // lists too long to be read here, in which nothing was found
}

// SearchHit is one thing found.
type SearchHit struct {
	Icon  string // of assets/icons.txt
	Title string
	Note  string // where and what it is: house, masked phone number, time
	Badge Badge
	URL   string
	Acts  []Action // at most three, as links
}

// Found returns the number of hits.
func (a SearchAnswer) Found() int {
	n := 0
	for _, g := range a.Groups {
		n += len(g.Hits)
	}
	return n
}

// FoundText returns the number of hits in words: 10 项, or 10 项以上 if a kind has more.
func (a SearchAnswer) FoundText() string {
	words := fmt.Sprintf("%d 项", a.Found())
	if slices.ContainsFunc(a.Groups, func(g SearchGroup) bool { return g.More != "" || len(g.Unread) > 0 }) {
		words += "以上"
	}
	return words
}
