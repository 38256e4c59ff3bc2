package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// visitReview is the kind of review in which a visitor asks for a pass to a house.
var visitReview = reviewKind{approve: approveVisit, reject: rejectVisit, record: recordVisit}

// approveVisit makes the pass that was applied for, and tells the house unless somebody of it decided.
func approveVisit(s *Store, tx *database.Tx, _ core.Actor, r core.Review) error {
	v, err := lockVisit(tx, core.Everywhere, r.ID)
	if err != nil {
		return err
	}
	err = grantVisit(tx, v, s.zone)
	if errors.Is(err, errBarred) && r.Owner == 0 { // the office is who may know
		err = core.Conflict("访客在黑名单上，不能通过")
	}
	if err != nil || r.Owner != 0 {
		return err
	}
	return tellHosts(tx, core.DayOf(tx.Now(), s.zone), []hostNote{{
		v.Community, v.HostTie, v.House, v.ID, "到 " + v.HouseLabel + " 的访客申请已由物业通过", tx.Now(),
	}})
}

// grantVisit lets a visit that waits have a pass.
func grantVisit(tx *database.Tx, v core.VisitorPass, zone *time.Location) error {
	if v.State(tx.Now()) != core.VisitWaiting {
		return core.Conflict("来访时间已过，或已处理过，不能通过")
	}
	if _, barred, err := barredFor(tx.All, tx.Keys(), v, core.DayOf(tx.Now(), zone)); err != nil || barred {
		return cmp.Or(err, errBarred)
	}
	if err := tx.ExecOne(database.ErrRace, `
		UPDATE visitor_pass
		SET answer = 'granted', updated_at = ?
		WHERE id = ?
		AND answer = 'waiting'
		AND revoked_at IS NULL`, tx.NextUpdated(v.Updated), int64(v.ID)); err != nil {
		return err
	}
	return insertVisitPasses(tx, []core.VisitorPass{v}, nil)
}

func rejectVisit(tx *database.Tx, r core.Review) error {
	v, err := lockVisit(tx, core.Everywhere, r.ID)
	if err != nil {
		return err
	}
	return refuseVisit(tx, v, r.Reason)
}

// refuseVisit ends a visit that waits.
func refuseVisit(tx *database.Tx, v core.VisitorPass, reason string) error {
	return tx.ExecOne(database.ErrRace, `
		UPDATE visitor_pass
		SET answer = 'rejected', refusal = ?, updated_at = ?
		WHERE id = ?
		AND answer = 'waiting'`, reason, tx.NextUpdated(v.Updated), int64(v.ID))
}

// recordVisit writes the audit row of an application that was decided, or taken back by who applied.
func recordVisit(s *Store, tx *database.Tx, by core.Actor, r core.Review) error {
	if r.State == core.ReviewWithdrawn {
		if err := withdrawVisit(tx, r.ID); err != nil {
			return err
		}
	}
	return s.auditAnswer(tx, by, r.ID)
}

// auditAnswer writes the audit row of a visit that was answered, as it is now.
func (s *Store) auditAnswer(tx *database.Tx, by core.Actor, id core.ID) error {
	var row visitorPassRow
	if err := tx.Get(&row, visitorPassColumns+"v.id = ?", int64(id)); err != nil {
		return database.NotFoundIfNoRows(err, noVisit)
	}
	entry := audit.Entry{
		Community: row.Community, Action: "visitorpass.approve", Subject: audit.Target("visitorpass", id),
		After: s.auditOfVisit(row.visit(tx.Reveal)),
	}
	switch row.Answer {
	case core.VisitRejected:
		entry.Action = "visitorpass.reject"
	case core.VisitWithdrawn:
		entry.Action = "visitorpass.withdraw"
	}
	return audit.Write(tx, by, entry)
}

// AnswerVisit lets a resident of the house decide a visitor who waits for them: who asked for an appointment with them, or who
// applied, where residents decide that. A visit that is not to them is NotFound, one that somebody has decided a conflict.
func (s *Store) AnswerVisit(ctx context.Context, by core.Actor, user core.ID, d core.ReviewDecision) error {
	d.Note, d.Internal = "", ""
	d, wrong := d.Checked()
	return s.db.Write(ctx, "answer a visitor", func(tx *database.Tx) error {
		v, err := lockVisit(tx, core.Everywhere, d.ID)
		if err != nil {
			return err
		}
		host, err := hostOfVisit(tx, core.DayOf(tx.Now(), s.zone), user, d.ID)
		switch {
		case err != nil:
			return err
		case wrong != nil:
			return wrong
		case !host.Certified:
			return core.Forbidden("只有已认证的住户可以处理访客")
		}
		by.Kind, by.ID, by.Name = core.ActorWechat, user, host.Name
		if v.Way == core.VisitApplied {
			return s.answerApplication(tx, by, host, d)
		}
		return s.answerAppointment(tx, by, v, d)
	})
}

