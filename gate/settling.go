package gate

import (
	"context"
	"sync"

	"tongxing/core"
)

// settling tracks this server's claims whose scans have been answered but that are not settled yet.
// A door need not wait until Redis knows what SQL has committed; the next request for the same
// token or pass does, so that nobody can tell the difference on one server. On another server such
// a token is still in use for a moment, as it was while the scan was being decided.
type settling struct {
	mu     sync.Mutex
	doing  map[string]*unsettled // by token digest, and by pass
	active sync.WaitGroup
}

type unsettled struct {
	n    int // settlements under way
	done chan struct{}
}

// later runs settle in the background as the settlement of a claim.
func (s *settling) later(c *claim, settle func()) {
	keys := []string{c.digest}
	if c.pass != 0 {
		keys = append(keys, c.pass.String())
	}
	s.begin(keys)
	s.active.Go(func() {
		defer s.end(keys)
		settle()
	})
}

func (s *settling) begin(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		u := s.doing[key]
		if u == nil {
			u = &unsettled{done: make(chan struct{})}
			s.doing[key] = u
		}
		u.n++
	}
}

func (s *settling) end(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		u := s.doing[key]
		if u.n--; u.n == 0 {
			delete(s.doing, key)
			close(u.done)
		}
	}
}

// token waits until pending settlements of a token are done, or ctx ends.
func (s *settling) token(ctx context.Context, digest string) { s.wait(ctx, digest) }

// pass does the same for the tokens of a pass.
func (s *settling) pass(ctx context.Context, pass core.ID) { s.wait(ctx, pass.String()) }

func (s *settling) wait(ctx context.Context, key string) {
	s.mu.Lock()
	u := s.doing[key]
	s.mu.Unlock()
	if u == nil {
		return
	}
	select {
	case <-u.done:
	case <-ctx.Done():
	}
}
