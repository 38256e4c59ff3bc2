package core

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// DoorWallWithin is how far back the wall of doors counts refusals.
const DoorWallWithin = 10 * time.Minute

// MaxDoorWall is the maximum number of doors on the wall.
const MaxDoorWall = 500

// DoorTile is a reader in use, as the wall of doors 门墙 shows it.
type DoorTile struct {
	Reader  Reader
	State   ReaderState
	Cut     bool         // it holds no connection, though it should and was here a moment ago
	Refused int          // within DoorWallWithin
	Last    AccessRecord // the last passage or refusal; ID 0 = none
}

// Troubled reports whether somebody should look at the door: it is not there.
func (t DoorTile) Troubled() bool { return t.Cut || t.State == ReaderOffline || t.State == ReaderStale }

// Mark differs whenever the tile does.
func (t DoorTile) Mark() string {
	return fmt.Sprint(t.Reader.ID, t.Reader.Updated.UnixMilli(), t.State, t.Cut, t.Refused, t.Last.ID)
}

// SortDoorTiles orders tiles: what needs somebody first, otherwise each stays in its place, so that a guard knows where to look.
func SortDoorTiles(tiles []DoorTile) {
	rank := func(t DoorTile) int {
		switch {
		case t.State == ReaderOffline:
			return 0
		case t.Troubled():
			return 1
		case t.State == ReaderNever:
			return 3
		}
		return 2
	}
	slices.SortStableFunc(tiles, func(a, b DoorTile) int { return cmp.Compare(rank(a), rank(b)) })
}
