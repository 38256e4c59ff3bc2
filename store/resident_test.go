package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

func residentOf(t *testing.T, s *Store, id core.ID) ResidentRow {
	t.Helper()
	r, err := s.Resident(t.Context(), everywhere, id)
	if err != nil {
		t.Fatalf("Resident: %v", err)
	}
	return r
}

func TestResidentIsSealedAndMasked(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		id, err := s.CreateResident(t.Context(), readerAdmin, everywhere, core.Resident{
			Community: community, House: house, Name: " 张三 ", Sex: "male", Identity: core.Lodger, LeaseDay: 30600,
			Phone: "１３８ 0013 8000", IDNumber: "11010519491231002x",
		})
		if err != nil {
			t.Fatal(err)
		}
		r := residentOf(t, s, id)
		if r.Name != "张三" || r.Phone != "138****8000" || r.IDNumber != "1101**********002X" || r.HouseLabel != "1栋1单元101" ||
			r.LeaseDay != 30600 || !r.Certified.IsZero() || r.Pass != 0 || r.CommunityName != "翠湖花园" {
			t.Errorf("resident %+v", r)
		}
		var columns []string
		if err := s.db.All(
			t.Context(), &columns,
			"SELECT CONCAT(phone_cipher, phone_mac, idno_cipher, idno_mac) FROM resident",
		); err != nil {
			t.Fatal(err)
		}
		var log []string
		if err := s.db.All(t.Context(), &log, "SELECT CONCAT(before_text, after_text) FROM audit_log"); err != nil {
			t.Fatal(err)
		}
		for _, text := range append(columns, log...) {
			for _, secret := range []string{"13800138000", "11010519491231002X"} {
				if strings.Contains(text, secret) {
					t.Errorf("%q is kept in the open: %s", secret, text)
				}
			}
		}

		whole, err := s.RevealResident(t.Context(), readerAdmin, everywhere, id)
		if err != nil || whole.Phone != "13800138000" || whole.IDNumber != "11010519491231002X" {
			t.Errorf("revealed %+v, %v", whole, err)
		}
		if n := countRows(
			t, s,
			"SELECT COUNT(*) FROM audit_log WHERE action = 'resident.reveal' AND actor_id = 9 AND addr = '192.0.2.9'",
		); n != 1 {
			t.Errorf("%d audit rows of the revealing, want 1", n)
		}
	})
}

func TestResidentRefusesBadInput(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house, theirs := newHouses(t, s, community, 1)[0], newHouses(t, s, other, 1)[0]
		good := core.Resident{Community: community, House: house, Name: "张三", Identity: core.Owner, Phone: "13800138000"}
		for field, change := range map[string]func(*core.Resident){
			"name":      func(r *core.Resident) { r.Name = strings.Repeat("长", 41) },
			"sex":       func(r *core.Resident) { r.Sex = "x" },
			"identity":  func(r *core.Resident) { r.Identity = "king" },
			"lease_day": func(r *core.Resident) { r.Identity = core.Lodger },
			"phone":     func(r *core.Resident) { r.Phone = "12345" },
			"id_number": func(r *core.Resident) { r.IDNumber = "110105194912310021" },
			"house":     func(r *core.Resident) { r.House = theirs },
		} {
			bad := good
			change(&bad)
			_, err := s.CreateResident(t.Context(), core.System, everywhere, bad)
			wantField(t, err, field)
		}
		// One bad of many: none is written.
		bad := good
		bad.Phone = "13800138001"
		bad.House = theirs
		if _, err := s.CreateResidents(t.Context(), core.System, everywhere, community, []core.Resident{good, bad}); err == nil {
			t.Error("a house of another community was taken")
		}
		_, err := s.CreateResidents(t.Context(), core.System, everywhere, community, []core.Resident{good, good})
		wantField(t, err, "phone")
		if n := countRows(t, s, "SELECT COUNT(*) FROM resident") + countRows(t, s, "SELECT COUNT(*) FROM person"); n != 0 {
			t.Errorf("refusals left %d rows", n)
		}
	})
}

