package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// readResident reads a resident whole, whether moved out or not. The row is locked.
func readResident(tx *database.Tx, id core.ID) (core.Resident, error) {
	var found core.ID
	if err := tx.Get(&found, "SELECT id FROM resident WHERE id = ?"+tx.Dialect().ForUpdate(), int64(id)); err != nil {
		return core.Resident{}, database.NotFoundIfNoRows(err, noResident)
	}
	var row residentRow
	if err := tx.Get(&row, "SELECT "+residentColumns+residentFrom+"WHERE t.id = ?", int64(id)); err != nil {
		return core.Resident{}, err
	}
	return row.whole(tx.Reveal), nil
}

// readResidents is readResident for many; one who is deleted is not among them.
func readResidents(tx *database.Tx, ids []core.ID) (map[core.ID]core.Resident, error) {
	found := make(map[core.ID]core.Resident, len(ids))
	err := database.EachPart(slices.Sorted(slices.Values(ids)), func(part []core.ID) error {
		among, args := "IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)
		var locked []core.ID
		if err := tx.All(&locked, "SELECT id FROM resident WHERE id "+among+" ORDER BY id"+tx.Dialect().ForUpdate(), args...); err != nil {
			return err
		}
		var rows []residentRow
		err := tx.All(&rows, "SELECT "+residentColumns+residentFrom+"WHERE t.id "+among, args...)
		for _, row := range rows {
			found[row.ID] = row.whole(tx.Reveal)
		}
		return err
	})
	return found, err
}

// residentItem is a resident as a batch keeps it. It is about people: the batch encrypts it.
type residentItem struct {
	Whole     *core.Resident `json:"whole,omitempty"`     // of one who came back: all that there was
	Pass      bool           `json:"pass,omitempty"`      // of one who came back: there was a pass
	Certified int64          `json:"certified,omitempty"` // certified_at; 0 = not
	MovedOut  int64          `json:"moved_out,omitempty"` // moved_out_at; 0 = lives there
	Updated   int64          `json:"updated"`             // updated_at
	Changed   []string       `json:"changed,omitempty"`   // what a list, or coming back, has changed: see core.ResidentChanges
}

// is reports whether a resident is as the item says.
func (i residentItem) is(r core.Resident) bool {
	return i.Updated == r.Updated.UnixMilli() && i.Certified == millisOf(r.Certified) && i.MovedOut == millisOf(r.MovedOut)
}

// stayText returns an item in words; "" if the resident was not there, or it cannot be read.
func stayText(text string) string {
	var item residentItem
	if text == "" || readBatchText(text, &item) != nil {
		return ""
	}
	return core.StayText(item.MovedOut != 0, item.Certified != 0) + core.ResidentChangesText(item.Changed)
}

// millisOf is UnixMilli with 0 for the zero time.
func millisOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// writeBatch keeps residents added at once; of one alone there is no batch.
func (b *residentBuilder) writeBatch(by core.Actor) (core.Batch, error) {
	if len(b.people) == 1 {
		return core.Batch{}, nil
	}
	return writeBatch(b.tx, by, core.Batch{Community: b.community, Kind: core.BatchResidents}, b.things())
}

// things returns the residents who were added as things of a batch.
func (b *residentBuilder) things() []batchThing {
	things := make([]batchThing, len(b.people))
	for i, r := range b.people {
		thing := batchThing{ID: r.ID, After: residentItem{Certified: millisOf(r.Certified), Updated: b.tx.NowMS()}}
		if old, back := b.were[i]; back {
			thing.Before = residentItem{Whole: &old, Pass: b.hadPass[i], MovedOut: millisOf(old.MovedOut), Updated: millisOf(old.Updated)}
			thing.After = residentItem{
				Certified: millisOf(r.Certified), Updated: b.tx.NextUpdated(old.Updated), Changed: core.ResidentChanges(old, r),
			}
		}
		things[i] = thing
	}
	return things
}

