package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

var planBy = core.Actor{Kind: core.ActorAccount, ID: 7, Name: "小王"}

// planWorld is a community whose settings are scheduled, from days of which 0 is today.
type planWorld struct {
	*testing.T
	*Store
	clock     *testClock
	community core.ID
}

func newPlanWorld(t *testing.T, s *Store, clock *testClock) planWorld {
	t.Helper()
	return planWorld{t, s, clock, newCommunity(t, s, "翠湖花园")}
}

func (w planWorld) term(from, until int) core.RulePlanTerm {
	today := core.DayOf(testNow, testZone)
	term := core.RulePlanTerm{From: today + core.Day(from)}
	if until != 0 {
		term.Until = today + core.Day(until)
	}
	return term
}

func (w planWorld) exits() int {
	w.Helper()
	r, err := w.PassRule(w.Context(), everywhere, w.community)
	if err != nil {
		w.Fatal(err)
	}
	return r.Exits
}

// rule is the present rule with other exits.
func (w planWorld) rule(exits int) PassRule {
	w.Helper()
	r, err := w.PassRule(w.Context(), everywhere, w.community)
	if err != nil {
		w.Fatal(err)
	}
	r.Exits = exits
	return r
}

func (w planWorld) schedule(exits, from, until int) core.ID {
	w.Helper()
	id, err := w.SchedulePassRule(w.Context(), planBy, everywhere, w.rule(exits), w.term(from, until))
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// midnight carries out what is due at 00:00 of a day, twice: the second time there is nothing to do.
func (w planWorld) midnight(day int) {
	w.Helper()
	w.at(w.term(day, 0).From.Start(testZone))
}

func (w planWorld) at(at time.Time) {
	w.Helper()
	w.clock.Add(at.Sub(w.clock.Now()))
	for range 2 {
		if err := w.CarryOutRulePlans(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
}

func (w planWorld) state(id core.ID) core.RulePlan {
	w.Helper()
	p, err := w.RulePlan(w.Context(), everywhere, id)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w planWorld) count(query string, args ...any) (n int) {
	w.Helper()
	if err := w.db.Get(w.Context(), &n, "SELECT COUNT(*) FROM "+query, args...); err != nil {
		w.Fatal(err)
	}
	return n
}

// A scheduled rule starts at 00:00 of its day and not before, and what it replaced is put back after its last: each once, with its
// version and audit rows, in the planner's name.
func TestRulePlan(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		id := w.schedule(2, 3, 5)
		w.at(w.term(3, 0).From.Start(testZone).Add(-time.Second))
		if w.exits() != 0 || w.state(id).State != core.RulePlanWaiting {
			t.Errorf("the second before: %d exits, %+v", w.exits(), w.state(id))
		}
		w.midnight(3)
		if w.exits() != 2 || w.state(id).State != core.RulePlanInForce {
			t.Errorf("on its day: %d exits, %+v", w.exits(), w.state(id))
		}
		w.midnight(1) // a clock that is set back
		if w.exits() != 2 {
			t.Error("a clock set back put the rule back")
		}
		w.at(w.term(6, 0).From.Start(testZone).Add(-time.Second))
		if w.exits() != 2 {
			t.Error("it ended early")
		}
		w.midnight(6)
		w.midnight(3) // set back again: it does not start once more
		if p := w.state(id); w.exits() != 0 || p.State != core.RulePlanDone || p.Why != "" || p.Over.IsZero() {
			t.Errorf("after its last day: %d exits, %+v", w.exits(), p)
		}
		versions, err := s.PassRuleVersions(t.Context(), everywhere, w.community, 9)
		if err != nil || len(versions) != 2 || versions[0].By != "小王（定时）" || versions[1].By != "小王（定时）" {
			t.Errorf("versions %+v, %v", versions, err)
		}
		for action, want := range map[string]int{"passrule.update": 2, "ruleplan.create": 1, "ruleplan.start": 1, "ruleplan.end": 1} {
			if n := w.count("audit_log WHERE action = ?", action); n != want {
				t.Errorf("%d rows of %s, want %d", n, action, want)
			}
		}
		if n := w.count("message"); n != 0 {
			t.Errorf("%d accounts were told of what went as scheduled", n)
		}
	})
}

// The rules of visitors and exit slips are scheduled like that of passes, with their forms.
func TestRulePlansOfForms(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		visits, err := s.VisitorRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		exits, err := s.ExitRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		now := func() string {
			v, err := s.VisitorRule(t.Context(), everywhere, w.community)
			if err != nil {
				t.Fatal(err)
			}
			x, err := s.ExitRule(t.Context(), everywhere, w.community)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(v.Invite, v.Form.Text(), x.Hours, x.Form.Text())
		}
		before := now()
		visits.Invite, exits.Hours = false, 7
		visits.Form = visits.Form.Add(core.FormField{Label: "来访单位", Kind: core.FormText, Use: core.FormOptional})
		exits.Form = exits.Form.Add(core.FormField{Label: "搬家公司", Kind: core.FormText, Use: core.FormOptional})
		if _, err = s.ScheduleVisitorRule(t.Context(), planBy, everywhere, visits, w.term(1, 1)); err == nil {
			_, err = s.ScheduleExitRule(t.Context(), planBy, everywhere, exits, w.term(1, 1)) // another stem may have the same days
		}
		if err != nil {
			t.Fatal(err)
		}
		w.midnight(1)
		if got := now(); !strings.Contains(got, "来访单位") || !strings.Contains(got, "搬家公司") || !strings.HasPrefix(got, "false") {
			t.Errorf("in force: %s", got)
		}
		w.midnight(2)
		if got := now(); got != before {
			t.Errorf("put back as %s, want %s", got, before)
		}
	})
}

