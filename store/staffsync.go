package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// staffSyncStale is how long a server that syncs may be silent before another goes on.
const staffSyncStale = time.Minute

// staffSyncAgain is when a sync that failed is tried again.
const staffSyncAgain = 15 * time.Minute

// errSyncGone is returned to a server whose sync another has taken over, or whose account is gone.
var errSyncGone = core.Conflict("同步已由其他服务器接管")

type staffSyncRow struct {
	App     core.ID         `db:"app_id"`
	Asked   database.Millis `db:"asked_at"`
	Run     core.ID         `db:"run_id"`
	Phase   int             `db:"phase"`
	Cursor  string          `db:"page_cursor"`
	Added   int             `db:"added"`
	Changed int             `db:"changed"`
	Removed int             `db:"removed"`
	Leaving int             `db:"leaving"`
	Ended   database.Millis `db:"ended_at"`
	Problem string          `db:"problem"`
}

const staffSyncColumns = `SELECT app_id, asked_at, run_id, phase, page_cursor, added, changed, removed, leaving, ended_at, problem
	FROM staff_sync WHERE `

func (r staffSyncRow) sync() core.StaffSync {
	return core.StaffSync{
		App: r.App, Asked: r.Asked.Time, Run: r.Run, Phase: core.StaffSyncPhase(r.Phase), Cursor: r.Cursor, Added: r.Added,
		Changed: r.Changed, Removed: r.Removed, Leaving: r.Leaving, Ended: r.Ended.Time, Problem: r.Problem,
	}
}

// StaffSync returns the state of an account's sync; zero times before the first.
func (s *Store) StaffSync(ctx context.Context, app core.ID) (core.StaffSync, error) {
	var rows []staffSyncRow
	if err := s.db.All(ctx, &rows, staffSyncColumns+"app_id = ?", int64(app)); err != nil || len(rows) == 0 {
		return core.StaffSync{App: app}, database.Wrap("read a sync of staff", err)
	}
	return rows[0].sync(), nil
}

// needStaffSync makes the row of an account's sync.
func needStaffSync(tx *database.Tx, app core.ID) error {
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync",
		"app_id, runner, beat_at, run_id, phase, page_cursor, added, changed, removed, leaving, may_leave, problem",
		[][]any{{int64(app), "", 0, 0, 0, "", 0, 0, 0, 0, 0, ""}})
}

// staffSyncAudit is what the audit log records of a sync that somebody asked for.
type staffSyncAudit struct {
	Name  string `json:"name"`
	Count int    `json:"count,omitempty"` // of those who may leave by it
}

// AskStaffSync asks for a whole sync of an account of WeWork, which a server begins within seconds.
func (s *Store) AskStaffSync(ctx context.Context, by core.Actor, scope core.Scope, app core.ID) error {
	a, err := s.WechatApp(ctx, scope, app)
	switch {
	case err != nil:
		return err
	case a.Kind != core.WechatWork || !a.Disabled.IsZero():
		return core.Conflict("没有在用的企业微信，不能同步")
	}
	return s.db.Write(ctx, "ask for a sync of staff", func(tx *database.Tx) error {
		if err := askStaffSync(tx, app); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "staff.sync", Subject: audit.Target("wechatapp", app), After: staffSyncAudit{Name: a.Name},
		})
	})
}

// AllowStaffLeave lets so many members leave by a whole sync that begins now, as an earlier one found and the page shows.
func (s *Store) AllowStaffLeave(ctx context.Context, by core.Actor, scope core.Scope, app core.ID, leaving int) error {
	a, err := s.WechatApp(ctx, scope, app)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "let members leave by the next sync", func(tx *database.Tx) error {
		if err := tx.ExecOne(core.Conflict("要离职的人数有变化，请刷新页面"), `
			UPDATE staff_sync
			SET asked_at = ?, leaving = 0, may_leave = ?
			WHERE app_id = ?
			AND leaving = ?
			AND leaving > 0
			AND EXISTS (SELECT 1 FROM wechat_app a WHERE a.id = ? AND a.disabled_at IS NULL)`,
			tx.NowMS(), leaving, int64(app), leaving, int64(app)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "staff.allow_leave", Subject: audit.Target("wechatapp", app), After: staffSyncAudit{Name: a.Name, Count: leaving},
		})
	})
}

// askStaffSync asks for a whole sync in the act's own transaction.
func askStaffSync(tx *database.Tx, app core.ID) error {
	if err := needStaffSync(tx, app); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE staff_sync SET asked_at = ? WHERE app_id = ?", tx.NowMS(), int64(app))
	return err
}

// leaveMembers lets members of a company leave who work here.
func leaveMembers(tx *database.Tx, app core.ID, userIDs []string) (accounts, left []core.ID, err error) {
	if err := takeBackMembers(tx, app, userIDs); err != nil {
		return nil, nil, err
	}
	for _, userID := range userIDs {
		var ids []core.ID
		if err := tx.All(&ids, "SELECT id FROM staff WHERE app_id = ? AND user_key = ? AND left_at IS NULL",
			int64(app), strings.ToLower(userID)); err != nil {
			return nil, nil, err
		}
		for _, id := range ids {
			ended, err := leaveByID(tx, id)
			if err != nil {
				return nil, nil, err
			}
			accounts, left = append(accounts, ended...), append(left, id)
		}
	}
	return accounts, left, nil
}

