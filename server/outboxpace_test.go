package main

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

const paceMessages = 10_000

// BenchmarkOutbox sends ten thousand messages through the simulator, all in this process: the worker, WeChat's
// client and the simulator share its processors. It reports messages a second, and by how much the heap grew from the
// first thousand to the last. tools/bench runs it as its part "outbox".
func BenchmarkOutbox(b *testing.B) {
	for range b.N {
		m := newMailroomAt(b, 50, false, time.Now())
		m.tell(paceMessages)
		runtime.GC()
		began := time.Now()
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
	}
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
