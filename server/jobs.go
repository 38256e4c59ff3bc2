package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// job is something the program does by itself, now and then. Several servers may
// run the same job at once: each job's statements are conditional.
type job struct {
	name  string
	every time.Duration
	run   func(ctx context.Context) error
}

// jobTime bounds one run of a job.
const jobTime = 5 * time.Minute

// runJobs runs every job at its period until ctx ends, and waits for those
// running.
func runJobs(ctx context.Context, jobs []job, log *slog.Logger) {
	var running sync.WaitGroup
	for _, j := range jobs {
		running.Go(func() { j.loop(ctx, log) })
	}
	running.Wait()
}

func (j job) loop(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(j.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			j.once(ctx, log)
		}
	}
}

func (j job) once(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, jobTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			log.Error("job panicked", "job", j.name, "panic", p)
		}
	}()
	if err := j.run(ctx); err != nil && ctx.Err() == nil {
		log.Error("job failed", "job", j.name, "err", err)
	}
}
