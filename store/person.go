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
	persons := make(map[string]core.ID, len(macs))
	if err := findPersons(tx, slices.Compact(slices.Sorted(slices.Values(macs))), persons); err != nil {
		return nil, err
	}
	_, err := makePersons(tx, macs, persons)
	return persons, err
}

// makePersons adds the persons of digests to those that are known, and creates those that do not exist. all = those it has added
// are new.
func makePersons(tx *database.Tx, macs []string, persons map[string]core.ID) (all bool, err error) {
	// One order for all, so that two acts never wait for each other.
	macs = slices.Compact(slices.Sorted(slices.Values(macs)))
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
		return true, err
	}
	there := make(map[string]core.ID, len(missing))
	if err := findPersons(tx, missing, there); err != nil {
		return false, err
	}
	if len(there) < len(missing) {
		return false, database.ErrRace // what another has created is not to be seen in this transaction
	}
	maps.Copy(persons, there)
	return false, nil
}

// madePersons are persons who were created for numbers that nobody had, in an act before that in which they are needed.
type madePersons struct {
	of          map[string]core.ID // by the digest of the number; nil = none were
	first, last core.ID
	known       bool // somebody had one of the numbers
}

// makeStrangers creates the persons of digests that nobody is expected to have.
func makeStrangers(tx *database.Tx, macs []string) (madePersons, error) {
	made := madePersons{of: map[string]core.ID{}}
	all, err := makePersons(tx, macs, made.of)
	if err != nil || !all {
		return madePersons{known: true}, err
	}
	for _, id := range made.of {
		if made.first == 0 || id < made.first {
			made.first = id
		}
		made.last = max(made.last, id)
	}
	return made, nil
}

// met reports whether a WeChat user is one of them by now. Nobody becomes one until the act ends.
func (m madePersons) met(tx *database.Tx) (bool, error) { return m.are(tx, "wechat_user") }

// tied reports whether a resident is one of them by now: the office may have added somebody with a number since they were made.
func (m madePersons) tied(tx *database.Tx) (bool, error) { return m.are(tx, "resident") }

func (m madePersons) are(tx *database.Tx, table string) (bool, error) {
	if len(m.of) == 0 {
		return false, nil
	}
	var found []core.ID
	err := tx.All(&found, "SELECT person_id FROM "+table+" WHERE person_id BETWEEN ? AND ?"+tx.Dialect().ForShare(),
		int64(m.first), int64(m.last))
	return len(found) > 0, err
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

// personWithoutNumber returns who a resident is whose person got a number that was not theirs: the same without it, with their
// exits, unless somebody else is the number's person by now.
func personWithoutNumber(tx *database.Tx, r core.Resident) (core.ID, error) {
	var others []core.ID
	err := tx.All(&others, `
		SELECT id FROM resident WHERE person_id = ? AND id <> ?
		UNION ALL SELECT id FROM wechat_user WHERE person_id = ?
		UNION ALL SELECT id FROM pass WHERE person_id = ? AND (kind <> ? OR holder_id <> ?)`,
		int64(r.Person), int64(r.ID), int64(r.Person), int64(r.Person), string(core.PassResident), int64(r.ID))
	if err != nil {
		return 0, err
	}
	if len(others) > 0 {
		return personOfNumber(tx, r.Person, "")
	}
	return r.Person, tx.ExecOne(database.ErrRace, "UPDATE person SET phone_mac = NULL WHERE id = ?", int64(r.Person))
}

// missesOfName returns how many wrong names have been stated with a person's number today. The row is locked, so that
// names are stated one after another.
func missesOfName(tx *database.Tx, person core.ID, today core.Day) (int, error) {
	var row struct {
		Misses int      `db:"name_misses"`
		Day    core.Day `db:"name_missed"`
	}
	err := tx.Get(&row, "SELECT name_misses, name_missed FROM person WHERE id = ?"+tx.Dialect().ForUpdate(), int64(person))
	if row.Day != today {
		row.Misses = 0
	}
	return row.Misses, err
}

// missName counts a wrong name.
func missName(tx *database.Tx, person core.ID, today core.Day, misses int) error {
	return tx.ExecOne(database.ErrRace, "UPDATE person SET name_misses = ?, name_missed = ? WHERE id = ?",
		misses+1, int32(today), int64(person))
}
