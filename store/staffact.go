package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// staffAudit is what the audit log records of a staff member.
type staffAudit struct {
	Name        string `json:"name"`
	Sex         string `json:"sex"`
	Phone       string `json:"phone"`
	PhoneTold   bool   `json:"phone_told,omitempty"`
	Departments string `json:"departments"`
	Position    string `json:"position"`
	Grade       string `json:"grade"`
	Wechat      string `json:"wechat"`
	Address     string `json:"address"`
	Communities string `json:"communities"`
	Account     string `json:"account,omitempty"`
	Left        bool   `json:"left"`
}

// hiddenText is what the audit log records of a text that it must not have.
func hiddenText(text string) string {
	if text == "" {
		return ""
	}
	return "已填写"
}

// auditOfStaff also returns the complete row, whose personal data is never logged.
func auditOfStaff(tx *database.Tx, id core.ID) (staffAudit, core.Staff, error) {
	var row staffRow
	if err := tx.Get(&row, staffColumns+"id = ?", int64(id)); err != nil {
		return staffAudit{}, core.Staff{}, err
	}
	list := []core.Staff{row.whole(tx.Reveal)}
	if err := joinStaff(list, tx.All); err != nil {
		return staffAudit{}, core.Staff{}, err
	}
	departments, err := readDepartments(tx.All)
	if err != nil {
		return staffAudit{}, core.Staff{}, err
	}
	m, tree := list[0], core.NewDepartmentTree(departments)
	var paths []string
	for _, id := range m.Departments {
		if node, ok := tree.Of(id); ok {
			paths = append(paths, node.Path)
		}
	}
	kept := staffAudit{
		Name: m.Name, Sex: m.Sex, Phone: core.MaskPhone(m.Phone), Departments: strings.Join(paths, "、"), Position: m.Position,
		Grade: m.Grade, Wechat: hiddenText(m.Wechat), Address: hiddenText(m.Address), Communities: database.JoinIDs(m.Communities),
		PhoneTold: !m.PhoneTold.IsZero(), Left: !m.Left.IsZero(),
	}
	kept.Account, err = auditedAccount(tx, m.Account)
	return kept, m, err
}

// auditedAccount names an account by its login; "" = none.
func auditedAccount(tx *database.Tx, id core.ID) (string, error) {
	var logins []string
	if err := tx.All(&logins, "SELECT login FROM account WHERE id = ?", int64(id)); err != nil || len(logins) == 0 {
		return "", err
	}
	return logins[0], nil
}

// sealedStaff is the personal data of a staff member as the table has it.
type sealedStaff struct{ phone, mac, wechat, address string }

func sealStaff(keys database.Keyring, m core.Staff) (sealed sealedStaff, err error) {
	for _, f := range []struct {
		column, text string
		to           *string
	}{
		{"staff.phone", m.Phone, &sealed.phone}, {"staff.wechat", m.Wechat, &sealed.wechat}, {"staff.address", m.Address, &sealed.address},
	} {
		if f.text == "" {
			continue
		}
		if *f.to, err = keys.Seal(f.column, f.text); err != nil {
			return sealed, err
		}
	}
	if m.Phone != "" {
		sealed.mac = keys.Digest("phone", m.Phone)
	}
	return sealed, nil
}

// staffNamed returns how a staff member is found by name.
func staffNamed(id core.ID, name string) named { return named{gramStaff, 0, id, name} }

// insertStaff writes a new row, with departments and communities.
func insertStaff(tx *database.Tx, m core.Staff) error {
	sealed, err := sealStaff(tx.Keys(), m)
	if err != nil {
		return err
	}
	var key any
	if m.Corp != 0 {
		key = strings.ToLower(m.UserID)
	}
	if _, err := tx.Exec(`
		INSERT INTO staff
			(id, name, name_fold, name_key, sex, position, grade, phone_cipher, phone_mac, wechat_cipher, address_cipher,
			app_id, user_id, user_key, account_id, created_at, updated_at)
		VALUES (`+database.Placeholders(17)+`)`,
		int64(m.ID), m.Name, core.FoldName(m.Name), nameKey(m.Name), m.Sex, m.Position, m.Grade, sealed.phone, sealed.mac,
		sealed.wechat, sealed.address, int64(m.Corp), m.UserID, key, int64(m.Account), tx.NowMS(), tx.NowMS()); err != nil {
		return err
	}
	if err := addGrams(tx, staffNamed(m.ID, m.Name)); err != nil {
		return err
	}
	if err := staffDepartments(tx, m); err != nil {
		return err
	}
	return staffCommunities(tx, core.Everywhere, m)
}