// What somebody changes while a scheduled rule is in force stays, and those who may schedule are told. One that puts the rule before
// back by hand is no change.
func TestRulePlanChangedMeanwhile(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		for _, c := range []struct {
			by   int
			told bool
		}{{5, true}, {0, false}} {
			w := planWorld{t, s, clock, newCommunity(t, s, fmt.Sprint("小区", c.by))}
			clock.Add(testNow.Sub(clock.Now()))
			id := w.schedule(2, 1, 2)
			w.midnight(1)
			if err := s.UpdatePassRule(t.Context(), core.System, everywhere, w.rule(c.by)); err != nil {
				t.Fatal(err)
			}
			w.midnight(3)
			if p := w.state(id); w.exits() != c.by || p.State != core.RulePlanDone || (p.Why != "") != c.told {
				t.Errorf("changed to %d: %d exits, %+v", c.by, w.exits(), p)
			}
		}
	})
}

// Those who may schedule changes are told of one that fails, and nobody else.
func TestRulePlanTells(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		for login, permission := range map[string]core.Permission{"edits": core.PermPassRuleEdit, "views": core.PermPassRuleView} {
			a := testAccount(login)
			a.Permissions = []core.Permission{core.PermPassRuleView, permission}
			mustAccount(t, s, a)
		}
		id := w.schedule(2, 1, 2)
		w.midnight(4) // no server ran meanwhile
		if p := w.state(id); w.exits() != 0 || p.State != core.RulePlanFailed || p.Why == "" {
			t.Errorf("%d exits, %+v", w.exits(), p)
		}
		var titles []string
		err := s.db.All(t.Context(), &titles, "SELECT n.title FROM notice n JOIN account a ON a.id = n.account_id WHERE a.login = 'edits'")
		if err != nil || len(titles) != 1 || !strings.Contains(titles[0], "没有生效") || w.count("notice") != 1 {
			t.Errorf("told %q of %d, %v", titles, w.count("notice"), err)
		}
	})
}

// A server that was down at midnight carries out late, in the order of the days: what ends makes room for what starts.
func TestRulePlansLate(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		second, first := w.schedule(3, 3, 8), w.schedule(1, 1, 2)
		w.midnight(1)
		w.midnight(5)
		if w.exits() != 3 || w.state(first).State != core.RulePlanDone || w.state(second).State != core.RulePlanInForce {
			t.Errorf("late: %d exits, %+v, %+v", w.exits(), w.state(first), w.state(second))
		}
		w.midnight(9)
		if w.exits() != 0 {
			t.Errorf("%d exits are put back, want none: what the second replaced is from before the first", w.exits())
		}
	})
}

