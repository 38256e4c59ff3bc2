package main

import (
	"context"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"tongxing/core"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/wechat"
)

const (
	syncPoll    = time.Second // how late a change of WeWork is seen
	syncBatch   = 100         // members of one transaction
	syncCalls   = 8           // calls at once
	syncHints   = 50
	syncRetries = 3
)

// staffSyncer keeps 员工信息 like WeWork has it: departments and members in the app's range. Any number of servers
// run one each; one of them at a time is at an account.
type staffSyncer struct {
	name  string // of this run of this server
	store *store.Store
	log   *slog.Logger
	corps func(ctx context.Context, id core.ID) (app, contact *wechat.CorpApp)
	poll  time.Duration
	calls int
}

func newStaffSyncer(s *store.Store, log *slog.Logger, wx *weChat) *staffSyncer {
	return &staffSyncer{name: crypto.Text(), store: s, log: log, corps: wx.corps, poll: syncPoll, calls: syncCalls}
}

// corps returns both secrets of an account of WeWork; nil if it is not in use.
func (w *weChat) corps(ctx context.Context, id core.ID) (app, contact *wechat.CorpApp) {
	if b := w.numbered(ctx, id); b.err == nil {
		return b.corp, b.contact
	}
	return nil, nil
}

// loop syncs until ctx ends. Who must leave does not wait for the sync of another company.
func (y *staffSyncer) loop(ctx context.Context) {
	var leaving sync.WaitGroup
	defer leaving.Wait()
	leaving.Go(func() {
		eachTick(ctx, y.poll, func() {
			if err := y.leave(ctx); err != nil && ctx.Err() == nil {
				y.log.Error("let staff of a replaced company leave", "err", err)
			}
		})
	})
	eachTick(ctx, y.poll, func() {
		if err := y.runAll(ctx); err != nil && ctx.Err() == nil {
			y.log.Error("sync staff with WeWork", "err", err)
		}
	})
}

