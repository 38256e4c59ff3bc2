package store

import (
	"sync"
	"time"
)

// counted is what was counted of many rows.
type counted struct {
	n    int
	some int // of those, or beside them: what else the same look counted
}

// manyRows is from where on a count that many pages show is kept: to count fewer takes a moment, and they are shown as they are.
const manyRows = 2000

const (
	countedLife = time.Minute
	maxCounted  = 1000 // with more, all are counted again
)

// keptCounts are counts of many rows, so that pages that are opened again and again need not count each time: the next
// page of a long list, the home pages that refresh themselves. A number of thousands is up to countedLife old; nothing is decided
// by it.
type keptCounts[C any] struct {
	mu   sync.Mutex
	kept map[string]keptCount[C]
}

type keptCount[C any] struct {
	of    C
	until time.Time
}

func (k *keptCounts[C]) get(key string, now time.Time) (C, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.kept[key]
	return c.of, now.Before(c.until) && !now.Before(c.until.Add(-countedLife)) // a clock that was set back keeps none
}

func (k *keptCounts[C]) keep(key string, of C, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxCounted {
		k.kept = map[string]keptCount[C]{}
	}
	k.kept[key] = keptCount[C]{of, now.Add(countedLife)}
}
