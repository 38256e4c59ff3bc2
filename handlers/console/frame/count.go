package frame

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// Counter counts the things of one kind that wait for somebody. The menu, the bell and the home page
// show its number, and link to a list of exactly those things.
type Counter struct {
	Stem  string          // whose tab and menu entry show the number; "" = only the home page shows it
	Label string          // Chinese, after the number: 告警待处理
	Needs core.Permission // to handle one
	URL   string          // of the list

	// Count returns the number of rows of the list within scope: one cheap query.
	Count func(ctx context.Context, scope core.Scope) (int, error)
	// Rows returns the first rows of the list, at most limit, for 待我处理.
	Rows func(ctx context.Context, scope core.Scope, limit int) ([]TodoRow, error)
}

// TodoRow is a thing that waits.
type TodoRow struct {
	Title, Note string
	URL         string    // where it is handled
	Since       time.Time // zero = unknown
}

// Waiting is a Counter with its number.
type Waiting struct {
	Counter
	N int
}

// countsKept is how long a number is shown without being counted again. A page that follows an act
// counts again, so that nobody sees a number from before the own act.
const countsKept = 10 * time.Second

// maxCounts bounds the numbers that are kept.
const maxCounts = 4096

// counts keeps the numbers of all scopes for a short time.
type counts struct {
	mu   sync.Mutex
	kept map[string]keptCount
}

type keptCount struct {
	n  int
	at time.Time
}

// get returns the number kept under key, if it is not older than countsKept.
func (k *counts) get(key string, now time.Time) (n int, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.kept[key]
	age := now.Sub(kept.at)
	return kept.n, ok && age >= 0 && age < countsKept // a clock that was set back must not keep it for long
}

func (k *counts) put(key string, n int, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxCounts {
		k.kept = map[string]keptCount{}
	}
	k.kept[key] = keptCount{n, now}
}

// SetCounters sets the counters of all areas, in the order in which the home page shows them.
func (f *Frame) SetCounters(counters []Counter) { f.counters = counters }

// Waiting returns what waits for the account where it works now, as far as it can handle it; kinds of which nothing
// waits are left out. With fresh, everything is counted now. One request counts once, so that all parts of a
// page show the same number: a page of its own numbers asks for fresh ones before its Shell.
func (f *Frame) Waiting(c *web.Context, fresh bool) ([]Waiting, error) {
	return web.Once(c, waitingKey{}, func() ([]Waiting, error) { return f.countWaiting(c, f.Scope(c), fresh) })
}

// waitingKey is the key of web.Context.Once.
type waitingKey struct{}

func (f *Frame) countWaiting(c *web.Context, scope core.Scope, fresh bool) ([]Waiting, error) {
	within, err := scope.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var waiting []Waiting
	for i, counter := range f.counters {
		if !c.Has(counter.Needs) {
			continue
		}
		key := fmt.Sprint(i, string(within))
		n, ok := f.counts.get(key, c.Now())
		if !ok || fresh {
			if n, err = counter.Count(c.Ctx(), scope); err != nil {
				return nil, err
			}
			f.counts.put(key, n, c.Now())
		}
		if n > 0 {
			waiting = append(waiting, Waiting{counter, n})
		}
	}
	return waiting, nil
}

// MayWait reports whether anything can wait for the account.
func (f *Frame) MayWait(c *web.Context) bool {
	return slices.ContainsFunc(f.counters, func(counter Counter) bool { return c.Has(counter.Needs) })
}

// CountTabs sets the numbers of tabs, by their stems.
func (f *Frame) CountTabs(c *web.Context, tabs templates.Tabs) templates.Tabs {
	waiting, err := f.Waiting(c, false)
	if err != nil {
		c.Shortfall("counts of the tabs", err)
	}
	for i := range tabs.Items {
		for _, w := range waiting {
			if item := &tabs.Items[i]; w.Stem != "" && w.Stem == item.Stem {
				item.Count += w.N
			}
		}
	}
	return tabs
}

// countMenu sets the numbers of a menu's entries: each has those of its tabs.
func countMenu(groups []templates.NavGroup, waiting []Waiting) {
	for g := range groups {
		for i := range groups[g].Items {
			item := &groups[g].Items[i]
			for _, w := range waiting {
				if item.Stem == TodoStem || w.Stem != "" && menuStem(w.Stem) == item.Stem {
					item.Count += w.N
				}
			}
		}
	}
}
