package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// tellApplicant tells who applied for a slip, if anybody did.
func tellApplicant(tx *database.Tx, e core.ExitSlip, title string) error {
	if e.Applicant == 0 {
		return nil
	}
	return outbox.Put(tx, core.MessageNote{
		Kind: core.MessageExitSlip, Community: e.Community, User: e.Applicant, Title: title, Link: exitSlipLink(e.ID),
	})
}

// joinExitSlips lets slips of a house that goes be of the one that stays, and be those of the tie that stays.
func (m *houseMover) joinExitSlips(j HouseJoin) error {
	kept := map[core.ID]core.ID{}
	for _, twice := range j.Twice {
		kept[twice.Ended.ID] = twice.Kept.ID
	}
	var slips []struct {
		ID    core.ID `db:"id"`
		House core.ID `db:"house_id"`
		Tie   core.ID `db:"resident_id"`
	}
	if err := m.tx.All(&slips, "SELECT id, house_id, resident_id FROM exit_slip WHERE house_id IN (?, ?) ORDER BY id",
		int64(j.From.ID), int64(j.Into.ID)); err != nil {
		return err
	}
	for _, e := range slips {
		before := movedThing{Stem: "exitslip", Parent: e.House, Tie: e.Tie}
		after := movedThing{Parent: j.Into.ID, Tie: e.Tie}
		if stays, ended := kept[e.Tie]; ended {
			after.Tie = stays
		}
		if after.Parent == before.Parent && after.Tie == before.Tie {
			continue
		}
		m.note(e.ID, before, after)
		if err := rehouseExitSlip(m.tx, e.ID, after); err != nil {
			return err
		}
	}
	return nil
}

// rehouseExitSlip lets a slip be of a house and of one who lives there. One that was deleted meanwhile stays deleted.
func rehouseExitSlip(tx *database.Tx, id core.ID, to movedThing) error {
	_, err := tx.Exec("UPDATE exit_slip SET house_id = ?, resident_id = ? WHERE id = ?", int64(to.Parent), int64(to.Tie), int64(id))
	return err
}

// moveExitSlips moves what one WeChat user applied for to another, which WeChat reported to be the same person.
func moveExitSlips(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec("UPDATE exit_slip SET applicant_id = ? WHERE applicant_id = ?", int64(to), int64(from))
	return err
}

// ExpireExitSlips lets applications whose time has passed wait no more: nobody is asked about them.
func (s *Store) ExpireExitSlips(ctx context.Context) error {
	for {
		n := 0
		err := s.db.Write(ctx, "expire applications for exit slips", func(tx *database.Tx) error {
			var ids []core.ID
			err := tx.All(&ids, `
				SELECT r.id
				FROM exit_slip e
				JOIN review r ON r.id = e.id
				WHERE e.answer = 'waiting'
				AND e.until_at < ?
				AND r.state = 'waiting'
				ORDER BY e.until_at
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

// PurgeExitSlips deletes the slips that ended before a moment, with their passes, reviews and pictures, and returns how many.
func (s *Store) PurgeExitSlips(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		n := int64(0)
		err := s.db.Write(ctx, "purge exit slips", func(tx *database.Tx) error {
			var ids []core.ID
			if err := tx.All(&ids, "SELECT id FROM exit_slip WHERE "+oldSlip+" ORDER BY until_at LIMIT ?",
				before.UnixMilli(), purgedVisits); err != nil {
				return err
			}
			n = int64(len(ids))
			return deleteExitSlips(tx, ids)
		})
		if removed += n; err != nil || n < purgedVisits {
			return removed, err
		}
	}
}

func deleteExitSlips(tx *database.Tx, ids []core.ID) error {
	if len(ids) == 0 {
		return nil
	}
	in, args := " IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)
	if err := deletePassesOf(tx, core.PassExitSlip, ids); err != nil {
		return err
	}
	if err := deleteReviewsOf(tx, core.ReviewExitSlip, ids); err != nil {
		return err
	}
	if err := removePhotosOf(tx, "exitslip", ids); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM exit_slip_item WHERE slip_id"+in, args...); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM exit_slip WHERE id"+in, args...)
	return err
}
