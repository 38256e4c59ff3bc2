package core

import (
	"fmt"
	"time"
)

// maxNextSteps bounds the search for the next exit: a window of 30 days needs two steps a day, and
// the end of a restriction one more.
const maxNextSteps = 128

// Decide answers one attempt to pass at now. It is pure and total: any Facts get an answer, and
// whatever it does not know is refused. The first rule that fails is the reason: known and enabled
// device, token, kind and scope, QR at readers, validity, restriction, community block, hours,
// counting, and last the records that the passage needs.
//
// A preview checks only the pass's own rules, from validity to counting, at the same instant: it is
// allowed exactly when a passage in that direction, with a live token and through a door that
// accepts it, would be allowed once the records of NeedID and NeedTemp are made (and the
// temperature is no fever). What only the passage itself can show is mentioned in the preview's
// sentence, but is no reason to refuse.
func Decide(f Facts, now time.Time) Decision {
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	if reason := f.checkDoor(); reason != ReasonAllowed {
		return Decision{Reason: reason, Sentence: reason.Sentence()}
	}
	d := f.figures(now)
	d.Reason = f.checkPass(now)
	d.Allowed = d.Reason == ReasonAllowed
	d.Counts = d.Allowed && f.out() && f.counted() && f.Via != ViaPreview
	d.Sentence = f.sentence(d, now)
	return d
}

// DecideUrgent is Decide for a guard who wants to release urgently. If the rules allow the passage, or
// miss a record, or the post does not allow it, or the refusal is not one that MayBeUrgent, the answer is
// that of Decide. An urgent exit counts like any other, even beyond the limit. An Emergency is let out at every exit that takes
// the pass, whatever the post allows and whatever should be on record.
func DecideUrgent(f Facts, now time.Time) Decision {
	d := Decide(f, now)
	switch {
	case d.Allowed:
		return d
	case f.Emergency && f.Direction == Out && f.Via != ViaPreview && (d.Reason.MayBeUrgent() || d.Reason.missesRecord()):
	case !f.atGuard() || !f.PostUrgent || !d.Reason.MayBeUrgent():
		return d
	}
	if reason := f.ownRecords(); reason != ReasonAllowed {
		d.Reason = reason
		d.Sentence = f.sentence(d, now)
		return d
	}
	d.Allowed, d.Overruled, d.Reason = true, d.Reason, ReasonUrgent
	d.Counts = f.out() && f.counted()
	d.Sentence = ReasonUrgent.Sentence()
	return d
}

// DecideLate decides on a passage that a guard released without a connection, at the time that it was made. It has happened, so that it
// is recorded whatever the rules say; Overruled is the one that refuses it, and then it is an urgent release that nobody asked for:
// the office looks at it like at any other. What nobody can measure any more is not asked. An exit counts like any other, even beyond
// the limit.
func DecideLate(f Facts, made time.Time) Decision {
	f.Rule.RecordID, f.Rule.RecordTemp = false, false
	d := Decide(f, made)
	reason := ReasonLate
	if !d.Allowed {
		d.Overruled, reason = d.Reason, ReasonUrgent
	}
	d.Allowed, d.Reason, d.Sentence = true, reason, reason.Sentence()
	d.Counts = f.out() && f.counted()
	return d
}

// reason is the decision alone, without the words and figures.
func (f *Facts) reason(now time.Time) Reason {
	if reason := f.checkDoor(); reason != ReasonAllowed {
		return reason
	}
	return f.checkPass(now)
}

// checkPass checks the pass's own rules, and then the records that the passage needs.
func (f *Facts) checkPass(now time.Time) Reason {
	if reason := f.checkAt(now); reason != ReasonAllowed {
		return reason
	}
	return f.checkRecords()
}

// out reports whether the direction is anything but a plain entry, so that an unset direction
// cannot be used to exit uncounted.
func (f *Facts) out() bool { return f.Direction != In }