// staffDepartments replaces the departments of a staff member.
func staffDepartments(tx *database.Tx, m core.Staff) error {
	if _, err := tx.Exec("DELETE FROM staff_department WHERE staff_id = ?", int64(m.ID)); err != nil {
		return err
	}
	return database.InsertRows(tx, database.InsertInto, "staff_department", "staff_id, department_id", linkRows(m.ID, m.Departments))
}

// staffCommunities replaces those communities of a staff member that are in the scope.
func staffCommunities(tx *database.Tx, scope core.Scope, m core.Staff) error {
	where, args := database.ScopeWhere(scope, "community_id")
	if _, err := tx.Exec("DELETE FROM staff_community WHERE staff_id = ? AND "+where, append([]any{int64(m.ID)}, args...)...); err != nil {
		return err
	}
	return database.InsertRows(tx, database.InsertInto, "staff_community", "staff_id, community_id", linkRows(m.ID, m.Communities))
}

func linkRows(id core.ID, others []core.ID) [][]any {
	ids := slices.Compact(slices.Sorted(slices.Values(others)))
	rows := make([][]any, len(ids))
	for i, other := range ids {
		rows[i] = []any{int64(id), int64(other)}
	}
	return rows
}

// checkStaff refuses communities outside the scope, and departments that are not kept by hand.
func checkStaff(tx *database.Tx, scope core.Scope, m core.Staff) error {
	for _, community := range m.Communities {
		if !scope.Has(community) {
			return core.NotFound(noCommunity)
		}
	}
	there, err := communitiesLeft(tx, sortedIDs(m.Communities))
	if err != nil {
		return err
	}
	if len(there) < len(sortedIDs(m.Communities)) {
		return core.InvalidFields(map[string]string{"communities": "小区已不存在，请重新选择"})
	}
	all, err := readDepartments(tx.All)
	if err != nil {
		return err
	}
	for _, id := range m.Departments {
		if !slices.ContainsFunc(all, func(d core.Department) bool { return d.ID == id && d.Corp == m.Corp }) {
			return core.InvalidFields(map[string]string{"departments": "部门已不存在，请重新选择"})
		}
	}
	return nil
}

// departmentOf returns the department of a path that is kept by hand, and adds what is missing of it.
func departmentOf(tx *database.Tx, path []string) (core.ID, error) {
	parent := core.ID(0)
	for _, name := range path {
		var found []core.ID
		if err := tx.All(&found, "SELECT id FROM department WHERE app_id = 0 AND parent_id = ? AND name = ? ORDER BY id"+
			tx.Dialect().ForUpdate(), int64(parent), name); err != nil {
			return 0, err
		}
		if len(found) > 0 {
			parent = found[0]
			continue
		}
		id := tx.NewID()
		if _, err := tx.Exec("INSERT INTO department (id, parent_id, name, app_id, place, created_at) VALUES (?, ?, ?, 0, 0, ?)",
			int64(id), int64(parent), name, tx.NowMS()); err != nil {
			return 0, err
		}
		parent = id
	}
	return parent, nil
}

// oneStaffAPhone refuses a second staff member who works here with the same phone number. It names nobody outside the scope.
func oneStaffAPhone(tx *database.Tx, scope core.Scope, id core.ID, phone string) error {
	if phone == "" {
		return nil
	}
	var names []string
	within := staffWithin(scope)
	err := tx.All(&names, "SELECT CASE WHEN "+within.Text()+` THEN name ELSE '' END
		FROM staff
		WHERE phone_mac = ?
		AND id <> ?
		AND left_at IS NULL
		ORDER BY id
		LIMIT 1`, within.Args(tx.Keys().Digest("phone", phone), int64(id))...)
	switch {
	case err != nil || len(names) == 0:
		return err
	case names[0] == "":
		return core.InvalidFields(map[string]string{"phone": "手机号已是其他小区的员工，请由上级管理员办理"})
	}
	return core.InvalidFields(map[string]string{"phone": "该手机号已是员工“" + names[0] + "”"})
}

