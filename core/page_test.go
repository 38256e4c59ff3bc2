package core

import (
	"slices"
	"testing"
)

// readPage reads a page of a list the way a database does: from the cursor in the direction of
// reading, one row more than the limit.
func readPage(list []ID, p Page) ([]ID, bool) {
	rows := slices.Clone(list)
	if p.Backwards() {
		slices.Reverse(rows)
	}
	if at := slices.Index(rows, p.Cursor()); at >= 0 {
		rows = rows[at+1:]
	}
	return CutPage(p, rows[:min(len(rows), p.Limit+1)])
}

// Paging forwards through a list and back again shows every row once each way, for every length and
// limit.
func TestPagesCoverTheList(t *testing.T) {
	for length := range 12 {
		list := make([]ID, length)
		for i := range list {
			list[i] = ID(100 - 3*i) // newest first: the order is up to the list
		}
		for limit := 1; limit <= 5; limit++ {
			var forwards, backwards []ID
			p, last := Page{Limit: limit}, Page{}
			for {
				rows, more := readPage(list, p)
				forwards, last = append(forwards, rows...), p
				if len(rows) == 0 {
					break
				}
				prev, next := p.Neighbours(rows[0], rows[len(rows)-1], more)
				if (prev != 0) == p.First() {
					t.Fatalf("%d rows by %d: page %+v leads back to %d", length, limit, p, prev)
				}
				if next == 0 {
					break
				}
				p = Page{Next: next, Limit: limit}
			}
			for p = last; ; {
				rows, more := readPage(list, p)
				backwards = append(slices.Clone(rows), backwards...)
				if len(rows) == 0 {
					break
				}
				prev, _ := p.Neighbours(rows[0], rows[len(rows)-1], more)
				if prev == 0 {
					break
				}
				p = Page{Prev: prev, Limit: limit}
			}
			if !slices.Equal(forwards, list) || !slices.Equal(backwards, list) {
				t.Errorf("%d rows by %d: forwards %v, backwards %v", length, limit, forwards, backwards)
			}
		}
	}
}