// A term that is in the past, too far away or in another's way is refused at its field, as is a wrong rule, or a stale one.
func TestRulePlanIsRefused(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		w.schedule(2, 10, 12)
		w.schedule(2, 20, 0)
		for _, c := range []struct {
			from, until int
			field       string // "" = none
		}{
			{0, 3, "from_day"}, {-1, 3, "from_day"}, {367, 0, "from_day"}, {3, 2, "until_day"}, {3, 370, "until_day"},
			{9, 10, "from_day"}, {12, 0, "from_day"}, {11, 11, "from_day"}, {8, 30, "from_day"}, {20, 22, "from_day"},
			{9, 9, ""}, {13, 19, ""}, {21, 0, ""}, {366, 0, ""},
		} {
			term := w.term(c.from, c.until)
			check := s.CheckRulePlan(t.Context(), everywhere, w.community, "passrule", term)
			_, err := s.SchedulePassRule(t.Context(), planBy, everywhere, w.rule(4), term)
			if (check == nil) != (err == nil) || c.field == "" != (err == nil) {
				t.Errorf("%d to %d: %v, checked %v", c.from, c.until, err, check)
			} else if c.field != "" {
				wantField(t, err, c.field)
				wantField(t, check, c.field)
			}
		}
		here, other := core.ScopeOf(w.community), core.ScopeOf(w.community+1)
		stale := w.rule(4)
		stale.Updated = stale.Updated.Add(-time.Second)
		if _, err := s.SchedulePassRule(t.Context(), planBy, here, stale, w.term(40, 0)); !core.IsStale(err) {
			t.Errorf("stale: %v", err)
		}
		_, err := s.SchedulePassRule(t.Context(), planBy, here, w.rule(500), w.term(40, 0))
		wantField(t, err, "exits")
		_, err = s.SchedulePassRule(t.Context(), planBy, other, w.rule(4), w.term(40, 0))
		wantCode(t, err, core.CodeNotFound)
		id := w.schedule(4, 40, 0)
		_, err = s.RulePlan(t.Context(), other, id)
		wantCode(t, err, core.CodeNotFound)
		wantCode(t, s.CancelRulePlan(t.Context(), planBy, other, id), core.CodeNotFound)
		_, err = s.EndRulePlan(t.Context(), planBy, other, id)
		wantCode(t, err, core.CodeNotFound)
		_, _, err = s.RulePlans(t.Context(), other, w.community, "passrule", 9)
		wantCode(t, err, core.CodeNotFound)
	})
}

// One that waits is cancelled, and one that is in force is ended at once; neither twice, and not the other way round.
func TestRulePlanIsCancelledAndEnded(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		here := core.ScopeOf(w.community)
		cancelled, ended, waits := w.schedule(2, 1, 9), core.ID(0), w.schedule(3, 30, 0)
		if err := s.CancelRulePlan(t.Context(), planBy, here, cancelled); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.CancelRulePlan(t.Context(), planBy, here, cancelled), core.CodeConflict)
		ended = w.schedule(5, 1, 9) // there is room again
		_, err := s.EndRulePlan(t.Context(), planBy, here, ended)
		wantCode(t, err, core.CodeConflict)
		w.midnight(1)
		if w.exits() != 5 {
			t.Errorf("%d exits: a cancelled one started", w.exits())
		}
		wantCode(t, s.CancelRulePlan(t.Context(), planBy, here, ended), core.CodeConflict)
		if back, err := s.EndRulePlan(t.Context(), planBy, here, ended); !back || err != nil || w.exits() != 0 {
			t.Errorf("ended: %t, %v, %d exits", back, err, w.exits())
		}
		_, err = s.EndRulePlan(t.Context(), planBy, here, ended)
		wantCode(t, err, core.CodeConflict)
		open, over, err := s.RulePlans(t.Context(), here, w.community, "passrule", 9)
		if err != nil || len(open) != 1 || open[0].ID != waits || open[0].Words == "" || len(over) != 2 || over[0].ID != ended {
			t.Errorf("open %+v, over %+v, %v", open, over, err)
		}
	})
}