// CreateStaff adds a staff member who is kept by hand; path is a department that is added with them, empty =
// none.
func (s *Store) CreateStaff(
	ctx context.Context, by core.Actor, scope core.Scope, m core.Staff, path []string,
) (id core.ID, err error) {
	m = m.Trimmed()
	m.Corp, m.UserID, m.Account = 0, "", 0
	if err := requirePhone(m.Check(len(path) > 0), m.Phone); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, "create staff", func(tx *database.Tx) error {
		id = tx.NewID()
		m := m
		m.ID = id
		if err := checkStaff(tx, scope, m); err != nil {
			return err
		}
		if err := addStaff(tx, m, path); err != nil {
			return err
		}
		after, _, err := auditOfStaff(tx, id)
		if err != nil {
			return err
		}
		// The audit row's lock makes additions run one after another, so that they see each other's numbers.
		if err := audit.Write(tx, by, audit.Entry{
			Action: "staff.create", Community: m.Communities[0], Subject: audit.Target("staff", id), After: after,
		}); err != nil {
			return err
		}
		return oneStaffAPhone(tx, scope, id, m.Phone)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

func addStaff(tx *database.Tx, m core.Staff, path []string) error {
	if len(path) > 0 {
		department, err := departmentOf(tx, path)
		if err != nil {
			return err
		}
		m.Departments = append(slices.Clone(m.Departments), department)
	}
	return insertStaff(tx, m)
}

// lockStaff returns a staff member of the scope who works here.
func lockStaff(tx *database.Tx, scope core.Scope, id core.ID) (core.Staff, error) {
	where := staffWithin(scope)
	where.And("id = ?", int64(id))
	where.And("left_at IS NULL")
	var row staffRow
	if err := tx.Get(&row, staffColumns+where.Text()+tx.Dialect().ForUpdate(), where.Args()...); err != nil {
		return core.Staff{}, database.NotFoundIfNoRows(err, noStaff)
	}
	list := []core.Staff{row.whole(tx.Reveal)}
	return list[0], joinStaff(list, tx.All)
}

// staffWholly refuses a staff member who also serves communities outside the scope.
func staffWholly(scope core.Scope, m core.Staff) error {
	for _, community := range m.Communities {
		if !scope.Has(community) {
			return core.Forbidden("该员工还服务您管理范围以外的小区，请由上级管理员操作")
		}
	}
	return nil
}

// UpdateStaff changes a staff member. Phone is complete, or "" to keep the one on file. Of somebody synced from
// WeWork name, departments and position stay as they are. Communities outside the scope stay, too, and those that are
// archived. It returns the new Updated.
func (s *Store) UpdateStaff(
	ctx context.Context, by core.Actor, scope core.Scope, m core.Staff, path []string,
) (updated time.Time, err error) {
	m = m.Trimmed()
	err = s.db.Write(ctx, "update staff", func(tx *database.Tx) error {
		old, err := lockStaff(tx, scope, m.ID)
		if err != nil {
			return err
		}
		if err := database.CheckUnchanged(m.Updated, old.Updated); err != nil {
			return err
		}
		before, _, err := auditOfStaff(tx, m.ID)
		if err != nil {
			return err
		}
		after := m.Over(old)
		if after.Communities, err = withArchived(tx, scope, after.Communities, old.Communities); err != nil {
			return err
		}
		if err := after.Check(len(path) > 0); err != nil {
			return err
		}
		updated = time.UnixMilli(tx.NextUpdated(old.Updated))
		if err := updateStaff(tx, scope, staffChange{old, after, path, updated}); err != nil {
			return err
		}
		now, whole, err := auditOfStaff(tx, m.ID)
		if err != nil {
			return err
		}
		now.Phone = maskedChange(old.Phone, whole.Phone, core.MaskPhone)
		if err := audit.Write(tx, by, audit.Entry{
			Action: "staff.update", Community: actCommunity(scope, 0), Subject: audit.Target("staff", m.ID), Before: before, After: now,
		}); err != nil {
			return err
		}
		return oneStaffAPhone(tx, scope, m.ID, whole.Phone)
	})
	return updated, err
}

// staffChange is a change of a staff member.
type staffChange struct {
	old, after core.Staff
	path       []string // a department that is added
	updated    time.Time
}

// updateStaff writes a change of a staff member.
func updateStaff(tx *database.Tx, scope core.Scope, c staffChange) error {
	old, after := c.old, c.after
	if len(c.path) > 0 && old.Corp == 0 {
		department, err := departmentOf(tx, c.path)
		if err != nil {
			return err
		}
		after.Departments = append(slices.Clone(after.Departments), department)
	}
	same := old
	same.Communities, same.Departments, same.Updated = after.Communities, after.Departments, after.Updated
	if !sameStaff(same, after) || !slices.Equal(sortedIDs(old.Departments), sortedIDs(after.Departments)) {
		if err := staffWholly(scope, old); err != nil {
			return err
		}
	}
	if err := checkStaff(tx, scope, after); err != nil {
		return err
	}
	if err := writeStaff(tx, after, c.updated); err != nil {
		return err
	}
	if err := renameGrams(tx, staffNamed(old.ID, old.Name), staffNamed(old.ID, after.Name)); err != nil {
		return err
	}
	if err := staffDepartments(tx, after); err != nil {
		return err
	}
	return staffCommunities(tx, scope, after)
}

func sortedIDs(ids []core.ID) []core.ID { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// sameStaff compares what a row has.
func sameStaff(a, b core.Staff) bool {
	return a.Name == b.Name && a.Sex == b.Sex && a.Position == b.Position && a.Grade == b.Grade && a.Phone == b.Phone &&
		a.Wechat == b.Wechat && a.Address == b.Address
}

// writeStaff writes the row of a staff member. Whether WeWork told the number lasts as long as the number: MariaDB sets the
// columns one after another, so that it comes before the number.
func writeStaff(tx *database.Tx, m core.Staff, updated time.Time) error {
	sealed, err := sealStaff(tx.Keys(), m)
	if err != nil {
		return err
	}
	return tx.ExecOne(core.NotFound(noStaff), `
		UPDATE staff
		SET name = ?, name_fold = ?, name_key = ?, sex = ?, position = ?, grade = ?, phone_cipher = ?,
			phone_told_at = CASE WHEN phone_mac = ? THEN phone_told_at END, phone_mac = ?,
			wechat_cipher = ?, address_cipher = ?, updated_at = ?
		WHERE id = ?
		AND left_at IS NULL`,
		m.Name, core.FoldName(m.Name), nameKey(m.Name), m.Sex, m.Position, m.Grade, sealed.phone, sealed.mac, sealed.mac, sealed.wechat,
		sealed.address, updated.UnixMilli(), int64(m.ID))
}

// StaffTies returns what else ends when a staff member leaves: guards and observers with their mobile number, and
// the account of the console that is theirs. Of communities out of the scope nothing is told.
func (s *Store) StaffTies(ctx context.Context, scope core.Scope, id core.ID) ([]core.StaffTie, error) {
	where := staffWithin(scope)
	where.And("id = ?", int64(id))
	var row struct {
		Mac     string  `db:"phone_mac"`
		Account core.ID `db:"account_id"`
	}
	if err := s.db.Get(ctx, &row, "SELECT phone_mac, account_id FROM staff WHERE "+where.Text(), where.Args()...); err != nil {
		return nil, database.Wrap("read the ties of staff", database.NotFoundIfNoRows(err, noStaff))
	}
	ties, err := readStaffTies(s.allOf(ctx), scope, staffKey{row.Mac, row.Account})
	return ties, database.Wrap("read the ties of staff", err)
}

// staffKey is what ties a staff member to others.
type staffKey struct {
	mac     string
	account core.ID
}

func readStaffTies(all readAll, scope core.Scope, k staffKey) (ties []core.StaffTie, err error) {
	type tied struct {
		ID   core.ID `db:"id"`
		Name string  `db:"name"`
	}
	read := func(stem, query string, args ...any) {
		var rows []tied
		if err == nil {
			err = all(&rows, query, args...)
		}
		for _, r := range rows {
			ties = append(ties, core.StaffTie{Stem: stem, ID: r.ID, Name: r.Name})
		}
	}
	if k.account != 0 {
		read("account", "SELECT id, name FROM account WHERE id = ? AND disabled_at IS NULL", int64(k.account))
	}
	if k.mac == "" {
		return ties, err
	}
	guards := database.Within(scope, "community_id")
	guards.And("phone_mac = ?", k.mac)
	guards.And("disabled_at IS NULL")
	read("guard", "SELECT id, name FROM guard WHERE "+guards.Text()+" ORDER BY id", guards.Args()...)
	observers := observersWithin(scope)
	observers.And("phone_mac = ?", k.mac)
	read("observer", "SELECT id, name FROM observer WHERE "+observers.Text()+" ORDER BY id", observers.Args()...)
	return ties, err
}

// RemoveStaff lets a staff member leave: they are no longer listed, and everything that StaffTies tells ends at
// once, with all sessions.
func (s *Store) RemoveStaff(ctx context.Context, by core.Actor, scope core.Scope, id core.ID) error {
	var accounts []core.ID
	err := s.db.Write(ctx, "remove staff", func(tx *database.Tx) (err error) {
		old, err := lockStaff(tx, scope, id)
		if err != nil {
			return err
		}
		if err := staffWholly(scope, old); err != nil {
			return err
		}
		accounts, err = leaveStaff(tx, by, scope, old)
		return err
	})
	if err == nil {
		s.subjectsChanged(ctx, core.SessionAccount, accounts)
		s.subjectsChanged(ctx, core.SessionStaff, []core.ID{id})
	}
	return err
}

// leaveStaff lets somebody leave whose row is locked. It returns the accounts whose sessions ended.
func leaveStaff(tx *database.Tx, by core.Actor, scope core.Scope, m core.Staff) (accounts []core.ID, err error) {
	before, _, err := auditOfStaff(tx, m.ID)
	if err != nil {
		return nil, err
	}
	after := before
	after.Left = true
	// The audit row comes first: its lock makes acts that could leave no administrator run one after another.
	if err := audit.Write(tx, by, audit.Entry{
		Action: "staff.remove", Community: actCommunity(scope, 0), Subject: audit.Target("staff", m.ID), Before: before, After: after,
	}); err != nil {
		return nil, err
	}
	if err := tx.ExecOne(core.NotFound(noStaff), `
		UPDATE staff
		SET left_at = ?, account_id = 0, phone_told_at = NULL, updated_at = ?
		WHERE id = ?
		AND left_at IS NULL`, tx.NowMS(), tx.NextUpdated(m.Updated), int64(m.ID)); err != nil {
		return nil, err
	}
	if err := endSessions(tx, core.SessionStaff, m.ID); err != nil {
		return nil, err
	}
	key := staffKey{account: m.Account}
	if m.Phone != "" {
		key.mac = tx.Keys().Digest("phone", m.Phone)
	}
	ties, err := readStaffTies(tx.All, scope, key)
	if err != nil {
		return nil, err
	}
	for _, tie := range ties {
		switch tie.Stem {
		case "account":
			accounts = append(accounts, tie.ID)
			err = endAccount(tx, by, tie.ID)
		case "guard":
			err = disable(tx, by, scope, service{stem: "guard", id: tie.ID, action: "guard.disable", absent: noGuard})
		case "observer":
			err = removeObserver(tx, by, scope, tie.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// endAccount disables the account of somebody who leaves. The last administrator's stays, so that somebody can
// sign in to mend it; its sessions end.
func endAccount(tx *database.Tx, by core.Actor, id core.ID) error {
	before, err := lockAccount(tx, core.Account{Scope: core.Everywhere, Operator: true, Permissions: core.Permissions()}, id)
	if err != nil {
		return err
	}
	after := before
	after.Disabled = tx.Now()
	after.Generation++
	err = keepAdmin(tx, before, after)
	if core.IsConflict(err) {
		after.Disabled, err = before.Disabled, nil
	}
	if err != nil {
		return err
	}
	if err := saveAccount(tx, after); err != nil {
		return err
	}
	if err := auditAccount(tx, by, "account.disable", &before, &after); err != nil {
		return err
	}
	return endSessions(tx, core.SessionAccount, id)
}

// LinkStaffAccount makes an account of the console a staff member's, so that it is disabled when they leave; 0 =
// none. Who may change the account decides: it is the actor's to end.
func (s *Store) LinkStaffAccount(ctx context.Context, by core.Granter, id, account core.ID) error {
	return s.db.Write(ctx, "link an account to staff", func(tx *database.Tx) error {
		old, err := lockStaff(tx, by.Holds.Scope, id)
		if err != nil {
			return err
		}
		for _, changed := range []core.ID{old.Account, account} {
			if changed == 0 {
				continue
			}
			if _, err := lockAccount(tx, by.Holds, changed); err != nil {
				return err
			}
		}
		before, _, err := auditOfStaff(tx, id)
		if err != nil {
			return err
		}
		var others []string
		if err := tx.All(&others, "SELECT name FROM staff WHERE account_id = ? AND account_id <> 0 AND id <> ? AND left_at IS NULL",
			int64(account), int64(id)); err != nil {
			return err
		}
		if len(others) > 0 {
			return core.InvalidFields(map[string]string{"account": "该账号已关联员工“" + others[0] + "”"})
		}
		if err := tx.ExecOne(core.NotFound(noStaff), "UPDATE staff SET account_id = ?, updated_at = ? WHERE id = ?",
			int64(account), tx.NextUpdated(old.Updated), int64(id)); err != nil {
			return err
		}
		after, _, err := auditOfStaff(tx, id)
		if err != nil {
			return err
		}
		return audit.Write(tx, by.Actor, audit.Entry{
			Action: "staff.link", Community: actCommunity(by.Holds.Scope, 0), Subject: audit.Target("staff", id),
			Before: before, After: after,
		})
	})
}
