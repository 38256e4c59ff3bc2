package store

import (
	"context"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// staffAtWork is the condition that a staff member is in WeWork of a company in use.
const staffAtWork = `left_at IS NULL
	AND user_key IS NOT NULL
	AND app_id IN (SELECT id FROM wechat_app WHERE disabled_at IS NULL)
	AND `

// StaffAtWork returns a staff member who works here and is a member of a company in use, the phone number masked and
// nothing else that is personal.
func (s *Store) StaffAtWork(ctx context.Context, id core.ID) (core.Staff, error) {
	return s.oneAtWork(ctx, "id = ?", int64(id))
}

// StaffOfMember returns the staff member whom a company knows by a user id; see StaffAtWork.
func (s *Store) StaffOfMember(ctx context.Context, app core.ID, userID string) (core.Staff, error) {
	return s.oneAtWork(ctx, "app_id = ? AND user_key = ?", int64(app), strings.ToLower(userID))
}

func (s *Store) oneAtWork(ctx context.Context, where string, args ...any) (core.Staff, error) {
	var row staffRow
	if err := s.db.Get(ctx, &row, staffColumns+staffAtWork+where, args...); err != nil {
		return core.Staff{}, database.Wrap("read staff at work", database.NotFoundIfNoRows(err, noStaff))
	}
	row.Wechat, row.Address = "", ""
	list, err := s.staff(ctx, []staffRow{row})
	if err != nil {
		return core.Staff{}, err
	}
	return list[0], nil
}

// AccountOfStaff returns the account in service that belongs to a staff member.
func (s *Store) AccountOfStaff(ctx context.Context, m core.Staff) (core.Account, error) {
	list, err := s.accounts(ctx, "id = ? AND disabled_at IS NULL", int64(m.Account))
	if err == nil && len(list) == 0 {
		err = core.NotFound(noAccount)
	}
	if err != nil {
		return core.Account{}, err
	}
	return list[0], nil
}

// StaffPost is a post at which a staff member is a guard.
type StaffPost struct {
	ID        core.ID `db:"id"`
	Name      string  `db:"name"`
	Community core.ID `db:"community_id"`
}

// StaffPosts returns the posts in service of the guards with a staff member's mobile number.
func (s *Store) StaffPosts(ctx context.Context, id core.ID) (posts []StaffPost, err error) {
	err = s.db.All(ctx, &posts, `
		SELECT p.id, p.name, p.community_id
		FROM guard_post p
		WHERE p.disabled_at IS NULL
		AND p.id IN (
			SELECT a.post_id
			FROM staff m
			JOIN guard g ON g.phone_mac = m.phone_mac
			JOIN guard_assignment a ON a.guard_id = g.id
			WHERE m.id = ?
			AND m.phone_mac <> ''
			AND m.left_at IS NULL
			AND g.disabled_at IS NULL
		)
		ORDER BY p.community_id, p.sort_key, p.id
		LIMIT 100`, int64(id))
	return posts, database.Wrap("read the posts of staff", err)
}

// GuardOfStaff returns the guard in service who a staff member in WeWork is: the one with the mobile number that WeWork itself
// told of them. A number that somebody typed proves nothing. Of the guards of several communities it is the one at a post,
// 0 for the first.
func (s *Store) GuardOfStaff(ctx context.Context, id, post core.ID) (core.Guard, error) {
	return s.oneGuard(ctx, guardColumns+`disabled_at IS NULL
		AND phone_mac <> ''
		AND phone_mac = (
			SELECT phone_mac
			FROM staff
			WHERE `+staffAtWork+`id = ?
			AND phone_told_at IS NOT NULL
		)
		ORDER BY CASE WHEN id IN (SELECT guard_id FROM guard_assignment WHERE post_id = ?) THEN 0 ELSE 1 END, id
		LIMIT 1`, int64(id), int64(post))
}

// BindStaffPhone sets the mobile number that a staff member let WeWork tell, which proves from now on who they are. One that
// another has who works here is refused.
func (s *Store) BindStaffPhone(ctx context.Context, by core.Actor, id core.ID, phone string) error {
	phone, err := core.NormalizeMobile(phone)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "bind the phone of staff", func(tx *database.Tx) error {
		old, err := lockStaff(tx, core.Everywhere, id)
		if err != nil || old.Phone == phone && !old.PhoneTold.IsZero() {
			return err
		}
		before, _, err := auditOfStaff(tx, id)
		if err != nil {
			return err
		}
		after := old
		after.Phone = phone
		if err := writeStaff(tx, after, time.UnixMilli(tx.NextUpdated(old.Updated))); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE staff SET phone_told_at = ? WHERE id = ?", tx.NowMS(), int64(id)); err != nil {
			return err
		}
		now, _, err := auditOfStaff(tx, id)
		if err != nil {
			return err
		}
		now.Phone = maskedChange(old.Phone, phone, core.MaskPhone)
		// The audit row's lock makes additions run one after another, so that they see each other's numbers.
		if err := audit.Write(tx, by, audit.Entry{
			Action: "staff.phone", Subject: audit.Target("staff", id), Before: before, After: now,
		}); err != nil {
			return err
		}
		return oneStaffAPhone(tx, core.ScopeOf(old.Communities...), id, phone)
	})
}
