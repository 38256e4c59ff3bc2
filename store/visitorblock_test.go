package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Who is on the blacklist, by number, ID number or plate, is neither invited nor let in, nor may apply or be approved; the words are
// the same for each, and only the guard reads why. Another community, an entry that has ended or was removed change nothing.
func TestABlacklistKeepsVisitorsOut(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		elsewhere := newCommunity(t, s, "海棠苑")
		today := core.DayOf(s.Now(), s.Zone())
		block := func(community core.ID, lines string, last core.Day) int {
			t.Helper()
			blocks, err := core.ReadBlocks(lines, "多次滋扰", last, today)
			if err != nil {
				t.Fatal(err)
			}
			made, err := s.CreateVisitorBlocks(t.Context(), core.System, everywhere, community, blocks)
			if err != nil {
				t.Fatal(err)
			}
			return made.Added
		}
		changeVisitorRule(t, s, w.community, askForMoreOptionally)
		until := func(v *core.VisitorPass) { v.Until = s.Now().Add(60 * time.Hour) }
		own := w.invite(t, s, until)
		byID := w.invite(t, s, func(v *core.VisitorPass) { until(v); v.Phone, v.Plate, v.IDNumber = "", "", "11010519491231002X" })
		waiting := w.application()
		waiting.Until = s.Now().Add(60 * time.Hour)
		asked := w.mustApply(0, waiting)
		block(elsewhere, "13700000001\n京A12345\n11010519491231002X", 0)
		if d := mustScan(t, s, w.scan(own.Pass, core.Out, 1)); !d.Allowed {
			t.Errorf("another community's: %+v", d)
		}
		own = w.invite(t, s, until)
		if n := block(w.community, "京a·12345\n11010519491231002x\n"+waiting.Phone, today+1); n != 3 {
			t.Errorf("%d were added", n)
		}
		if n := block(w.community, "京A12345", today+1); n != 0 {
			t.Errorf("%d were added again", n)
		}
		for visit, want := range map[core.ID]string{own.ID: "plate", byID.ID: "id", asked.ID: "phone"} {
			found, err := s.BlocksOfVisits(t.Context(), core.ScopeOf(w.community), own.ID, byID.ID, asked.ID)
			if of := found[visit]; err != nil || len(of) != 1 || string(of[0].Kind) != want || of[0].Reason != "多次滋扰" {
				t.Errorf("the office reads of the visit barred by its %s: %+v, %v", want, of, err)
			}
		}
		if found, err := s.BlocksOfVisits(t.Context(), core.ScopeOf(elsewhere), own.ID); err != nil || len(found) != 0 {
			t.Errorf("another community's office reads %+v, %v", found, err)
		}
		for i, pass := range []core.ID{own.Pass, byID.Pass} {
			d := mustScan(t, s, w.scan(pass, core.In, 10+i))
			if d.Reason != core.ReasonBarred || d.Sentence != "无法受理，请联系物业" {
				t.Errorf("at the gate: %+v", d)
			}
			preview, err := s.PreviewScan(t.Context(), w.scan(pass, core.In, 20))
			if err != nil || preview.Barred != "多次滋扰" {
				t.Errorf("the guard reads %q, %v", preview.Barred, err)
			}
		}
		_, err := s.CreateVisitorPass(t.Context(), core.System, w.host.ID, core.VisitorPass{
			House: w.houses[0], Name: "来客", Plate: "京A12345", Until: s.Now().Add(time.Hour),
		}, RequestKey{})
		wantCode(t, err, core.CodeConflict)
		_, err = w.apply(0, waiting)
		wantCode(t, err, core.CodeConflict)
		if core.MessageOf(err) != "无法受理，请联系物业" {
			t.Errorf("a stranger is told %q", core.MessageOf(err))
		}
		wantCode(t, w.decide(w.zhang, asked.ID, true), core.CodeConflict)
		for _, c := range []struct {
			keyword string
			want    int
		}{{"京A12345", 1}, {"滋扰", 3}, {"13999999999", 0}, {waiting.Phone, 1}} { // the last one is removed
			keyword, want := c.keyword, c.want
			f := VisitorBlockFilter{Keyword: keyword, Page: Page{Limit: 10}}
			found, _, err := s.VisitorBlocks(t.Context(), core.ScopeOf(w.community), f)
			if err != nil || len(found) != want {
				t.Errorf("%s: %d, %v", keyword, len(found), err)
			}
			if want == 1 && found[0].Value == keyword {
				t.Errorf("not masked: %+v", found[0])
			}
			if keyword == waiting.Phone {
				wantCode(t, s.RemoveVisitorBlock(t.Context(), core.System, core.ScopeOf(elsewhere), found[0].ID), core.CodeNotFound)
				if err := s.RemoveVisitorBlock(t.Context(), core.System, everywhere, found[0].ID); err != nil {
					t.Fatal(err)
				}
				if err := w.decide(w.zhang, asked.ID, true); err != nil {
					t.Errorf("removed: %v", err)
				}
			}
		}
		clock.Add(48 * time.Hour)
		if d := mustScan(t, s, w.scan(own.Pass, core.In, 30)); !d.Allowed {
			t.Errorf("the entry has ended: %+v", d)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM visitor_block WHERE cipher LIKE '%A12345%' OR mac LIKE '%A12345%'"); n != 0 {
			t.Error("a plate lies open in the database")
		}
	})
}

