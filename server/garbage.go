package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// garbageRoom is how much garbage may gather before it is collected. The live heap is some 10 MB: by
	// Go's default it is collected after every few dozen pages, which costs a fifth of their processor
	// time to save memory that nobody misses.
	garbageRoom = 64 << 20

	leastPercent, mostPercent = 100, 800 // of the live heap
)

// relaxCollector lets garbageRoom gather before each collection, and as much as the live heap once that is
// larger, as Go does by default: what an export or an import holds is not tripled. A percentage that the
// operator has set with GOGC stays.
func relaxCollector() {
	if os.Getenv("GOGC") == "" {
		afterCollection(func() { debug.SetGCPercent(garbagePercent(heapInUse())) })
	}
}

// afterCollection calls f now and after every collection, as long as f does not take a collection's time.
func afterCollection(f func()) {
	type object struct{ _ *byte } // with a pointer: it is not allocated together with others, and so is freed
	var again func(*object)
	again = func(*object) {
		f()
		runtime.SetFinalizer(new(object), again)
	}
	again(nil)
}

// garbagePercent returns for a live heap in bytes how many percent of it may become garbage.
func garbagePercent(live uint64) int {
	return int(min(max(garbageRoom*100/max(live, 1), leastPercent), mostPercent))
}

// heapInUse returns the bytes that the last collection found in use; 0 if there was none.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