// A server that is killed before it has committed a start or an end has done nothing: the next one does all of it.
func TestRulePlanIsKilled(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		killed := errors.New("killed")
		id := w.schedule(2, 1, 1)
		for _, step := range []struct{ day, before, after int }{{1, 0, 2}, {2, 2, 0}} {
			clock.Add(w.term(step.day, 0).From.Start(testZone).Sub(clock.Now()))
			err := s.db.Write(t.Context(), "killed", func(tx *database.Tx) error {
				if err := carryOutRulePlan(tx, id, core.DayOf(clock.Now(), testZone)); err != nil {
					return err
				}
				return killed
			})
			if !errors.Is(err, killed) || w.exits() != step.before {
				t.Errorf("day %d: %v, %d exits", step.day, err, w.exits())
			}
			w.midnight(step.day)
			if w.exits() != step.after {
				t.Errorf("day %d: %d exits, want %d", step.day, w.exits(), step.after)
			}
		}
		if n := w.count("audit_log WHERE action = 'passrule.update'"); n != 2 {
			t.Errorf("%d changes", n)
		}
	})
}

// Two servers carry out the same at once, while a third hand cancels: it starts once or is cancelled, and the rule says which.
func TestRulePlanRaces(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		w := newPlanWorld(t, one, clock)
		for i := range 6 {
			clock.Add(testNow.Sub(clock.Now()))
			if err := one.UpdatePassRule(t.Context(), core.System, everywhere, w.rule(0)); err != nil {
				t.Fatal(err)
			}
			id := w.schedule(2, 1, 0)
			clock.Add(24 * time.Hour)
			before := w.count("audit_log WHERE action = 'passrule.update'")
			errs := make(chan error, 3)
			for _, s := range []*Store{one, two} {
				go func() { errs <- s.CarryOutRulePlans(t.Context()) }()
			}
			go func() {
				err := two.CancelRulePlan(t.Context(), planBy, everywhere, id)
				if core.IsConflict(err) {
					err = nil
				}
				errs <- err
			}()
			for range 3 {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			want := map[core.RulePlanState]int{core.RulePlanDone: 1, core.RulePlanCancelled: 0}
			p := w.state(id)
			started, known := want[p.State]
			got := w.count("audit_log WHERE action = 'passrule.update'") - before
			if !known || got != started || (w.exits() == 2) != (started == 1) {
				t.Errorf("round %d: %s after %d changes, %d exits", i, p.State, got, w.exits())
			}
		}
	})
}

// A rule that is changed until a day holds at once, in the name of who changed it, and what it replaced is put back after the day:
// once, by whichever of two servers comes first, and only if it is as it was. Of two who change it at the same time one does.
func TestRuleAtOnceUntilADay(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		w := newPlanWorld(t, one, clock)
		if err := one.UpdatePassRule(t.Context(), core.System, everywhere, w.rule(1)); err != nil {
			t.Fatal(err)
		}
		today := core.DayOf(testNow, testZone)
		term := core.RulePlanTerm{Until: today + 2}
		type made struct {
			id  core.ID
			err error
		}
		all, rule := make(chan made, 2), w.rule(3)
		for _, s := range []*Store{one, two} {
			go func() {
				id, err := s.SchedulePassRule(t.Context(), planBy, everywhere, rule, term)
				all <- made{id, err}
			}()
		}
		var id core.ID
		for range 2 {
			if m := <-all; m.err == nil && id == 0 {
				id = m.id
			} else if !core.IsStale(m.err) {
				t.Errorf("both, or neither: %+v", m)
			}
		}
		p := w.state(id)
		if w.exits() != 3 || p.State != core.RulePlanInForce || p.From != today || w.count("rule_plan") != 1 {
			t.Fatalf("%d exits, %+v", w.exits(), p)
		}
		if n := w.count("audit_log WHERE action = 'passrule.update' AND actor_id = ? AND actor_name = ?",
			int64(planBy.ID), planBy.Name); n != 1 {
			t.Errorf("%d changes in the name of who made it", n)
		}
		for _, refused := range []core.RulePlanTerm{{Until: today + 1}, {From: today + 2}, {Until: today - 1}, {}} {
			if _, err := one.SchedulePassRule(t.Context(), planBy, everywhere, w.rule(4), refused); !core.IsInvalid(err) {
				t.Errorf("%+v beside it: %v", refused, err)
			}
		}
		if w.exits() != 3 {
			t.Errorf("%d exits after what was refused", w.exits())
		}
		w.midnight(2)
		if w.exits() != 3 {
			t.Errorf("%d exits on its last day", w.exits())
		}
		clock.Add(24 * time.Hour)
		errs := make(chan error, 2)
		for _, s := range []*Store{one, two} {
			go func() { errs <- s.CarryOutRulePlans(t.Context()) }()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := w.count("audit_log WHERE action = 'passrule.update'"); w.exits() != 1 || w.state(id).State != core.RulePlanDone || n != 3 {
			t.Errorf("%d exits, %d changes, %+v", w.exits(), n, w.state(id))
		}
	})
}

