package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// Whatever one field of an edit changes, the audit log's before and after differ, and
// nothing personal stands in them whole.
func TestEveryEditedFieldIsInTheAuditLog(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		community, second := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		post := newPost(t, s, community)
		guard := newGuard(t, s, community, "李师傅")
		observer, err := s.CreateObserver(ctx, by, everywhere, core.Observer{
			Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{community},
		})
		if err != nil {
			t.Fatal(err)
		}
		changed := func(what string, err error) { t.Helper(); wantOneChange(t, s, what, err) }
		for what, change := range map[string]func(*core.Observer){
			"name": func(o *core.Observer) { o.Name = "钱警官" }, "capacity": func(o *core.Observer) { o.Capacity = "网格员" },
			"phone": func(o *core.Observer) { o.Phone = "13900009999" }, "export": func(o *core.Observer) { o.MayExport = !o.MayExport },
			"communities": func(o *core.Observer) { o.Communities = append(o.Communities, second) },
		} {
			o, err := s.Observer(ctx, everywhere, observer)
			if err != nil {
				t.Fatal(err)
			}
			o.Phone = ""
			change(&o)
			_, err = s.UpdateObserver(ctx, by, everywhere, o)
			changed("observer's "+what, err)
		}
		for what, change := range map[string]func(*core.Guard){
			"name": func(g *core.Guard) { g.Name = "王师傅" }, "phone": func(g *core.Guard) { g.Phone = "13900138888" },
			"posts": func(g *core.Guard) { g.Posts = []core.ID{post} },
		} {
			g, err := s.Guard(ctx, everywhere, guard)
			if err != nil {
				t.Fatal(err)
			}
			g.Phone = ""
			change(&g)
			_, err = s.UpdateGuard(ctx, by, everywhere, g)
			changed("guard's "+what, err)
		}
		for what, change := range map[string]func(*core.GuardPost){
			"name": func(p *core.GuardPost) { p.Name = "北门岗" }, "direction": func(p *core.GuardPost) { p.Direction = core.In },
			"urgent": func(p *core.GuardPost) { p.Urgent = true },
		} {
			p, err := s.GuardPost(ctx, everywhere, post)
			if err != nil {
				t.Fatal(err)
			}
			change(&p)
			_, err = s.UpdateGuardPost(ctx, by, everywhere, p)
			changed("post's "+what, err)
		}
		// Where exits are stopped, all else is idle and must be seen all the same.
		rule, err := s.PassRule(ctx, everywhere, community)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			what   string
			change func(*core.PassRule)
		}{
			{"exits", func(r *core.PassRule) { r.Exits = -1 }}, {"period", func(r *core.PassRule) { r.PeriodDays = 5 }},
			{"counting", func(r *core.PassRule) {
				r.Counting = core.CountHousehold
			}}, {"hours", func(r *core.PassRule) { r.Hours = []core.HourRange{{From: 360, To: 1320}} }},
			{"ID record", func(r *core.PassRule) {
				r.RecordID = !r.RecordID
			}}, {"temperature", func(r *core.PassRule) { r.RecordTemp = !r.RecordTemp }},
			{"fever", func(r *core.PassRule) { r.FeverTenths = 380 }}, {"readers", func(r *core.PassRule) { r.ReaderQR = !r.ReaderQR }},
		} {
			rule.Updated = time.Time{}
			step.change(&rule.PassRule)
			changed("rule's "+step.what, s.UpdatePassRule(ctx, by, everywhere, rule))
		}
		for _, private := range []string{"13900009999", "13900138888", "13800138000"} {
			if n := countRows(
				t, s, "SELECT COUNT(*) FROM audit_log WHERE before_text LIKE ? OR after_text LIKE ?",
				"%"+private+"%", "%"+private+"%",
			); n != 0 {
				t.Errorf("%s stands whole in the audit log", private)
			}
		}
	})
}

