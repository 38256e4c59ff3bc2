package store

import (
	"context"
	"slices"
	"unicode/utf8"

	"tongxing/core"
	"tongxing/store/database"
)

type staffRow struct {
	ID       core.ID         `db:"id"`
	Name     string          `db:"name"`
	Sex      string          `db:"sex"`
	Position string          `db:"position"`
	Grade    string          `db:"grade"`
	Phone    string          `db:"phone_cipher"`
	Told     database.Millis `db:"phone_told_at"`
	Wechat   string          `db:"wechat_cipher"`
	Address  string          `db:"address_cipher"`
	Corp     core.ID         `db:"app_id"`
	UserID   string          `db:"user_id"`
	Account  core.ID         `db:"account_id"`
	Left     database.Millis `db:"left_at"`
	Updated  database.Millis `db:"updated_at"`
}

// noStaff is the message for a staff member who does not exist or is out of scope.
const noStaff = "员工不存在"

const (
	staffFields = `id, name, sex, position, grade, phone_cipher, phone_told_at, wechat_cipher, address_cipher, app_id, user_id,
		account_id, left_at, updated_at`
	staffColumns = "SELECT " + staffFields + " FROM staff WHERE "
)

// whole returns the row with its personal data, without departments and communities.
func (r staffRow) whole(reveal func(column, sealed string) string) core.Staff {
	return core.Staff{
		ID: r.ID, Name: r.Name, Sex: r.Sex, Position: r.Position, Grade: r.Grade, Phone: reveal("staff.phone", r.Phone),
		PhoneTold: r.Told.Time, Wechat: reveal("staff.wechat", r.Wechat), Address: reveal("staff.address", r.Address),
		Corp: r.Corp, UserID: r.UserID,
		Account: r.Account, Left: r.Left.Time, Updated: r.Updated.Time,
	}
}

// staffWithin returns the condition that a staff member serves a community of the scope. Those who are not
// assigned yet are only in the whole scope.
func staffWithin(scope core.Scope) database.Where {
	var where database.Where
	if scope.Whole() {
		where.And("1 = 1")
		return where
	}
	within, args := database.ScopeWhere(scope, "community_id")
	where.And("id IN (SELECT staff_id FROM staff_community WHERE "+within+")", args...)
	return where
}

// StaffFilter narrows the list of staff. Zero fields do not filter.
type StaffFilter struct {
	Community   core.ID
	Departments []core.ID // any of them
	Keyword     string    // of the name (core.ReadName), or a whole phone number
	Left        bool      // those who left, instead of the others
	Unassigned  bool      // those who serve no community yet
	Unseen      bool      // those who are out of the range of WeWork's app, and wait for a word of an operator
	Corp        core.ID   // the account of WeWork they are synced from
	Sort        string    // "name", "-name"; "" = newest first
	Page        Page
}

func (s *Store) staffWhere(f StaffFilter) database.Where {
	var where database.Where
	if where.And("left_at IS NULL"); f.Left {
		where = database.Where{}
		where.And("left_at IS NOT NULL")
	}
	if f.Community != 0 {
		where.And("id IN (SELECT staff_id FROM staff_community WHERE community_id = ?)", int64(f.Community))
	}
	if f.Unassigned {
		where.And("id NOT IN (SELECT staff_id FROM staff_community)")
	}
	if f.Unseen {
		where.And("unseen_at IS NOT NULL")
	}
	if f.Corp != 0 {
		where.And("app_id = ?", int64(f.Corp))
	}
	if len(f.Departments) > 0 {
		where.And("id IN (SELECT staff_id FROM staff_department WHERE department_id IN ("+
			database.Placeholders(len(f.Departments))+"))", database.IDArgs(f.Departments)...)
	}
	if keyword := core.Clean(f.Keyword); keyword != "" {
		s.staffLike(&where, keyword)
	}
	return where
}

// staffLike narrows to those with a whole phone number, or whose name is found by a text as residents' are.
func (s *Store) staffLike(where *database.Where, keyword string) {
	if phone, err := core.NormalizeMobile(keyword); err == nil {
		where.And("phone_mac = ?", s.db.Keys().Digest("phone", phone))
		return
	}
	text := core.ReadName(keyword)
	name, initials := text.Grams()
	clause, args := "1 = 0", []any{}
	const found = "id IN (SELECT subject_id FROM name_gram WHERE kind = ? AND community_id = 0 AND gram = ?)"
	if name != 0 {
		clause, args = found, append(args, int(gramStaff), int64(name))
		if part := text.Part(); utf8.RuneCountInString(part) > 2 {
			clause, args = clause+" AND name_fold LIKE ? ESCAPE '!'", append(args, database.LikeContains(part))
		}
	}
	if initials != 0 {
		clause, args = clause+" OR "+found, append(args, int(gramStaff), int64(initials))
	}
	where.And("("+clause+")", args...)
}

