package store

import (
	"context"

	"tongxing/core"
	"tongxing/store/database"
)

// arrival is an entry of which the hosts have not been told yet.
type arrival struct {
	Visit     core.ID         `db:"id"`
	Community core.ID         `db:"community_id"`
	Tie       core.ID         `db:"resident_id"` // the host's; 0 = all who live in the house
	House     core.ID         `db:"house_id"`
	Entered   database.Millis `db:"entered_at"`
	Record    core.ID         `db:"arrival_id"`
}

// arrivalRecord is where the party came in, and to whom.
type arrivalRecord struct {
	ID    core.ID `db:"id"`
	House string  `db:"house"`
	Gate  string  `db:"gate"`
}

// TellOfArrivals tells the hosts of visitors who came in, of limit visits at most, and returns how many it looked at. The scan notes
// the entry and no more, since somebody stands at the door and waits; here the entry is crossed off in the transaction that writes
// the messages, so that it is told once by however many servers.
func (s *Store) TellOfArrivals(ctx context.Context, limit int) (seen int, err error) {
	var due []core.ID // most calls find nothing and need no transaction
	if err := s.db.All(ctx, &due, `
		SELECT id
		FROM visitor_pass
		WHERE arrival_id IS NOT NULL
		ORDER BY arrival_id
		LIMIT ?`, limit); err != nil {
		return 0, database.Wrap("visitors to tell of", err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	return len(due), s.db.Write(ctx, "tell of visitors", func(tx *database.Tx) error {
		return tellArrivals(tx, core.DayOf(tx.Now(), s.zone), due)
	})
}

func tellArrivals(tx *database.Tx, today core.Day, visits []core.ID) error {
	in := " IN (" + database.Placeholders(len(visits)) + ")"
	var arrivals []arrival
	if err := tx.All(&arrivals, `
		SELECT id, community_id, resident_id, house_id, entered_at, arrival_id
		FROM visitor_pass
		WHERE id`+in+`
			AND arrival_id IS NOT NULL
		ORDER BY id`+tx.Dialect().ForUpdate(), database.IDArgs(visits)...); err != nil || len(arrivals) == 0 {
		return err
	}
	ids := make([]core.ID, len(arrivals))
	records := make([]core.ID, len(arrivals))
	for i, a := range arrivals {
		ids[i], records[i] = a.Visit, a.Record
	}
	in = " IN (" + database.Placeholders(len(arrivals)) + ")"
	if _, err := tx.Exec("UPDATE visitor_pass SET arrival_id = NULL WHERE id"+in, database.IDArgs(ids)...); err != nil {
		return err
	}
	var found []arrivalRecord
	if err := tx.All(&found, "SELECT id, house, gate FROM access_record WHERE id"+in, database.IDArgs(records)...); err != nil {
		return err
	}
	at := map[core.ID]arrivalRecord{}
	for _, r := range found {
		at[r.ID] = r
	}
	var notes []hostNote
	for _, a := range arrivals {
		if r, ok := at[a.Record]; ok { // it may have been so long that the record is gone
			notes = append(notes, hostNote{
				a.Community, a.Tie, a.House, a.Visit, "到 " + r.House + " 的访客已从 " + r.Gate + " 进门", a.Entered.Time,
			})
		}
	}
	return tellHosts(tx, today, notes)
}