// wantOneChange looks at the newest line of the audit log, of an edit of one field.
func wantOneChange(t *testing.T, s *Store, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	line := newestAudit(t, s)
	if n := len(slices.DeleteFunc(line.Changes(), func(c core.AuditChange) bool { return !c.Changed })); n != 1 {
		t.Errorf("%s: %d changes kept of one made: before %s, after %s", what, n, line.Before, line.After)
	}
}

// keptOf returns what a line keeps of an act without a state before it, in words.
func keptOf(line core.AuditRecord) string {
	var words []string
	for _, c := range line.Changes() {
		words = append(words, c.Label+"："+c.After)
	}
	return strings.Join(words, "，")
}

func newestAudit(t *testing.T, s *Store) core.AuditRecord {
	t.Helper()
	rows, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{}, Page{Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatal(err)
	}
	return rows[0]
}

func TestEveryEditedFieldOfTheRegisterIsInTheAuditLog(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		id := newCommunity(t, s, "翠湖花园")
		house := newHouses(t, s, id, 2)[0]
		resident := newResident(t, s, id, house, "张三", "13700010001")
		for _, c := range []struct {
			what   string
			change func(*core.Community)
		}{
			{"name", func(c *core.Community) { c.Name = "翠湖名苑" }}, {"address", func(c *core.Community) { c.Address = "湖滨路 1 号" }},
			{"phone", func(c *core.Community) { c.Phone = "010-88886666" }}, {"levels", func(c *core.Community) { c.Levels[0] = "座" }},
		} {
			community, err := s.Community(ctx, everywhere, id)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&community)
			wantOneChange(t, s, "community's "+c.what, discard(s.UpdateCommunity(ctx, by, everywhere, community)))
		}
		h, err := s.House(ctx, everywhere, house)
		if err != nil {
			t.Fatal(err)
		}
		names, err := s.HouseNames(ctx, h)
		if err != nil {
			t.Fatal(err)
		}
		names[len(names)-1] = "999"
		wantOneChange(t, s, "house's name", discard(s.UpdateHouse(ctx, by, everywhere, house, HouseChange{Names: names})))
		owing := HouseChange{Names: names, ArrearsFen: 1250}
		wantOneChange(t, s, "house's arrears", discard(s.UpdateHouse(ctx, by, everywhere, house, owing)))

		change := ResidentChange{Name: "张三", Identity: core.Owner}
		if _, err := s.UpdateResident(ctx, by, everywhere, resident, change); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what   string
			change func(*ResidentChange)
		}{
			{"name", func(c *ResidentChange) { c.Name = "张四" }}, {"sex", func(c *ResidentChange) { c.Sex = "female" }},
			{"ID number", func(c *ResidentChange) {
				c.IDNumber = "E12345678"
			}}, {"hidden figures of it", func(c *ResidentChange) { c.IDNumber = "E12345778" }},
			{"no ID number", func(c *ResidentChange) { c.IDNumber, c.ClearID = "", true }},
			{"phone", func(c *ResidentChange) {
				c.Phone = "13700010009"
			}}, {"hidden figures of it", func(c *ResidentChange) { c.Phone = "13722220009" }},
			{"identity", func(c *ResidentChange) { c.Identity = core.Family }},
		} {
			c.change(&change)
			wantOneChange(t, s, "resident's "+c.what, discard(s.UpdateResident(ctx, by, everywhere, resident, change)))
			change.Phone, change.IDNumber, change.ClearID = "", "", false
		}
		settings, err := s.Settings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		settings.RecordDays = 400
		wantOneChange(t, s, "setting's days", discard(s.UpdateSettings(ctx, by, settings)))
		settings.Updated, settings.ConsoleIdleMinutes = time.Time{}, 77
		wantOneChange(t, s, "setting's minutes", discard(s.UpdateSettings(ctx, by, settings)))
	})
}