func TestResidentsShareAPerson(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 2)
		first := newResident(t, s, community, houses[0], "张三", "13800138000")
		second := newResident(t, s, community, houses[1], "张三", "+86 138-0013-8000")
		if a, b := residentOf(t, s, first), residentOf(t, s, second); a.Person == 0 || a.Person != b.Person {
			t.Errorf("persons %d and %d, want one", a.Person, b.Person)
		}
		_, err := s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
			Community: community, House: houses[0], Name: "李四", Identity: core.Family, Phone: "13800138000",
		})
		wantField(t, err, "phone")
	})
}

func TestCertifyByPhone(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		here, there := newHouses(t, s, community, 2), newHouses(t, s, other, 1)
		a := newResident(t, s, community, here[0], "张三", "13800138000")
		b := newResident(t, s, other, there[0], "张三", "13800138000")
		neighbour := newResident(t, s, community, here[0], "李四", "13800138001")
		if passes, err := s.PassesOfUser(t.Context(), core.WechatUser{Person: residentOf(t, s, a).Person}); err != nil || len(passes) != 0 {
			t.Errorf("passes before certification: %v, %v", passes, err)
		}

		user := newWechatUserWithPhone(t, s, "open-1", "13800138000")
		passes, err := s.PassesOfUser(t.Context(), user)
		if err != nil || len(passes) != 2 {
			t.Fatalf("passes %v, %v; want two", passes, err)
		}
		if p := passes[0]; p.Holder != a || p.Community != community || p.CommunityName != "翠湖花园" || p.HouseLabel != "1栋1单元101" ||
			p.Name != "张三" || p.Identity != core.Owner {
			t.Errorf("first pass %+v", p)
		}
		if passes[1].Holder != b || residentOf(t, s, a).Certified.IsZero() || !residentOf(t, s, neighbour).Certified.IsZero() {
			t.Error("certified the wrong people")
		}

		// Again, on another phone of the same person: nothing changes.
		again := newWechatUserWithPhone(t, s, "open-2", "13800138000")
		passes2, err := s.PassesOfUser(t.Context(), core.WechatUser{Person: again.Person})
		if err != nil || !slices.Equal(passes, passes2) {
			t.Errorf("passes after the second time: %v, %v", passes2, err)
		}

		// A house added later is certified at once.
		c := newResident(t, s, community, here[1], "张三", "13800138000")
		if r := residentOf(t, s, c); r.Certified.IsZero() || r.Pass == 0 {
			t.Errorf("added later: %+v", r)
		}

		stranger := newWechatUserWithPhone(t, s, "open-3", "13900139000")
		if stranger.Person != 0 || !stranger.Verified {
			t.Errorf("a verified number that nobody has is somebody: %+v", stranger)
		}
		if _, err := s.PassOfUser(t.Context(), passes[0].ID, user); err != nil {
			t.Errorf("own pass: %v", err)
		}
		for _, person := range []core.ID{stranger.Person, 0, 1} {
			_, err := s.PassOfUser(t.Context(), passes[0].ID, core.WechatUser{Person: person})
			wantCode(t, err, core.CodeNotFound)
		}
		if passes, err := s.PassesOfUser(t.Context(), core.WechatUser{Person: 0}); err != nil || len(passes) != 0 {
			t.Errorf("passes of nobody: %v, %v", passes, err)
		}
	})
}

func TestMoveOutAndBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		id := newResident(t, s, community, house, "张三", "13800138000")
		newWechatUserWithPhone(t, s, "open-1", "13800138000")
		r := residentOf(t, s, id)
		if err := s.MoveOut(t.Context(), core.System, everywhere, id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PassOfUser(t.Context(), r.Pass, core.WechatUser{Person: r.Person}); !core.IsNotFound(err) {
			t.Errorf("the pass of one who moved out: %v", err)
		}
		if list, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Page: Page{Limit: 9}}); err != nil || len(list) != 0 {
			t.Errorf("still listed: %v, %v", list, err)
		}
		wantCode(t, s.MoveOut(t.Context(), core.System, everywhere, id), core.CodeConflict)
		wantCode(
			t,
			discard(s.UpdateResident(t.Context(), core.System, everywhere, id, ResidentChange{Name: "李四", Identity: core.Owner})),
			core.CodeNotFound,
		)

		back := newResident(t, s, community, house, "张三", "13800138000")
		after := residentOf(t, s, back)
		if back != id || after.Pass != r.Pass || after.PassDisabled || after.Name != "张三" || after.Certified.IsZero() {
			t.Errorf("back as %+v, want resident %d with pass %d", after, id, r.Pass)
		}
	})
}

