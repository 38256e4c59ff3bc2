package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"tongxing/cache"
	"tongxing/gate"
	"tongxing/store"
	"tongxing/testkit/estate"
)

const (
	paceMessages = 10_000
	paceScans    = 1600
	pacePeople   = 400
	paceGates    = 4 // scanned at continuously
)

// BenchmarkOutbox sends ten thousand messages through the simulator, all in this process: the worker, WeChat's
// client and the simulator share its processors. It reports messages a second, by how much the heap grew from the
// first thousand to the last, and how a scan's median and p99 beside it relate to those alone. tools/bench runs it
// as its part "outbox".
func BenchmarkOutbox(b *testing.B) {
	for range b.N {
		m := newMailroomAt(b, 50, false, time.Now())
		doors := newPaceDoors(b, m.stores[0])
		doors.scan(b) // to warm up
		begun := time.Now()
		alone := doors.scan(b)

		m.tell(paceMessages)
		runtime.GC()
		began := time.Now()
		b.Logf("%d scans took %s", paceScans, began.Sub(begun))
		stop := m.work(nil)
		heaps := m.watchHeap()
		took := time.Since(began)
		stop()
		if fates := m.fates(); fates["sent template"] != paceMessages {
			b.Errorf("%v", fates)
		}
		b.ReportMetric(paceMessages/took.Seconds(), "messages/s")
		b.ReportMetric(float64(heaps[len(heaps)-1]-heaps[0])/(1<<20), "MB-grown")
		b.ReportMetric(float64(slices.Max(heaps))/(1<<20), "MB-heap")

		stop = m.busy()
		beside := doors.scan(b)
		stop()
		ratio := func(share int) float64 {
			return float64(beside[len(beside)*share/100]) / float64(alone[len(alone)*share/100])
		}
		b.ReportMetric(ratio(50), "scan-p50-ratio")
		b.ReportMetric(ratio(99), "scan-p99-ratio")
	}
}

// busy keeps a worker sending until stop.
func (m *mailroom) busy() (stop func()) {
	m.tell(paceMessages / 10)
	end, over := make(chan struct{}), make(chan struct{})
	stopWork := m.work(nil)
	go func() {
		defer close(over)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				if m.open() < paceMessages/20 {
					m.tell(paceMessages / 20)
				}
			}
		}
	}()
	return func() { close(end); <-over; stopWork() }
}

// watchHeap waits until all messages are sent, and returns the live heap after each thousand.
func (m *mailroom) watchHeap() (heaps []uint64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var stats runtime.MemStats
	for left := m.open(); ; left = m.open() {
		if done := paceMessages - left; done/1000 > len(heaps) || left == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			heaps = append(heaps, stats.HeapAlloc)
		}
		if left == 0 {
			return heaps
		}
		<-tick.C
	}
}

// paceDoors are doors and the people who pass.
type paceDoors struct {
	gate   *gate.Gate
	estate *estate.Estate
}

func newPaceDoors(b *testing.B, s *store.Store) paceDoors {
	b.Helper()
	redis, err := cache.Open(cache.Options{})
	if err != nil {
		b.Fatal(err)
	}
	g := gate.New(gate.Options{Store: s, Redis: redis})
	b.Cleanup(func() { g.Close(); redis.Close() })
	e := estate.New(b, s, estate.Plan{Houses: pacePeople / 4, Members: 4, Doors: paceGates, DoorsOut: true})
	return paceDoors{g, e}
}

// scan shows codes at all doors, one after another at each, and returns how long each took, the shortest first.
func (p paceDoors) scan(b *testing.B) []time.Duration {
	b.Helper()
	var all []time.Duration
	for range paceScans / pacePeople {
		codes := make([]string, pacePeople)
		for i := range codes {
			issued, err := p.gate.Issue(b.Context(), p.estate.Residents[i].Pass)
			if err != nil {
				b.Fatal(err)
			}
			codes[i] = issued.Text
		}
		took := make([]time.Duration, len(codes))
		var doors sync.WaitGroup
		for d := range paceGates {
			doors.Go(func() {
				for i := d; i < len(codes); i += paceGates {
					began := time.Now()
					r := p.gate.Scan(context.Background(), p.estate.Doors[d].ID, codes[i])
					took[i] = time.Since(began)
					if !r.Decision.Allowed {
						b.Errorf("refused: %s", r.Decision.Reason)
					}
				}
			})
		}
		doors.Wait()
		all = append(all, took...)
	}
	slices.Sort(all)
	return all
}
