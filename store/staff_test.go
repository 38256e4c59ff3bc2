package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// newStaff adds a staff member of a community, in 工程部—维修组.
func newStaff(t *testing.T, s *Store, name, phone string, communities ...core.ID) core.ID {
	t.Helper()
	id, err := s.CreateStaff(t.Context(), core.System, everywhere, core.Staff{
		Name: name, Sex: "male", Position: "维修员", Phone: phone, Communities: communities, Address: "湖滨路 1 号", Wechat: "wx-" + phone,
	}, []string{"工程部", "维修组"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func staffNames(t *testing.T, s *Store, scope core.Scope, f StaffFilter) string {
	t.Helper()
	list, _, err := s.StaffList(t.Context(), scope, f)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestStaff(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		one, both := newStaff(t, s, "李娜", "13700000001", here), newStaff(t, s, "欧阳建国", "13700000002", here, there)
		mine, theirs := core.ScopeOf(here), core.ScopeOf(there)

		for text, want := range map[string]string{
			"李娜": "李娜", "建国": "欧阳建国", "欧阳建": "欧阳建国", "李": "李娜", "ln": "李娜", "jg": "", "oyjg": "欧阳建国", "娜娜": "",
			"13700000002": "欧阳建国", "1370000": "",
		} {
			if got := staffNames(t, s, everywhere, StaffFilter{Keyword: text}); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		if a, b := staffNames(t, s, mine, StaffFilter{}), staffNames(t, s, theirs, StaffFilter{}); a != "李娜 欧阳建国" || b != "欧阳建国" {
			t.Errorf("in sight of one %q, of the other %q", a, b)
		}
		_, err := s.Staff(ctx, theirs, one)
		wantCode(t, err, core.CodeNotFound)

		// Departments are made once, and those above find who is below.
		departments, err := s.Departments(ctx)
		tree := core.NewDepartmentTree(departments)
		if err != nil || len(tree) != 2 || tree[1].Path != "工程部—维修组" {
			t.Fatalf("departments %+v, %v", tree, err)
		}
		if got := staffNames(t, s, everywhere, StaffFilter{Departments: tree[0].Below}); got != "李娜 欧阳建国" {
			t.Errorf("below the first: %q", got)
		}
		if got := staffNames(t, s, everywhere, StaffFilter{Departments: []core.ID{tree[0].ID}}); got != "" {
			t.Errorf("in the first itself: %q", got)
		}
		if sizes, err := s.DepartmentSizes(ctx, theirs, 0, tree); err != nil || sizes[tree[1].ID] != 1 {
			t.Errorf("sizes %v, %v", sizes, err)
		}
		// Who is in two departments is one of those above.
		m, err := s.Staff(ctx, everywhere, one)
		if err != nil {
			t.Fatal(err)
		}
		m.Phone, m.Departments = "", []core.ID{tree[0].ID, tree[1].ID}
		if _, err := s.UpdateStaff(ctx, by, everywhere, m, nil); err != nil {
			t.Fatal(err)
		}
		if sizes, err := s.DepartmentSizes(ctx, everywhere, 0, tree); err != nil || sizes[tree[0].ID] != 2 || sizes[tree[1].ID] != 2 {
			t.Errorf("sizes %v, %v", sizes, err)
		}

		// Personal data is masked and sealed.
		m, err = s.Staff(ctx, mine, one)
		if err != nil || m.Phone != "137****0001" || m.Address != "湖滨路 1 号" || !slices.Equal(m.Communities, []core.ID{here}) {
			t.Errorf("%+v, %v", m, err)
		}
		var stored []string
		if err := s.db.All(ctx, &stored, `
			SELECT phone_cipher FROM staff
			UNION ALL SELECT wechat_cipher FROM staff
			UNION ALL SELECT address_cipher FROM staff`); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(stored, " "); strings.Contains(text, "1370000") || strings.Contains(text, "湖滨") {
			t.Errorf("stored in the clear: %s", text)
		}

		// One of two communities' is changed only by who has both; each may give up its own.
		m, _ = s.Staff(ctx, mine, both)
		m.Phone, m.Position = "", "主管"
		_, err = s.UpdateStaff(ctx, by, mine, m, nil)
		wantCode(t, err, core.CodeForbidden)
		m.Position, m.Communities = "维修员", []core.ID{here}
		if _, err = s.UpdateStaff(ctx, by, mine, m, nil); err != nil {
			t.Error(err)
		}
		m, _ = s.Staff(ctx, everywhere, both)
		if len(m.Communities) != 2 {
			t.Errorf("another's community was taken: %v", m.Communities)
		}
		wantCode(t, s.RemoveStaff(ctx, by, mine, both), core.CodeForbidden)
		m.Name, m.Phone, m.Communities = "欧阳国庆", "", []core.ID{here}
		if _, err := s.UpdateStaff(ctx, by, everywhere, m, []string{"客服部"}); err != nil {
			t.Fatal(err)
		}
		was, is := StaffFilter{Keyword: "建国"}, StaffFilter{Keyword: "国庆"}
		if a, b := staffNames(t, s, everywhere, was), staffNames(t, s, everywhere, is); a != "" || b != "欧阳国庆" {
			t.Errorf("by the old name %q, by the new one %q", a, b)
		}
		_, err = s.UpdateStaff(ctx, by, everywhere, m, nil)
		if !core.IsStale(err) {
			t.Errorf("an old form: %v", err)
		}
		wang := core.Staff{Name: "王五", Sex: "male", Position: "维修员", Phone: "13700000001", Communities: []core.ID{here}}
		_, err = s.CreateStaff(ctx, by, everywhere, wang, []string{"工程部"})
		wantField(t, err, "phone")
		if !strings.Contains(fieldsOf(err)["phone"], "李娜") {
			t.Errorf("whose number it is: %v", err)
		}
		wang.Communities = []core.ID{there}
		_, err = s.CreateStaff(ctx, by, theirs, wang, []string{"工程部"}) // of somebody out of sight
		wantField(t, err, "phone")
		if strings.Contains(fieldsOf(err)["phone"], "李娜") {
			t.Errorf("the name of one out of sight: %v", err)
		}
		wang.Phone, wang.Communities = "13700000009", []core.ID{there}
		_, err = s.CreateStaff(ctx, by, mine, wang, []string{"工程部"})
		wantCode(t, err, core.CodeNotFound)
		wang.Communities = []core.ID{here, 1} // deleted since the form was opened
		_, err = s.CreateStaff(ctx, by, everywhere, wang, []string{"工程部"})
		wantField(t, err, "communities")
		wang.Communities, wang.Departments = []core.ID{here}, []core.ID{7}
		_, err = s.CreateStaff(ctx, by, mine, wang, nil)
		wantField(t, err, "departments")

		// Those who left are elsewhere, and cannot be changed or leave again.
		if err := s.RemoveStaff(ctx, by, mine, one); err != nil {
			t.Fatal(err)
		}
		a, b := staffNames(t, s, mine, StaffFilter{Keyword: "李娜"}), staffNames(t, s, mine, StaffFilter{Left: true})
		if a != "" || b != "李娜" {
			t.Errorf("listed %q, left %q", a, b)
		}
		wantCode(t, s.RemoveStaff(ctx, by, mine, one), core.CodeNotFound)
		if newStaff(t, s, "王五", "13700000001", here) == 0 {
			t.Error("the number of one who left is taken")
		}
	})
}

// Of two additions at once with one number, one is refused.
func TestStaffAddedTwiceAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here := newCommunity(t, s, "翠湖花园")
		newStaff(t, s, "先来", "13700000000", here)
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = s.CreateStaff(t.Context(), core.System, everywhere, core.Staff{
					Name: "李娜", Sex: "female", Position: "客服", Phone: "13700000001", Communities: []core.ID{here},
				}, []string{"工程部"})
			})
		}
		wg.Wait()
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
			} else {
				wantField(t, err, "phone")
			}
		}
		if added != 1 {
			t.Errorf("added %d times: %v", added, errs)
		}
	})
}

