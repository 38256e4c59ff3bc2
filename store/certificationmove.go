package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// renameApplications lets applications that wait name their houses as these are called now. Those that are decided
// keep the words of their time.
func renameApplications(tx *database.Tx, houses []core.ID) error {
	for _, table := range []string{"certification", "visitor_pass"} {
		if err := renameApplicationsOf(tx, table, houses); err != nil {
			return err
		}
	}
	return nil
}

// renameApplicationsOf is renameApplications of one kind; its table has the id of the review.
func renameApplicationsOf(tx *database.Tx, table string, houses []core.ID) error {
	return database.EachPart(houses, func(part []core.ID) error {
		var rows []struct {
			ID    core.ID `db:"id"`
			Label string  `db:"label"`
		}
		err := tx.All(&rows, `
			SELECT c.id, h.label
			FROM `+table+` c
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

// rehouseApplication lets an application be for another house. Of two of one applicant that then wait for it the older is
// superseded, as if the newer had just been sent; it is returned, 0 if there is none.
func rehouseApplication(tx *database.Tx, id, house core.ID) (older core.ID, err error) {
	if err := tx.ExecOne(database.ErrRace, "UPDATE certification SET house_id = ? WHERE id = ?",
		int64(house), int64(id)); err != nil {
		return 0, err
	}
	return rekeyApplication(tx, id, house)
}

// rekeyApplications sets the keys of a WeChat user's applications that wait to those of that user. Of two for one house the older is
// superseded.
func rekeyApplications(tx *database.Tx, applicant core.ID) error {
	var rows []struct {
		ID    core.ID `db:"id"`
		House core.ID `db:"house_id"`
	}
	if err := tx.All(&rows, `
		SELECT c.id, c.house_id
		FROM review r
		JOIN certification c ON c.id = r.id
		WHERE r.applicant_id = ?
		AND r.state = 'waiting'
		ORDER BY c.id`, int64(applicant)); err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := rekeyApplication(tx, row.ID, row.House); err != nil {
			return err
		}
	}
	return nil
}

// rekeyApplication sets the key of an application that waits to that of its applicant and house. If another one has it, the older is
// superseded; it is returned, 0 if there is none.
func rekeyApplication(tx *database.Tx, id, house core.ID) (older core.ID, err error) {
	r, err := lockReview(tx, core.Everywhere, id)
	if err != nil || r.State != core.ReviewWaiting {
		return 0, err
	}
	key := certificationKey(r.Applicant, house)
	var others []core.ID
	if err := tx.All(&others, "SELECT id FROM review WHERE open_key = ? AND id <> ?", key, int64(id)); err != nil {
		return 0, err
	}
	if len(others) > 0 {
		older = min(id, others[0])
		if err := supersedeReview(tx, older); err != nil || older == id {
			return older, err
		}
	}
	return older, setReviewKey(tx, id, key)
}

// reopenApplication lets an application wait again that a merge of its house superseded, unless a later one does.
func reopenApplication(tx *database.Tx, id, house core.ID) error {
	r, err := lockReview(tx, core.Everywhere, id)
	if err != nil || r.State != core.ReviewSuperseded {
		return err
	}
	return unsupersedeReview(tx, id, certificationKey(r.Applicant, house))
}
