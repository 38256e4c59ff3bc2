package store

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"tongxing/core"
)

// turns limits how many passwords are checked at the same time, since each takes a core and 19 MiB
// for about 25 ms, and how many may wait. Callers who have signed in lately go first and, if no
// place is left, take that of the newest stranger: a flood of guesses shuts out strangers only.
type turns struct {
	mu        sync.Mutex
	free      int
	known     []*turn // waiting, the oldest first
	strangers []*turn
}

// turn is a waiting caller. It is called once, with true to go on, false that somebody known took
// its place.
type turn struct{ called chan bool }

// turnsWaiting is the maximum number of waiting callers; the last of them waits about half a
// second.
const turnsWaiting = 20

var errBusy = core.Unavailable("正在登录的人过多，请几秒后再试")

// newTurns leaves one core to the doors on machines with few.
func newTurns() *turns {
	if runtime.GOMAXPROCS(0) <= 2 {
		return &turns{free: 1}
	}
	return &turns{free: 2}
}

// full reports whether a stranger would be refused.
func (t *turns) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.known)+len(t.strangers) >= turnsWaiting
}

// enter waits for a turn, which leave ends. It returns Unavailable at once if too many wait
// already, and the context's error if that ends.
func (t *turns) enter(ctx context.Context, known bool) error {
	mine, err := t.queue(known)
	if err != nil || mine == nil {
		return err
	}
	select {
	case mayGo := <-mine.called:
		if !mayGo {
			return errBusy
		}
		return nil
	case <-ctx.Done():
		if !t.quit(mine) && <-mine.called { // called at the same moment
			t.leave()
		}
		return ctx.Err()
	}
}

// queue takes a turn at once and returns nil, or returns a place to wait for one.
func (t *turns) queue(known bool) (*turn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		return nil, nil
	}
	if len(t.known)+len(t.strangers) >= turnsWaiting {
		last := len(t.strangers) - 1
		if !known || last < 0 {
			return nil, errBusy
		}
		t.strangers[last].called <- false
		t.strangers = t.strangers[:last]
	}
	mine := &turn{called: make(chan bool, 1)}
	if known {
		t.known = append(t.known, mine)
	} else {
		t.strangers = append(t.strangers, mine)
	}
	return mine, nil
}

// quit leaves a place and reports whether it was still waiting.
func (t *turns) quit(mine *turn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range []*[]*turn{&t.known, &t.strangers} {
		if i := slices.Index(*list, mine); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			return true
		}
	}
	return false
}

// leave ends a turn and passes it to the next waiting caller.
func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range []*[]*turn{&t.known, &t.strangers} {
		if len(*list) > 0 {
			(*list)[0].called <- true
			*list = slices.Delete(*list, 0, 1)
			return
		}
	}
	t.free++
}
