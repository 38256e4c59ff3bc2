package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

func TestReopenings(t *testing.T) {
	for _, c := range []struct {
		age         time.Duration
		burst, want int
	}{
		{0, 0, 1}, {0, 1, 1}, {0, 3, 3}, {time.Second, 3, 3}, {time.Second + 1, 3, 1}, {2500 * time.Millisecond, 1, 1},
		{2500*time.Millisecond + 1, 3, 0}, {time.Hour, 1, 0}, {-time.Second, 1, 1},
	} {
		if got := reopenings(c.age, c.burst); got != c.want {
			t.Errorf("%v after, bursts of %d: %d, want %d", c.age, c.burst, got, c.want)
		}
	}
}

// TestReopenAtOnce: of many that ask at the same moment, as many hear yes as may, and
// the record says how many.
func TestReopenAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		record := core.AccessRecord{
			ID: s.NewID(), Community: 1, At: s.Now(), Via: core.ViaReader, Reader: 2, Direction: core.Out, Allowed: true, TokenDigest: "d",
		}
		err := s.db.Write(t.Context(), "a record", func(tx *database.Tx) error {
			return insertAccessRecords(tx, []core.AccessRecord{record})
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var yes atomic.Int32
		for range 8 {
			wg.Go(func() {
				again, err := s.Reopen(t.Context(), record.ID, 100*time.Millisecond, 3)
				if err != nil {
					t.Error(err)
				}
				if again {
					yes.Add(1)
				}
			})
		}
		wg.Wait()
		kept, found, err := s.released(t.Context(), "d")
		if err != nil || !found || yes.Load() != 3 || kept.Repeats != 3 {
			t.Errorf("%d yes, %d kept, %v", yes.Load(), kept.Repeats, err)
		}
		for _, refused := range []core.ID{0, record.ID, 99} {
			if again, err := s.Reopen(t.Context(), refused, 0, 3); err != nil || again {
				t.Errorf("%d: %v, %v", refused, again, err)
			}
		}
	})
}
