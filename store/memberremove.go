package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// memberPassed reports whether a member has passed a door, or was refused at one, in whichever community.
func memberPassed(get func(dest any, query string, args ...any) error, id core.ID) (bool, error) {
	var n int
	err := get(&n, `
		SELECT COUNT(*)
		FROM (
			SELECT 1 AS passed
			FROM pass p
			CROSS JOIN community c
			JOIN access_record a ON a.community_id = c.id AND a.person_id = p.person_id AND a.pass_id = p.id
			WHERE p.kind = 'dedicated' AND p.holder_id = ?
			UNION ALL
			SELECT 1 AS passed
			FROM institution_member
			WHERE id = ?
			AND passed = 1
			LIMIT 1
		) found`, int64(id), int64(id))
	return n > 0, err
}

// MemberPassed reports whether records of doors lead to a member: then they cannot be removed.
func (s *Store) MemberPassed(ctx context.Context, id core.ID) (bool, error) {
	passed, err := memberPassed(func(dest any, query string, args ...any) error { return s.db.Get(ctx, dest, query, args...) }, id)
	return passed, database.Wrap("look for a member's passages", err)
}

// RemoveMember deletes a member who was added by mistake, with their pass and pictures. Who has passed a door, or was refused
// at one, is disabled instead: the records lead to them.
func (s *Store) RemoveMember(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "remove a member", func(tx *database.Tx) error {
		m, i, err := lockMember(tx, scope, id)
		if err != nil {
			return err
		}
		passed, err := memberPassed(tx.Get, id)
		if err != nil {
			return err
		}
		if passed {
			return core.Conflict("成员已有出入记录，不能删除，可以停用")
		}
		if _, err := removePhotosIn(tx, "use_stem = 'member' AND use_id = ?", int64(id)); err != nil {
			return err
		}
		if err := deleteMember(tx, id); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: i.Communities[0], Action: "member.remove", Subject: audit.Target("member", id), Before: auditOfMember(m),
		})
	})
}
