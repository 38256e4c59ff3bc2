package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

const staffHead = "姓名|性别|手机|住址|所属部门（工程部—维修组）|职位|职级|服务小区|微信\n"

func readStaff(t *testing.T, s *Store, community core.ID, list string) core.Import {
	t.Helper()
	n := NewImport{Community: community, Kind: core.ImportStaff, File: "员工.xlsx"}
	return readKind(t, s, n, listOf(staffHead+list))
}

// Each row of a list of staff, what it does, and that undoing it restores everything, departments among it.
func TestImportStaff(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		newStaff(t, s, "李娜", "13700000001", here)
		newStaff(t, s, "王强", "13700000009", there)
		before := register()
		const list = `
			甲 | 女 | 13700000002 | 幸福路 | 工程部—维修组、客服部 | 维修员 | | 翠湖花园 | wx1
			乙 | 女 | 13700000002 | | 工程部 | 维修员 | | 翠湖花园 |
			李 娜 | 女 | 13700000001 | 新住址 | 保安部 | 队长 | 三级 | |
			丙 | 女 | 13700000001 | | 工程部 | 维修员 | | |
			丁 | 女 | 13700000003 | | 工程部 | 维修员 | | 滨河苑 |
			王强 | 女 | 13700000009 | | 工程部 | 维修员 | | 翠湖花园 |
			戊 | 无 | 110 | | a-b-c-d-e-f | | | |
			己 | 男 | 13700000004 | | 客服部 | 客服 | | |`
		imp := readStaff(t, s, here, list)
		wantRows(t, s, imp, "2 wrong !与另一行矛盾", "3 wrong !与另一行矛盾", "4 wrong by phone !与另一行矛盾", "5 wrong !与另一行矛盾",
			"6 wrong !没有这个小区", "7 wrong !手机号已被使用",
			"8 wrong !手机有误 !所属部门（工程部—维修组）有误 !缺少性别 !缺少职位", "9 new")
		const good = `
			甲 | 女 | 13700000002 | 幸福路 | 工程部—维修组、客服部 | 维修员 | | 翠湖花园 | wx1
			李 娜 | 女 | 13700000001 | 新住址 | 保安部 | 队长 | 三级 | |
			己 | 男 | 13700000004 | | 客服部 | 客服 | | |`
		imp = readStaff(t, s, here, good)
		wantRows(t, s, imp, "2 new", "3 changed by phone", "4 new")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if imp.State != core.ImportDone || imp.Words() != "添加 2 名员工，修改 1 名员工" {
			t.Fatalf("written: %+v", imp)
		}
		if got := staffNames(t, s, core.ScopeOf(here), StaffFilter{Keyword: "甲"}); got != "甲" {
			t.Errorf("found %q", got)
		}
		departments, err := s.Departments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range departments {
			names = append(names, d.Name)
		}
		for _, name := range []string{"工程部", "维修组", "客服部", "保安部"} {
			if !slices.Contains(names, name) {
				t.Errorf("no department %s in %v", name, names)
			}
		}
		again := readStaff(t, s, here, good)
		wantRows(t, s, again, "2 same by phone", "3 same by phone", "4 same by phone")
		if imp = undoList(t, s, imp); imp.State != core.ImportUndone {
			t.Errorf("undone: %+v", imp)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// What is chosen for those who are known is done; somebody added with a number since the preview is not added twice; who was
// changed since is kept.
func TestImportedStaffChangedMeanwhile(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, _ func() string) {
		here := newCommunity(t, s, "翠湖花园")
		known := newStaff(t, s, "李娜", "13700000001", here)
		was, err := s.Staff(t.Context(), everywhere, known)
		if err != nil {
			t.Fatal(err)
		}
		const list = "李娜|女|13700000001||保安部|队长|三级||\n甲|男|13700000002||工程部|维修员|||\n乙|男|13700000003||工程部|维修员|||"
		imp := readStaff(t, s, here, list)
		newStaff(t, s, "甲", "13700000002", here)
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportFill})
		if imp.Written.Of(core.ImportNew) != 1 || imp.Written.Of(core.ImportChanged) != 1 || imp.Written.Of(core.ImportWrong) != 1 {
			t.Fatalf("written: %v", imp.Written)
		}
		if words := wrongWords(t, s, imp); !strings.Contains(words, "现在已登记了这名员工") {
			t.Errorf("it does not say what has changed: %s", words)
		}
		m, err := s.Staff(t.Context(), everywhere, known)
		if err != nil || m.Grade != "三级" || m.Position != was.Position {
			t.Errorf("filled in: %+v, %v", m, err)
		}
		m.Grade = "四级"
		m.Phone = ""
		if _, err := s.UpdateStaff(t.Context(), importer1, everywhere, m, nil); err != nil {
			t.Fatal(err)
		}
		imp = undoList(t, s, imp)
		b, err := s.Batch(t.Context(), everywhere, imp.Batch)
		if err != nil || b.Undone != 1 || b.Kept != 1 {
			t.Errorf("undone: %+v, %v", b, err)
		}
		items, _, err := s.BatchItems(t.Context(), b, BatchItemFilter{Page: Page{Limit: 9}})
		ids := database.IDsOf(items, func(i core.BatchItem) core.ID { return i.Thing })
		if err != nil || !slices.Contains(ids, known) || items[0].Became != "在职" {
			t.Errorf("%+v, %v", items, err)
		}
	})
}

