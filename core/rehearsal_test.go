package core

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a community at whose doors people come and go by its rules, as the gate decides.
type world struct {
	dice
	rules   RehearsalRules
	noID    map[ID]bool
	exits   map[ID]Tally
	records []AccessRecord
}

func (r dice) rules() RehearsalRules {
	rules := RehearsalRules{
		Rule: PassRule{
			Counting: []Counting{CountPerson, CountHousehold}[r.IntN(2)], PeriodDays: 1 + r.IntN(4), Exits: r.exits(), Hours: r.hours(),
			RecordID: r.chance(30), RecordTemp: r.chance(30), FeverTenths: 373, ReaderQR: r.chance(80),
		},
		Restrictions: map[ID]Restriction{},
	}
	for house := range ID(6) {
		if r.chance(25) {
			rules.Restrictions[house+1] = Restriction{Exits: r.exits(), LastDay: DayOf(noon, shanghai) + Day(r.IntN(8)-4)}
		}
	}
	return rules
}

// live lets people come and go for ten days.
func (r dice) live(rules RehearsalRules) *world {
	w := &world{dice: r, rules: rules, noID: map[ID]bool{}, exits: map[ID]Tally{}}
	for person := range ID(12) {
		w.noID[person+1] = r.chance(20)
	}
	at := noon.AddDate(0, 0, -10)
	for at.Before(noon) {
		at = at.Add(time.Duration(1+r.IntN(3600)) * time.Second)
		w.attempt(at)
	}
	return w
}

func (w *world) attempt(at time.Time) {
	person := ID(1 + w.IntN(12))
	rec := AccessRecord{
		At: at, Person: person, Resident: person, House: (person + 1) / 2, Kind: PassResident,
		Via: []Via{ViaReader, ViaGuard, ViaManual}[w.IntN(3)], Direction: Directions()[w.IntN(2)],
	}
	if w.chance(20) {
		rec.Kind, rec.Resident = []PassKind{PassVisitor, PassDedicated, PassExitSlip}[w.IntN(3)], 0
	}
	if rec.Kind == PassExitSlip { // readers take none, and things only leave
		rec.Via, rec.Direction = []Via{ViaGuard, ViaManual}[w.IntN(2)], Out
	}
	if w.chance(50) {
		rec.TempTenths = 360 + w.IntN(15)
	}
	f := Facts{
		Zone: shanghai, Via: rec.Via, Direction: rec.Direction, Token: TokenLive, TempTenths: rec.TempTenths,
		ReaderEnabled: true, ReaderAccepts: true, ReaderInScope: true, ReaderQR: true, ReaderThermometer: rec.TempTenths > 0,
		PassKind: rec.Kind, PassEnabled: true, Rule: w.rules.Rule, HasIDNumber: !w.noID[rec.Resident], IDGiven: true,
		Visitor: VisitorFacts{Entered: rec.Direction == Out}, PostUrgent: w.chance(20),
	}
	f.Dedicated = DedicatedFacts{From: 1, Until: 1 << 30, Member: true, Institution: true}
	f.Exit = ExitFacts{All: 3, Left: 1, Ticked: 2}
	if f.atGuard() && f.Rule.RecordTemp && rec.TempTenths == 0 {
		rec.TempTenths, f.TempTenths = 365, 365 // the guard measures
	}
	subject := rec.Person
	if w.rules.Rule.Counting == CountHousehold {
		subject = rec.House
	}
	f.Exits = w.exits[subject]
	if x, ok := w.rules.Restrictions[rec.House]; ok {
		f.Restriction = &x
	}
	d := DecideUrgent(f, at)
	rec.Allowed, rec.Counted, rec.Reason = d.Allowed, d.Counts, d.Reason
	if d.Counts {
		if w.exits[subject] == nil {
			w.exits[subject] = Tally{}
		}
		w.exits[subject].Add(DayOf(at, shanghai))
	}
	w.records = append(w.records, rec)
}

