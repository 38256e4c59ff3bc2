package main

import (
	"context"
	"errors"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// jobOffice returns a store with one waiting job, and a runner for it.
func jobOffice(t *testing.T, run jobRun) (r *jobRunner, by core.Actor, id core.ID) {
	t.Helper()
	s := estate.Store(t, store.Options{})
	by = core.Actor{Kind: core.ActorAccount, ID: 7, Name: "周敏"}
	id, err := s.StartJob(t.Context(), by, core.JobVerifyAudit)
	if err != nil {
		t.Fatal(err)
	}
	r = newJobRunner(s, hygiene.Logger(t))
	if run != nil {
		r.kinds[core.JobVerifyAudit] = run
	}
	return r, by, id
}

func TestJobsEndAsTheirWorkDid(t *testing.T) {
	for name, test := range map[string]struct {
		run   jobRun
		state core.JobState
		words string
	}{
		"the real check": {nil, core.JobDone, "已校验 1 条操作日志，完好。"},
		"failure": {func(context.Context, core.Job, func(int64, int64) error) (string, string, error) {
			return "", "", errors.New("dial 10.0.0.3: secret")
		}, core.JobFailed, core.MessageOf(errors.New("any"))},
		"panic": {func(context.Context, core.Job, func(int64, int64) error) (string, string, error) {
			panic("x")
		}, core.JobFailed, core.MessageOf(errors.New("any"))},
	} {
		t.Run(name, func(t *testing.T) {
			r, by, id := jobOffice(t, test.run)
			if err := r.runAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			if job, err := r.store.Job(t.Context(), by.ID, id); err != nil || job.State != test.state || job.Words != test.words {
				t.Errorf("ended %+v, %v", job, err)
			}
		})
	}
}

func TestACancelledJobStops(t *testing.T) {
	var r *jobRunner
	var by core.Actor
	var id core.ID
	stopped := false
	r, by, id = jobOffice(t, func(ctx context.Context, _ core.Job, step func(int64, int64) error) (string, string, error) {
		if err := r.store.CancelJob(ctx, by, id); err != nil {
			t.Error(err)
		}
		err := step(1, 2)
		stopped = err != nil
		return "went on", "", err
	})
	if err := r.runAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if job, err := r.store.Job(t.Context(), by.ID, id); err != nil || !stopped || job.State != core.JobCancelled || job.Words != "" {
		t.Errorf("stopped %v: %+v, %v", stopped, job, err)
	}
}

func TestAJobSurvivesAStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r, by, id := jobOffice(t, func(_ context.Context, _ core.Job, step func(int64, int64) error) (string, string, error) {
		stop()
		return "", "", step(1, 2)
	})
	if err := r.runAll(ctx); err != nil {
		t.Fatal(err)
	}
	next := newJobRunner(r.store, r.log)
	if err := next.runAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if job, err := r.store.Job(t.Context(), by.ID, id); err != nil || job.State != core.JobDone || job.Tries != 1 {
		t.Errorf("after the next start: %+v, %v", job, err)
	}
}
