package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const noFollowerTag = "标签不存在"

type followerTagRow struct {
	ID      core.ID         `db:"id"`
	AppID   string          `db:"app_id"`
	Number  int             `db:"tag_id"`
	Name    string          `db:"name"`
	Updated database.Millis `db:"updated_at"`
}

const followerTagColumns = "SELECT id, app_id, tag_id, name, updated_at FROM follower_tag WHERE "

func (r followerTagRow) tag() core.FollowerTag {
	return core.FollowerTag{ID: r.ID, AppID: r.AppID, Number: r.Number, Name: r.Name, Updated: r.Updated.Time}
}

// readFollowerTags reads an account's tags, in WeChat's order: there are at most core.MaxFollowerTags and WeChat's own.
func readFollowerTags(appID string, all readAll) ([]core.FollowerTag, error) {
	var rows []followerTagRow
	if err := all(&rows, followerTagColumns+"app_id = ? ORDER BY tag_id", appID); err != nil {
		return nil, database.Wrap("read the tags of followers", err)
	}
	list := make([]core.FollowerTag, len(rows))
	for i, row := range rows {
		list[i] = row.tag()
	}
	return list, nil
}

// FollowerTags lists the tags of an official account of the scope, as the last sync or change left them.
func (s *Store) FollowerTags(ctx context.Context, scope core.Scope, appID string) ([]core.FollowerTag, error) {
	if _, err := s.WechatOfficial(ctx, scope, appID); err != nil {
		return nil, err
	}
	return readFollowerTags(appID, s.allOf(ctx))
}

// FollowerTagSizes returns how many followers have each tag of an official account, by WeChat's id.
func (s *Store) FollowerTagSizes(ctx context.Context, scope core.Scope, appID string) (map[int]int, error) {
	app, err := s.WechatOfficial(ctx, scope, appID)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Tag int `db:"tag_id"`
		N   int `db:"n"`
	}
	query, args := "SELECT tag_id, COUNT(*) AS n FROM follower_tagged WHERE app_id = ? GROUP BY tag_id", []any{appID}
	if !scope.Covers(app.Scope) {
		where := followersWithin(scope, app)
		query = `
			SELECT tag_id, COUNT(*) AS n
			FROM follower_tagged
			WHERE follower_id IN (SELECT id FROM follower WHERE ` + where.Text() + `)
			GROUP BY tag_id`
		args = where.Args()
	}
	err = s.db.All(ctx, &rows, query, args...)
	sizes := map[int]int{}
	for _, r := range rows {
		sizes[r.Tag] = r.N
	}
	return sizes, database.Wrap("count tagged followers", err)
}

// FollowerTag returns one tag of an official account that serves a community of the scope.
func (s *Store) FollowerTag(ctx context.Context, scope core.Scope, id core.ID) (core.FollowerTag, error) {
	var row followerTagRow
	if err := s.db.Get(ctx, &row, followerTagColumns+"id = ?", int64(id)); err != nil {
		return core.FollowerTag{}, database.Wrap("read a tag", database.NotFoundIfNoRows(err, noFollowerTag))
	}
	if _, err := s.WechatOfficial(ctx, scope, row.AppID); err != nil {
		if core.IsNotFound(err) {
			err = core.NotFound(noFollowerTag)
		}
		return core.FollowerTag{}, err
	}
	return row.tag(), nil
}

// CheckFollowerTag reports why a tag may not be changed at WeChat; nil = it may. Updated is the state that a form
// showed, zero = any; a tag without an ID is a new one.
func (s *Store) CheckFollowerTag(ctx context.Context, scope core.Scope, t core.FollowerTag) error {
	if t.ID != 0 {
		now, err := s.FollowerTag(ctx, scope, t.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(t.Updated, now.Updated); err != nil {
			return err
		}
		if now.Fixed() {
			return core.Conflict("微信自带的标签不能修改")
		}
	}
	app, err := s.WechatOfficial(ctx, scope, t.AppID)
	if err == nil && !scope.Covers(app.Scope) {
		err = core.Forbidden("它还负责您管理范围以外的小区，请由上级管理员操作")
	}
	return err
}

// followerTagAudit is what the audit log records of a tag.
type followerTagAudit struct {
	AppID string `json:"app_id"`
	Name  string `json:"name"`
}

func auditOfFollowerTag(t core.FollowerTag) followerTagAudit {
	return followerTagAudit{t.AppID, t.Name}
}

// CreateFollowerTag records a tag that WeChat has just made. A sync may have met it already.
func (s *Store) CreateFollowerTag(
	ctx context.Context, by core.Actor, scope core.Scope, t core.FollowerTag,
) (id core.ID, err error) {
	t = t.Trimmed()
	if err := t.Check(); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "record a new tag", func(tx *database.Tx) error {
		if _, err := s.changeableOfficial(tx, scope, t.AppID); err != nil {
			return err
		}
		var rows []followerTagRow
		if err := tx.All(&rows, followerTagColumns+"app_id = ? AND tag_id = ?", t.AppID, t.Number); err != nil {
			return err
		}
		if len(rows) > 0 {
			id = rows[0].ID
		} else if id, err = insertFollowerTag(tx, t); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "followertag.create", Subject: audit.Target("followertag", id), After: auditOfFollowerTag(t),
		})
	})
	return id, err
}