func TestEveryEditedFieldOfAccountsAndReadersIsInTheAuditLog(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, by := t.Context(), core.System
		one, two := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		a := testAccount("lisi")
		a.Permissions, a.Scope = []core.Permission{core.PermReaderView}, core.ScopeOf(one)
		a = mustAccount(t, s, a)
		for _, c := range []struct {
			what   string
			change func(*core.Account)
		}{
			{"name", func(a *core.Account) { a.Name = "李四光" }}, {"role", func(a *core.Account) { a.Role = core.RoleManager }},
			{"permissions", func(a *core.Account) { a.Permissions = append(a.Permissions, core.PermAccessRecordView) }},
			{"communities", func(a *core.Account) {
				a.Scope = core.ScopeOf(one, two)
			}}, {"all communities", func(a *core.Account) { a.Scope = core.Everywhere }},
		} {
			a.Updated = time.Time{}
			c.change(&a)
			wantOneChange(t, s, "account's "+c.what, discard(s.UpdateAccount(ctx, core.SystemGranter, a)))
		}
		wantOneChange(t, s, "disabling", s.DisableAccount(ctx, core.SystemGranter, a.ID))
		wantOneChange(t, s, "enabling", s.EnableAccount(ctx, core.SystemGranter, a.ID))

		r := core.NewReader()
		r.Community, r.Name, r.Gate, r.Serial = one, "东门进", "东门", "D1"
		r.ID, _ = makeReader(t, s, r)
		newHouses(t, s, one, 1)
		tree, err := s.HouseTree(ctx, everywhere, one)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what   string
			change func(*core.Reader)
		}{
			{"name", func(r *core.Reader) {
				r.Name = "东门出"
			}}, {"gate", func(r *core.Reader) { r.Gate = "小东门" }}, {"serial", func(r *core.Reader) { r.Serial = "D2" }},
			{"direction", func(r *core.Reader) {
				r.Direction = core.In
			}}, {"nodes", func(r *core.Reader) { r.ScopeNodes = []core.ID{tree[0].ID} }},
			{"thermometer", func(r *core.Reader) { r.Thermometer = true }}, {"QR", func(r *core.Reader) { r.QRAllowed = false }},
			{"deny code", func(r *core.Reader) { r.DenyCode = "1001" }}, {"heartbeat", func(r *core.Reader) { r.HeartbeatText = "alive" }},
			{"its seconds", func(r *core.Reader) { r.HeartbeatSeconds = 90 }}, {"firmware", func(r *core.Reader) { r.Firmware = "2.1" }},
		} {
			c.change(&r)
			wantOneChange(t, s, "reader's "+c.what, discard(s.UpdateReader(ctx, by, everywhere, r)))
		}

		// Buildings are named, and the way to them.
		r.ScopeNodes = []core.ID{tree[0].Children[0].ID, tree[0].ID}
		wantOneChange(t, s, "reader's unit", discard(s.UpdateReader(ctx, by, everywhere, r)))
		entries, _, err := s.AuditRecords(ctx, everywhere, core.AuditFilter{}, Page{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		changes, want := entries[0].Changes(), tree[0].Name+tree[0].Children[0].Name
		if !slices.ContainsFunc(changes, func(c core.AuditChange) bool {
			return c.Label == "服务范围" && slices.Equal(c.Added, []string{want})
		}) {
			t.Errorf("the audit log keeps %+v; want %s added", changes, want)
		}

		guard, post := newGuard(t, s, one, "李师傅"), newPost(t, s, one)
		wantOneChange(t, s, "guard's disabling", s.DisableGuard(ctx, by, everywhere, guard))
		wantOneChange(t, s, "guard's enabling", s.EnableGuard(ctx, by, everywhere, guard))
		wantOneChange(t, s, "post's disabling", s.DisableGuardPost(ctx, by, everywhere, post))
		wantOneChange(t, s, "post's enabling", s.EnableGuardPost(ctx, by, everywhere, post))
		observer, err := s.CreateObserver(ctx, by, everywhere, core.Observer{
			Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{one, two},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantOneChange(t, s, "a community taken from an observer", s.RemoveObserver(ctx, by, core.ScopeOf(two), observer))
		if err := s.RemoveObserver(ctx, by, everywhere, observer); err != nil {
			t.Fatal(err)
		}
		if line := newestAudit(t, s); !strings.Contains(line.Before, one.String()) || line.After != "" {
			t.Errorf("removing an observer keeps %q and %q", line.Before, line.After)
		}
	})
}

// Of many houses restricted at once each is named, with the restriction it had.
func TestTheAuditLogNamesEveryRestrictedHouse(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		houses := newHouses(t, s, community, 45)
		for _, r := range []core.Restriction{{Exits: 2, Reason: "社区通知"}, {Exits: -1, Reason: "居家"}} {
			change := RestrictionChange{Community: community, Houses: houses, Restriction: r, Announced: houses}
			if _, err := s.CreateRestrictions(t.Context(), core.System, everywhere, change); err != nil {
				t.Fatal(err)
			}
		}
		lines, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Action: "restriction.create"}, Page{Limit: 9})
		if err != nil || len(lines) != 6 {
			t.Fatalf("%d lines: %v", len(lines), err)
		}
		var before, after string
		for _, line := range lines[:3] {
			before, after = before+line.Before+"、", after+line.After+"、"
		}
		list, err := s.HousesByID(t.Context(), everywhere, houses)
		if err != nil || len(list) != 45 {
			t.Fatal(err)
		}
		for _, house := range list {
			if !strings.Contains(before, house.Label) || !strings.Contains(after, house.Label) {
				t.Errorf("%s is not named in %q or %q", house.Label, before, after)
			}
		}
		if n := strings.Count(before, `"exits":2,"reason":"社区通知"`); n != 3 {
			t.Errorf("what was replaced is told %d times in %q", n, before)
		}
	})
}

