package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tongxing/core"
	"tongxing/store/database"
)

// wantNamed compares the index of names with the names of those who live or lived in a house that is there.
func wantNamed(t *testing.T, s *Store) {
	t.Helper()
	var rows []struct {
		ID        core.ID         `db:"id"`
		Community core.ID         `db:"community_id"`
		Name      string          `db:"name"`
		MovedOut  database.Millis `db:"moved_out_at"`
	}
	if err := s.db.All(t.Context(), &rows, `SELECT id, community_id, name, moved_out_at FROM resident
		WHERE house_id IN (SELECT id FROM house)`); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, row := range rows {
		who := residentNamed(core.Resident{ID: row.ID, Community: row.Community, Name: row.Name, MovedOut: row.MovedOut.Time})
		for _, gram := range who.grams() {
			want = append(want, fmt.Sprint(int(who.kind), " ", int64(gram), " ", who.community, " ", who.id))
		}
	}
	var grams []struct {
		Kind      int     `db:"kind"`
		Gram      int64   `db:"gram"`
		Community core.ID `db:"community_id"`
		Subject   core.ID `db:"subject_id"`
	}
	if err := s.db.All(t.Context(), &grams, "SELECT kind, gram, community_id, subject_id FROM name_gram WHERE kind IN (1, 2)"); err != nil {
		t.Fatal(err)
	}
	for _, g := range grams {
		got = append(got, fmt.Sprint(g.Kind, " ", g.Gram, " ", g.Community, " ", g.Subject))
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := difference(want, got); d != "" {
		t.Error("the index of names:", d)
	}
	if n := countRows(t, s, "SELECT COUNT(*) FROM import_pending"); n > 0 {
		t.Error(n, "parts are not complete")
	}
}

// An office renames, moves out and deletes people, and joins two houses, after an import has written them and before it has
// read them to make them findable by name; once it has, they are locked until it ends. On SQLite all of it is one act.
func TestImportNamesThoseWhoAreThereByThen(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		var s *Store
		var came, read sync.Once
		var gone atomic.Bool
		var office func()
		o.onQuery = func(query string) {
			switch {
			case o.MySQLDSN == "":
			case strings.HasPrefix(query, "SELECT COUNT(*) AS n,") && strings.Contains(query, "FROM resident"):
				came.Do(func() { office(); gone.Store(true) })
			case strings.HasPrefix(query, "INSERT IGNORE INTO name_gram") && gone.Load():
				read.Do(func() {
					err := s.db.Write(t.Context(), "rename somebody now", func(tx *database.Tx) error {
						var id core.ID
						return tx.Get(&id, "SELECT id FROM resident WHERE name = '赵六' FOR UPDATE NOWAIT")
					})
					if !database.IsLocked(err) {
						t.Errorf("somebody who is being named is not locked: %v", err)
					}
				})
			}
		}
		s = openStore(t, o)
		community := newCommunity(t, s, "翠湖花园")
		office = func() {
			who := func(name string) residentRow {
				var rows []residentRow
				err := s.db.All(t.Context(), &rows, "SELECT id, house_id, updated_at FROM resident WHERE name = ? ORDER BY id", name)
				if err != nil || len(rows) == 0 {
					t.Error(name, err)
					return residentRow{}
				}
				return rows[0]
			}
			renamed, merged, into := who("张三"), who("周九"), who("吴十")
			_, err := s.UpdateResident(t.Context(), importer1, everywhere, renamed.ID, ResidentChange{
				Name: "欧阳锋", Identity: core.Owner, Phone: "13700000001", Updated: renamed.Updated.Time,
			})
			err = errors.Join(err, s.MoveOut(t.Context(), importer1, everywhere, who("李四").ID),
				s.RemoveResidents(t.Context(), importer1, everywhere, []core.ID{who("王五").ID}))
			move := core.HouseMove{House: merged.House, Parent: core.NoMove, Into: into.House}
			plan, planned := s.PlanMove(t.Context(), everywhere, community, move)
			_, moved := s.MoveHouses(t.Context(), importer1, everywhere, community, move, plan.Seen)
			if err := errors.Join(err, planned, moved); err != nil {
				t.Error(err)
			}
		}
		imp := readList(t, s, community, listOf(`姓名|身份|手机|栋|单元|房间
			张三|业主|13700000001|1|1|101
			李四|业主|13700000002|1|1|102
			王五|业主|13700000003|1|1|103
			赵六|业主|13700000004|1|1|104
			周九|业主|13700000005|1|1|105
			吴十|业主|13700000006|1|1|106
			周九|业主|13700000005|1|1|106`))
		if imp = writeList(t, s, imp, core.DefaultImportChoices()); imp.State != core.ImportDone {
			t.Fatal(imp.State)
		}
		came.Do(func() { office() })
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE house_id NOT IN (SELECT id FROM house)"); n != 1 {
			t.Errorf("%d stayed behind in a house that is gone, want 1", n)
		}
		wantNamed(t, s)
	})
}

