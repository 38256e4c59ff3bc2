package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// lookAgain is for how long another look at the same person by the same account or guard is part of the one before.
const lookAgain = time.Hour

// personLookActs are the acts of looking at somebody's data: whole numbers, pictures, passages.
var personLookActs = []string{"accessrecord.look", "photo.view", "resident.reveal"}

// accessRecordLookAudit is what the audit log records of who looked at somebody's passages.
type accessRecordLookAudit struct {
	Label string `json:"label"`
	Gate  string `json:"gate,omitempty"` // the post of a guard who looked the person up
}

// LookAtPerson notes that an account looks at the passages of one person, for the person to know. Residents of the scope alone are told of.
func (s *Store) LookAtPerson(ctx context.Context, by core.Actor, scope core.Scope, person core.ID) error {
	where, args := database.ScopeWhere(scope, "t.community_id")
	return s.look(ctx, by, "", "t.person_id = ? AND "+where, append([]any{int64(person)}, args...)...)
}

// LookAtPass notes that a guard looked the holder of a resident pass up, without a code of theirs.
func (s *Store) LookAtPass(ctx context.Context, by core.Actor, post core.GuardPost, pass core.ID) error {
	return s.look(ctx, by, post.Name, "t.community_id = ? AND t.id = (SELECT holder_id FROM pass WHERE id = ? AND kind = 'resident')",
		int64(post.Community), int64(pass))
}

func (s *Store) look(ctx context.Context, by core.Actor, gate, where string, args ...any) error {
	return s.db.Write(ctx, "note who looked", func(tx *database.Tx) error {
		var found []struct {
			ID        core.ID `db:"id"`
			Community core.ID `db:"community_id"`
			Label     string  `db:"label"`
		}
		if err := tx.All(&found, `
			SELECT t.id, t.community_id, h.label
			FROM resident t
			JOIN house h ON h.id = t.house_id
			WHERE t.moved_out_at IS NULL
			AND `+where+`
			ORDER BY t.id
			LIMIT 20`, args...); err != nil {
			return err
		}
		for _, r := range found {
			subject := audit.Target("resident", r.ID)
			var known int
			since := int64(database.FirstID(tx.Now().Add(-lookAgain)))
			if err := tx.Get(&known, `
				SELECT COUNT(*)
				FROM audit_log
				WHERE target = ?
				AND action = 'accessrecord.look'
				AND actor_kind = ?
				AND actor_id = ?
				AND id >= ?`, subject.String(), string(by.Kind), int64(by.ID), since); err != nil {
				return err
			}
			if known > 0 {
				continue
			}
			if err := audit.Write(tx, by, audit.Entry{
				Community: r.Community, Action: "accessrecord.look", Subject: subject, After: accessRecordLookAudit{r.Label, gate},
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// OwnLooks lists a page of who looked at the data of a WeChat user 谁看过我, newest first: in all their homes.
func (s *Store) OwnLooks(ctx context.Context, user core.WechatUser, page Page) (list []core.AuditRecord, more bool, err error) {
	if user.Person == 0 {
		return nil, false, nil
	}
	targets, err := s.TargetsOf(ctx, core.Everywhere, user.Person)
	if err != nil || len(targets) == 0 {
		return nil, false, err
	}
	return s.AuditRecords(ctx, core.Everywhere, core.AuditFilter{Actions: personLookActs, Targets: targets}, page)
}