// A file that was taken tells what was in it, by names.
func TestTheAuditLogSaysWhatWasExported(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		community, others := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		house, theirs := newHouses(t, s, community, 1)[0], newHouses(t, s, others, 1)[0]
		h, err := s.House(ctx, everywhere, house)
		if err != nil {
			t.Fatal(err)
		}
		scope := core.ScopeOf(community)
		resident := newResident(t, s, community, house, "张三", "13700010001")
		row, err := s.Resident(ctx, everywhere, resident)
		if err != nil {
			t.Fatal(err)
		}
		node, err := s.nodeLabel(ctx, h.Path)
		if err != nil || node == "" || !strings.HasPrefix(h.Label, node) {
			t.Fatalf("the node of %s is %q: %v", h.Label, node, err)
		}
		records := func(f core.RecordFilter) error {
			return s.ExportAccessRecords(ctx, core.Looker{Actor: core.System}, scope, f, func(core.AccessRecord) error { return nil })
		}
		houses := func(f HouseFilter) error {
			f.Community = community
			return s.ExportHouses(ctx, core.System, scope, f, func([]string, HouseRow) error { return nil })
		}
		for _, c := range []struct {
			want string
			take func() error
		}{
			{"不限条件：是", func() error { return records(core.RecordFilter{}) }},
			{"房屋：" + h.Label, func() error { return records(core.RecordFilter{House: house}) }},
			{"房屋：" + theirs.String(), func() error { return records(core.RecordFilter{House: theirs}) }},
			{"住户：张*（" + row.Person.String() + "），关键词字数：3", func() error {
				return records(core.RecordFilter{Person: row.Person, Keyword: "李四光"})
			}},
			{"不限条件：是", func() error { return houses(HouseFilter{}) }},
			{"楼栋：" + node + "，只看欠费：是，关键词字数：3", func() error { return houses(HouseFilter{Node: h.Node, Arrears: true, Keyword: "101"}) }},
			{"完整手机与证件号：否，楼栋：" + node, func() error {
				return s.ExportResidents(
					ctx, core.System, scope, ResidentFilter{Community: community, Node: h.Node}, ResidentExport{},
					func(ResidentRow) error {
						return nil
					},
				)
			}},
		} {
			if err := c.take(); err != nil {
				t.Fatal(err)
			}
			if got := keptOf(newestAudit(t, s)); got != c.want {
				t.Errorf("kept %q, want %q", got, c.want)
			}
		}
	})
}