func leaveByID(tx *database.Tx, id core.ID) (accounts []core.ID, err error) {
	m, err := lockStaff(tx, core.Everywhere, id)
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return leaveStaff(tx, core.System, core.Everywhere, m)
}

// ClaimStaffSync assigns to a server an account of WeWork in use that has something to sync, if no other server
// is at it. NotFound means that there is none. A run that failed goes on after a while, from where it was; what WeWork
// told of meanwhile is a turn without a run.
func (s *Store) ClaimStaffSync(ctx context.Context, runner string) (sync core.StaffSync, err error) {
	due, stale := core.StaffSyncDue(s.Now(), s.zone).UnixMilli(), s.Now().Add(-staffSyncStale).UnixMilli()
	again := s.Now().Add(-staffSyncAgain).UnixMilli()
	free := `(y.runner = '' OR y.beat_at < ?)
		AND (y.asked_at IS NOT NULL OR y.run_id <> 0 AND y.problem = ''
			OR y.run_id = 0 AND COALESCE(y.ended_at, 0) < ?
			OR y.problem <> '' AND y.ended_at < ?
			OR EXISTS (SELECT 1 FROM staff_sync_hint h WHERE h.app_id = y.app_id AND h.noted_at <= ?))`
	var waiting []core.ID // most calls find nothing and need no transaction
	if err := s.db.All(ctx, &waiting, `
		SELECT a.id
		FROM wechat_app a
		LEFT JOIN staff_sync y ON y.app_id = a.id
		WHERE a.kind = 'work'
		AND a.disabled_at IS NULL
		AND (y.app_id IS NULL OR `+free+`)
		ORDER BY a.id
		LIMIT 1`, stale, due, again, s.Now().UnixMilli()); err != nil {
		return sync, database.Wrap("look for a sync of staff", err)
	}
	if len(waiting) == 0 {
		return sync, core.NotFound("没有要同步的")
	}
	app := waiting[0]
	err = s.db.Write(ctx, "claim a sync of staff", func(tx *database.Tx) error {
		if err := needStaffSync(tx, app); err != nil {
			return err
		}
		if err := tx.ExecOne(core.NotFound("没有要同步的"), `
			UPDATE staff_sync
			SET runner = ?, beat_at = ?
			WHERE app_id = ?
			AND (runner = '' OR beat_at < ?)`, runner, tx.NowMS(), int64(app), stale); err != nil {
			return err
		}
		var row staffSyncRow
		if err := tx.Get(&row, staffSyncColumns+"app_id = ?", int64(app)); err != nil {
			return err
		}
		failed := row.Problem != ""
		switch {
		case row.begins(due, again):
			row.Run = tx.NewID()
			if _, err := tx.Exec(`
				UPDATE staff_sync
				SET run_id = ?, phase = 0, page_cursor = '', added = 0, changed = 0, removed = 0, asked_at = NULL,
					problem = ''
				WHERE app_id = ?`, int64(row.Run), int64(app)); err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM staff_sync_member WHERE app_id = ?", int64(app)); err != nil {
				return err
			}
			row.Phase, row.Cursor, row.Added, row.Changed, row.Removed = 0, "", 0, 0, 0
			row.Asked, row.Problem = database.Millis{}, ""
		case failed && row.Run != 0 && row.Ended.UnixMilli() >= again:
			row.Run = 0
		case failed && row.Run != 0:
			if _, err := tx.Exec("UPDATE staff_sync SET problem = '' WHERE app_id = ?", int64(app)); err != nil {
				return err
			}
			row.Problem = ""
		}
		sync = row.sync()
		return nil
	})
	return sync, err
}

// begins reports whether a whole run begins: none is under way and one is due, or the one that failed is too old to go on,
// or somebody asked after it had failed.
func (r staffSyncRow) begins(due, again int64) bool {
	late := r.Ended.IsZero() || r.Ended.UnixMilli() < due
	failed := r.Problem != ""
	if r.Run != 0 {
		return failed && (late || !r.Asked.IsZero())
	}
	return late || !r.Asked.IsZero() || failed && r.Ended.UnixMilli() < again
}

// SyncTurn is a server's turn at an account's sync.
type SyncTurn struct {
	Runner string
	App    core.ID
}

// stepStaffSync does a part of a sync, if it is still the server's. An account that went out of use ends it.
func (s *Store) stepStaffSync(ctx context.Context, op string, turn SyncTurn, do func(tx *database.Tx) error) error {
	return s.db.Write(ctx, op, func(tx *database.Tx) error {
		if err := tx.ExecOne(errSyncGone, `
			UPDATE staff_sync
			SET beat_at = ?
			WHERE app_id = ?
			AND runner = ?
			AND EXISTS (SELECT 1 FROM wechat_app a WHERE a.id = ? AND a.disabled_at IS NULL)`,
			tx.NowMS(), int64(turn.App), turn.Runner, int64(turn.App)); err != nil {
			return err
		}
		return do(tx)
	})
}

