package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// renameApplications lets applications that wait name their houses as these are called now. Those that are decided
// keep the words of their time.
func renameApplications(tx *database.Tx, houses []core.ID) error {
	return database.EachPart(houses, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			Label string  `db:"label"`
		}
		err := tx.All(&rows, `
			SELECT c.id, h.label
			FROM certification c
			JOIN house h ON h.id = c.house_id
			JOIN review r ON r.id = c.id
			WHERE r.state = 'waiting' AND r.subject <> h.label AND c.house_id IN (`+database.Placeholders(len(part))+`)
			ORDER BY c.id`, database.IDArgs(part)...)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := renameReview(tx, row.ID, row.Label); err != nil {
				return err
			}
		}
		return nil
	})
}

// rehouseApplication lets an application be for another house.
func rehouseApplication(tx *database.Tx, id, house core.ID) error {
	return tx.ExecOne(database.ErrRace, "UPDATE certification SET house_id = ? WHERE id = ?", int64(house), int64(id))
}