func TestUpdateResident(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		id := newResident(t, s, community, house, "张三", "13800138000")
		newWechatUserWithPhone(t, s, "open-1", "13800138000")
		newResident(t, s, community, house, "李四", "13800138001")
		before := residentOf(t, s, id)
		edit := ResidentChange{Name: "张三三", Sex: "female", Identity: core.Tenant, IDNumber: "E12345678"}
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, edit); err != nil {
			t.Fatal(err)
		}
		r := residentOf(t, s, id)
		if r.Name != "张三三" || r.Phone != before.Phone || r.Person != before.Person || r.Certified.IsZero() || r.IDNumber != "E******78" {
			t.Errorf("after an edit that leaves the phone: %+v", r)
		}
		edit.IDNumber = ""
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, edit); err != nil || residentOf(t, s, id).IDNumber == "" {
			t.Errorf("an empty ID field took the number off file (%v)", err)
		}
		edit.ClearID = true
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, edit); err != nil || residentOf(t, s, id).IDNumber != "" {
			t.Errorf("the number stays on file (%v)", err)
		}

		edit.Phone = "13800138001" // the neighbour's
		wantField(t, discard(s.UpdateResident(t.Context(), core.System, everywhere, id, edit)), "phone")
		edit.Phone = "13900139000" // nobody has verified it
		if _, err := s.UpdateResident(t.Context(), core.System, everywhere, id, edit); err != nil {
			t.Fatal(err)
		}
		r = residentOf(t, s, id)
		if r.Person == before.Person || !r.Certified.IsZero() || r.Pass != before.Pass {
			t.Errorf("after a new phone: %+v", r)
		}
		if passes, err := s.PassesOfUser(t.Context(), core.WechatUser{Person: before.Person}); err != nil || len(passes) != 0 {
			t.Errorf("the old number still has passes: %v, %v", passes, err)
		}
		user := newWechatUserWithPhone(t, s, "open-9", "13900139000")
		if passes, err := s.PassesOfUser(t.Context(), user); err != nil || len(passes) != 1 || passes[0].ID != before.Pass {
			t.Errorf("the new number's passes: %v, %v", passes, err)
		}
	})
}

func TestResidentScope(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house := newHouses(t, s, theirs, 1)[0]
		id := newResident(t, s, theirs, house, "张三", "13800138000")
		scope := core.ScopeOf(ours)
		_, err := s.Resident(t.Context(), scope, id)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.RevealResident(t.Context(), core.System, scope, id)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.CreateResident(t.Context(), core.System, scope, core.Resident{
			Community: theirs, House: house, Name: "李四", Identity: core.Owner, Phone: "13800138001",
		})
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.MoveOut(t.Context(), core.System, scope, id), core.CodeNotFound)
		wantCode(
			t,
			discard(s.UpdateResident(t.Context(), core.System, scope, id, ResidentChange{Name: "李四", Identity: core.Owner})),
			core.CodeNotFound,
		)
		_, _, err = s.Residents(t.Context(), scope, ResidentFilter{Community: theirs, Page: Page{Limit: 9}})
		wantCode(t, err, core.CodeNotFound)
		for _, keyword := range []string{"", "张", "8000", "13800138000", "101"} {
			if list, _, err := s.Residents(
				t.Context(), scope, ResidentFilter{Keyword: keyword, Page: Page{Limit: 9}},
			); err != nil || len(list) != 0 {
				t.Errorf("search %q out of scope: %v, %v", keyword, list, err)
			}
		}
	})
}