// Nobody changes those who are being named, also if nobody has changed them before.
func TestImportLocksThoseItNames(t *testing.T) {
	o := mariaOptions(t) // on SQLite all of it is one act
	var s *Store
	var asked atomic.Int32
	o.onQuery = func(query string) {
		if !strings.HasPrefix(query, "INSERT IGNORE INTO name_gram") {
			return
		}
		for _, name := range []string{"张三", "李四", "王五"} {
			err := s.db.Write(t.Context(), "rename somebody now", func(tx *database.Tx) error {
				var id core.ID
				return tx.Get(&id, "SELECT id FROM resident WHERE name = ? FOR UPDATE NOWAIT", name)
			})
			if asked.Add(1); !database.IsLocked(err) {
				t.Errorf("%s is not locked: %v", name, err)
			}
		}
	}
	s = openStore(t, o)
	imp := readList(t, s, newCommunity(t, s, "翠湖花园"), listOf(`姓名|身份|手机|栋|单元|房间
		张三|业主|13700000001|1|1|101
		李四|业主|13700000002|1|1|102
		王五|业主|13700000003|1|1|102`))
	if imp = writeList(t, s, imp, core.DefaultImportChoices()); imp.State != core.ImportDone || asked.Load() == 0 {
		t.Fatal(imp.State, asked.Load())
	}
	wantNamed(t, s)
}

// errIncomplete is why no part is completed.
var errIncomplete = errors.New("nothing is completed today")

// Servers are stopped after they have written people and before what follows. The server that goes on completes it; if the import is
// cancelled, too: then it can be taken back, and who stays, since somebody has changed them, is found by name.
func TestImportCompletesWhatAStoppedServerHasLeft(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprint("cancelled ", cancelled), func(t *testing.T) {
			o := mariaOptions(t) // on SQLite nothing follows
			var stopping sync.Map
			stopping.Store(completeOp, true)
			o.beforeCommit = func(op string) error {
				if _, stopped := stopping.Load(op); stopped {
					return errIncomplete
				}
				return nil
			}
			s := openStore(t, o)
			community := newCommunity(t, s, "翠湖花园")
			imp := readList(t, s, community, listOf(`姓名|身份|手机|栋|单元|房间
				张三|业主|13700000001|1|1|101
				李四|业主|13700000002|1|1|102`))
			choices := core.DefaultImportChoices()
			if err := s.WriteImport(t.Context(), importer1, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second has nothing else to do
				if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); !errors.Is(err, errIncomplete) {
					t.Fatal(err)
				}
			}
			if imp = theImport(t, s, imp.ID); imp.State != core.ImportWriting || imp.NextPart != 1 {
				t.Fatalf("%s, part %d", imp.State, imp.NextPart)
			}
			stopping.Delete(completeOp)
			left, words := 2, "张三"
			if cancelled {
				var rows []residentRow
				if err := s.db.All(t.Context(), &rows, "SELECT id, updated_at FROM resident WHERE name = '李四'"); err != nil {
					t.Fatal(err)
				}
				if _, err := s.UpdateResident(t.Context(), importer1, everywhere, rows[0].ID, ResidentChange{
					Name: "李四", Sex: "male", Identity: core.Owner, Phone: "13700000002", Updated: rows[0].Updated.Time,
				}); err != nil {
					t.Fatal(err)
				}
				if err := s.CancelImport(t.Context(), importer1, everywhere, imp.ID); err != nil {
					t.Fatal(err)
				}
				left, words = 1, "李四"
				_, err := s.UndoBatch(t.Context(), importer1, everywhere, imp.Batch)
				wantCode(t, err, core.CodeConflict)
			}
			if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil {
				t.Fatal(err)
			}
			if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != left {
				t.Errorf("%d residents, want %d", n, left)
			}
			found, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: words, Page: Page{Limit: 10}})
			if err != nil || len(found) != 1 {
				t.Errorf("%s is found %d times: %v", words, len(found), err)
			}
			wantNamed(t, s)
			houses, err := s.Batch(t.Context(), everywhere, imp.Houses)
			things, _, listed := s.BatchItems(t.Context(), houses, BatchItemFilter{Page: Page{Limit: 10}})
			if err := errors.Join(err, listed); err != nil || houses.Size != 2 || len(things) != 2 ||
				!strings.Contains(things[0].After, "1栋1单元101") {
				t.Errorf("houses: %+v of %+v, %v", things, houses, err)
			}
			b, err := s.Batch(t.Context(), everywhere, imp.Batch)
			if items := countRows(t, s, "SELECT COUNT(*) FROM batch_item WHERE batch_id = ?", int64(imp.Batch)); err != nil ||
				items != 2 || b.Size != 2 || b.Undone != 2-left || b.Kept != b.Size-b.Undone && cancelled {
				t.Errorf("%d things of %+v, %v", items, b, err)
			}
		})
	}
}

