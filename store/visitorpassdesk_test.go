package store

import (
	"fmt"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// Visits are found by any part of the visitor's name, few or many of them, and are forgotten with their grams.
func TestVisitsAreFoundByName(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		here, elsewhere := core.ScopeOf(p.community), core.ScopeOf(newCommunity(t, s, "海棠苑"))
		for i, name := range []string{"欧阳雨桐", "王雨桐", "阿·凡提", "Lee Chong"} {
			p.invite(t, s, func(v *core.VisitorPass) { v.Name, v.Plate, v.Phone = name, "", fmt.Sprintf("1370000%04d", i) })
		}
		found := func(scope core.Scope, text string) int {
			t.Helper()
			n, err := s.CountVisitorPasses(t.Context(), scope, VisitorPassFilter{Keyword: text, Now: s.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for text, want := range map[string]int{
			"雨桐": 2, "欧阳雨": 1, "桐": 2, "阿·凡": 1, "hong": 1, "雨欧": 0, "慕容": 0, "王雨桐桐": 0,
		} {
			if n := found(here, text); n != want {
				t.Errorf("%s finds %d, want %d", text, n, want)
			}
			if n := found(elsewhere, text); n != 0 {
				t.Errorf("%s finds %d of another community", text, n)
			}
		}
		for i := range fewVisits { // as if as many had come
			p.mustGram(t, s, core.ID(i+1), "张雨桐")
		}
		if n := found(here, "雨桐"); n != 2 {
			t.Errorf("of many, %d are found", n)
		}
		s.mustRun(t, "DELETE FROM name_gram WHERE subject_id <= ?", fewVisits)
		if n, err := s.PurgeVisitorPasses(t.Context(), s.Now().Add(24*time.Hour)); err != nil || n != 4 {
			t.Errorf("purged %d, %v", n, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM name_gram WHERE kind = ?", int(gramVisit)); n != 0 {
			t.Errorf("%d grams of nobody", n)
		}
	})
}

// mustGram makes a name findable as a visitor's.
func (p visitSite) mustGram(t *testing.T, s *Store, id core.ID, name string) {
	t.Helper()
	err := s.db.Write(t.Context(), "gram", func(tx *database.Tx) error {
		return addGrams(tx, named{gramVisit, p.community, id, name})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A visitor registered at the desk has a pass at once, by the rules of invitations but for the residents' own number a day; the
// house is told, and may take it back.
func TestAVisitorIsRegisteredAtTheDesk(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Invite, r.PerDay = false, 1 })
		here := core.ScopeOf(p.community)
		v := core.VisitorPass{
			House: p.houses[0], Name: "来客", Phone: "13700000001", Plate: "京A·12345", People: 2, Until: s.Now().Add(time.Hour),
		}
		register := func(change func(*core.VisitorPass)) (core.ID, error) {
			one := v
			if change != nil {
				change(&one)
			}
			return s.RegisterVisit(t.Context(), batchBy, here, one)
		}
		id, err := register(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.VisitorPass(t.Context(), here, id)
		if err != nil || got.Way != core.VisitDesk || !got.Usable(s.Now()) || got.Pass == 0 || got.Plate == "" || got.HostTie != 0 {
			t.Errorf("registered %+v, %v", got, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM message WHERE kind = 'visitor' AND user_id = ?", int64(p.host.ID)); n != 1 {
			t.Errorf("the house is told %d times", n)
		}
		for i, want := range []bool{true, false} {
			if d := mustScan(t, s, p.scan(got.Pass, core.In, i)); d.Allowed != want {
				t.Errorf("entry %d: %v", i, d)
			}
		}

		for field, change := range map[string]func(*core.VisitorPass){
			"name": func(v *core.VisitorPass) { v.Name = "" }, "until": func(v *core.VisitorPass) { v.Until = s.Now() },
		} {
			_, err := register(change)
			wantField(t, err, field)
		}
		_, err = register(func(v *core.VisitorPass) { v.House = core.ID(1) })
		wantCode(t, err, core.CodeNotFound)
		_, err = s.RegisterVisit(t.Context(), batchBy, core.ScopeOf(p.community+1), v)
		wantCode(t, err, core.CodeNotFound)
		_, err = s.CreateVisitorBlocks(t.Context(), core.System, everywhere, p.community,
			[]core.VisitorBlock{{Kind: core.BlockPlate, Value: "京A12345", Reason: "滋扰"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = register(nil)
		wantCode(t, err, core.CodeConflict)
		if why := core.WhyBarred(err); why != "滋扰" {
			t.Errorf("the office is told %q", why)
		}

		var last core.ID
		for i := range core.MaxOpenVisits {
			if last, err = register(func(v *core.VisitorPass) { v.Plate, v.Phone = "", fmt.Sprintf("137%08d", i) }); err != nil {
				t.Fatal(err)
			}
		}
		_, err = register(func(v *core.VisitorPass) { v.Plate = "" })
		wantCode(t, err, core.CodeConflict)
		if err := s.RevokeOwnVisitor(t.Context(), core.System, p.host.ID, last); err != nil {
			t.Errorf("the house cannot take it back: %v", err)
		}
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Invite = true })
		if p.invite(t, s, func(v *core.VisitorPass) { v.Plate = "" }); countRows(t, s, "SELECT COUNT(*) FROM review") != 0 {
			t.Error("somebody is asked about a visitor whom nobody reviews")
		}
	})
}
