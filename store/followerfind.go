package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// SearchFollowers returns those who follow an official account of the scope and whose remark begins with what was
// typed or is found by it as names are, or who are residents that it finds, at most core.SearchHits; more = there are others.
func (s *Store) SearchFollowers(
	ctx context.Context, scope core.Scope, t core.SearchText,
) (found []core.Follower, more bool, err error) {
	apps, err := s.WechatOfficials(ctx, scope)
	if err != nil || len(apps) == 0 || t.Text == "" {
		return nil, false, err
	}
	residents, _, err := s.SearchResidents(ctx, scope, t)
	if err != nil {
		return nil, false, err
	}
	var rows []followerRow
	for _, app := range apps {
		for _, match := range followersMatching(residents, t) {
			where := followersWithin(scope, app)
			where.And("follows = 1")
			where.And(match.clause(), match.values(app.AppID)...)
			var some []followerRow
			if err := s.db.All(ctx, &some, followerColumns+where.Text()+" ORDER BY id LIMIT ?",
				append(where.Args(), core.SearchHits+1)...); err != nil {
				return nil, false, database.Wrap("search followers", err)
			}
			rows = joinFollowers(rows, some)
		}
	}
	more = len(rows) > core.SearchHits
	found, err = followersOf(rows[:min(len(rows), core.SearchHits)], s.allOf(ctx))
	return found, more, database.Wrap("search followers", err)
}

// followerMatch is one way in which a follower can be meant.
type followerMatch struct {
	remark  string
	gram    byGram
	persons []any
}

func followersMatching(residents []ResidentRow, t core.SearchText) []followerMatch {
	matches := []followerMatch{{remark: t.Text}}
	for _, gram := range gramsAsked(core.ReadName(t.Text)) {
		matches = append(matches, followerMatch{gram: gram})
	}
	var persons []any
	for _, r := range residents {
		if r.Person != 0 {
			persons = append(persons, int64(r.Person))
		}
	}
	if len(persons) > 0 {
		matches = append(matches, followerMatch{persons: persons})
	}
	return matches
}

func (m followerMatch) clause() string {
	const called = "id IN (SELECT subject_id FROM name_gram WHERE kind = ? AND gram = ? AND community_id = 0)"
	switch {
	case m.remark != "":
		return "remark >= ? AND remark < ?"
	case m.gram.part != "":
		return called + " AND LOWER(remark) LIKE ? ESCAPE '!'"
	case m.gram.gram != 0:
		return called
	}
	return `open_id IN (
		SELECT i.open_id
		FROM wechat_identity i
		JOIN wechat_user u ON u.id = i.user_id
		WHERE i.app_id = ?
		AND u.person_id IN (` + database.Placeholders(len(m.persons)) + "))"
}

func (m followerMatch) values(appID string) []any {
	switch {
	case m.remark != "":
		return []any{m.remark, m.remark + "\U0010FFFF"}
	case m.gram.part != "":
		return []any{int(gramFollower), int64(m.gram.gram), database.LikeContains(m.gram.part)}
	case m.gram.gram != 0:
		return []any{int(gramFollower), int64(m.gram.gram)}
	}
	return append([]any{appID}, m.persons...)
}

// joinFollowers adds those who are not among the rows yet.
func joinFollowers(rows, some []followerRow) []followerRow {
	known := map[core.ID]bool{}
	for _, r := range rows {
		known[r.ID] = true
	}
	for _, r := range some {
		if !known[r.ID] {
			rows = append(rows, r)
		}
	}
	return rows
}

// purgedFollowers are deleted in one transaction.
const purgedFollowers = 500

// PurgeFollowers deletes followers who left before a moment, and those of accounts that were removed, with their tags,
// and returns how many. Who follows again later is a new one. About whom WeChat is to be asked is kept for a while.
func (s *Store) PurgeFollowers(ctx context.Context, before time.Time) (removed int64, err error) {
	if removed, err = s.purgeRemovedFollowers(ctx); err != nil {
		return removed, err
	}
	for {
		n := int64(0)
		err := s.db.Write(ctx, "purge followers who left", func(tx *database.Tx) error {
			var ids []core.ID
			if err := tx.All(&ids, `
				SELECT id
				FROM follower
				WHERE left_at < ?
				AND follows = 0
				AND (look_at IS NULL OR look_at < ?)
				ORDER BY left_at
				LIMIT ?`, before.UnixMilli(), before.UnixMilli(), purgedFollowers); err != nil {
				return err
			}
			n = int64(len(ids))
			return deleteFollowers(tx, ids, "follows = 0 AND ")
		})
		if removed += n; err != nil || n < purgedFollowers {
			return removed, err
		}
	}
}

// purgeRemovedFollowers deletes the followers and the tags of accounts that exist no more.
func (s *Store) purgeRemovedFollowers(ctx context.Context) (removed int64, err error) {
	configured := []any{""}
	for _, app := range s.wechat.apps() {
		configured = append(configured, app.AppID)
	}
	gone := ` NOT IN (SELECT app_id FROM wechat_app WHERE kind = 'official')
		AND app_id NOT IN (` + database.Placeholders(len(configured)) + ")"
	for {
		n := int64(0)
		err := s.db.Write(ctx, "purge followers of accounts that were removed", func(tx *database.Tx) error {
			var ids []core.ID
			if err := tx.All(&ids, "SELECT id FROM follower WHERE app_id"+gone+" LIMIT ?",
				append(slices.Clone(configured), purgedFollowers)...); err != nil {
				return err
			}
			if n = int64(len(ids)); n > 0 {
				return deleteFollowers(tx, ids, "")
			}
			return deleteFollowerTags(tx, "app_id"+gone, configured)
		})
		if removed += n; err != nil || n == 0 {
			return removed, err
		}
	}
}

// deleteFollowers deletes followers with their tags; and is a further condition, for what may have changed meanwhile.
func deleteFollowers(tx *database.Tx, ids []core.ID, and string) error {
	return database.EachPart(ids, func(part []core.ID) error {
		in := "(" + database.Placeholders(len(part)) + ")"
		var remarked []followerRow
		if err := tx.All(&remarked, followerColumns+and+"remark <> '' AND id IN "+in+tx.Dialect().ForUpdate(),
			database.IDArgs(part)...); err != nil {
			return err
		}
		for _, row := range remarked {
			if err := removeGrams(tx, remarkNamed(row.ID, row.Remark)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("DELETE FROM follower_tagged WHERE follower_id IN "+in, database.IDArgs(part)...); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM follower WHERE "+and+"id IN "+in, database.IDArgs(part)...)
		return err
	})
}
