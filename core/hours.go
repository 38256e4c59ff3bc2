package core

import (
	"fmt"
	"strings"
	"time"
)

// minutesOfDay is the length of a day on the wall clock.
const minutesOfDay = 24 * 60

// maxHourRanges is how many spans of exit hours a rule may have.
const maxHourRanges = 8

// maxHoursText bounds what ParseHours reads.
const maxHoursText = 200

// HourRange is a span of the day in minutes since midnight, From inclusive, To exclusive. If To ≤
// From it crosses midnight; From == To is the whole day.
type HourRange struct{ From, To int }

// Contains reports whether a minute of the day, 0–1439, is within the range.
func (h HourRange) Contains(minute int) bool {
	if h.From < h.To {
		return h.From <= minute && minute < h.To
	}
	return minute >= h.From || minute < h.To
}

// whole reports whether the range covers the whole day.
func (h HourRange) whole() bool { return h.From == h.To || (h.From == 0 && h.To == minutesOfDay) }

// String returns the stored form: 06:00-22:00.
func (h HourRange) String() string { return clock(h.From) + "-" + clock(h.To) }

// Label returns the form for people: 06:00–22:00, 22:00–次日 06:00, 全天.
func (h HourRange) Label() string {
	switch {
	case h.whole():
		return "全天"
	case h.To < h.From:
		return clock(h.From) + "–次日 " + clock(h.To)
	}
	return clock(h.From) + "–" + clock(h.To)
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// FormatHours returns the stored form of a list, which ParseHours parses:
// "06:00-08:30,17:00-22:00"; "" for an empty list.
func FormatHours(hours []HourRange) string {
	parts := make([]string, len(hours))
	for i, h := range hours {
		parts[i] = h.String()
	}
	return strings.Join(parts, ",")
}

// hoursWriting normalises the notations people type, once FoldFigures has, to the one FormatHours writes.
var hoursWriting = strings.NewReplacer(
	"、", ",", ";", ",", "\r\n", ",", "\n", ",", "~", "-", "至", "-", "次日", "", " ", "", "\t", "",
)

// ParseHours parses a list of ranges, as stored or as people type them: separated by commas, 、 or
// line breaks; "06:00-22:00" or "22:00至6:00". The empty text is an empty list. The error is Invalid
// and names the bad range.
func ParseHours(text string) ([]HourRange, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxHoursText {
		return nil, Invalid("可出门时间段过长")
	}
	var hours []HourRange
	for part := range strings.SplitSeq(hoursWriting.Replace(FoldFigures(text)), ",") {
		if part == "" {
			continue
		}
		h, ok := parseHourRange(part)
		if !ok {
			return nil, Invalid("可出门时间段应为 06:00-22:00 的样式")
		}
		if len(hours) == maxHourRanges {
			return nil, Invalid(fmt.Sprintf("可出门时间段最多 %d 段", maxHourRanges))
		}
		hours = append(hours, h)
	}
	return hours, nil
}

func parseHourRange(text string) (HourRange, bool) {
	left, right, ok := strings.Cut(text, "-")
	if !ok {
		return HourRange{}, false
	}
	from, okFrom := parseClock(left)
	to, okTo := parseClock(right)
	h := HourRange{From: from, To: to}
	return h, okFrom && okTo && h.valid()
}

// valid reports whether FormatHours can write the range: 24:00 is an end only.
func (h HourRange) valid() bool {
	return h.From >= 0 && h.From < minutesOfDay && h.To >= 0 && h.To <= minutesOfDay
}

// parseClock parses H:MM or HH:MM, up to 24:00, as minutes since midnight.
func parseClock(text string) (int, bool) {
	left, right, ok := strings.Cut(text, ":")
	if !ok || len(left) < 1 || len(left) > 2 || len(right) != 2 {
		return 0, false
	}
	h, okH := twoDigits(left)
	m, okM := twoDigits(right)
	minute := h*60 + m
	return minute, okH && okM && m < 60 && minute <= minutesOfDay
}

func twoDigits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// openAt reports whether t is within the hours; an empty list is always open.
func openAt(hours []HourRange, t time.Time, zone *time.Location) bool {
	if len(hours) == 0 {
		return true
	}
	local := t.In(zone)
	minute := local.Hour()*60 + local.Minute()
	for _, h := range hours {
		if h.Contains(minute) {
			return true
		}
	}
	return false
}

// nextOpen returns the first instant after t, which is outside the hours, that is within them; the
// zero time if there is none within two days.
func nextOpen(hours []HourRange, t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	floor := local.Add(-time.Duration(local.Second())*time.Second - time.Duration(local.Nanosecond()))
	minute, wait := local.Hour()*60+local.Minute(), minutesOfDay
	for _, h := range hours {
		if d := (h.From - minute + minutesOfDay) % minutesOfDay; d > 0 {
			wait = min(wait, d)
		}
	}
	next := floor.Add(time.Duration(wait) * time.Minute)
	if sameOffset(local, next) && openAt(hours, next, zone) {
		return next
	}
	// The clocks change in between: walk minute by minute.
	for i := 1; i <= 2*minutesOfDay; i++ {
		if next := floor.Add(time.Duration(i) * time.Minute); openAt(hours, next, zone) {
			return next
		}
	}
	return time.Time{}
}

func sameOffset(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y
}
