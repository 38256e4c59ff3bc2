package core

import (
	"fmt"
	"testing"
)

func TestDoorTilesAreSorted(t *testing.T) {
	tile := func(id ID, state ReaderState, cut bool) DoorTile {
		return DoorTile{Reader: Reader{ID: id}, State: state, Cut: cut}
	}
	tiles := []DoorTile{
		tile(1, ReaderNever, false), tile(2, ReaderOnline, false), tile(3, ReaderOffline, false), tile(4, ReaderOnline, true),
		tile(5, ReaderStale, false), tile(6, ReaderOffline, false), tile(7, ReaderOnline, false),
	}
	SortDoorTiles(tiles)
	var order []ID
	for _, x := range tiles {
		order = append(order, x.Reader.ID)
	}
	if fmt.Sprint(order) != "[3 6 4 5 2 7 1]" {
		t.Errorf("in the order %v", order)
	}
	a, b := tile(1, ReaderOnline, false), tile(1, ReaderOnline, false)
	if b.Refused = 1; a.Mark() == b.Mark() || a.Mark() != tile(1, ReaderOnline, false).Mark() {
		t.Errorf("%q, %q", a.Mark(), b.Mark())
	}
}
