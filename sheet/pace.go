package sheet

import (
	"context"
	"time"
)

// What long work does between two rests, and how long a rest is relative to the work before it. A
// workbook is read in a fraction of a second, and a stranger may have made it to be expensive.
const (
	spell       = 2 * time.Millisecond
	readingRest = 2
	writingRest = 1
	importRest  = 1
)

// pace makes long work rest, so that on a small machine what people wait for at the doors runs in
// between. A short list is done before its first rest.
type pace struct {
	rest  int         // readingRest, writingRest, importRest
	since time.Time   // the end of the last rest
	busy  func() bool // whether to rest at all: somebody waits at a door; nil = always
}

func newPace(rest int) *pace { return &pace{rest: rest, since: time.Now()} }

// step rests if a spell of work is over. It returns the error of ctx.
func (p *pace) step(ctx context.Context) error {
	worked := time.Since(p.since)
	if worked < spell {
		return ctx.Err()
	}
	if p.busy != nil && !p.busy() {
		p.since = time.Now()
		return ctx.Err()
	}
	rest := time.NewTimer(time.Duration(p.rest) * min(worked, 10*spell)) // the machine may have been asleep
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-rest.C:
		p.since = time.Now()
		return nil
	}
}
