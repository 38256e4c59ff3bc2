package store

import (
	"testing"
	"time"

	"tongxing/core"
)

func TestReaderSigns(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		readerCommunity(t, s, 1)
		reader, _ := makeReader(t, s, aReader(1, "A1"))
		other, _ := makeReader(t, s, aReader(1, "A2"))
		if signs, err := s.ReaderSigns(ctx, core.ScopeOf(1), reader); err != nil || signs != (core.ReaderSigns{}) {
			t.Errorf("of a new one: %+v, %v", signs, err)
		}
		record := func(reader core.ID, via core.Via, allowed bool, at time.Duration) core.AccessRecord {
			r := core.AccessRecord{
				Community: 1, At: s.Now().Add(at), Via: via, Reader: reader, Gate: "东门", Direction: core.Out, Allowed: allowed,
			}
			if !allowed {
				r.Reason = core.ReasonCount
			}
			return r
		}
		mustDo(t, s.ImportAccessRecords(ctx, []core.AccessRecord{
			record(reader, core.ViaReader, true, -time.Hour), record(reader, core.ViaReader, true, -time.Minute),
			record(reader, core.ViaReader, false, -2*time.Minute), record(other, core.ViaRemote, true, -time.Minute),
		}))
		signs, err := s.ReaderSigns(ctx, core.ScopeOf(1), reader)
		if err != nil || !signs.Released.Equal(s.Now().Add(-time.Minute)) || !signs.Refused.Equal(s.Now().Add(-2*time.Minute)) ||
			!signs.Ordered.IsZero() {
			t.Errorf("signs %+v, %v", signs, err)
		}
		if signs, err := s.ReaderSigns(ctx, core.ScopeOf(1), other); err != nil || signs.Ordered.IsZero() || !signs.Released.IsZero() {
			t.Errorf("of one that was ordered: %+v, %v", signs, err)
		}
		if _, err := s.ReaderSigns(ctx, core.ScopeOf(2), reader); !core.IsNotFound(err) {
			t.Errorf("of another community: %v", err)
		}
	})
}