// EndStaffSync ends a server's turn. whole says that a run has come to its end, or cannot go on: the next begins at the start. One
// that is not whole but has a problem, in words, goes on from where it was, after a while or when somebody asks.
func (s *Store) EndStaffSync(ctx context.Context, turn SyncTurn, whole bool, problem string) error {
	return s.db.Write(ctx, "end a sync of staff", func(tx *database.Tx) error {
		set, args := "runner = ''", []any{}
		if whole || problem != "" {
			set += ", ended_at = ?, problem = ?"
			args = append(args, tx.NowMS(), cutText(problem, maxWechatProblem))
		}
		if whole {
			set += ", run_id = 0, may_leave = 0"
		}
		if err := tx.ExecOne(errSyncGone, "UPDATE staff_sync SET "+set+" WHERE app_id = ? AND runner = ?",
			append(args, int64(turn.App), turn.Runner)...); err != nil {
			return err
		}
		if !whole {
			return nil
		}
		if _, err := tx.Exec("DELETE FROM staff_sync_member WHERE app_id = ?", int64(turn.App)); err != nil {
			return err
		}
		return dropFormerDepartments(tx, turn.App)
	})
}

// LeaveReplaced lets those leave whose company was replaced by another, at most so many; it returns how many. It needs no
// turn and no account in use: neither the sync of another company nor a disabled account keeps them.
func (s *Store) LeaveReplaced(ctx context.Context, limit int) (n int, err error) {
	var apps []core.ID // of those whose staff are synced or were, by the key of the table
	if err := s.db.All(ctx, &apps, `
		SELECT y.app_id
		FROM staff_sync y
		WHERE EXISTS (
			SELECT 1
			FROM staff m
			WHERE m.app_id = y.app_id
			AND m.user_key IS NULL
		)
		ORDER BY y.app_id
		LIMIT 1`); err != nil || len(apps) == 0 {
		return 0, database.Wrap("look for staff of a replaced company", err)
	}
	var accounts, left []core.ID
	err = s.db.Write(ctx, "let the staff of a replaced company leave", func(tx *database.Tx) error {
		accounts, left = nil, nil
		if err := tx.All(&left, "SELECT id FROM staff WHERE app_id = ? AND user_key IS NULL ORDER BY id LIMIT ?",
			int64(apps[0]), limit); err != nil {
			return err
		}
		for _, id := range left {
			ended, err := leaveByID(tx, id)
			if err != nil {
				return err
			}
			accounts = append(accounts, ended...)
			if _, err := tx.Exec("UPDATE staff SET app_id = 0 WHERE id = ? AND user_key IS NULL", int64(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.staffLeft(ctx, accounts, left)
	return len(left), nil
}

// replaceStaff takes the staff of a company out of its sync, by a few statements, however many they are. Those who
// stay are kept by hand from now on; the others are without a key, and leave within seconds, also if the account is
// deleted before. Whose they were is noted: see takeBackMembers. It returns how many they are and what becomes of them, for the log.
func replaceStaff(tx *database.Tx, from core.WechatApp, stay bool) (words string, err error) {
	var n int
	const synced = "SELECT COUNT(*) FROM staff WHERE app_id = ? AND user_key IS NOT NULL AND left_at IS NULL"
	if err := tx.Get(&n, synced, int64(from.ID)); err != nil {
		return "", err
	}
	words = fmt.Sprintf("%d 人留下", n)
	if !stay {
		words = fmt.Sprintf("%d 人离职", n)
	}
	// MariaDB sets the columns one after another, so that this comes before the key goes. Who waits to leave another company
	// has none.
	const former = `former_corp = CASE WHEN user_key IS NULL THEN former_corp ELSE ? END, former_key = COALESCE(user_key, former_key), `
	queries := []string{
		"UPDATE staff SET " + former + `app_id = 0, user_id = '', user_key = NULL, phone_told_at = NULL, unseen_at = NULL
		WHERE app_id = ? AND (user_key IS NOT NULL OR left_at IS NOT NULL)`,
	}
	if !stay {
		queries = []string{
			"UPDATE staff SET " + former + "app_id = 0, user_key = NULL WHERE app_id = ? AND left_at IS NOT NULL",
			"UPDATE staff SET " + former + "user_key = NULL, phone_told_at = NULL WHERE app_id = ?",
		}
	}
	for _, query := range queries {
		if _, err := tx.Exec(query, from.AppID, int64(from.ID)); err != nil {
			return "", err
		}
	}
	for _, query := range []string{"DELETE FROM staff_sync_member WHERE app_id = ?", "DELETE FROM staff_sync_hint WHERE app_id = ?"} {
		if _, err := tx.Exec(query, int64(from.ID)); err != nil {
			return "", err
		}
	}
	if err := needStaffSync(tx, from.ID); err != nil {
		return "", err
	}
	_, err = tx.Exec("UPDATE staff_sync SET asked_at = ?, runner = '', run_id = 0, leaving = 0, may_leave = 0 WHERE app_id = ?",
		tx.NowMS(), int64(from.ID))
	return words, err
}
