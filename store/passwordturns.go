package store

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"tongxing/core"
)

// turns lets few passwords be looked at side by side, since each takes a core and 19 MiB
// for some 25 ms, and lets few more wait. Those who have signed in lately go first, and
// where no place is left, take the one of the stranger who came last: a flood of guesses
// shuts out strangers alone.
type turns struct {
	mu        sync.Mutex
	free      int
	known     []*turn // who wait, the first to come first
	strangers []*turn
}

// turn is one who waits. It is told once: true to go on, false that somebody known took
// its place.
type turn struct{ told chan bool }

// turnsWaiting is how many wait at most; by then the last waits about half a second.
const turnsWaiting = 20

var errBusy = core.Unavailable("正在登录的人过多，请几秒后再试")

// newTurns leaves a core to the doors where there are few.
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

// enter waits for a turn, which leave ends. It is unavailable at once where too many
// wait already, and ends with its context.
func (t *turns) enter(ctx context.Context, known bool) error {
	mine, err := t.queue(known)
	if err != nil || mine == nil {
		return err
	}
	select {
	case mayGo := <-mine.told:
		if !mayGo {
			return errBusy
		}
		return nil
	case <-ctx.Done():
		if !t.quit(mine) && <-mine.told { // told at the same moment
			t.leave()
		}
		return ctx.Err()
	}
}

// queue takes a turn, which is nil, or a place to wait for one.
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
		t.strangers[last].told <- false
		t.strangers = t.strangers[:last]
	}
	mine := &turn{told: make(chan bool, 1)}
	if known {
		t.known = append(t.known, mine)
	} else {
		t.strangers = append(t.strangers, mine)
	}
	return mine, nil
}

// quit returns a place back, and reports whether it was still waiting.
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

// leave hands a turn to the next who waits.
func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range []*[]*turn{&t.known, &t.strangers} {
		if len(*list) > 0 {
			(*list)[0].told <- true
			*list = slices.Delete(*list, 0, 1)
			return
		}
	}
	t.free++
}