func (w *world) rehearse(draft RehearsalRules) (*Rehearsal, []RehearsalChange) {
	r := NewRehearsal(shanghai, DayOf(noon, shanghai)-5, w.rules, draft, func(resident ID) bool { return w.noID[resident] })
	var changes []RehearsalChange
	for _, rec := range w.records {
		if change, ok := r.Add(rec); ok {
			changes = append(changes, change)
		}
	}
	return r, changes
}

// The rules under which the records were made judge each of them as it was judged, and differ from themselves in
// nothing.
func TestRehearsalOfTheSameRulesChangesNothing(t *testing.T) {
	r := newDice(7)
	judged, kinds := map[Reason]int{}, map[PassKind]int{}
	for range 60 {
		w := r.live(r.rules())
		replay := NewRehearsal(shanghai, 0, w.rules, w.rules, func(resident ID) bool { return w.noID[resident] })
		for _, rec := range w.records {
			change, differs := replay.Add(rec)
			if differs {
				t.Fatalf("the same rules differ: %+v", change)
			}
			if rec.Reason == ReasonUrgent {
				continue
			}
			judged[rec.Reason]++
			kinds[rec.Kind]++
			if change.Was != rec.Reason || change.Would != rec.Reason {
				t.Fatalf("judged %s, was %s: %+v by %+v", change.Was, rec.Reason, rec, w.rules)
			}
		}
		if f := replay.Figures(); f.Stopped+f.Freed+f.People+f.Houses+len(f.Days)+len(f.Reasons) != 0 {
			t.Fatalf("figures %+v", f)
		}
	}
	for _, reason := range []Reason{ReasonAllowed, ReasonReaderQR, ReasonRestricted, ReasonBlocked, ReasonHours, ReasonCount, ReasonNeedID,
		ReasonNeedTemp, ReasonFever} {
		if judged[reason] == 0 {
			t.Errorf("no record of %s: the cases are too alike to tell anything", reason)
		}
	}
	for _, kind := range PassKinds() {
		if kinds[kind] == 0 {
			t.Errorf("no record of %s", kind)
		}
	}
}

// Where only the draft was in force, a rehearsal of it over records that nothing stopped finds what the gate refuses.
func TestRehearsalFindsWhatTheGateWouldRefuse(t *testing.T) {
	r := newDice(8)
	stopped := 0
	for range 40 {
		free := r.live(RehearsalRules{Rule: DefaultPassRule()})
		draft := r.rules()
		draft.Rule.RecordTemp = false // a guard measures then, and what would have been measured nobody knows
		rehearsal, changes := free.rehearse(draft)
		strict := &world{dice: r, rules: draft, noID: free.noID, exits: map[ID]Tally{}}
		var refused []Reason
		for _, rec := range free.records {
			if got := strict.gate(rec); got != ReasonAllowed && DayOf(rec.At, shanghai) >= DayOf(noon, shanghai)-5 {
				refused = append(refused, got)
			}
		}
		var would []Reason
		for _, change := range changes {
			if !change.Stopped() || change.Was != ReasonAllowed {
				t.Fatalf("%+v of records that nothing stopped", change)
			}
			would = append(would, change.Would)
		}
		if !slices.Equal(would, refused) {
			t.Fatalf("the rehearsal finds %d, the gate refuses %d", len(would), len(refused))
		}
		f := rehearsal.Figures()
		if f.Stopped != len(refused) || f.Freed != 0 || (f.Stopped > 0) != (f.People > 0) {
			t.Fatalf("figures %+v of %d", f, len(refused))
		}
		days, reasons := 0, 0
		for _, day := range f.Days {
			days += day.Stopped
		}
		for _, n := range f.Reasons {
			reasons += n
		}
		if days != f.Stopped || reasons != f.Stopped {
			t.Fatalf("%d of days, %d of reasons, want %d", days, reasons, f.Stopped)
		}
		stopped += f.Stopped
	}
	if stopped == 0 {
		t.Error("nothing was stopped")
	}
}