// With a community that is archived its scheduled changes end as they are; with one that is deleted they go.
func TestRulePlansOfACommunityThatGoes(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		inForce, waits := w.schedule(2, 1, 9), w.schedule(3, 20, 0)
		w.midnight(1)
		if err := s.ArchiveCommunity(t.Context(), core.System, everywhere, w.community); err != nil {
			t.Fatal(err)
		}
		_, err := s.SchedulePassRule(t.Context(), planBy, everywhere, w.rule(4), w.term(40, 0))
		wantCode(t, err, core.CodeConflict)
		w.midnight(30)
		for _, id := range []core.ID{inForce, waits} {
			if p := w.state(id); p.State != core.RulePlanCancelled || p.Why == "" {
				t.Errorf("%+v", p)
			}
		}
		if w.exits() != 2 {
			t.Errorf("%d exits", w.exits())
		}
		if err := s.RemoveCommunity(t.Context(), core.System, everywhere, w.community); err != nil {
			t.Fatal(err)
		}
		if n := w.count("rule_plan"); n != 0 {
			t.Errorf("%d scheduled changes of nothing", n)
		}
	})
}

// A scheduled restriction is a batch of its day, which can be taken back and of which residents are told. Houses that are deleted
// meanwhile, or that somebody restricts otherwise, are left out and named; a restriction that was there already is replaced.
func TestRestrictionPlan(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		houses := newHouses(t, s, w.community, 5)
		ctx, restriction := t.Context(), core.Restriction{Exits: 1, Reason: "居家观察", LastDay: w.term(5, 0).From}
		restrict := func(house core.ID, exits int) {
			t.Helper()
			_, err := s.CreateRestrictions(ctx, core.System, everywhere, RestrictionChange{
				Community: w.community, Houses: []core.ID{house}, Restriction: core.Restriction{Exits: exits, Reason: "装修"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		restrict(houses[1], 9)
		change := RestrictionChange{Community: w.community, Houses: houses[:4], Restriction: restriction}
		if _, err := s.ScheduleRestrictions(ctx, planBy, everywhere, change, w.term(3, 0).From); !core.IsReplaces(err) {
			t.Errorf("a restriction would be replaced unannounced: %v", err)
		}
		change.Announced = houses[1:2]
		id, err := s.ScheduleRestrictions(ctx, planBy, everywhere, change, w.term(3, 0).From)
		if err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Hour)
		restrict(houses[2], 7)
		if err := s.RemoveHouse(ctx, core.System, everywhere, houses[3]); err != nil {
			t.Fatal(err)
		}
		w.wouldRestrict(id, houses, 2, 2, "2 套房屋，")
		w.midnight(3)
		p := w.state(id)
		if p.Houses != 2 || !strings.HasPrefix(p.Words, "2 套房屋，") {
			t.Errorf("it has restricted %q", p.Words)
		}
		if p.State != core.RulePlanDone || p.Batch == 0 || !strings.Contains(p.Why, "1栋1单元103") || !strings.Contains(p.Why, "1栋1单元104") {
			t.Errorf("%+v", p)
		}
		held, err := s.RestrictionsOf(ctx, everywhere, houses)
		if err != nil || held[houses[0]] != restriction || held[houses[1]] != restriction || held[houses[2]].Exits != 7 || len(held) != 3 {
			t.Errorf("restricted %+v, %v", held, err)
		}
		if n := w.count("restriction_note WHERE batch_id = ?", int64(p.Batch)); n != 1 {
			t.Error("residents are not told")
		}
		if _, err := s.UndoBatch(ctx, core.System, everywhere, p.Batch); err != nil {
			t.Fatal(err)
		}
		held, err = s.RestrictionsOf(ctx, everywhere, houses)
		if err != nil || held[houses[1]].Exits != 9 || len(held) != 2 {
			t.Errorf("taken back: %+v, %v", held, err)
		}
	})
}

// All houses of a community are those of the day of the start. With no house left to restrict a plan fails.
func TestRestrictionPlanOfAll(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		newHouses(t, s, w.community, 1)
		change := RestrictionChange{Community: w.community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "封控"}}
		all, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, change, w.term(1, 0).From)
		if err != nil {
			t.Fatal(err)
		}
		more, err := s.CreateHouses(t.Context(), core.System, everywhere, w.community, [][]string{{"2", "1", "101"}})
		if err != nil {
			t.Fatal(err)
		}
		w.wouldRestrict(all, more, 2, 0, "全部房屋，")
		change.Whole, change.Houses, change.Exits = false, more, 5
		clock.Add(time.Hour)
		batch, err := s.CreateRestrictions(t.Context(), planBy, everywhere, change)
		if err != nil {
			t.Fatal(err)
		}
		w.wouldRestrict(all, more, 1, 1, "全部房屋，")
		if _, err := s.UndoBatch(t.Context(), planBy, everywhere, batch.ID); err != nil {
			t.Fatal(err)
		}
		w.midnight(1)
		held, err := s.RestrictionsOf(t.Context(), everywhere, more)
		if err != nil || len(held) != 1 || w.state(all).State != core.RulePlanDone {
			t.Errorf("%+v, %v, %+v", held, err, w.state(all))
		}
		lone := newCommunity(t, s, "海棠苑")
		gone := newHouses(t, s, lone, 1)
		change = RestrictionChange{Community: lone, Houses: gone, Restriction: core.Restriction{Exits: -1, Reason: "封控"}}
		id, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, change, w.term(2, 0).From)
		if err == nil {
			err = s.RemoveHouse(t.Context(), core.System, everywhere, gone[0])
		}
		if err != nil {
			t.Fatal(err)
		}
		w.midnight(2)
		if p := w.state(id); p.State != core.RulePlanFailed || !strings.Contains(p.Why, "已删除") {
			t.Errorf("%+v", p)
		}
	})
}

