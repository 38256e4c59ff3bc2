package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

func setSyncPhase(tx *database.Tx, app core.ID, phase core.StaffSyncPhase, cursor string) error {
	_, err := tx.Exec("UPDATE staff_sync SET phase = ?, page_cursor = ? WHERE app_id = ? AND run_id <> 0", int(phase), cursor, int64(app))
	return err
}

// SyncDepartments makes the departments of an account those that its app may see. A run that is beyond them stays where
// it is.
func (s *Store) SyncDepartments(ctx context.Context, turn SyncTurn, list []core.CorpDepartment) error {
	return s.stepStaffSync(ctx, "sync departments", turn, func(tx *database.Tx) error {
		known, err := departmentsByNumber(tx, turn.App)
		if err != nil {
			return err
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
		for _, number := range slices.Sorted(maps.Keys(known)) {
			if listed[number] {
				continue
			}
			for _, query := range []string{"DELETE FROM staff_department WHERE department_id = ?", "DELETE FROM department WHERE id = ?"} {
				if _, err := tx.Exec(query, int64(known[number])); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec("UPDATE staff_sync SET phase = ?, page_cursor = '' WHERE app_id = ? AND run_id <> 0 AND phase = ?",
			int(core.SyncList), int64(turn.App), int(core.SyncDepartments))
		return err
	})
}

const syncMemberColumns = "app_id, user_key, user_id, done"

// SyncListed notes members of a page of the list that are in the app's range; next is the cursor of the page
// after it, "" = it was the last.
func (s *Store) SyncListed(ctx context.Context, turn SyncTurn, userIDs []string, next string) error {
	rows := make([][]any, len(userIDs))
	for i, id := range userIDs {
		rows[i] = []any{int64(turn.App), strings.ToLower(id), id, 0}
	}
	return s.stepStaffSync(ctx, "list members of WeWork", turn, func(tx *database.Tx) error {
		if err := database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_member", syncMemberColumns, rows); err != nil {
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

// SyncMembers makes staff of members, as WeWork has them now; those who are gone leave. Those who are unseen are taken off
// the list of a run, which lets them leave at its end.
func (s *Store) SyncMembers(ctx context.Context, turn SyncTurn, members []core.CorpMember) error {
	var accounts, left []core.ID
	err := s.stepStaffSync(ctx, "sync members", turn, func(tx *database.Tx) error {
		accounts, left = nil, nil
		members := slices.Clone(members)
		t, err := newMemberSync(tx, turn.App)
		if err != nil {
			return err
		}
		if err := t.read(tx, members); err != nil {
			return err
		}
		var gone []string
		for i, m := range members {
			if t.overtaken(m) {
				members[i].Gone, m.Gone = true, true
				if err := askMemberLater(tx, turn.App, m.UserID); err != nil {
					return err
				}
			}
			switch {
			case m.Unseen:
			case m.Gone:
				gone = append(gone, m.UserID)
			default:
				if err := t.put(tx, m); err != nil {
					return err
				}
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

// syncedMembers takes members off those still to be asked for, and those who are gone or unseen off the list. Those whom a hint
// told of while a run is under way are noted as found by it: its list may have been read before.
func syncedMembers(tx *database.Tx, app core.ID, members []core.CorpMember) error {
	done, gone := []any{int64(app)}, []any{int64(app)}
	var found [][]any
	for _, m := range members {
		key := strings.ToLower(m.UserID)
		if m.Gone || m.Unseen {
			gone = append(gone, key)
			continue
		}
		done, found = append(done, key), append(found, []any{int64(app), key, m.UserID, 1})
	}
	var run core.ID
	if err := tx.Get(&run, "SELECT run_id FROM staff_sync WHERE app_id = ?", int64(app)); err != nil {
		return err
	}
	if run != 0 {
		if err := database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_member", syncMemberColumns, found); err != nil {
			return err
		}
	}
	for query, args := range map[string][]any{
		"UPDATE staff_sync_member SET done = 1 WHERE app_id = ? AND user_key IN (":                       done,
		"UPDATE staff SET unseen_at = NULL WHERE unseen_at IS NOT NULL AND app_id = ? AND user_key IN (": done,
		"DELETE FROM staff_sync_member WHERE app_id = ? AND user_key IN (":                               gone,
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
	departments, err := departmentsByNumber(tx, app)
	if err != nil {
		return nil, err
	}
	t := &memberSync{app: app, departments: departments}
	err = tx.All(&t.communities, "SELECT community_id FROM wechat_app_community WHERE wechat_app_id = ? ORDER BY community_id", int64(app))
	return t, err
}

// departmentsByNumber returns the departments of an account by WeWork's numbers of them.
func departmentsByNumber(tx *database.Tx, app core.ID) (map[int]core.ID, error) {
	var rows []struct {
		ID     core.ID `db:"id"`
		Number int     `db:"corp_number"`
	}
	err := tx.All(&rows, "SELECT id, corp_number FROM department WHERE app_id = ?", int64(app))
	departments := make(map[int]core.ID, len(rows))
	for _, r := range rows {
		departments[r.Number] = r.ID
	}
	return departments, err
}

// read reads those of the members who are on record, locked, in one query for all.
func (t *memberSync) read(tx *database.Tx, members []core.CorpMember) error {
	t.known = map[string]core.Staff{}
	if len(members) == 0 {
		return nil
	}
	args, found := []any{int64(t.app)}, []string{}
	for _, m := range members {
		if args = append(args, strings.ToLower(m.UserID)); !m.Unseen {
			found = append(found, m.UserID)
		}
	}
	if err := takeBackMembers(tx, t.app, found); err != nil {
		return err
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

// overtaken reports whether a member left after WeWork was asked about them: what it answered is old by now.
func (t *memberSync) overtaken(m core.CorpMember) bool {
	left := t.known[strings.ToLower(m.UserID)].Left
	return !m.Gone && !m.Unseen && !m.Asked.IsZero() && !left.IsZero() && left.Add(clocksApart).After(m.Asked)
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
	if !was.Left.IsZero() {
		taken := oneStaffAPhone(tx, core.Everywhere, was.ID, was.Phone)
		if core.IsInvalid(taken) { // somebody has taken over the number meanwhile
			after.Phone, taken = "", nil
		}
		if taken != nil {
			return taken
		}
	}
	if err := writeStaff(tx, after, time.UnixMilli(tx.NextUpdated(was.Updated))); err != nil {
		return err
	}
	if err := renameGrams(tx, staffNamed(was.ID, was.Name), staffNamed(was.ID, after.Name)); err != nil {
		return err
	}
	return staffDepartments(tx, after)
}

// notSynced is the condition that staff were not found by a whole run. By the key of the table: a NOT IN makes a list of all
// for each. Whom WeWork told of meanwhile is looked at first.
const notSynced = `user_key IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM staff_sync_member m WHERE m.app_id = staff.app_id AND m.user_key = staff.user_key)
	AND NOT EXISTS (SELECT 1 FROM staff_sync_hint h WHERE h.app_id = staff.app_id AND h.user_key = staff.user_key)`

// HoldSyncLeave counts whom a whole run did not find, of the staff of its company. If they are too many to leave without a
// word of an operator, or more than one has said, it notes who they are, tells who looks after messages, and reports true.
func (s *Store) HoldSyncLeave(ctx context.Context, turn SyncTurn) (leaving, staff int, held bool, err error) {
	err = s.stepStaffSync(ctx, "count who would leave", turn, func(tx *database.Tx) error {
		if err := tx.Get(&staff, "SELECT COUNT(*) FROM staff WHERE app_id = ? AND left_at IS NULL", int64(turn.App)); err != nil {
			return err
		}
		if err := tx.Get(&leaving, "SELECT COUNT(*) FROM staff WHERE app_id = ? AND left_at IS NULL AND "+notSynced,
			int64(turn.App)); err != nil {
			return err
		}
		var told, allowed int
		if err := tx.Get(&allowed, "SELECT may_leave FROM staff_sync WHERE app_id = ?", int64(turn.App)); err != nil {
			return err
		}
		if err := tx.Get(&told, "SELECT leaving FROM staff_sync WHERE app_id = ?", int64(turn.App)); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE staff SET unseen_at = NULL WHERE app_id = ? AND unseen_at IS NOT NULL", int64(turn.App)); err != nil {
			return err
		}
		noted := 0
		if held = core.TooManyLeave(leaving, staff) && leaving > allowed; held {
			noted = leaving
			if _, err := tx.Exec("UPDATE staff SET unseen_at = ? WHERE app_id = ? AND left_at IS NULL AND "+notSynced,
				tx.NowMS(), int64(turn.App)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE staff_sync SET leaving = ? WHERE app_id = ?", noted, int64(turn.App)); err != nil || noted == told {
			return err
		}
		if !held {
			return nil
		}
		return notifyAll(tx, core.NoticeAudience{Needs: core.PermMessageView}, core.Notice{
			Stem: "staff", Title: fmt.Sprintf("同步企业微信：%d 名员工不在可见范围内，离职要人工确认", leaving),
			Link: "wechatapp/" + turn.App.String(),
		}, core.MessageAlarm)
	})
	return leaving, staff, held, err
}

// SyncLeave lets those leave whom a whole run did not find, at most so many; it returns how many.
func (s *Store) SyncLeave(ctx context.Context, turn SyncTurn, limit int) (n int, err error) {
	var accounts, left []core.ID
	err = s.stepStaffSync(ctx, "let members leave", turn, func(tx *database.Tx) error {
		accounts, left = nil, nil
		if err := tx.All(&left, "SELECT id FROM staff WHERE app_id = ? AND left_at IS NULL AND "+notSynced+" ORDER BY id LIMIT ?",
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
