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
	"tongxing/store/database"
	"tongxing/testkit"
	"tongxing/testkit/estate"
)

const (
	besideRounds = 5
	besidePeople = 400
	besideGates  = 4                     // scanned at by one after another
	besideEvery  = 20 * time.Millisecond // at each gate: two hundred scans a second
	besideTimes  = 2                     // each person leaves in a round
	besideSent   = 1000                  // messages that wait beside the scans, at least
)

// BenchmarkScanBesideOutbox scans while the worker sends without a pause, on the embedded database. Each round scans alone,
// beside the worker, and alone again: the two alone differ by what the machine's noise is. It reports the medians of the
// rounds. tools/bench runs it as its part "outbox".
func BenchmarkScanBesideOutbox(b *testing.B) { scanBesideOutbox(b, false) }

// BenchmarkScanBesideOutboxMariaDB is BenchmarkScanBesideOutbox on MariaDB and Redis.
func BenchmarkScanBesideOutboxMariaDB(b *testing.B) { scanBesideOutbox(b, true) }

func scanBesideOutbox(b *testing.B, maria bool) {
	for range b.N {
		m := newMailroomAt(b, 50, maria, time.Now())
		m.stores = m.stores[:1] // the server that scans; another has a machine of its own
		doors := newBesideDoors(b, m.stores[0], maria)
		doors.scan(b) // to warm up
		median := map[string][]float64{}
		note := func(figure string, d time.Duration) {
			median[figure] = append(median[figure], float64(d)/float64(time.Millisecond))
		}
		for range besideRounds {
			runtime.GC()
			before := doors.scan(b)
			stop := m.busy()
			began, waiting, told := time.Now(), m.open(), m.put
			beside := doors.scan(b)
			sent := waiting + m.put - told - m.open()
			median["sent/s"] = append(median["sent/s"], float64(sent)/time.Since(began).Seconds())
			stop()
			m.rest()
			after := doors.scan(b)
			for share, name := range map[int]string{50: "p50", 99: "p99"} {
				first, last := of(before, share), of(after, share)
				note("alone-"+name+"-ms", (first+last)/2)
				note("beside-"+name+"-ms", of(beside, share))
				note("noise-"+name+"-ms", max(first, last)-min(first, last))
				note("cost-"+name+"-ms", max(of(beside, share)-max(first, last), 0))
			}
		}
		for figure, values := range median {
			slices.Sort(values)
			b.ReportMetric(values[len(values)/2], figure)
		}
	}
}

// of returns a percentile of durations, the shortest of which is first.
func of(sorted []time.Duration, share int) time.Duration { return sorted[len(sorted)*share/100] }

// busy keeps the workers sending until stop.
func (m *mailroom) busy() (stop func()) {
	m.tell(2 * besideSent)
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
				if m.open() < besideSent {
					m.tell(besideSent)
				}
			}
		}
	}()
	return func() { close(end); <-over; stopWork() }
}

// rest deletes what has not been sent yet.
func (m *mailroom) rest() {
	m.t.Helper()
	err := m.db.Write(m.t.Context(), "rest", func(tx *database.Tx) error {
		_, err := tx.Exec("DELETE FROM message WHERE state IN ('waiting', 'sending')")
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// besideDoors are doors and the people who pass.
type besideDoors struct {
	gate   *gate.Gate
	estate *estate.Estate
}

func newBesideDoors(b *testing.B, s *store.Store, maria bool) besideDoors {
	b.Helper()
	o := cache.Options{}
	if maria {
		o.URL = testkit.Redis(b)
	}
	redis, err := cache.Open(o)
	if err != nil {
		b.Fatal(err)
	}
	g := gate.New(gate.Options{Store: s, Redis: redis})
	b.Cleanup(func() { g.Close(); redis.Close() })
	e := estate.New(b, s, estate.Plan{Houses: besidePeople / 4, Members: 4, Doors: besideGates, DoorsOut: true})
	return besideDoors{g, e}
}

// scan shows everybody's code at the doors, one every besideEvery at each, and returns how long each took, the shortest first.
func (p besideDoors) scan(b *testing.B) []time.Duration {
	b.Helper()
	var all []time.Duration
	for range besideTimes {
		all = append(all, p.scanOnce(b)...)
	}
	slices.Sort(all)
	return all
}

func (p besideDoors) scanOnce(b *testing.B) []time.Duration {
	b.Helper()
	codes := make([]string, besidePeople)
	for i := range codes {
		issued, err := p.gate.Issue(b.Context(), p.estate.Residents[i].Pass)
		if err != nil {
			b.Fatal(err)
		}
		codes[i] = issued.Text
	}
	took := make([]time.Duration, len(codes))
	var doors sync.WaitGroup
	for d := range besideGates {
		doors.Go(func() {
			next := time.NewTicker(besideEvery)
			defer next.Stop()
			for i := d; i < len(codes); i += besideGates {
				<-next.C
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
	return took
}
