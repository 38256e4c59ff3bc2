package store

import (
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// clocksApart is how far the clocks of two servers may differ.
const clocksApart = 10 * time.Second

// followerStep records answers of WeChat in one transaction.
type followerStep struct {
	turn                    FollowerTurn
	asked                   int64               // milliseconds
	taken                   []core.ToldFollower // those that no callback has overtaken
	fresh, tagged           [][]any             // rows of those who are not on record yet, and of their tags
	remarked                []named             // of them
	added, changed, removed int
}

// record writes what WeChat tells of followers.
func (t *followerStep) record(tx *database.Tx, told []core.ToldFollower) error {
	if len(told) == 0 {
		return nil
	}
	args := []any{t.turn.AppID}
	for _, f := range told {
		args = append(args, f.OpenID)
	}
	var rows []followerRow
	if err := tx.All(&rows, followerColumns+"app_id = ? AND open_id IN ("+database.Placeholders(len(told))+") ORDER BY id"+
		tx.Dialect().ForUpdate(), args...); err != nil {
		return err
	}
	list, err := followersOf(rows, tx.All)
	if err != nil {
		return err
	}
	at := map[string]int{}
	for i, row := range rows {
		at[row.OpenID] = i
	}
	var met []core.ID
	for _, f := range told {
		i, known := at[f.OpenID]
		if !known {
			t.add(tx, f)
			continue
		}
		newer := rows[i].Told != 0 && rows[i].Told+clocksApart.Milliseconds() >= t.asked
		if met = append(met, rows[i].ID); newer && f.Follows != (rows[i].Follows != 0) {
			if err := askLater(tx, rows[i].ID); err != nil {
				return err
			}
			continue
		}
		if t.taken = append(t.taken, f); f.Differs(list[i]) {
			if err := t.change(tx, list[i], f); err != nil {
				return err
			}
		}
	}
	if err := t.insert(tx); err != nil {
		return err
	}
	return t.meet(tx, met)
}

// meet notes that a run has met followers, and that WeChat was asked about them.
func (t *followerStep) meet(tx *database.Tx, ids []core.ID) error {
	if len(ids) == 0 {
		return nil
	}
	in := "id IN (" + database.Placeholders(len(ids)) + ")"
	if _, err := tx.Exec("UPDATE follower SET look_at = NULL WHERE look_at <= ? AND "+in,
		database.AppendIDs([]any{t.asked}, ids)...); err != nil || t.turn.Run == 0 {
		return err
	}
	_, err := tx.Exec("UPDATE follower SET seen_run = ? WHERE "+in, database.AppendIDs([]any{int64(t.turn.Run)}, ids)...)
	return err
}

// askLater lets WeChat be asked about a follower once more.
func askLater(tx *database.Tx, id core.ID) error {
	_, err := tx.Exec("UPDATE follower SET look_at = ? WHERE id = ?", tx.Now().Add(readBack).UnixMilli(), int64(id))
	return err
}

// add prepares a follower who is not on record. Somebody who does not follow, and never did, is not kept.
func (t *followerStep) add(tx *database.Tx, f core.ToldFollower) {
	t.taken = append(t.taken, f)
	if !f.Follows {
		return
	}
	t.added++
	is := core.Follower{ID: tx.NewID(), AppID: t.turn.AppID, OpenID: f.OpenID, Tags: f.Tags}
	t.fresh = append(t.fresh, []any{
		int64(is.ID), is.AppID, f.OpenID, f.UnionID, 1, sinceMillis(f), nil, cut(string(f.Source), maxFollowerSource),
		toldRemark(f), 0, nil, int64(t.turn.Run), tx.NowMS(),
	})
	t.tagged = append(t.tagged, taggedRows(is)...)
	if remark := toldRemark(f); remark != "" {
		t.remarked = append(t.remarked, remarkNamed(is.ID, remark))
	}
}

// toldRemark returns a remark as it is kept.
func toldRemark(f core.ToldFollower) string { return cutText(core.Clean(f.Remark), maxFollowerText) }

// remarkNamed returns how a follower is found by the account's remark.
func remarkNamed(id core.ID, remark string) named { return named{gramFollower, 0, id, remark} }

// insert writes those who were added, with their tags: a first sync is hundreds of thousands of them.
func (t *followerStep) insert(tx *database.Tx) error {
	const columns = `id, app_id, open_id, union_id, follows, followed_at, left_at, source, remark, told_at, look_at, seen_run,
		updated_at`
	err := database.InsertRows(tx, database.InsertInto, "follower", columns, t.fresh)
	if database.IsDuplicate(err) {
		return database.ErrRace // one of them follows just now
	}
	if err != nil {
		return err
	}
	if err := addGrams(tx, t.remarked...); err != nil {
		return err
	}
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "follower_tagged", followerTaggedColumns, t.tagged)
}

// The widths of columns that WeChat fills.
const (
	maxFollowerSource = 32
	maxFollowerText   = 64
)

func sinceMillis(f core.ToldFollower) int64 { return max(f.Since.UnixMilli(), 0) }

// change writes what has changed of a follower.
func (t *followerStep) change(tx *database.Tx, was core.Follower, f core.ToldFollower) error {
	updated := tx.NextUpdated(was.Updated)
	if !f.Follows {
		t.removed++
		_, err := tx.Exec("UPDATE follower SET follows = 0, left_at = ?, updated_at = ? WHERE id = ?", tx.NowMS(), updated, int64(was.ID))
		return err
	}
	t.changed++
	if _, err := tx.Exec(`
		UPDATE follower
		SET union_id = ?, follows = 1, followed_at = ?, left_at = NULL, source = ?, remark = ?, updated_at = ?
		WHERE id = ?`,
		f.UnionID, sinceMillis(f), cut(string(f.Source), maxFollowerSource), toldRemark(f), updated, int64(was.ID)); err != nil {
		return err
	}
	if err := renameGrams(tx, remarkNamed(was.ID, was.Remark), remarkNamed(was.ID, toldRemark(f))); err != nil {
		return err
	}
	was.Tags = f.Tags
	return setFollowerTags(tx, was)
}

// followersGone records as gone some followers whom a run did not meet, and returns how many. Who was told of since
// the run began is kept: they began to follow after it had passed.
func followersGone(tx *database.Tx, turn FollowerTurn, limit int) (int, error) {
	var rows []followerRow
	if err := tx.All(&rows, followerColumns+`app_id = ?
		AND follows = 1
		AND seen_run <> ?
		AND told_at < (SELECT began_at FROM follower_sync WHERE app_id = ?)
		ORDER BY id
		LIMIT ?`, turn.AppID, int64(turn.Run), turn.AppID, limit); err != nil {
		return 0, err
	}
	return len(rows), database.EachPart(rows, func(part []followerRow) error {
		now, ids, opens := tx.NowMS(), []any{}, []string{}
		for _, row := range part {
			ids, opens = append(ids, int64(row.ID)), append(opens, row.OpenID)
		}
		if _, err := tx.Exec(`
			UPDATE follower
			SET follows = 0, left_at = ?, look_at = NULL, `+database.RaiseUpdated+`
			WHERE id IN (`+database.Placeholders(len(ids))+")", append([]any{now, now, now}, ids...)...); err != nil {
			return err
		}
		return setGone(tx, turn.AppID, opens)
	})
}

// askFollower lets WeChat be asked about somebody who seems to have left: it knows since when.
func askFollower(tx *database.Tx, appID, openID string) error {
	_, err := tx.Exec("UPDATE follower SET look_at = ? WHERE app_id = ? AND open_id = ? AND follows = 1", tx.NowMS(), appID, openID)
	return err
}
