package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// takeExits removes the tally of a house and returns its days.
func takeExits(tx *database.Tx, community, house core.ID) (string, error) {
	var days []string
	err := tx.All(&days, "SELECT days FROM exit_tally WHERE community_id = ? AND subject_id = ?"+tx.Dialect().ForUpdate(),
		int64(community), int64(house))
	if err != nil || len(days) == 0 {
		return "", err
	}
	_, err = tx.Exec("DELETE FROM exit_tally WHERE community_id = ? AND subject_id = ?", int64(community), int64(house))
	return days[0], err
}

// addExits adds the days of a tally to that of a house, or takes them off it if sign is -1.
func addExits(tx *database.Tx, community, house core.ID, days string, sign int) error {
	add, err := core.ParseTally(days)
	if err != nil || len(add) == 0 {
		return err
	}
	var there []string
	err = tx.All(&there, "SELECT days FROM exit_tally WHERE community_id = ? AND subject_id = ?"+tx.Dialect().ForUpdate(),
		int64(community), int64(house))
	if err != nil {
		return err
	}
	sum := core.Tally{}
	if len(there) > 0 {
		if sum, err = core.ParseTally(there[0]); err != nil {
			return err
		}
	}
	for day, n := range add {
		if sum[day] += sign * n; sum[day] <= 0 {
			delete(sum, day)
		}
	}
	if len(there) == 0 && len(sum) > 0 {
		_, err = tx.Exec("INSERT INTO exit_tally (community_id, subject_id, days, version) VALUES (?, ?, ?, 1)",
			int64(community), int64(house), sum.Encode())
		return err
	}
	if len(sum) == 0 {
		_, err = tx.Exec("DELETE FROM exit_tally WHERE community_id = ? AND subject_id = ?", int64(community), int64(house))
		return err
	}
	_, err = tx.Exec("UPDATE exit_tally SET days = ?, version = version + 1 WHERE community_id = ? AND subject_id = ?",
		sum.Encode(), int64(community), int64(house))
	return err
}