// leave lets everybody leave whose company was replaced by another.
func (y *staffSyncer) leave(ctx context.Context) error {
	for ctx.Err() == nil {
		if n, err := y.store.LeaveReplaced(ctx, syncBatch); err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// runAll syncs what waits, until nothing does: first who must leave.
func (y *staffSyncer) runAll(ctx context.Context) error {
	if err := y.leave(ctx); err != nil {
		return err
	}
	claim := func(ctx context.Context) (core.StaffSync, error) { return y.store.ClaimStaffSync(ctx, y.name) }
	return untilNone(ctx, claim, y.run)
}

// run does one account's turn: first what WeWork told of, then the whole, if it is due.
func (y *staffSyncer) run(ctx context.Context, job core.StaffSync) error {
	t := &syncTurn{staffSyncer: y, SyncTurn: store.SyncTurn{Runner: y.name, App: job.App}}
	err := t.work(ctx, job)
	switch {
	case ctx.Err() != nil: // another server goes on where this one was
		return y.store.EndStaffSync(context.WithoutCancel(ctx), t.SyncTurn, false, "")
	case core.IsConflict(err):
		return nil // another server's by now, or out of use
	}
	problem := ""
	if err != nil {
		problem = wechaterror.ForSetup(&wechat.CorpProblem{Part: t.part, Err: err})
		if core.IsInvalid(err) {
			problem = core.MessageOf(err)
		}
		y.log.Warn("a sync of staff did not come to its end", "app", job.App, "err", err)
	}
	if job.Run == 0 {
		problem = "" // what WeWork told of is looked at again; what the last run did is still so
	}
	whole := job.Run != 0 && (err == nil || t.over)
	if err := y.store.EndStaffSync(ctx, t.SyncTurn, whole, problem); !core.IsConflict(err) {
		return err
	}
	return nil
}

// syncTurn is one turn at one account.
type syncTurn struct {
	*staffSyncer
	store.SyncTurn
	app, contact *wechat.CorpApp
	part         wechat.CorpPart // what the latest call needed
	over         bool            // its run cannot go on: the next begins at the start
}

// work does a turn.
func (t *syncTurn) work(ctx context.Context, job core.StaffSync) error {
	if t.app, t.contact = t.corps(ctx, t.App); t.app == nil {
		return core.Invalid("企业微信的密钥不可用，请重新填写")
	}
	if err := t.hints(ctx); err != nil || job.Run == 0 {
		return err
	}
	for phase := job.Phase; ; phase++ {
		var err error
		switch phase {
		case core.SyncDepartments:
			err = t.departments(ctx)
		case core.SyncList:
			err = t.list(ctx, job.Cursor)
		case core.SyncMembers:
			err = t.members(ctx)
		case core.SyncLeavers:
			return t.leavers(ctx)
		}
		if err != nil {
			return err
		}
		job.Cursor = ""
	}
}

// hints looks at what WeWork told of. What fails is looked at again. Who WeWork does not show leaves once all was looked at: how
// many they are decides whether somebody is asked before.
func (t *syncTurn) hints(ctx context.Context) error {
	for {
		hints, err := t.store.StaffHints(ctx, t.App, syncHints)
		if err != nil {
			return err
		}
		if len(hints) == 0 {
			return t.unseen(ctx)
		}
		unseen, err := t.look(ctx, hints)
		rest := slices.DeleteFunc(slices.Clone(hints), func(h store.StaffHint) bool { return slices.Contains(unseen, h) })
		if ctx.Err() != nil {
			return err // another server looks at them at once
		}
		if len(unseen) > 0 {
			err = errors.Join(err, t.store.NoteUnseenHints(ctx, t.SyncTurn, unseen))
		}
		if err != nil {
			return errors.Join(err, t.store.DelayStaffHints(ctx, t.SyncTurn, rest))
		}
		if err := t.store.EndStaffHints(ctx, t.SyncTurn, rest); err != nil {
			return err
		}
	}
}

// unseen lets those leave of whom WeWork told and whom it does not show.
func (t *syncTurn) unseen(ctx context.Context) error {
	for {
		if n, err := t.store.LeaveUnseen(ctx, t.SyncTurn, syncBatch); err != nil || n < syncBatch {
			return err
		}
	}
}

// look asks for what hints are about, and for the departments, since a member may be in one that is new. It returns those about
// members whom WeWork does not show.
func (t *syncTurn) look(ctx context.Context, hints []store.StaffHint) (unseen []store.StaffHint, err error) {
	if err := t.departments(ctx); err != nil {
		return nil, err
	}
	var people []string
	for _, h := range hints {
		if h.UserID != "" {
			people = append(people, h.UserID)
		}
	}
	ids, err := t.put(ctx, people)
	for _, h := range hints {
		if h.UserID != "" && slices.Contains(ids, h.UserID) {
			unseen = append(unseen, h)
		}
	}
	return unseen, err
}

// departments reads the departments in the app's range.
func (t *syncTurn) departments(ctx context.Context) error {
	list, _, err := t.sight(ctx)
	if err != nil {
		return err
	}
	return t.store.SyncDepartments(ctx, t.SyncTurn, list)
}

// sight returns the departments in the app's range, and the members who are in it one by one.
func (t *syncTurn) sight(ctx context.Context) ([]core.CorpDepartment, []string, error) {
	t.part = wechat.CorpPartRange
	found, members, err := t.app.Sight(ctx)
	list := make([]core.CorpDepartment, len(found))
	for i, d := range found {
		list[i] = core.CorpDepartment{Number: d.ID, Parent: d.Parent, Order: d.Order, Name: d.Name}
	}
	return list, members, err
}

// list notes the members in the app's range, page by page: with the first those who are in it one by one.
func (t *syncTurn) list(ctx context.Context, cursor string) error {
	visible, single, err := t.sight(ctx)
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	for _, d := range visible {
		seen[d.Number] = true
	}
	var ids []string
	resumed := cursor != ""
	if !resumed {
		ids = single
	}
	for {
		t.part = wechat.CorpPartContact
		places, next, err := t.contact.MemberIDs(ctx, cursor)
		if resumed && wechat.CodeOf(err) != 0 && !wechat.IsRetryable(err) {
			cursor, ids, resumed = "", single, false // the cursor of before does not count any more
			continue
		}
		if err != nil {
			return err
		}
		resumed = false
		for _, place := range places {
			if seen[place.Department] {
				ids = append(ids, place.UserID)
			}
		}
		if err := t.store.SyncListed(ctx, t.SyncTurn, ids, next); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		if next == cursor {
			t.over = true
			return errCorpCircles
		}
		cursor, ids = next, nil
	}
}

// members asks for everybody who was listed.
func (t *syncTurn) members(ctx context.Context) error {
	for {
		ids, err := t.store.SyncNext(ctx, t.App, syncBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := t.put(ctx, ids); err != nil {
			return err
		}
	}
}

// put asks for members, a few at once, and makes staff of them. It returns those whom WeWork does not show.
func (t *syncTurn) put(ctx context.Context, ids []string) (unseen []string, err error) {
	t.part = wechat.CorpPartRange
	members, errs := make([]core.CorpMember, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	turns := make(chan struct{}, t.calls)
	for i, id := range ids {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			members[i], errs[i] = t.member(ctx, id)
		})
	}
	wg.Wait()
	var failed error
	var told []core.CorpMember // what WeWork said before it failed is kept
	for i, err := range errs {
		if err == nil {
			if told = append(told, members[i]); members[i].Unseen {
				unseen = append(unseen, ids[i])
			}
		} else if failed == nil {
			failed = err
		}
	}
	if len(told) == 0 && failed != nil || ctx.Err() != nil {
		return nil, failed
	}
	if err := t.store.SyncMembers(ctx, t.SyncTurn, told); err != nil {
		return nil, errors.Join(failed, err)
	}
	return unseen, failed
}

// Codes that mean that a member is not there for the app.
const (
	corpNoMember = 60111
	corpNoSight  = 60011
)

// corpQuota means that the company has used up its calls for now: another at once only makes it longer.
const corpQuota = 45009

// syncRetryWait is how long the first retry waits, about; the next wait twice as long each.
const syncRetryWait = 100 * time.Millisecond

// waitToRetry waits before a retry, for a time that varies, so that calls that failed together are not repeated together.
func waitToRetry(ctx context.Context, try int) {
	timer := time.NewTimer(time.Duration(float64(syncRetryWait<<try) * (0.5 + rand.Float64())))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// member asks for one member; what may succeed again is tried again.
func (t *syncTurn) member(ctx context.Context, id string) (m core.CorpMember, err error) {
	for try := 0; ; try++ {
		asked := t.store.Now()
		found, err := t.app.Member(ctx, id)
		switch code := wechat.CodeOf(err); {
		case code == corpNoMember || code == corpNoSight:
			return core.CorpMember{UserID: id, Unseen: true}, nil
		case err == nil:
			return core.CorpMember{
				UserID: found.UserID, Name: found.Name, Position: found.Position, Departments: found.Departments,
				Asked: asked, Gone: found.Status == wechat.MemberLeft || found.Status == wechat.MemberDisabled,
			}, nil
		case try == syncRetries || code == corpQuota || !wechat.IsRetryable(err) || ctx.Err() != nil:
			return core.CorpMember{}, err
		}
		waitToRetry(ctx, try)
	}
}

// errNobody stops a run that would let everybody leave.
var errNobody = core.Invalid("可见范围内没有成员，没有让任何人离职。请检查应用的可见范围")

// errCorpCircles stops a run whose list does not end.
var errCorpCircles = core.Invalid("企业微信返回的名单没有尽头，没有让任何人离职，请稍后再同步")

// leavers lets those leave whom the run did not find. A range without anybody, or without many who were in it, is rather a
// mistake in WeWork's settings than a company that so many have left: then somebody is asked.
func (t *syncTurn) leavers(ctx context.Context) error {
	n, err := t.store.CountSynced(ctx, t.App)
	if err == nil && n == 0 {
		t.over, err = true, errNobody
	}
	if err == nil {
		leaving, staff, held, wrong := t.store.HoldSyncLeave(ctx, t.SyncTurn)
		if err = wrong; err == nil && held {
			t.over = true
			err = core.Invalid(fmt.Sprintf(
				"在职 %d 人中有 %d 人不在可见范围内，没有让任何人离职。请检查应用的可见范围；确实离职的，请确认", staff, leaving))
		}
	}
	for err == nil {
		n, err = t.store.SyncLeave(ctx, t.SyncTurn, syncBatch)
		if n < syncBatch {
			break
		}
	}
	return err
}
