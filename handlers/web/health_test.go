package web

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many callers ask, the check runs once per interval, and all get its result.
func TestASharedCheckRunsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		var result atomic.Pointer[error]
		check := &sharedCheck{Check: Check{Every: 10 * time.Second, Run: func(ctx context.Context) error {
			runs.Add(1)
			time.Sleep(time.Second)
			if err := result.Load(); err != nil {
				return *err
			}
			return ctx.Err()
		}}}
		ask := func() {
			var asking sync.WaitGroup
			for range 50 {
				asking.Go(func() {
					if err := check.run(t.Context()); (err != nil) != (result.Load() != nil) {
						t.Errorf("heard %v", err)
					}
				})
			}
			asking.Wait()
		}
		ask()
		time.Sleep(9 * time.Second)
		ask()
		if n := runs.Load(); n != 1 {
			t.Errorf("%d runs within ten seconds", n)
		}
		full := errors.New("disk full")
		time.Sleep(time.Second)
		result.Store(&full)
		ask()
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs", n)
		}
	})
}

// A check that hangs fails after its timeout, and one caller leaving does not affect the others.
func TestASharedCheckThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := &sharedCheck{Check: Check{Every: 10 * time.Second, Run: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}}
		began := time.Now()
		leaving, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- check.run(leaving) }()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left heard %v", err)
		}
		if err := check.run(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != checkTime {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