func (s *Store) answerApplication(tx *database.Tx, by core.Actor, host visitingHost, d core.ReviewDecision) error {
	r, err := lockReview(tx, core.Everywhere, d.ID)
	switch {
	case err != nil:
		return err
	case r.State != core.ReviewWaiting:
		return core.Conflict(s.decidedForOwner(r))
	case !r.Asked:
		return core.Forbidden("这份申请由物业审核")
	case r.Applicant != 0 && r.Applicant == by.ID:
		return core.Forbidden("这是您自己的申请，请等其他人审核")
	}
	r.State, r.Reason, r.Owner = core.ReviewRejected, d.Reason, host.Resident
	if d.Approve {
		r.State = core.ReviewApproved
	}
	return s.closeReview(tx, by, &r)
}

func (s *Store) answerAppointment(tx *database.Tx, by core.Actor, v core.VisitorPass, d core.ReviewDecision) error {
	now := tx.Now()
	if state := v.State(now); state != core.VisitWaiting {
		return core.Conflict("这次来访" + state.Label() + "，不能再处理")
	}
	title := "您预约的来访已通过，" + s.minute(v.At()) + " 前后一小时可以进门"
	if d.Approve {
		if err := grantVisit(tx, v, s.zone); err != nil {
			return err
		}
	} else {
		if err := refuseVisit(tx, v, d.Reason); err != nil {
			return err
		}
		title = rejectedText(d.Reason)
	}
	if err := s.auditAnswer(tx, by, v.ID); err != nil {
		return err
	}
	return tellVisitor(tx, v, title)
}

// waitingForHost is the condition that a visit is an appointment to be answered, at a moment.
const waitingForHost = "v.way = 'appointment' AND v.answer = 'waiting' AND v.revoked_at IS NULL AND v.until_at >= ?"

// WaitingVisits are the appointments that wait for a host.
type WaitingVisits struct {
	Unproven int  // of visitors whose number nobody has proven
	Full     bool // as many as anybody is left with: a further one is lost
}

// WaitingVisits counts the appointments that wait for a WeChat user.
func (s *Store) WaitingVisits(ctx context.Context, user core.ID) (all WaitingVisits, err error) {
	var rows []struct {
		Waiting  int `db:"waiting"`
		Unproven int `db:"unproven"`
	}
	now, today := s.Now(), int32(core.DayOf(s.Now(), s.zone))
	err = s.db.All(ctx, &rows, `
		SELECT COUNT(*) AS waiting, SUM(CASE WHEN v.proven = 0 THEN 1 ELSE 0 END) AS unproven
		FROM visitor_pass v
		WHERE `+waitingForHost+`
		AND `+visitOfHost+`
		GROUP BY v.resident_id`, now.UnixMilli(), int64(user), today, int64(user), today)
	for _, r := range rows {
		all.Unproven += r.Unproven
		all.Full = all.Full || r.Waiting >= core.MaxWaitingAppointments
	}
	return all, database.Wrap("count who waits for a host", err)
}

// RejectUnprovenVisits declines all appointments that wait for a WeChat user and whose number nobody has proven, and returns how many:
// invented numbers must not cost the host a decision each. All are locked before the end of the audit log is, as by AnswerVisit.
func (s *Store) RejectUnprovenVisits(ctx context.Context, by core.Actor, user core.ID) (declined int, err error) {
	err = s.db.Write(ctx, "decline unproven visitors", func(tx *database.Tx) error {
		declined = 0
		visits, err := s.lockUnproven(tx, user)
		if err != nil {
			return err
		}
		hosts := map[core.ID]visitingHost{} // by tie
		var ids []core.ID
		var acts []audit.Act
		var notes []core.MessageNote
		for _, v := range visits {
			host, ok := hosts[v.HostTie]
			if !ok {
				host, err = hostOfVisit(tx, core.DayOf(tx.Now(), s.zone), user, v.ID)
				if err != nil && !core.IsNotFound(err) {
					return err
				}
				hosts[v.HostTie] = host
			}
			if !host.Certified {
				continue // who does not live there any more declines nobody
			}
			by.Kind, by.ID, by.Name = core.ActorWechat, user, host.Name
			v.Answer, v.Refusal = core.VisitRejected, core.UnprovenRefusal
			ids = append(ids, v.ID)
			acts = append(acts, audit.Act{By: by, Entry: audit.Entry{
				Community: v.Community, Action: "visitorpass.reject", Subject: audit.Target("visitorpass", v.ID), After: s.auditOfVisit(v),
			}})
			notes = append(notes, noteToVisitor(v, rejectedText(v.Refusal))...)
		}
		if len(ids) == 0 {
			return nil
		}
		n, err := tx.Exec(`
			UPDATE visitor_pass
			SET answer = 'rejected', refusal = ?, updated_at = CASE WHEN updated_at >= ? THEN updated_at + 1 ELSE ? END
			WHERE answer = 'waiting'
			AND id IN (`+database.Placeholders(len(ids))+")",
			database.AppendIDs([]any{core.UnprovenRefusal, tx.NowMS(), tx.NowMS()}, ids)...)
		if err == nil && n != int64(len(ids)) {
			err = database.ErrRace
		}
		if err != nil {
			return err
		}
		declined = len(ids)
		if err := audit.WriteAll(tx, acts); err != nil {
			return err
		}
		return outbox.Put(tx, notes...)
	})
	return declined, err
}

