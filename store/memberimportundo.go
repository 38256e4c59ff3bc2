package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// undoImportedMembers deletes members who were added, with their passes, and restores those who were changed, unless they
// were changed since, or passed a door. Members of an institution that also enters communities out of the scope stay.
func undoImportedMembers(u *undoing) error {
	if err := lockInstitutionsOf(u.tx, u.things()); err != nil {
		return err
	}
	if err := keepMembersWhoPassed(u); err != nil {
		return err
	}
	return u.each(func(item batchItemRow) error {
		var before, after importedMember
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
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
		case millisOf(m.Updated) != after.Updated:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		case before.Whole == nil:
			return deleteMember(u.tx, m.ID)
		}
		return restoreMember(u, m, *before.Whole)
	})
}

// lockInstitutionsOf locks the institutions of members, in the order of their ids.
func lockInstitutionsOf(tx *database.Tx, members []core.ID) error {
	var of []core.ID
	err := database.EachPart(members, func(part []core.ID) error {
		var some []core.ID
		err := tx.All(&some, "SELECT DISTINCT institution_id FROM institution_member WHERE id IN ("+
			database.Placeholders(len(part))+")", database.IDArgs(part)...)
		of = append(of, some...)
		return err
	})
	if err != nil {
		return err
	}
	return lockInstitutions(tx, sortedIDs(of))
}

// keepMembersWhoPassed keeps those of the members who were added who have passed a door, or were refused at one: the
// records lead to them.
func keepMembersWhoPassed(u *undoing) error {
	all := u.items
	defer func() { u.items = all }()
	u.items = nil
	for _, item := range all {
		if item.Before == "" {
			u.items = append(u.items, item)
		}
	}
	return u.keepFound(core.BatchRecords, `
		SELECT DISTINCT m.id
		FROM institution_member m
		JOIN pass p ON p.kind = 'dedicated' AND p.holder_id = m.id
		JOIN institution_community c ON c.institution_id = m.institution_id
		JOIN access_record a ON a.community_id = c.community_id AND a.person_id = p.person_id AND a.pass_id = p.id
		WHERE a.id > ? AND m.id`, int64(u.batch.ID))
}

// deleteMember deletes the row of somebody who was added by mistake, as if they had never been there.
func deleteMember(tx *database.Tx, id core.ID) error {
	if err := deletePassesOf(tx, core.PassDedicated, []core.ID{id}); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM institution_member WHERE id = ?", int64(id))
	return err
}

// restoreMember returns a member to what they were before an import, unless another has the number by now.
func restoreMember(u *undoing, m, was core.Member) error {
	if was.Phone != m.Phone {
		switch err := oneMemberAPhone(u.tx, was); {
		case core.IsInvalid(err):
			u.keep(m.ID, core.BatchTaken)
			return nil
		case err != nil:
			return err
		}
	}
	return saveMember(u.tx, m, was, was.Updated)
}
