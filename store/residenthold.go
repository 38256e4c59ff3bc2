package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// residentHolds are what refers to residents, so that taking back what added them keeps them: a table that comes to refer to
// residents has a row here. What only the resident has, such as a card, goes with a deletion by hand.
var residentHolds = []struct {
	why      core.BatchWhy
	byHand   bool   // it prevents deleting them by hand, too
	rows     string // those that came after an id
	millis   bool   // after a time in milliseconds instead
	resident string // their column
}{
	{
		core.BatchRecords, true, "resident t WHERE EXISTS (SELECT 1 FROM access_record a WHERE a.community_id = t.community_id " +
			"AND a.person_id = t.person_id AND a.resident_id = t.id AND a.id > ?)", false, "t.id",
	},
	{core.BatchVisited, true, "visitor_pass WHERE id > ?", false, "resident_id"},
	{core.BatchSlips, true, "exit_slip WHERE id > ?", false, "resident_id"},
	{core.BatchCarded, false, "resident_card WHERE id > ?", false, "resident_id"},
	{core.BatchPlanned, false, "house_transfer WHERE open_house IS NOT NULL AND id > ?", false, "resident_id"},
	{ // to live in another house, instead of theirs
		core.BatchApplied, false, "certification c JOIN review r ON r.id = c.id WHERE r.state = 'waiting' AND r.id > ?", false,
		"c.replaces_id",
	},
	{
		core.BatchAided, false, "pass p JOIN pass_aid ai ON ai.pass_id = p.id WHERE p.kind = 'resident' AND " +
			"CASE WHEN ai.urgent_until > ai.vouched_until THEN ai.urgent_until ELSE ai.vouched_until END > ?", true, "p.holder_id",
	},
}

// ResidentsHeld returns why those of some residents cannot be deleted, but only move out, of whom that is so.
func (s *Store) ResidentsHeld(ctx context.Context, ids []core.ID) (map[core.ID]core.BatchWhy, error) {
	held, err := heldResidents(s.allOf(ctx), ids)
	return held, database.Wrap("what holds residents", err)
}

func heldResidents(all readAll, ids []core.ID) (map[core.ID]core.BatchWhy, error) {
	held := map[core.ID]core.BatchWhy{}
	for _, hold := range residentHolds {
		if !hold.byHand {
			continue
		}
		err := database.EachPart(ids, func(part []core.ID) error {
			var found []core.ID
			err := all(&found, "SELECT DISTINCT "+hold.resident+" FROM "+hold.rows+" AND "+hold.resident+" IN ("+
				database.Placeholders(len(part))+")", database.AppendIDs([]any{0}, part)...)
			for _, id := range found {
				if _, known := held[id]; !known {
					held[id] = hold.why
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

// keepHeldResidents keeps the residents to whom something refers that came after the batch.
func (u *undoing) keepHeldResidents() error {
	for _, hold := range residentHolds {
		since := int64(u.batch.ID)
		if hold.millis {
			since = u.batch.Created.UnixMilli()
		}
		err := u.keepFound(hold.why, "SELECT DISTINCT "+hold.resident+" FROM "+hold.rows+" AND "+hold.resident, since)
		if err != nil {
			return err
		}
	}
	return nil
}

// holdTie locks a resident for an act that comes to refer to them, so that nobody deletes them meanwhile. One who is not
// there any more is NotFound, with the words of the caller.
func holdTie(tx *database.Tx, resident core.ID, gone string) error {
	var locked core.ID
	err := tx.Get(&locked, "SELECT id FROM resident WHERE id = ? AND moved_out_at IS NULL"+tx.Dialect().ForUpdate(), int64(resident))
	return database.NotFoundIfNoRows(err, gone)
}