// askForMoreOptionally lets the form ask for an ID number.
func askForMoreOptionally(r *VisitorRule) {
	for i := range r.Form {
		if r.Form[i].Key == "id_number" {
			r.Form[i].Use = core.FormOptional
		}
	}
}

// fillBlocks puts n numbers on a community's blacklist that no visitor has.
func fillBlocks(t *testing.T, s *Store, community core.ID, n int) {
	t.Helper()
	const part = 500
	for from := 0; from < n; from += part {
		var args []any
		for i := range part {
			mac := s.db.Keys().Digest("phone", fmt.Sprint("nobody", from+i))
			args = append(args, int64(s.NewID()), int64(community), string(core.BlockPhone), "", mac, "滋扰", 0, "", s.Now().UnixMilli())
		}
		row := "(" + database.Placeholders(9) + ")"
		s.mustRun(t, `INSERT INTO visitor_block (id, community_id, kind, cipher, mac, reason, last_day, created_by, created_at) VALUES `+
			row+strings.Repeat(", "+row, part-1), args...)
	}
}

// The search box finds an entry by its whole number however long the list is, and by the reason among the newest; what it has not
// read is on the list behind it.
func TestTheBoxSearchesTheBlacklists(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		here, there, elsewhere := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑"), newCommunity(t, s, "远山里")
		block := func(community core.ID, value, reason string) core.ID {
			t.Helper()
			b := core.VisitorBlock{Kind: core.BlockPhone, Value: value, Reason: reason}
			if _, err := s.CreateVisitorBlocks(t.Context(), core.System, everywhere, community, []core.VisitorBlock{b}); err != nil {
				t.Fatal(err)
			}
			list, _, err := s.VisitorBlocks(t.Context(), core.ScopeOf(community), VisitorBlockFilter{Keyword: value, Page: Page{Limit: 1}})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0].ID
		}
		old := block(here, "13700137001", "强行闯岗")
		fillBlocks(t, s, here, reasonsRead)
		first, second := block(there, "13700137002", "强行闯岗"), block(here, "13700137003", "100%_推销")
		both := core.ScopeOf(here, there)
		crowded := newCommunity(t, s, "十里坊")
		aged := block(crowded, "13700137004", "堵门，同伴13700137005")
		companion := block(crowded, "13700137005", "堵门")
		fillBlocks(t, s, crowded, 2000)
		many := []core.ID{crowded} // most of them have none: what they do not need is read of the others
		for i := range 9 {
			many = append(many, newCommunity(t, s, fmt.Sprint("空置", i)))
		}
		for _, c := range []struct {
			scope core.Scope
			text  string
			want  []core.ID
			more  bool
		}{
			{both, "13700137001", []core.ID{old}, true},
			{everywhere, "137 0013 7001", []core.ID{old}, true},
			{core.ScopeOf(elsewhere), "13700137001", nil, false},
			{both, "闯岗", []core.ID{first}, true}, // the rest of the long list was not read
			{core.ScopeOf(there), "闯岗", []core.ID{first}, false},
			{core.ScopeOf(here), "闯岗", nil, true}, // it is older than those that are read
			{core.ScopeOf(many...), "堵门", []core.ID{companion, aged}, false},
			{core.ScopeOf(slices.Concat(many, []core.ID{there})...), "堵门", []core.ID{companion, aged}, false},
			{core.ScopeOf(slices.Concat(many, []core.ID{here})...), "堵门", []core.ID{companion, aged}, true},
			{core.ScopeOf(crowded), "13700137005", []core.ID{companion, aged}, false}, // whose it is, and whose reason has it
			{everywhere, "闯岗", []core.ID{first}, true},
			{both, "%_推", []core.ID{second}, true},
			{core.ScopeOf(elsewhere), "闯岗", nil, false},
			{everywhere, "", nil, false},
		} {
			list, more, err := s.SearchVisitorBlocks(t.Context(), c.scope, c.text, 6)
			if ids := database.IDsOf(list, func(b core.VisitorBlock) core.ID { return b.ID }); err != nil ||
				!slices.Equal(ids, c.want) || more != c.more {
				t.Errorf("%q in %v: %v, %v, %v, want %v, %v", c.text, c.scope, ids, more, err, c.want, c.more)
			}
		}
		list, more, err := s.SearchVisitorBlocks(t.Context(), both, "滋扰", 6)
		if err != nil || len(list) != 6 || !more || list[0].ID < list[5].ID {
			t.Errorf("a usual reason: %v, %v, %v", list, more, err)
		}
		for _, c := range []struct {
			filter VisitorBlockFilter
			want   core.ID
		}{{VisitorBlockFilter{Community: here, Keyword: "闯岗"}, old}, {VisitorBlockFilter{Entry: first}, first}} {
			c.filter.Page = Page{Limit: 9}
			if list, _, err := s.VisitorBlocks(t.Context(), both, c.filter); err != nil || len(list) != 1 || list[0].ID != c.want {
				t.Errorf("the list of %+v: %v, %v", c.filter, list, err)
			}
		}
	})
}

