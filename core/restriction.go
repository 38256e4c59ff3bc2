package core

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Restriction is a house's own number of exits 限制出入, replacing the community's.
type Restriction struct {
	Exits   int // as PassRule.Exits
	Reason  string
	LastDay Day // last natural day in force; 0 = until lifted
}

// RestrictionDueDays is how many days before its end a restriction is soon over: today counts as the first.
const RestrictionDueDays = 7

// RestrictionDue is which restrictions are asked for by their last day.
type RestrictionDue string

// The choices.
const (
	RestrictionSoon RestrictionDue = "soon" // the last day is one of the next RestrictionDueDays
	RestrictionOver RestrictionDue = "over" // the last day has passed
)

// Valid reports whether it is one of the choices.
func (d RestrictionDue) Valid() bool { return d == RestrictionSoon || d == RestrictionOver }

// Days returns the first and last of the last days asked for, on a day.
func (d RestrictionDue) Days(today Day) (first, last Day) {
	if d == RestrictionOver {
		return 1, today - 1
	}
	return today, today + RestrictionDueDays - 1
}

// maxRestrictionReason bounds a restriction's reason, in characters.
const maxRestrictionReason = 100

// Check returns an Invalid error with a message by field: exits, reason.
func (x Restriction) Check() error {
	fields := map[string]string{}
	if message := checkExits(x.Exits); message != "" {
		fields["exits"] = message
	}
	if utf8.RuneCountInString(x.Reason) > maxRestrictionReason {
		fields["reason"] = fmt.Sprintf("原因最多 %d 个字", maxRestrictionReason)
	}
	return InvalidFields(fields)
}

// Title names what the restriction changes. Not to count, in place of the community's number, takes nothing away from those who
// live there.
func (x Restriction) Title() string {
	if x.Exits == 0 {
		return "出门次数改为不限"
	}
	return "限制出入：" + ExitsText(x.Exits)
}

// Text returns the restriction in words, for those who live there.
func (x Restriction) Text() string {
	text := x.Title()
	if x.LastDay != 0 {
		text += "，到 " + x.LastDay.String() + " 为止"
	}
	return text + "，原因：" + x.Reason
}

// Why returns in words until when the restriction holds, and why, for those who live there.
func (x Restriction) Why() string {
	until := "解除前一直有效"
	if x.LastDay != 0 {
		until = "到 " + x.LastDay.String() + " 为止"
	}
	if x.Reason == "" {
		return until
	}
	return until + "，原因：" + x.Reason
}

// Bars returns in words, for those who live there, that the guard does not let something of the house pass on a day: 访客, 物品.
// "" = the guard does, or the restriction is over by then.
func (x *Restriction) Bars(what string, day Day) string {
	switch {
	case !x.Holds(day), x.Exits >= 0:
		return ""
	case x.LastDay == 0:
		return "本房屋已被限制出入，解除前门岗不放行" + what + "。"
	}
	return "本房屋已被限制出入，到 " + x.LastDay.String() + " 为止，期间门岗不放行" + what + "。"
}

// Holds reports whether the restriction exists and has not ended.
func (x *Restriction) Holds(day Day) bool {
	return x != nil && (x.LastDay == 0 || day <= x.LastDay)
}

// Restrictions are those of some houses, as who lives there is told of them now.
type Restrictions struct {
	By   map[ID]Restriction // by house
	Now  time.Time
	Zone *time.Location
}

// Of returns the restriction of a house that holds today; nil = none does.
func (r Restrictions) Of(house ID) *Restriction {
	if x, ok := r.By[house]; ok && x.Holds(DayOf(r.Now, r.Zone)) {
		return &x
	}
	return nil
}

// Bars returns in words that the guard does not let something of a house pass from an instant on, or from now; "" = the guard does.
func (r Restrictions) Bars(house ID, what string, from time.Time) string {
	x, ok := r.By[house]
	if !ok {
		return ""
	}
	return x.Bars(what, max(DayOf(r.Now, r.Zone), DayOf(from, r.Zone)))
}

// BarsVisit returns in words that the guard does not let a visitor in who has a pass, or may get one; "" = the guard does.
func (r Restrictions) BarsVisit(v VisitorPass) string {
	if state := v.State(r.Now); state != VisitWaiting && state != VisitGranted {
		return ""
	}
	return r.Bars(v.House, "访客", v.From)
}

// BarsSlip returns in words that the guard does not let the things of a slip out, now or once it is approved; "" = the guard does.
func (r Restrictions) BarsSlip(e ExitSlip) string {
	if !e.Usable(r.Now) && e.State(r.Now) != ExitWaiting {
		return ""
	}
	return r.Bars(e.House, "物品", e.From)
}

// Replaced returns those of houses whose restriction has other terms than x, and would
// be replaced by it; held are the restrictions in force, by house.
func (x Restriction) Replaced(houses []ID, held map[ID]Restriction) []ID {
	var replaced []ID
	for _, house := range houses {
		if before, restricted := held[house]; restricted && before != x {
			replaced = append(replaced, house)
		}
	}
	return replaced
}

// ReplacedMark identifies what a change would replace: which houses, and the terms that each has. ""
// = nothing.
func ReplacedMark(replaced []ID, held map[ID]Restriction) string {
	if len(replaced) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, house := range slices.Sorted(slices.Values(replaced)) {
		fmt.Fprintf(sum, "%d %d %d %q\n", house, held[house].Exits, held[house].LastDay, held[house].Reason)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// errReplaces is the cause of a Replaces error.
var errReplaces = errors.New("replaces a restriction unannounced")

// CheckReplaced returns a conflict, for which IsReplaces reports true, unless every house
// of replaced is in announced.
func CheckReplaced(replaced, announced []ID) error {
	if !slices.ContainsFunc(replaced, func(house ID) bool { return !slices.Contains(announced, house) }) {
		return nil
	}
	return &Error{
		Code: CodeConflict, Err: errReplaces,
		Message: fmt.Sprintf("还没有保存：所选房屋中有 %d 套已限制出入，原来的次数、原因和截止日期将被替换。", len(replaced)),
	}
}

// IsReplaces reports whether err refuses to replace restrictions unannounced.
func IsReplaces(err error) bool { return errors.Is(err, errReplaces) }

// restrictionFields label what the audit log records of restrictions.
var restrictionFields = []AuditField{
	{Key: "houses", Label: "房屋", List: true},
	{Key: "count", Label: "房屋数"},
	{Key: "exits", Label: "出门次数", Value: exitsWords},
	{Key: "reason", Label: "原因"},
	{Key: "last_day", Label: "截止日期"},
	batchField,
}
