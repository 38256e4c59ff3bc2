package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// ResidentChange is what UpdateResident sets. Empty Phone and IDNumber keep those on file, since
// forms never show them. PhoneShared is that of the number, new or kept.
type ResidentChange struct {
	Name     string
	Sex      string
	Identity core.Identity
	LeaseDay core.Day
	Phone    string
	IDNumber string
	ClearID  bool      // delete the ID number
	Updated  time.Time // the resident's, as shown; see core.Stale

	PhoneShared bool
	ClearPhone  bool // delete the phone number
	AskNumber   bool // before the number becomes that of another name: see core.IsNumberHeld
}

// UpdateResident changes a resident of the scope who lives there. A new number of the resident's own
// (core's OwnPhone), or none, is another identity: the resident is no longer certified until that
// number is verified in WeChat or staff certify again. It returns the new Updated.
func (s *Store) UpdateResident(
	ctx context.Context, by core.Actor, scope core.Scope, id core.ID, change ResidentChange,
) (updated time.Time, err error) {
	err = s.db.Write(ctx, "update resident", func(tx *database.Tx) error {
		row, old, err := lockResident(tx, scope, id)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(change.Updated, old.Updated); err != nil {
			return err
		}
		r, err := change.apply(old).Normalized()
		if r.LeaseDay != old.LeaseDay || r.Identity != old.Identity {
			err = bothFields(err, r.CheckLease(core.DayOf(tx.Now(), s.Zone())))
		}
		if change.LeaseDay != old.LeaseDay { // the day that the form came with may stay with another identity
			err = bothFields(err, change.apply(old).CheckNoLease())
		}
		if err != nil {
			return err
		}
		if r.OwnPhone() != old.OwnPhone() {
			if r, err = changePerson(tx, r); err != nil {
				return err
			}
		}
		if change.AskNumber {
			if err := askChanged(tx, old, r); err != nil {
				return err
			}
		}
		if updated, err = saveResident(tx, r); database.IsDuplicate(err) {
			return core.InvalidFields(map[string]string{"phone": "这套房屋的另一位住户登记了该手机号；如是家人共用，请选“家人共用号码”"})
		} else if err != nil {
			return err
		}
		if err := renameUsers(tx, old, r); err != nil {
			return err
		}
		if err := renameGrams(tx, residentNamed(old), residentNamed(r)); err != nil {
			return err
		}
		if err := movePass(tx, r); err != nil {
			return err
		}
		if old.Identity == core.Owner { // who may be one no more, or by another number
			if err := leftToOffice(tx, r.Community, "h.id = ?", int64(r.House)); err != nil {
				return err
			}
		}
		after := auditOfResident(r, row.Label)
		after.Phone, after.IDNumber = maskedChange(old.Phone, r.Phone, core.MaskPhone),
			maskedChange(old.IDNumber, r.IDNumber, core.MaskIDNumber)
		return audit.Write(tx, by, audit.Entry{
			Community: r.Community, Action: "resident.update", Subject: audit.Target("resident", id),
			Before: auditOfResident(old, row.Label), After: after,
		})
	})
	return updated, err
}

func (c ResidentChange) apply(r core.Resident) core.Resident {
	r.Name, r.Sex, r.Identity, r.LeaseDay = c.Name, c.Sex, c.Identity, c.LeaseDay
	switch {
	case core.Clean(c.Phone) != "":
		r.Phone = c.Phone
	case c.ClearPhone:
		r.Phone = ""
	}
	r.PhoneShared = c.PhoneShared
	if c.ClearID {
		r.IDNumber = ""
	} else if core.Clean(c.IDNumber) != "" {
		r.IDNumber = c.IDNumber
	}
	return r
}

// numberHolder is somebody else of the register who has a number of a resident.
type numberHolder struct {
	name, house string
	idNumber    bool // it is the ID number
	left        bool // they have moved out of the resident's house
}

// question asks the sender whether the number is really the resident's, too.
func (h numberHolder) question() error {
	switch {
	case h.idNumber:
		return core.IDNumberHeld(h.name, h.house)
	case h.left:
		return core.NumberLeft(h.name, h.house)
	}
	return core.NumberHeld(h.name, h.house)
}

// text says whose number it is.
func (h numberHolder) text() string {
	switch {
	case h.idNumber:
		return core.IDNumberHeldText(h.name, h.house)
	case h.left:
		return core.NumberLeftText(h.name, h.house)
	}
	return core.NumberHeldText(h.name, h.house)
}

