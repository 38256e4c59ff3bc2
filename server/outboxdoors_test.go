package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// While doors ask, the worker's transactions are small and far between; once they do not, it goes on at once.
func TestWorkerYieldsToDoors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asking := true
		w := &outboxWorker{doors: func() bool { return asking }}
		begun := time.Now()
		for range 5 {
			if n := w.turn(t.Context()); n != outboxPiece {
				t.Errorf("%d messages at once beside doors", n)
			}
		}
		if took := time.Since(begun); took != 4*outboxYield {
			t.Errorf("five transactions took %s beside doors", took)
		}
		asking = false
		begun = time.Now()
		for range 5 {
			if n := w.turn(t.Context()); n != outboxBatch {
				t.Errorf("%d messages at once without doors", n)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("it waited for %s without doors", took)
		}
	})
}

// A shutdown does not wait for the doors.
func TestShutdownDoesNotYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &outboxWorker{doors: func() bool { return true }}
		ctx, cancel := context.WithCancel(t.Context())
		w.turn(ctx)
		begun := time.Now()
		time.AfterFunc(outboxYield/3, cancel)
		if w.turn(ctx); time.Since(begun) != outboxYield/3 {
			t.Errorf("it waited for %s", time.Since(begun))
		}
	})
}

// Beside doors that never rest all messages go out, once each, and a burst beyond what is in flight does not stall.
func TestMessagesGoOutBesideDoors(t *testing.T) {
	m := newMailroom(t, 3, false)
	m.tell(outboxPiece * 3)
	stop := m.work(func(w *outboxWorker) { w.doors = func() bool { return true } })
	m.until(0, 20*time.Millisecond)
	stop()
	if fates := m.fates(); fates["sent template"] != m.put {
		t.Errorf("%v, want %d sent", fates, m.put)
	}
}
