package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// residentPass is the pass of a certified resident.
var residentPass = passKind{
	kind: core.PassResident,
	join: `
LEFT JOIN resident t ON p.kind = 'resident' AND t.id = p.holder_id
LEFT JOIN exit_tally tp ON tp.community_id = p.community_id AND tp.subject_id = p.person_id
LEFT JOIN exit_tally th ON th.community_id = p.community_id AND th.subject_id = t.house_id`,
	columns: `
	COALESCE(t.id, 0) AS resident_id, COALESCE(t.lease_day, 0) AS lease_day,
	CASE WHEN t.idno_cipher <> '' THEN 1 ELSE 0 END AS has_id, t.certified_at, t.moved_out_at,
	COALESCE(tp.days, '') AS person_days, COALESCE(tp.version, 0) AS person_version,
	COALESCE(th.days, '') AS house_days, COALESCE(th.version, 0) AS house_version`,
	name: "t.name", house: "t.house_id",
	fill: func(r *scanRow, f *core.Facts) { r.residentFacts.fill(f) },
	list: func(int64) (string, []any) { return residentPassQuery, nil },
}

// residentFacts are facts of resident passes only.
type residentFacts struct {
	ResidentID core.ID         `db:"resident_id"`
	LeaseDay   core.Day        `db:"lease_day"`
	HasID      int             `db:"has_id"`
	Certified  database.Millis `db:"certified_at"`
	MovedOut   database.Millis `db:"moved_out_at"`

	PersonDays    string `db:"person_days"`
	PersonVersion int64  `db:"person_version"`
	HouseDays     string `db:"house_days"`
	HouseVersion  int64  `db:"house_version"`
}

// fill adds the facts of this resident's pass; the exits are added by the plan, which knows what earlier attempts of
// the batch have counted.
func (r *residentFacts) fill(f *core.Facts) {
	f.PassEnabled = f.PassEnabled && !r.Certified.IsZero() && r.MovedOut.IsZero()
	f.LeaseLast, f.HasIDNumber = r.LeaseDay, r.HasID != 0
}

// residentPassQuery finds the usable passes of residents.
const residentPassQuery = `
	SELECT p.id AS id,
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
		t.lease_day
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

// PassOfResidents returns the usable passes of residents, by resident, in one query. A resident
// without a pass is not in the map. The caller must have found the residents within a scope.
func (s *Store) PassOfResidents(ctx context.Context, residents []core.ID) (map[core.ID]core.ID, error) {
	passes := make(map[core.ID]core.ID, len(residents))
	err := database.EachPart(residents, func(part []core.ID) error {
		var rows []passRow
		query := residentPassQuery + "p.holder_id IN (" + database.Placeholders(len(part)) + ")"
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
	return deletePassesOf(tx, core.PassResident, residents)
}

// enablePass undoes disablePass for a resident who comes back.
func enablePass(tx *database.Tx, resident core.ID) error {
	_, err := tx.Exec("UPDATE pass SET disabled_at = NULL WHERE kind = ? AND holder_id = ?",
		string(core.PassResident), int64(resident))
	return err
}
