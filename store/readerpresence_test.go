package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

func TestTouchIsWrittenSeldom(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		readerCommunity(t, s, 1)
		id, _ := makeReader(t, s, aReader(1, "A1"))
		p := NewReaderPresence(s)
		defer p.Close()

		skew := 90 * time.Second
		p.Touch(id, &skew)
		first := clock.Now()
		awaitSeen(t, s, id, first)
		if got := readerOf(t, s, id); got.Skew != skew || got.State(clock.Now()) != core.ReaderOnline {
			t.Errorf("got %+v", got)
		}
		clock.Add(touchEvery - time.Second)
		p.Touch(id, nil) // too soon to be written
		clock.Add(time.Second)
		p.Touch(id, nil) // and this one is, without a word on the clock
		awaitSeen(t, s, id, first.Add(touchEvery))
		if got := readerOf(t, s, id); got.Skew != skew {
			t.Errorf("skew %s", got.Skew)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log"); n != 1 {
			t.Errorf("%d audit rows, want the creation's", n)
		}
	})
}

// awaitSeen waits until the reader's last sign of life is at.
func awaitSeen(t *testing.T, s *Store, id core.ID, at time.Time) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		seen := readerOf(t, s, id).LastSeen
		if seen.Equal(at) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("last seen %s, want %s", seen, at)
		}
	}
}

func TestTouchNeverGoesBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		id, _ := makeReader(t, s, aReader(1, "A1"))
		for _, at := range []time.Time{testNow, testNow.Add(-time.Hour)} {
			if err := s.touchReaders(t.Context(), map[core.ID]readerTouch{id: {at: at}, 404: {at: at}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := readerOf(t, s, id).LastSeen; !got.Equal(testNow) {
			t.Errorf("last seen %s", got)
		}
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		p := NewReaderPresence(s)
		ids := make([]core.ID, 20)
		for i := range ids {
			ids[i], _ = makeReader(t, s, aReader(1, fmt.Sprint("A", i)))
			p.Touch(ids[i], nil)
			p.Quarantine(core.ProtocolVguang, fmt.Sprint("Q", i), "secret", "192.0.2.1")
		}
		p.Close()
		p.Close()
		p.Touch(ids[0], nil) // after the end: nothing, and no panic
		p.Quarantine(core.ProtocolVguang, "late", "secret", "")
		for _, id := range ids {
			if readerOf(t, s, id).LastSeen.IsZero() {
				t.Error("a sign of life was lost")
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM reader_quarantine"); n != 20 {
			t.Errorf("%d unknown devices", n)
		}
	})
}

func TestQuarantine(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		readerCommunity(t, s, 1)
		readerCommunity(t, s, 2)
		id, secret := makeReader(t, s, aReader(1, "A1"))
		p := NewReaderPresence(s)
		for range 4 {
			p.Quarantine(core.ProtocolVguang, "B7", secret, "192.0.2.1")
		}
		p.Quarantine(core.ProtocolMcardsea, "<b>x</b>", "nobody's", strings.Repeat("a", 100))
		p.Close()
		p = NewReaderPresence(s)
		p.Quarantine(core.ProtocolVguang, "B7", strings.ToLower(secret), "192.0.2.2")
		p.Close()

		all, err := s.QuarantinedReaders(t.Context(), core.Everywhere)
		if err != nil || len(all) != 2 {
			t.Fatalf("%d devices, %v", len(all), err)
		}
		mine, err := s.QuarantinedReaders(t.Context(), core.ScopeOf(1))
		if err != nil || len(mine) != 1 {
			t.Fatalf("%d devices of the community, %v", len(mine), err)
		}
		if q := mine[0]; q.Serial != "B7" || q.Calls != 5 || q.Addr != "192.0.2.2" || q.Reader != id || q.Name != "东门出口" {
			t.Errorf("got %+v", q)
		}
		for _, scope := range []core.Scope{{}, core.ScopeOf(2)} {
			if others, err := s.QuarantinedReaders(t.Context(), scope); err != nil || len(others) != 0 {
				t.Errorf("scope %v sees %d devices, %v", scope, len(others), err)
			}
		}
		for _, q := range all {
			if strings.Contains(q.Serial, "<") || len(q.Addr) > 64 {
				t.Errorf("kept %q at %q", q.Serial, q.Addr)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM reader"); n != 1 {
			t.Errorf("%d readers: an unknown device made one", n)
		}
	})
}

// A caller with ever new names fills neither memory nor disk.
func TestQuarantineIsBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := &ReaderPresence{s: s, met: map[stranger]time.Time{}, strangers: map[stranger]*strangerCalls{}, wake: make(chan struct{}, 1)}
		for i := range 10 * maxStrangers {
			p.Quarantine(core.ProtocolVguang, fmt.Sprint(i), "", "")
		}
		if n := len(p.strangers); n != maxStrangers {
			t.Errorf("%d in memory", n)
		}
		for round := range maxQuarantine/maxStrangers + 3 {
			batch := map[stranger]strangerCalls{}
			for i := range maxStrangers {
				batch[stranger{core.ProtocolVguang, fmt.Sprint(round, ".", i), ""}] = strangerCalls{
					calls: 1, at: testNow.Add(time.Duration(round) * time.Second),
				}
			}
			if err := s.quarantine(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM reader_quarantine"); n != maxQuarantine {
			t.Errorf("%d rows", n)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM reader_quarantine WHERE serial LIKE '0.%'"); n != 0 {
			t.Errorf("%d of the oldest are left", n)
		}
	})
}
