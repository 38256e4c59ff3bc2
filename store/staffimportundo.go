package store

import (
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// undoImportedStaff deletes staff who were added, with departments that are empty then, and restores those who were
// changed, unless they were changed since, an account is theirs or they serve communities out of the scope, too.
func undoImportedStaff(u *undoing) error {
	left := map[core.ID]bool{}
	err := u.each(func(item batchItemRow) error {
		var before, after staffItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		m, err := lockStaff(u.tx, core.Everywhere, item.Thing) // of another community they are named as such below
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case staffWholly(u.scope, m) != nil, before.Whole != nil && staffWholly(u.scope, *before.Whole) != nil:
			u.keep(item.Thing, core.BatchForeign)
			return nil
		case m.Updated.UnixMilli() != after.Updated, before.Whole == nil && m.Account != 0:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		for _, id := range m.Departments {
			left[id] = true
		}
		if before.Whole == nil {
			return deleteStaff(u.tx, m)
		}
		return restoreStaff(u.tx, m, *before.Whole)
	})
	if err != nil {
		return err
	}
	return pruneDepartments(u.tx, left, u.batch.Created)
}

// deleteStaff deletes the row of somebody who was added by mistake, as if they had never been there.
func deleteStaff(tx *database.Tx, m core.Staff) error {
	if err := removeGrams(tx, staffNamed(m.ID, m.Name)); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM staff_department WHERE staff_id = ?", "DELETE FROM staff_community WHERE staff_id = ?",
		"DELETE FROM staff WHERE id = ?",
	} {
		if _, err := tx.Exec(query, int64(m.ID)); err != nil {
			return err
		}
	}
	return nil
}

// restoreStaff returns somebody to what they were. Departments and communities that are gone by now are left out; whether
// WeWork keeps them is as it is now.
func restoreStaff(tx *database.Tx, m, was core.Staff) error {
	all, err := readDepartments(tx.All)
	if err != nil {
		return err
	}
	was.Corp, was.UserID = m.Corp, m.UserID
	was.Departments = slices.DeleteFunc(was.Departments, func(id core.ID) bool {
		return !slices.ContainsFunc(all, func(d core.Department) bool { return d.ID == id && d.Corp == was.Corp })
	})
	if was.Communities, err = communitiesLeft(tx, was.Communities); err != nil {
		return err
	}
	return updateStaff(tx, core.Everywhere, staffChange{old: m, after: was, updated: was.Updated})
}

// communitiesLeft returns those communities that were not deleted.
func communitiesLeft(tx *database.Tx, ids []core.ID) (left []core.ID, err error) {
	err = database.EachPart(ids, func(part []core.ID) error {
		var some []core.ID
		err := tx.All(&some, "SELECT id FROM community WHERE id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		left = append(left, some...)
		return err
	})
	return left, err
}

// pruneDepartments deletes those of some departments that were made since a time and have nobody any more, with those
// above that are empty then.
func pruneDepartments(tx *database.Tx, left map[core.ID]bool, since time.Time) error {
	for id := range left {
		for id != 0 {
			var parents []core.ID
			err := tx.All(&parents, `SELECT parent_id FROM department d WHERE d.id = ? AND d.app_id = 0 AND d.created_at >= ?
				AND NOT EXISTS (SELECT 1 FROM staff_department s WHERE s.department_id = d.id)
				AND NOT EXISTS (SELECT 1 FROM department b WHERE b.parent_id = d.id)`, int64(id), since.UnixMilli())
			if err != nil {
				return err
			}
			if len(parents) == 0 {
				break
			}
			if _, err := tx.Exec("DELETE FROM department WHERE id = ?", int64(id)); err != nil {
				return err
			}
			id = parents[0]
		}
	}
	return nil
}
