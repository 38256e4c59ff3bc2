package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/store"
)

// sender is one channel of the outbox: it makes one call for a message and returns what the platform said. An
// answer that it cannot interpret is core.AnswerUnsure, its zero value.
type sender interface {
	send(ctx context.Context, d core.Dispatch) (answer core.SendAnswer, code, id string)
}

const (
	outboxFlight  = 256              // messages of a server between claim and record: bounds its memory
	outboxBatch   = 128              // messages of one transaction
	outboxFree    = 32               // so many must be free before more are claimed
	outboxPiece   = 8                // messages of one transaction while doors ask
	outboxSenders = 32               // calls of a channel at once
	outboxPoll    = time.Second      // how late a message of another server, or one that waited, may be
	outboxSend    = 8 * time.Second  // for one call; the client's own limit is less
	outboxLease   = 2 * time.Minute  // for which a claimed message is a server's alone
	outboxHeld    = 90 * time.Second // how long an answer waits for the database: less than the lease
	outboxRelease = time.Second      // how long a shutdown waits for the database
	outboxTrouble = 20               // calls of an account in a row without an answer, after which it rests
	outboxRest    = 30 * time.Second // and for how long

	outboxYield = 60 * time.Millisecond // from one transaction to the next while doors ask
)

// outboxWorker sends what the outbox holds. Any number of servers run one each.
type outboxWorker struct {
	store    *store.Store
	log      *slog.Logger
	senders  map[core.MessageChannel]sender
	ask      core.MessageClaim
	setup    func(context.Context) core.MessageSetup
	sendTime time.Duration // for one call
	poll     time.Duration // how late a message of another server, or one that waited, may be
	doors    func() bool   // whether doors ask, which go first

	mu      sync.Mutex
	free    int
	freed   *sync.Cond
	trouble map[sendingBy]int
	next    time.Time // not before it comes the next transaction while doors ask
}

// sendingBy is by what messages are sent: a channel, and the account of WeChat that it uses.
type sendingBy struct {
	channel core.MessageChannel
	appID   string // "" = it uses none
}

// newOutboxWorker returns a worker for the channels of senders; setup names their accounts and templates, and is
// asked before each claim.
func newOutboxWorker(
	s *store.Store, log *slog.Logger, setup func(context.Context) core.MessageSetup, senders map[core.MessageChannel]sender,
) *outboxWorker {
	w := &outboxWorker{
		store: s, log: log, senders: senders, sendTime: outboxSend, poll: outboxPoll, doors: s.DoorsAsk,
		setup: setup,
		ask:   core.MessageClaim{Zone: s.Zone(), Lease: outboxLease},
		free:  outboxFlight, trouble: map[sendingBy]int{},
	}
	w.freed = sync.NewCond(&w.mu)
	return w
}

// loop sends until ctx ends. Then it claims nothing more, waits for the calls that are under way, and returns
// what has not gone out.
func (w *outboxWorker) loop(ctx context.Context) {
	results := make(chan core.SendResult, outboxFlight)
	queues := map[core.MessageChannel]chan core.Dispatch{}
	var sending, recording sync.WaitGroup
	for channel, s := range w.senders {
		queue := make(chan core.Dispatch, outboxFlight)
		queues[channel] = queue
		for range outboxSenders {
			sending.Go(func() { w.sendAll(ctx, s, queue, results) })
		}
	}
	recording.Go(func() { w.recordAll(ctx, results) })
	defer context.AfterFunc(ctx, w.freed.Broadcast)()
	w.claimAll(ctx, queues)
	for _, queue := range queues {
		close(queue)
	}
	sending.Wait()
	close(results)
	recording.Wait()
}

// openBy returns the channels that messages can go by: those that have a sender.
func openBy(senders map[core.MessageChannel]sender) map[core.MessageChannel]bool {
	open := map[core.MessageChannel]bool{}
	for channel := range senders {
		open[channel] = true
	}
	return open
}

// claimAll claims what is due and queues it by channel, until ctx ends.
func (w *outboxWorker) claimAll(ctx context.Context, queues map[core.MessageChannel]chan core.Dispatch) {
	troubled := 0
	for ctx.Err() == nil {
		n := w.reserve(ctx)
		if n == 0 {
			return
		}
		n = w.piece(ctx, n)
		arrived := w.tellOfArrivals(ctx, n)
		if arrived > 0 { // that was a transaction of its own
			n = w.piece(ctx, n)
		}
		ask := w.ask
		ask.Setup, ask.Limit, ask.Quiet = w.setup(ctx), n, w.store.RecentSettings(ctx).Quiet
		ask.Setup.Open = openBy(w.senders)
		list, seen, err := w.store.Outbox().Claim(ctx, ask)
		for _, d := range list {
			queues[d.Channel] <- d
		}
		w.giveBack(n - len(list))
		switch {
		case err != nil && ctx.Err() == nil:
			if troubled == 0 {
				w.log.Error("claim messages", "err", err)
			}
			troubled = min(troubled+1, 30)
			w.pause(ctx, time.Duration(troubled)*w.poll)
		case seen == 0 && arrived == 0:
			troubled = 0
			w.pause(ctx, w.poll)
		default:
			troubled = 0
		}
	}
}

// piece waits for the worker's next transaction, and returns of how many of n reserved messages it may be; the rest is given back.
func (w *outboxWorker) piece(ctx context.Context, n int) int {
	most := w.turn(ctx)
	if n > most {
		w.giveBack(n - most)
		n = most
	}
	return n
}

// tellOfArrivals has messages written of visitors who came in, at most n, and returns of how many. If it cannot, what is written is
// sent all the same.
func (w *outboxWorker) tellOfArrivals(ctx context.Context, n int) int {
	seen, err := w.store.TellOfArrivals(ctx, n)
	if err != nil {
		if ctx.Err() == nil {
			w.log.Error("tell of visitors", "err", err)
		}
		return 0
	}
	return seen
}

