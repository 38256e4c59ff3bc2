package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tongxing/core"
	"tongxing/store"
)

const (
	doorFiguresAge  = 15 * time.Second // figures of all servers are read from SQL no more often
	doorFiguresTime = 2 * time.Second
	doorFiguresOf   = 24 * time.Hour // orders are counted for so long
)

// doorFigures are the figures of doors and of orders to them. They are read from SQL when they are asked for: the same on every server,
// whichever did the work. If they cannot be read they are missing, and an alarm can be set on that.
type doorFigures struct {
	store *store.Store
	log   *slog.Logger
	held  func() int // doors connected to this server

	doors, orders, lines *prometheus.Desc

	mu     sync.Mutex
	read   time.Time
	states map[core.ReaderState]int
	counts map[core.CommandState]int
}

// newDoorFigures registers the figures.
func newDoorFigures(r *prometheus.Registry, s *store.Store, log *slog.Logger, held func() int) {
	r.MustRegister(&doorFigures{
		store: s, log: log, held: held,
		doors: prometheus.NewDesc("tongxing_doors", "Readers in use by state, of all servers.", []string{"state"}, nil),
		orders: prometheus.NewDesc(
			"tongxing_door_orders", "Orders to doors of the last 24 hours by state, of all servers.", []string{"state"}, nil,
		),
		lines: prometheus.NewDesc("tongxing_broker_doors", "Doors that hold a connection to this server.", nil, nil),
	})
}

// Describe implements prometheus.Collector.
func (f *doorFigures) Describe(to chan<- *prometheus.Desc) {
	to <- f.doors
	to <- f.orders
	to <- f.lines
}

// Collect implements prometheus.Collector.
func (f *doorFigures) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(f.lines, prometheus.GaugeValue, float64(f.held()))
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		f.log.Warn("read the figures of doors", "err", err)
		return
	}
	for _, state := range []core.ReaderState{core.ReaderOnline, core.ReaderStale, core.ReaderOffline, core.ReaderNever} {
		to <- prometheus.MustNewConstMetric(f.doors, prometheus.GaugeValue, float64(f.states[state]), string(state))
	}
	for _, state := range core.CommandStates() {
		to <- prometheus.MustNewConstMetric(f.orders, prometheus.GaugeValue, float64(f.counts[state]), string(state))
	}
}

// refresh reads the figures unless they are young.
func (f *doorFigures) refresh() error {
	if !f.read.IsZero() && time.Since(f.read) < doorFiguresAge {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), doorFiguresTime)
	defer cancel()
	states, err := f.store.ReaderStates(ctx, core.Everywhere)
	if err != nil {
		return err
	}
	counts, err := f.store.CountDoorCommands(ctx, core.Everywhere, f.store.Now().Add(-doorFiguresOf))
	if err != nil {
		return err
	}
	f.states, f.counts, f.read = states, counts, time.Now()
	return nil
}
