package core

import "time"

// ExitFacts are the facts of an exit slip. Items are bits: that of the first is 1.
type ExitFacts struct {
	From, Until time.Time // zero = no bound
	All         uint64    // the items that the slip has
	Left        uint64    // those that have left
	Ticked      uint64    // those that the guard lets out now
	Ended       bool      // it was revoked
}

// checkExitSlip lets things out, within the slip's time, unless the house or the community is barred: each item once, and only
// past a guard, who sees them. It says nothing of the person who carries them, who needs a pass of their own.
func (f *Facts) checkExitSlip(t time.Time) Reason {
	e := &f.Exit
	switch {
	case f.atReader():
		return ReasonReaderQR
	case !f.out():
		return ReasonOutOnly
	case e.Ended:
		return ReasonPassDisabled
	case e.All != 0 && e.Left&e.All == e.All, e.Ticked&e.Left != 0:
		return ReasonPassUsed
	case !e.From.IsZero() && t.Before(e.From):
		return ReasonEarly
	case !e.Until.IsZero() && t.After(e.Until):
		return ReasonExpired
	}
	return f.checkBlocked(DayOf(t, f.Zone))
}

// exitSlipRecords wants the guard to tick what leaves, and nothing that the slip does not have.
func (f *Facts) exitSlipRecords() Reason {
	if f.Exit.Ticked == 0 || f.Exit.Ticked&^f.Exit.All != 0 {
		return ReasonNeedItems
	}
	return ReasonAllowed
}

// exitSlipWords words a decision about things.
func (f *Facts) exitSlipWords(d Decision, now time.Time) string {
	e := &f.Exit
	switch {
	case d.Reason == ReasonEarly:
		return "未到出门时间，" + f.from(e.From, now) + "起可出门"
	case d.Reason == ReasonExpired:
		return "出门条已过期"
	case d.Reason == ReasonPassDisabled:
		return "出门条已撤销"
	case d.Reason == ReasonPassUsed && e.Left&e.All == e.All:
		return "物品已全部放行"
	case d.Reason == ReasonPassUsed:
		return "勾选的物品刚已放行，请重新核对"
	case d.Reason == ReasonRestricted:
		return "房屋已被限制出入"
	case d.Reason != ReasonAllowed:
		return ""
	case f.Via == ViaPreview:
		return "现在可以出门，请走门岗"
	case (e.Left|e.Ticked)&e.All != e.All:
		return "勾选的可以放行，其余的下次再放行"
	}
	return "物品全部可以放行"
}
