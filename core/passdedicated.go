package core

import "time"

// DedicatedFacts are the facts of a dedicated pass.
type DedicatedFacts struct {
	From, Until Day  // natural days, both inclusive
	Member      bool // the member is not disabled
	Institution bool // nor is the institution
}

// checkDedicated lets a member through any number of times, in both directions, from the first to the last day of
// validity. What a community or a house allows its residents - exits, hours, a closed community - is not for those who
// work there: the office disables an institution or a member that must not come.
func (f *Facts) checkDedicated(t time.Time) Reason {
	d, day := &f.Dedicated, DayOf(t, f.Zone)
	switch {
	case !d.Member || !d.Institution:
		return ReasonPassDisabled
	case day < d.From:
		return ReasonEarly
	case day > d.Until:
		return ReasonExpired
	}
	return ReasonAllowed
}

// dedicatedTerms is what holds for a member's pass, wherever it is valid.
func (f *Facts) dedicatedTerms() string {
	return "有效期至 " + f.Dedicated.Until.String() + "（含当天），进出不限次数"
}

// dedicatedWords words a decision for a member, who does not come home.
func (f *Facts) dedicatedWords(d Decision, now time.Time) string {
	switch {
	case d.Reason == ReasonPassDisabled && f.PassEnabled && f.Dedicated.Member:
		return "所属机构已停用"
	case d.Reason == ReasonEarly:
		return "通行证还未生效，" + f.Dedicated.From.Start(time.UTC).Format("1月2日") + "起可通行"
	case d.Reason != ReasonAllowed:
		return ""
	case f.Via == ViaPreview:
		return "有效期内不限次数"
	}
	return "请通行"
}
