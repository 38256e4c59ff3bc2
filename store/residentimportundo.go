package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// undoImportedResidents deletes residents who were added, moves those out again who came back, and restores those who were
// changed, unless they were changed, were certified or passed a door since.
func undoImportedResidents(u *undoing) error {
	var changed, others []batchItemRow
	for _, item := range u.items {
		var before residentItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if before.Whole != nil && before.MovedOut == 0 {
			changed = append(changed, item)
		} else {
			others = append(others, item)
		}
	}
	all := u.items
	defer func() { u.items = all }()
	if u.items = others; len(others) > 0 {
		if err := undoResidents(u); err != nil {
			return err
		}
	}
	u.items = changed
	return undoImportedChanges(u)
}

// undoImportedChanges restores residents whom an import changed. Of whom it certified, what has come of that since keeps them, as it
// keeps those who were added.
func undoImportedChanges(u *undoing) error {
	type change struct {
		is     core.Resident
		before residentItem
	}
	changes := map[core.ID]change{}
	var certified []batchItemRow
	err := u.eachResident(func(r core.Resident, item batchItemRow) error {
		var before, after residentItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		if !after.is(r) {
			u.keep(r.ID, core.BatchChanged)
			return nil
		}
		if after.Certified != 0 && (before.Certified == 0 || !before.Pass) {
			certified = append(certified, item)
		}
		changes[r.ID] = change{r, before}
		return nil
	})
	if err != nil {
		return err
	}
	all := u.items
	u.items = certified
	err = u.keepHeldResidents()
	if u.items = all; err != nil {
		return err
	}
	return u.each(func(item batchItemRow) error {
		change := changes[item.Thing]
		return restoreImported(u, change.is, change.before)
	})
}

// restoreImported returns a resident to what they were before an import.
func restoreImported(u *undoing, r core.Resident, before residentItem) error {
	was := *before.Whole
	was.Updated = r.Updated
	if was.Person == r.Person && was.OwnPhone() == "" && r.OwnPhone() != "" {
		var err error
		if was.Person, err = personWithoutNumber(u.tx, r); err != nil {
			return err
		}
	}
	if _, err := saveResident(u.tx, was); database.IsDuplicate(err) {
		u.keep(r.ID, core.BatchTaken)
		return nil
	} else if err != nil {
		return err
	}
	if err := stampResident(u.tx, r.ID, before.Updated); err != nil {
		return err
	}
	if err := renameGrams(u.tx, residentNamed(r), residentNamed(was)); err != nil {
		return err
	}
	if err := renameUsers(u.tx, r, was); err != nil {
		return err
	}
	if !before.Pass {
		if err := deletePass(u.tx, r.ID); err != nil {
			return err
		}
	}
	return movePass(u.tx, was)
}

// refuseWhileWriting refuses to take a batch back that an import is still writing, or has not completed.
func refuseWhileWriting(u *undoing) error {
	var writing []core.ID
	err := u.tx.All(&writing, `
		SELECT id FROM import WHERE community_id = ? AND (batch_id = ? OR house_batch_id = ?)
		AND (state = 'writing' OR EXISTS (SELECT 1 FROM import_pending p WHERE p.import_id = import.id))`,
		int64(u.batch.Community), int64(u.batch.ID), int64(u.batch.ID))
	if err == nil && len(writing) > 0 {
		err = core.Conflict("导入还在进行，请到导入的页面取消")
	}
	return err
}