func TestResidentsSearchAndPage(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community, other := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses := newHouses(t, s, community, 5)
		far := newHouses(t, s, other, 1)[0]
		var people []core.Resident
		for i := range 9 {
			people = append(people, core.Resident{
				House: houses[i%5], Name: fmt.Sprintf("张%d", i), Identity: core.Owner,
				Phone: fmt.Sprintf("1380013800%d", i),
			})
		}
		people[3].Name, people[4].Identity, people[5].Certified = "%李", core.Family, testNow
		ids, err := s.CreateResidents(t.Context(), core.System, everywhere, community, people)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(ids) // newest first: ids[0] is 张8
		newResident(t, s, other, far, "张远", "13900139000")

		find := func(f ResidentFilter) []core.ID {
			t.Helper()
			f.Community = community
			if f.Page.Limit == 0 {
				f.Page.Limit = 20
			}
			list, more, err := s.Residents(t.Context(), everywhere, f)
			if err != nil || more != (f.Page.Limit < 20 && f.Page.Next != ids[3]) {
				t.Fatalf("%+v: more %v, %v", f, more, err)
			}
			return database.IDsOf(list, func(r ResidentRow) core.ID { return r.ID })
		}
		for name, c := range map[string]struct {
			filter ResidentFilter
			want   []core.ID
		}{
			"all":         {ResidentFilter{}, ids},
			"page 1":      {ResidentFilter{Page: Page{Limit: 3}}, ids[0:3]},
			"page 2":      {ResidentFilter{Page: Page{Limit: 3, Next: ids[2]}}, ids[3:6]},
			"name":        {ResidentFilter{Keyword: "张2"}, ids[6:7]},
			"literal %":   {ResidentFilter{Keyword: "%"}, ids[5:6]},
			"last four":   {ResidentFilter{Keyword: "8007"}, ids[1:2]},
			"phone":       {ResidentFilter{Keyword: "138 0013 8007"}, ids[1:2]},
			"house":       {ResidentFilter{Keyword: "单元102"}, []core.ID{ids[2], ids[7]}},
			"house id":    {ResidentFilter{House: houses[0]}, []core.ID{ids[3], ids[8]}},
			"certified":   {ResidentFilter{Certified: "yes"}, ids[3:4]},
			"family":      {ResidentFilter{Identity: core.Family}, ids[4:5]},
			"uncertified": {ResidentFilter{Certified: "no", Keyword: "105"}, ids[4:5]},
			"nothing":     {ResidentFilter{Keyword: "'; DROP TABLE resident"}, []core.ID{}},
		} {
			if got := find(c.filter); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		tree, err := s.HouseTree(t.Context(), everywhere, community)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []ResidentFilter{
			{Node: tree[0].ID}, {Node: tree[0].Children[0].ID, Sort: "name"},
			{Node: tree[0].ID, Keyword: "张", Certified: "no"},
		} {
			if got := len(find(f)); f.Keyword == "" && got != len(ids) || f.Keyword != "" && got != 7 {
				t.Errorf("under a node: %+v finds %d", f, got)
			}
			f.Node = community // of nothing
			if got := find(f); len(got) != 0 {
				t.Errorf("under no node: %+v finds %d", f, len(got))
			}
		}
		list, _, err := s.Residents(t.Context(), everywhere, ResidentFilter{Keyword: "张", Page: Page{Limit: 20}})
		if err != nil || len(list) != 9 {
			t.Errorf("over all communities: %d, %v; want 9", len(list), err)
		}
		if r := residentOf(t, s, ids[3]); r.Pass == 0 || r.Certified.IsZero() {
			t.Errorf("created as certified: %+v", r)
		}
	})
}

// Many acts at once find or make one person.
func TestPersonIsMadeOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 12)
		errs := make([]error, len(houses))
		var wait sync.WaitGroup
		for i, house := range houses {
			wait.Go(func() {
				_, errs[i] = s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
					Community: community, House: house, Name: "张三", Identity: core.Owner, Phone: "13800138000",
				})
			})
		}
		wait.Wait()
		for i, err := range errs {
			if err != nil {
				t.Errorf("act %d: %v", i, err)
			}
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM person"); n != 1 {
			t.Errorf("%d persons, want 1", n)
		}
	})
}

// Of two who add the same person to the same house at once, one is told.
func TestTieIsMadeOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, community, 1)[0]
		errs := make([]error, 6)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				_, errs[i] = s.CreateResident(t.Context(), core.System, everywhere, core.Resident{
					Community: community, House: house, Name: "张三", Identity: core.Owner, Phone: "13800138000",
				})
			})
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				wantField(t, err, "phone")
			}
		}
		if made != 1 || countRows(t, s, "SELECT COUNT(*) FROM resident") != 1 {
			t.Errorf("%d acts made it, want 1", made)
		}
	})
}

func TestRegisterIDNumberOnlyOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		id := newResident(t, s, community, newHouses(t, s, community, 1)[0], "张三", "13800138000")
		for _, number := range []string{"E12345678", "E99999999"} {
			err := s.db.Write(t.Context(), "test", func(tx *database.Tx) error { return registerIDNumber(tx, id, number) })
			if err != nil {
				t.Fatal(err)
			}
		}
		whole, err := s.RevealResident(t.Context(), core.System, everywhere, id)
		if err != nil || whole.IDNumber != "E12345678" {
			t.Errorf("on file %q, %v; want the first", whole.IDNumber, err)
		}
	})
}