// checkDoor checks the device or post, the token, and whether the two match. An unknown Via is held
// to the rules of a reader.
func (f *Facts) checkDoor() Reason {
	if f.Via == ViaPreview {
		return ReasonAllowed
	}
	if !f.ReaderEnabled {
		return ReasonReaderUnknown
	}
	if f.Unreadable {
		return ReasonUnreadable
	}
	guard := f.atGuard()
	if reason := f.checkToken(); reason != ReasonAllowed && f.Via != ViaManual {
		return reason
	}
	switch {
	case !guard && !f.ReaderAccepts:
		return ReasonPassKind
	case !f.ReaderInScope:
		return ReasonScope
	case !guard && !(f.ReaderQR && f.Rule.ReaderQR):
		return ReasonReaderQR
	}
	return ReasonAllowed
}

func (f *Facts) checkToken() Reason {
	switch f.Token {
	case TokenLive:
		return ReasonAllowed
	case TokenUsed:
		return ReasonTokenUsed
	case TokenBusy:
		return ReasonTokenBusy
	case TokenForeign:
		return ReasonTokenForeign
	}
	return ReasonTokenAbsent
}

// checkAt checks the pass's own rules, from validity to counting, at t: first the rules for every
// pass, then those of its kind. A kind without rules is refused.
func (f *Facts) checkAt(t time.Time) Reason {
	row := f.PassKind.row()
	switch {
	case !f.PassEnabled:
		return ReasonPassDisabled
	case row == nil:
		return ReasonPassKind
	}
	return row.check(f, t)
}

// checkBlocked checks what bars a house, or the whole community, in both directions.
func (f *Facts) checkBlocked(day Day) Reason {
	switch {
	case f.Restriction.Holds(day):
		if f.Restriction.Exits < 0 {
			return ReasonRestricted
		}
	case f.Rule.Exits < 0:
		return ReasonBlocked
	}
	return ReasonAllowed
}

// checkRecords checks what the passage must leave on record. A reader with a thermometer sends what
// it measured; a preview measures nothing.
func (f *Facts) checkRecords() Reason {
	switch {
	case f.Via == ViaPreview:
		return ReasonAllowed
	case f.ownRecords() != ReasonAllowed:
		return f.ownRecords()
	case f.needID() && (f.atReader() || !f.IDGiven):
		return ReasonNeedID
	case !f.Rule.RecordTemp:
		return ReasonAllowed
	case f.TempTenths <= 0 || (f.atReader() && !f.ReaderThermometer):
		return ReasonNeedTemp
	case f.TempTenths >= f.Rule.fever():
		return ReasonFever
	}
	return ReasonAllowed
}

// ownRecords checks what passages of this kind alone must leave on record.
func (f *Facts) ownRecords() Reason {
	if row := f.PassKind.row(); row != nil && row.records != nil {
		return row.records(f)
	}
	return ReasonAllowed
}

// needID reports whether the ID number must be registered: a resident has none on file. Other
// passes carry their own.
func (f *Facts) needID() bool { return f.Rule.RecordID && !f.HasIDNumber && f.counted() }

// counted reports whether the community's counting of exits applies to this kind of pass.
func (f *Facts) counted() bool {
	row := f.PassKind.row()
	return row != nil && row.Counted
}

func (f *Facts) atReader() bool { return !f.atGuard() && f.Via != ViaPreview }

func (f *Facts) atGuard() bool { return f.Via == ViaGuard || f.Via == ViaManual }

// figures returns the part of every answer besides yes or no.
func (f *Facts) figures(now time.Time) Decision {
	day := DayOf(now, f.Zone)
	rule := f.Rule.Under(f.Restriction, day)
	d := Decision{Next: f.nextExit(now), NeedTemp: f.Rule.RecordTemp, NeedID: f.needID()}
	switch {
	case rule.Exits == 0 || !f.counted():
		d.Unlimited = true
	case rule.Exits > 0:
		d.Limit = rule.Exits
		d.Left = max(0, rule.Exits-f.Exits.Sum(day, rule.window()))
	}
	return d
}

