package store

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// changeVisitorRule changes a community's rule of visitors.
func changeVisitorRule(t *testing.T, s *Store, community core.ID, change func(*VisitorRule)) {
	t.Helper()
	rule, err := s.VisitorRule(t.Context(), everywhere, community)
	if err != nil {
		t.Fatal(err)
	}
	change(&rule)
	if _, err := s.UpdateVisitorRule(t.Context(), core.System, everywhere, rule); err != nil {
		t.Fatal(err)
	}
}

// askForMore adds a choice and a text to the form, requires the number of a document and hides the plate.
func askForMore(r *VisitorRule) {
	for i := range r.Form {
		switch r.Form[i].Key {
		case "id_number":
			r.Form[i].Use = core.FormRequired
		case "plate":
			r.Form[i].Use = core.FormHidden
		case "remark":
			r.Form[i].Use = core.FormOptional
		}
	}
	r.Form = r.Form.Add(core.FormField{Label: "来意", Kind: core.FormChoice, Choices: []string{"送货", "做客"}, Use: core.FormRequired})
	r.Form = r.Form.Add(core.FormField{Label: "单位", Kind: core.FormText, Use: core.FormOptional})
}

func TestVisitorRules(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		rule, err := s.VisitorRule(t.Context(), everywhere, ours)
		if err != nil || !rule.Invite || rule.Form.Text() != core.DefaultVisitorRule().Form.Text() {
			t.Fatalf("a new community's rule: %+v, %v", rule, err)
		}
		changeVisitorRule(t, s, ours, func(r *VisitorRule) { r.Invite, r.PerDay = false, 3; askForMore(r) })
		got, err := s.VisitorRule(t.Context(), core.ScopeOf(ours), ours)
		if err != nil || got.Invite || got.PerDay != 3 || !strings.HasSuffix(got.Form.Text(), "来意（必填）、单位（选填）") {
			t.Errorf("read back %+v, %v", got, err)
		}
		wantCode(t, discard(s.UpdateVisitorRule(t.Context(), core.System, everywhere, rule)), core.CodeConflict) // stale
		rule.Community = theirs
		wantCode(t, discard(s.UpdateVisitorRule(t.Context(), core.System, core.ScopeOf(ours), rule)), core.CodeNotFound)
		if _, err := s.VisitorRule(t.Context(), core.ScopeOf(ours), theirs); !core.IsNotFound(err) {
			t.Errorf("another community's rule: %v", err)
		}
		got.PerDay = core.MaxVisitsPerDay + 1
		wantField(t, discard(s.UpdateVisitorRule(t.Context(), core.System, everywhere, got)), "per_day")
		const changes = "SELECT COUNT(*) FROM audit_log WHERE action = 'visitorrule.update' AND before_text <> after_text"
		if n := countRows(t, s, changes); n != 1 {
			t.Errorf("%d audit rows, want 1", n)
		}
	})
}

// The server asks for what the form says, whatever the sender's form was.
func TestInvitationsFollowTheForm(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newVisitSite(t, s)
		changeVisitorRule(t, s, p.community, askForMore)
		good := core.VisitorPass{
			House: p.houses[0], Name: "来客", IDNumber: " 44030019900101001x ", People: 1, Remark: "带行李", Until: s.Now().Add(time.Hour),
			Given: map[string]string{"x1": "做客", "x2": " 某公司 "},
		}
		good.IDNumber = "11010519491231002x"
		create := func(change func(*core.VisitorPass)) (OwnVisitor, error) {
			v := good
			change(&v)
			return s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
		}
		for field, change := range map[string]func(*core.VisitorPass){
			"plate":     func(v *core.VisitorPass) { v.Plate = "京A12345" }, // the form does not ask for it
			"id_number": func(v *core.VisitorPass) { v.IDNumber = "" },
			"x1":        func(v *core.VisitorPass) { v.Given = map[string]string{"x1": "打劫"} },
			"x9":        func(v *core.VisitorPass) { v.Given = map[string]string{"x1": "做客", "x9": "多出来的"} },
			"remark":    func(v *core.VisitorPass) { v.Remark = strings.Repeat("长", core.MaxVisitText+1) },
			"until":     func(v *core.VisitorPass) { v.Until = s.Now().AddDate(3, 0, 0) },
		} {
			_, err := create(change)
			wantField(t, err, field)
		}
		own, err := create(func(*core.VisitorPass) {})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.VisitorPass(t.Context(), everywhere, own.ID)
		want := []core.FormAnswer{{Label: "来意", Value: "做客"}, {Label: "单位", Value: "某公司"}}
		if err != nil || !slices.Equal(got.Answers, want) || got.Remark != "带行李" || got.IDNumber != "1101**********002X" {
			t.Errorf("read back %+v, %v", got, err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM visitor_pass WHERE more_cipher LIKE '%公司%' OR id_cipher LIKE '%1231%'"); n != 0 {
			t.Error("what a visitor wrote lies open in the database")
		}
	})
}

func TestInvitationsFollowTheRule(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.PerDay = 3 })
		v := core.VisitorPass{House: p.houses[0], Name: "来客", Until: s.Now().Add(48 * time.Hour)}
		create := func() error {
			_, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
			return err
		}
		var all sync.WaitGroup
		made := make(chan error, 8)
		for range cap(made) {
			all.Go(func() { made <- create() })
		}
		all.Wait()
		close(made)
		invited := 0
		for err := range made {
			if err == nil {
				invited++
			} else {
				wantCode(t, err, core.CodeConflict)
			}
		}
		if invited != 3 {
			t.Errorf("%d were invited on one day", invited)
		}
		clock.Add(24 * time.Hour)
		if err := create(); err != nil {
			t.Errorf("the next day: %v", err)
		}
		changeVisitorRule(t, s, p.community, func(r *VisitorRule) { r.Invite = false })
		wantCode(t, create(), core.CodeForbidden)
	})
}

// Visitors who have not come make room for others once their time is over.
func TestVisitsThatAreOverLeaveRoom(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		p := newVisitSite(t, s)
		for range core.MaxOpenVisits {
			p.invite(t, s, nil)
		}
		v := core.VisitorPass{House: p.houses[0], Name: "来客", Until: s.Now().Add(9 * time.Hour)}
		_, err := s.CreateVisitorPass(t.Context(), core.System, p.host.ID, v, RequestKey{})
		wantCode(t, err, core.CodeConflict)
		clock.Add(time.Hour + time.Minute)
		p.invite(t, s, nil)
	})
}
