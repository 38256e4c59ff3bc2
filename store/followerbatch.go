package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// FollowersTagging is a tag that is put on followers of one account, or taken from them.
type FollowersTagging struct {
	IDs []core.ID
	Tag int // WeChat's id
	Off bool
}

// kind returns the kind of batch that a tagging is.
func (t FollowersTagging) kind() core.BatchKind {
	if t.Off {
		return core.BatchUntag
	}
	return core.BatchTag
}

// followerItem is a follower's tags as a batch keeps them, with the tag that the batch is about.
type followerItem struct {
	AppID string   `json:"app"`
	Tag   int      `json:"tag"`
	Tags  []string `json:"tags"`
}

// TagFollowers records a tagging that WeChat has just taken. The batch has the followers whom it changed; of none
// there is no batch.
func (s *Store) TagFollowers(
	ctx context.Context, by core.Actor, scope core.Scope, t FollowersTagging,
) (batch core.Batch, err error) {
	err = s.db.Write(ctx, "record tagged followers", func(tx *database.Tx) error {
		batch = core.Batch{}
		list, err := s.lockFollowers(tx, scope, t.IDs)
		if err != nil {
			return err
		}
		app, err := s.changeableOfficial(tx, scope, list[0].AppID)
		if err != nil {
			return err
		}
		tags, err := readFollowerTags(app.AppID, tx.All)
		if err != nil {
			return err
		}
		if !hasFollowerTag(tags, t.Tag) {
			return core.Conflict("标签已被删除")
		}
		list = slices.DeleteFunc(list, func(f core.Follower) bool { return slices.Contains(f.Tags, t.Tag) != t.Off })
		if len(list) == 0 {
			return nil
		}
		things := make([]batchThing, len(list))
		for i, before := range list {
			things[i] = batchThing{
				ID: before.ID, Before: followerItemOf(before, t.Tag, tags), After: followerItemOf(tagged(before, t), t.Tag, tags),
			}
		}
		batch, err = writeBatch(tx, by, core.Batch{Community: communityOfApp(app), Kind: t.kind()}, things)
		for i := 0; i < len(list) && err == nil; i++ {
			err = tagFollower(tx, by, list[i], t, tags, batch.ID)
		}
		return err
	})
	return batch, err
}

// communityOfApp returns the community of what is done to an account: one that it serves, so that all who may change
// the account see it; 0 = it serves all.
func communityOfApp(a core.WechatApp) core.ID {
	if a.Scope.Whole() || a.Scope.Empty() {
		return 0
	}
	return a.Scope.Communities()[0]
}

func hasFollowerTag(tags []core.FollowerTag, number int) bool {
	return slices.ContainsFunc(tags, func(t core.FollowerTag) bool { return t.Number == number })
}

func followerItemOf(f core.Follower, tag int, tags []core.FollowerTag) followerItem {
	return followerItem{AppID: f.AppID, Tag: tag, Tags: auditOfFollower(f, tags).Tags}
}

// tagged returns a follower as a tagging leaves it.
func tagged(f core.Follower, t FollowersTagging) core.Follower {
	f.Tags = slices.DeleteFunc(slices.Clone(f.Tags), func(n int) bool { return n == t.Tag })
	if !t.Off {
		f.Tags = append(f.Tags, t.Tag)
	}
	return f
}

// tagFollower tags one follower, or takes the tag away; batch is the act's, 0 = it takes one back.
func tagFollower(
	tx *database.Tx, by core.Actor, before core.Follower, t FollowersTagging, tags []core.FollowerTag, batch core.ID,
) error {
	after := tagged(before, t)
	if err := setFollowerTags(tx, after); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE follower SET updated_at = ? WHERE id = ?", tx.NextUpdated(before.Updated), int64(before.ID)); err != nil {
		return err
	}
	became := auditOfFollower(after, tags)
	became.Batch = batch
	act := audit.Entry{
		Action: "follower.tag", Subject: audit.Target("follower", before.ID), Before: auditOfFollower(before, tags), After: became,
	}
	if t.Off {
		act.Action = "follower.untag"
	}
	return audit.Write(tx, by, act)
}

// BeginTaggingUndo prepares to take a batch of tagged followers back: it returns what WeChat must be told before
// UndoBatch records it, and those whom it is about, without those whom it would keep; there may be none.
func (s *Store) BeginTaggingUndo(
	ctx context.Context, scope core.Scope, b core.Batch,
) (t FollowersTagging, list []core.Follower, err error) {
	items, _, err := s.BatchItems(ctx, b, BatchItemFilter{State: core.BatchItemDone, Page: Page{Limit: core.MaxFollowersAtOne}})
	if err != nil {
		return t, nil, err
	}
	kept, _, err := s.PlanUndo(ctx, scope, b.ID)
	if err != nil {
		return t, nil, err
	}
	t.Off = b.Kind == core.BatchTag
	for _, item := range items {
		if slices.ContainsFunc(kept, func(k core.BatchItem) bool { return k.Thing == item.Thing }) {
			continue
		}
		var was followerItem
		if err := readBatchText(item.Before, &was); err != nil {
			return t, nil, err
		}
		t.IDs, t.Tag = append(t.IDs, item.Thing), was.Tag
	}
	if len(t.IDs) == 0 {
		return t, nil, nil
	}
	list, err = s.BeginFollowerChange(ctx, scope, t.IDs, time.Time{})
	return t, list, err
}

// undoTagging records that WeChat has taken a tagging back. Whether somebody has a tag is all that WeChat tells of it,
// and what it tells replaces what is here: so a follower who has the tag, or has it not, is as the batch left them.
func undoTagging(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var was followerItem
		if err := readBatchText(item.Before, &was); err != nil {
			return err
		}
		if why, err := u.follower(item.Thing, was); err != nil || why != "" {
			u.keep(item.Thing, why)
			return err
		}
		return nil
	})
}

// follower takes the tagging of one follower back, or returns why it stays.
func (u *undoing) follower(id core.ID, was followerItem) (why core.BatchWhy, err error) {
	whole, err := coversApp(u.tx, u.scope, was.AppID)
	if err != nil || !whole {
		return core.BatchForeign, err
	}
	var rows []followerRow
	if err := u.tx.All(&rows, followerColumns+"id = ?"+u.tx.Dialect().ForUpdate(), int64(id)); err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return core.BatchGone, nil
	}
	list, err := followersOf(rows, u.tx.All)
	if err != nil {
		return "", err
	}
	tags, err := readFollowerTags(was.AppID, u.tx.All)
	if err != nil {
		return "", err
	}
	back := FollowersTagging{Tag: was.Tag, Off: u.batch.Kind == core.BatchTag}
	switch f := list[0]; {
	case !hasFollowerTag(tags, was.Tag):
		return core.BatchNoTag, nil
	case !f.Left.IsZero():
		return core.BatchLeft, nil
	case slices.Contains(f.Tags, was.Tag) != back.Off:
		return core.BatchChanged, nil
	default:
		return "", tagFollower(u.tx, u.by, f, back, tags, 0)
	}
}

// coversApp reports whether a scope has all communities of an account. One that is not kept here is the
// configuration's, which serves all.
func coversApp(tx *database.Tx, scope core.Scope, appID string) (bool, error) {
	_, apps, err := readWechatApps("app_id = ?", []any{appID}, tx.All)
	if err != nil || len(apps) == 0 {
		return scope.Whole(), err
	}
	return scope.Covers(apps[0].Scope), nil
}
