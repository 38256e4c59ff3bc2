package store

import (
	"context"
	"fmt"
	"strings"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// memberNotWarned is the condition that a member's pass ends within two days ?, and nobody was told of that end.
const memberNotWarned = "until_day >= ? AND until_day < ? AND warned_day <> until_day AND disabled_at IS NULL"

// WarnMembers tells members whose passes end within core.MemberDueDays, and the office once for each institution, of
// each end of validity. Each institution is a transaction: two servers at once tell once.
func (s *Store) WarnMembers(ctx context.Context) error {
	today := core.DayOf(s.Now(), s.zone)
	var institutions []core.ID
	err := s.db.All(ctx, &institutions, `
		SELECT DISTINCT institution_id
		FROM institution_member
		WHERE `+memberNotWarned+`
			AND institution_id IN (SELECT id FROM institution WHERE disabled_at IS NULL)
		ORDER BY institution_id`, int32(today), int32(today+core.MemberDueDays))
	if err != nil {
		return database.Wrap("members whose passes end", err)
	}
	for _, id := range institutions {
		err := s.db.Write(ctx, "warn members", func(tx *database.Tx) error { return warnMembers(tx, id, today) })
		if err != nil {
			return err
		}
	}
	return nil
}

// dueMember is a member whose pass ends soon.
type dueMember struct {
	ID     core.ID  `db:"id"`
	Name   string   `db:"name_fold"`
	Until  core.Day `db:"until_day"`
	Person core.ID  `db:"person_id"`
}

func warnMembers(tx *database.Tx, institution core.ID, today core.Day) error {
	i, err := lockInstitution(tx, core.Everywhere, institution)
	if err != nil || !i.Disabled.IsZero() {
		return err
	}
	var due []dueMember
	if err := tx.All(&due, `
		SELECT m.id, m.name_fold, m.until_day, p.person_id
		FROM institution_member m
		JOIN pass p ON p.kind = 'dedicated' AND p.holder_id = m.id
		WHERE m.institution_id = ? AND m.`+strings.ReplaceAll(memberNotWarned, " AND ", " AND m.")+`
		ORDER BY m.until_day, m.id`, int64(institution), int32(today), int32(today+core.MemberDueDays)); err != nil {
		return err
	}
	if len(due) == 0 {
		return nil // another server has told
	}
	for _, m := range due {
		if _, err := tx.Exec("UPDATE institution_member SET warned_day = until_day WHERE id = ?", int64(m.ID)); err != nil {
			return err
		}
		if err := tellMember(tx, i, m); err != nil {
			return err
		}
	}
	first := due[0].Until.String()
	if err := audit.Write(tx, core.System, audit.Entry{
		Community: i.Communities[0], Action: "institution.warn", Subject: audit.Target("institution", i.ID),
		After: institutionWarnAudit{Count: len(due), Until: first},
	}); err != nil {
		return err
	}
	// Who may renew has all communities of the institution, and so the first.
	return notifyAll(tx, core.NoticeAudience{Community: i.Communities[0], Needs: core.PermInstitutionEdit}, core.Notice{
		Stem: "institution", Title: fmt.Sprintf("%s %d 名成员的专用通行证即将到期，最早 %s", i.Name, len(due), first),
		Link: "institution/" + i.ID.String(),
	}, core.MessageMemberOffice)
}

// institutionWarnAudit is what the audit log records of telling that passes end.
type institutionWarnAudit struct {
	Count int    `json:"count"`
	Until string `json:"until"`
}

// tellMember tells who is known by the member's number and name; if nobody is, by the number alone.
func tellMember(tx *database.Tx, i core.Institution, m dueMember) error {
	var users []core.ID
	err := tx.All(&users, `
		SELECT id
		FROM wechat_user
		WHERE person_id = ? AND person_id <> 0 AND name_fold = ? AND merged_into = 0
		ORDER BY id`, int64(m.Person), m.Name)
	if err != nil {
		return err
	}
	note := core.MessageNote{
		Kind: core.MessageMember, Community: i.Communities[0], Link: "pass", Member: m.ID,
		Title: "专用通行证 " + m.Until.String() + " 到期，续期请联系 " + i.Name + " 或物业",
	}
	notes := []core.MessageNote{note} // by the number alone
	if len(users) > 0 {
		notes = nil
	}
	for _, user := range users {
		note.User, note.Member = user, 0
		notes = append(notes, note)
	}
	return outbox.Put(tx, notes...)
}
