package store

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

const (
	maxInvites = 64              // invitations of one transaction
	inviteTime = 5 * time.Second // bounds it
	inviteOp   = "invite a visitor"
)

// inviteQueue collects invitations that wait at the same moment into one transaction, as scanQueue does with attempts: they are
// read and written by as many statements as one, and note the end of the audit log once. What the batch could not decide, the
// caller decides alone, so that nobody is refused because of another.
type inviteQueue struct {
	s      *Store
	jobs   *database.Batcher[*invitation]
	worker *database.Worker
}

// queued is an invitation's place in the queue.
type queued struct {
	ctx   context.Context
	done  chan struct{}
	alone bool  // the batch has left it undecided
	err   error // why nobody can decide it now
}

func (i *invitation) queue(ctx context.Context) {
	i.queued = queued{ctx: ctx, done: make(chan struct{})}
}

func (s *Store) startInvites() {
	s.invites = &inviteQueue{s: s, worker: s.db.NewWorker()}
	s.invites.jobs = database.NewBatcher(maxInvites, s.invites.run, s.invites.worker.Close)
}

// close lets the invitations in the queue finish.
func (q *inviteQueue) close() { q.jobs.Close() }

// wait queues an invitation until its batch has committed or failed; settle tells the outcome. A caller who gives up while it is
// queued withdraws it; once its batch has begun, it is waited for, so that the outcome is known.
func (q *inviteQueue) wait(ctx context.Context, i *invitation) error {
	i.queue(ctx)
	if err := q.jobs.Send(ctx, i); err != nil {
		return database.Wrap(inviteOp, err)
	}
	<-i.done
	return nil
}

// run decides a batch and answers every caller.
func (q *inviteQueue) run(batch []*invitation) {
	defer func() {
		for _, i := range batch {
			close(i.done)
		}
	}()
	waiting := make([]*invitation, 0, len(batch))
	for _, i := range batch {
		if i.err = database.Wrap(inviteOp, i.ctx.Err()); i.err == nil {
			waiting = append(waiting, i)
		}
	}
	if len(waiting) == 0 {
		return
	}
	err := q.together(waiting)
	for _, i := range waiting {
		switch {
		case err == nil:
		case database.IsGone(err): // whether they were written is unknown, and the next would fail alike
			i.err = database.Wrap(inviteOp, err)
		default:
			i.alone = true
		}
	}
}

// together decides a batch in one transaction, with panics as errors.
func (q *inviteQueue) together(batch []*invitation) (err error) {
	defer func() {
		if p := recover(); p != nil {
			q.s.db.Log().Error("panic in an invitation", "stack", string(debug.Stack()))
			err = fmt.Errorf("store: panic in an invitation: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), inviteTime)
	defer cancel()
	return q.worker.Write(ctx, inviteOp, func(tx *database.Tx) error { return q.s.inviteAll(tx, batch, false) })
}

// settle returns what became of an invitation whose batch has ended. One that it has left undecided is decided now, in a transaction
// of its own.
func (s *Store) settle(ctx context.Context, i *invitation) error {
	if i.err != nil || !i.alone {
		return cmp.Or(i.err, i.refused)
	}
	return s.db.Write(ctx, inviteOp, func(tx *database.Tx) error {
		if err := s.inviteAll(tx, []*invitation{i}, true); err != nil {
			return err
		}
		return i.refused
	})
}

// CreateVisitorPass invites a visitor for a WeChat user who is a certified resident of v.House: nobody reviews it, and
// the pass is there at once. The same key invites once.
func (s *Store) CreateVisitorPass(
	ctx context.Context, by core.Actor, user core.ID, v core.VisitorPass, key RequestKey,
) (OwnVisitor, error) {
	i := &invitation{by: by, host: user, asked: v, request: key}
	if err := s.invites.wait(ctx, i); err != nil {
		return OwnVisitor{}, err
	}
	if err := s.settle(ctx, i); err != nil {
		return OwnVisitor{}, err
	}
	if i.known != 0 {
		return s.OwnVisitor(ctx, user, i.known)
	}
	return i.own, nil
}
