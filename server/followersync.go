package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/handlers/wechaterror"
	"tongxing/store"
	"tongxing/wechat"
)

const (
	followerPoll  = time.Second // how late a new follower's details are there
	followerBatch = 100         // followers of one call, and of one transaction
	followerGone  = 500         // followers who left, of one transaction
)

// Codes that mean that an open id is not of the account.
const (
	wechatNoOpenID    = 40003
	wechatNotFollower = 46004
)

// followerSyncer keeps 微信关注用户 like WeChat has them. Any number of servers run one each; one of them at a time is
// at an account.
type followerSyncer struct {
	name     string // of this run of this server
	store    *store.Store
	log      *slog.Logger
	official func(appID string) *wechat.OfficialAccount
	poll     time.Duration
}

func newFollowerSyncer(s *store.Store, log *slog.Logger, wx *weChat) *followerSyncer {
	return &followerSyncer{name: rand.Text(), store: s, log: log, official: wx.Official, poll: followerPoll}
}

// loop syncs until ctx ends.
func (y *followerSyncer) loop(ctx context.Context) {
	eachTick(ctx, y.poll, func() {
		if err := y.runAll(ctx); err != nil && ctx.Err() == nil {
			y.log.Error("sync followers with WeChat", "err", err)
		}
	})
}

// runAll syncs what waits, until nothing does.
func (y *followerSyncer) runAll(ctx context.Context) error {
	claim := func(ctx context.Context) (store.FollowerTurn, error) { return y.store.ClaimFollowerSync(ctx, y.name) }
	return untilNone(ctx, claim, y.run)
}

// run does one account's turn.
func (y *followerSyncer) run(ctx context.Context, turn store.FollowerTurn) error {
	t := &followerTurn{followerSyncer: y, FollowerTurn: turn, account: y.official(turn.AppID)}
	err := t.work(ctx)
	problem := ""
	switch {
	case ctx.Err() != nil: // another server goes on where this one was
		return y.end(context.WithoutCancel(ctx), turn, false, "")
	case core.IsConflict(err): // another server's by now, or stopped
		return y.end(ctx, turn, false, "")
	case core.IsInvalid(err):
		problem = core.MessageOf(err)
	case err != nil:
		problem = wechaterror.ForSetup(err)
	}
	if err != nil {
		y.log.Warn("a sync of followers did not come to its end", "app", turn.AppID, "err", err)
	}
	return y.end(ctx, turn, turn.Run != 0 && err == nil, problem)
}

// end ends a turn, unless it is another server's by now.
func (y *followerSyncer) end(ctx context.Context, turn store.FollowerTurn, whole bool, problem string) error {
	if err := y.store.EndFollowerSync(ctx, turn, whole, problem); !core.IsConflict(err) {
		return err
	}
	return nil
}

// followerTurn is one turn at one account.
type followerTurn struct {
	*followerSyncer
	store.FollowerTurn
	account *wechat.OfficialAccount
	total   int // by WeChat's own count
}

// work does a turn: those whom WeChat told of, then the whole list, if it is due.
func (t *followerTurn) work(ctx context.Context) error {
	if t.account == nil {
		return core.Invalid("公众号的密钥不可用，请重新填写")
	}
	if err := t.askAgain(ctx); err != nil || t.Run == 0 {
		return err
	}
	if err := t.tags(ctx); err != nil {
		return err
	}
	if err := t.list(ctx); err != nil {
		return err
	}
	return t.gone(ctx)
}

