package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of a rehearsal.
const (
	MaxRehearsalDays   = 90   // replayed at most, today included
	UsualRehearsalDays = 14   // that the button says
	RehearsalRows      = 1000 // changes that are kept to be read one by one, the earliest
)

// RehearsalRules are the rules of a community as a rehearsal 预演 applies them: for the days that it replays, whatever
// they were then.
type RehearsalRules struct {
	Rule         PassRule
	Restrictions map[ID]Restriction // by house
}

// RehearsalChange is an attempt at a door that other rules would have answered otherwise.
type RehearsalChange struct {
	Record AccessRecord
	Was    Reason // by the rules of now
	Would  Reason // by the draft
}

// Stopped reports whether the draft would have refused somebody whom the rules of now let through; otherwise it is
// the other way round.
func (c RehearsalChange) Stopped() bool { return c.Would != ReasonAllowed }

// RehearsalFigures are what a rehearsal found. Maps have no entry for nothing.
type RehearsalFigures struct {
	Records int // attempts that rules decide, in the days that are told
	Stopped int // of them, refused by the draft alone
	Freed   int // refused by the rules of now alone
	Reasons map[Reason]int
	Days    map[Day]RehearsalDay
	People  int // residents and visitors who would have been stopped at least once
	Houses  int // likewise
}

// Found returns what would change in one line.
func (f RehearsalFigures) Found() string {
	var words []string
	if f.Stopped > 0 {
		words = append(words, "会多拦下 "+Grouped(f.Stopped)+" 次")
	}
	if f.Freed > 0 {
		words = append(words, "会多放行 "+Grouped(f.Freed)+" 次")
	}
	if len(words) == 0 {
		return "没有变化"
	}
	return strings.Join(words, "，")
}

// RehearsalDay is the changes of one natural day.
type RehearsalDay struct{ Stopped, Freed int }

// Rehearsal replays the attempts at a community's doors, in the order in which they were made, by the rules of now and
// by a draft, each with its own tally of exits: an exit that a draft would have refused counts nothing there. Both
// judge the same people at the same doors, so that what differs is the draft's doing. Attempts that no rule decides,
// as of a code that was too old, and those that a guard decided, are refused or released in both.
//
// What the records do not say is taken to be in order: a guard who had to measure a temperature or to register an ID
// number has done so, since they can; at a reader that measured nothing, a person who must be measured is sent to the guard.
type Rehearsal struct {
	zone       *time.Location
	first      Day
	now, draft rehearsed
	noID       func(resident ID) bool
	figures    RehearsalFigures
	people     map[ID]struct{}
	houses     map[ID]struct{}
}

// rehearsed is one set of rules, and the exits that it has let out.
type rehearsed struct {
	rules RehearsalRules
	exits map[ID]Tally // by person, or by house
}

// NewRehearsal returns a rehearsal that tells of the days from first on. Earlier records, of the longest window before
// it, are counted and not told of; noID reports whether a resident has no ID number on file.
func NewRehearsal(zone *time.Location, first Day, now, draft RehearsalRules, noID func(resident ID) bool) *Rehearsal {
	return &Rehearsal{
		zone: zone, first: first, noID: noID,
		now: rehearsed{now, map[ID]Tally{}}, draft: rehearsed{draft, map[ID]Tally{}},
		figures: RehearsalFigures{Reasons: map[Reason]int{}, Days: map[Day]RehearsalDay{}},
		people:  map[ID]struct{}{}, houses: map[ID]struct{}{},
	}
}

// Before returns how many days before the first one the records are needed to know whose exits are used up.
func (r *Rehearsal) Before() int {
	return max(r.now.rules.Rule.window(), r.draft.rules.Rule.window()) - 1
}

// Add replays the next record. ok reports whether the two sets of rules differ on it, and it is of a day to be told of.
func (r *Rehearsal) Add(rec AccessRecord) (change RehearsalChange, ok bool) {
	day := DayOf(rec.At, r.zone)
	if rec.Reason == ReasonUrgent || rec.Reason == ReasonLate || rec.Reason == ReasonDevice { // released whatever the rules say
		if rec.Counted {
			r.now.count(rec, day)
			r.draft.count(rec, day)
		}
		return RehearsalChange{}, false
	}
	ofDevice := rec.Reason == ReasonReaderQR && r.now.rules.Rule.ReaderQR // not the community's rule
	if !rec.Reason.ruled() || ofDevice {
		return RehearsalChange{}, false
	}
	change = RehearsalChange{Record: rec, Was: r.judge(&r.now, rec, day), Would: r.judge(&r.draft, rec, day)}
	if day < r.first {
		return change, false
	}
	r.figures.Records++
	if (change.Was == ReasonAllowed) == (change.Would == ReasonAllowed) {
		return change, false
	}
	r.tell(change, day)
	return change, true
}

func (r *Rehearsal) tell(change RehearsalChange, day Day) {
	told := r.figures.Days[day]
	if change.Stopped() {
		told.Stopped++
		r.figures.Stopped++
		r.figures.Reasons[change.Would]++
		if change.Record.Person != 0 {
			r.people[change.Record.Person] = struct{}{}
		}
		if change.Record.House != 0 {
			r.houses[change.Record.House] = struct{}{}
		}
	} else {
		told.Freed++
		r.figures.Freed++
	}
	r.figures.Days[day] = told
}

// Figures returns what has been found so far.
func (r *Rehearsal) Figures() RehearsalFigures {
	r.figures.People, r.figures.Houses = len(r.people), len(r.houses)
	return r.figures
}

