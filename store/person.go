package store

import (
	"database/sql"
	"maps"
	"slices"

	"tongxing/core"
	"tongxing/store/database"
)

// findOrMakePersons returns the person of each digest of a phone number, and creates those that do
// not exist.
func findOrMakePersons(tx *database.Tx, macs []string) (map[string]core.ID, error) {
	// One order for all, so that two acts never wait for each other.
	macs = slices.Compact(slices.Sorted(slices.Values(macs)))
	persons := make(map[string]core.ID, len(macs))
	if err := findPersons(tx, macs, persons); err != nil {
		return nil, err
	}
	var rows [][]any
	var missing []string
	for _, mac := range macs {
		if _, ok := persons[mac]; !ok {
			persons[mac] = tx.NewID()
			rows = append(rows, []any{int64(persons[mac]), mac, tx.NowMS()})
			missing = append(missing, mac)
		}
	}
	// Another act may create the same person at the same moment: the first one stays.
	made, err := database.InsertedRows(tx, tx.Dialect().InsertIgnore(), "person", "id, phone_mac, created_at", rows)
	if err != nil || made == len(rows) {
		return persons, err
	}
	there := make(map[string]core.ID, len(missing))
	if err := findPersons(tx, missing, there); err != nil {
		return nil, err
	}
	if len(there) < len(missing) {
		return nil, database.ErrRace // what another has created is not to be seen in this transaction
	}
	maps.Copy(persons, there)
	return persons, nil
}

// createPersons creates persons without a number of their own.
func createPersons(tx *database.Tx, persons []core.ID) error {
	rows := make([][]any, len(persons))
	for i, id := range persons {
		rows[i] = []any{int64(id), nil, tx.NowMS()}
	}
	return database.InsertRows(tx, tx.Dialect().InsertOrEnd(), "person", "id, phone_mac, created_at", rows)
}

func findPersons(tx *database.Tx, macs []string, into map[string]core.ID) error {
	return database.EachPart(macs, func(part []string) error {
		args := make([]any, len(part))
		for i, mac := range part {
			args[i] = mac
		}
		var rows []struct {
			ID  core.ID `db:"id"`
			MAC string  `db:"phone_mac"`
		}
		err := tx.All(&rows, "SELECT id, phone_mac FROM person WHERE phone_mac IN ("+database.Placeholders(len(part))+")", args...)
		for _, row := range rows {
			into[row.MAC] = row.ID
		}
		return err
	})
}

// personOfNumber returns who a resident is whose own number has changed from that of the person was:
// mac is the digest of the new one, "" = none.
func personOfNumber(tx *database.Tx, was core.ID, mac string) (core.ID, error) {
	if mac == "" {
		id := tx.NewID()
		return id, createPersons(tx, []core.ID{id})
	}
	known := map[string]core.ID{}
	if err := findPersons(tx, []string{mac}, known); err != nil || known[mac] != 0 {
		return known[mac], err
	}
	var own sql.NullString
	if err := tx.Get(&own, "SELECT phone_mac FROM person WHERE id = ?", int64(was)); err != nil {
		return 0, err
	}
	if own.Valid {
		persons, err := findOrMakePersons(tx, []string{mac})
		return persons[mac], err
	}
	err := tx.ExecOne(
		database.ErrRace, "UPDATE person SET phone_mac = ? WHERE id = ? AND phone_mac IS NULL", mac, int64(was),
	)
	if database.IsDuplicate(err) {
		err = database.ErrRace // another act has just created the number's person
	}
	return was, err
}

// verifiedPersons returns those of the persons who have verified their phone number in WeChat.
func verifiedPersons(tx *database.Tx, persons []core.ID) (map[core.ID]bool, error) {
	verified := map[core.ID]bool{}
	err := database.EachPart(persons, func(part []core.ID) error {
		var found []core.ID
		err := tx.All(
			&found,
			"SELECT person_id FROM wechat_user WHERE merged_into = 0 AND person_id IN ("+database.Placeholders(len(part))+")",
			database.IDArgs(part)...,
		)
		for _, id := range found {
			verified[id] = true
		}
		return err
	})
	return verified, err
}

// certifyPerson finds or creates the person of a mobile number that WeChat has verified, certifies
// the person's residents, and creates their passes. ties is the number of houses where the person
// lives.
func certifyPerson(tx *database.Tx, phoneMAC string) (person core.ID, ties int, err error) {
	persons, err := findOrMakePersons(tx, []string{phoneMAC})
	if err != nil {
		return 0, 0, err
	}
	person = persons[phoneMAC]
	_, err = tx.Exec(`
		UPDATE resident
		SET certified_at = ?,
			certified_how = '',
			certified_by = '',
			certified_note = ''
		WHERE person_id = ?
		AND certified_at IS NULL
		AND moved_out_at IS NULL`,
		tx.NowMS(), int64(person))
	if err != nil {
		return 0, 0, err
	}
	var rows []struct {
		ID        core.ID `db:"id"`
		Community core.ID `db:"community_id"`
	}
	err = tx.All(&rows, "SELECT id, community_id FROM resident WHERE person_id = ? AND moved_out_at IS NULL ORDER BY id", int64(person))
	if err != nil {
		return 0, 0, err
	}
	residents := make([]core.Resident, len(rows))
	for i, row := range rows {
		residents[i] = core.Resident{ID: row.ID, Community: row.Community, Person: person}
	}
	return person, len(rows), createPasses(tx, residents)
}
