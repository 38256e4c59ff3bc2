package store

import (
	"fmt"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// TestDoorWall: each reader in use of the scope, with its state, its refusals of the last ten minutes and its last record alone.
func TestDoorWall(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		readerCommunity(t, s, 2)
		if tiles, more, err := s.DoorWall(t.Context(), core.ScopeOf(1)); err != nil || len(tiles) != 0 || more {
			t.Fatalf("%+v, %v, %v", tiles, more, err)
		}
		busy, _ := makeReader(t, s, aReader(1, "A1"))
		quiet, _ := makeReader(t, s, aReader(1, "A2"))
		off, _ := makeReader(t, s, aReader(1, "A3"))
		other, _ := makeReader(t, s, aReader(2, "A4"))
		if err := s.DisableReader(t.Context(), core.System, core.Everywhere, off); err != nil {
			t.Fatal(err)
		}
		if err := s.touchReaders(t.Context(), map[core.ID]readerTouch{busy: {at: s.Now()}}); err != nil {
			t.Fatal(err)
		}
		var records []core.AccessRecord
		at := func(reader, community core.ID, ago time.Duration, allowed bool) {
			when := s.Now().Add(-ago)
			records = append(records, core.AccessRecord{
				ID: database.FirstID(when) + core.ID(len(records)), Community: community, At: when, Via: core.ViaReader, Reader: reader,
				Direction: core.Out, Kind: core.PassResident, Allowed: allowed, Reason: core.ReasonCount, Name: fmt.Sprint(len(records)),
			})
		}
		at(busy, 1, 11*time.Minute, false)
		at(busy, 1, 9*time.Minute, false)
		at(busy, 1, 3*time.Minute, false)
		at(busy, 1, time.Minute, true)
		at(other, 2, time.Minute, false)
		at(off, 1, time.Minute, false)
		if err := s.ImportAccessRecords(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		tiles, more, err := s.DoorWall(t.Context(), core.ScopeOf(1))
		if err != nil || more || len(tiles) != 2 {
			t.Fatalf("%+v, %v, %v", tiles, more, err)
		}
		if a := tiles[0]; a.Reader.ID != busy || a.State != core.ReaderOnline || a.Refused != 2 || a.Last.Name != "3" || !a.Last.Allowed {
			t.Errorf("the busy one: %+v", a)
		}
		if a := tiles[1]; a.Reader.ID != quiet || a.State != core.ReaderNever || a.Refused != 0 || a.Last.ID != 0 {
			t.Errorf("the quiet one: %+v", a)
		}
		if all, _, err := s.DoorWall(t.Context(), core.Everywhere); err != nil || len(all) != 3 {
			t.Errorf("%d of everywhere, %v", len(all), err)
		}
	})
}