// askAgain asks about those of whom a callback told, or whom somebody changed.
func (t *followerTurn) askAgain(ctx context.Context) error {
	turn := t.FollowerTurn
	turn.Run = 0
	for {
		ids, err := t.store.FollowersToAsk(ctx, t.AppID, followerBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		told := store.ToldFollowers{Asked: t.store.Now()}
		if told.List, err = t.ask(ctx, ids); err != nil {
			return err
		}
		if err := t.store.SyncFollowers(ctx, turn, told); err != nil {
			return err
		}
	}
}

// tags reads the account's tags.
func (t *followerTurn) tags(ctx context.Context) error {
	found, err := t.account.Tags(ctx)
	if err != nil {
		return err
	}
	list := make([]core.FollowerTag, len(found))
	for i, tag := range found {
		list[i] = core.FollowerTag{Number: tag.ID, Name: tag.Name}
	}
	return t.store.SyncFollowerTags(ctx, t.FollowerTurn, list)
}

// pagesBeyond are further pages than the list can have by WeChat's count before it is taken to run in circles; the
// list may begin again once.
const pagesBeyond = 10

// errCircles stops a run whose list does not end.
var errCircles = core.Invalid("微信返回的名单没有尽头，没有让任何人变为取消关注，请稍后再同步")

// list reads the list page by page, and asks about those whom the run has not met. Only one page is in memory.
func (t *followerTurn) list(ctx context.Context) error {
	cursor, again := t.Cursor, false
	for pages := 0; ; pages++ {
		page, err := t.account.OpenIDs(ctx, cursor)
		if code := wechat.CodeOf(err); cursor != "" && !again && (code == wechatNoOpenID || code == wechatNotFollower) {
			cursor, again = "", true // the follower there is gone
			if err := t.store.RestartFollowerList(ctx, t.FollowerTurn); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if page.Total > 0 {
			t.total = page.Total
		}
		if pages > 2*(t.total/maxListed)+pagesBeyond {
			return errCircles
		}
		if err := t.page(ctx, page.OpenIDs); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.OpenIDs[len(page.OpenIDs)-1] // as Next is, unless it leads elsewhere
		if err := t.askAgain(ctx); err != nil {
			return err
		}
	}
}

// maxListed is how many open ids a page has at most.
const maxListed = 10_000

// page asks about the followers of a page whom the run has not met, a hundred at a time.
func (t *followerTurn) page(ctx context.Context, openIDs []string) error {
	for part := range slices.Chunk(openIDs, followerBatch) {
		unmet, err := t.store.UnmetFollowers(ctx, t.FollowerTurn, part)
		if err != nil {
			return err
		}
		told := store.ToldFollowers{Asked: t.store.Now(), Cursor: part[len(part)-1], Total: t.total}
		if told.List, err = t.ask(ctx, unmet); err != nil {
			return err
		}
		if err := t.store.SyncFollowers(ctx, t.FollowerTurn, told); err != nil {
			return err
		}
	}
	return nil
}

// ask asks about at most a hundred open ids. One that is not of the account makes WeChat refuse all: they are asked
// about in halves, and it does not follow.
func (t *followerTurn) ask(ctx context.Context, openIDs []string) ([]core.ToldFollower, error) {
	if len(openIDs) == 0 {
		return nil, nil
	}
	found, err := t.account.Followers(ctx, openIDs)
	if code := wechat.CodeOf(err); code == wechatNoOpenID || code == wechatNotFollower {
		if len(openIDs) == 1 {
			return []core.ToldFollower{{OpenID: openIDs[0]}}, nil
		}
		half := len(openIDs) / 2
		first, err := t.ask(ctx, openIDs[:half])
		if err != nil {
			return nil, err
		}
		second, err := t.ask(ctx, openIDs[half:])
		return append(first, second...), err
	}
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, id := range openIDs {
		asked[id] = true
	}
	told := make([]core.ToldFollower, 0, len(found))
	for _, f := range found {
		if !asked[f.OpenID] {
			continue // nobody asked about them
		}
		delete(asked, f.OpenID)
		told = append(told, core.ToldFollower{
			OpenID: f.OpenID, UnionID: f.UnionID, Follows: f.Follows != 0, Since: time.Unix(f.Since, 0),
			Source: core.FollowerSource(f.Source), Remark: f.Remark, Tags: f.Tags,
		})
	}
	if len(asked) > 0 {
		return nil, core.Invalid("微信没有返回全部关注用户的资料，请稍后再同步")
	}
	return told, nil
}

// errGap stops a run whose list was not whole.
var errGap = core.Invalid("微信返回的名单不完整，没有让任何人变为取消关注，请稍后再同步")

// gone records those who left. A list with a gap lets nobody appear as having left: the next run begins at its
// beginning.
func (t *followerTurn) gone(ctx context.Context) error {
	state, err := t.store.FollowerSync(ctx, core.Everywhere, t.AppID)
	if err != nil || state.Met == 0 { // an empty list is rather a mistake of WeChat's
		return err
	}
	if !state.Whole() {
		if err := t.store.RestartFollowerList(ctx, t.FollowerTurn); err != nil {
			return err
		}
		return errGap
	}
	for {
		n, err := t.store.SyncFollowersGone(ctx, t.FollowerTurn, followerGone)
		if err != nil || n < followerGone {
			return err
		}
	}
}
