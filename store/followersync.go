package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const (
	followerSyncStale = time.Minute      // how long a server that syncs may be silent before another goes on
	followerSyncAgain = 15 * time.Minute // when one that failed is tried again
	followerLookAgain = time.Minute      // when WeChat is asked again about somebody, after that failed
	followerSyncTries = 5                // failures in a row after which it waits for somebody
)

// errFollowersGone is returned to a server whose sync another has taken over, or somebody has stopped.
var errFollowersGone = core.Conflict("同步已停止或由其他服务器接管")

type followerSyncRow struct {
	AppID   string          `db:"app_id"`
	Runner  string          `db:"runner"`
	Beat    int64           `db:"beat_at"`
	Run     core.ID         `db:"run_id"`
	Stopped int             `db:"stopped"`
	Cursor  string          `db:"page_cursor"`
	Total   int             `db:"total"`
	Met     int             `db:"met"`
	Added   int             `db:"added"`
	Changed int             `db:"changed"`
	Removed int             `db:"removed"`
	Tries   int             `db:"tries"`
	Ended   database.Millis `db:"ended_at"`
	Problem string          `db:"problem"`
}

const followerSyncColumns = `SELECT app_id, runner, beat_at, run_id, stopped, page_cursor, total, met, added, changed, removed,
	tries, ended_at, problem
	FROM follower_sync WHERE `

// sync returns the row as it is at a time.
func (r followerSyncRow) sync(now time.Time) core.FollowerSync {
	return core.FollowerSync{
		AppID: r.AppID, Run: r.Run, Running: !r.free(now), Stopped: r.Stopped != 0, Cursor: r.Cursor, Total: r.Total, Met: r.Met,
		Added: r.Added, Changed: r.Changed, Removed: r.Removed, Tries: r.Tries, Ended: r.Ended.Time, Problem: r.Problem,
	}
}

// free reports whether no server is at it.
func (r followerSyncRow) free(now time.Time) bool {
	return r.Runner == "" || r.Beat < now.Add(-followerSyncStale).UnixMilli()
}

// resting reports whether the last turn failed a short time ago.
func (r followerSyncRow) resting(now time.Time) bool {
	return r.Problem != "" && r.Ended.UnixMilli() >= now.Add(-followerSyncAgain).UnixMilli()
}

// due reports whether a run is to go on.
func (r followerSyncRow) due(now time.Time) bool {
	return r.Run != 0 && r.Stopped == 0 && r.Tries < followerSyncTries && !r.resting(now)
}

// FollowerSync returns the state of the sync of an official account of the scope; zero times before the first.
func (s *Store) FollowerSync(ctx context.Context, scope core.Scope, appID string) (core.FollowerSync, error) {
	if _, err := s.WechatOfficial(ctx, scope, appID); err != nil {
		return core.FollowerSync{}, err
	}
	var rows []followerSyncRow
	if err := s.db.All(ctx, &rows, followerSyncColumns+"app_id = ?", appID); err != nil || len(rows) == 0 {
		return core.FollowerSync{AppID: appID}, database.Wrap("read a sync of followers", err)
	}
	return rows[0].sync(s.Now()), nil
}

// needFollowerSync makes the row of an account's sync, with a first run.
func needFollowerSync(tx *database.Tx, appID string) error {
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "follower_sync",
		"app_id, runner, beat_at, run_id, began_at, stopped, page_cursor, total, met, added, changed, removed, tries, problem",
		[][]any{{appID, "", 0, int64(tx.NewID()), tx.NowMS(), 0, "", 0, 0, 0, 0, 0, 0, ""}})
}

// forgetFollowerSync removes the sync of an account that is removed: if it comes back, it is synced from the beginning.
func forgetFollowerSync(tx *database.Tx, appID string) error {
	_, err := tx.Exec("DELETE FROM follower_sync WHERE app_id = ?", appID)
	return err
}

