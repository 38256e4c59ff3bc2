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
type keptCounts struct {
	mu   sync.Mutex
	kept map[string]keptCount
}

type keptCount struct {
	counted
	until time.Time
}

func (k *keptCounts) get(key string, now time.Time) (counted, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.kept[key]
	return c.counted, now.Before(c.until) && !now.Before(c.until.Add(-countedLife)) // a clock that was set back keeps none
}

func (k *keptCounts) keep(key string, c counted, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxCounted {
		k.kept = map[string]keptCount{}
	}
	k.kept[key] = keptCount{c, now.Add(countedLife)}
}
