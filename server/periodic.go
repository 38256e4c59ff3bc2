package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tongxing/core"
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
	eachTick(ctx, p.every, func() { p.once(ctx, log) })
}

// eachTick works at every tick until ctx ends.
func eachTick(ctx context.Context, every time.Duration, work func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			work()
		}
	}
}

// untilNone claims and runs what waits, until a claim finds nothing or ctx ends.
func untilNone[T any](
	ctx context.Context, claim func(context.Context) (T, error), run func(context.Context, T) error,
) error {
	for ctx.Err() == nil {
		claimed, err := claim(ctx)
		if core.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := run(ctx, claimed); err != nil {
			return err
		}
	}
	return nil
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