// mendFollowerSync lets a failed sync of an account's followers go on at once: what it failed for is mended.
func mendFollowerSync(tx *database.Tx, app core.ID) error {
	_, err := tx.Exec(`
		UPDATE follower_sync
		SET tries = 0, problem = ''
		WHERE problem <> ''
		AND app_id IN (SELECT app_id FROM wechat_app WHERE id = ?)`, int64(app))
	return err
}

// followerSyncAudit is what the audit log records of a sync that somebody asked for or stopped.
type followerSyncAudit struct {
	AppID string `json:"app_id"`
	Name  string `json:"name"`
}

// changeFollowerSync lets somebody who may change an official account's contents change its sync.
func (s *Store) changeFollowerSync(
	ctx context.Context, by core.Actor, scope core.Scope, asked followerSyncAct, change func(tx *database.Tx, row followerSyncRow) error,
) error {
	return s.db.Write(ctx, asked.action, func(tx *database.Tx) error {
		app, err := s.changeableOfficial(tx, scope, asked.appID)
		if err != nil {
			return err
		}
		if err := needFollowerSync(tx, asked.appID); err != nil {
			return err
		}
		var row followerSyncRow
		if err := tx.Get(&row, followerSyncColumns+"app_id = ?"+tx.Dialect().ForUpdate(), asked.appID); err != nil {
			return err
		}
		if err := change(tx, row); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: asked.action, Subject: audit.Target("wechatapp", app.ID), After: followerSyncAudit{app.AppID, app.Name},
		})
	})
}

// followerSyncAct is an act on the sync of an account.
type followerSyncAct struct{ appID, action string }

// AskFollowerSync begins a sync, which a server takes up within seconds; one that was stopped or failed goes on where
// it was.
func (s *Store) AskFollowerSync(ctx context.Context, by core.Actor, scope core.Scope, appID string) error {
	act := followerSyncAct{appID: appID, action: "follower.sync"}
	return s.changeFollowerSync(ctx, by, scope, act, func(tx *database.Tx, row followerSyncRow) error {
		if row.Run != 0 && row.Stopped == 0 && row.Problem == "" && !row.free(tx.Now()) {
			return core.Conflict("正在同步")
		}
		if row.Run != 0 {
			_, err := tx.Exec("UPDATE follower_sync SET stopped = 0, tries = 0, problem = '' WHERE app_id = ?", appID)
			return err
		}
		_, err := tx.Exec(`
			UPDATE follower_sync
			SET run_id = ?, began_at = ?, stopped = 0, page_cursor = '', total = 0, met = 0, added = 0, changed = 0, removed = 0,
				tries = 0, problem = ''
			WHERE app_id = ?`, int64(tx.NewID()), tx.NowMS(), appID)
		return err
	})
}

// StopFollowerSync stops the run under way. What it has met stays, and it can go on.
func (s *Store) StopFollowerSync(ctx context.Context, by core.Actor, scope core.Scope, appID string) error {
	act := followerSyncAct{appID: appID, action: "follower.stop_sync"}
	return s.changeFollowerSync(ctx, by, scope, act, func(tx *database.Tx, _ followerSyncRow) error {
		return tx.ExecOne(core.Conflict("没有正在进行的同步"), `
			UPDATE follower_sync
			SET stopped = 1
			WHERE app_id = ?
			AND run_id <> 0
			AND stopped = 0`, appID)
	})
}

// FollowerTurn is a server's turn at the followers of an official account.
type FollowerTurn struct {
	Runner string
	AppID  string
	Run    core.ID // 0 = only those whom WeChat is to be asked about
	Cursor string
}