// readStaffWidely reads a list of somebody who sees all communities.
func readStaffWidely(t *testing.T, s *Store, community core.ID, list string) core.Import {
	t.Helper()
	wide := testAccount("wide")
	wide.Scope = everywhere
	by := core.Actor{Kind: core.ActorAccount, ID: mustAccount(t, s, wide).ID, Name: "周敏"}
	n := NewImport{Community: community, Kind: core.ImportStaff, File: "员工.xlsx"}
	return readKindBy(t, s, by, n, listOf(staffHead+list))
}

// A list that says nothing of communities leaves them as they are, however many, also those that are archived; new staff serve
// the one that was chosen.
func TestImportedStaffKeepTheirCommunities(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		here := newCommunity(t, s, "翠湖花园")
		served := []core.ID{here}
		for i := range 199 {
			served = append(served, newCommunity(t, s, fmt.Sprint("小区", i)))
		}
		known := newStaff(t, s, "李娜", "13700000001", served...)
		if err := s.ArchiveCommunity(t.Context(), core.System, everywhere, served[7]); err != nil {
			t.Fatal(err)
		}
		imp := readStaffWidely(t, s, here, "李娜|男|13700000001||工程部—维修组|队长|三级||\n甲|女|13700000002||工程部|维修员|||")
		before := register()
		wantRows(t, s, imp, "2 changed by phone", "3 new")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if imp.Words() != "添加 1 名员工，修改 1 名员工" {
			t.Fatalf("written: %+v", imp)
		}
		m, err := s.Staff(t.Context(), everywhere, known)
		if err != nil || m.Grade != "三级" || !slices.Equal(m.Communities, served) {
			t.Errorf("the known one: %+v, %v", m, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM staff_community WHERE staff_id <> ? AND community_id <> ?",
			int64(known), int64(here)); n != 0 {
			t.Errorf("new staff serve %d others", n)
		}
		narrow, _, err := s.PlanUndo(t.Context(), core.ScopeOf(here), imp.Batch)
		if err != nil || len(narrow) != 1 || narrow[0].Thing != known || narrow[0].Why != core.BatchForeign {
			t.Errorf("who has one community would keep %+v, %v", narrow, err)
		}
		if imp = undoListBy(t, s, imp.By, imp); imp.State != core.ImportUndone {
			t.Errorf("undone: %+v", imp)
		}
		if after := register(); after != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
	})
}

// A row that names a community which was renamed since is not imported; the others are.
func TestImportStaffOfARenamedCommunity(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here, there := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")
		newStaff(t, s, "李娜", "13700000001", here, there)
		imp := readStaffWidely(t, s, here, `
			李娜|男|13700000001||工程部—维修组|维修员||滨河苑|
			甲|女|13700000002||工程部|维修员||滨河苑|
			乙|女|13700000003||工程部|维修员|||`)
		wantRows(t, s, imp, "2 changed by phone", "3 new", "4 new")
		c, err := s.Community(t.Context(), everywhere, there)
		if err != nil {
			t.Fatal(err)
		}
		c.Name = "滨江苑"
		if _, err := s.UpdateCommunity(t.Context(), core.System, everywhere, c); err != nil {
			t.Fatal(err)
		}
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportWrong) != 2 || imp.Written.Of(core.ImportNew) != 1 {
			t.Errorf("written: %+v", imp)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM staff_community WHERE community_id = 0"); n != 0 {
			t.Errorf("%d serve no community", n)
		}
	})
}

