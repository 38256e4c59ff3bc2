package store

import (
	"context"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exitSlipItem is a slip's state as a batch keeps it.
type exitSlipItem struct {
	State   core.ExitState `json:"state"`
	Updated int64          `json:"updated"` // updated_at
}

// RevokeExitSlips lets nothing more leave by slips of the scope, as a batch, and tells who applied. What has left stays so. Those by
// which nothing can leave are left as they are; if that are all, the result is a conflict.
func (s *Store) RevokeExitSlips(
	ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID,
) (batch core.Batch, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	err = s.db.Write(ctx, "revoke exit slips", func(tx *database.Tx) error {
		things := map[core.ID][]batchThing{}
		var communities []core.ID
		var slips []core.ExitSlip // as they were
		for _, id := range ids {
			e, err := lockExitSlip(tx, scope, id)
			if err != nil {
				return err
			}
			if !e.Usable(tx.Now()) {
				continue
			}
			updated := tx.NextUpdated(e.Updated)
			if err := revokeExitSlip(tx, e, updated); err != nil {
				return err
			}
			if things[e.Community] == nil {
				communities = append(communities, e.Community)
			}
			things[e.Community] = append(things[e.Community], batchThing{
				ID: id, Before: exitSlipItem{e.State(tx.Now()), millisOf(e.Updated)}, After: exitSlipItem{core.ExitRevoked, updated},
			})
			slips = append(slips, e)
		}
		if len(slips) == 0 {
			return core.Conflict("没有可以撤销的出门条：已用完、已过期或已撤销")
		}
		if batch, err = writeBatches(tx, by, core.BatchExits, communities, things); err != nil {
			return err
		}
		return s.recordRevoked(tx, by, slips)
	})
	return batch, err
}

// revokeExitSlip revokes one as it was read: if something has just left, the next run says so.
func revokeExitSlip(tx *database.Tx, e core.ExitSlip, updated int64) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE exit_slip
		SET revoked_at = ?, updated_at = ?
		WHERE id = ?
		AND revoked_at IS NULL
		AND left_mask = ?`, tx.NowMS(), updated, int64(e.ID), int64(e.LeftMask))
}

// recordRevoked writes the audit rows of slips that were revoked, and tells who applied for them.
func (s *Store) recordRevoked(tx *database.Tx, by core.Actor, slips []core.ExitSlip) error {
	for _, before := range slips {
		after := before
		after.Revoked = tx.Now()
		if err := audit.Write(tx, by, audit.Entry{
			Community: before.Community, Action: "exitslip.revoke", Subject: audit.Target("exitslip", before.ID),
			Before: s.auditOfExitSlip(before), After: s.auditOfExitSlip(after),
		}); err != nil {
			return err
		}
		if err := tellApplicant(tx, before, "物业已撤销 "+before.HouseLabel+" 的出门条"); err != nil {
			return err
		}
	}
	return nil
}

// undoExitSlips lets what has not left leave by slips again that a batch revoked, and tells who applied.
func undoExitSlips(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var became exitSlipItem
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		e, err := lockExitSlip(u.tx, u.scope, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case e.Revoked.IsZero() || millisOf(e.Updated) != became.Updated:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		if err := u.tx.ExecOne(database.ErrRace, `
			UPDATE exit_slip
			SET revoked_at = NULL, updated_at = ?
			WHERE id = ?
			AND revoked_at IS NOT NULL`, u.tx.NextUpdated(e.Updated), int64(e.ID)); err != nil {
			return err
		}
		return tellApplicant(u.tx, e, e.HouseLabel+" 的出门条已恢复，没有放行的物品可以出门")
	})
}