// ClaimFollowerSync assigns to a server an official account in use whose followers are to be synced or asked about, if
// no other server is at it. NotFound means that there is none.
func (s *Store) ClaimFollowerSync(ctx context.Context, runner string) (FollowerTurn, error) {
	var rows []followerSyncRow
	if err := s.db.All(ctx, &rows, followerSyncColumns+"1 = 1 ORDER BY app_id"); err != nil {
		return FollowerTurn{}, database.Wrap("look for a sync of followers", err)
	}
	now := s.Now()
	for _, app := range s.RecentWechatApps(ctx) {
		if app.App.Kind != core.WechatOfficial {
			continue
		}
		at := slices.IndexFunc(rows, func(r followerSyncRow) bool { return r.AppID == app.App.AppID })
		if at >= 0 && !rows[at].free(now) {
			continue
		}
		if at >= 0 && !rows[at].due(now) { // most calls find nothing and need no transaction
			ids, err := s.FollowersToAsk(ctx, app.App.AppID, 1)
			if err != nil {
				return FollowerTurn{}, err
			}
			if len(ids) == 0 {
				continue
			}
		}
		turn, err := s.claimFollowers(ctx, runner, app.App.AppID)
		if !core.IsConflict(err) {
			return turn, err
		}
	}
	return FollowerTurn{}, core.NotFound("没有要同步的")
}

func (s *Store) claimFollowers(ctx context.Context, runner, appID string) (turn FollowerTurn, err error) {
	err = s.db.Write(ctx, "claim a sync of followers", func(tx *database.Tx) error {
		if err := needFollowerSync(tx, appID); err != nil {
			return err
		}
		if err := tx.ExecOne(errFollowersGone, `
			UPDATE follower_sync
			SET runner = ?, beat_at = ?
			WHERE app_id = ?
			AND (runner = '' OR beat_at < ?)`,
			runner, tx.NowMS(), appID, tx.Now().Add(-followerSyncStale).UnixMilli()); err != nil {
			return err
		}
		var row followerSyncRow
		if err := tx.Get(&row, followerSyncColumns+"app_id = ?", appID); err != nil {
			return err
		}
		if turn = (FollowerTurn{Runner: runner, AppID: appID}); row.due(tx.Now()) {
			turn.Run, turn.Cursor = row.Run, row.Cursor
		}
		return nil
	})
	return turn, err
}

// stepFollowers does a part of a turn, if it is still the server's and nobody stopped the run.
func (s *Store) stepFollowers(ctx context.Context, op string, turn FollowerTurn, do func(tx *database.Tx) error) error {
	return s.db.Write(ctx, op, func(tx *database.Tx) error {
		if err := tx.ExecOne(errFollowersGone, `
			UPDATE follower_sync
			SET beat_at = CASE WHEN beat_at < ? THEN ? ELSE beat_at + 1 END
			WHERE app_id = ?
			AND runner = ?
			AND (? = 0 OR run_id = ? AND stopped = 0)`,
			tx.NowMS(), tx.NowMS(), turn.AppID, turn.Runner, int64(turn.Run), int64(turn.Run)); err != nil {
			return err
		}
		return do(tx)
	})
}

// SyncFollowerTags makes the tags of an account those that WeChat has.
func (s *Store) SyncFollowerTags(ctx context.Context, turn FollowerTurn, list []core.FollowerTag) error {
	return s.stepFollowers(ctx, "sync the tags of followers", turn, func(tx *database.Tx) error {
		return syncFollowerTags(tx, turn.AppID, list)
	})
}

// FollowersToAsk returns the open ids of followers about whom WeChat is to be asked again, the longest due first.
func (s *Store) FollowersToAsk(ctx context.Context, appID string, limit int) (openIDs []string, err error) {
	err = s.db.All(ctx, &openIDs, `
		SELECT open_id
		FROM follower
		WHERE app_id = ?
		AND look_at <= ?
		ORDER BY look_at
		LIMIT ?`, appID, s.Now().UnixMilli(), limit)
	return openIDs, database.Wrap("read the followers to ask about", err)
}

// UnmetFollowers returns those of some open ids, at most a hundred, that a run has not met yet.
func (s *Store) UnmetFollowers(ctx context.Context, turn FollowerTurn, openIDs []string) ([]string, error) {
	args := []any{turn.AppID, int64(turn.Run)}
	for _, id := range openIDs {
		args = append(args, id)
	}
	var met []string
	if len(openIDs) > 0 {
		if err := s.db.All(ctx, &met, "SELECT open_id FROM follower WHERE app_id = ? AND seen_run = ? AND open_id IN ("+
			database.Placeholders(len(openIDs))+")", args...); err != nil {
			return nil, database.Wrap("read the followers met", err)
		}
	}
	known := map[string]bool{}
	for _, id := range met {
		known[id] = true
	}
	var unmet []string
	for _, id := range openIDs {
		if !known[id] {
			unmet, known[id] = append(unmet, id), true
		}
	}
	return unmet, nil
}

