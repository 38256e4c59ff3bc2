package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// periodic is work that the program does regularly. Several servers may run it at the same time:
// the statements of each are conditional.
type periodic struct {
	name  string
	every time.Duration
	run   func(ctx context.Context) error
}

// periodicTime bounds one run.
const periodicTime = 5 * time.Minute

// runPeriodic runs all of them, each at its interval, until ctx ends, and waits for those running.
func runPeriodic(ctx context.Context, all []periodic, log *slog.Logger) {
	var running sync.WaitGroup
	for _, p := range all {
		running.Go(func() { p.loop(ctx, log) })
	}
	running.Wait()
}

func (p periodic) loop(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.once(ctx, log)
		}
	}
}

func (p periodic) once(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, periodicTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			log.Error("panic in periodic work", "work", p.name, "panic", r)
		}
	}()
	if err := p.run(ctx); err != nil && ctx.Err() == nil {
		log.Error("periodic work failed", "work", p.name, "err", err)
	}
}
