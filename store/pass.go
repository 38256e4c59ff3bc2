package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// Pass is a pass with what its page shows. The fields of a resident's home are empty for kinds
// without one.
type Pass struct {
	ID            core.ID
	Kind          core.PassKind
	Community     core.ID
	CommunityName string
	OfficePhone   string // of the community; "" = unknown
	Person        core.ID
	Holder        core.ID // the resident of a resident pass
	Name          string
	Identity      core.Identity
	House         core.ID
	HouseLabel    string
	LeaseDay      core.Day // fixed-term tenant: last day of the lease; 0 = none
	Photo         string
}

type passRow struct {
	ID            core.ID       `db:"id"`
	Kind          core.PassKind `db:"kind"`
	Community     core.ID       `db:"community_id"`
	CommunityName string        `db:"community"`
	OfficePhone   string        `db:"office_phone"`
	Person        core.ID       `db:"person_id"`
	Holder        core.ID       `db:"holder_id"`
	Name          string        `db:"name"`
	Identity      core.Identity `db:"identity"`
	House         core.ID       `db:"house_id"`
	HouseLabel    string        `db:"label"`
	LeaseDay      core.Day      `db:"lease_day"`
	Photo         string        `db:"photo"`
}

// passQuery finds the usable passes of residents. Each kind of pass has a query of its
// own over the tables of its holders; residents' is the only one so far.
const passQuery = `
	SELECT p.id,
		p.kind,
		p.community_id,
		c.name AS community,
		c.phone AS office_phone,
		p.person_id,
		p.holder_id,
		t.name,
		t.identity,
		t.house_id,
		h.label,
		t.lease_day,
		t.photo
	FROM pass p
	JOIN resident t ON t.id = p.holder_id
	JOIN house h ON h.id = t.house_id
	JOIN community c ON c.id = p.community_id
	WHERE p.kind = 'resident'
		AND p.disabled_at IS NULL
		AND t.moved_out_at IS NULL
		AND t.certified_at IS NOT NULL
		AND `

// passOfFamily is the condition that a pass is that of a family member who shares the number of the
// person ?, certified at the desk, in a house where the person is a certified resident too: a number
// that was written down wrongly, or that has another owner by now, opens nothing.
const passOfFamily = `
	t.phone_shared = 1
	AND EXISTS (
		SELECT 1
		FROM person o
		JOIN resident own ON own.person_id = o.id
		WHERE o.id = ?
			AND o.phone_mac = t.phone_mac
			AND own.house_id = t.house_id
			AND own.moved_out_at IS NULL
			AND own.certified_at IS NOT NULL
	)`

// PassesOfPerson returns a person's passes, oldest first: one for each house where the person is a
// certified resident; after them those of family members who share the person's number and live in
// the same house. Passes whose lease has ended are included: the rules refuse them with the reason.
func (s *Store) PassesOfPerson(ctx context.Context, person core.ID) ([]Pass, error) {
	if person == 0 {
		return nil, nil
	}
	var rows []passRow
	if err := s.db.All(ctx, &rows, passQuery+"p.person_id = ? ORDER BY p.id", int64(person)); err != nil {
		return nil, database.Wrap("passes of a person", err)
	}
	var family []passRow
	query := passQuery + `t.house_id IN (SELECT house_id FROM resident WHERE person_id = ?)
		AND` + passOfFamily + " ORDER BY p.id"
	if err := s.db.All(ctx, &family, query, int64(person), int64(person)); err != nil {
		return nil, database.Wrap("passes of a family", err)
	}
	passes := make([]Pass, 0, len(rows)+len(family))
	for _, row := range append(rows, family...) {
		passes = append(passes, Pass(row))
	}
	return passes, nil
}

// PassOfResidents returns the usable passes of residents, by resident, in one query. A resident
// without a pass is not in the map. The caller must have found the residents within a scope.
func (s *Store) PassOfResidents(ctx context.Context, residents []core.ID) (map[core.ID]core.ID, error) {
	passes := make(map[core.ID]core.ID, len(residents))
	err := database.EachPart(residents, func(part []core.ID) error {
		var rows []passRow
		query := passQuery + "p.holder_id IN (" + database.Placeholders(len(part)) + ")"
		if err := s.db.All(ctx, &rows, query, database.AppendIDs(nil, part)...); err != nil {
			return err
		}
		for _, row := range rows {
			passes[row.Holder] = row.ID
		}
		return nil
	})
	return passes, database.Wrap("passes of residents", err)
}

// PassOfPerson returns one of the passes of PassesOfPerson; another person's is NotFound.
func (s *Store) PassOfPerson(ctx context.Context, pass, person core.ID) (Pass, error) {
	var row passRow
	err := s.db.Get(
		ctx, &row, passQuery+"p.id = ? AND (p.person_id = ? OR"+passOfFamily+")", int64(pass), int64(person), int64(person),
	)
	if err != nil || person == 0 {
		return Pass{}, database.Wrap("pass of a person", database.NotFoundIfNoRows(err, "通行证不存在"))
	}
	return Pass(row), nil
}

// createPasses creates a pass for each resident without one.
func createPasses(tx *database.Tx, residents []core.Resident) error {
	rows := make([][]any, len(residents))
	for i, r := range residents {
		rows[i] = []any{int64(tx.NewID()), int64(r.Community), string(core.PassResident), int64(r.ID), int64(r.Person), tx.NowMS()}
	}
	err := database.InsertRows(tx, tx.Dialect().InsertIgnore(), "pass", "id, community_id, kind, holder_id, person_id, created_at", rows)
	if err != nil {
		return err
	}
	return leaveOtherNames(tx, database.IDsOf(residents, func(r core.Resident) core.ID { return r.Person }))
}

// hasPass reports whether a resident has a pass, usable or not.
func hasPass(tx *database.Tx, resident core.ID) (bool, error) {
	var n int
	err := tx.Get(
		&n, "SELECT COUNT(*) FROM pass WHERE kind = ? AND holder_id = ?", string(core.PassResident), int64(resident),
	)
	return n > 0, err
}

// disablePass makes a resident's pass unusable at once.
func disablePass(tx *database.Tx, resident core.ID) error {
	_, err := tx.Exec("UPDATE pass SET disabled_at = ? WHERE kind = ? AND holder_id = ? AND disabled_at IS NULL",
		tx.NowMS(), string(core.PassResident), int64(resident))
	return err
}

// deletePass removes the pass of a resident who is deleted.
func deletePass(tx *database.Tx, resident core.ID) error {
	return deletePasses(tx, []core.ID{resident})
}

// deletePasses is deletePass for many.
func deletePasses(tx *database.Tx, residents []core.ID) error {
	_, err := tx.Exec(
		"DELETE FROM pass WHERE kind = ? AND holder_id IN ("+database.Placeholders(len(residents))+")",
		database.AppendIDs([]any{string(core.PassResident)}, residents)...,
	)
	return err
}

// enablePass undoes disablePass for a resident who comes back.
func enablePass(tx *database.Tx, resident core.ID) error {
	_, err := tx.Exec("UPDATE pass SET disabled_at = NULL WHERE kind = ? AND holder_id = ?",
		string(core.PassResident), int64(resident))
	return err
}
