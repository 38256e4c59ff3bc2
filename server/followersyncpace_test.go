package main

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
)

const paceFollowers = 200_000

// BenchmarkFollowerSync syncs an account that two hundred thousand follow with the simulator, in this process: a
// first time, which is stopped half way and goes on at another server, and once with nothing changed; then it lists
// them. tools/bench runs it as its part "follower".
func BenchmarkFollowerSync(b *testing.B) {
	for range b.N {
		s := newFansSite(b, paceFollowers-fansTotal)
		heap, largest := liveHeap(), int64(0)
		half := int64(paceFollowers / followerBatch / 2) // calls
		began := time.Now()
		ctx, kill := context.WithCancel(b.Context())
		s.on(func(http.ResponseWriter, *http.Request) bool {
			if s.called(fansInfo) == half {
				largest = max(largest, liveHeap()-heap)
				kill()
			}
			return true
		})
		_ = s.server("a").runAll(ctx) // ends where it was
		s.on(nil)
		y := s.server("b")
		if state := s.run(y); state.Added != paceFollowers || state.Problem != "" {
			b.Fatalf("%+v", state)
		}
		b.ReportMetric(paceFollowers/time.Since(began).Seconds(), "followers/s")
		calls := s.called(fansInfo) - int64(paceFollowers/followerBatch)
		b.ReportMetric(float64(calls), "calls-again")
		s.ask()
		began = time.Now()
		if state := s.run(y); state.Added+state.Changed+state.Removed != 0 || state.Problem != "" {
			b.Fatalf("the second time: %+v", state)
		}
		b.ReportMetric(paceFollowers/time.Since(began).Seconds(), "unchanged-followers/s")
		b.ReportMetric(float64(max(largest, liveHeap()-heap))/(1<<20), "MB-grown")
		s.benchLists(b)
	}
}

// benchLists reports the median of a page of the list.
func (s *fansSite) benchLists(b *testing.B) {
	var took []time.Duration
	for range paceLists {
		began := time.Now()
		filter := store.FollowerFilter{AppID: fansApp, Page: store.Page{Limit: 20}}
		list, _, err := s.store.Followers(b.Context(), core.Everywhere, filter)
		if err != nil || len(list) != 20 {
			b.Fatalf("%d listed, %v", len(list), err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[paceLists/2].Seconds()*1000, "list-ms")
}
