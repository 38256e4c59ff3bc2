package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// dedicatedPass is the pass of a member of an institution. It is valid in the institution's communities: the row of
// institution_community is that of the door's.
var dedicatedPass = passKind{
	kind: core.PassDedicated,
	join: `
LEFT JOIN institution_member m ON p.kind = 'dedicated' AND m.id = p.holder_id
LEFT JOIN institution mi ON mi.id = m.institution_id
LEFT JOIN institution_community mc
	ON mc.institution_id = m.institution_id AND mc.community_id = COALESCE(r.community_id, g.community_id)`,
	columns: `
	COALESCE(m.id, 0) AS member_id, COALESCE(m.from_day, 0) AS member_from, COALESCE(m.until_day, 0) AS member_until,
	COALESCE(m.face_id, 0) AS member_face, COALESCE(mc.community_id, 0) AS member_here, m.disabled_at AS member_disabled,
	mi.disabled_at AS institution_disabled`,
	name: "m.name", place: "mi.name",
	fill: func(r *scanRow, f *core.Facts) { r.dedicatedFacts.fill(f) },
	here: func(r *scanRow, community core.ID) bool { return community != 0 && r.MemberHere == community },
	communities: func(all readAll, holder core.ID) (ids []core.ID, err error) {
		err = all(&ids, `
			SELECT c.community_id
			FROM institution_member m
			JOIN institution_community c ON c.institution_id = m.institution_id
			WHERE m.id = ?
			ORDER BY c.community_id`, int64(holder))
		return ids, err
	},
	list: func(int64) (string, []any) { return dedicatedPassQuery, nil },
	compare: func(_ context.Context, _ *Store, r *scanRow, p *Preview) error {
		p.Photo = r.MemberFace
		return nil
	},
	inside: membersInside,
}

// dedicatedFacts are facts of dedicated passes only.
type dedicatedFacts struct {
	Member              core.ID         `db:"member_id"`
	MemberFrom          core.Day        `db:"member_from"`
	MemberUntil         core.Day        `db:"member_until"`
	MemberFace          core.ID         `db:"member_face"`
	MemberHere          core.ID         `db:"member_here"` // the door's community, if the institution may enter it
	MemberDisabled      database.Millis `db:"member_disabled"`
	InstitutionDisabled database.Millis `db:"institution_disabled"`
}

// fill adds the facts of this member's pass.
func (r *dedicatedFacts) fill(f *core.Facts) {
	f.PassEnabled = f.PassEnabled && r.Member != 0
	f.Dedicated = core.DedicatedFacts{
		From: r.MemberFrom, Until: r.MemberUntil, Member: r.MemberDisabled.IsZero(), Institution: r.InstitutionDisabled.IsZero(),
	}
}

// dedicatedPassQuery finds the passes of members, by the name under which the person is known: a number alone does not
// say who has it now. One that is over or disabled is found too, and says so.
const dedicatedPassQuery = `
	SELECT p.id AS id,
		p.kind,
		p.community_id,
		COALESCE((
			SELECT GROUP_CONCAT(c.name)
			FROM institution_community l
			JOIN community c ON c.id = l.community_id
			WHERE l.institution_id = m.institution_id AND c.archived_at IS NULL
		), '') AS community,
		'' AS office_phone,
		p.person_id,
		p.holder_id,
		m.name,
		'' AS identity,
		0 AS house_id,
		i.name AS label,
		m.until_day AS lease_day
	FROM pass p
	JOIN institution_member m ON m.id = p.holder_id
	JOIN institution i ON i.id = m.institution_id
	WHERE p.kind = 'dedicated'
		AND EXISTS (
			SELECT 1
			FROM wechat_user u
			WHERE u.person_id = p.person_id AND u.name_fold = m.name_fold AND u.merged_into = 0
		)
		AND `