// Two who work here with one number, which older records may have, do not hold up a list that changes one of them.
func TestImportStaffWithOneNumber(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here := newCommunity(t, s, "翠湖花园")
		newStaff(t, s, "李娜", "13700000001", here)
		m := core.Staff{Name: "王强", Sex: "male", Phone: "13700000001", Position: "维修员", Communities: []core.ID{here}}
		err := s.db.Write(t.Context(), "add a second one", func(tx *database.Tx) error {
			m.ID = tx.NewID()
			return insertStaff(tx, m)
		})
		if err != nil {
			t.Fatal(err)
		}
		imp := readStaff(t, s, here, "王强|男|13700000001||工程部|维修员|三级||")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if imp.State != core.ImportDone || imp.Written.Of(core.ImportChanged) != 1 {
			t.Errorf("written: %+v", imp)
		}
	})
}

// An import of somebody whom WeWork keeps is taken back also once WeWork is unbound.
func TestUndoImportedStaffOfAnUnboundCompany(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here := newCommunity(t, s, "翠湖花园")
		m, turn := aMember(t, s, "li")
		m.Phone, m.Sex, m.Communities = "13700000001", "female", []core.ID{here}
		if _, err := s.UpdateStaff(t.Context(), core.System, everywhere, m, nil); err != nil {
			t.Fatal(err)
		}
		departments := countRows(t, s, "SELECT COUNT(*) FROM department")
		imp := readStaff(t, s, here, "李娜|女|13700000001||工程部|维修员|三级||")
		imp = writeList(t, s, imp, core.ImportChoices{Known: core.ImportUpdate})
		if n := countRows(t, s, "SELECT COUNT(*) FROM department"); n != departments {
			t.Errorf("%d departments beside WeWork's", n-departments)
		}
		if got, err := s.Staff(t.Context(), everywhere, m.ID); err != nil || got.Grade != "三级" {
			t.Fatalf("imported: %+v, %v", got, err)
		}
		corp := core.WechatApp{ID: turn.App}
		unbind := func(tx *database.Tx) error { return discard(replaceStaff(tx, corp, true)) }
		err := s.db.Write(t.Context(), "unbind", unbind)
		if err != nil {
			t.Fatal(err)
		}
		imp = undoList(t, s, imp)
		got, err := s.Staff(t.Context(), everywhere, m.ID)
		if err != nil || imp.State != core.ImportUndone || got.Grade != "" || got.Corp != 0 {
			t.Errorf("undone: %+v, %+v, %v", imp, got, err)
		}
	})
}

// Two lists change the same people at once, in opposite orders and with each other's departments: neither is broken, and
// what one has changed the other's rows say.
func TestTwoListsOfStaffAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		places := []core.ID{newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "滨河苑")}
		var imports [2]core.Import
		var lists [2][]string
		const people = 40
		for n := range people {
			phone := fmt.Sprintf("137000010%02d", n)
			newStaff(t, s, "员工", phone, places...)
			for i := range lists {
				lists[i] = append(lists[i], fmt.Sprintf("员工|女|%s||部门%d|职位%d|||", phone, n, i))
			}
		}
		slices.Reverse(lists[1])
		for i, place := range places {
			wide := testAccount(fmt.Sprint("wide", i))
			wide.Scope = everywhere
			by := core.Actor{Kind: core.ActorAccount, ID: mustAccount(t, s, wide).ID, Name: "周敏"}
			n := NewImport{Community: place, Kind: core.ImportStaff, File: "员工.xlsx"}
			imports[i] = readKindBy(t, s, by, n, listOf(staffHead+strings.Join(lists[i], "\n")))
			if err := s.WriteImport(t.Context(), by, everywhere, imports[i].ID, core.ImportChoices{Known: core.ImportUpdate},
				imports[i].Updated.UnixMilli()); err != nil {
				t.Fatal(err)
			}
		}
		errs := make(chan error, len(imports))
		for _, imp := range imports {
			go func() { errs <- discard(s.WriteImportRows(t.Context(), imp.ID, anyStep)) }()
		}
		for range imports {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		changed, wrong := 0, 0
		for _, imp := range imports {
			written := theImport(t, s, imp.ID).Written
			changed, wrong = changed+written.Of(core.ImportChanged), wrong+written.Of(core.ImportWrong)
		}
		if changed != people || wrong != people {
			t.Errorf("%d changed, %d told to have changed meanwhile", changed, wrong)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM department WHERE name LIKE '部门%'"); n != people {
			t.Errorf("%d departments", n)
		}
	})
}
