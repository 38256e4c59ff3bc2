package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// purgedVisits are deleted in one transaction.
const purgedVisits = 500

// longestVisit is how long a visitor may stay whom no door has seen leave; then nobody is inside any more.
const longestVisit = 180 * 24 * time.Hour

// PurgeVisitorPasses deletes the visits that ended before a moment, with their passes and pictures, and returns how many.
// Of those of whom somebody is inside, who leaves by the pass, it deletes none until longestVisit after they came.
func (s *Store) PurgeVisitorPasses(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		n := int64(0)
		err := s.db.Write(ctx, "purge visits", func(tx *database.Tx) error {
			var ids []core.ID
			if err := tx.All(&ids, `
				SELECT id
				FROM visitor_pass
				WHERE `+oldVisit+`
				ORDER BY until_at
				LIMIT ?`, before.UnixMilli(), tx.Now().Add(-longestVisit).UnixMilli(), purgedVisits); err != nil {
				return err
			}
			n = int64(len(ids))
			return deleteVisits(tx, ids)
		})
		if removed += n; err != nil || n < purgedVisits {
			return removed, err
		}
	}
}

func deleteVisits(tx *database.Tx, ids []core.ID) error {
	if len(ids) == 0 {
		return nil
	}
	if err := deletePassesOf(tx, core.PassVisitor, ids); err != nil {
		return err
	}
	if err := deleteReviewsOf(tx, core.ReviewVisit, ids); err != nil {
		return err
	}
	if err := removePhotosOf(tx, "visitorpass", ids); err != nil {
		return err
	}
	var names []struct {
		ID        core.ID `db:"id"`
		Community core.ID `db:"community_id"`
		Name      string  `db:"name"`
	}
	if err := tx.All(&names, "SELECT id, community_id, name FROM visitor_pass WHERE id IN ("+database.Placeholders(len(ids))+")",
		database.IDArgs(ids)...); err != nil {
		return err
	}
	for _, v := range names {
		if err := removeGrams(tx, named{gramVisit, v.Community, v.ID, v.Name}); err != nil {
			return err
		}
	}
	_, err := tx.Exec("DELETE FROM visitor_pass WHERE id IN ("+database.Placeholders(len(ids))+")", database.IDArgs(ids)...)
	return err
}