// ToldFollowers are answers of WeChat about followers of a turn's account.
type ToldFollowers struct {
	List  []core.ToldFollower // at most a hundred
	Asked time.Time           // when WeChat was asked
	// Of a run: where the list goes on after them, and WeChat's own count.
	Cursor string
	Total  int
}

// SyncFollowers records what WeChat tells of followers. A callback that came after WeChat was asked is newer, and
// stays: then WeChat is asked once more.
func (s *Store) SyncFollowers(ctx context.Context, turn FollowerTurn, told ToldFollowers) error {
	var joined joinedUsers
	err := s.stepFollowers(ctx, "sync followers", turn, func(tx *database.Tx) error {
		joined = joinedUsers{}
		step := followerStep{turn: turn, asked: told.Asked.UnixMilli()}
		if err := step.record(tx, told.List); err != nil {
			return err
		}
		if err := joined.toldIdentities(tx, turn.AppID, step.taken); err != nil {
			return err
		}
		if turn.Run == 0 {
			return nil
		}
		_, err := tx.Exec(`
			UPDATE follower_sync
			SET page_cursor = ?, total = ?, met = met + ?, added = added + ?, changed = changed + ?, removed = removed + ?
			WHERE app_id = ?`,
			told.Cursor, told.Total, len(told.List), step.added, step.changed, step.removed, turn.AppID)
		return err
	})
	if err == nil {
		s.usersJoined(ctx, joined)
	}
	return err
}

// RestartFollowerList lets a run read the list from its beginning: the follower at its cursor is gone. Those whom it
// has met are not asked about again.
func (s *Store) RestartFollowerList(ctx context.Context, turn FollowerTurn) error {
	return s.stepFollowers(ctx, "begin the list of followers again", turn, func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE follower_sync SET page_cursor = '' WHERE app_id = ?", turn.AppID)
		return err
	})
}

// SyncFollowersGone records as gone those followers whom a run did not meet, at most so many; it returns how many.
// Who began to follow while it ran is kept.
func (s *Store) SyncFollowersGone(ctx context.Context, turn FollowerTurn, limit int) (n int, err error) {
	err = s.stepFollowers(ctx, "sync followers who left", turn, func(tx *database.Tx) error {
		n, err = followersGone(tx, turn, limit)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE follower_sync SET removed = removed + ? WHERE app_id = ?", n, turn.AppID)
		return err
	})
	return n, err
}

// EndFollowerSync ends a server's turn. whole says that its run has come to its end, or failed with a problem in
// words: then it goes on later, or when somebody asks. A turn without a run that failed leaves what is known of the
// last run: those about whom WeChat was to be asked wait for a minute.
func (s *Store) EndFollowerSync(ctx context.Context, turn FollowerTurn, whole bool, problem string) error {
	return s.db.Write(ctx, "end a sync of followers", func(tx *database.Tx) error {
		set, args := "runner = ''", []any{}
		switch {
		case problem != "" && turn.Run == 0:
			if _, err := tx.Exec("UPDATE follower SET look_at = ? WHERE app_id = ? AND look_at <= ?",
				tx.Now().Add(followerLookAgain).UnixMilli(), turn.AppID, tx.NowMS()); err != nil {
				return err
			}
		case problem != "":
			set += ", ended_at = ?, problem = ?, tries = tries + 1"
			args = append(args, tx.NowMS(), cutText(problem, maxWechatProblem))
		case whole:
			set += ", run_id = 0, stopped = 0, tries = 0, problem = '', ended_at = ?"
			args = append(args, tx.NowMS())
		}
		return tx.ExecOne(errFollowersGone, "UPDATE follower_sync SET "+set+" WHERE app_id = ? AND runner = ?",
			append(args, turn.AppID, turn.Runner)...)
	})
}