func insertFollowerTag(tx *database.Tx, t core.FollowerTag) (core.ID, error) {
	id := tx.NewID()
	_, err := tx.Exec("INSERT INTO follower_tag (id, app_id, tag_id, name, updated_at) VALUES (?, ?, ?, ?, ?)",
		int64(id), t.AppID, t.Number, t.Name, tx.NowMS())
	if database.IsDuplicate(err) {
		err = database.ErrRace
	}
	return id, err
}

// lockFollowerTag returns a tag whose account may be changed, locked.
func (s *Store) lockFollowerTag(tx *database.Tx, scope core.Scope, id core.ID) (core.FollowerTag, error) {
	var row followerTagRow
	if err := tx.Get(&row, followerTagColumns+"id = ?"+tx.Dialect().ForUpdate(), int64(id)); err != nil {
		return core.FollowerTag{}, database.NotFoundIfNoRows(err, noFollowerTag)
	}
	_, err := s.changeableOfficial(tx, scope, row.AppID)
	if core.IsNotFound(err) {
		err = core.NotFound(noFollowerTag)
	}
	return row.tag(), err
}

// UpdateFollowerTag records the name of a tag that WeChat has just taken. It returns the new Updated.
func (s *Store) UpdateFollowerTag(
	ctx context.Context, by core.Actor, scope core.Scope, t core.FollowerTag,
) (updated time.Time, err error) {
	t = t.Trimmed()
	if err := t.Check(); err != nil {
		return updated, err
	}
	err = s.db.Write(ctx, "record a tag's name", func(tx *database.Tx) error {
		before, err := s.lockFollowerTag(tx, scope, t.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(t.Updated, before.Updated); err != nil {
			return err
		}
		after := before
		after.Name, updated = t.Name, time.UnixMilli(tx.NextUpdated(before.Updated))
		if err := tx.ExecOne(core.NotFound(noFollowerTag), "UPDATE follower_tag SET name = ?, updated_at = ? WHERE id = ?",
			after.Name, updated.UnixMilli(), int64(t.ID)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "followertag.update", Subject: audit.Target("followertag", t.ID),
			Before: auditOfFollowerTag(before), After: auditOfFollowerTag(after),
		})
	})
	return updated, err
}

// RemoveFollowerTag records that WeChat has removed a tag, and so taken it from all who had it.
func (s *Store) RemoveFollowerTag(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "record a removed tag", func(tx *database.Tx) error {
		before, err := s.lockFollowerTag(tx, scope, id)
		if err != nil {
			return err
		}
		if err := deleteFollowerTag(tx, before); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "followertag.remove", Subject: audit.Target("followertag", id), Before: auditOfFollowerTag(before),
		})
	})
}

// NoteFollowerTagGone records that WeChat does not know a tag any more, which it answered to an act: the tag is deleted
// as a sync would.
func (s *Store) NoteFollowerTagGone(ctx context.Context, appID string, number int) error {
	return s.db.Write(ctx, "note that a tag is gone", func(tx *database.Tx) error {
		var rows []followerTagRow
		if err := tx.All(&rows, followerTagColumns+"app_id = ? AND tag_id = ?", appID, number); err != nil || len(rows) == 0 {
			return err
		}
		return deleteFollowerTag(tx, rows[0].tag())
	})
}

// deleteFollowerTag deletes a tag, also from the followers who have it.
func deleteFollowerTag(tx *database.Tx, t core.FollowerTag) error {
	if err := untagAll(tx, t); err != nil {
		return err
	}
	return tx.ExecOne(core.NotFound(noFollowerTag), "DELETE FROM follower_tag WHERE id = ?", int64(t.ID))
}

// syncFollowerTags makes the tags of an account those that WeChat has.
func syncFollowerTags(tx *database.Tx, appID string, list []core.FollowerTag) error {
	known, err := readFollowerTags(appID, tx.All)
	if err != nil {
		return err
	}
	byNumber, listed := map[int]core.FollowerTag{}, map[int]bool{}
	for _, t := range known {
		byNumber[t.Number] = t
	}
	for _, t := range list {
		t.AppID, t.Name, listed[t.Number] = appID, cutText(core.Clean(t.Name), maxFollowerText), true
		was, found := byNumber[t.Number]
		switch {
		case !found:
			_, err = insertFollowerTag(tx, t)
		case was.Name != t.Name:
			_, err = tx.Exec("UPDATE follower_tag SET name = ?, updated_at = ? WHERE id = ?",
				t.Name, tx.NextUpdated(was.Updated), int64(was.ID))
		}
		if err != nil {
			return err
		}
	}
	for _, t := range known {
		if listed[t.Number] {
			continue
		}
		if err := deleteFollowerTag(tx, t); err != nil {
			return err
		}
	}
	return nil
}

// deleteFollowerTags deletes tags of accounts that were removed.
func deleteFollowerTags(tx *database.Tx, where string, args []any) error {
	_, err := tx.Exec("DELETE FROM follower_tag WHERE "+where, args...)
	return err
}