// justBeforeAPart opens a store on MariaDB, since on SQLite no act comes between, and returns what writes an import, with an act just
// before its part.
func justBeforeAPart(t *testing.T, act func(s *Store)) (s *Store, write func(imp core.Import)) {
	t.Helper()
	o := mariaOptions(t)
	var armed atomic.Bool
	o.onQuery = func(query string) {
		if strings.Contains(query, "FROM community WHERE id = ? FOR UPDATE") && armed.CompareAndSwap(true, false) {
			act(s)
		}
	}
	s = openStore(t, o)
	return s, func(imp core.Import) {
		t.Helper()
		choices := core.DefaultImportChoices()
		if err := s.WriteImport(t.Context(), importer1, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
			t.Fatal(err)
		}
		armed.Store(true)
		if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil || armed.Load() {
			t.Fatal(err, armed.Load())
		}
	}
}

// An office adds a house just before an import does: whose house it is does not matter.
func TestImportFindsHousesThatWereJustAdded(t *testing.T) {
	var community core.ID
	s, write := justBeforeAPart(t, func(s *Store) {
		if _, err := s.CreateHouses(t.Context(), importer1, everywhere, community, [][]string{{"2", "1", "102"}}); err != nil {
			t.Error(err)
		}
	})
	community = newCommunity(t, s, "翠湖花园")
	imp := readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|2|1|101\n李四|业主|13700000002|2|1|102"))
	write(imp)
	if imp = theImport(t, s, imp.ID); imp.Written[core.ImportPlaces] != 1 || imp.Written.Of(core.ImportNew) != 2 {
		t.Errorf("written: %v", imp.Written)
	}
	if n := countRows(t, s, "SELECT COUNT(*) FROM house"); n != 2 {
		t.Errorf("%d houses, want 2", n)
	}
}

// A server is stopped after it has made the persons of a part and before it has written the residents. The one that goes on finds
// them.
func TestImportFindsThePersonsOfAStoppedServer(t *testing.T) {
	o := mariaOptions(t) // on SQLite nothing is written ahead
	var stopped atomic.Bool
	o.beforeCommit = func(op string) error {
		if op == "write a part of an import" && stopped.CompareAndSwap(false, true) {
			return errIncomplete
		}
		return nil
	}
	s := openStore(t, o)
	community := newCommunity(t, s, "翠湖花园")
	imp := readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|1|1|101\n李四|业主|13700000002|1|1|102"))
	choices := core.DefaultImportChoices()
	if err := s.WriteImport(t.Context(), importer1, everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); !errors.Is(err, errIncomplete) {
		t.Fatal(err)
	}
	if persons := countRows(t, s, "SELECT COUNT(*) FROM person"); persons != 2 {
		t.Errorf("%d persons were made ahead, want 2", persons)
	}
	if _, err := s.WriteImportRows(t.Context(), imp.ID, anyStep); err != nil {
		t.Fatal(err)
	}
	persons := countRows(t, s, "SELECT COUNT(*) FROM person")
	if n := countRows(t, s, "SELECT COUNT(DISTINCT person_id) FROM resident"); persons != 2 || n != 2 {
		t.Errorf("%d persons, and residents of %d, want 2", persons, n)
	}
	wantNamed(t, s)
}

// Somebody's person is made ahead. Before the part is written, the office adds them elsewhere, and they confirm number and name in
// WeChat: they are certified by the list at once.
func TestImportCertifiesWhoConfirmsJustBefore(t *testing.T) {
	var other, house core.ID
	s, write := justBeforeAPart(t, func(s *Store) {
		newResident(t, s, other, house, "张三", "13700000001")
		newWechatUserWithPhone(t, s, "open-1", "13700000001")
	})
	other = newCommunity(t, s, "海棠苑")
	house = newHouses(t, s, other, 1)[0]
	community := newCommunity(t, s, "翠湖花园")
	imp := readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|1|1|101\n李四|业主|13700000002|1|1|102"))
	write(imp)
	if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE community_id = ? AND certified_at IS NOT NULL AND name = '张三'",
		int64(community)); n != 1 {
		t.Error("who has confirmed is not certified")
	}
	wantNamed(t, s)
}

