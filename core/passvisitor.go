package core

import (
	"slices"
	"time"
)

// VisitorFacts are the facts of a visitor pass.
type VisitorFacts struct {
	From, Until time.Time // of coming in; zero = no bound
	People      int       // of the party; 0 counts as one
	Entered     bool      // it has let its party in
	Left        int       // how often it has let somebody of the party out
	BarredUntil []Day     // of numbers that may be on the community's blacklist: the last days; 0 = without end, below = not on it
	Ended       bool      // it was revoked, or the host does not live there any more
	HostLast    Day       // last day of the host's lease; 0 = none
}

// checkVisitor lets a party in once, within the pass's time, unless the house or the community is barred. The way out
// is for those who have come in, whatever has become of the pass meanwhile: nobody is locked in. At a reader it is
// open as often as the party has people, since residents whose exits are limited must not leave by it; a guard, who
// sees who is leaving, may let more out, and somebody of whom no entry is known. Neither lets anybody in again.
func (f *Facts) checkVisitor(t time.Time) Reason {
	v := &f.Visitor
	if f.out() {
		switch {
		case f.atGuard(), v.Entered && v.Left < max(v.People, 1):
			return ReasonAllowed
		case v.Entered:
			return ReasonPassUsed
		}
		return ReasonNotEntered
	}
	switch {
	case v.Way() == Out:
		return ReasonPassUsed
	case v.barred(DayOf(t, f.Zone)):
		return ReasonBarred
	case v.Ended, v.HostLast != 0 && v.HostLast < DayOf(t, f.Zone):
		return ReasonPassDisabled
	case !v.From.IsZero() && t.Before(v.From):
		return ReasonEarly
	case !v.Until.IsZero() && t.After(v.Until):
		return ReasonExpired
	}
	return f.checkBlocked(DayOf(t, f.Zone))
}

// barred reports whether a number of the visitor's is on the blacklist on a day.
func (v VisitorFacts) barred(day Day) bool {
	return slices.ContainsFunc(v.BarredUntil, func(last Day) bool { return last == 0 || last >= day })
}

// Way returns the direction in which the pass is used next.
func (v VisitorFacts) Way() Direction {
	if v.Entered || v.Left > 0 {
		return Out
	}
	return In
}

// visitorTerms is what holds for a visitor's pass.
func (f *Facts) visitorTerms() string {
	return "有效至 " + f.Visitor.Until.In(f.Zone).Format("2006-01-02 15:04") + "，只能进门一次"
}

// visitorWords words a decision for a visitor, who does not come home and has no exits to count.
func (f *Facts) visitorWords(d Decision, now time.Time) string {
	v := &f.Visitor
	switch {
	case d.Reason == ReasonEarly:
		return "未到来访时间，" + f.from(v.From, now) + "起可进门"
	case d.Reason == ReasonRestricted:
		return "来访房屋已被限制出入"
	case d.Reason != ReasonAllowed || f.Via == ViaPreview:
		return ""
	case !f.out():
		return "欢迎来访，请通行"
	case !v.Entered:
		return "没有进门记录，请核实后放行"
	}
	return "请通行，慢走"
}