// judge decides on a record by one set of rules, and counts the exit if it is one.
func (r *Rehearsal) judge(by *rehearsed, rec AccessRecord, day Day) Reason {
	f := by.facts(rec, r.zone)
	f.HasIDNumber = !r.noID(rec.Resident)
	reason := f.reason(rec.At)
	if reason == ReasonAllowed && f.out() && f.counted() {
		by.count(rec, day)
	}
	return reason
}

// usualTenths is the temperature that a guard is taken to have measured if there is no other on record.
const usualTenths = 365

// facts returns the facts of a record, of a pass in force that was shown in time at a door that accepts it.
func (by *rehearsed) facts(rec AccessRecord, zone *time.Location) Facts {
	f := Facts{
		Zone: zone, Via: rec.Via, Direction: rec.Direction, Token: TokenLive,
		ReaderEnabled: true, ReaderInScope: true, ReaderAccepts: true, ReaderQR: true, ReaderThermometer: rec.TempTenths > 0,
		PassKind: rec.Kind, PassEnabled: true,
		Rule: by.rules.Rule, Exits: by.exits[by.subject(rec)],
		TempTenths: rec.TempTenths, IDGiven: true,
	}
	if f.atGuard() && f.TempTenths == 0 {
		f.TempTenths = usualTenths
	}
	if x, restricted := by.rules.Restrictions[rec.House]; restricted && rec.House != 0 {
		f.Restriction = &x
	}
	if row := rec.Kind.row(); row != nil && row.inForce != nil {
		row.inForce(&f)
	}
	return f
}

// subject returns whose exits are added up.
func (by *rehearsed) subject(rec AccessRecord) ID {
	if by.rules.Rule.Counting == CountHousehold {
		return rec.House
	}
	return rec.Person
}

func (by *rehearsed) count(rec AccessRecord, day Day) {
	subject := by.subject(rec)
	t := by.exits[subject]
	if t == nil {
		t = Tally{}
		by.exits[subject] = t
	}
	t.Add(day)
}

// ruled reports whether a record's outcome is one of the rules that a community sets, and other rules may have
// another: not of a code, a pass or a door that is at fault, nor of a guard's own.
func (r Reason) ruled() bool {
	return slices.Contains([]Reason{
		ReasonAllowed, ReasonReaderQR, ReasonRestricted, ReasonBlocked, ReasonHours, ReasonCount, ReasonNeedID, ReasonNeedTemp, ReasonFever,
	}, r)
}

// CheckRehearsalDays checks for how many days a rehearsal is wanted.
func CheckRehearsalDays(days int) error {
	if days < 1 || days > MaxRehearsalDays {
		return InvalidFields(map[string]string{"days": fmt.Sprintf("天数应为 1 至 %d", MaxRehearsalDays)})
	}
	return nil
}

// RehearsalDraft is what a rehearsal tries: another rule, or a restriction of further houses, or both.
type RehearsalDraft struct {
	Rule        PassRule     `json:"rule"`
	Houses      []ID         `json:"houses,omitempty"` // that Restriction is for; none = no restriction is tried
	Whole       bool         `json:"whole,omitempty"`  // it is for all houses of the community
	Restriction Restriction  `json:"restriction"`
	Term        RulePlanTerm `json:"term,omitzero"`  // when it is to be in force, as its form has it
	Seen        int64        `json:"seen,omitempty"` // Updated of the rule that it is compared with, in ms
}

// Needs returns the permission to try the draft, which is that to save it.
func (d RehearsalDraft) Needs() Permission {
	if d.Restricts() {
		return PermRestrictionEdit
	}
	return PermPassRuleEdit
}

// Restricts reports whether a restriction is tried.
func (d RehearsalDraft) Restricts() bool { return d.Whole || len(d.Houses) > 0 }

// Words returns what is tried in one sentence.
func (d RehearsalDraft) Words() string {
	if !d.Restricts() {
		return d.Rule.Text()
	}
	which := " " + Grouped(len(d.Houses)) + " 套房屋"
	if d.Whole {
		which = "全部房屋"
	}
	return "限制" + which + "：" + ExitsText(d.Restriction.Exits)
}

// Check returns an Invalid error with a message by field.
func (d RehearsalDraft) Check() error {
	if err := d.Rule.Check(); err != nil || !d.Restricts() {
		return err
	}
	return d.Restriction.Check()
}

// RehearsalLine is an attempt in which a rehearsal's rules differ.
type RehearsalLine struct {
	Record     ID
	Was, Would Reason
}

// MarshalJSON writes the line as a list: RehearsalRows of them fit into a column of 64 KB.
func (l RehearsalLine) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{l.Record, l.Was, l.Would})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *RehearsalLine) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&l.Record, &l.Was, &l.Would})
}

// RehearsalRun is a rehearsal that somebody wanted, and what it found.
type RehearsalRun struct {
	ID        ID
	Community ID
	By        Actor
	Days      int
	Draft     RehearsalDraft
	Job       ID
	Created   time.Time
	Done      time.Time // zero = not yet
	First     Day       // of the days that it told of; only when done
	Figures   RehearsalFigures
	Lines     []RehearsalLine // the earliest RehearsalRows
}

// rehearsalFields label what the audit log records of a rehearsal.
var rehearsalFields = []AuditField{
	{Key: "days", Label: "天数"}, {Key: "words", Label: "试行的设置"},
}
