package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// exitSlipReview is the kind of review in which a resident asks for an exit slip.
var exitSlipReview = reviewKind{approve: approveExitSlip, reject: rejectExitSlip, record: recordExitSlip}

// approveExitSlip makes the pass that was applied for. Who has moved out meanwhile, or whose house owes by now where that bars it,
// gets none.
func approveExitSlip(s *Store, tx *database.Tx, _ core.Actor, r core.Review) error {
	e, err := lockExitSlip(tx, core.Everywhere, r.ID)
	if err != nil {
		return err
	}
	if e.State(tx.Now()) != core.ExitWaiting {
		return core.Conflict("出门时间已过，或已处理过，不能通过")
	}
	if err := mayHaveSlip(tx, e); err != nil {
		return err
	}
	if err := answerExitSlip(tx, e, core.ExitGranted, ""); err != nil {
		return err
	}
	return createPass(tx, exitPass(e))
}

// mayHaveSlip returns why an application cannot be approved any more.
func mayHaveSlip(tx *database.Tx, e core.ExitSlip) error {
	var home struct {
		Stays      int   `db:"stays"`
		ArrearsFen int64 `db:"arrears_fen"`
	}
	err := tx.Get(&home, `
		SELECT h.arrears_fen,
			CASE WHEN t.house_id = h.id AND t.certified_at IS NOT NULL AND t.moved_out_at IS NULL THEN 1 ELSE 0 END AS stays
		FROM house h
		LEFT JOIN resident t ON t.id = ?
		WHERE h.id = ?`, int64(e.Tie), int64(e.House))
	if err = database.NotFoundIfNoRows(err, noHouse); core.IsNotFound(err) {
		return core.Conflict("房屋已不存在，不能通过")
	}
	if err != nil {
		return err
	}
	if home.Stays == 0 {
		return core.Conflict("申请人已不是这套房屋的住户，不能通过；需要时由物业开具")
	}
	rule, err := exitRuleIn(tx, e.Community)
	if err != nil {
		return err
	}
	if err := rule.MayOwe(home.ArrearsFen); err != nil {
		return core.Conflict(core.MessageOf(err))
	}
	return nil
}

func rejectExitSlip(tx *database.Tx, r core.Review) error {
	e, err := lockExitSlip(tx, core.Everywhere, r.ID)
	if err != nil {
		return err
	}
	return answerExitSlip(tx, e, core.ExitRejected, r.Reason)
}

// answerExitSlip ends that a slip waits.
func answerExitSlip(tx *database.Tx, e core.ExitSlip, answer core.ExitState, reason string) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE exit_slip
		SET answer = ?, refusal = ?, updated_at = ?
		WHERE id = ?
		AND answer = 'waiting'`, string(answer), reason, tx.NextUpdated(e.Updated), int64(e.ID))
}

// recordExitSlip writes the audit row of an application that was decided, or withdrawn, which it notes on the slip too.
func recordExitSlip(s *Store, tx *database.Tx, by core.Actor, r core.Review) error {
	e, err := lockExitSlip(tx, core.Everywhere, r.ID)
	if err != nil {
		return err
	}
	entry := audit.Entry{Community: e.Community, Action: "exitslip.approve", Subject: audit.Target("exitslip", e.ID)}
	switch r.State {
	case core.ReviewRejected:
		entry.Action = "exitslip.reject"
	case core.ReviewWithdrawn:
		entry.Action, by.Name = "exitslip.withdraw", e.Name
		if err := answerExitSlip(tx, e, core.ExitWithdrawn, ""); err != nil {
			return err
		}
		e.Answer = core.ExitWithdrawn
	}
	entry.After = s.auditOfExitSlip(e)
	return audit.Write(tx, by, entry)
}

// lockExitSlip reads a slip of the scope with its items, locked.
func lockExitSlip(tx *database.Tx, scope core.Scope, id core.ID) (core.ExitSlip, error) {
	where := database.Within(scope, "community_id")
	where.And("id = ?", int64(id))
	var locked core.ID
	if err := tx.Get(&locked, "SELECT id FROM exit_slip WHERE "+where.Text()+tx.Dialect().ForUpdate(), where.Args()...); err != nil {
		return core.ExitSlip{}, database.NotFoundIfNoRows(err, noExitSlip)
	}
	var row exitSlipRow
	if err := tx.Get(&row, exitSlipQuery+"e.id = ?", int64(id)); err != nil {
		return core.ExitSlip{}, err
	}
	e := row.slip(tx.Reveal)
	items, err := exitItems(tx.All, []core.ID{id})
	e.Items = items[id]
	return e, err
}

// AnswerExitSlip lets a certified owner of the house decide an application of somebody else of it, where owners are asked. A slip
// that is not to them is NotFound, one that somebody has decided a conflict.
func (s *Store) AnswerExitSlip(ctx context.Context, by core.Actor, user core.ID, d core.ReviewDecision) error {
	d.Internal = ""
	d, wrong := d.Checked()
	return s.db.Write(ctx, "answer an exit slip", func(tx *database.Tx) error {
		r, err := lockReview(tx, core.Everywhere, d.ID)
		if core.IsNotFound(err) || err == nil && r.Kind != core.ReviewExitSlip {
			return core.NotFound(noExitSlip)
		}
		if err != nil {
			return err
		}
		e, err := lockExitSlip(tx, core.Everywhere, d.ID)
		if err != nil {
			return err
		}
		owner, err := ownsHouse(tx, user, e.House)
		if core.IsNotFound(err) {
			return core.NotFound(noExitSlip)
		}
		switch {
		case err != nil:
			return err
		case wrong != nil:
			return wrong
		case r.Applicant == user:
			return core.Forbidden("这是您自己的申请，请等其他人审核")
		case r.State != core.ReviewWaiting:
			return core.Conflict(s.decidedForOwner(r))
		case !r.Asked:
			return core.Forbidden("这份申请由物业审核")
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, owner.Name
		r.State, r.Reason, r.Note, r.Owner = core.ReviewRejected, d.Reason, d.Note, owner.Resident
		if d.Approve {
			r.State = core.ReviewApproved
		}
		return s.closeReview(tx, by, &r)
	})
}

// housesOfSlips adds the houses of those of the reviews that are applications for exit slips in scope.
func (s *Store) housesOfSlips(ctx context.Context, scope core.Scope, reviews []core.Review, houses map[core.ID]core.ID) error {
	var slips []core.ID
	for _, r := range reviews {
		if r.Kind == core.ReviewExitSlip && scope.Has(r.Community) {
			slips = append(slips, r.ID)
		}
	}
	return database.EachPart(slips, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			House core.ID `db:"house_id"`
		}
		err := s.db.All(ctx, &rows, "SELECT id, house_id FROM exit_slip WHERE id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...)
		for _, row := range rows {
			houses[row.ID] = row.House
		}
		return err
	})
}
