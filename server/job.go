package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// jobRun does a job's work. After each part it calls step and returns its error, if any, at once
// (cancelled, taken over, server stopping). Another server may run the job again from the start, so
// its effects must be repeatable.
type jobRun func(ctx context.Context, job core.Job, step func(done, total int64) error) (words, result string, err error)

// jobRunner runs accounts' jobs, one at a time on each server. It takes over those of a server that
// was killed: see store.ClaimJob.
type jobRunner struct {
	name  string // of this run of this server
	store *store.Store
	log   *slog.Logger
	kinds map[core.JobKind]jobRun
}

// jobBeat is how often a running job's progress is written.
const jobBeat = 500 * time.Millisecond

func newJobRunner(s *store.Store, log *slog.Logger) *jobRunner {
	r := &jobRunner{name: rand.Text(), store: s, log: log, kinds: map[core.JobKind]jobRun{
		core.JobVerifyAudit: verifyAuditJob(s),
		core.JobReadImport:  readImportJob(s),
		core.JobWriteImport: writeImportJob(s),
		core.JobUndoImport:  undoImportJob(s),
		core.JobRehearse:    rehearseJob(s),
	}}
	for _, of := range core.ExportTypes {
		r.kinds[of.Kind.Job()] = exportJob(s)
	}
	return r
}

// loop looks for jobs until ctx ends.
func (r *jobRunner) loop(ctx context.Context) {
	eachTick(ctx, time.Second, func() {
		if err := r.runAll(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("run accounts' jobs", "err", err)
		}
	})
}

// runAll runs waiting jobs until there are none.
func (r *jobRunner) runAll(ctx context.Context) error {
	claim := func(ctx context.Context) (core.Job, error) { return r.store.ClaimJob(ctx, r.name) }
	return untilNone(ctx, claim, r.run)
}

// run runs one claimed job and ends it. A job that is no longer this server's, because it was
// cancelled or taken over, is left as it is.
func (r *jobRunner) run(ctx context.Context, job core.Job) error {
	words, result, err := r.work(ctx, job)
	if core.IsConflict(err) {
		return nil
	}
	last := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return r.store.ReleaseJob(last, r.name, job.ID)
	}
	job.State, job.Words, job.Result = core.JobDone, words, result
	if err != nil {
		if !core.IsInvalid(err) { // that is what its starter got wrong
			r.log.Error("account's job failed", "job", job.ID, "kind", job.Kind, "err", err)
		}
		job.State, job.Words = core.JobFailed, core.MessageOf(err)
	}
	if err := r.store.EndJob(last, r.name, job); !core.IsConflict(err) {
		return err
	}
	return nil
}

// work turns a panic into an error, so that the job ends.
func (r *jobRunner) work(ctx context.Context, job core.Job) (words, result string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	run := r.kinds[job.Kind]
	if run == nil {
		return "", "", errors.New("no runner for this kind of job")
	}
	var told time.Time
	return run(ctx, job, func(done, total int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Since(told) < jobBeat {
			return nil
		}
		told = time.Now()
		return r.store.StepJob(ctx, r.name, job.ID, done, total)
	})
}
