package core

import "slices"

// Page asks for a part of a list by key, in the list's own order: the rows after one, or those
// before it. With neither set it is the beginning of the list.
type Page struct {
	Next, Prev ID    // the row to continue after, or to go back from; Next wins
	Key        []any // by what that row is ordered, if the caller has kept it; nil = the row is looked up, if it is still there
	Limit      int
	Total      *int // if not nil, is set to the number of rows of the whole list, at most MaxTotal+1; -1 = unknown
}

// MaxTotal is the number of rows up to which a list is counted; beyond, it has more.
const MaxTotal = 10000

// First reports whether the page is the beginning of the list.
func (p Page) First() bool { return p.Next == 0 && p.Prev == 0 }

// Backwards reports whether the list is read from a row towards its beginning.
func (p Page) Backwards() bool { return p.Next == 0 && p.Prev != 0 }

// Cursor returns the row to start from; 0 = the beginning.
func (p Page) Cursor() ID {
	if p.Next != 0 {
		return p.Next
	}
	return p.Prev
}

// CutPage takes the rows read for a page, one more than its limit if there are that many, and
// returns those of the page in list order. more reports whether there are further rows in the
// direction of reading.
func CutPage[T any](p Page, rows []T) (page []T, more bool) {
	if more = len(rows) > p.Limit; more {
		rows = rows[:p.Limit]
	}
	if p.Backwards() {
		slices.Reverse(rows)
	}
	return rows, more
}

// Neighbours returns the cursors of the previous and the next page, given the first and last rows
// of this one; 0 if there is no such page.
func (p Page) Neighbours(first, last ID, more bool) (prev, next ID) {
	if p.Next != 0 || p.Backwards() && more {
		prev = first
	}
	if p.Backwards() || more {
		next = last
	}
	return prev, next
}
