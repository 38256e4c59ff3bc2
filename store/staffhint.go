package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// staffHintAgain is when what WeWork told of is looked at again, after that failed.
const staffHintAgain = time.Minute

const staffHintColumns = "app_id, user_key, user_id, note_id, noted_at, unseen"

// NoteStaffHint records what WeWork tells of a change. A deleted member leaves at once; the rest is looked at
// within seconds by the server that syncs.
func (s *Store) NoteStaffHint(ctx context.Context, app core.ID, h core.CorpHint) error {
	var accounts, left []core.ID
	err := s.db.Write(ctx, "note a change of WeWork", func(tx *database.Tx) (err error) {
		accounts, left = nil, nil
		if err := needStaffSync(tx, app); err != nil {
			return err
		}
		if h.Whole {
			return askStaffSync(tx, app)
		}
		if h.Gone {
			// Looked at once more: an answer from before may be on its way to here.
			if accounts, left, err = leaveMembers(tx, app, []string{h.UserID}); err != nil {
				return err
			}
			return askMemberLater(tx, app, h.UserID)
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
		return database.InsertRows(tx, database.InsertInto, "staff_sync_hint", staffHintColumns,
			[][]any{{int64(app), key, h.UserID, int64(tx.NewID()), tx.NowMS(), 0}})
	})
	if err == nil {
		s.staffLeft(ctx, accounts, left)
	}
	return err
}

// NoteStaffHints records in one write that WeWork is to be asked about members, and about the departments: a tag may be
// put on thousands at once, and WeWork waits a few seconds for the answer.
func (s *Store) NoteStaffHints(ctx context.Context, app core.ID, userIDs []string) error {
	byKey := map[string]string{"": ""}
	for _, id := range userIDs {
		byKey[strings.ToLower(id)] = id
	}
	keys := slices.Sorted(maps.Keys(byKey)) // in one order: two at once must not wait for each other
	return s.db.Write(ctx, "note changes of WeWork", func(tx *database.Tx) error {
		if err := needStaffSync(tx, app); err != nil {
			return err
		}
		rows := make([][]any, len(keys))
		for i, key := range keys {
			rows[i] = []any{int64(app), key, byKey[key], int64(tx.NewID()), tx.NowMS(), 0}
		}
		err := database.EachPart(keys, func(part []string) error {
			args := []any{int64(app)}
			for _, key := range part {
				args = append(args, key)
			}
			in := "user_key IN (" + database.Placeholders(len(part)) + ")"
			_, err := tx.Exec("DELETE FROM staff_sync_hint WHERE app_id = ? AND "+in, args...)
			return err
		})
		if err != nil {
			return err
		}
		return database.InsertRows(tx, database.InsertInto, "staff_sync_hint", staffHintColumns, rows)
	})
}

// askMemberLater lets WeWork be asked about a member once more, when no answer from before can be under way.
func askMemberLater(tx *database.Tx, app core.ID, userID string) error {
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_hint", staffHintColumns,
		[][]any{{int64(app), strings.ToLower(userID), userID, int64(tx.NewID()), tx.Now().Add(readBack).UnixMilli(), 0}})
}

// staffLeft tells the servers of sessions that have ended.
func (s *Store) staffLeft(ctx context.Context, accounts, left []core.ID) {
	s.subjectsChanged(ctx, core.SessionAccount, accounts)
	s.subjectsChanged(ctx, core.SessionStaff, left)
}

// renameMember records that a member has another user id.
func renameMember(tx *database.Tx, app core.ID, h core.CorpHint) error {
	if err := takeBackMembers(tx, app, []string{h.UserID, h.NewUserID}); err != nil {
		return err
	}
	var taken []core.ID
	err := tx.All(&taken, "SELECT id FROM staff WHERE app_id = ? AND user_key = ?", int64(app), strings.ToLower(h.NewUserID))
	if err != nil || len(taken) > 0 {
		return err
	}
	was, is := strings.ToLower(h.UserID), strings.ToLower(h.NewUserID)
	if _, err := tx.Exec("UPDATE staff SET user_id = ?, user_key = ? WHERE app_id = ? AND user_key = ?",
		h.NewUserID, is, int64(app), was); err != nil {
		return err
	}
	// A run under way that has listed the old id has found them.
	var listed []int
	if err := tx.All(&listed, "SELECT done FROM staff_sync_member WHERE app_id = ? AND user_key = ?", int64(app), was); err != nil ||
		len(listed) == 0 {
		return err
	}
	if _, err := tx.Exec("DELETE FROM staff_sync_member WHERE app_id = ? AND user_key = ?", int64(app), was); err != nil {
		return err
	}
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_member", syncMemberColumns,
		[][]any{{int64(app), is, h.NewUserID, listed[0]}})
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
		AND unseen = 0
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