// wouldRestrict compares what a restriction that waits would do now, by its row, its reach, the list of its houses and what is planned
// for some houses.
func (w planWorld) wouldRestrict(id core.ID, of []core.ID, restricts, leaves int, words string) {
	w.Helper()
	p := w.state(id)
	if p.Houses != restricts || p.Left != leaves || !strings.HasPrefix(p.Words, words) {
		w.Errorf("it would restrict %d and leave out %d: %q", p.Houses, p.Left, p.Words)
	}
	if n, _, err := w.RulePlanReach(w.Context(), everywhere, p); n != restricts || err != nil {
		w.Errorf("it reaches %d, %v", n, err)
	}
	listed := restricts
	if p.Whole {
		listed += leaves
	}
	total := 0
	rows, _, err := w.Houses(w.Context(), core.ScopeOf(w.community), HouseFilter{Plan: id, Page: Page{Limit: 50, Total: &total}})
	if err != nil || len(rows) != listed || total != listed {
		w.Errorf("%d houses are listed of %d, %v", len(rows), total, err)
	}
	if _, _, err := w.Houses(w.Context(), core.ScopeOf(w.community+1), HouseFilter{Plan: id}); !core.IsNotFound(err) {
		w.Errorf("elsewhere: %v", err)
	}
	planned, err := w.PlannedRestrictions(w.Context(), everywhere, w.community, of)
	if err != nil || len(planned) != 1 || planned[0].ID != id || planned[0].Left > leaves || planned[0].Of == 0 {
		w.Errorf("planned for them: %+v, %v", planned, err)
	}
	any, err := w.PlannedRestrictions(w.Context(), everywhere, w.community, nil)
	if err != nil || len(any) != 1 || any[0].Of-any[0].Left != restricts {
		w.Errorf("planned for any: %+v, %v", any, err)
	}
	if _, err := w.PlannedRestrictions(w.Context(), core.ScopeOf(w.community+1), w.community, of); !core.IsNotFound(err) {
		w.Errorf("planned, elsewhere: %v", err)
	}
}