// phoneHolder returns who of the community lives there with the number of a resident, whose person is set, under another name, or
// else moved out of the house with it; nil = nobody.
func phoneHolder(all readAll, keys database.Keyring, r core.Resident) (*numberHolder, error) {
	if r.Person == 0 {
		return nil, nil
	}
	var held []struct {
		tieRow
		Fold  string `db:"name_fold"`
		Label string `db:"label"`
	}
	err := all(&held, `
		SELECT t.id, t.house_id, t.person_id, t.name, t.idno_mac, 0 AS apart, t.moved_out_at, t.name_fold, h.label
		FROM resident t
		JOIN house h ON h.id = t.house_id
		WHERE t.person_id = ?
		AND t.community_id = ?
		AND t.id <> ?
		AND (t.moved_out_at IS NULL OR t.house_id = ?)
		ORDER BY CASE WHEN t.moved_out_at IS NULL THEN 0 ELSE 1 END, t.id`,
		int64(r.Person), int64(r.Community), int64(r.ID), int64(r.House))
	for _, other := range held {
		if other.MovedOut.IsZero() && other.Fold != core.FoldName(r.Name) || !other.MovedOut.IsZero() && !other.same(keys, r) {
			return &numberHolder{name: other.Name, house: other.Label, left: !other.MovedOut.IsZero()}, nil
		}
	}
	return nil, err
}

// idNumberHolder returns who of the community has the ID number of a resident, whose person is set, under another name, or is
// another person of the house; nil = nobody.
func idNumberHolder(all readAll, keys database.Keyring, dialect database.Dialect, r core.Resident) (*numberHolder, error) {
	if r.IDNumber == "" {
		return nil, nil
	}
	var held []struct {
		Name  string `db:"name"`
		House string `db:"label"`
	}
	err := all(&held, `
		SELECT t.name, h.label
		FROM resident t`+dialect.UseIndex("resident_idno")+`
		JOIN house h ON h.id = t.house_id
		WHERE t.idno_mac = ?
		AND t.community_id = ?
		AND t.id <> ?
		AND (t.name_fold <> ? OR t.house_id = ? AND t.person_id <> ?)
		AND t.moved_out_at IS NULL
		ORDER BY t.id
		LIMIT 1`,
		keys.Digest("idno", r.IDNumber), int64(r.Community), int64(r.ID), core.FoldName(r.Name), int64(r.House), int64(r.Person))
	if err != nil || len(held) == 0 {
		return nil, err
	}
	return &numberHolder{name: held[0].Name, house: held[0].House, idNumber: true}, nil
}

func askNumber(tx *database.Tx, r core.Resident) error {
	holder, err := phoneHolder(tx.All, tx.Keys(), r)
	if err != nil || holder == nil {
		return err
	}
	return holder.question()
}

func askIDNumber(tx *database.Tx, r core.Resident) error {
	holder, err := idNumberHolder(tx.All, tx.Keys(), tx.Dialect(), r)
	if err != nil || holder == nil {
		return err
	}
	return holder.question()
}

// askNumbers asks of both numbers of a resident, whose person is set.
func askNumbers(tx *database.Tx, r core.Resident) error {
	return core.BothHeld(askNumber(tx, r), askIDNumber(tx, r))
}

// askChanged asks of those numbers that are new.
func askChanged(tx *database.Tx, old, r core.Resident) error {
	var number, idNumber error
	if r.OwnPhone() != old.OwnPhone() && r.OwnPhone() != "" {
		number = askNumber(tx, r)
	}
	if r.IDNumber != old.IDNumber {
		idNumber = askIDNumber(tx, r)
	}
	return core.BothHeld(number, idNumber)
}

// changePerson ties the resident to the person of the new number. Somebody who had none before stays
// the same person, with their exits, unless the number is another's.
func changePerson(tx *database.Tx, r core.Resident) (core.Resident, error) {
	var err error
	if r.Person, err = personOfNumber(tx, r.Person, tx.Keys().Digest("phone", r.OwnPhone())); err != nil {
		return r, err
	}
	names, err := confirmedNames(tx, []core.ID{r.Person})
	if err != nil {
		return r, err
	}
	r.Certified, r.Desk = database.Millis{}.Time, core.Certification{}
	if slices.Contains(names[r.Person], core.FoldName(r.Name)) {
		r.Certified = tx.Now()
	}
	return r, nil
}

