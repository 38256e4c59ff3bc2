package store

import (
	"context"
	"slices"
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

// staffHintAgain is when what WeWork told of is looked at again, after that failed.
const staffHintAgain = time.Minute

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
	Ended   database.Millis `db:"ended_at"`
	Problem string          `db:"problem"`
}

const staffSyncColumns = `SELECT app_id, asked_at, run_id, phase, page_cursor, added, changed, removed, ended_at, problem
	FROM staff_sync WHERE `

func (r staffSyncRow) sync() core.StaffSync {
	return core.StaffSync{
		App: r.App, Asked: r.Asked.Time, Run: r.Run, Phase: core.StaffSyncPhase(r.Phase), Cursor: r.Cursor, Added: r.Added,
		Changed: r.Changed, Removed: r.Removed, Ended: r.Ended.Time, Problem: r.Problem,
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
		"app_id, runner, beat_at, run_id, phase, page_cursor, added, changed, removed, problem",
		[][]any{{int64(app), "", 0, 0, 0, "", 0, 0, 0, ""}})
}

// staffSyncAudit is what the audit log records of a sync that somebody asked for.
type staffSyncAudit struct {
	Name string `json:"name"`
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
		if err := needStaffSync(tx, app); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE staff_sync SET asked_at = ? WHERE app_id = ?", tx.NowMS(), int64(app)); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Action: "staff.sync", Subject: audit.Target("wechatapp", app), After: staffSyncAudit{a.Name},
		})
	})
}

// NoteStaffHint records what WeWork tells of a change. A deleted member leaves at once; the rest is looked at
// within seconds by the server that syncs.
func (s *Store) NoteStaffHint(ctx context.Context, app core.ID, h core.CorpHint) error {
	var accounts, left []core.ID
	err := s.db.Write(ctx, "note a change of WeWork", func(tx *database.Tx) (err error) {
		accounts, left = nil, nil
		if err := needStaffSync(tx, app); err != nil {
			return err
		}
		if h.Gone {
			accounts, left, err = leaveMembers(tx, app, []string{h.UserID})
			return err
		}
		if h.NewUserID != "" && !strings.EqualFold(h.NewUserID, h.UserID) {
			if err := renameMember(tx, app, h); err != nil {
				return err
			}
			h.UserID = h.NewUserID
		}
		key := strings.ToLower(h.UserID)
		if _, err := tx.Exec("DELETE FROM staff_sync_hint WHERE app_id = ? AND user_key = ?", int64(app), key); err != nil {
			return err
		}
		return database.InsertRows(tx, database.InsertInto, "staff_sync_hint", "app_id, user_key, user_id, note_id, noted_at",
			[][]any{{int64(app), key, h.UserID, int64(tx.NewID()), tx.NowMS()}})
	})
	if err == nil {
		s.staffLeft(ctx, accounts, left)
	}
	return err
}

// staffLeft tells the servers of sessions that have ended.
func (s *Store) staffLeft(ctx context.Context, accounts, left []core.ID) {
	s.subjectsChanged(ctx, core.SessionAccount, accounts)
	s.subjectsChanged(ctx, core.SessionStaff, left)
}

func renameMember(tx *database.Tx, app core.ID, h core.CorpHint) error {
	var taken []core.ID
	err := tx.All(&taken, "SELECT id FROM staff WHERE app_id = ? AND user_key = ?", int64(app), strings.ToLower(h.NewUserID))
	if err != nil || len(taken) > 0 {
		return err
	}
	_, err = tx.Exec("UPDATE staff SET user_id = ?, user_key = ? WHERE app_id = ? AND user_key = ?",
		h.NewUserID, strings.ToLower(h.NewUserID), int64(app), strings.ToLower(h.UserID))
	return err
}