// undoResidents deletes residents who were added, and moves those out again who came back, unless
// they were changed or certified since, or something refers to them: see residentHolds.
func undoResidents(u *undoing) error {
	read := map[core.ID]core.Resident{}
	err := u.eachResident(func(r core.Resident, item batchItemRow) error {
		read[r.ID] = r
		var added residentItem
		if err := readBatchText(item.After, &added); err != nil {
			return err
		}
		if !added.is(r) {
			u.keep(r.ID, core.BatchChanged)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := u.keepHeldResidents(); err != nil {
		return err
	}
	var added []core.Resident
	err = u.each(func(item batchItemRow) error {
		if item.Before == "" {
			added = append(added, read[item.Thing])
			return nil
		}
		var before residentItem
		if err := readBatchText(item.Before, &before); err != nil {
			return err
		}
		return moveBackOut(u.tx, *before.Whole, before.Pass)
	})
	if err != nil {
		return err
	}
	return deleteResidents(u.tx, added)
}

// deleteResidents deletes residents who are locked, as if they had never been added.
func deleteResidents(tx *database.Tx, people []core.Resident) error {
	names := make([]named, len(people))
	for i, r := range people {
		names[i] = residentNamed(r)
	}
	if err := removeAllGrams(tx, names); err != nil {
		return err
	}
	return database.EachPart(database.IDsOf(people, func(r core.Resident) core.ID { return r.ID }), func(part []core.ID) error {
		if err := deletePasses(tx, part); err != nil {
			return err
		}
		n, err := tx.Exec("DELETE FROM resident WHERE id IN ("+database.Placeholders(len(part))+")", database.IDArgs(part)...)
		if err == nil && n != int64(len(part)) {
			err = database.ErrRace
		}
		return err
	})
}

// moveBackOut makes a resident again who moved out, as they were.
func moveBackOut(tx *database.Tx, was core.Resident, pass bool) error {
	now, err := readResident(tx, was.ID)
	if err != nil {
		return err
	}
	if err := renameGrams(tx, residentNamed(now), residentNamed(was)); err != nil {
		return err
	}
	movedOut, updated := was.MovedOut, was.Updated
	was.Updated = now.Updated
	if _, err := saveResident(tx, was); err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE resident SET moved_out_at = ?, updated_at = ? WHERE id = ?",
		movedOut.UnixMilli(), updated.UnixMilli(), int64(was.ID))
	if err != nil {
		return err
	}
	if !pass {
		return deletePass(tx, was.ID)
	}
	return disablePass(tx, was.ID)
}

// eachResident locks and reads the residents of the items in the order of their ids; one that is
// deleted is kept.
func (u *undoing) eachResident(do func(r core.Resident, item batchItemRow) error) error {
	found, err := readResidents(u.tx, u.things())
	if err != nil {
		return err
	}
	return u.each(func(item batchItemRow) error {
		r, there := found[item.Thing]
		if !there {
			u.keep(item.Thing, core.BatchGone)
			return nil
		}
		return do(r, item)
	})
}

// stampResident sets when a resident was changed back to what it was, for they are what they were: what was done before can
// then be taken back too.
func stampResident(tx *database.Tx, id core.ID, updated int64) error {
	return tx.ExecOne(database.ErrRace, "UPDATE resident SET updated_at = ? WHERE id = ?", updated, int64(id))
}

// undoMoveOut lets residents live there again who moved out, unless they came back since.
func undoMoveOut(u *undoing) error {
	return u.eachResident(func(r core.Resident, item batchItemRow) error {
		var was, left residentItem
		if err := errors.Join(readBatchText(item.Before, &was), readBatchText(item.After, &left)); err != nil {
			return err
		}
		if !left.is(r) {
			u.keep(r.ID, core.BatchChanged)
			return nil
		}
		if err := restoreResident(u.tx, r); cannotComeBack(err) {
			u.keep(r.ID, core.BatchTaken)
			return nil
		} else if err != nil {
			return err
		}
		return stampResident(u.tx, r.ID, was.Updated)
	})
}

// errTieTaken refuses to restore a resident with whose number somebody else lives in the house by now.
var errTieTaken = core.Conflict("这套房屋的另一位住户现在登记了该手机号，不能恢复；请先核对那位住户的手机号")

// errNumberTaken refuses to restore a certified resident whose number has been certified for another name since, wherever that is:
// both would be certified by it, and who has it now would lose the pass.
var errNumberTaken = core.Conflict("该手机号现在已认证给另一姓名的住户，不能恢复；请先核对那位住户的手机号")

// cannotComeBack reports whether a resident cannot be restored as things are.
func cannotComeBack(err error) bool {
	return errors.Is(err, errTieTaken) || errors.Is(err, errNumberTaken)
}

// mayComeBack returns why a resident who moved out cannot live there again as before.
func mayComeBack(tx *database.Tx, id core.ID) error {
	var here []bool
	err := tx.All(&here, `
		SELECT CASE WHEN t.house_id = g.house_id THEN 1 ELSE 0 END AS here
		FROM resident g
		JOIN resident t ON t.person_id = g.person_id
		WHERE g.id = ?
		AND t.id <> g.id
		AND t.moved_out_at IS NULL
		AND (t.house_id = g.house_id OR
			g.was_certified_at IS NOT NULL AND t.certified_at IS NOT NULL AND t.name_fold <> g.name_fold)
		ORDER BY here DESC
		LIMIT 1`, int64(id))
	switch {
	case err != nil || len(here) == 0:
		return err
	case here[0]:
		return errTieTaken
	}
	return errNumberTaken
}

// restoreResident lets a resident who moved out live there again, certified and with the pass as
// before.
func restoreResident(tx *database.Tx, r core.Resident) error {
	if err := mayComeBack(tx, r.ID); err != nil {
		return err
	}
	err := tx.ExecOne(
		database.ErrRace,
		`UPDATE resident SET moved_out_at = NULL, certified_at = was_certified_at, was_certified_at = NULL, updated_at = ?
		WHERE id = ? AND moved_out_at IS NOT NULL`,
		tx.NextUpdated(r.Updated), int64(r.ID),
	)
	if database.IsDuplicate(err) {
		return errTieTaken
	}
	if err != nil {
		return err
	}
	here := residentNamed(r)
	here.kind = gramResident
	if err := renameGrams(tx, residentNamed(r), here); err != nil {
		return err
	}
	if err := enablePass(tx, r.ID); err != nil {
		return err
	}
	return leaveOtherNames(tx, []core.ID{r.Person})
}

// RestoreResident lets a resident of the scope live there again who moved out at most
// core.RestoreDays ago, certified and with the pass as before.
func (s *Store) RestoreResident(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	return s.db.Write(ctx, "restore a resident", func(tx *database.Tx) error {
		r, err := readResident(tx, id)
		if err == nil && !scope.Has(r.Community) {
			err = core.NotFound(noResident)
		}
		if err != nil {
			return err
		}
		if r.MovedOut.IsZero() {
			return core.Conflict("“" + r.Name + "”正在居住，不用恢复")
		}
		if !r.Restorable(tx.Now()) {
			return core.Conflict(fmt.Sprintf("“%s”迁出已超过 %d 天，请重新添加", r.Name, core.RestoreDays))
		}
		return restoreTie(tx, by, r)
	})
}

// restoreTie is restoreResident with its line in the audit log.
func restoreTie(tx *database.Tx, by core.Actor, r core.Resident) error {
	if err := restoreResident(tx, r); err != nil {
		return err
	}
	now, err := readResident(tx, r.ID)
	if err != nil {
		return err
	}
	labels, err := houseLabels(tx, r.Community, []core.ID{r.House})
	if err != nil {
		return err
	}
	return audit.Write(tx, by, audit.Entry{
		Community: r.Community, Action: "resident.restore", Subject: audit.Target("resident", r.ID),
		After: auditOfResident(now, labels[0]),
	})
}