// gate decides on an attempt that was made before, as the gate would have by the rules of the world.
func (w *world) gate(rec AccessRecord) Reason {
	f := Facts{
		Zone: shanghai, Via: rec.Via, Direction: rec.Direction, Token: TokenLive, TempTenths: rec.TempTenths,
		ReaderEnabled: true, ReaderAccepts: true, ReaderInScope: true, ReaderQR: true, PassKind: rec.Kind, PassEnabled: true,
		Rule: w.rules.Rule, HasIDNumber: !w.noID[rec.Resident], IDGiven: true, Exits: w.exits[rec.Person],
		Visitor:   VisitorFacts{Entered: rec.Direction == Out},
		Dedicated: DedicatedFacts{From: 1, Until: 1 << 30, Member: true, Institution: true},
		Exit:      ExitFacts{All: 3, Left: 1, Ticked: 2},
	}
	if w.rules.Rule.Counting == CountHousehold {
		f.Exits = w.exits[rec.House]
	}
	if x, ok := w.rules.Restrictions[rec.House]; ok {
		f.Restriction = &x
	}
	d := Decide(f, rec.At)
	if d.Counts {
		subject := rec.Person
		if w.rules.Rule.Counting == CountHousehold {
			subject = rec.House
		}
		if w.exits[subject] == nil {
			w.exits[subject] = Tally{}
		}
		w.exits[subject].Add(DayOf(rec.At, shanghai))
	}
	return d.Reason
}

// What no rule decides is of no account, and an urgent exit counts in both.
func TestRehearsalLeavesOutWhatRulesDoNotDecide(t *testing.T) {
	once := RehearsalRules{Rule: DefaultPassRule()}
	once.Rule.Exits = 1
	exit := AccessRecord{
		At: noon, Person: 1, Resident: 1, House: 1, Kind: PassResident, Via: ViaReader, Direction: Out, Reason: ReasonAllowed,
	}
	as := func(reason Reason) AccessRecord {
		rec := exit
		rec.Reason = reason
		return rec
	}
	urgent := as(ReasonUrgent)
	urgent.Counted = true
	for _, c := range []struct {
		name    string
		before  []AccessRecord
		changes int
	}{
		{"nothing before", nil, 0},
		{"an exit before", []AccessRecord{exit}, 1},
		{"an urgent exit before", []AccessRecord{urgent}, 1},
		{"a code that was too old", []AccessRecord{as(ReasonTokenAbsent)}, 0},
		{"refused by a guard", []AccessRecord{as(ReasonGuard)}, 0},
		{"a reader that may not open", []AccessRecord{as(ReasonReaderQR)}, 0},
		{"a day before", []AccessRecord{{
			At: noon.AddDate(0, 0, -1), Person: 1, House: 1, Kind: PassResident, Via: ViaReader, Direction: Out, Reason: ReasonAllowed,
		}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := RehearsalRules{Rule: DefaultPassRule()}
			r := NewRehearsal(shanghai, DayOf(noon, shanghai), now, once, func(ID) bool { return false })
			changes := 0
			for _, rec := range append(c.before, exit) {
				if _, ok := r.Add(rec); ok {
					changes++
				}
			}
			if f := r.Figures(); changes != c.changes || f.Stopped != c.changes {
				t.Errorf("%d changes, figures %+v", changes, f)
			}
		})
	}
}

func TestCheckRehearsalDays(t *testing.T) {
	for days, good := range map[int]bool{0: false, 1: true, MaxRehearsalDays: true, MaxRehearsalDays + 1: false, -1: false} {
		if err := CheckRehearsalDays(days); (err == nil) != good {
			t.Errorf("%d days: %v", days, err)
		}
	}
}

func TestWhatARehearsalTriesInWords(t *testing.T) {
	draft := RehearsalDraft{Houses: make([]ID, 1200), Restriction: Restriction{Exits: 2}}
	if got := draft.Words(); !strings.HasPrefix(got, "限制 1,200 套房屋：") {
		t.Error(got)
	}
	draft.Houses, draft.Whole = nil, true
	if got := draft.Words(); !strings.HasPrefix(got, "限制全部房屋：") {
		t.Error(got)
	}
}