// StaffList lists a page of the staff who serve the scope, phones masked. more reports whether there are further
// rows in the direction of paging.
func (s *Store) StaffList(ctx context.Context, scope core.Scope, f StaffFilter) (list []core.Staff, more bool, err error) {
	if f.Community != 0 && !scope.Has(f.Community) {
		return nil, false, core.NotFound(noCommunity)
	}
	order := orderBy(f.Sort, "name_key")
	if f.Sort == "" {
		order = database.NewestFirst
	}
	rows, more, err := readPage[staffRow](ctx, s, listQuery{
		columns: staffFields, table: "staff", scope: staffWithin(scope), filter: s.staffWhere(f), order: order,
	}, f.Page)
	if err != nil {
		return nil, false, database.Wrap("list staff", err)
	}
	list, err = s.staff(ctx, rows)
	return list, more, err
}

// CountStaff counts the staff of a filter in scope.
func (s *Store) CountStaff(ctx context.Context, scope core.Scope, f StaffFilter) (n int, err error) {
	where := staffWithin(scope).With(s.staffWhere(f))
	err = s.db.Get(ctx, &n, "SELECT COUNT(*) FROM staff WHERE "+where.Text(), where.Args()...)
	return n, database.Wrap("count staff", err)
}

// CorpStaff is how many people a company on WeWork has here, and what leaves with them.
type CorpStaff struct{ People, Accounts, Guards, Observers int }

// CorpStaff counts the staff who are synced from an account of WeWork that the caller has read, and what ends if they leave: with
// whom ReplaceWechatCorp does so.
func (s *Store) CorpStaff(ctx context.Context, app core.ID) (n CorpStaff, err error) {
	const synced = " staff s WHERE s.app_id = ? AND s.user_key IS NOT NULL AND s.left_at IS NULL"
	const numbers = "phone_mac IN (SELECT s.phone_mac FROM" + synced + " AND s.phone_mac <> '')"
	for _, count := range []struct {
		n     *int
		query string
	}{
		{&n.People, "SELECT COUNT(*) FROM" + synced},
		{&n.Accounts, "SELECT COUNT(*) FROM account WHERE disabled_at IS NULL AND id IN (SELECT s.account_id FROM" + synced + ")"},
		{&n.Guards, "SELECT COUNT(DISTINCT phone_mac) FROM guard WHERE disabled_at IS NULL AND " + numbers},
		{&n.Observers, "SELECT COUNT(DISTINCT phone_mac) FROM observer WHERE removed_at IS NULL AND " + numbers},
	} {
		if err == nil {
			err = s.db.Get(ctx, count.n, count.query, int64(app))
		}
	}
	return n, database.Wrap("count the staff of a company", err)
}

// Staff returns one staff member who serves the scope, also one who left; the phone number is masked.
func (s *Store) Staff(ctx context.Context, scope core.Scope, id core.ID) (core.Staff, error) {
	where := staffWithin(scope)
	where.And("id = ?", int64(id))
	var row staffRow
	if err := s.db.Get(ctx, &row, staffColumns+where.Text(), where.Args()...); err != nil {
		return core.Staff{}, database.Wrap("read staff", database.NotFoundIfNoRows(err, noStaff))
	}
	list, err := s.staff(ctx, []staffRow{row})
	if err != nil {
		return core.Staff{}, err
	}
	return list[0], nil
}

// staff joins rows with their departments and communities, in one query each for all.
func (s *Store) staff(ctx context.Context, rows []staffRow) ([]core.Staff, error) {
	list := make([]core.Staff, len(rows))
	for i, row := range rows {
		list[i] = row.whole(s.db.Reveal)
		list[i].Phone = core.MaskPhone(list[i].Phone)
	}
	return list, database.Wrap("read staff", joinStaff(list, s.allOf(ctx)))
}