// movePass moves the pass along with its resident to another person.
func movePass(tx *database.Tx, r core.Resident) error {
	_, err := tx.Exec(
		"UPDATE pass SET person_id = ? WHERE kind = ? AND holder_id = ?", int64(r.Person),
		string(core.PassResident), int64(r.ID),
	)
	if err == nil && !r.Certified.IsZero() {
		err = createPasses(tx, []core.Resident{r})
	}
	return err
}

// lockResident reads and locks a resident of the scope who has not moved out, unmasked.
func lockResident(tx *database.Tx, scope core.Scope, id core.ID) (residentRow, core.Resident, error) {
	// only the row itself is locked; then it is read with its joins
	var community core.ID
	err := tx.Get(&community, "SELECT community_id FROM resident WHERE id = ? AND moved_out_at IS NULL"+tx.Dialect().ForUpdate(), int64(id))
	if err == nil && !scope.Has(community) {
		err = core.NotFound(noResident)
	}
	if err != nil {
		return residentRow{}, core.Resident{}, database.NotFoundIfNoRows(err, noResident)
	}
	var row residentRow
	if err := tx.Get(&row, "SELECT "+residentColumns+residentFrom+"WHERE t.id = ?", int64(id)); err != nil {
		return row, core.Resident{}, err
	}
	return row, row.whole(tx.Reveal), nil
}

// RevealResident returns a resident of the scope with phone and ID number unmasked, and records
// that in the audit log. The caller must have checked the permission.
func (s *Store) RevealResident(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) (core.Resident, error) {
	where, args := database.ScopeWhere(scope, "t.community_id")
	var whole core.Resident
	err := s.db.Write(ctx, "reveal resident", func(tx *database.Tx) error {
		var row residentRow
		err := tx.Get(&row, "SELECT "+residentColumns+residentFrom+"WHERE t.id = ? AND "+where, append([]any{int64(id)}, args...)...)
		if err != nil {
			return database.NotFoundIfNoRows(err, noResident)
		}
		whole = row.whole(tx.Reveal)
		return audit.Write(tx, by, audit.Entry{
			Community: row.CommunityID, Action: "resident.reveal", Subject: audit.Target("resident", id),
			After: auditOfResident(whole, row.Label),
		})
	})
	if err != nil {
		return core.Resident{}, err
	}
	return whole, nil
}

// MoveOut ends a resident's tie to the house; the pass is disabled at once. The row is kept for the
// records that refer to it.
func (s *Store) MoveOut(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	_, err := s.MoveOutAll(ctx, by, scope, []core.ID{id})
	return err
}

// ResidentsAtOnce is the maximum number of residents of one act.
const ResidentsAtOnce = 200

// MoveOutAll is MoveOut of many, all of them or none. Those who have left already are passed over; if nobody is left, that is a
// conflict. Those of several communities are a batch each, of which the size of all is returned.
func (s *Store) MoveOutAll(ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID) (core.Batch, error) {
	var batch core.Batch
	err := s.someResidents(ctx, "move out", ids, func(tx *database.Tx, ids []core.ID) error {
		things := map[core.ID][]batchThing{}
		var communities []core.ID
		for _, id := range ids {
			old, err := moveOut(tx, by, scope, id)
			if core.IsNotFound(err) {
				if left, err := hasLeft(tx, scope, id); err != nil {
					return err
				} else if left {
					continue
				}
			}
			if err != nil {
				return err
			}
			if things[old.Community] == nil {
				communities = append(communities, old.Community)
			}
			things[old.Community] = append(things[old.Community], batchThing{
				ID:     id,
				Before: residentItem{Certified: millisOf(old.Certified), Updated: millisOf(old.Updated)},
				After:  residentItem{MovedOut: tx.NowMS(), Updated: tx.NextUpdated(old.Updated)},
			})
		}
		if len(communities) == 0 {
			return core.Conflict("已经迁出，可能是其他人刚刚操作的")
		}
		var err error
		batch, err = writeBatches(tx, by, core.BatchMoveOut, communities, things)
		return err
	})
	return batch, err
}

