package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// LeavesAtOnce bounds the visits that one act notes as left.
const LeavesAtOnce = 200

// visitorPassLeaveAudit is what the audit log records of a visit whose party was noted as left.
type visitorPassLeaveAudit struct {
	House string  `json:"house"`
	Gone  int     `json:"gone"`
	Gate  string  `json:"at_gate,omitempty"` // the post of the guard who noted it
	Batch core.ID `json:"batch,omitempty"`   // 0 = one of several
}

// visitStayItem is where a party was as a batch keeps it.
type visitStayItem struct {
	Gone   int   `json:"gone"`
	Left   int64 `json:"left,omitempty"`
	Inside int64 `json:"inside,omitempty"`
}

// VisitsInside returns those of some visits in scope whose party has not left yet, masked, for a question.
func (s *Store) VisitsInside(ctx context.Context, scope core.Scope, ids []core.ID) ([]core.VisitorPass, error) {
	where, args := database.ScopeWhere(scope, "v.community_id")
	var visits []core.VisitorPass
	err := database.EachPart(ids, func(part []core.ID) error {
		var rows []visitorPassRow
		err := s.db.All(ctx, &rows, visitorPassColumns+"v.inside_since IS NOT NULL AND v.id IN ("+database.Placeholders(len(part))+
			") AND "+where+" ORDER BY v.id", append(database.IDArgs(part), args...)...)
		visits = append(visits, s.visitsOf(rows)...)
		return err
	})
	return visits, database.Wrap("read who is inside", err)
}

// LeaveVisits notes that the parties of visits in scope have left, though no door or guard saw it: nobody of them is inside
// any more. gate is the name of the post at which a guard notes it; "" = the office. Those who have left meanwhile
// are not in the batch; if none is inside, it is a conflict. A visit that is not of the scope is NotFound, and nothing changes.
func (s *Store) LeaveVisits(
	ctx context.Context, by core.Actor, scope core.Scope, ids []core.ID, gate string,
) (batch core.Batch, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > LeavesAtOnce {
		return batch, core.Invalid(fmt.Sprintf("请选择 1 至 %d 位访客", LeavesAtOnce))
	}
	err = s.db.Write(ctx, "note that visitors left", func(tx *database.Tx) error {
		l := visitLeaving{tx: tx, things: map[core.ID][]batchThing{}}
		for _, id := range ids {
			if err := l.visit(scope, id); err != nil {
				return err
			}
		}
		if len(l.visits) == 0 {
			return core.Conflict("选择的访客都已离开")
		}
		if batch, err = writeBatches(tx, by, core.BatchVisitLeave, l.communities, l.things); err != nil {
			return err
		}
		for _, v := range l.visits {
			entry := audit.Entry{
				Community: v.Community, Action: "visitorpass.leave", Subject: audit.Target("visitorpass", v.ID),
				Before: visitorPassLeaveAudit{House: v.HouseLabel, Gone: v.Gone},
				After:  visitorPassLeaveAudit{v.HouseLabel, max(v.People, 1), gate, batch.ID},
			}
			if err := audit.Write(tx, by, entry); err != nil {
				return err
			}
		}
		return nil
	})
	return batch, err
}

// visitLeaving is one transaction in which visits are noted as left.
type visitLeaving struct {
	tx          *database.Tx
	visits      []core.VisitorPass
	communities []core.ID
	things      map[core.ID][]batchThing // by community
}

func (l *visitLeaving) visit(scope core.Scope, id core.ID) error {
	v, err := lockVisit(l.tx, scope, id)
	if err != nil || !v.Inside() {
		return err
	}
	after := visitStayItem{Gone: max(v.People, 1), Left: l.tx.NowMS()}
	if err := setStay(l.tx, v, after); err != nil {
		return err
	}
	if l.things[v.Community] == nil {
		l.communities = append(l.communities, v.Community)
	}
	before := visitStayItem{Gone: v.Gone, Left: millisOf(v.Left), Inside: millisOf(v.Entered)}
	l.things[v.Community] = append(l.things[v.Community], batchThing{ID: id, Before: before, After: after})
	l.visits = append(l.visits, v)
	return nil
}

// setStay sets where the party of a visit is, if nobody of it has passed since it was read.
func setStay(tx *database.Tx, v core.VisitorPass, to visitStayItem) error {
	var left, inside any
	if to.Left != 0 {
		left = to.Left
	}
	if to.Inside != 0 {
		inside = to.Inside
	}
	return tx.ExecOne(database.ErrRace, `
		UPDATE visitor_pass
		SET left_n = ?, left_at = ?, inside_since = ?, updated_at = ?
		WHERE id = ?
		AND left_n = ?
		AND entered_at IS NOT NULL`, to.Gone, left, inside, tx.NextUpdated(v.Updated), int64(v.ID), v.Gone)
}

// undoLeaves lets parties be inside again, as many as were, unless somebody of them was let out since.
func undoLeaves(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var was, became visitStayItem
		if err := cmp.Or(readBatchText(item.Before, &was), readBatchText(item.After, &became)); err != nil {
			return err
		}
		v, err := lockVisit(u.tx, u.scope, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case v.Gone != became.Gone || millisOf(v.Left) != became.Left:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		return setStay(u.tx, v, was)
	})
}