// joinStaff sets departments and communities.
func joinStaff(list []core.Staff, all readAll) error {
	if len(list) == 0 {
		return nil
	}
	ids := database.IDsOf(list, func(m core.Staff) core.ID { return m.ID })
	for _, of := range []struct {
		table, column string
		set           func(m *core.Staff, id core.ID)
	}{
		{"staff_department", "department_id", func(m *core.Staff, id core.ID) { m.Departments = append(m.Departments, id) }},
		{"staff_community", "community_id", func(m *core.Staff, id core.ID) { m.Communities = append(m.Communities, id) }},
	} {
		var links []struct {
			Staff core.ID `db:"staff_id"`
			Other core.ID `db:"other_id"`
		}
		if err := all(&links, "SELECT staff_id, "+of.column+" AS other_id FROM "+of.table+" WHERE staff_id IN ("+
			database.Placeholders(len(ids))+") ORDER BY "+of.column, database.IDArgs(ids)...); err != nil {
			return err
		}
		for _, link := range links {
			if at := slices.Index(ids, link.Staff); at >= 0 {
				of.set(&list[at], link.Other)
			}
		}
	}
	return nil
}

// Departments lists all departments, those of WeWork in its order.
func (s *Store) Departments(ctx context.Context) ([]core.Department, error) {
	return readDepartments(s.allOf(ctx))
}

// DepartmentsWithin returns the departments of a scope: those in which its staff are or were, and those above them. A
// department of others is not its business, not even by name.
func (s *Store) DepartmentsWithin(ctx context.Context, scope core.Scope) ([]core.Department, error) {
	all, err := s.Departments(ctx)
	if err != nil || scope.Whole() {
		return all, err
	}
	where := staffWithin(scope)
	var used []core.ID
	if err := s.db.All(ctx, &used, "SELECT DISTINCT department_id FROM staff_department WHERE staff_id IN "+
		"(SELECT id FROM staff WHERE "+where.Text()+")", where.Args()...); err != nil {
		return nil, database.Wrap("departments of a scope", err)
	}
	above, within := map[core.ID]core.ID{}, map[core.ID]bool{}
	for _, d := range all {
		above[d.ID] = d.Parent
	}
	for _, id := range used {
		for ; id != 0 && !within[id]; id = above[id] {
			within[id] = true
		}
	}
	return slices.DeleteFunc(all, func(d core.Department) bool { return !within[d.ID] }), nil
}

func readDepartments(all readAll) ([]core.Department, error) {
	var rows []struct {
		ID     core.ID `db:"id"`
		Parent core.ID `db:"parent_id"`
		Name   string  `db:"name"`
		Corp   core.ID `db:"app_id"`
	}
	if err := all(&rows, "SELECT id, parent_id, name, app_id FROM department ORDER BY app_id, place DESC, id"); err != nil {
		return nil, database.Wrap("read the departments", err)
	}
	list := make([]core.Department, len(rows))
	for i, r := range rows {
		list[i] = core.Department{ID: r.ID, Parent: r.Parent, Name: r.Name, Corp: r.Corp}
	}
	return list, nil
}

// DepartmentSizes returns how many of the scope's staff who work here are in each department of a tree or below it: who
// is in several of them is counted once.
func (s *Store) DepartmentSizes(
	ctx context.Context, scope core.Scope, community core.ID, tree core.DepartmentTree,
) (map[core.ID]int, error) {
	where := staffWithin(scope).With(s.staffWhere(StaffFilter{Community: community}))
	from := "FROM staff JOIN staff_department d ON d.staff_id = staff.id WHERE " + where.Text()
	var counts []struct {
		Department core.ID `db:"department_id"`
		N          int     `db:"n"`
	}
	if err := s.db.All(ctx, &counts, "SELECT d.department_id, COUNT(*) AS n "+from+" GROUP BY d.department_id",
		where.Args()...); err != nil {
		return nil, database.Wrap("count the staff of departments", err)
	}
	own := map[core.ID]int{}
	for _, c := range counts {
		own[c.Department] = c.N
	}
	var several []struct {
		Staff      core.ID `db:"staff_id"`
		Department core.ID `db:"department_id"`
	}
	err := s.db.All(ctx, &several, "SELECT d.staff_id, d.department_id "+from+
		" AND staff.id IN (SELECT staff_id FROM staff_department GROUP BY staff_id HAVING COUNT(*) > 1)", where.Args()...)
	within := map[core.ID][]core.ID{}
	for _, r := range several {
		within[r.Department] = append(within[r.Department], r.Staff)
	}
	sizes := map[core.ID]int{}
	for _, node := range tree {
		met := map[core.ID]bool{}
		for _, id := range node.Below {
			sizes[node.ID] += own[id]
			for _, staff := range within[id] {
				if met[staff] {
					sizes[node.ID]--
				}
				met[staff] = true
			}
		}
	}
	return sizes, database.Wrap("count the staff of departments", err)
}
