package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/wechat/simulator"
)

const (
	paceMembers = 20_000
	paceLists   = 50
)

// BenchmarkStaffSync syncs a company of twenty thousand members with the simulator, in this process, once with all of
// them new and once with nothing changed, lists them, and puts another company in its place, with which everybody
// leaves. tools/bench runs it as its part "wework".
func BenchmarkStaffSync(b *testing.B) {
	for range b.N {
		s := newSyncSite(b, func(c *simulator.Corp) {
			c.Members, c.Crowd, c.Departments = nil, paceMembers, c.Departments[:3]
			c.Agents[0].Visible = nil
		})
		y := s.server("a")
		y.calls = syncCalls
		heap := liveHeap()
		began := time.Now()
		if state := s.run(y); state.Added != paceMembers || state.Problem != "" {
			b.Fatalf("%+v", state)
		}
		b.ReportMetric(paceMembers/time.Since(began).Seconds(), "members/s")
		s.ask()
		began = time.Now()
		if state := s.run(y); state.Added+state.Changed+state.Removed != 0 || state.Problem != "" {
			b.Fatalf("the second time: %+v", state)
		}
		b.ReportMetric(paceMembers/time.Since(began).Seconds(), "unchanged-members/s")
		b.ReportMetric(float64(liveHeap()-heap)/(1<<20), "MB-grown")
		s.benchLists(b)
		s.benchReplaced(b, y)
	}
}

func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// benchLists reports the median of a page of the list.
func (s *syncSite) benchLists(b *testing.B) {
	var took []time.Duration
	for range paceLists {
		began := time.Now()
		list, _, err := s.store.StaffList(b.Context(), core.Everywhere, store.StaffFilter{Sort: "name", Page: store.Page{Limit: 20}})
		if err != nil || len(list) != 20 {
			b.Fatalf("%d listed, %v", len(list), err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[paceLists/2].Seconds()*1000, "list-ms")
}

// benchReplaced reports how long another company in its place takes, and how many leave a second after that.
func (s *syncSite) benchReplaced(b *testing.B, y *staffSyncer) {
	app, err := s.store.WechatApp(b.Context(), core.Everywhere, s.app)
	if err != nil {
		b.Fatal(err)
	}
	app.AppID = "ww00000000000000a2"
	other := store.KeyedWechatApp{App: app, Keys: core.WechatKeys{
		Secret: strings.Repeat("n", 43), Contact: strings.Repeat("m", 43), Token: "token456", AESKey: strings.Repeat("j", 43),
	}}
	began := time.Now()
	if err := s.store.ReplaceWechatCorp(b.Context(), core.System, core.Everywhere, other, false); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds()*1000, "replace-ms")
	s.fail.Store(1) // the new company does not answer
	began = time.Now()
	s.run(y)
	b.ReportMetric(paceMembers/time.Since(began).Seconds(), "leavers/s")
	if n, err := s.store.CountStaff(b.Context(), core.Everywhere, store.StaffFilter{}); err != nil || n != 0 {
		b.Errorf("%d are left, %v", n, err)
	}
}