// nextExit returns the earliest instant, now or later, at which the pass's rules allow an exit if
// nothing else changes: nobody else of the house goes out and no setting is edited. It is zero if
// that cannot be foreseen.
func (f *Facts) nextExit(now time.Time) time.Time {
	exit := *f
	exit.Direction = Out
	t := now
	for range maxNextSteps {
		switch exit.checkAt(t) {
		case ReasonAllowed:
			return t
		case ReasonHours:
			t = nextOpen(f.Rule.Hours, t, f.Zone)
		case ReasonCount:
			t = startOf(DayOf(t, f.Zone)+1, f.Zone)
		case ReasonRestricted:
			if f.Restriction.LastDay == 0 {
				return time.Time{}
			}
			t = startOf(f.Restriction.LastDay+1, f.Zone)
		default:
			return time.Time{}
		}
		if t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// startOf returns the first instant of a day, even where the clocks change at midnight.
func startOf(day Day, zone *time.Location) time.Time {
	t := day.Start(zone)
	for DayOf(t, zone) < day {
		t = t.Add(time.Minute)
	}
	return t
}

// Under returns the rule in force on day for a house with restriction x, which may be nil: the
// house's own number of exits replaces the community's.
func (r PassRule) Under(x *Restriction, day Day) PassRule {
	if x.Holds(day) {
		r.Exits = x.Exits
	}
	return r
}

// window returns the period in days, at least one.
func (r PassRule) window() int { return max(r.PeriodDays, 1) }

// fever returns the temperature that is refused; the usual one if none is set.
func (r PassRule) fever() int {
	if r.FeverTenths <= 0 {
		return defaultFeverTenths
	}
	return r.FeverTenths
}

// sentence words d for its reader: the person at the door or with the pass, or the guard.
func (f *Facts) sentence(d Decision, now time.Time) string {
	if row := f.PassKind.row(); row != nil && row.words != nil {
		if words := row.words(f, d, now); words != "" {
			return words
		}
	}
	switch d.Reason {
	case ReasonAllowed:
		return f.allowedSentence(d)
	case ReasonHours, ReasonCount:
		if !d.Next.IsZero() {
			return d.Reason.short() + "，" + f.from(d.Next, now) + "起可出门"
		}
	case ReasonRestricted:
		if !f.atGuard() {
			return "您的" + d.Reason.Sentence()
		}
	case ReasonFever:
		if f.atReader() {
			return d.Reason.Sentence() + "，请联系门岗"
		}
	case ReasonNeedID:
		if !f.atReader() {
			return "请登记身份证号"
		}
	case ReasonNeedTemp:
		if !f.atReader() {
			return "请录入体温"
		}
		if f.ReaderThermometer {
			return "请先测温再扫码"
		}
	}
	return d.Reason.Sentence()
}

func (f *Facts) allowedSentence(d Decision) string {
	switch {
	case f.Via == ViaPreview:
		return f.previewSentence(d)
	case !f.out():
		return "欢迎回家，请通行"
	case d.Left == 1:
		return "请通行，这是最后一次"
	case !d.Unlimited:
		return fmt.Sprintf("请通行，还可出门 %d 次", d.Left-1)
	}
	return "请通行"
}

func (f *Facts) previewSentence(d Decision) string {
	yes := "现在可以出门"
	if !f.out() {
		yes = "现在可以进门"
	}
	switch {
	case d.NeedTemp && d.NeedID:
		return yes + "，需在门岗测温、登记身份证"
	case d.NeedTemp:
		return yes + "，需在门岗测温"
	case d.NeedID:
		return yes + "，需在门岗登记身份证"
	case !f.Rule.ReaderQR:
		return yes + "，请走门岗"
	}
	return yes
}

// from is when before 起: a space stands between a figure and it.
func (f *Facts) from(t, now time.Time) string {
	words := f.when(t, now)
	if last := words[len(words)-1]; last >= '0' && last <= '9' {
		words += " "
	}
	return words
}

// when formats an instant as briefly as a reader's screen needs it: the time if it is today or
// tomorrow, else the day.
func (f *Facts) when(t, now time.Time) string {
	local := t.In(f.Zone)
	clock := local.Format("15:04")
	switch DayOf(t, f.Zone) - DayOf(now, f.Zone) {
	case 0:
		return clock
	case 1:
		if clock == "00:00" {
			return "明天"
		}
		return "明天 " + clock
	}
	return local.Format("1 月 2 日")
}