// lockUnproven locks the appointments that wait for a WeChat user and whose number nobody has proven, and reads them again: what
// somebody has answered meanwhile, or took back, or whose host has left, is left out.
func (s *Store) lockUnproven(tx *database.Tx, user core.ID) ([]core.VisitorPass, error) {
	today := int32(core.DayOf(tx.Now(), s.zone))
	var ids []core.ID
	waits := "v.proven = 0 AND " + waitingForHost + " AND " + visitOfHost
	args := []any{tx.NowMS(), int64(user), today, int64(user), today}
	err := tx.All(&ids, "SELECT v.id FROM visitor_pass v WHERE "+waits+" ORDER BY v.id", args...)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	in := "v.id IN (" + database.Placeholders(len(ids)) + ")"
	var locked []core.ID
	if err := tx.All(&locked, "SELECT v.id FROM visitor_pass v WHERE "+in+" ORDER BY v.id"+tx.Dialect().ForUpdate(),
		database.IDArgs(ids)...); err != nil {
		return nil, err
	}
	var rows []visitorPassRow
	err = tx.All(&rows, visitorPassColumns+waits+" AND "+in+" ORDER BY v.id", database.AppendIDs(args, ids)...)
	visits := make([]core.VisitorPass, len(rows))
	for i, row := range rows {
		visits[i] = row.visit(tx.Reveal)
	}
	return visits, err
}

// rejectedText tells a visitor that their appointment was declined.
func rejectedText(reason string) string {
	return "您预约的来访" + core.VisitRejected.Label() + "：" + reason
}

// tellVisitor tells who applied for a visit, if they did in WeChat: outside, the page of the visit says it.
func tellVisitor(tx *database.Tx, v core.VisitorPass, title string) error {
	return outbox.Put(tx, noteToVisitor(v, title)...)
}

func noteToVisitor(v core.VisitorPass, title string) []core.MessageNote {
	if v.Applicant == 0 {
		return nil
	}
	return []core.MessageNote{{
		Kind: core.MessageVisit, Community: v.Community, User: v.Applicant, Title: title, Link: visitorPassLink(v.ID),
	}}
}

// endedReviews are superseded in one transaction.
const endedReviews = 200

// ExpireVisits lets applications whose time has passed wait no more: nobody is asked about them.
func (s *Store) ExpireVisits(ctx context.Context) error {
	for {
		n := 0
		err := s.db.Write(ctx, "expire applications of visitors", func(tx *database.Tx) error {
			var ids []core.ID
			err := tx.All(&ids, `
				SELECT r.id
				FROM visitor_pass v
				JOIN review r ON r.id = v.id
				WHERE v.answer = 'waiting'
				AND v.until_at < ?
				AND r.state = 'waiting'
				ORDER BY v.until_at
				LIMIT ?`, tx.NowMS(), endedReviews)
			n = len(ids)
			for _, id := range ids {
				if err := supersedeReview(tx, id); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil || n < endedReviews {
			return err
		}
	}
}

// housesVisited adds the houses of those of the reviews that are visitors' applications in scope.
func (s *Store) housesVisited(ctx context.Context, scope core.Scope, reviews []core.Review, houses map[core.ID]core.ID) error {
	var visits []core.ID
	for _, r := range reviews {
		if r.Kind == core.ReviewVisit && scope.Has(r.Community) {
			visits = append(visits, r.ID)
		}
	}
	return database.EachPart(visits, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			House core.ID `db:"house_id"`
		}
		err := s.db.All(ctx, &rows, "SELECT id, house_id FROM visitor_pass WHERE id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...)
		for _, row := range rows {
			houses[row.ID] = row.House
		}
		return err
	})
}
