package core

import "time"

// checkResident applies the lease, the house's restriction and the community's block in both
// directions, and hours and counting to an exit.
func (f *Facts) checkResident(t time.Time) Reason {
	day := DayOf(t, f.Zone)
	if reason := f.checkLease(day); reason != ReasonAllowed {
		return reason
	}
	if reason := f.checkBlocked(day); reason != ReasonAllowed || !f.out() {
		return reason
	}
	rule := f.Rule.Under(f.Restriction, day)
	switch {
	case !openAt(rule.Hours, t, f.Zone):
		return ReasonHours
	case rule.Exits > 0 && f.Exits.Sum(day, rule.window()) >= rule.Exits:
		return ReasonCount
	}
	return ReasonAllowed
}

func (f *Facts) checkLease(day Day) Reason {
	if f.LeaseLast != 0 && day > f.LeaseLast {
		return ReasonLeaseEnded
	}
	return ReasonAllowed
}