// A few thousand residents are made in a moment.
func TestResidentsInBulk(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		const n = 1000
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 300)
		people := make([]core.Resident, n)
		for i := range people {
			people[i] = core.Resident{
				House: houses[i%len(houses)], Name: "张三", Identity: core.Owner,
				Phone: fmt.Sprintf("138%08d", i), Certified: testNow,
			}
		}
		begun := time.Now()
		if _, err := s.CreateResidents(t.Context(), core.System, everywhere, community, people); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d residents in %s", n, time.Since(begun))
		if got := countRows(
			t, s,
			"SELECT COUNT(*) FROM pass p JOIN resident t ON p.kind = 'resident' AND t.id = p.holder_id AND t.person_id = p.person_id",
		); got != n {
			t.Errorf("%d passes, want %d", got, n)
		}
	})
}

// Documents and keyboards write the dot within a name in different ways, and some put
// spaces between its characters: neither counts, and the name is shown as it was typed.
func TestNamesAreFoundHoweverTheirDotIsWritten(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		for _, names := range [][]string{{"翠湖花园"}, {"海棠苑", "樱花里"}} {
			var communities []core.ID
			for _, name := range names {
				communities = append(communities, newCommunity(t, s, name))
			}
			houses := newHouses(t, s, communities[0], 2)
			for i, name := range []string{"阿卜杜拉·买买提", "王伟"} {
				r := core.Resident{House: houses[i], Name: name, Identity: core.Owner, Phone: fmt.Sprintf("139000%05d", 100*len(names)+i)}
				if _, err := s.CreateResidents(t.Context(), core.System, everywhere, communities[0], []core.Resident{r}); err != nil {
					t.Fatal(err)
				}
			}
			scope := core.ScopeOf(communities...)
			for keyword, want := range map[string]string{
				"阿卜杜拉•买买提": "阿卜杜拉·买买提", "阿卜杜拉．买买提": "阿卜杜拉·买买提", "阿卜杜拉・买买提": "阿卜杜拉·买买提",
				"阿卜杜拉买买提": "阿卜杜拉·买买提", "王 伟": "王伟", "王　伟": "王伟", "·": "", "•": "",
			} {
				list, _, err := s.Residents(t.Context(), scope, ResidentFilter{Keyword: keyword, Page: Page{Limit: 9}})
				if err != nil || (want == "") != (len(list) == 0) || want != "" && (len(list) != 1 || list[0].Name != want) {
					t.Errorf("%q in %d communities: %d found (%v), want %q", keyword, len(names), len(list), err, want)
				}
			}
		}
	})
}

// An outsider finds a family by its whole name, of two characters too, and nothing by a given name.
func TestOutsidersFindFamilies(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 1)
		names := map[core.ID]string{}
		for i, name := range []string{"欧阳娜", "欧阳 锋", "欧阳", "欧文", "司马光", "司徒王", "司南", "王伟", "Ann Lee"} {
			id := newResident(t, s, community, houses[0], name, fmt.Sprintf("1390000%04d", i))
			r, err := s.Resident(t.Context(), everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			names[r.Person] = name
		}
		for typed, want := range map[string]string{
			"欧阳": "欧阳 锋,欧阳娜", "欧阳娜": "欧阳 锋,欧阳娜", "欧 阳": "欧阳 锋,欧阳娜", "欧": "欧文,欧阳,欧阳 锋,欧阳娜", "欧文": "欧文,欧阳,欧阳 锋,欧阳娜",
			"司马": "司马光", "司徒": "司徒王", "司": "司南,司徒王,司马光", "诸葛": "", "阳": "", "王": "王伟", "王某": "王伟", "a": "Ann Lee",
		} {
			people, err := s.peopleOfKeyword(t.Context(), core.ScopeOf(community), core.RecordFilter{Keyword: typed, Outsider: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, person := range people {
				got = append(got, names[person])
			}
			slices.Sort(got)
			if strings.Join(got, ",") != want {
				t.Errorf("%s finds %v, want %s", typed, got, want)
			}
		}
	})
}
