package store

import (
	"slices"
	"testing"

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
		observer, err := s.SaveObserver(ctx, by, everywhere, core.Observer{Name: "赵警官", Capacity: "社区民警", Phone: "13800138000", Communities: []core.ID{community}})
		if err != nil {
			t.Fatal(err)
		}
		changed := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			rows, _, err := s.AuditRecords(ctx, everywhere, core.AuditFilter{}, Page{Limit: 1})
			if err != nil || len(rows) != 1 {
				t.Fatalf("%s: %v", what, err)
			}
			changes := rows[0].Changes()
			if n := len(slices.DeleteFunc(slices.Clone(changes), func(c core.AuditChange) bool { return !c.Changed })); n != 1 {
				t.Errorf("%s: %d changes kept of one made: before %s, after %s", what, n, rows[0].Before, rows[0].After)
			}
		}
		for what, change := range map[string]func(*core.Observer){
			"name": func(o *core.Observer) { o.Name = "钱警官" }, "capacity": func(o *core.Observer) { o.Capacity = "网格员" },
			"phone": func(o *core.Observer) { o.Phone = "13900139999" }, "export": func(o *core.Observer) { o.MayExport = !o.MayExport },
			"communities": func(o *core.Observer) { o.Communities = append(o.Communities, second) },
		} {
			o, err := s.Observer(ctx, everywhere, observer)
			if err != nil {
				t.Fatal(err)
			}
			o.Phone = ""
			change(&o)
			_, err = s.SaveObserver(ctx, by, everywhere, o)
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
			_, err = s.SaveGuard(ctx, by, everywhere, g)
			changed("guard's "+what, err)
		}
		for what, change := range map[string]func(*core.GuardPost){
			"name": func(p *core.GuardPost) { p.Name = "北门岗" }, "direction": func(p *core.GuardPost) { p.Direction = core.In },
		} {
			p, err := s.GuardPost(ctx, everywhere, post)
			if err != nil {
				t.Fatal(err)
			}
			change(&p)
			_, err = s.SaveGuardPost(ctx, by, everywhere, p)
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
			{"counting", func(r *core.PassRule) { r.Counting = core.CountHousehold }}, {"hours", func(r *core.PassRule) { r.Hours = []core.HourRange{{From: 360, To: 1320}} }},
			{"ID record", func(r *core.PassRule) { r.RecordID = !r.RecordID }}, {"temperature", func(r *core.PassRule) { r.RecordTemp = !r.RecordTemp }},
			{"fever", func(r *core.PassRule) { r.FeverTenths = 380 }}, {"readers", func(r *core.PassRule) { r.ReaderQR = !r.ReaderQR }},
		} {
			step.change(&rule.PassRule)
			changed("rule's "+step.what, s.SavePassRule(ctx, by, everywhere, community, rule.PassRule, rule.Version))
			rule.Version++
		}
		for _, private := range []string{"13900139999", "13900138888", "13800138000"} {
			if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE before_text LIKE ? OR after_text LIKE ?", "%"+private+"%", "%"+private+"%"); n != 0 {
				t.Errorf("%s stands whole in the audit log", private)
			}
		}
	})
}