// leaveMembers lets members of a company leave who work here.
func leaveMembers(tx *database.Tx, app core.ID, userIDs []string) (accounts, left []core.ID, err error) {
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
// is at it. NotFound means that there is none.
func (s *Store) ClaimStaffSync(ctx context.Context, runner string) (sync core.StaffSync, err error) {
	due, stale := core.StaffSyncDue(s.Now(), s.zone).UnixMilli(), s.Now().Add(-staffSyncStale).UnixMilli()
	again := s.Now().Add(-staffSyncAgain).UnixMilli()
	free := `(y.runner = '' OR y.beat_at < ?)
		AND (y.asked_at IS NOT NULL OR y.run_id <> 0 OR COALESCE(y.ended_at, 0) < ?
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
		if row.Run == 0 && (!row.Asked.IsZero() || row.Ended.IsZero() || row.Ended.UnixMilli() < due ||
			row.Problem != "" && row.Ended.UnixMilli() < again) {
			row.Run = tx.NewID()
			if _, err := tx.Exec(`
				UPDATE staff_sync
				SET run_id = ?, phase = 0, page_cursor = '', added = 0, changed = 0, removed = 0, asked_at = NULL
				WHERE app_id = ?`, int64(row.Run), int64(app)); err != nil {
				return err
			}
			if _, err := tx.Exec("DELETE FROM staff_sync_member WHERE app_id = ?", int64(app)); err != nil {
				return err
			}
			row.Phase, row.Cursor, row.Added, row.Changed, row.Removed, row.Asked = 0, "", 0, 0, 0, database.Millis{}
		}
		sync = row.sync()
		return nil
	})
	return sync, err
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

func setSyncPhase(tx *database.Tx, app core.ID, phase core.StaffSyncPhase, cursor string) error {
	_, err := tx.Exec("UPDATE staff_sync SET phase = ?, page_cursor = ? WHERE app_id = ? AND run_id <> 0", int(phase), cursor, int64(app))
	return err
}

// StaffHint is something that WeWork told of.
type StaffHint struct {
	UserID string  `db:"user_id"` // "" = the departments
	Note   core.ID `db:"note_id"` // another each time that it is told
}

// StaffHints returns what is to be looked at, the oldest first.
func (s *Store) StaffHints(ctx context.Context, app core.ID, limit int) (hints []StaffHint, err error) {
	err = s.db.All(ctx, &hints, `
		SELECT user_id, note_id
		FROM staff_sync_hint
		WHERE app_id = ?
		AND noted_at <= ?
		ORDER BY noted_at, user_key
		LIMIT ?`, int64(app), s.Now().UnixMilli(), limit)
	return hints, database.Wrap("read the hints of WeWork", err)
}

// EndStaffHints takes out hints that were looked at. One that was told again meanwhile stays.
func (s *Store) EndStaffHints(ctx context.Context, turn SyncTurn, hints []StaffHint) error {
	return s.eachHint(ctx, turn, hints, "DELETE FROM staff_sync_hint WHERE app_id = ? AND note_id = ?")
}

// DelayStaffHints leaves hints for a while that could not be looked at. One that was told again meanwhile is not
// delayed.
func (s *Store) DelayStaffHints(ctx context.Context, turn SyncTurn, hints []StaffHint) error {
	return s.eachHint(ctx, turn, hints, "UPDATE staff_sync_hint SET noted_at = ? WHERE app_id = ? AND note_id = ?",
		s.Now().Add(staffHintAgain).UnixMilli())
}

func (s *Store) eachHint(ctx context.Context, turn SyncTurn, hints []StaffHint, query string, args ...any) error {
	return s.stepStaffSync(ctx, "end the hints of WeWork", turn, func(tx *database.Tx) error {
		for _, h := range hints {
			if _, err := tx.Exec(query, append(slices.Clone(args), int64(turn.App), int64(h.Note))...); err != nil {
				return err
			}
		}
		return nil
	})
}

// SyncDepartments makes the departments of an account those that its app may see.
func (s *Store) SyncDepartments(ctx context.Context, turn SyncTurn, list []core.CorpDepartment) error {
	return s.stepStaffSync(ctx, "sync departments", turn, func(tx *database.Tx) error {
		var rows []struct {
			ID     core.ID `db:"id"`
			Number int     `db:"corp_number"`
		}
		if err := tx.All(&rows, "SELECT id, corp_number FROM department WHERE app_id = ?", int64(turn.App)); err != nil {
			return err
		}
		known := map[int]core.ID{}
		for _, r := range rows {
			known[r.Number] = r.ID
		}
		listed := map[int]bool{}
		for _, d := range list {
			if listed[d.Number] = true; known[d.Number] == 0 {
				known[d.Number] = tx.NewID()
				if _, err := tx.Exec(`
					INSERT INTO department (id, parent_id, name, app_id, corp_number, place, created_at)
					VALUES (?, 0, '', ?, ?, 0, ?)`, int64(known[d.Number]), int64(turn.App), d.Number, tx.NowMS()); err != nil {
					return err
				}
			}
		}
		for _, d := range list {
			if _, err := tx.Exec("UPDATE department SET parent_id = ?, name = ?, place = ? WHERE id = ?",
				int64(known[d.Parent]), cutText(core.Clean(d.Name), 64), d.Order, int64(known[d.Number])); err != nil {
				return err
			}
		}
		for _, r := range rows {
			if listed[r.Number] {
				continue
			}
			for _, query := range []string{"DELETE FROM staff_department WHERE department_id = ?", "DELETE FROM department WHERE id = ?"} {
				if _, err := tx.Exec(query, int64(r.ID)); err != nil {
					return err
				}
			}
		}
		return setSyncPhase(tx, turn.App, core.SyncList, "")
	})
}

// SyncListed notes members of a page of the list that are in the app's range; next is the cursor of the page
// after it, "" = it was the last.
func (s *Store) SyncListed(ctx context.Context, turn SyncTurn, userIDs []string, next string) error {
	rows := make([][]any, len(userIDs))
	for i, id := range userIDs {
		rows[i] = []any{int64(turn.App), strings.ToLower(id), id, 0}
	}
	return s.stepStaffSync(ctx, "list members of WeWork", turn, func(tx *database.Tx) error {
		const columns = "app_id, user_key, user_id, done"
		if err := database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_member", columns, rows); err != nil {
			return err
		}
		if next != "" {
			return setSyncPhase(tx, turn.App, core.SyncList, next)
		}
		return setSyncPhase(tx, turn.App, core.SyncMembers, "")
	})
}

// SyncNext returns members that were listed and not asked for yet.
func (s *Store) SyncNext(ctx context.Context, app core.ID, limit int) (userIDs []string, err error) {
	err = s.db.All(ctx, &userIDs, "SELECT user_id FROM staff_sync_member WHERE app_id = ? AND done = 0 ORDER BY user_key LIMIT ?",
		int64(app), limit)
	return userIDs, database.Wrap("read the members to sync", err)
}

// SyncMembers makes staff of members, as WeWork has them now; those who are gone leave.
func (s *Store) SyncMembers(ctx context.Context, turn SyncTurn, members []core.CorpMember) error {
	var accounts, left []core.ID
	err := s.stepStaffSync(ctx, "sync members", turn, func(tx *database.Tx) error {
		accounts, left = nil, nil
		t, err := newMemberSync(tx, turn.App)
		if err != nil {
			return err
		}
		if err := t.read(tx, members); err != nil {
			return err
		}
		var gone []string
		for _, m := range members {
			if m.Gone {
				gone = append(gone, m.UserID)
			} else if err := t.put(tx, m); err != nil {
				return err
			}
		}
		if accounts, left, err = leaveMembers(tx, turn.App, gone); err != nil {
			return err
		}
		t.removed += len(left)
		if err := syncedMembers(tx, turn.App, members); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE staff_sync SET added = added + ?, changed = changed + ?, removed = removed + ? WHERE app_id = ?",
			t.added, t.changed, t.removed, int64(turn.App))
		return err
	})
	if err == nil {
		s.staffLeft(ctx, accounts, left)
	}
	return err
}

// syncedMembers takes members off those still to be asked for, and those who are gone off the list.
func syncedMembers(tx *database.Tx, app core.ID, members []core.CorpMember) error {
	done, gone := []any{int64(app)}, []any{int64(app)}
	for _, m := range members {
		if key := strings.ToLower(m.UserID); m.Gone {
			gone = append(gone, key)
		} else {
			done = append(done, key)
		}
	}
	for query, args := range map[string][]any{
		"UPDATE staff_sync_member SET done = 1 WHERE app_id = ? AND user_key IN (": done,
		"DELETE FROM staff_sync_member WHERE app_id = ? AND user_key IN (":         gone,
	} {
		if len(args) == 1 {
			continue
		}
		if _, err := tx.Exec(query+database.Placeholders(len(args)-1)+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// memberSync makes staff of members in one transaction.
type memberSync struct {
	app                     core.ID
	departments             map[int]core.ID
	communities             []core.ID             // that a new member serves
	known                   map[string]core.Staff // by the user id in lower case
	added, changed, removed int
}

func newMemberSync(tx *database.Tx, app core.ID) (*memberSync, error) {
	t := &memberSync{app: app, departments: map[int]core.ID{}}
	var rows []struct {
		ID     core.ID `db:"id"`
		Number int     `db:"corp_number"`
	}
	if err := tx.All(&rows, "SELECT id, corp_number FROM department WHERE app_id = ?", int64(app)); err != nil {
		return nil, err
	}
	for _, r := range rows {
		t.departments[r.Number] = r.ID
	}
	err := tx.All(&t.communities, "SELECT community_id FROM wechat_app_community WHERE wechat_app_id = ? ORDER BY community_id", int64(app))
	return t, err
}

// read reads those of the members who are on record, locked, in one query for all.
func (t *memberSync) read(tx *database.Tx, members []core.CorpMember) error {
	t.known = map[string]core.Staff{}
	if len(members) == 0 {
		return nil
	}
	args := []any{int64(t.app)}
	for _, m := range members {
		args = append(args, strings.ToLower(m.UserID))
	}
	var rows []staffRow
	if err := tx.All(&rows, staffColumns+"app_id = ? AND user_key IN ("+database.Placeholders(len(members))+") ORDER BY id"+
		tx.Dialect().ForUpdate(), args...); err != nil {
		return err
	}
	list := make([]core.Staff, len(rows))
	for i, row := range rows {
		list[i] = row.whole(tx.Reveal)
	}
	if err := joinStaff(list, tx.All); err != nil {
		return err
	}
	for _, m := range list {
		t.known[strings.ToLower(m.UserID)] = m
	}
	return nil
}

// put writes what WeWork says of a member; phone and the rest that was filled in here stays.
func (t *memberSync) put(tx *database.Tx, m core.CorpMember) error {
	is := core.Staff{
		Corp: t.app, UserID: m.UserID, Name: cutText(core.Clean(m.Name), core.MaxName),
		Position: cutText(core.Clean(m.Position), core.MaxStaffText),
	}
	if is.Name == "" {
		is.Name = m.UserID
	}
	for _, number := range m.Departments {
		if id := t.departments[number]; id != 0 {
			is.Departments = append(is.Departments, id)
		}
	}
	was, known := t.known[strings.ToLower(m.UserID)]
	if !known {
		is.ID, is.Communities = tx.NewID(), t.communities
		t.added++
		return insertStaff(tx, is)
	}
	switch {
	case !was.Left.IsZero():
		t.added++ // they came back; what ended when they left does not
		if _, err := tx.Exec("UPDATE staff SET left_at = NULL WHERE id = ?", int64(was.ID)); err != nil {
			return err
		}
	case was.Name == is.Name && was.Position == is.Position && slices.Equal(sortedIDs(was.Departments), sortedIDs(is.Departments)):
		return nil
	default:
		t.changed++
	}
	after := was
	after.Name, after.Position, after.Departments = is.Name, is.Position, is.Departments
	if err := writeStaff(tx, after, time.UnixMilli(tx.NextUpdated(was.Updated))); err != nil {
		return err
	}
	if err := renameGrams(tx, staffNamed(was.ID, was.Name), staffNamed(was.ID, after.Name)); err != nil {
		return err
	}
	return staffDepartments(tx, after)
}

// SyncLeave lets those leave whom a whole run did not find, and those of a company that was replaced, at most so
// many; it returns how many. replaced = only the latter.
func (s *Store) SyncLeave(ctx context.Context, turn SyncTurn, limit int, replaced bool) (n int, err error) {
	var accounts, left []core.ID
	// By the key of the table: a NOT IN makes a list of all for each.
	where := `user_key IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM staff_sync_member m WHERE m.app_id = staff.app_id AND m.user_key = staff.user_key)`
	if replaced {
		where = "user_key IS NULL"
	}
	err = s.stepStaffSync(ctx, "let members leave", turn, func(tx *database.Tx) error {
		accounts, left = nil, nil
		if err := tx.All(&left, "SELECT id FROM staff WHERE app_id = ? AND left_at IS NULL AND "+where+" ORDER BY id LIMIT ?",
			int64(turn.App), limit); err != nil {
			return err
		}
		for _, id := range left {
			ended, err := leaveByID(tx, id)
			if err != nil {
				return err
			}
			accounts = append(accounts, ended...)
		}
		_, err := tx.Exec("UPDATE staff_sync SET removed = removed + ? WHERE app_id = ?", len(left), int64(turn.App))
		return err
	})
	if err == nil {
		s.staffLeft(ctx, accounts, left)
	}
	return len(left), err
}

// CountSynced returns how many members a run has found in the app's range.
func (s *Store) CountSynced(ctx context.Context, app core.ID) (n int, err error) {
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM staff_sync_member WHERE app_id = ?", int64(app))
	return n, database.Wrap("count the members found", err)
}

// EndStaffSync ends a server's turn. whole says that a run has come to its end, or failed with a problem in words:
// then it is tried again the next night, or when somebody asks.
func (s *Store) EndStaffSync(ctx context.Context, turn SyncTurn, whole bool, problem string) error {
	return s.db.Write(ctx, "end a sync of staff", func(tx *database.Tx) error {
		set, args := "runner = ''", []any{}
		if whole {
			set += ", run_id = 0, ended_at = ?, problem = ?"
			args = append(args, tx.NowMS(), cutText(problem, maxWechatProblem))
		}
		if err := tx.ExecOne(errSyncGone, "UPDATE staff_sync SET "+set+" WHERE app_id = ? AND runner = ?",
			append(args, int64(turn.App), turn.Runner)...); err != nil {
			return err
		}
		if !whole {
			return nil
		}
		_, err := tx.Exec("DELETE FROM staff_sync_member WHERE app_id = ?", int64(turn.App))
		return err
	})
}

// replaceStaff takes the staff of a company out of its sync, by a few statements, however many they are. Those who
// stay are kept by hand from now on, with their departments; the others are without a key, and leave within seconds.
func replaceStaff(tx *database.Tx, app core.ID, stay bool) error {
	queries := []string{
		"UPDATE staff SET app_id = 0, user_id = '', user_key = NULL WHERE app_id = ?",
		"UPDATE department SET app_id = 0, corp_number = NULL WHERE app_id = ?",
	}
	if !stay {
		queries = []string{
			"UPDATE staff SET app_id = 0, user_key = NULL WHERE app_id = ? AND left_at IS NOT NULL",
			"UPDATE staff SET user_key = NULL WHERE app_id = ?",
		}
	}
	queries = append(queries, "DELETE FROM staff_sync_member WHERE app_id = ?", "DELETE FROM staff_sync_hint WHERE app_id = ?")
	for _, query := range queries {
		if _, err := tx.Exec(query, int64(app)); err != nil {
			return err
		}
	}
	if err := needStaffSync(tx, app); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE staff_sync SET asked_at = ?, runner = '', run_id = 0 WHERE app_id = ?", tx.NowMS(), int64(app))
	return err
}
