package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
)

var jobOwner = core.Actor{Kind: core.ActorAccount, ID: 71, Name: "周敏"}

func startJob(t *testing.T, s *Store) core.ID {
	t.Helper()
	id, err := s.StartJob(t.Context(), jobOwner, core.JobVerifyAudit)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantJob(t *testing.T, s *Store, id core.ID, state core.JobState) core.Job {
	t.Helper()
	job, err := s.Job(t.Context(), jobOwner.ID, id)
	if err != nil || job.State != state {
		t.Fatalf("job is %s (%v), want %s", job.State, err, state)
	}
	return job
}

func TestOneJobOfAKindAtATime(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		var started sync.WaitGroup
		ids := make([]core.ID, 4)
		for i := range ids {
			started.Go(func() {
				var err error
				if ids[i], err = s.StartJob(t.Context(), jobOwner, core.JobVerifyAudit); err != nil {
					t.Error(err)
				}
			})
		}
		started.Wait()
		for _, id := range ids {
			if id != ids[0] || id == 0 {
				t.Fatalf("started %v", ids)
			}
		}
		if err := s.CancelJob(t.Context(), jobOwner, ids[0]); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.CancelJob(t.Context(), jobOwner, ids[0]), core.CodeConflict)
		if again := startJob(t, s); again == ids[0] {
			t.Error("a job that is over is given again")
		}
		if jobs, err := s.Jobs(t.Context(), jobOwner.ID); err != nil || len(jobs) != 2 || jobs[1].State != core.JobCancelled {
			t.Errorf("listed %+v, %v", jobs, err)
		}
	})
}

func TestAJobIsItsAccounts(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := startJob(t, s)
		other := core.Actor{Kind: core.ActorAccount, ID: 72}
		_, err := s.Job(t.Context(), other.ID, id)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.CancelJob(t.Context(), other, id), core.CodeNotFound)
		wantJob(t, s, id, core.JobWaiting)
	})
}

func TestOneServerGetsAJob(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := startJob(t, s)
		var asked sync.WaitGroup
		var got sync.Map
		for _, runner := range []string{"a", "b", "c", "d"} {
			asked.Go(func() {
				job, err := s.ClaimJob(t.Context(), runner)
				if err == nil {
					got.Store(runner, job.ID)
				} else if !core.IsNotFound(err) {
					t.Error(err)
				}
			})
		}
		asked.Wait()
		n := 0
		got.Range(func(_, claimed any) bool { n++; return claimed == id })
		if n != 1 {
			t.Errorf("%d servers run one job", n)
		}
	})
}

func TestAnotherServerTakesAJobOver(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		now := testNow
		o.Now = func() time.Time { return now }
		s := openStore(t, o)
		id := startJob(t, s)
		for try, runner := range []string{"a", "b", "c"} {
			job, err := s.ClaimJob(t.Context(), runner)
			if err != nil || job.ID != id || job.Tries != try+1 {
				t.Fatalf("%s claimed %+v, %v", runner, job, err)
			}
			if err := s.StepJob(t.Context(), runner, id, 3, 10); err != nil {
				t.Fatal(err)
			}
			_, err = s.ClaimJob(t.Context(), "thief")
			wantCode(t, err, core.CodeNotFound)
			now = now.Add(jobStale + time.Second)
		}
		wantCode(t, s.StepJob(t.Context(), "a", id, 4, 10), core.CodeConflict)
		wantCode(t, s.EndJob(t.Context(), "a", core.Job{ID: id, State: core.JobDone}), core.CodeConflict)
		_, err := s.ClaimJob(t.Context(), "d")
		wantCode(t, err, core.CodeNotFound)
		broken := wantJob(t, s, id, core.JobBroken)
		if list, _, err := s.Notices(t.Context(), broken.Account); err != nil || len(list) != 1 || list[0].Link != "job/"+id.String() {
			t.Errorf("whoever started the broken job is told %+v, %v", list, err)
		}
		if startJob(t, s) == id {
			t.Error("a broken job cannot be begun again")
		}
	})
}

// A long job whose servers are stopped one after another goes on as long as each gets further than those before: it is not the job
// that stops them.
func TestAJobThatGetsFurtherGoesOn(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		id := startJob(t, s)
		run := func(runner string, done int64) error {
			t.Helper()
			clock.Add(jobStale + time.Second)
			if _, err := s.ClaimJob(t.Context(), runner); err != nil {
				return err
			}
			return s.StepJob(t.Context(), runner, id, done, 10_000)
		}
		for n := range int64(2 * jobTries) {
			if err := run(fmt.Sprint("server", n), 1000*(n+1)); err != nil {
				t.Fatal(n, err)
			}
		}
		for n := range jobTries - 1 {
			if err := run(fmt.Sprint("stuck", n), 2*jobTries*1000); err != nil {
				t.Fatal(n, err)
			}
		}
		wantCode(t, run("last", 0), core.CodeNotFound)
		wantJob(t, s, id, core.JobBroken)
	})
}

func TestAJobEndsOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		id := startJob(t, s)
		claim := func(runner string, tries int) {
			t.Helper()
			if job, err := s.ClaimJob(t.Context(), runner); err != nil || job.Tries != tries {
				t.Fatalf("claimed %+v, %v", job, err)
			}
		}
		claim("a", 1)
		if err := s.ReleaseJob(t.Context(), "a", id); err != nil {
			t.Fatal(err)
		}
		wantJob(t, s, id, core.JobWaiting)
		claim("b", 1)
		if err := s.EndJob(t.Context(), "b", core.Job{ID: id, State: core.JobDone, Words: "完好", Result: "/console/audit"}); err != nil {
			t.Fatal(err)
		}
		if job := wantJob(t, s, id, core.JobDone); job.Words != "完好" || job.Result != "/console/audit" || job.Percent() != 100 ||
			job.Ended.IsZero() {
			t.Errorf("ended %+v", job)
		}
		wantCode(t, s.StepJob(t.Context(), "b", id, 1, 2), core.CodeConflict)
		wantCode(t, s.CancelJob(t.Context(), jobOwner, id), core.CodeConflict)
		if n, err := s.PurgeJobs(t.Context()); n != 0 || err != nil {
			t.Errorf("purged %d young jobs, %v", n, err)
		}
	})
}

func TestVerifyingTellsHowFar(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		startJob(t, s)
		var done, total int64
		verdict, err := s.VerifyAuditSteps(t.Context(), audit.Anchor{}, func(d, n int64) error { done, total = d, n; return nil })
		if err != nil || !verdict.Good() || done != 1 || total != 1 {
			t.Errorf("%d of %d, %+v, %v", done, total, verdict, err)
		}
		stop := errors.New("stop")
		if _, err := s.VerifyAuditSteps(t.Context(), audit.Anchor{}, func(int64, int64) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("a step's error is %v", err)
		}
	})
}
