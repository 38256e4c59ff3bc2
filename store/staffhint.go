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
		return database.InsertRows(tx, database.InsertInto, "staff_sync_hint", "app_id, user_key, user_id, note_id, noted_at",
			[][]any{{int64(app), key, h.UserID, int64(tx.NewID()), tx.NowMS()}})
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
			rows[i] = []any{int64(app), key, byKey[key], int64(tx.NewID()), tx.NowMS()}
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
		return database.InsertRows(tx, database.InsertInto, "staff_sync_hint", "app_id, user_key, user_id, note_id, noted_at", rows)
	})
}

// askMemberLater lets WeWork be asked about a member once more, when no answer from before can be under way.
func askMemberLater(tx *database.Tx, app core.ID, userID string) error {
	return database.InsertRows(tx, tx.Dialect().InsertIgnore(), "staff_sync_hint", "app_id, user_key, user_id, note_id, noted_at",
		[][]any{{int64(app), strings.ToLower(userID), userID, int64(tx.NewID()), tx.Now().Add(readBack).UnixMilli()}})
}

// staffLeft tells the servers of sessions that have ended.
func (s *Store) staffLeft(ctx context.Context, accounts, left []core.ID) {
	s.subjectsChanged(ctx, core.SessionAccount, accounts)
	s.subjectsChanged(ctx, core.SessionStaff, left)
}

// renameMember records that a member has another user id.
func renameMember(tx *database.Tx, app core.ID, h core.CorpHint) error {
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
