package store

import (
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// takeBackMembers makes members of a company its own again who were so before it was taken out of use here, and have been
// kept by hand since, or have left: deleted by mistake and entered afresh, a company has nobody twice. Those whom WeWork does not
// show stay by hand, as was chosen then.
func takeBackMembers(tx *database.Tx, app core.ID, userIDs []string) error {
	var corps []string
	if err := tx.All(&corps, "SELECT app_id FROM wechat_app WHERE id = ?", int64(app)); err != nil || len(corps) == 0 {
		return err
	}
	byKey := make(map[string]string, len(userIDs))
	for _, id := range userIDs {
		byKey[strings.ToLower(id)] = id
	}
	args := []any{corps[0]}
	for key := range byKey {
		args = append(args, key)
	}
	if len(byKey) == 0 {
		return nil
	}
	var rows []struct {
		ID  core.ID `db:"id"`
		Key string  `db:"former_key"`
	}
	if err := tx.All(&rows, `
		SELECT id, former_key
		FROM staff
		WHERE former_corp = ?
		AND former_key IN (`+database.Placeholders(len(byKey))+`)
		AND app_id = 0
		AND NOT EXISTS (SELECT 1 FROM staff k WHERE k.app_id = ? AND k.user_key = staff.former_key)
		ORDER BY id DESC`+tx.Dialect().ForUpdate(), append(args, int64(app))...); err != nil {
		return err
	}
	for _, r := range rows {
		userID, first := byKey[r.Key]
		if !first {
			continue
		}
		delete(byKey, r.Key)
		// MariaDB sets the columns one after another.
		if _, err := tx.Exec(`
			UPDATE staff
			SET app_id = ?, user_id = ?, user_key = former_key, former_corp = NULL, former_key = NULL
			WHERE id = ?`, int64(app), userID, int64(r.ID)); err != nil {
			return err
		}
	}
	return nil
}

// releaseDepartments lets the departments of a company be kept by hand.
func releaseDepartments(tx *database.Tx, from core.WechatApp) error {
	_, err := tx.Exec("UPDATE department SET app_id = 0, corp_number = NULL, former_corp = ? WHERE app_id = ?", from.AppID, int64(from.ID))
	return err
}

// dropFormerDepartments deletes those departments that a company had before it was taken out of use here in which nobody
// works any more: a whole sync has put its people into the new ones.
func dropFormerDepartments(tx *database.Tx, app core.ID) error {
	var former, used []core.ID
	const of = "d.app_id = 0 AND d.former_corp = (SELECT app_id FROM wechat_app WHERE id = ?)"
	if err := tx.All(&former, "SELECT d.id FROM department d WHERE "+of+" ORDER BY d.id", int64(app)); err != nil || len(former) == 0 {
		return err
	}
	if err := tx.All(&used, `
		SELECT DISTINCT d.id
		FROM department d
		JOIN staff_department m ON m.department_id = d.id
		JOIN staff s ON s.id = m.staff_id
		WHERE `+of+`
		AND s.left_at IS NULL`, int64(app)); err != nil {
		return err
	}
	all, err := readDepartments(tx.All)
	if err != nil {
		return err
	}
	above, needed, empty := map[core.ID]core.ID{}, map[core.ID]bool{}, map[core.ID]bool{}
	for _, id := range former {
		empty[id] = true
	}
	for _, d := range all {
		if above[d.ID] = d.Parent; !empty[d.ID] {
			used = append(used, d.ID)
		}
	}
	for _, id := range used { // with those above it
		for ; id != 0 && !needed[id]; id = above[id] {
			needed[id] = true
		}
	}
	for _, id := range former {
		if needed[id] {
			continue
		}
		for _, query := range []string{"DELETE FROM staff_department WHERE department_id = ?", "DELETE FROM department WHERE id = ?"} {
			if _, err := tx.Exec(query, int64(id)); err != nil {
				return err
			}
		}
	}
	return nil
}
