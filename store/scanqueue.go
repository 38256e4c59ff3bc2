package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"tongxing/store/database"
)

const (
	maxScan  = 64              // attempts of one transaction
	scanTime = 4 * time.Second // a reader gives up after two
)

// scanQueue collects attempts that wait at the same moment into one transaction. Its one worker
// takes what waits and never waits for more, so that a single scan is not delayed. More workers
// would make smaller batches that race for the tallies of neighbours who leave together: on
// MariaDB, four had two thirds of the throughput of one, and three times its p99.
type scanQueue struct {
	s    *Store
	jobs *database.Batcher[*scanJob]
	// worker writes for the one goroutine.
	worker *database.Worker
	// asked is when the last attempt came, in nanoseconds since the queue began.
	asked atomic.Int64
	began time.Time
}

// doorsBusy is how long after an attempt long work still leaves room for the next one.
const doorsBusy = 2 * time.Second

// busy reports whether somebody stood at a door just now: long work then rests.
func (q *scanQueue) busy() bool {
	asked := q.asked.Load()
	return asked != 0 && time.Since(q.began)-time.Duration(asked) < doorsBusy
}

type scanJob struct {
	ctx     context.Context
	attempt ScanAttempt
	outcome ScanOutcome
	err     error
	done    chan struct{}
}

func (s *Store) startScans() {
	s.scans = &scanQueue{s: s, worker: s.db.NewWorker(), began: time.Now()}
	s.scans.jobs = database.NewBatcher(maxScan, s.scans.run, s.scans.worker.Close)
}

func (q *scanQueue) do(ctx context.Context, a ScanAttempt) (ScanOutcome, error) {
	q.asked.Store(max(int64(time.Since(q.began)), 1))
	job := &scanJob{ctx: ctx, attempt: a, done: make(chan struct{})}
	if err := q.jobs.Send(ctx, job); err != nil {
		return ScanOutcome{}, database.Wrap("scan", err)
	}
	<-job.done
	return job.outcome, job.err
}

// close lets the scans in the queue finish.
func (q *scanQueue) close() { q.jobs.Close() }

// run decides the jobs and answers every one of them, after a panic with an error, which refuses.
func (q *scanQueue) run(jobs []*scanJob) {
	defer func() {
		p := recover()
		for _, job := range jobs {
			if p != nil {
				job.outcome, job.err = ScanOutcome{}, fmt.Errorf("store: panic in a scan: %v", p)
			}
			close(job.done)
		}
	}()
	waiting := make([]*scanJob, 0, len(jobs))
	batch := make([]ScanAttempt, 0, len(jobs))
	for _, job := range jobs {
		if job.err = job.ctx.Err(); job.err == nil {
			waiting, batch = append(waiting, job), append(batch, job.attempt)
		}
	}
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), scanTime)
	defer cancel()
	outcomes, errs := q.s.scanBatch(ctx, batch)
	for i, job := range waiting {
		job.outcome, job.err = outcomes[i], errs[i]
	}
}
