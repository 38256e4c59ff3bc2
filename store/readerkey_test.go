package store

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

// toldReaders collects the readers that a store says are others, until they are read.
type toldReaders struct{ readers map[core.ID]bool }

func tellOf(s *Store) *toldReaders {
	w := &toldReaders{map[core.ID]bool{}}
	s.OnReaderChange(func(id core.ID) { w.readers[id] = true })
	return w
}

// read returns the readers told since it was last read.
func (w *toldReaders) read() []core.ID {
	ids := slices.Sorted(maps.Keys(w.readers))
	clear(w.readers)
	return ids
}

// TestEveryActOnAReaderTellsIt does what changes a reader's row, and what leaves it as it is: who keeps readers in memory hears
// of the former alone, by the time the act returns.
func TestEveryActOnAReaderTellsIt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, w := t.Context(), tellOf(s)
		readerCommunity(t, s, 1)
		id, _ := makeReader(t, s, aReader(1, "A1"))
		want := func(act string, err error, ids ...core.ID) {
			t.Helper()
			if got := w.read(); err != nil || !slices.Equal(got, ids) {
				t.Errorf("%s tells of %v, %v; want %v", act, got, err, ids)
			}
		}
		want("create", nil, id)
		r := readerOf(t, s, id)
		r.Name = "西门出口"
		updated, err := s.UpdateReader(ctx, readerAdmin, core.Everywhere, r)
		want("update", err, id)
		if _, err := s.UpdateReader(ctx, readerAdmin, core.Everywhere, r); err == nil { // what it shows is stale
			t.Error("a stale update passes")
		}
		want("refused update", nil)
		r.Updated = updated
		_, err = s.RotateReaderSecret(ctx, readerAdmin, core.Everywhere, id)
		want("rotate", err, id)
		_, err = s.RevealReaderSecret(ctx, readerAdmin, core.Everywhere, id)
		want("reveal", err)
		want("disable", s.DisableReader(ctx, readerAdmin, core.Everywhere, id), id)
		want("disable again", s.DisableReader(ctx, readerAdmin, core.Everywhere, id))
		want("enable", s.EnableReader(ctx, readerAdmin, core.Everywhere, id), id)
		batch, err := s.SwitchReadersQR(ctx, readerAdmin, core.Everywhere, ReaderQR{Readers: []core.ID{id}})
		want("switch", err, id)
		_, err = s.UndoBatch(ctx, core.System, core.Everywhere, batch.ID)
		want("undo of a switch", err, id)
		want("a sign of life", s.touchReaders(ctx, map[core.ID]readerTouch{id: {at: s.Now()}}))
	})
}

// TestMovesOfHousesTellReaders merges the node that a reader serves, and takes that back.
func TestMovesOfHousesTellReaders(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		house := newTypedTwice(t, s)
		w := tellOf(s)
		batch := house.do(core.HouseMove{Node: house.other, Parent: core.NoMove, Into: house.one})
		if got := w.read(); !slices.Equal(got, []core.ID{house.reader}) {
			t.Errorf("a move tells of %v, want %v", got, house.reader)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, core.Everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.read(); !slices.Equal(got, []core.ID{house.reader}) {
			t.Errorf("taking it back tells of %v, want %v", got, house.reader)
		}
	})
}

// TestReadersAreWrittenInOnePlace finds statements that write a reader's row past setReader, which tells of it: a further act would
// leave doors with what the reader was. Undoing an import deletes readers that no device has called, and tells of it itself.
func TestReadersAreWrittenInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	writes := regexp.MustCompile(`(?i)(UPDATE|DELETE FROM)\s+reader\s`)
	found := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(writes.FindAll(text, -1)); n > 0 && !strings.HasSuffix(file, "_test.go") {
			found[file] = n
		}
	}
	if want := map[string]int{"readerimport.go": 1, "readerkey.go": 1, "readerpresence.go": 1}; !maps.Equal(found, want) {
		t.Errorf("readers are written in %v, want %v", found, want)
	}
}