// Somebody's person is made ahead. Before the part is written, the office adds somebody of another name with the number: the row is
// an error, as if that had been so from the start, and the two are not one person.
func TestImportLeavesWhoseNumberIsTakenJustBefore(t *testing.T) {
	var community, house core.ID
	s, write := justBeforeAPart(t, func(s *Store) { newResident(t, s, community, house, "王五", "13700000001") })
	community = newCommunity(t, s, "翠湖花园")
	house = newHouses(t, s, community, 1)[0]
	imp := readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|2|1|101\n李四|业主|13700000002|2|1|102"))
	write(imp)
	wantRows(t, s, theImport(t, s, imp.ID), "2 wrong +house !预览后有变化", "3 new +house")
	if n := countRows(t, s, "SELECT COUNT(*) FROM resident"); n != 2 {
		t.Errorf("%d residents, want 2", n)
	}
}

// Of a list of people who are new, one has confirmed number and name in WeChat, as somebody of another community: they are
// certified at once, as if added by hand, and taken back like the others.
func TestImportCertifiesWhoIsConfirmedInWechat(t *testing.T) {
	eachRegister(t, func(t *testing.T, s *Store, register func() string) {
		other := newCommunity(t, s, "海棠苑")
		newResident(t, s, other, newHouses(t, s, other, 1)[0], "张三", "13700000001")
		newWechatUserWithPhone(t, s, "open-1", "13700000001")
		community := newCommunity(t, s, "翠湖花园")
		before := register()
		imp := readList(t, s, community, listOf("姓名|身份|手机|栋|单元|房间\n张三|业主|13700000001|1|1|101\n李四|业主|13700000002|1|1|102"))
		wantRows(t, s, imp, "2 new +house", "3 new +house")
		imp = writeList(t, s, imp, core.DefaultImportChoices())
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident WHERE community_id = ? AND certified_at IS NOT NULL AND name = '张三'",
			int64(community)); n != 1 {
			t.Error("who is confirmed is not certified")
		}
		wantNamed(t, s)
		if b, err := s.Batch(t.Context(), everywhere, imp.Batch); err != nil || b.Size != 2 {
			t.Errorf("%+v, %v", b, err)
		}
		if undoList(t, s, imp); register() != before {
			t.Error("after undoing:", difference(strings.Split(before, "\n"), strings.Split(register(), "\n")))
		}
	})
}

// Somebody else with an id among those of a part, who was changed in the same millisecond, does not become a thing of its batch
// in place of one who is gone.
func TestImportKnowsThoseItAddedByTheirIDs(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		s := openStore(t, o)
		imp := readList(t, s, newCommunity(t, s, "翠湖花园"), listOf(`姓名|身份|手机|栋|单元|房间
			张三|业主|13700000001|1|1|101
			李四|业主|13700000002|1|1|102
			王五|业主|13700000003|1|1|102`))
		if imp = writeList(t, s, imp, core.DefaultImportChoices()); imp.State != core.ImportDone {
			t.Fatal(imp.State)
		}
		err := s.db.Write(t.Context(), "give them ids", func(tx *database.Tx) error {
			for i, name := range []string{"张三", "李四", "王五"} {
				if _, err := tx.Exec("UPDATE resident SET id = ?, updated_at = 5 WHERE name = ?", 1000*(i+1), name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			ids  []core.ID
			same bool
		}{
			{[]core.ID{3000, 1000, 2000}, true},
			{[]core.ID{1000, 1500, 3000}, false},
			{[]core.ID{1000, 3000}, false},
			{[]core.ID{1000, 2000, 2500, 3000}, false},
		} {
			part := pendingPart{added: 5}
			for _, id := range c.ids {
				part.people = append(part.people, addedResident{of: named{id: id, name: "某某"}})
			}
			var same bool
			err := s.db.Write(t.Context(), "look at them", func(tx *database.Tx) (err error) {
				same, err = part.shareUnchanged(tx)
				return err
			})
			if err != nil || same != c.same {
				t.Errorf("%v: the same %t, %v; want %t", c.ids, same, err, c.same)
			}
		}
	})
}
