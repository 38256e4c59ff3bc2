package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

const houseTransferColumns = `id, community_id, house_id, day, resident_id, name, sex, phone_cipher, idno_cipher, family, tenants,
	state, why, actor_name, created_at, held`

type houseTransferRow struct {
	ID        core.ID            `db:"id"`
	Community core.ID            `db:"community_id"`
	House     core.ID            `db:"house_id"`
	Day       core.Day           `db:"day"`
	Resident  core.ID            `db:"resident_id"`
	Name      string             `db:"name"`
	Sex       string             `db:"sex"`
	Phone     string             `db:"phone_cipher"`
	IDNumber  string             `db:"idno_cipher"`
	Family    core.TransferFate  `db:"family"`
	Tenants   core.TransferFate  `db:"tenants"`
	State     core.TransferState `db:"state"`
	Why       string             `db:"why"`
	By        string             `db:"actor_name"`
	Created   database.Millis    `db:"created_at"`
	Held      string             `db:"held"`
}

// transfer returns the row with the new owner's numbers whole.
func (r houseTransferRow) transfer(reveal func(column, sealed string) string) core.HouseTransfer {
	return core.HouseTransfer{
		ID: r.ID, Community: r.Community, House: r.House, Day: r.Day, Existing: r.Resident, Family: r.Family, Tenants: r.Tenants,
		State: r.State, Why: r.Why, By: r.By, Created: r.Created.Time,
		Owner: core.Resident{
			Community: r.Community, House: r.House, Name: r.Name, Sex: r.Sex, Identity: core.Owner, Namesake: true,
			Phone:    reveal("house_transfer.phone", r.Phone),
			IDNumber: reveal("house_transfer.idno", r.IDNumber),
		},
	}
}

// PlannedTransfer returns the transfer that is planned for a house of the scope, masked; NotFound if none is.
func (s *Store) PlannedTransfer(ctx context.Context, scope core.Scope, house core.ID) (core.HouseTransfer, error) {
	where, args := database.ScopeWhere(scope, "community_id")
	var row houseTransferRow
	err := s.db.Get(ctx, &row, "SELECT "+houseTransferColumns+" FROM house_transfer WHERE open_house = ? AND "+where,
		append([]any{int64(house)}, args...)...)
	if err != nil {
		return core.HouseTransfer{}, database.Wrap("read a planned transfer", database.NotFoundIfNoRows(err, noTransfer))
	}
	t := row.transfer(s.db.Reveal)
	t.Owner = t.Owner.Masked()
	if t.Existing != 0 {
		t.Owner.Name, err = s.nameOfResident(ctx, t.Existing)
	}
	return t, database.Wrap("read a planned transfer", err)
}

const noTransfer = "没有安排过户"