// A scan looks entries up by their key, and reads none of the others: what it costs does not depend on how many there are.
func TestAScanLooksABlacklistUpByKey(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		own := w.invite(t, s, nil)
		fillBlocks(t, s, w.community, 10_000)
		lookup := "USING INDEX visitor_block_mac (community_id=? AND mac=?)"
		if s.db.Serial() {
			s.mustRun(t, "ANALYZE visitor_block")
		} else {
			s.mustRun(t, "ANALYZE TABLE visitor_block")
			lookup = `"key": "visitor_block_mac", "key_length": "`
		}
		query, args := scanQuery([]ScanAttempt{w.scan(own.Pass, core.In, 1)})
		plan := strings.Join(strings.Fields(planOf(t, s, query, args...)), " ")
		n := strings.Count(plan, lookup)
		if !s.db.Serial() {
			n = min(n, strings.Count(plan, `"used_key_parts": ["community_id", "mac"]`))
		}
		if n != 3 {
			t.Errorf("%d of three look-ups are by key: %s", n, plan)
		}
	})
}

// The question names what is on the list already and how many passes stop; the log has the old entry of one that was changed.
func TestAddingToABlacklistIsPlannedAndRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		w.invite(t, s, nil)
		add := func(reason string, last core.Day) BlocksMade {
			t.Helper()
			made, err := s.CreateVisitorBlocks(t.Context(), core.System, everywhere, w.community,
				[]core.VisitorBlock{{Kind: core.BlockPlate, Value: "京A12345", Reason: reason, LastDay: last}})
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		plan := func() core.BlockChange {
			t.Helper()
			plan, err := s.PlanVisitorBlocks(t.Context(), everywhere, w.community, []core.VisitorBlock{
				{Kind: core.BlockPlate, Value: "京A12345"}, {Kind: core.BlockPhone, Value: "13700000001"},
			})
			if err != nil {
				t.Fatal(err)
			}
			return plan
		}
		if p := plan(); len(p.Blocks) != 2 || len(p.Known) != 0 || p.Passes != 1 || p.Blocks[0].Value == "京A12345" {
			t.Errorf("planned %+v", p)
		}
		_, err := s.PlanVisitorBlocks(t.Context(), core.ScopeOf(w.community+1), w.community, nil)
		wantCode(t, err, core.CodeNotFound)
		add("滋扰", 0)
		if p := plan(); len(p.Known) != 1 || p.Known[0].Reason != "滋扰" || p.Known[0].LastDay != 0 {
			t.Errorf("planned %+v", p)
		}
		made := add("误伤", 30000)
		lines, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Action: "visitorblock.update"}, Page{Limit: 1})
		if err != nil || len(lines) != 1 || !strings.Contains(lines[0].Before, "滋扰") || lines[0].Batch() != made.Batch.ID {
			t.Errorf("the log has %+v, %v", lines, err)
		}
		if _, err := s.UndoBatch(t.Context(), core.System, everywhere, made.Batch.ID); err != nil {
			t.Fatal(err)
		}
		if p := plan(); len(p.Known) != 1 || p.Known[0].Reason != "滋扰" || p.Known[0].LastDay != 0 {
			t.Errorf("taken back: %+v", p)
		}
	})
}