// Of what is planned for other houses nothing is said; and of houses that are restricted as it is planned, none is left out.
func TestPlannedRestrictionsOfHouses(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		houses := newHouses(t, s, w.community, 3)
		change := RestrictionChange{
			Community: w.community, Houses: houses[:2],
			Restriction: core.Restriction{Exits: 1, Reason: "居家", LastDay: w.term(9, 0).From},
		}
		if _, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, change, w.term(3, 0).From); err != nil {
			t.Fatal(err)
		}
		line := w.line("ruleplan.create")
		if !strings.Contains(line.After, "1栋1单元101") || !strings.Contains(line.After, "1栋1单元102") {
			t.Errorf("the log names %s", line.After)
		}
		clock.Add(time.Hour)
		early := change
		early.Houses, early.LastDay = houses[:1], w.term(2, 0).From // over before it starts
		for _, c := range []struct {
			what   string
			change RestrictionChange
		}{{"over by then", early}, {"the same", change}} {
			c.change.AnnouncedMark = ""
			c.change.Announced = houses
			if _, err := s.CreateRestrictions(t.Context(), planBy, everywhere, c.change); err != nil {
				t.Fatal(err)
			}
			planned, err := s.PlannedRestrictions(t.Context(), everywhere, w.community, houses)
			if err != nil || len(planned) != 1 || planned[0].Of != 2 || planned[0].Left != 0 {
				t.Errorf("%s: %+v, %v", c.what, planned, err)
			}
		}
		if planned, err := s.PlannedRestrictions(t.Context(), everywhere, w.community, houses[2:]); len(planned) != 0 || err != nil {
			t.Errorf("of another house: %+v, %v", planned, err)
		}
	})
}

// line returns the latest line of the audit log of an act.
func (w planWorld) line(action string) core.AuditRecord {
	w.Helper()
	lines, _, err := w.AuditRecords(w.Context(), everywhere, core.AuditFilter{Action: action}, Page{Limit: 1})
	if err != nil || len(lines) != 1 {
		w.Fatalf("%d lines of %s, %v", len(lines), action, err)
	}
	return lines[0]
}

// Two scheduled restrictions may have the same days, but not the same houses on the same days.
func TestRestrictionPlanIsRefused(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		houses := newHouses(t, s, w.community, 3)
		plan := func(from, last int, whole bool, of ...core.ID) error {
			change := RestrictionChange{
				Community: w.community, Houses: of, Whole: whole, Restriction: core.Restriction{Exits: 1, Reason: "装修"},
			}
			if last != 0 {
				change.LastDay = w.term(last, 0).From
			}
			check := s.CheckRestrictionPlan(t.Context(), everywhere, change, w.term(from, 0).From)
			_, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, change, w.term(from, 0).From)
			if (check == nil) != (err == nil) {
				t.Errorf("%d to %d: %v, checked %v", from, last, err, check)
			}
			return err
		}
		for _, c := range []struct {
			from, last int
			whole      bool
			houses     []core.ID
			field      string
		}{
			{0, 0, false, houses[:1], "from_day"}, {3, 2, false, houses[:1], "last_day"},
			{3, 5, false, houses[:2], ""}, {3, 5, false, houses[2:], ""}, {5, 0, false, houses[1:2], "from_day"},
			{4, 4, true, nil, "from_day"}, {6, 0, false, houses[:1], ""}, {1, 2, true, nil, ""}, {9, 9, false, houses[:1], "from_day"},
		} {
			if err := plan(c.from, c.last, c.whole, c.houses...); c.field != "" {
				wantField(t, err, c.field)
			} else if err != nil {
				t.Errorf("%d to %d: %v", c.from, c.last, err)
			}
		}
	})
}

