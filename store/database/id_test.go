package database

import (
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

func TestIDsAreUniqueAndRise(t *testing.T) {
	var m idMaker
	m.setNode(5)
	last := core.ID(0)
	for range 3 * (1 << serialBits) { // more than one millisecond holds
		id := m.make(testNow)
		if id <= last {
			t.Fatalf("%d after %d", id, last)
		}
		if node := int64(id) >> serialBits & (nodeCount - 1); node != 5 {
			t.Fatalf("id of node %d, want 5", node)
		}
		last = id
	}
}

func TestIDsSurviveAClockThatGoesBack(t *testing.T) {
	var m idMaker
	before := m.make(testNow)
	for _, back := range []time.Duration{time.Second, time.Hour, 100 * 365 * 24 * time.Hour} {
		if id := m.make(testNow.Add(-back)); id <= before {
			t.Errorf("clock %s back: %d after %d", back, id, before)
		} else {
			before = id
		}
	}
	if id := m.make(testNow.Add(time.Second)); id < FirstID(testNow.Add(time.Second)) {
		t.Error("the clock went on and the ids did not")
	}
}

func TestIDsOfNodesDiffer(t *testing.T) {
	seen := map[core.ID]bool{}
	for node := range int64(8) {
		m := idMaker{node: node}
		for range 1000 {
			seen[m.make(testNow)] = true
		}
	}
	if len(seen) != 8000 {
		t.Errorf("%d ids, want 8000", len(seen))
	}
}

func TestIDsAreUniqueAcrossGoroutines(t *testing.T) {
	var m idMaker
	var mu sync.Mutex
	seen := map[core.ID]bool{}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			mine := make([]core.ID, 500)
			for i := range mine {
				mine[i] = m.make(testNow)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range mine {
				seen[id] = true
			}
		})
	}
	wait.Wait()
	if len(seen) != 4000 {
		t.Errorf("%d ids, want 4000", len(seen))
	}
}

// A span of time is a span of ids, on every node.
func TestIDsSortByTime(t *testing.T) {
	m := idMaker{node: nodeCount - 1}
	at := testNow.Truncate(time.Millisecond)
	seen := map[core.ID]bool{}
	for range 1 << serialBits {
		id := m.makeAt(at)
		if id < FirstID(at) || id >= FirstID(at.Add(time.Millisecond)) || seen[id] {
			t.Fatalf("id %d is outside its millisecond [%d, %d), or given before", id, FirstID(at), FirstID(at.Add(time.Millisecond)))
		}
		seen[id] = true
	}
}

// A node number whose lease ran out is taken by the next server; the first finds
// out and takes another.
func TestNodeLeaseMovesOn(t *testing.T) {
	eachEmpty(t, func(t *testing.T, o Options) {
		clock := &testClock{now: testNow}
		o.Now = clock.Now
		first := openDB(t, o)
		clock.Add(leaseTime + time.Second) // the first slept
		second := openDB(t, o)
		if first.lease.node != second.lease.node {
			t.Fatalf("nodes %d and %d; the second takes what ran out", first.lease.node, second.lease.node)
		}
		if err := first.lease.renew(); err != nil {
			t.Fatal(err)
		}
		if first.lease.node == second.lease.node || first.ids.node != first.lease.node {
			t.Errorf("after renewing both have node %d", first.lease.node)
		}
	})
}
