package core

import (
	"testing"
	"time"
)

// People are told that another server takes over only of a job that runs and whose server is not heard of.
func TestASilentJob(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		state JobState
		beat  time.Duration
		want  bool
	}{
		{JobRunning, time.Second, false}, {JobRunning, jobSilence + time.Second, true}, {JobDone, time.Hour, false},
		{JobWaiting, time.Hour, false},
	} {
		if got := (Job{State: test.state, Beat: now.Add(-test.beat)}).Silent(now); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
