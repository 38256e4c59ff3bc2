package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// joinVisits lets visits to a house that goes be to the one that stays, and be those of the tie of their host that stays.
func (m *houseMover) joinVisits(j HouseJoin) error {
	kept := map[core.ID]core.ID{}
	for _, twice := range j.Twice {
		kept[twice.Ended.ID] = twice.Kept.ID
	}
	var visits []struct {
		ID    core.ID `db:"id"`
		House core.ID `db:"house_id"`
		Tie   core.ID `db:"resident_id"`
	}
	if err := m.tx.All(&visits, "SELECT id, house_id, resident_id FROM visitor_pass WHERE house_id IN (?, ?) ORDER BY id",
		int64(j.From.ID), int64(j.Into.ID)); err != nil {
		return err
	}
	for _, v := range visits {
		before := movedThing{Stem: "visitorpass", Parent: v.House, Tie: v.Tie}
		after := movedThing{Parent: j.Into.ID, Tie: v.Tie}
		if stays, ended := kept[v.Tie]; ended {
			after.Tie = stays
		}
		if after.Parent == before.Parent && after.Tie == before.Tie {
			continue
		}
		m.note(v.ID, before, after)
		if err := rehouseVisit(m.tx, v.ID, after); err != nil {
			return err
		}
	}
	return nil
}

// rehouseVisit lets a visit be to a house and to one who lives there. One that was deleted meanwhile stays deleted.
func rehouseVisit(tx *database.Tx, id core.ID, to movedThing) error {
	_, err := tx.Exec("UPDATE visitor_pass SET house_id = ?, resident_id = ? WHERE id = ?", int64(to.Parent), int64(to.Tie), int64(id))
	return err
}

// moveVisits moves what one WeChat user applied for to another, which WeChat reported to be the same person.
func moveVisits(tx *database.Tx, from, to core.ID) error {
	_, err := tx.Exec("UPDATE visitor_pass SET applicant_id = ? WHERE applicant_id = ?", int64(to), int64(from))
	return err
}
