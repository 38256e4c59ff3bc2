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
	asked  atomic.Int64 // when the last attempt came, or was answered, in nanoseconds since begun
	begun  time.Time
}

const (
	// doorsWindow is how long after an attempt the doors count as asking.
	doorsWindow = 100 * time.Millisecond
	// doorsBusy is how long after an attempt long work still leaves room for the next one.
	doorsBusy = 2 * time.Second
)

// DoorsAsk reports whether somebody was scanned here a moment ago: long work that can wait lets the doors go first. They share one
// writer with it, or at least this machine.
func (s *Store) DoorsAsk() bool { return s.scans.within(doorsWindow) }

// DoorsBusy reports whether somebody was scanned here within the last two seconds: long work then rests as long as it works.
func (s *Store) DoorsBusy() bool { return s.scans.busy() }

// busy reports whether somebody stood at a door just now: long work then rests.
func (q *scanQueue) busy() bool { return q.within(doorsBusy) }

// within reports whether somebody was scanned at most so long ago.
func (q *scanQueue) within(window time.Duration) bool {
	at := q.asked.Load()
	return at != 0 && time.Since(q.begun)-time.Duration(at) < window
}

func (q *scanQueue) note() { q.asked.Store(max(1, int64(time.Since(q.begun)))) }

type scanJob struct {
	ctx     context.Context
	attempt ScanAttempt
	outcome ScanOutcome
	err     error
	done    chan struct{}
}

func (s *Store) startScans() {
	s.scans = &scanQueue{s: s, worker: s.db.NewWorker(), begun: time.Now()}
	s.scans.jobs = database.NewBatcher(maxScan, s.scans.run, s.scans.worker.Close)
}

func (q *scanQueue) do(ctx context.Context, a ScanAttempt) (ScanOutcome, error) {
	q.note()
	defer q.note()
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