// Whom a scheduled change concerns is counted as it is now, within scope; and whether ending it takes something from everybody is known.
func TestRulePlanReach(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		houses := newHouses(t, s, w.community, 3)
		newResident(t, s, w.community, houses[0], "张三", "13800138001")
		newResident(t, s, w.community, houses[2], "李四", "13800138002")
		some := RestrictionChange{
			Community: w.community, Houses: houses[:2], Restriction: core.Restriction{Exits: -1, Reason: "封控"},
		}
		all := RestrictionChange{Community: w.community, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "封控"}}
		few, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, some, w.term(1, 0).From)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CancelRulePlan(t.Context(), planBy, everywhere, few); err != nil {
			t.Fatal(err)
		}
		whole, err := s.ScheduleRestrictions(t.Context(), planBy, everywhere, all, w.term(1, 0).From)
		if err == nil {
			err = s.RemoveHouse(t.Context(), core.System, everywhere, houses[1])
		}
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[core.ID][2]int{few: {1, 1}, whole: {2, 2}, w.schedule(-1, 1, 0): {0, 2}} {
			n, people, err := s.RulePlanReach(t.Context(), everywhere, w.state(id))
			if err != nil || [2]int{n, people} != want {
				t.Errorf("%s: %d houses, %d residents, %v; want %v", w.state(id).What(), n, people, err, want)
			}
		}
		if n, people, err := s.RulePlanReach(t.Context(), core.ScopeOf(1), w.state(few)); err == nil && n+people > 0 {
			t.Errorf("another community's: %d houses, %d residents", n, people)
		}
	})
}

// Ending a change is drastic if it puts back what takes something from everybody.
func TestRulePlanIsDrastic(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		visits, err := s.VisitorRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		slips, err := s.ExitRule(t.Context(), everywhere, w.community)
		if err != nil {
			t.Fatal(err)
		}
		mild := planWorld{t, s, clock, newCommunity(t, s, "海棠苑")}
		bars := mild.schedule(-1, 1, 2)
		barred := w.rule(-1)
		visits.Invite, slips.Who = false, core.ExitNobody
		if err = s.UpdatePassRule(t.Context(), core.System, everywhere, barred); err == nil {
			visits.Updated, err = s.UpdateVisitorRule(t.Context(), core.System, everywhere, visits)
		}
		if err == nil {
			err = s.UpdateExitRule(t.Context(), core.System, everywhere, slips)
		}
		if err == nil {
			slips, err = s.ExitRule(t.Context(), everywhere, w.community)
		}
		if err != nil {
			t.Fatal(err)
		}
		plans := []core.ID{w.schedule(2, 1, 2)}
		visits.Invite, slips.Who = true, core.ExitResidents
		visit, err := s.ScheduleVisitorRule(t.Context(), planBy, everywhere, visits, w.term(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		slip, err := s.ScheduleExitRule(t.Context(), planBy, everywhere, slips, w.term(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range append(plans, visit, slip) {
			if w.state(id).Drastic {
				t.Errorf("%s is drastic before it starts", w.state(id).What())
			}
		}
		w.midnight(1)
		for _, id := range append(plans, visit, slip) {
			if p := w.state(id); p.State != core.RulePlanInForce || !p.Drastic {
				t.Errorf("%s: %+v", p.What(), p)
			}
		}
		if p := w.state(bars); p.State != core.RulePlanInForce || p.Drastic {
			t.Errorf("what it puts back bars nobody: %+v", p)
		}
	})
}

// What starts or ends within a week is found in the order of its days, of the scope alone.
func TestRulePlansSoon(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newPlanWorld(t, s, clock)
		first, last, after := w.schedule(2, 2, 3), w.schedule(3, 6, 0), w.schedule(4, 7, 0)
		check := func(what string, most int, wantMore bool, want ...core.ID) {
			t.Helper()
			plans, more, err := s.RulePlansSoon(t.Context(), everywhere, most)
			var got []core.ID
			for _, p := range plans {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, want) || more != wantMore || err != nil {
				t.Errorf("%s: %v, more: %v, %v; want %v", what, got, more, err, want)
			}
		}
		check("today", 9, false, first, last)
		check("at most one", 1, true, first)
		w.midnight(2)
		check("the first is in force", 9, false, first, last, after)
		plans, _, err := s.RulePlansSoon(t.Context(), everywhere, 9)
		if err != nil {
			t.Fatal(err)
		}
		if day, what := plans[0].Due(); day != w.term(4, 0).From || what != "恢复" {
			t.Errorf("in force: %s %s", day, what)
		}
		if day, what := plans[1].Due(); day != w.term(6, 0).From || what != "生效" {
			t.Errorf("waiting: %s %s", day, what)
		}
		w.midnight(4)
		check("the first is over", 9, false, last, after)
		if plans, _, err := s.RulePlansSoon(t.Context(), core.ScopeOf(w.community+1), 9); len(plans) != 0 || err != nil {
			t.Errorf("of another scope: %v, %v", plans, err)
		}
	})
}