// Who leaves loses everything at once: the account linked to them with its sessions, and what has their number.
func TestLeavingStaffLoseEverything(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		here := newCommunity(t, s, "翠湖花园")
		id := newStaff(t, s, "李娜", "13700000001", here)
		guard, err := s.CreateGuard(ctx, by, everywhere, core.Guard{Community: here, Name: "李娜", Phone: "13700000001"})
		if err != nil {
			t.Fatal(err)
		}
		observer, err := s.CreateObserver(ctx, by, everywhere, core.Observer{
			Name: "李娜", Capacity: "物业", Phone: "13700000001", Communities: []core.ID{here},
		})
		if err != nil {
			t.Fatal(err)
		}
		account, err := s.CreateAccount(ctx, core.SystemGranter, core.Account{
			Login: "lina", Name: "李娜", Role: core.RoleClerk, Permissions: []core.Permission{core.PermStaffView}, Scope: core.ScopeOf(here),
		}, testPassword)
		if err != nil {
			t.Fatal(err)
		}
		// Only who may change the account links it.
		weak := core.Granter{Actor: by, Holds: core.Account{
			ID: 5, Scope: core.ScopeOf(here), Permissions: []core.Permission{core.PermStaffEdit},
		}}
		wantCode(t, s.LinkStaffAccount(ctx, weak, id, account), core.CodeForbidden)
		if err := s.LinkStaffAccount(ctx, core.SystemGranter, id, account); err != nil {
			t.Fatal(err)
		}
		lines, _, err := s.AuditRecords(ctx, everywhere, core.AuditFilter{Action: "staff.link"}, Page{Limit: 1})
		if err != nil || len(lines) != 1 || !strings.Contains(lines[0].After, `"account":"lina"`) {
			t.Errorf("the log does not name the account: %+v, %v", lines, err)
		}
		other := newStaff(t, s, "王五", "13700000002", here)
		wantField(t, s.LinkStaffAccount(ctx, core.SystemGranter, other, account), "account")
		ties, err := s.StaffTies(ctx, core.ScopeOf(here), id)
		if err != nil || len(ties) != 3 || ties[0].ID != account || ties[1].ID != guard || ties[2].ID != observer {
			t.Fatalf("tied to %+v, %v", ties, err)
		}
		var changed []core.ID
		s.OnSubjectChange(func(_ context.Context, kind core.SessionKind, subject core.ID) {
			if kind == core.SessionAccount {
				changed = append(changed, subject)
			}
		})
		if err := s.RemoveStaff(ctx, by, everywhere, id); err != nil {
			t.Fatal(err)
		}
		a, err := s.Account(ctx, everywhere, account)
		if err != nil || a.Disabled.IsZero() {
			t.Errorf("the account: %+v, %v", a, err)
		}
		g, err := s.Guard(ctx, everywhere, guard)
		if err != nil || g.Disabled.IsZero() {
			t.Errorf("the guard: %+v, %v", g, err)
		}
		_, err = s.Observer(ctx, everywhere, observer)
		wantCode(t, err, core.CodeNotFound)
		if !slices.Equal(changed, []core.ID{account}) {
			t.Errorf("told of %v", changed)
		}
		if left, err := s.StaffTies(ctx, everywhere, id); err != nil || len(left) != 0 {
			t.Errorf("still tied to %v, %v", left, err)
		}
	})
}
