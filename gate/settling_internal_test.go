package gate

import (
	"context"
	"testing"
	"testing/synctest"
)

// A request for a token or a pass waits for all pending settlements of it, and for no others.
func TestNobodySeesAnUnsettledToken(t *testing.T) {
	for name, wait := range map[string]func(*settling, context.Context){
		"token": func(s *settling, ctx context.Context) { s.token(ctx, "d1") },
		"pass":  func(s *settling, ctx context.Context) { s.pass(ctx, 7) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &settling{doing: map[string]*unsettled{}}
				first, second := make(chan struct{}), make(chan struct{})
				s.later(&claim{digest: "d1", pass: 7}, func() { <-first })
				s.later(&claim{digest: "d1", pass: 7}, func() { <-second })
				waited := make(chan struct{})
				go func() { wait(s, t.Context()); close(waited) }()
				gone, cancel := context.WithCancel(t.Context())
				gaveUp := make(chan struct{})
				go func() { wait(s, gone); close(gaveUp) }()
				s.token(t.Context(), "d2")
				s.pass(t.Context(), 8)

				close(first)
				cancel()
				synctest.Wait()
				if !isClosed(gaveUp) || isClosed(waited) {
					t.Errorf("gave up %t, waited %t; want the one that hung up alone", isClosed(gaveUp), isClosed(waited))
				}
				close(second)
				synctest.Wait()
				if !isClosed(waited) || len(s.doing) != 0 {
					t.Errorf("waited %t, %d left", isClosed(waited), len(s.doing))
				}
				wait(s, t.Context())
				s.active.Wait()
			})
		})
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
