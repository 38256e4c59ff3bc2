package store

import (
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

// permitted returns a reader's permission with a change.
func permitted(t *testing.T, s *Store, id core.ID, change func(p *core.ReaderPermission)) core.ReaderPermission {
	t.Helper()
	p := readerOf(t, s, id).Permission()
	change(&p)
	return p
}

func TestPermitReaders(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		node := readerCommunity(t, s, 1)
		var ids []core.ID
		for _, serial := range []string{"A1", "A2", "A3"} {
			id, _ := makeReader(t, s, aReader(1, serial))
			ids = append(ids, id)
		}
		residents := []core.PassKind{core.PassResident}
		list := []core.ReaderPermission{
			permitted(t, s, ids[2], func(p *core.ReaderPermission) { p.ScopeNodes = []core.ID{node} }),
			permitted(t, s, ids[0], func(p *core.ReaderPermission) { p.QRAllowed, p.Kinds = false, residents }),
			permitted(t, s, ids[1], func(*core.ReaderPermission) {}),
		}
		done, err := s.PermitReaders(t.Context(), readerAdmin, core.ScopeOf(1), list)
		if err != nil || done.Batch.Size != 2 || len(done.Left) != 0 || done.Batch.Kind != core.BatchReaderPermit {
			t.Fatalf("changed %+v, %v", done, err)
		}
		first := readerOf(t, s, ids[0])
		if first.QRAllowed || !slices.Equal(first.Kinds, residents) || !slices.Equal(readerOf(t, s, ids[2]).ScopeNodes, []core.ID{node}) {
			t.Errorf("changed to %+v", first)
		}
		if n := readerAudits(t, s, "reader.permit"); n != 2 {
			t.Errorf("%d audit rows", n)
		}
		batch, err := s.UndoBatch(t.Context(), readerAdmin, core.ScopeOf(1), done.Batch.ID)
		if err != nil || batch.Undone != 2 {
			t.Fatalf("undone %+v, %v", batch, err)
		}
		back := readerOf(t, s, ids[0])
		if !back.QRAllowed || !slices.Equal(back.Kinds, core.ReaderKinds()) || readerOf(t, s, ids[2]).ScopeNodes != nil {
			t.Errorf("not as before: %+v", back)
		}
	})
}

// What somebody has changed since the matrix was drawn stays theirs, also when a batch is taken back.
func TestPermitReadersLeavesWhatOthersChanged(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		one, _ := makeReader(t, s, aReader(1, "A1"))
		two, _ := makeReader(t, s, aReader(1, "A2"))
		off := func(p *core.ReaderPermission) { p.QRAllowed = false }
		list := []core.ReaderPermission{permitted(t, s, one, off), permitted(t, s, two, off)}
		r := readerOf(t, s, one)
		r.Kinds = []core.PassKind{core.PassVisitor}
		if _, err := s.UpdateReader(t.Context(), readerAdmin, everywhere, r); err != nil {
			t.Fatal(err)
		}
		done, err := s.PermitReaders(t.Context(), readerAdmin, everywhere, list)
		if err != nil || done.Batch.Size != 1 || len(done.Left) != 1 || done.Left[0].ID != one || !readerOf(t, s, one).QRAllowed {
			t.Fatalf("done %+v, %v", done, err)
		}
		r = readerOf(t, s, two)
		r.Firmware = "V9"
		if _, err := s.UpdateReader(t.Context(), readerAdmin, everywhere, r); err != nil {
			t.Fatal(err)
		}
		batch, err := s.UndoBatch(t.Context(), readerAdmin, everywhere, done.Batch.ID)
		if err != nil || batch.Kept != 1 || readerOf(t, s, two).QRAllowed {
			t.Errorf("undone %+v, %v", batch, err)
		}
	})
}

func TestPermitReadersRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		theirs := readerCommunity(t, s, 2)
		mine, _ := makeReader(t, s, aReader(1, "A1"))
		other, _ := makeReader(t, s, aReader(2, "B1"))
		good := permitted(t, s, mine, func(p *core.ReaderPermission) { p.QRAllowed = false })
		for name, bad := range map[string][]core.ReaderPermission{
			"none":                nil,
			"another community's": {good, permitted(t, s, other, func(p *core.ReaderPermission) { p.QRAllowed = false })},
			"no kind":             {permitted(t, s, mine, func(p *core.ReaderPermission) { p.Kinds = nil })},
			"a made-up kind":      {permitted(t, s, mine, func(p *core.ReaderPermission) { p.Kinds = []core.PassKind{"king"} })},
			"another's building":  {permitted(t, s, mine, func(p *core.ReaderPermission) { p.ScopeNodes = []core.ID{theirs} })},
			"twice":               {good, good},
			"gone":                {good, {Reader: 404}},
		} {
			if _, err := s.PermitReaders(t.Context(), readerAdmin, core.ScopeOf(1), bad); err == nil {
				t.Errorf("%s passes", name)
			}
		}
		_, err := s.PermitReaders(t.Context(), readerAdmin, core.ScopeOf(1),
			[]core.ReaderPermission{permitted(t, s, mine, func(p *core.ReaderPermission) { p.Kinds = nil })})
		if !strings.Contains(core.MessageOf(err), "东门出口") {
			t.Errorf("does not say which: %v", err)
		}
		if r := readerOf(t, s, mine); !r.QRAllowed || readerAudits(t, s, "reader.permit") != 0 {
			t.Error("a refused act changed a part")
		}
	})
}