// NoteUnseenHints notes of hints that WeWork does not show their members: see LeaveUnseen. One that was told again meanwhile
// is looked at once more.
func (s *Store) NoteUnseenHints(ctx context.Context, turn SyncTurn, hints []StaffHint) error {
	return s.eachHint(ctx, turn, hints, "UPDATE staff_sync_hint SET unseen = 1 WHERE app_id = ? AND note_id = ?")
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

// LeaveUnseen lets those leave of whom WeWork told and whom it did not show when it was asked, at most so many; it returns how
// many. They are counted together, and with those who have left since the last whole run: one tag may take thousands out of
// the app's range. If they are too many to leave without a word of an operator, a whole run counts and holds them. Those about
// whom an operator is asked already wait for the answer.
func (s *Store) LeaveUnseen(ctx context.Context, turn SyncTurn, limit int) (n int, err error) {
	if err := s.db.Get(ctx, &n, "SELECT COUNT(*) FROM staff_sync_hint WHERE app_id = ? AND unseen = 1", int64(turn.App)); err != nil ||
		n == 0 { // most turns need no transaction
		return 0, database.Wrap("count the members who are unseen", err)
	}
	var accounts, left []core.ID
	err = s.stepStaffSync(ctx, "let unseen members leave", turn, func(tx *database.Tx) error {
		accounts, left = nil, nil
		leaving, err := unseenByHints(tx, turn.App)
		if err != nil {
			return err
		}
		many, err := tooManyUnseen(tx, turn.App, len(leaving))
		if err != nil {
			return err
		}
		switch {
		case many:
			// A run under way counts them itself: they are off its list.
			if _, err := tx.Exec("UPDATE staff_sync SET asked_at = ? WHERE app_id = ? AND (run_id = 0 OR problem <> '')",
				tx.NowMS(), int64(turn.App)); err != nil {
				return err
			}
			leaving = nil
		case len(leaving) > limit:
			left = leaving[:limit]
		default:
			left = leaving
		}
		for _, id := range left {
			ended, err := leaveByID(tx, id)
			if err != nil {
				return err
			}
			accounts = append(accounts, ended...)
		}
		if _, err := tx.Exec("UPDATE staff_sync SET removed = removed + ? WHERE app_id = ?", len(left), int64(turn.App)); err != nil ||
			len(left) < len(leaving) {
			return err
		}
		_, err = tx.Exec("DELETE FROM staff_sync_hint WHERE app_id = ? AND unseen = 1", int64(turn.App))
		return err
	})
	if err == nil {
		s.staffLeft(ctx, accounts, left)
	}
	return len(left), err
}

// unseenByHints returns the staff whom WeWork did not show after it had told of them, without those about whom an operator is
// asked.
func unseenByHints(tx *database.Tx, app core.ID) (ids []core.ID, err error) {
	err = tx.All(&ids, `
		SELECT m.id
		FROM staff m
		JOIN staff_sync_hint h ON h.app_id = m.app_id AND h.user_key = m.user_key
		WHERE h.app_id = ?
		AND h.unseen = 1
		AND m.left_at IS NULL
		AND m.unseen_at IS NULL
		ORDER BY m.id`, int64(app))
	return ids, err
}

// tooManyUnseen reports whether so many are rather a mistake, with those who have left since the last whole run.
func tooManyUnseen(tx *database.Tx, app core.ID, leaving int) (bool, error) {
	if leaving == 0 {
		return false, nil
	}
	var here, gone int
	if err := tx.Get(&here, "SELECT COUNT(*) FROM staff WHERE app_id = ? AND left_at IS NULL", int64(app)); err != nil {
		return false, err
	}
	err := tx.Get(&gone, `
		SELECT COUNT(*)
		FROM staff m
		JOIN staff_sync y ON y.app_id = m.app_id
		WHERE m.app_id = ?
		AND m.left_at > COALESCE(y.ended_at, 0)`, int64(app))
	return core.TooManyLeave(leaving+gone, here+gone), err
}
