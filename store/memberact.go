package store

import (
	"context"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// memberAudit is what the audit log records of a member, masked.
type memberAudit struct {
	Name        string `json:"name"`
	Phone       string `json:"phone"`
	IDNumber    string `json:"id_number,omitempty"`
	Institution string `json:"institution"`
	From        string `json:"from"`
	Until       string `json:"until"`
	Remark      string `json:"remark,omitempty"`
	Disabled    bool   `json:"disabled"`
}

// auditOfMember takes the numbers whole.
func auditOfMember(m core.Member) memberAudit {
	return memberAudit{
		m.Name, core.MaskPhone(m.Phone), core.MaskIDNumber(m.IDNumber), m.InstitutionName, m.From.String(), m.Until.String(),
		m.Remark, !m.Disabled.IsZero(),
	}
}

// lockMember returns a member of an institution of which the whole is in scope, with the numbers whole. The institution
// is locked first, then the member.
func lockMember(tx *database.Tx, scope core.Scope, id core.ID) (core.Member, core.Institution, error) {
	var of core.ID
	if err := tx.Get(&of, "SELECT institution_id FROM institution_member WHERE id = ?", int64(id)); err != nil {
		return core.Member{}, core.Institution{}, database.NotFoundIfNoRows(err, noMember)
	}
	i, err := lockInstitutionWholly(tx, scope, of)
	if core.IsNotFound(err) {
		err = core.NotFound(noMember)
	}
	if err != nil {
		return core.Member{}, i, err
	}
	var row memberRow
	if err := tx.Get(&row, memberColumns+"id = ?"+tx.Dialect().ForUpdate(), int64(id)); err != nil {
		return core.Member{}, i, database.NotFoundIfNoRows(err, noMember)
	}
	m := row.whole(tx.Reveal)
	m.InstitutionName, m.InstitutionOff = i.Name, !i.Disabled.IsZero()
	return m, i, nil
}

// CreateMember adds a member to an institution of which the whole is in scope, with a pass, which the member finds once
// they have signed in to WeChat with the number.
func (s *Store) CreateMember(ctx context.Context, by core.Actor, scope core.Scope, m core.Member) (id core.ID, err error) {
	m = m.Trimmed()
	today := core.DayOf(s.Now(), s.zone)
	if err := requirePhone(m.Check(today), m.Phone); err != nil {
		return 0, err
	}
	if m.Until < today {
		return 0, core.InvalidFields(map[string]string{"until": "有效期至不能早于今天"})
	}
	err = s.db.Write(ctx, "create a member", func(tx *database.Tx) error {
		i, err := lockInstitutionWholly(tx, scope, m.Institution)
		if core.IsNotFound(err) {
			err = core.InvalidFields(map[string]string{"institution": "请选择机构"})
		}
		if err != nil {
			return err
		}
		id = tx.NewID()
		m := m
		m.ID, m.InstitutionName, m.Disabled = id, i.Name, time.Time{}
		if err := insertMembers(tx, []core.Member{m}); err != nil {
			return err
		}
		if err := oneMemberAPhone(tx, m); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: i.Communities[0], Action: "member.create", Subject: audit.Target("member", id), After: auditOfMember(m),
		})
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// sealMember returns the values of the columns phone_cipher, phone_mac, idno_cipher and idno_mac.
func sealMember(keys database.Keyring, m core.Member) ([]any, error) {
	phone, err := keys.Seal("institution_member.phone", m.Phone)
	if err != nil || m.IDNumber == "" {
		return []any{phone, keys.Digest("phone", m.Phone), "", ""}, err
	}
	idno, err := keys.Seal("institution_member.idno", m.IDNumber)
	return []any{phone, keys.Digest("phone", m.Phone), idno, keys.Digest("idno", m.IDNumber)}, err
}

// insertMembers writes new members and their passes.
func insertMembers(tx *database.Tx, members []core.Member) error {
	macs, rows, passes := make([]string, len(members)), make([][]any, len(members)), make([]newPass, len(members))
	for n, m := range members {
		sealed, err := sealMember(tx.Keys(), m)
		if err != nil {
			return err
		}
		rows[n] = append(
			[]any{int64(m.ID), int64(m.Institution), m.Name, core.FoldName(m.Name), nameKey(m.Name), nameInitials(m.Name)}, sealed...)
		rows[n] = append(rows[n], int32(m.From), int32(m.Until), m.Remark, 0, 0, 0, 0, tx.NowMS(), tx.NowMS())
		macs[n] = tx.Keys().Digest("phone", m.Phone)
	}
	err := database.InsertRows(tx, database.InsertInto, "institution_member", `id, institution_id, name, name_fold, name_key,
		name_initials, phone_cipher, phone_mac, idno_cipher, idno_mac, from_day, until_day, remark, warned_day, face_id, id_front_id,
		id_back_id, created_at, updated_at`, rows)
	if err != nil {
		return err
	}
	persons, err := findOrMakePersons(tx, macs)
	if err != nil {
		return err
	}
	for n, m := range members {
		passes[n] = newPass{kind: core.PassDedicated, holder: m.ID, person: persons[macs[n]]}
	}
	return createPass(tx, passes...)
}

// personOfMember returns who finds the pass.
func personOfMember(tx *database.Tx, m core.Member) (core.ID, error) {
	mac := tx.Keys().Digest("phone", m.Phone)
	persons, err := findOrMakePersons(tx, []string{mac})
	return persons[mac], err
}

// oneMemberAPhone refuses a second member of an institution, which is locked, with the same phone number, unless one of
// them is disabled.
func oneMemberAPhone(tx *database.Tx, m core.Member) error {
	var names []string
	err := tx.All(&names, `
		SELECT name
		FROM institution_member
		WHERE phone_mac = ? AND institution_id = ? AND id <> ? AND disabled_at IS NULL
		ORDER BY id
		LIMIT 1`, tx.Keys().Digest("phone", m.Phone), int64(m.Institution), int64(m.ID))
	if err == nil && len(names) > 0 && m.Disabled.IsZero() {
		err = core.InvalidFields(map[string]string{"phone": "该手机号已是该机构的成员“" + names[0] + "”"})
	}
	return err
}

// UpdateMember changes a member. Phone and IDNumber are complete, or "" to keep those on file; the institution cannot
// change. It returns the new Updated.
func (s *Store) UpdateMember(
	ctx context.Context, by core.Actor, scope core.Scope, m core.Member,
) (updated time.Time, err error) {
	m = m.Trimmed()
	err = s.db.Write(ctx, "update a member", func(tx *database.Tx) error {
		old, i, err := lockMember(tx, scope, m.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(m.Updated, old.Updated); err != nil {
			return err
		}
		after := memberOver(m, old)
		if err := after.Check(core.DayOf(tx.Now(), s.zone)); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		if err := saveMember(tx, old, after, updated); err != nil {
			return err
		}
		kept := auditOfMember(after)
		kept.Phone = maskedChange(old.Phone, after.Phone, core.MaskPhone)
		kept.IDNumber = maskedChange(old.IDNumber, after.IDNumber, core.MaskIDNumber)
		return audit.Write(tx, by, audit.Entry{
			Community: i.Communities[0], Action: "member.update", Subject: audit.Target("member", m.ID),
			Before: auditOfMember(old), After: kept,
		})
	})
	return updated, err
}

// memberOver returns what was typed, upon the member as they are.
func memberOver(m, old core.Member) core.Member {
	after := old
	after.Name, after.From, after.Until, after.Remark = m.Name, m.From, m.Until, m.Remark
	if m.Phone != "" {
		after.Phone = m.Phone
	}
	if m.IDNumber != "" {
		after.IDNumber = m.IDNumber
	}
	return after
}

func saveMember(tx *database.Tx, old, m core.Member, updated time.Time) error {
	sealed, err := sealMember(tx.Keys(), m)
	if err != nil {
		return err
	}
	args := append([]any{
		m.Name, core.FoldName(m.Name), nameKey(m.Name), nameInitials(m.Name), int32(m.From), int32(m.Until), m.Remark,
	}, sealed...)
	if _, err := tx.Exec(`
		UPDATE institution_member
		SET name = ?, name_fold = ?, name_key = ?, name_initials = ?, from_day = ?, until_day = ?, remark = ?,
			phone_cipher = ?, phone_mac = ?, idno_cipher = ?, idno_mac = ?, updated_at = ?
		WHERE id = ?`, append(args, updated.UnixMilli(), int64(m.ID))...); err != nil {
		return err
	}
	if m.Phone == old.Phone {
		return nil
	}
	passed, err := memberPassed(tx.Get, m.ID) // records are found by the person of the number
	if err != nil {
		return err
	}
	if passed {
		if _, err := tx.Exec("UPDATE institution_member SET passed = 1 WHERE id = ?", int64(m.ID)); err != nil {
			return err
		}
	}
	person, err := personOfMember(tx, m)
	if err != nil {
		return err
	}
	if err := setPassPerson(tx, core.PassDedicated, m.ID, person); err != nil {
		return err
	}
	return oneMemberAPhone(tx, m)
}

// DisableMember disables a member, whose pass lets nobody through from now on.
func (s *Store) DisableMember(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.setMemberDisabled(ctx, by, scope, core.Member{ID: id, Disabled: s.Now()}, audit.Entry{Action: "member.disable"})
}

// EnableMember enables a disabled member. It is a conflict if another of the institution has the phone number now.
func (s *Store) EnableMember(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	err := s.setMemberDisabled(ctx, by, scope, core.Member{ID: id}, audit.Entry{Action: "member.enable"})
	if core.IsInvalid(err) { // there is no form to show it on
		return core.Conflict(fieldsOf(err)["phone"])
	}
	return err
}

// setMemberDisabled makes a member as disabled as m is.
func (s *Store) setMemberDisabled(ctx context.Context, by core.Actor, scope core.Scope, m core.Member, entry audit.Entry) error {
	return s.db.Write(ctx, "disable or enable a member", func(tx *database.Tx) error {
		old, i, err := lockMember(tx, scope, m.ID)
		if err != nil || old.Disabled.IsZero() == m.Disabled.IsZero() {
			return err // nothing to change
		}
		after := old
		after.Disabled = m.Disabled
		if _, err := tx.Exec("UPDATE institution_member SET disabled_at = ?, updated_at = ? WHERE id = ?",
			database.NullMillis(after.Disabled), tx.NextUpdated(old.Updated), int64(m.ID)); err != nil {
			return err
		}
		if err := oneMemberAPhone(tx, after); err != nil {
			return err
		}
		entry := entry
		entry.Community, entry.Subject = i.Communities[0], audit.Target("member", m.ID)
		entry.Before, entry.After = auditOfMember(old), auditOfMember(after)
		return audit.Write(tx, by, entry)
	})
}

// memberItem is a member's end of validity as a batch keeps it.
type memberItem struct {
	Until   string `json:"until"`
	Updated int64  `json:"updated"` // updated_at
}

// memberRenewAudit is what the audit log records of a renewal.
type memberRenewAudit struct {
	Count int     `json:"count"`
	Until string  `json:"until,omitempty"` // of one alone
	Batch core.ID `json:"batch"`
}

// RenewMembers prolongs the passes of members in scope by some months, see core.Member.Renewed, as a batch. Who is
// disabled is renewed as well, and stays disabled. seen is the core.MembersMark of what was shown before; "" = nothing was. If
// somebody has changed their validity since, none is renewed: two who renew at once renew once.
func (s *Store) RenewMembers(
	ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID, months int, seen string,
) (batch core.Batch, err error) {
	if !slices.Contains(core.MemberRenewals, months) {
		return batch, core.InvalidFields(map[string]string{"months": "请选择延长多久"})
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	err = s.db.Write(ctx, "renew members", func(tx *database.Tx) error {
		today := core.DayOf(tx.Now(), s.zone)
		things := map[core.ID][]batchThing{}
		var communities []core.ID
		var members []core.Member
		for _, id := range ids {
			m, i, err := lockMember(tx, scope, id)
			if err != nil {
				return err
			}
			members = append(members, m)
			until := m.Renewed(months, today)
			if err := setMemberUntil(tx, m, until); err != nil {
				return err
			}
			at := i.Communities[0]
			if things[at] == nil {
				communities = append(communities, at)
			}
			things[at] = append(things[at], batchThing{
				ID:     id,
				Before: memberItem{Until: m.Until.String(), Updated: millisOf(m.Updated)},
				After:  memberItem{Until: until.String(), Updated: tx.NextUpdated(m.Updated)},
			})
		}
		if seen != "" && core.MembersMark(members) != seen {
			return core.Conflict("其中有成员的有效期刚刚改过，没有续期；请核对后再试")
		}
		batch, err = writeBatches(tx, by, core.BatchRenew, communities, things)
		if err != nil {
			return err
		}
		return auditRenewals(tx, by, batch, communities, things)
	})
	return batch, err
}

// auditRenewals writes a line for each community.
func auditRenewals(
	tx *database.Tx, by core.Actor, batch core.Batch, communities []core.ID, things map[core.ID][]batchThing,
) error {
	for _, community := range communities {
		entry := audit.Entry{
			Community: community, Action: "member.renew", Subject: audit.Target("institution", 0),
			After: memberRenewAudit{Count: len(things[community]), Batch: batch.ID},
		}
		if these := things[community]; len(these) == 1 {
			was, is := these[0].Before.(memberItem), these[0].After.(memberItem) //nolint:forcetypeassert // RenewMembers made them
			entry.Subject = audit.Target("member", these[0].ID)
			entry.Before = memberRenewAudit{Count: 1, Until: was.Until, Batch: batch.ID}
			entry.After = memberRenewAudit{Count: 1, Until: is.Until, Batch: batch.ID}
		}
		if err := audit.Write(tx, by, entry); err != nil {
			return err
		}
	}
	return nil
}

func setMemberUntil(tx *database.Tx, m core.Member, until core.Day) error {
	_, err := tx.Exec("UPDATE institution_member SET until_day = ?, updated_at = ? WHERE id = ?",
		int32(until), tx.NextUpdated(m.Updated), int64(m.ID))
	return err
}

// undoRenewals sets the end of validity of before, unless a member was changed since.
func undoRenewals(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var was, became memberItem
		if err := readBatchText(item.Before, &was); err != nil {
			return err
		}
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		m, _, err := lockMember(u.tx, u.scope, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case core.CodeOf(err) == core.CodeForbidden:
			u.keep(item.Thing, core.BatchForeign)
			return nil
		case err != nil:
			return err
		case millisOf(m.Updated) != became.Updated:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		until, err := core.ParseDay(was.Until)
		if err != nil {
			return err
		}
		return setMemberUntil(u.tx, m, until)
	})
}
