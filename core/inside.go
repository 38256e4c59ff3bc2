package core

import (
	"slices"
	"strings"
	"time"
)

// Inside is somebody who came in and has not left 在场人员: a visitor's party, or a member of an institution.
type Inside struct {
	Kind     PassKind
	ID       ID // of the visit, or of the member
	Name     string
	Place    string // the house that is visited, or the institution
	Building string // of the house; "" = of none
	People   int    // who are inside
	Since    time.Time
	Late     bool // for longer than the community expects of the kind
}

// InsideRoll is who is inside, those who came last first, and counts of all, also of those for whom List is too short.
type InsideRoll struct {
	List     []Inside
	Parties  int
	People   int
	Late     int // parties
	Doubtful int // parties that came longer than InsideDoubt ago
}

// InsideDoubt is for how long after they came in visitors are believed to be inside: of those who came before, some have left by a
// gate that does not tell.
const InsideDoubt = 7 * 24 * time.Hour

// RollOf returns a list with its counts.
func RollOf(list []Inside, now time.Time) InsideRoll {
	roll := InsideRoll{List: list, Parties: len(list)}
	for _, one := range list {
		roll.People += max(one.People, 1)
		if one.Late {
			roll.Late++
		}
		if now.Sub(one.Since) > InsideDoubt {
			roll.Doubtful++
		}
	}
	return roll
}

// InsideLookback is for how long after they came in members of institutions are taken to be inside.
const InsideLookback = 3 * 24 * time.Hour

// RollGroup is the people of a building, or of no building, in a roll call 点名表.
type RollGroup struct {
	Title  string
	Rows   []Inside
	People int
}

// RollCall groups who is inside by building, in the order of its names; those of no house come last, by institution.
func RollCall(all []Inside) []RollGroup {
	var groups []RollGroup
	at := map[string]int{}
	for _, one := range all {
		title := one.Building
		if title == "" {
			title = one.Place
		}
		key := string(one.Kind) + title
		if one.Building != "" {
			key = title
		}
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, RollGroup{Title: title})
		}
		groups[i].Rows = append(groups[i].Rows, one)
		groups[i].People += max(one.People, 1)
	}
	rank := func(g RollGroup) int {
		if g.Rows[0].Building != "" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(groups, func(a, b RollGroup) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(SortKey(a.Title, 64), SortKey(b.Title, 64))
	})
	return groups
}
