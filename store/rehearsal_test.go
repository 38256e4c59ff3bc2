package store

import (
	"errors"
	"testing"
	"time"

	"tongxing/core"
)

// wanderers lets four people of two houses go out at random for n minutes up to testNow, by readers that let everybody
// through.
func wanderers(t *testing.T, s *Store, community core.ID, houses []core.ID, n int) []core.AccessRecord {
	t.Helper()
	records := make([]core.AccessRecord, n)
	for i := range records {
		person := core.ID(100 + i%4)
		records[i] = core.AccessRecord{
			Community: community, At: testNow.Add(-time.Duration(n-i) * time.Minute), Via: core.ViaReader, Reader: 1, Gate: "东门",
			Direction: core.Directions()[i/4%2], Kind: core.PassResident, Person: person, Resident: person, House: houses[i%2],
			Name: "张三", HouseLabel: "1栋101", Allowed: true, Reason: core.ReasonAllowed,
		}
		records[i].Counted = records[i].Direction == core.Out
	}
	if err := s.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return records
}

func onward(int64, int64) error { return nil }

// rehearsed makes a rehearsal and runs it.
func rehearsed(t *testing.T, s *Store, community core.ID, days int, draft core.RehearsalDraft) core.RehearsalRun {
	t.Helper()
	id, err := s.CreateRehearsal(t.Context(), core.System, core.ScopeOf(community), community, days, draft)
	if err == nil {
		_, err = s.RunRehearsal(t.Context(), id, onward)
	}
	if err != nil {
		t.Fatal(err)
	}
	run, err := s.Rehearsal(t.Context(), core.ScopeOf(community), id)
	if err != nil || run.Done.IsZero() {
		t.Fatalf("%+v, %v", run, err)
	}
	return run
}

// A rehearsal finds every exit beyond a draft's limit, and nothing by the rule of now; it changes no rule and no tally.
func TestRehearsal(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses := newHouses(t, s, ours, 2)
		records := wanderers(t, s, ours, houses, 3000) // two days and two hours: three parts would be read of 2,000
		wanderers(t, s, theirs, newHouses(t, s, theirs, 2), 50)
		rule, err := s.PassRule(t.Context(), everywhere, ours)
		if err != nil {
			t.Fatal(err)
		}
		rule.ReaderQR = true
		if err := s.UpdatePassRule(t.Context(), core.System, everywhere, rule); err != nil {
			t.Fatal(err)
		}
		same := rehearsed(t, s, ours, 5, core.RehearsalDraft{Rule: rule.PassRule})
		if f := same.Figures; f.Records != len(records) || f.Stopped+f.Freed+len(same.Lines) != 0 {
			t.Errorf("the rule of now: %+v, %d lines", f, len(same.Lines))
		}
		draft := rule.PassRule
		draft.Exits = 1
		strict := rehearsed(t, s, ours, 5, core.RehearsalDraft{Rule: draft})
		allowed, stopped := map[[2]int64]bool{}, 0
		var first core.ID
		for _, r := range records {
			on := [2]int64{int64(r.Person), int64(core.DayOf(r.At, s.zone))}
			switch {
			case r.Direction == core.In:
			case allowed[on]:
				stopped++
				if first == 0 {
					first = r.Person
				}
			default:
				allowed[on] = true
			}
		}
		f := strict.Figures
		if f.Stopped != stopped || f.Freed != 0 || f.People != 4 || f.Houses != 2 || f.Reasons[core.ReasonCount] != stopped {
			t.Errorf("one exit a day: %+v, want %d stopped", f, stopped)
		}
		if len(strict.Lines) != min(stopped, core.RehearsalRows) {
			t.Errorf("%d lines of %d", len(strict.Lines), stopped)
		}
		told, err := s.RehearsedRecords(t.Context(), core.ScopeOf(ours), []core.ID{strict.Lines[0].Record})
		if r := told[strict.Lines[0].Record]; err != nil || r.Person != first || r.Direction != core.Out {
			t.Errorf("the first one stopped: %+v, %v", r, err)
		}
		told, err = s.RehearsedRecords(t.Context(), core.ScopeOf(theirs), []core.ID{strict.Lines[0].Record})
		if err != nil || len(told) != 0 {
			t.Errorf("another community sees %+v, %v", told, err)
		}
		barred := rehearsed(t, s, ours, 5, core.RehearsalDraft{
			Rule: draft, Houses: houses[:1], Restriction: core.Restriction{Exits: -1, Reason: "装修"},
		})
		if f := barred.Figures; f.Stopped != len(records)/2 || f.Houses != 1 || f.Reasons[core.ReasonRestricted] != len(records)/2 {
			t.Errorf("a house barred, by the rule of now: %+v", f)
		}
		whole := rehearsed(t, s, ours, 5, core.RehearsalDraft{
			Rule: draft, Whole: true, Restriction: core.Restriction{Exits: -1, Reason: "封闭"},
		})
		if f := whole.Figures; f.Stopped != len(records) || f.Houses != 2 {
			t.Errorf("all houses barred: %+v", f)
		}
		if today := rehearsed(t, s, ours, 1, core.RehearsalDraft{Rule: draft}).Figures; len(today.Days) != 1 || today.Records >= f.Records {
			t.Errorf("today alone: %+v", today)
		}
		if now, err := s.PassRule(t.Context(), everywhere, ours); err != nil || now.Exits != rule.Exits {
			t.Errorf("the rule has become %+v, %v", now, err)
		}
		list, _, err := s.Rehearsals(t.Context(), core.ScopeOf(ours), ours, core.Page{Limit: 3})
		if err != nil || len(list) != 3 || list[0].Days != 1 {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

// A rehearsal is refused of houses and communities that are not the caller's, of drafts that are no rules, and its run
// ends where it is told to.
func TestRehearsalIsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ours, theirs := newCommunity(t, s, "翠湖花园"), newCommunity(t, s, "海棠苑")
		houses, good := newHouses(t, s, theirs, 1), core.RehearsalDraft{Rule: core.DefaultPassRule()}
		wrong := good
		wrong.Rule.PeriodDays = 0
		foreign := good
		foreign.Houses, foreign.Restriction = houses, core.Restriction{Exits: -1}
		for name, c := range map[string]struct {
			scope     core.Scope
			community core.ID
			days      int
			draft     core.RehearsalDraft
			code      core.Code
		}{
			"another community": {core.ScopeOf(ours), theirs, 5, good, core.CodeNotFound},
			"another's house":   {core.Everywhere, ours, 5, foreign, core.CodeNotFound},
			"no rule":           {core.ScopeOf(ours), ours, 5, wrong, core.CodeInvalid},
			"no days":           {core.ScopeOf(ours), ours, 0, good, core.CodeInvalid},
		} {
			_, err := s.CreateRehearsal(t.Context(), core.System, c.scope, c.community, c.days, c.draft)
			if core.CodeOf(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		id, err := s.CreateRehearsal(t.Context(), core.System, core.ScopeOf(ours), ours, 5, good)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rehearsal(t.Context(), core.ScopeOf(theirs), id); !core.IsNotFound(err) {
			t.Errorf("another community reads it: %v", err)
		}
		stop := errors.New("cancelled")
		if _, err := s.RunRehearsal(t.Context(), id, func(int64, int64) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("it was not ended: %v", err)
		}
		if run, err := s.Rehearsal(t.Context(), core.ScopeOf(ours), id); err != nil || !run.Done.IsZero() {
			t.Errorf("ended, it is %+v, %v", run, err)
		}
	})
}