// hasLeft reports whether a resident of the scope has moved out.
func hasLeft(tx *database.Tx, scope core.Scope, id core.ID) (bool, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	where.And("moved_out_at IS NOT NULL")
	var found []core.ID
	err := tx.All(&found, "SELECT id FROM resident WHERE "+where.Text()+tx.Dialect().ForUpdate(), where.Args()...)
	return len(found) > 0, err
}

// moveOut moves one resident out and returns what they were.
func moveOut(tx *database.Tx, by core.Actor, scope core.Scope, id core.ID) (core.Resident, error) {
	row, old, err := lockResident(tx, scope, id)
	if err != nil {
		return old, err
	}
	err = tx.ExecOne(
		database.ErrRace,
		`UPDATE resident SET moved_out_at = ?, was_certified_at = certified_at, certified_at = NULL, updated_at = ?
		WHERE id = ? AND moved_out_at IS NULL`,
		tx.NowMS(), tx.NextUpdated(old.Updated), int64(id),
	)
	if err != nil {
		return old, err
	}
	gone := residentNamed(old)
	gone.kind = gramMovedOut
	if err := renameGrams(tx, residentNamed(old), gone); err != nil {
		return old, err
	}
	if err := disablePass(tx, id); err != nil {
		return old, err
	}
	if old.Identity == core.Owner {
		if err := leftToOffice(tx, old.Community, "h.id = ?", int64(old.House)); err != nil {
			return old, err
		}
	}
	return old, audit.Write(tx, by, audit.Entry{
		Community: old.Community, Action: "resident.move_out", Subject: audit.Target("resident", id),
		Before: auditOfResident(old, row.Label),
	})
}

// RemoveResidents deletes residents of the scope who were entered by mistake: all or none. A
// resident to whom something refers (see residentHolds) cannot be deleted, only move out.
func (s *Store) RemoveResidents(ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID) error {
	return s.eachResident(ctx, "delete residents", ids, func(tx *database.Tx, id core.ID) error {
		row, old, err := lockResident(tx, scope, id)
		if err != nil {
			return err
		}
		held, err := heldResidents(tx.All, []core.ID{id})
		if err != nil {
			return err
		}
		if why, is := held[id]; is {
			return core.Conflict("“" + old.Name + "”（" + row.Label + "）" + why.Label() + "，不能删除，请改为迁出；所选的都没有删除")
		}
		if err := deletePass(tx, id); err != nil {
			return err
		}
		if err := tx.ExecOne(database.ErrRace, "DELETE FROM resident WHERE id = ?", int64(id)); err != nil {
			return err
		}
		if err := removeGrams(tx, residentNamed(old)); err != nil {
			return err
		}
		if old.Identity == core.Owner {
			if err := leftToOffice(tx, old.Community, "h.id = ?", int64(old.House)); err != nil {
				return err
			}
		}
		return audit.Write(tx, by, audit.Entry{
			Community: old.Community, Action: "resident.remove", Subject: audit.Target("resident", id),
			Before: auditOfResident(old, row.Label),
		})
	})
}

// eachResident applies act to residents in one transaction, in the order of ids, so that two such
// acts cannot deadlock.
func (s *Store) eachResident(ctx context.Context, op string, ids []core.ID, act func(tx *database.Tx, id core.ID) error) error {
	return s.someResidents(ctx, op, ids, func(tx *database.Tx, ids []core.ID) error {
		for _, id := range ids {
			if err := act(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// someResidents does something to some residents in one transaction; act gets them in the order of
// ids, each once.
func (s *Store) someResidents(ctx context.Context, op string, ids []core.ID, act func(tx *database.Tx, ids []core.ID) error) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > ResidentsAtOnce {
		return core.Invalid(fmt.Sprintf("请选择 1 至 %d 名住户", ResidentsAtOnce))
	}
	return s.db.Write(ctx, op, func(tx *database.Tx) error { return act(tx, ids) })
}

// registerIDNumber stores the ID number that a guard recorded at a passage, if none was on file.
func registerIDNumber(tx *database.Tx, resident core.ID, number string) error {
	sealed, err := tx.Keys().Seal("resident.idno", number)
	if err != nil {
		return err
	}
	_, err = tx.Exec(
		"UPDATE resident SET idno_cipher = ?, idno_mac = ?, "+database.RaiseUpdated+" WHERE id = ? AND idno_cipher = ''",
		sealed, tx.Keys().Digest("idno", number), tx.NowMS(), tx.NowMS(),
		int64(resident),
	)
	return err
}