// pause waits for a commit of this server, at most for a while, which varies so that servers do not ask all at
// once.
func (w *outboxWorker) pause(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(time.Duration(float64(most) * (0.75 + rand.Float64()/2)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.store.Outbox().Woken():
	case <-timer.C:
	}
}

// reserve waits until there is room for messages and returns how many may be claimed; 0 when ctx has ended.
func (w *outboxWorker) reserve(ctx context.Context) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.free < outboxFree && ctx.Err() == nil {
		w.freed.Wait()
	}
	if ctx.Err() != nil {
		return 0
	}
	n := min(w.free, outboxBatch)
	w.free -= n
	return n
}

// turn waits for the worker's next transaction and returns of how many messages it may be. While doors ask, whose scans share the
// machine with it, and an embedded database's one writer, transactions are small and far between; the messages lose some seconds.
func (w *outboxWorker) turn(ctx context.Context) int {
	for ctx.Err() == nil && w.doors() {
		w.mu.Lock()
		now := time.Now()
		wait := w.next.Sub(now)
		if wait <= 0 {
			w.next = now.Add(outboxYield)
		}
		w.mu.Unlock()
		if wait <= 0 {
			return outboxPiece
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return outboxBatch
}

func (w *outboxWorker) giveBack(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free += n
	w.freed.Broadcast()
}

// sendAll sends what is queued for one channel. After ctx ends the rest is returned.
func (w *outboxWorker) sendAll(ctx context.Context, s sender, queue <-chan core.Dispatch, results chan<- core.SendResult) {
	for d := range queue {
		if ctx.Err() != nil {
			w.release(d)
			continue
		}
		if d.Channel.Dedup() == 0 {
			begun, err := w.store.Outbox().Begin(ctx, d)
			if err != nil {
				// It did not go out. If the message is still ours, its lease ends and it is claimed again.
				w.release(d)
				continue
			}
			d = begun
		} else if !w.store.Now().Before(d.Begun.Add(d.Held)) {
			// This process was suspended: the message may be another server's by now, and have been sent long ago.
			w.release(d)
			continue
		}
		results <- w.sendOne(ctx, s, d)
	}
}

// release returns a dispatch that did not go out. If the database is gone, the end of the lease does.
func (w *outboxWorker) release(d core.Dispatch) {
	ctx, cancel := context.WithTimeout(context.Background(), outboxRelease)
	defer cancel()
	if err := w.store.Outbox().Release(ctx, []core.Dispatch{d}); err != nil {
		w.log.Warn("return a message", "message", d.ID, "err", err)
	}
	w.giveBack(1)
}

// sendOne makes the call. A shutdown does not cut it off, since it may have had its effect.
func (w *outboxWorker) sendOne(ctx context.Context, s sender, d core.Dispatch) (r core.SendResult) {
	r = core.SendResult{Dispatch: d, Random: rand.Float64()}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.sendTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("panic while sending a message", "message", d.ID, "channel", d.Channel, "panic", fmt.Sprint(p))
			r.Answer = core.AnswerUnsure
		}
	}()
	r.Answer, r.Code, r.ID = s.send(ctx, d)
	return r
}

// recordAll writes what the platforms said, those waiting at the moment in one transaction.
func (w *outboxWorker) recordAll(ctx context.Context, results <-chan core.SendResult) {
	for first := range results {
		most, batch := w.turn(ctx), []core.SendResult{first}
	gather:
		for len(batch) < most {
			select {
			case r, ok := <-results:
				if !ok {
					break gather
				}
				batch = append(batch, r)
			default:
				break gather
			}
		}
		w.record(ctx, batch)
		w.watch(ctx, batch)
		w.giveBack(len(batch))
	}
}

// record writes a batch, and waits for a database that is gone as long as the messages are this server's. What
// cannot be written is found by another as interrupted.
func (w *outboxWorker) record(ctx context.Context, batch []core.SendResult) {
	held, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboxHeld)
	defer cancel()
	for try := 0; ; try++ {
		err := w.store.Outbox().Record(held, batch)
		if err == nil {
			return
		}
		if try == 0 {
			w.log.Error("record sent messages", "count", len(batch), "err", err)
		}
		if held.Err() != nil || ctx.Err() != nil && try > 2 {
			w.log.Error("sent messages are not recorded", "count", len(batch))
			return
		}
		timer := time.NewTimer(w.poll)
		select {
		case <-held.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// watch lets a channel rest, by one account alone, whose platform does not answer, and reports what somebody must look at.
func (w *outboxWorker) watch(ctx context.Context, batch []core.SendResult) {
	for _, r := range batch {
		switch r.Answer {
		case core.AnswerUnsent, core.AnswerUnsure, core.AnswerBusy:
			w.trouble[sendingBy{r.Channel, r.AppID}]++
		default:
			w.trouble[sendingBy{r.Channel, r.AppID}] = 0
		}
		if core.NeedsAlarm(r.Answer) {
			w.log.Error("a channel of messages needs attention", "channel", r.Channel, "code", r.Code, "why", core.ReasonOf(r.Answer))
		}
	}
	for by, n := range w.trouble {
		if n < outboxTrouble {
			continue
		}
		w.trouble[by] = 0
		stop := core.ChannelStop{
			Channel: by.channel, AppID: by.appID, Until: w.store.Now().Add(outboxRest), Reason: core.WhyNoAnswer,
		}
		if err := w.store.Outbox().Stop(ctx, stop); err != nil && !errors.Is(err, context.Canceled) {
			w.log.Warn("let a channel rest", "channel", by.channel, "err", err)
		}
	}
}
