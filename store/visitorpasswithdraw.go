package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// WithdrawVisit takes an application or a request for an appointment back that nobody has decided, by the code of its link, which
// is only the visitor's. One that was decided is a conflict.
func (s *Store) WithdrawVisit(ctx context.Context, by core.Actor, code string) error {
	return s.db.Write(ctx, "withdraw a visit", func(tx *database.Tx) error {
		var id core.ID
		err := tx.Get(&id, "SELECT id FROM visitor_pass WHERE link_digest = ? AND until_at >= ?", visitCodeDigest(code), s.visitsShown())
		if err != nil {
			return database.NotFoundIfNoRows(err, noVisit)
		}
		v, err := lockVisit(tx, core.Everywhere, id)
		if err != nil {
			return err
		}
		if state := v.State(tx.Now()); state != core.VisitWaiting {
			return core.Conflict("申请" + state.Label() + "，不能撤回")
		}
		by.Name = v.Name
		if v.Way == core.VisitApplied {
			r, err := lockReview(tx, core.Everywhere, id)
			if err != nil {
				return err
			}
			return s.withdrawReview(tx, by, &r)
		}
		if err := withdrawVisit(tx, id); err != nil {
			return err
		}
		if err := s.auditAnswer(tx, by, id); err != nil || v.HostTie == 0 {
			return err
		}
		return tellHosts(tx, core.DayOf(tx.Now(), s.zone), []hostNote{{
			v.Community, v.HostTie, v.House, id, "一位访客撤回了 " + s.minute(v.At()) + " 的预约", tx.Now(),
		}})
	})
}

// withdrawVisit ends a visit that waits.
func withdrawVisit(tx *database.Tx, id core.ID) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE visitor_pass
		SET answer = 'withdrawn', updated_at = ?
		WHERE id = ?
		AND answer = 'waiting'`, tx.NowMS(), int64(id))
}