// nameOfResident returns a resident's name; "" of one who is deleted.
func (s *Store) nameOfResident(ctx context.Context, id core.ID) (name string, err error) {
	err = s.db.Get(ctx, &name, "SELECT name FROM resident WHERE id = ?", int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return name, err
}

// CancelTransfer cancels the transfer that is planned for a house of the scope.
func (s *Store) CancelTransfer(ctx context.Context, by core.Actor, scope core.Scope, house core.ID) error {
	return s.db.Write(ctx, "cancel a transfer", func(tx *database.Tx) error {
		x := transferring{tx: tx, by: by, HouseTransfer: core.HouseTransfer{House: house}}
		if err := x.lockHouse(scope); err != nil {
			return err
		}
		var row houseTransferRow
		err := tx.Get(&row, "SELECT "+houseTransferColumns+" FROM house_transfer WHERE open_house = ?"+tx.Dialect().ForUpdate(),
			int64(house))
		if err != nil {
			return database.NotFoundIfNoRows(err, noTransfer)
		}
		x.HouseTransfer = row.transfer(tx.Reveal)
		if err := x.readPeople(); err != nil {
			return err
		}
		if err := x.close(core.TransferCancelled, 0); err != nil {
			return err
		}
		return audit.Write(tx, by, audit.Entry{
			Community: x.Community, Action: "house.cancel_transfer", Subject: audit.Target("house", house), Before: x.audited(),
		})
	})
}

// close ends a planned transfer: who the new owner was to be is forgotten.
func (x *transferring) close(state core.TransferState, batch core.ID) error {
	return x.tx.ExecOne(database.ErrRace, `
		UPDATE house_transfer
		SET state = ?,
			open_house = NULL,
			why = ?,
			batch_id = ?,
			name = '',
			phone_cipher = '',
			idno_cipher = '',
			held = '',
			updated_at = ?
		WHERE id = ?
		AND state = 'planned'`,
		string(state), x.Why, int64(batch), x.tx.NowMS(), int64(x.ID))
}

// TransferDueHouses does the transfers whose day has come, as the program itself, each in a transaction of
// its own. What is in the way of one is told the office. One that cannot even be ended does not keep the others from being
// done. Two servers at once do each once.
func (s *Store) TransferDueHouses(ctx context.Context) error {
	var due []core.ID
	if err := s.db.All(ctx, &due, "SELECT id FROM house_transfer WHERE state = 'planned' AND day <= ? ORDER BY day, id",
		int32(core.DayOf(s.Now(), s.Zone()))); err != nil {
		return database.Wrap("transfers due", err)
	}
	return doEach(ctx, due, func(id core.ID) error {
		err := s.transferDue(ctx, id, "")
		if core.IsInvalid(err) || core.IsConflict(err) || core.IsNotFound(err) {
			err = s.transferDue(ctx, id, whyFailed(err))
		}
		return err
	})
}

// doEach does something to each of some things, those after one that failed too, and returns all that went wrong.
func doEach(ctx context.Context, ids []core.ID, do func(id core.ID) error) error {
	var failed []error
	for _, id := range ids {
		if ctx.Err() != nil {
			failed = append(failed, ctx.Err())
			break
		}
		if err := do(id); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

// maxTransferWhy is how much of what was in the way of a transfer is kept.
const maxTransferWhy = 200

// whyFailed returns what was in the way of a transfer, in a sentence.
func whyFailed(err error) string {
	text := core.MessageOf(err)
	var wrong *core.Error
	if errors.As(err, &wrong) {
		for _, field := range wrong.Fields {
			text = field
		}
	}
	return cutText(text, maxTransferWhy)
}

// ownerRefused is what checkNewOwner says on the day, without the name of a resident: it leaves the console, by the channels of
// the office's messages.
func (x *transferring) ownerRefused() error {
	if x.Existing != 0 {
		return core.Conflict("所选的人已不住在这里，或已是业主")
	}
	return core.Conflict("新业主的手机号已登记在这套房屋的一名住户名下")
}

// errOwnerHeld refuses a planned transfer on the day if somebody of another name has come to have the new owner's numbers: the
// office was not asked. It names nobody, as ownerRefused.
var errOwnerHeld = core.Conflict("新业主的手机号或证件号，安排之后又登记给了另一姓名的住户，请核对后重新办理")

// transferDue does a planned transfer, or, with a reason, gives it up.
func (s *Store) transferDue(ctx context.Context, id core.ID, why string) error {
	return s.db.Write(ctx, "do a planned transfer", func(tx *database.Tx) error {
		var row houseTransferRow
		err := tx.Get(&row, "SELECT "+houseTransferColumns+" FROM house_transfer WHERE id = ? AND state = 'planned'"+
			tx.Dialect().ForUpdate(), int64(id))
		if errors.Is(err, sql.ErrNoRows) {
			return nil // cancelled, or done by another server
		}
		if err != nil {
			return err
		}
		x := transferring{tx: tx, by: core.System, HouseTransfer: row.transfer(tx.Reveal)}
		if why == "" && (x.Owner.Phone == core.Unreadable || x.Owner.IDNumber == core.Unreadable) {
			return core.Conflict("新业主的手机号或证件号无法解密，请联系运维人核对密钥")
		}
		x.Why = why
		if err := x.lockHouse(core.Everywhere); err != nil && (why == "" || !core.IsNotFound(err)) {
			return err
		}
		x.Community = row.Community
		if err := x.readPeople(); err != nil && (why == "" || !core.IsConflict(err)) {
			return err
		}
		if why != "" {
			if err := x.close(core.TransferFailed, 0); err != nil {
				return err
			}
			return x.tellFailed()
		}
		x.Owner.House = x.House
		if err := checkNewOwner(x.people, x.HouseTransfer); err != nil {
			return x.ownerRefused()
		}
		if holders, err := ownerHolders(tx.All, tx.Keys(), tx.Dialect(), x.HouseTransfer); err != nil {
			return err
		} else if !seenHolders(heldDigest(holders), row.Held) {
			return errOwnerHeld
		}
		batch, err := x.run()
		if err != nil {
			return err
		}
		return x.close(core.TransferDone, batch.ID)
	})
}

// undoTransfer lets everybody live there again who moved out, and makes the new owner what they were, unless somebody of
// them was changed or certified since, or something refers to who lives there now: then all stays.
func undoTransfer(u *undoing) error {
	all := u.items
	read := map[core.ID]core.Resident{}
	if err := u.eachResident(func(r core.Resident, item batchItemRow) error {
		read[r.ID] = r
		var after residentItem
		if err := readBatchText(item.After, &after); err != nil {
			return err
		}
		if !after.is(r) {
			u.keep(r.ID, core.BatchChanged)
		}
		return nil
	}); err != nil {
		return err
	}
	// Who moved out may have been refused at a door since.
	u.items = slices.DeleteFunc(slices.Clone(all), func(item batchItemRow) bool { return !read[item.Thing].MovedOut.IsZero() })
	err := u.keepHeldResidents()
	if u.items = all; err != nil {
		return err
	}
	for id, r := range read {
		if r.MovedOut.IsZero() {
			continue
		}
		if err := mayComeBack(u.tx, id); cannotComeBack(err) {
			u.keep(id, core.BatchTaken)
		} else if err != nil {
			return err
		}
	}
	if len(u.kept) > 0 {
		for _, item := range all {
			if _, kept := u.kept[item.Thing]; !kept {
				u.keep(item.Thing, core.BatchHeld)
			}
		}
		return nil
	}
	// The new owner goes before the former ones come back.
	for _, back := range []bool{false, true} {
		if err := u.each(func(item batchItemRow) error { return undoTransferred(u, read[item.Thing], item, back) }); err != nil {
			return err
		}
	}
	return transferTaken(u.tx, u.batch.ID)
}

// undoTransferred takes back what a transfer did to one resident: back chooses those who moved out.
func undoTransferred(u *undoing, r core.Resident, item batchItemRow, back bool) error {
	var before, after residentItem
	if err := errors.Join(readBatchText(item.Before, &before), readBatchText(item.After, &after)); err != nil {
		return err
	}
	switch {
	case (after.MovedOut != 0) != back:
		return nil
	case back:
		if err := restoreResident(u.tx, r); err != nil {
			return err
		}
		return stampResident(u.tx, r.ID, before.Updated)
	case item.Before == "":
		return deleteResidents(u.tx, []core.Resident{r})
	case before.MovedOut != 0:
		return moveBackOut(u.tx, *before.Whole, before.Pass)
	}
	return restoreImported(u, r, before)
}
